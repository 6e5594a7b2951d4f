"""The texts of captured files in the catalogue, and which of them are attached to an article.

A text belongs to a payload, so that a file that is captured again, or linked to by many articles, is read
once. Of an attachment the newest whole capture counts that is a file: what took its place later may be a
page that says it is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, or_, select

from archive_search.archive.captures import StoredCapture, stored, twins
from archive_search.archive.catalogue import captures, file_texts, moment
from archive_search.identity import edition, file_id, url_key
from archive_search.records import AttachedFile, Attachment, Block, BlockKind, CaptureKind, FileText

ATTACHED_CHARS = 300_000
"""Characters of its files that are searched and shown with an article: some hundred pages.

Each hit is shown by a passage that is looked for in all of them, so that they cannot be any number.
"""


class HeldFile(NamedTuple):
    """The newest whole capture of a file that has been read; `has_text` tells whether that brought a text."""

    captured_at: datetime
    capture: int
    url: str
    sha256: str
    size: int
    media_type: str | None
    has_text: bool
    problem: str | None


Held = Mapping[str, HeldFile]
"""Files by their URL's key."""

_WHOLE = and_(
    captures.c.kind == CaptureKind.FILE.value,
    captures.c.status == 200,
    captures.c.size > 0,
    captures.c.truncated.is_(None),
)


def unread(db: Connection, *, again: bool = False) -> Iterator[StoredCapture]:
    """Yield the oldest capture of each payload that is a file and has not been read, or of all `again`."""
    query = select(captures).where(_WHOLE)
    if not again:
        query = query.where(~exists().where(file_texts.c.sha256 == captures.c.sha256))
    seen: set[str] = set()
    for row in db.execute(query.order_by(captures.c.captured_at, captures.c.url, captures.c.id)):
        if row.sha256 not in seen:
            seen.add(row.sha256)
            yield stored(row)


def keep(db: Connection, sha256: str, found: FileText) -> None:
    """Enter what a payload says, in the place of what was entered for it before."""
    db.execute(delete(file_texts).where(file_texts.c.sha256 == sha256))
    row = {"media_type": found.media_type[:100], "text": found.text, "problem": found.problem}
    db.execute(file_texts.insert().values(sha256=sha256, **row))


def forget_unheld(db: Connection) -> None:
    """Forget the texts of which no capture is left."""
    db.execute(delete(file_texts).where(~exists().where(_WHOLE, captures.c.sha256 == file_texts.c.sha256)))


def held(db: Connection) -> Held:
    """Return all files that have been read, but for pictures, films and sound."""
    return _newest(db.execute(_query()))


def held_of(db: Connection, attachments: Iterable[Attachment]) -> Held:
    """Return those files that are attachments."""
    found: dict[str, HeldFile] = {}
    for attachment in attachments:
        key = url_key(attachment.url)
        rows = db.execute(_query(_looks_like(attachment.url)))
        found |= {at: file for at, file in _newest(rows).items() if at == key}
    return found


def _query(*conditions: ColumnElement[bool]) -> Select[Any]:
    c, t = captures.c, file_texts.c
    has_text = t.text.is_not(None).label("has_text")
    columns = (c.url, c.captured_at, c.id, c.sha256, c.size, t.media_type, has_text, t.problem)
    is_media = or_(*(t.media_type.startswith(f"{kind}/") for kind in ("image", "audio", "video")))
    query = select(*columns).join(file_texts, t.sha256 == c.sha256)
    return query.where(_WHOLE, ~is_media, *conditions)


def _looks_like(url: str) -> ColumnElement[bool]:
    """Return what the URLs of one key have in common, for the index of the table: how they begin."""
    stems = [f"{scheme}://{_stem(url)}" for scheme in ("http", "https")]
    # A database may sort otherwise than by code points; the URL itself is found in any.
    ranges = (and_(captures.c.url >= stem, captures.c.url < stem + "\U0010ffff") for stem in stems)
    return or_(captures.c.url.in_(twins(url)), *ranges)


def _stem(url: str) -> str:
    """Return how a URL begins behind its scheme, up to where those of the same key may be spelt otherwise."""
    return re.split(r"[%?;#]|[^\x21-\x7e]", url.partition("://")[2], maxsplit=1)[0]


def _file_at(url: str, held: Held) -> HeldFile | None:
    """Return the file at a URL; `held` and `held_of` lead to the same."""
    file = held.get(url_key(url))
    return file if file and file.url.partition("://")[2].startswith(_stem(url)) else None


def _newest(rows: Iterable[Row[Any]]) -> Held:
    found: dict[str, HeldFile] = {}
    for row in rows:
        key = url_key(row.url)
        file = HeldFile(
            moment(row.captured_at),
            row.id,
            row.url,
            row.sha256,
            row.size,
            row.media_type,
            bool(row.has_text),
            row.problem,
        )
        if key not in found or found[key] < file:
            found[key] = file
    return found


def edition_of(version: str, urls: Iterable[str], held: Held) -> str:
    """Return the edition of an article's version with these attachments."""
    files = ((url, _file_at(url, held)) for url in dict.fromkeys(urls))
    return edition(version, [(url, file.sha256) for url, file in files if file and file.has_text])


def attached(db: Connection, attachments: Iterable[Attachment], held: Held) -> tuple[AttachedFile, ...]:
    """Return the attachments that are held, with as much of their texts as is searched and shown."""
    made = []
    left = ATTACHED_CHARS
    for attachment in {file.url: file for file in attachments}.values():
        if file := _file_at(attachment.url, held):
            text = _text(db, file) if file.has_text else ""
            shown = _cut(text, left)
            left -= len(shown)
            made.append(_attached(attachment, file, shown, len(text) - len(shown)))
    return tuple(made)


def _text(db: Connection, file: HeldFile) -> str:
    found = db.execute(select(file_texts.c.text).where(file_texts.c.sha256 == file.sha256)).scalar()
    return found or ""


def _cut(text: str, chars: int) -> str:
    """Return the paragraphs that have room within so many characters."""
    if len(text) <= chars:
        return text
    return text[: max(0, text.rfind("\n", 0, chars + 1))] or text[: max(0, text.rfind(" ", 0, chars + 1))]


def _attached(attachment: Attachment, file: HeldFile, text: str, omitted: int) -> AttachedFile:
    name = file_id(attachment.url)
    return AttachedFile(
        url=attachment.url,
        name=attachment.name or attachment.url,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        captured_as=file.url,
        captured_at=file.captured_at,
        paragraphs=tuple(
            Block(id=f"{name}-{number}", kind=BlockKind.PARAGRAPH, text=line)
            for number, line in enumerate(text.split("\n") if text else (), start=1)
        ),
        omitted=omitted,
        problem=file.problem,
    )
