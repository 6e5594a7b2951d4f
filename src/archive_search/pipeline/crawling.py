"""Crawling a portal into the archive."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from archive_search.archive import Archive, articles, captures, gone, runs
from archive_search.archive.frontier import StoredFrontier
from archive_search.archive.gone import Doubt
from archive_search.archive.hosts import StoredHosts
from archive_search.archive.leases import Lease
from archive_search.archive.runs import Report
from archive_search.clock import Clock
from archive_search.config import Config
from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.discover import ARTICLE, file_targets, seeds
from archive_search.identity import url_key
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import Receipt, note, settle, settle_pending
from archive_search.portals import Profile
from archive_search.records import Capture, CaptureKind, Outcome, Target, Visit

_COUNT_S = 1.0


def crawl_portal(
    archive: Archive,
    profile: Profile,
    fetcher: Fetcher,
    progress: Progress = silent,
    clock: Clock | None = None,
    *,
    everything: bool = False,
    lease: Lease | None = None,
) -> Report:
    """Crawl one portal until nothing is queued; return the report.

    Visited are the seeds, what is new on them and whatever is due, or `everything` that is known. An
    interrupted crawl goes on where it stopped, and its report counts what it did before. The `lease` on the
    portal's hosts is renewed with each visit. Raises `StorageError` when the archive cannot be written any
    more, `LeaseLost` when another machine has taken over.
    """
    clock = clock or Clock()
    settle_pending(archive, Profiles(archive.config.profile_folder), only=profile if lease else None)
    frontier = archive.frontier(profile.name)
    with archive.reading() as db:
        run = runs.interrupted(db, profile.name)
    if run is None:
        run = _begin(archive, profile, frontier, clock, everything=everything)
    if archive.config.delay_s:
        bounds = replace(profile.politeness, delay_s=archive.config.delay_s)
        profile = replace(profile, politeness=bounds)
    hosts, budget = StoredHosts(archive.engine), _budget(archive.config)
    counts = _Counts(frontier, clock)
    found: Counter[Outcome] = Counter()
    for visit in crawl(profile, fetcher, frontier, hosts=hosts, budget=budget, clock=clock):
        if lease:
            lease.renew()
        receipt = _receive(archive, run, visit, profile, clock)
        if receipt.kind is CaptureKind.ARTICLE:
            found[receipt.outcome] += 1
        # Not while the portal recovers: most of what is doubted may be there again.
        if receipt.doubt and 2 * found[Outcome.ABSENT] > found.total():
            budget.stop(_question(receipt.doubt))
        progress(visit.target.url, *counts.after_one_more())
    with archive.writing() as db:
        if doubt := gone.judge_portal(db, profile.name, archive.config.closed):
            budget.stop(_question(doubt))
        runs.finish(db, run, clock.now(), stopped=budget.stopped)
    archive.seal(run)
    with archive.reading() as db:
        return runs.report(db, run)


class _Counts:
    """How many URLs the run has done, and how many it has to do; counted anew now and then.

    Counting takes the longer the more is known.
    """

    def __init__(self, frontier: StoredFrontier, clock: Clock) -> None:
        self._frontier = frontier
        self._clock = clock
        self._counted_at = clock.monotonic()
        self._done, self._known = frontier.counts()

    def after_one_more(self) -> tuple[int, int]:
        """Return both after one more visit."""
        if self._clock.monotonic() - self._counted_at > _COUNT_S:
            self._counted_at = self._clock.monotonic()
            self._done, self._known = self._frontier.counts()
        else:
            self._done += 1
        return self._done, max(self._done, self._known)


def _begin(
    archive: Archive, profile: Profile, frontier: StoredFrontier, clock: Clock, *, everything: bool
) -> int:
    """Queue what a new run has to visit; return the run's number."""
    known = frontier.keys()
    with archive.reading() as db:
        # Imported articles are looked for too, and after a rebuild the frontier may know none at all.
        shown = [url for url in articles.urls(db, profile.name) if url_key(url) not in known]
    frontier.add(
        Target(url=url, priority=ARTICLE)
        for url in shown
        if profile.owns(url) and profile.is_article(url) and not profile.is_excluded(url)
    )
    frontier.restart(clock.now(), everything=everything)
    frontier.add(seeds(profile), again=True)
    with archive.writing() as db:
        machine = archive.config.machine_name
        return runs.begin(db, "crawl", profile.name, clock.now(), machine=machine)


def _question(doubt: Doubt) -> str:
    return (
        f"{doubt.portal} answers 404 for {doubt.absent} of {doubt.live} articles, too many to be believed. "
        f'If it is closed, put "{doubt.portal}" into closed in archive.toml; if not, wait until it is whole '
        "again. Nothing is called gone until then"
    )


def _budget(config: Config) -> Budget:
    """Return what the settings let one run cost."""
    return Budget(pages=config.max_pages, bytes=config.max_mb * 1_000_000, seconds=config.max_minutes * 60)


def _receive(archive: Archive, run: int, visit: Visit, profile: Profile, clock: Clock) -> Receipt:
    """Keep and settle what a visit brought, and note that, or why it brought nothing."""
    capture, target, frontier = visit.capture, visit.target, archive.frontier(profile.name)
    if capture is None:
        outcome = Outcome.REFUSED if visit.refused else Outcome.FAILED
        receipt = Receipt(kind=None, outcome=outcome, reason=visit.refused or visit.failed)
        with archive.writing() as db:
            _note(db, run, visit, receipt, clock)
            frontier.observed(db, target, outcome, clock.now())
        return receipt
    with archive.keeping(capture, run, revisit_of=_revisited(archive, capture)) as (db, stored):
        receipt = settle(db, stored, capture, profile, archive.config.closed)
        if visit.failed:
            receipt = replace(receipt, reason=visit.failed)
        files, fault = file_targets(receipt.files, target, profile)
        _note(db, run, visit, replace(receipt, reason=receipt.reason or fault), clock)
        frontier.observed(
            db,
            target,
            receipt.outcome,
            clock.now(),
            validators=_validators(capture, receipt),
            published_at=receipt.published_at,
        )
    if files:
        frontier.add(files)
    return receipt


def _validators(capture: Capture, receipt: Receipt) -> tuple[str | None, str | None] | None:
    """Return ETag and Last-Modified of a whole response, by which the next one may be a 304.

    After a 304 to something that is not held there are none, so that the next response is whole.
    """
    if receipt.kind is CaptureKind.REVISIT:
        return None, None
    if capture.status != 200 or receipt.outcome in (Outcome.FAILED, Outcome.CHALLENGED):
        return None
    return capture.header("ETag"), capture.header("Last-Modified")


def _note(db: Connection, run: int, visit: Visit, receipt: Receipt, clock: Clock) -> None:
    """Note a visit, unless it repeats one: the page that was in hand when a crawl was interrupted."""
    if not runs.noted(db, run, visit.target.url):
        reason = "; ".join(dict.fromkeys(filter(None, (receipt.reason, visit.note)))) or None
        note(db, run, visit.target.url, replace(receipt, reason=reason), clock)


def _revisited(archive: Archive, capture: Capture) -> tuple[str, datetime] | None:
    """Return URL and time of the whole capture that a 304 response says is still good."""
    if capture.status != 304:
        return None
    with archive.reading() as db:
        whole = captures.newest_whole(db, capture.url)
    return (whole.url, whole.captured_at) if whole else None
