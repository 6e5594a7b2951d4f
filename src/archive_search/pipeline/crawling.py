"""Crawling a portal into the archive."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from archive_search.archive import Archive, captures, runs
from archive_search.archive.runs import Report
from archive_search.crawler import Fetcher, Pace, crawl
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import Receipt, note, settle, settle_pending
from archive_search.portals import Profile
from archive_search.records import Capture, Outcome, Visit


def crawl_portal(archive: Archive, profile: Profile, fetcher: Fetcher, progress: Progress = silent) -> Report:
    """Crawl one portal until nothing is queued; return the report.

    An interrupted crawl goes on where it stopped, and its report counts what it did before. Raises
    `StorageError` when the archive cannot be written any more.
    """
    profiles = Profiles(archive.config.profile_folder)
    settle_pending(archive, profiles)
    frontier = archive.frontier(profile.name)
    with archive.reading() as db:
        run = runs.interrupted(db, profile.name)
    if run is None:
        frontier.restart()
        with archive.writing() as db:
            run = runs.begin(db, "crawl", profile.name, datetime.now(UTC))
    delay_s = archive.config.delay_s or profile.politeness.delay_s
    for visit in crawl(profile, fetcher, frontier, Pace(delay_s)):
        _receive(archive, run, visit, profile)
        progress(visit.target.url, *frontier.counts())
    with archive.writing() as db:
        runs.finish(db, run, datetime.now(UTC))
        return runs.report(db, run)


def _receive(archive: Archive, run: int, visit: Visit, profile: Profile) -> None:
    """Keep and settle what a visit brought, and note that, or why it brought nothing."""
    url = visit.target.url
    if visit.capture is None:
        outcome = Outcome.REFUSED if visit.refused else Outcome.FAILED
        with archive.writing() as db:
            _note(db, run, url, Receipt(kind=None, outcome=outcome, reason=visit.refused or visit.failed))
        return
    stored = archive.keep(visit.capture, run, revisit_of=_revisited(archive, visit.capture))
    with archive.writing() as db:
        _note(db, run, url, settle(db, stored, visit.capture, profile))


def _note(db: Connection, run: int, url: str, receipt: Receipt) -> None:
    """Note a visit, unless it repeats one: the page that was in hand when a crawl was interrupted."""
    if not runs.noted(db, run, url):
        note(db, run, url, receipt)


def _revisited(archive: Archive, capture: Capture) -> tuple[str, datetime] | None:
    """Return URL and time of the whole capture that a 304 response says is still good."""
    if capture.status != 304:
        return None
    with archive.reading() as db:
        whole = captures.newest_whole(db, capture.url)
    return (whole.url, whole.captured_at) if whole else None
