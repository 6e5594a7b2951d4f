"""Settling a kept capture: what it is, which article it shows, what that brought."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from archive_search.archive import Archive, articles, captures, gone, runs
from archive_search.archive.captures import StoredCapture
from archive_search.archive.gone import Doubt
from archive_search.archive.importing import revisits
from archive_search.cleaning import clean, understand
from archive_search.cleaning.challenge import challenged
from archive_search.cleaning.missing import says_missing
from archive_search.clock import Clock
from archive_search.errors import IntegrityError, PageUnreadable
from archive_search.markup import is_html
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.withdrawing import is_withdrawal
from archive_search.portals import Profile
from archive_search.records import Article, Capture, CaptureKind, Outcome

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a visit brought, and what its capture turned out to be if there is one.

    `published_at` is that of the article that it shows, `files` are what that links to; `doubt` says why an
    article that is lost has no tombstone.
    """

    kind: CaptureKind | None
    outcome: Outcome
    reason: str | None = None
    published_at: datetime | None = None
    files: tuple[str, ...] = ()
    doubt: Doubt | None = None


_PAGES = (CaptureKind.ARTICLE, CaptureKind.PRINT_VIEW, CaptureKind.PAGE)
_FAILED = {CaptureKind.TRUNCATED: Outcome.FAILED, CaptureKind.CHALLENGED: Outcome.CHALLENGED}


def settle(
    db: Connection,
    stored: StoredCapture,
    capture: Capture,
    profile: Profile,
    closed: Collection[str] | None = (),
) -> Receipt:
    """Say in the catalogue what a kept capture is, and file the article that it shows.

    `closed` are the portals all of whose articles may be gone at once; None leaves it to `gone.judge`, which
    comes at the end of all, which articles have a tombstone.
    """
    kind, reason = _kind(capture, profile)
    if kind in _PAGES:
        return _clean_and_file(db, stored, capture, profile, kind)
    if kind is CaptureKind.REVISIT:
        return _revisit(db, stored, capture)
    _show_nothing(db, stored, kind, reason)
    if kind in _FAILED:
        return Receipt(kind=kind, outcome=_FAILED[kind], reason=reason)
    if kind is CaptureKind.ERROR and (300 <= capture.status < 400 or capture.status in gone.GONE):
        return _absent(db, stored, reason, closed)
    whole = captures.newest_whole(db, stored.url, before=stored.id)
    if kind is CaptureKind.ERROR and whole and whole.article:
        # The report counts it with the articles, where a reader looks for what was lost.
        kind = CaptureKind.ARTICLE
    return Receipt(kind=kind, outcome=_outcome(capture, whole), reason=reason)


def _show_nothing(
    db: Connection, stored: StoredCapture, kind: CaptureKind, reason: str | None = None
) -> None:
    """Settle a capture that shows no article; one that was shown there may be another's by now, or lost."""
    captures.settle(db, stored.id, kind, reason=reason)
    _refresh_shown(db, stored.url)


def _refresh_shown(db: Connection, url: str) -> None:
    """Derive anew the state of the article that a URL showed last, if it ever showed one."""
    if article := captures.article_at(db, url):
        articles.refresh(db, article)


def _kind(capture: Capture, profile: Profile) -> tuple[CaptureKind, str | None]:
    """Return what a capture is, and why it shows nothing if it does not."""
    if capture.truncated:
        return CaptureKind.TRUNCATED, f"the body broke off (WARC-Truncated: {capture.truncated})"
    if reason := challenged(capture):
        return CaptureKind.CHALLENGED, reason
    if capture.status == 304 or (capture.status == 200 and capture.revisit_of):
        return CaptureKind.REVISIT, None
    if 300 <= capture.status < 400:
        is_lost = is_withdrawal(capture, profile)
        reason = f"to {capture.header('Location')}"
        return CaptureKind.ERROR if is_lost else CaptureKind.REDIRECT, reason
    if capture.status != 200:
        return CaptureKind.ERROR, f"HTTP {capture.status}"
    return _kind_of_page(capture, profile), None


def _kind_of_page(capture: Capture, profile: Profile) -> CaptureKind:
    if capture.method != "GET":
        return CaptureKind.LISTING
    if not is_html(capture) and (capture.payload or not profile.is_article(capture.url)):
        return CaptureKind.FILE
    if profile.is_print_view(capture.url):
        return CaptureKind.PRINT_VIEW
    if profile.is_article(capture.url):
        return CaptureKind.ARTICLE
    if profile.is_listing(capture.url) or capture.url in profile.seeds:
        return CaptureKind.LISTING
    return CaptureKind.PAGE


def _clean_and_file(
    db: Connection, stored: StoredCapture, capture: Capture, profile: Profile, kind: CaptureKind
) -> Receipt:
    if kind is CaptureKind.PAGE and profile.article.url:
        # The profile knows its articles, and this is none of them.
        _show_nothing(db, stored, kind)
        whole = captures.newest_whole(db, stored.url, before=stored.id)
        return Receipt(kind=kind, outcome=_outcome(capture, whole))
    try:
        document = understand(_cleaned(db, capture, profile))
    except PageUnreadable as exc:
        # Without a profile nobody promised an article here; with one somebody did.
        kind = kind if kind is CaptureKind.PAGE else CaptureKind.UNREADABLE
        _show_nothing(db, stored, kind, exc.reason)
        outcome = Outcome.NEW if kind is CaptureKind.PAGE else Outcome.FAILED
        return Receipt(kind=kind, outcome=outcome, reason=exc.reason)
    is_print_view = kind is CaptureKind.PRINT_VIEW
    outcome = articles.file(db, stored, document, is_print_view=is_print_view)
    kind = kind if is_print_view else CaptureKind.ARTICLE
    article = document.article
    files = () if is_print_view else files_of(article, profile)
    return Receipt(kind=kind, outcome=outcome, published_at=article.published_at, files=files)


