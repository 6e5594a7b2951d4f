"""Revisits: captures without a payload, because an earlier one has the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from sqlalchemy import ColumnElement, Connection, and_, case, or_, select

from archive_search.archive import articles, captures
from archive_search.archive.captures import StoredCapture
from archive_search.archive.catalogue import captures as table
from archive_search.archive.catalogue import timestamp
from archive_search.records import Capture, CaptureKind

# Has a payload, or is a revisit that was resolved: some tools refer from each revisit to the one before.
_SHOWN = and_(
    table.c.status == 200,
    table.c.kind.is_not(None),
    table.c.truncated.is_(None),
    or_(table.c.size > 0, and_(table.c.kind == CaptureKind.REVISIT.value, table.c.reason.is_(None))),
)


def settle(db: Connection, stored: StoredCapture, capture: Capture) -> StoredCapture | None:
    """Let a revisit show what its original shows, and return the original.

    Where there is none in the archive, or none that is settled, None is returned and the capture waits
    for it: its reason says what is missing.
    """
    original = _original(db, stored, capture)
    if original is None:
        captures.settle(db, stored.id, CaptureKind.REVISIT, reason=missing(capture))
        return None
    captures.settle(db, stored.id, CaptureKind.REVISIT, article=original.article, version=original.version)
    if original.article:
        articles.refresh(db, original.article)
    return original


def waiting(db: Connection) -> list[StoredCapture]:
    """Return the revisits whose original was not found, the oldest first."""
    query = select(table.c.url).where(table.c.kind == CaptureKind.REVISIT.value, table.c.reason.is_not(None))
    found = [
        stored
        for url in db.execute(query.distinct()).scalars()
        for stored in captures.of_url(db, url)
        if stored.kind is CaptureKind.REVISIT and stored.reason
    ]
    return sorted(found, key=lambda stored: (stored.captured_at, stored.id))


def resolve_waiting(db: Connection, read: Callable[[StoredCapture], Capture]) -> int:
    """Let the revisits whose original has come by now show it; return how many those are.

    One may refer to another, so they are gone through until none is resolved any more.
    """
    resolved = 0
    while found := sum(settle(db, stored, read(stored)) is not None for stored in waiting(db)):
        resolved += found
    return resolved


def _original(db: Connection, stored: StoredCapture, capture: Capture) -> StoredCapture | None:
    said = capture.revisit_of
    if said is None or (said.digest is None and said.url is None):
        # A 304 on the wire refers to what we had: the newest whole capture at that time.
        whole = captures.newest_whole(db, stored.url, at=stored.captured_at)
        return whole if whole and whole.kind else None
    if said.url and said.captured_at:
        at_place = and_(
            table.c.url == said.url,
            table.c.captured_at == timestamp(said.captured_at),
            # A digest that contradicts the place is right: places are told by hand, digests are not.
            or_(table.c.payload_digest.is_(None), table.c.payload_digest == said.digest)
            if said.digest
            else table.c.id.is_not(None),
        )
        if found := _first(db, stored, at_place):
            return found
    if said.digest:
        return _first(db, stored, _has_payload(said.digest))
    return None


def _has_payload(digest: str) -> ColumnElement[bool]:
    algorithm, _, value = digest.partition(":")
    return table.c.sha256 == value if algorithm == "sha256" else table.c.payload_digest == digest


def _first(db: Connection, stored: StoredCapture, condition: ColumnElement[bool]) -> StoredCapture | None:
    """Return the capture to show in the place of a revisit: of its own URL if possible, the oldest one."""
    elsewhere = case((table.c.url == stored.url, 0), else_=1)
    query = select(table.c.url, table.c.id).where(condition, _SHOWN, table.c.id != stored.id)
    row = db.execute(query.order_by(elsewhere, table.c.captured_at, table.c.id)).first()
    if row is None:
        return None
    return next((found for found in captures.of_url(db, row.url) if found.id == row.id), None)


def missing(capture: Capture) -> str:
    """Return why a revisit shows nothing: which capture the archive does not have."""
    said = capture.revisit_of
    url = said.url if said and said.url else capture.url
    date = said.captured_at if said else None
    told = [url, *([f"{date.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"] if date else [])]
    return f"a revisit of a capture that is not here: {', '.join(told)}"
