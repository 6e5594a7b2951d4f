"""Captures in the catalogue: what was kept, where it is, what it turned out to be."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

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


def register(
    db: Connection, capture: Capture, location: Location, run: int | None, *, end: int | None = None
) -> StoredCapture | None:
    """Enter a capture that stands at `location`; return its row, or None if it is entered already.

    `end` is the byte behind the capture and its request, in a file of our own.
    """
    known = and_(captures.c.warc_file == location.file, captures.c.warc_offset == location.offset)
    if db.execute(select(captures.c.id).where(known)).first():
        # Catalogues of release 0.2 have no digests.
        undigested = captures.c.payload_digest.is_(None)
        db.execute(update(captures).where(known, undigested).values(payload_digest=_digest(capture)))
        return None
    media_type = (capture.header("Content-Type") or "").split(";")[0].strip().lower()
    row = {
        "run": run,
        "url": capture.url,
        "captured_at": timestamp(capture.captured_at),
        "status": capture.status,
        "media_type": media_type[:100] or None,
        "sha256": capture.sha256,
        "payload_digest": _digest(capture),
        "size": len(capture.payload),
        "warc_file": location.file,
        "warc_offset": location.offset,
        "record_length": location.length,
        "record_sha256": location.sha256,
        "warc_end": end,
        "truncated": (capture.truncated or "")[:12] or None,
    }
    return stored(db.execute(insert(captures).values(row).returning(captures)).one())


def _digest(capture: Capture) -> str | None:
    """Return the digest by which revisits refer to a capture's payload; a revisit has none."""
    if capture.revisit_of or capture.status == 304:
        return None
    sha1 = hashlib.sha1(capture.payload, usedforsecurity=False).digest()
    return capture.digest or f"sha1:{b32encode(sha1).decode()}"


def settle(
    db: Connection,
    capture: int,
    kind: CaptureKind,
    *,
    reason: str | None = None,
    article: str | None = None,
    version: str | None = None,
    text_size: int | None = None,
    unread: int | None = None,
) -> None:
    """Say what a capture turned out to be.

    `text_size` counts the characters of the article that it shows, `unread` those of them that could
    not be read (U+FFFD).
    """
    db.execute(
        update(captures)
        .where(captures.c.id == capture)
        .values(
            kind=kind.value,
            reason=reason,
            article=article,
            version=version,
            text_size=text_size,
            unread=unread,
        )
    )


def unsettled(db: Connection) -> Iterator[StoredCapture]:
    """Yield the captures that nobody has said anything about yet, the oldest first.

    There are some after an import, a rebuild, or a crash between keeping and cleaning.
    """
    query = select(captures).where(captures.c.kind.is_(None))
    for row in db.execute(query.order_by(captures.c.captured_at, captures.c.url, captures.c.id)):
        yield stored(row)


def unsettle_all(db: Connection) -> None:
    """Forget what the captures turned out to be, so that they are cleaned anew."""
    columns = ("kind", "reason", "article", "version", "text_size", "unread")
    db.execute(update(captures).values(dict.fromkeys(columns)))


def newest_whole(
    db: Connection, url: str, *, before: int | None = None, at: datetime | None = None
) -> StoredCapture | None:
    """Return the newest capture of a URL (until the time `at`) that has a page in it, and all of it.

    It is no error, redirect or revisit, did not break off, and is no firewall's.
    """
    c = captures.c
    by_then = [c.captured_at <= timestamp(at)] if at else []
    is_portals = or_(c.kind.is_(None), c.kind != CaptureKind.CHALLENGED.value)
    query = select(captures).where(
        c.url == url, c.status == 200, c.size > 0, c.truncated.is_(None), is_portals, *by_then
    )
    if before is not None:
        query = query.where(c.id < before)
    row = db.execute(query.order_by(c.captured_at.desc(), c.id.desc())).first()
    return stored(row) if row else None


def article_at(db: Connection, url: str, *, before: int | None = None) -> str | None:
    """Return the article that a URL showed last (before capture id `before`); None if it never did."""
    c = captures.c
    query = select(c.article).where(c.url.in_(twins(url)), c.article.is_not(None))
    if before is not None:
        query = query.where(c.id < before)
    return db.execute(query.order_by(c.captured_at.desc(), c.id.desc()).limit(1)).scalar()


def twins(url: str) -> tuple[str, ...]:
    """Return the URL over http and over https, which are two addresses of one page."""
    scheme, colon, rest = url.partition(":")
    if scheme in ("http", "https"):
        return f"http{colon}{rest}", f"https{colon}{rest}"
    return (url,)


def of_url(db: Connection, url: str) -> tuple[StoredCapture, ...]:
    """Return all captures of a URL, the oldest first."""
    query = select(captures).where(captures.c.url == url)
    return tuple(stored(row) for row in db.execute(query.order_by(captures.c.captured_at, captures.c.id)))


def of_article(db: Connection, article: str) -> tuple[StoredCapture, ...]:
    """Return the captures that show an article, under whichever URL, the oldest first."""
    query = select(captures).where(captures.c.article == article)
    ordered = query.order_by(captures.c.captured_at, captures.c.url, captures.c.id)
    return tuple(stored(row) for row in db.execute(ordered))


def at(db: Connection, url: str, captured_at: datetime) -> StoredCapture | None:
    """Return the capture of a URL at that second, or None."""
    query = select(captures).where(captures.c.url == url, captures.c.captured_at == timestamp(captured_at))
    row = db.execute(query.order_by(captures.c.id)).first()
    return stored(row) if row else None


def count_by_kind(db: Connection) -> dict[str, int]:
    """Return how many captures there are of each kind; the unsettled ones count as `unsettled`."""
    query = select(captures.c.kind, func.count()).group_by(captures.c.kind)
    return {kind or "unsettled": count for kind, count in db.execute(query)}


def stored(row: Row[Any]) -> StoredCapture:
    """Return a row of the table as a record."""
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
