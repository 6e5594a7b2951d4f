"""Captures in the catalogue: what was kept, where it is, what it turned out to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from archive_search.archive.catalogue import captures, moment, timestamp
from archive_search.archive.warc import Location
from archive_search.records import Capture, CaptureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCapture:
    """A row of the catalogue: a capture without its payload. `size` counts the payload's bytes."""

    id: int
    url: str
    captured_at: datetime
    status: int
    media_type: str | None
    sha256: str
    size: int
    location: Location
    kind: CaptureKind | None
    reason: str | None
    article: str | None
    version: str | None


def register(db: Connection, capture: Capture, location: Location, run: int | None) -> StoredCapture | None:
    """Enter a capture that stands at `location`; return its row, or None if it is entered already."""
    known = select(captures.c.id).where(
        captures.c.warc_file == location.file, captures.c.warc_offset == location.offset
    )
    if db.execute(known).first():
        return None
    media_type = (capture.header("Content-Type") or "").split(";")[0].strip().lower()
    row = {
        "run": run,
        "url": capture.url,
        "captured_at": timestamp(capture.captured_at),
        "status": capture.status,
        "media_type": media_type[:100] or None,
        "sha256": capture.sha256,
        "size": len(capture.payload),
        "warc_file": location.file,
        "warc_offset": location.offset,
        "record_length": location.length,
        "record_sha256": location.sha256,
    }
    return _stored(db.execute(insert(captures).values(row).returning(captures)).one())


def settle(
    db: Connection,
    capture: int,
    kind: CaptureKind,
    *,
    reason: str | None = None,
    article: str | None = None,
    version: str | None = None,
) -> None:
    """Say what a capture turned out to be."""
    db.execute(
        update(captures)
        .where(captures.c.id == capture)
        .values(kind=kind.value, reason=reason, article=article, version=version)
    )


def unsettled(db: Connection) -> Iterator[StoredCapture]:
    """Yield the captures that nobody has said anything about yet, the oldest first.

    There are some after an import, a rebuild, or a crash between keeping and cleaning.
    """
    query = select(captures).where(captures.c.kind.is_(None))
    for row in db.execute(query.order_by(captures.c.captured_at, captures.c.url, captures.c.id)):
        yield _stored(row)


def unsettle_all(db: Connection) -> None:
    """Forget what the captures turned out to be, so that they are cleaned anew."""
    db.execute(update(captures).values(kind=None, reason=None, article=None, version=None))


def newest_of(db: Connection, url: str, *, before: int | None = None) -> StoredCapture | None:
    """Return the newest capture of a URL (of those entered before capture id `before`), or None."""
    return _newest(db, url, before)


def newest_whole(db: Connection, url: str, *, before: int | None = None) -> StoredCapture | None:
    """Return the newest capture of a URL that has a page in it: no error, redirect or revisit."""
    return _newest(db, url, before, captures.c.status == 200)


def _newest(
    db: Connection, url: str, before: int | None, *conditions: ColumnElement[bool]
) -> StoredCapture | None:
    query = select(captures).where(captures.c.url == url, *conditions)
    if before is not None:
        query = query.where(captures.c.id < before)
    row = db.execute(query.order_by(captures.c.captured_at.desc(), captures.c.id.desc())).first()
    return _stored(row) if row else None


def of_url(db: Connection, url: str) -> tuple[StoredCapture, ...]:
    """Return all captures of a URL, the oldest first."""
    query = select(captures).where(captures.c.url == url)
    return tuple(_stored(row) for row in db.execute(query.order_by(captures.c.captured_at, captures.c.id)))


def of_article(db: Connection, article: str) -> tuple[StoredCapture, ...]:
    """Return the captures that show an article, under whichever URL, the oldest first."""
    query = select(captures).where(captures.c.article == article)
    ordered = query.order_by(captures.c.captured_at, captures.c.url, captures.c.id)
    return tuple(_stored(row) for row in db.execute(ordered))


def at(db: Connection, url: str, captured_at: datetime) -> StoredCapture | None:
    """Return the capture of a URL at that second, or None."""
    query = select(captures).where(captures.c.url == url, captures.c.captured_at == timestamp(captured_at))
    row = db.execute(query.order_by(captures.c.id)).first()
    return _stored(row) if row else None


def count_by_kind(db: Connection) -> dict[str, int]:
    """Return how many captures there are of each kind; the unsettled ones count as `unsettled`."""
    query = select(captures.c.kind, func.count()).group_by(captures.c.kind)
    return {kind or "unsettled": count for kind, count in db.execute(query)}


def _stored(row: Row[Any]) -> StoredCapture:
    return StoredCapture(
        id=row.id,
        url=row.url,
        captured_at=moment(row.captured_at),
        status=row.status,
        media_type=row.media_type,
        sha256=row.sha256,
        size=row.size,
        location=Location(
            file=row.warc_file,
            offset=row.warc_offset,
            length=row.record_length,
            sha256=row.record_sha256,
        ),
        kind=CaptureKind(row.kind) if row.kind else None,
        reason=row.reason,
        article=row.article,
        version=row.version,
    )
