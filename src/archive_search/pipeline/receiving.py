"""Settling a kept capture: what it is, which article it shows, what that brought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from archive_search.archive import Archive, articles, captures, runs
from archive_search.archive.captures import StoredCapture
from archive_search.cleaning import clean, understand
from archive_search.errors import PageUnreadable
from archive_search.markup import is_html
from archive_search.pipeline.profiles import Profiles
from archive_search.portals import Profile
from archive_search.records import Capture, CaptureKind, Outcome

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a visit brought, and what its capture turned out to be if there is one."""

    kind: CaptureKind | None
    outcome: Outcome
    reason: str | None = None


def settle(db: Connection, stored: StoredCapture, capture: Capture, profile: Profile) -> Receipt:
    """Say in the catalogue what a kept capture is, and file the article that it shows."""
    kind = _kind(capture, profile)
    if kind in (CaptureKind.ARTICLE, CaptureKind.PRINT_VIEW, CaptureKind.PAGE):
        return _clean_and_file(db, stored, capture, profile, kind)
    whole = captures.newest_whole(db, stored.url, before=stored.id)
    if kind is CaptureKind.REVISIT and whole:
        captures.settle(db, stored.id, kind, article=whole.article, version=whole.version)
        return Receipt(kind=whole.kind or kind, outcome=Outcome.UNCHANGED)
    reason = _reason(kind, capture)
    captures.settle(db, stored.id, kind, reason=reason)
    if kind is CaptureKind.ERROR and whole and whole.article:
        articles.refresh(db, whole.article)
        # The report counts it with the articles, where a reader looks for what was lost.
        kind = CaptureKind.ARTICLE
    before = captures.newest_of(db, stored.url, before=stored.id)
    return Receipt(kind=kind, outcome=_outcome(capture, before, whole), reason=reason)


def _reason(kind: CaptureKind, capture: Capture) -> str | None:
    """Return why a capture shows nothing: the error's status, or where it sends its visitors."""
    if kind is CaptureKind.ERROR:
        return f"HTTP {capture.status}"
    return f"to {capture.header('Location')}" if kind is CaptureKind.REDIRECT else None


def _kind(capture: Capture, profile: Profile) -> CaptureKind:
    if capture.status == 304:
        return CaptureKind.REVISIT
    if 300 <= capture.status < 400:
        return CaptureKind.REDIRECT
    if capture.status != 200:
        return CaptureKind.ERROR
    if not is_html(capture):
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
        captures.settle(db, stored.id, kind)
        whole = captures.newest_whole(db, stored.url, before=stored.id)
        return Receipt(kind=kind, outcome=_outcome(capture, None, whole))
    try:
        document = understand(clean(capture, profile))
    except PageUnreadable as exc:
        # Without a profile nobody promised an article here; with one somebody did.
        kind = kind if kind is CaptureKind.PAGE else CaptureKind.UNREADABLE
        captures.settle(db, stored.id, kind, reason=exc.reason)
        outcome = Outcome.NEW if kind is CaptureKind.PAGE else Outcome.FAILED
        return Receipt(kind=kind, outcome=outcome, reason=exc.reason)
    is_print_view = kind is CaptureKind.PRINT_VIEW
    outcome = articles.file(db, stored, document, is_print_view=is_print_view)
    return Receipt(kind=kind if is_print_view else CaptureKind.ARTICLE, outcome=outcome)


def _outcome(capture: Capture, before: StoredCapture | None, whole: StoredCapture | None) -> Outcome:
    """Return what a capture that shows no article brought.

    `before` is the newest capture of the URL until now, `whole` the newest one with a page in it.
    """
    if capture.status in articles.GONE:
        if whole is None:
            return Outcome.MISSING
        return Outcome.STILL_GONE if before and before.status in articles.GONE else Outcome.GONE
    if capture.status >= 400 or capture.status < 200:
        return Outcome.FAILED
    if 300 <= capture.status < 400:
        return Outcome.REDIRECTED
    if whole is None:
        return Outcome.NEW
    return Outcome.UNCHANGED if whole.sha256 == capture.sha256 else Outcome.CHANGED


def note(db: Connection, run: int, url: str, receipt: Receipt) -> None:
    """Enter what a run did with a URL."""
    now = datetime.now(UTC)
    runs.note(db, run, url, now, receipt.outcome, kind=receipt.kind, reason=receipt.reason)


def settle_pending(archive: Archive, profiles: Profiles) -> None:
    """Settle every capture that is kept and not settled."""
    with archive.reading() as db:
        pending = list(captures.unsettled(db))
    for batch in batches(pending, 100):
        with archive.writing() as db:
            for stored in batch:
                settle(db, stored, archive.read(stored), profiles.of(stored.url))


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one perhaps shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
