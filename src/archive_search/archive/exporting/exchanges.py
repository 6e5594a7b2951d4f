"""What was kept, as it stands in the WARC files: each response with the requests that brought it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, func, select
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord

from archive_search.archive.catalogue import captures, timestamp
from archive_search.errors import IntegrityError

_CHUNK = 16 * 1024
_ROWS = 1000
_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)\s*$")

END = b"\r\n\r\n"
"""What ends the header of a record, and a record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which captures are meant: of these hosts, not before `since`, before `until`; None is any."""

    hosts: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Tell whether nothing is left out."""
        return self == Choice()

    def holds(self, url: str, captured_at: str) -> bool:
        """Tell whether a capture of a URL at a time, as the catalogue writes it, is meant."""
        return (
            (self.hosts is None or (urlsplit(url).hostname or "") in self.hosts)
            and (self.since is None or captured_at >= timestamp(self.since))
            and (self.until is None or captured_at < timestamp(self.until))
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A record: its bytes as they stand in a file, and where they end there."""

    data: bytes
    end: int

    def parsed(self) -> ArcWarcRecord | None:
        """Return the record, its payload still to be read; None if it is none."""
        try:
            return next(ArchiveIterator(BytesIO(self.data), arc2warc=True), None)
        except (ArchiveLoadFailed, ValueError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A capture: its row in the catalogue, its record, and the request records that belong to it."""

    row: Row[Any]
    response: Kept
    requests: tuple[Kept, ...]


def newest(db: Connection) -> int:
    """Return the number of the newest capture: what comes later is no part of an export."""
    return int(db.execute(select(func.max(captures.c.id))).scalar() or 0)


def size_of(db: Connection, choice: Choice, upto: int) -> int:
    """Return how many bytes the records of the chosen captures are, without their requests."""
    return sum(row.record_length for row in _rows(db, upto) if choice.holds(row.url, row.captured_at))


def exchanges(db: Connection, folder: Path, choice: Choice, upto: int) -> Iterator[Exchange]:
    """Yield the chosen captures up to number `upto`, file by file, in the order of the files.

    Raises `IntegrityError` where a file is missing or does not hold what the catalogue says.
    """
    for name, rows in groupby(_rows(db, upto), key=lambda row: str(row.warc_file)):
        try:
            with (folder / name).open("rb") as file:
                yield from _in_file(file, rows, choice)
        except OSError as exc:
            raise IntegrityError(
                f"{folder / name} cannot be read: {exc.strerror}. Restore it from a backup."
            ) from exc


def _rows(db: Connection, upto: int) -> Iterator[Row[Any]]:
    """Yield rows of captures in the order of the files, in short transactions."""
    file, offset = "", -1
    while True:
        behind = (captures.c.warc_file > file) | (
            (captures.c.warc_file == file) & (captures.c.warc_offset > offset)
        )
        query = select(captures).where(captures.c.id <= upto, behind)
        batch = db.execute(query.order_by(captures.c.warc_file, captures.c.warc_offset).limit(_ROWS)).all()
        yield from batch
        if len(batch) < _ROWS:
            return
        file, offset = batch[-1].warc_file, batch[-1].warc_offset


def _in_file(file: BinaryIO, rows: Iterator[Row[Any]], choice: Choice) -> Iterator[Exchange]:
    end = 0
    for row in rows:
        if choice.holds(row.url, row.captured_at):
            yield _exchange(file, row, end)
        end = row.warc_offset + row.record_length


def _exchange(file: BinaryIO, row: Row[Any], previous: int) -> Exchange:
    """Return the capture of a row; the response before it ends at byte `previous`."""
    file.seek(row.warc_offset)
    data = file.read(row.record_length)
    response = Kept(data, row.warc_offset + len(data))
    record = response.parsed()
    if len(data) < row.record_length or record is None:
        raise IntegrityError(
            f"{file.name}: there is no whole record at byte {row.warc_offset}. `archive-search audit` tells "
            "what is damaged; restore the file from a backup."
        )
    # Most tools write a request right behind its response; wget writes it right before.
    ahead = [kept for kept in _records(file, previous, row.warc_offset) if _asks_for(kept, record)]
    return Exchange(row=row, response=response, requests=(*ahead, *requests_behind(file, response)))


def requests_behind(file: BinaryIO, response: Kept) -> Iterator[Kept]:
    """Yield the request records that stand right behind a response and belong to it."""
    record = response.parsed()
    for kept in _records(file, response.end):
        if record is None or not _asks_for(kept, record):
            return
        yield kept


def _asks_for(kept: Kept, response: ArcWarcRecord) -> bool:
    """Tell whether a record is the request that brought a response."""
    request = kept.parsed()
    if request is None or request.rec_type != "request":
        return False
    ask, answer = request.rec_headers, response.rec_headers
    return bool(ask.get_header("WARC-Target-URI") == answer.get_header("WARC-Target-URI")) and bool(
        ask.get_header("WARC-Concurrent-To") == answer.get_header("WARC-Record-ID")
        or answer.get_header("WARC-Concurrent-To") == ask.get_header("WARC-Record-ID")
    )


def _records(file: BinaryIO, start: int, stop: int | None = None) -> Iterator[Kept]:
    """Yield the whole records from byte `start` on, up to `stop` or to where there is none."""
    while stop is None or start < stop:
        file.seek(start)
        # Where records stand unpacked, the lengths that are told leave out the two empty lines at their ends.
        gap = file.read(len(END))
        start += len(gap) - len(gap.lstrip(b"\r\n"))
        file.seek(start)
        data = _member(file) if file.read(1) == b"\x1f" else _plain(file, start)
        if not data:
            return
        start += len(data)
        yield Kept(data, start)


def _member(file: BinaryIO) -> bytes:
    """Return the gzip member (RFC 1952) of which one byte was read; nothing if it is not whole."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)
    file.seek(-1, 1)
    data = bytearray()
    while not decoder.eof:
        chunk = file.read(_CHUNK)
        if not chunk:
            return b""
        try:
            piece = decoder.decompress(chunk, _CHUNK)
            while not decoder.eof and (decoder.unconsumed_tail or len(piece) == _CHUNK):
                piece = decoder.decompress(decoder.unconsumed_tail, _CHUNK)
        except zlib.error:
            return b""
        data += chunk[: len(chunk) - len(decoder.unused_data)]
    return bytes(data)


def _plain(file: BinaryIO, start: int) -> bytes:
    """Return the record that is not gzipped; nothing if it is not whole."""
    file.seek(start)
    length = plain_length(file.read(_CHUNK))
    file.seek(start)
    data = file.read(length or 0)
    return data if len(data) == length else b""


def plain_length(data: bytes) -> int | None:
    """Return the length of the record that begins here and is not gzipped, without the lines at its end."""
    head = data.partition(END)[0]
    declared = _LENGTH.search(head)
    if not (declared and head.startswith(b"WARC/")):
        return None
    return len(head) + len(END) + int(declared[1])