def files_of(article: Article, profile: Profile) -> tuple[str, ...]:
    """Return the addresses of the files that an article links to, and of its pictures if they are wanted."""
    pictures = article.images if profile.attachments.images else ()
    return (*(file.url for file in article.attachments), *(picture.url for picture in pictures))


def _cleaned(db: Connection, capture: Capture, profile: Profile) -> Article:
    """Return the article that a page shows, unless it is only a notice in the place of one."""
    article = clean(capture, profile)
    if says_missing(article):
        raise PageUnreadable(capture.url, f"the page says that it is missing: {article.title}")
    if not (article.blocks or article.lead or article.images or article.attachments):
        held = articles.document(db, article.id)
        if held and held.article.blocks:
            raise PageUnreadable(capture.url, "the page shows no text, and did before")
    return article


def _revisit(db: Connection, stored: StoredCapture, capture: Capture) -> Receipt:
    """Settle a response without a page by the page that it says is still good."""
    original = revisits.settle(db, stored, capture)
    if not (original and original.article):
        _refresh_shown(db, stored.url)
    if original is None:
        reason = revisits.missing(capture)
        return Receipt(kind=CaptureKind.REVISIT, outcome=Outcome.FAILED, reason=reason)
    is_elsewhere = original.article and stored.url not in captures.twins(original.url)
    outcome = Outcome.DUPLICATE if is_elsewhere else Outcome.UNCHANGED
    return Receipt(kind=original.kind or CaptureKind.REVISIT, outcome=outcome)


def _absent(
    db: Connection, stored: StoredCapture, reason: str | None, closed: Collection[str] | None
) -> Receipt:
    """Say what it brought that a page is not there: nothing, or that it is absent, or lost by now."""
    article = captures.article_at(db, stored.url)
    if article is None:
        return Receipt(kind=CaptureKind.ERROR, outcome=_outcome_of_absence(db, stored), reason=reason)
    before, doubt = articles.find(db, article), None
    after = before
    if closed is not None and after and after.lost_at and not after.gone_at:
        doubt = gone.judge_article(db, article, closed)
        after = articles.find(db, article)
    outcome = Outcome.ABSENT
    if after and after.gone_at:
        outcome = Outcome.STILL_GONE if before and before.gone_at else Outcome.GONE
    return Receipt(kind=CaptureKind.ARTICLE, outcome=outcome, reason=reason, doubt=doubt)


def _outcome_of_absence(db: Connection, stored: StoredCapture) -> Outcome:
    """Return what it brought that a page which is no article is not there."""
    if captures.newest_whole(db, stored.url, before=stored.id) is None:
        return Outcome.MISSING if stored.status in gone.GONE else Outcome.REDIRECTED
    now = gone.absence_of_url(db, stored.url)
    if now is None or now.lost_at is None:
        return Outcome.ABSENT
    return Outcome.GONE if now.lost_at == stored.captured_at else Outcome.STILL_GONE


def _outcome(capture: Capture, whole: StoredCapture | None) -> Outcome:
    """Return what a capture that shows no article brought; `whole` is the newest one with a page in it."""
    if 300 <= capture.status < 400:
        return Outcome.REDIRECTED
    if capture.status != 200:
        return Outcome.FAILED
    if whole is None:
        return Outcome.NEW
    return Outcome.UNCHANGED if whole.sha256 == capture.sha256 else Outcome.CHANGED


def note(db: Connection, run: int, url: str, receipt: Receipt, clock: Clock | None = None) -> None:
    """Enter what a run did with a URL."""
    now = (clock or Clock()).now()
    runs.note(db, run, url, now, receipt.outcome, kind=receipt.kind, reason=receipt.reason)


def settle_kept(archive: Archive, db: Connection, stored: StoredCapture, profile: Profile) -> str | None:
    """Settle a kept capture by its bytes; return what is wrong with these if they are not those kept.

    It stays unsettled then, until the file is restored. Which articles are gone is left to `gone.judge`.
    """
    try:
        capture = archive.read(stored)
    except IntegrityError as exc:
        return f"{stored.url}: {exc}"
    settle(db, stored, capture, profile, closed=None)
    return None


def settle_pending(archive: Archive, profiles: Profiles, *, only: Profile | None = None) -> None:
    """Settle every capture that is kept and not settled, or `only` those of a portal."""
    with archive.reading() as db:
        pending = [stored for stored in captures.unsettled(db) if only is None or only.owns(stored.url)]
    for batch in batches(pending, 100):
        with archive.writing() as db:
            for stored in batch:
                if damage := settle_kept(archive, db, stored, only or profiles.of(stored.url)):
                    _LOG.warning("Not cleaned, since it is damaged: %s", damage)
    if pending:
        with archive.writing() as db:
            revisits.resolve_waiting(db, archive.read)
            gone.judge(db, archive.config.closed)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one perhaps shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
