"""Files that cannot be kept as they are: ARC, what was gzipped as a whole, what is cut off."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from archive_search.archive.importing.placing import provenance, record
from archive_search.archive.warc import plain_records
from archive_search.errors import WarcUnreadable

_CHUNK = 256 * 1024

# DEFLATE reaches 1,032 : 1. Pages and pictures of a crawl do not come near the half of this.
_RATIO = 100
_ALWAYS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """What became of a file: how many records it gave, and where it broke off, if it did."""

    records: int
    broken: str | None = None


def is_gzipped_whole(path: Path) -> bool:
    """Tell whether the first gzip member of a file holds more than one record."""
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return False
        file.seek(0)
        try:
            records = ArchiveIterator(io.BufferedReader(_FirstMember(file)), no_record_parse=True)
            return sum(1 for _ in islice(records, 2)) == 2
        except (ArchiveLoadFailed, ValueError, OSError, zlib.error):
            return False


class _FirstMember(io.RawIOBase):
    """What the first gzip member of a file decodes to, and nothing behind it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the member goes."""
        while not self._decoder.eof:
            data = self._decoder.unconsumed_tail or self._file.read(_CHUNK)
            if not data:
                return 0
            if out := self._decoder.decompress(data, len(buffer)):
                buffer[: len(out)] = out
                return len(out)
        return 0


def unpack(path: Path, target: Path) -> str | None:
    """Decompress a file, as far as it can be read; return why that is not all of it, or None.

    Raises `WarcUnreadable` for one that decompresses to far more than any crawl would.
    """
    limit, size = max(_ALWAYS, path.stat().st_size * _RATIO), 0
    with path.open("rb") as source, target.open("wb") as file:
        try:
            for data in _decompressed(source):
                size += len(data)
                if size > limit:
                    raise WarcUnreadable(
                        f"{path} cannot be taken in: it decompresses to more than {limit:,} bytes, over "
                        f"{_RATIO} times its size. If that is right, decompress it and import the result."
                    )
                file.write(data)
        except (EOFError, zlib.error) as exc:
            return f"the compressed data are cut off or broken after {size:,} bytes: {exc}"
    return None


def _decompressed(source: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file decodes to, all there is before it breaks off."""
    decoder, data = zlib.decompressobj(zlib.MAX_WBITS + 16), source.read(_CHUNK)
    while data:
        yield decoder.decompress(data, _CHUNK)
        data = decoder.unused_data or decoder.unconsumed_tail or source.read(_CHUNK)
        if decoder.eof and data:
            decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)
    if not decoder.eof:
        raise EOFError("the end is missing")


def recode_warc(path: Path, target: Path, said: dict[str, str]) -> Recoded:
    """Write the records of an uncompressed WARC file to another, each a gzip member of its own."""
    with path.open("rb") as source:
        packed = (gzip.compress(data, mtime=0) for _, data in plain_records(source))
        return _recoded(packed, target, provenance(_written(path), **said))


def _recoded(packed: Iterator[bytes], target: Path, info: bytes) -> Recoded:
    """Write records to a file as long as they come."""
    count = 0
    with target.open("wb") as file:
        file.write(info)
        try:
            for data in packed:
                file.write(data)
                count += 1
        except (ArchiveLoadFailed, ValueError) as exc:
            return Recoded(records=count, broken=" ".join(str(exc).split()))
    return Recoded(records=count)


# URL, IP address, date, media type; version 2 has more between the type and the length.
_ARC_HEAD = re.compile(rb"(.+?) ([0-9a-fA-F.:]+|-) (\d{8,14}) (.*?)(?: \S+ \S+ \S+ \d+ \S+)? (\d+)")
_LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _ArcRecord:
    """A record of an ARC file: where it came from, and the bytes as they were stored."""

    url: str
    ip_address: str
    date: datetime
    media_type: str
    block: bytes


def recode_arc(path: Path, target: Path, said: dict[str, str]) -> Recoded:
    """Write what an uncompressed ARC file holds as WARC; each response keeps its bytes."""
    with path.open("rb") as source:
        packed = (_as_warc(found) for found in _arc_records(source))
        return _recoded(packed, target, provenance(_written(path), **said))


def _arc_records(source: BinaryIO) -> Iterator[_ArcRecord]:
    """Yield the records of an ARC file; raises `ValueError` where it is cut off or broken."""
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    while True:
        at = source.tell()
        line = source.readline(_LONGEST_LINE)
        if not line:
            return
        if not line.strip():
            continue  # between two records
        head = _ARC_HEAD.fullmatch(line.rstrip(b"\r\n"))
        if head is None:
            raise ValueError(f"there is no ARC record at byte {at}.")
        length = int(head[5])
        if source.tell() + length > size:
            raise ValueError(f"the record at byte {at} is cut off.")
        yield _ArcRecord(
            # Tools of that time wrote spaces of a URL as they were.
            url=head[1].decode("utf-8", "replace").replace(" ", "%20"),
            ip_address=head[2].decode("ascii", "replace"),
            date=_arc_date(head[3].decode(), at),
            media_type=head[4].decode("ascii", "replace"),
            block=source.read(length),
        )


def _arc_date(written: str, at: int) -> datetime:
    try:
        # Early crawlers wrote the day alone.
        return datetime.strptime(written.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as exc:
        raise ValueError(f"the ARC record at byte {at} has no date: {written!r}.") from exc


def _as_warc(found: _ArcRecord) -> bytes:
    if found.url.startswith("filedesc:"):
        return record("metadata", found.url, found.date, "text/plain", found.block)
    address = (("WARC-IP-Address", found.ip_address),) if found.ip_address != "-" else ()
    if found.block.startswith(b"HTTP/"):
        kind, media_type = "response", "application/http; msgtype=response"
    else:
        # A server of HTTP/0.9, a name server, or a tool that dropped the headers.
        kind = "resource"
        media_type = found.media_type if "/" in found.media_type else "application/octet-stream"
    return record(kind, found.url, found.date, media_type, found.block, address)


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
