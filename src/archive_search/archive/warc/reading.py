"""Reading WARC files: every record in order, or the one at a place."""

from __future__ import annotations

import base64
import hashlib
import mmap
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders

from archive_search.archive.warc.members import read_member
from archive_search.archive.warc.records import RELAXED, SENT, Location, StoredRecord
from archive_search.errors import IntegrityError, WarcUnreadable
from archive_search.identity import known_by, method_of
from archive_search.records import Capture, Original, head_fields

_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b\x08"  # RFC 1952, 2.3.1: the magic number, and deflate

# The digests of nothing: a revisit of an empty payload lacks nothing.
_EMPTY = (
    "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
    f"sha256:{hashlib.sha256(b'').hexdigest()}",
)


def read_records(path: Path, start: int = 0) -> Iterator[StoredRecord]:
    """Yield every record of a WARC file, in order, with its capture if it holds one; from byte `start` on.

    Responses, revisits and resources with a URL of the web are captures. Raises `WarcUnreadable` where
    the file is no WARC file, is cut off or broken, or is gzipped as a whole, so that no record in it can
    be addressed.
    """
    sound = start
    try:
        with path.open("rb") as file:
            file.seek(start)
            gzipped = file.read(2) == _GZIP[:2]
            file.seek(start)
            if path.stat().st_size == 0:
                raise ValueError("the file is empty.")
            for offset, data in _members(file) if gzipped else plain_records(file):
                yield _stored_record(path.name, offset, data)
                sound = offset + len(data)
    except OSError as exc:
        raise WarcUnreadable(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (ArchiveLoadFailed, ValueError) as exc:
        reason = " ".join(str(exc).split())
        raise WarcUnreadable(f"{path} cannot be read as WARC: {reason}", sound) from exc


def salvaged_records(path: Path, tell: Callable[[str], None]) -> Iterator[StoredRecord]:
    """Yield every whole record of a WARC file, whatever is damaged between them, and `tell` what is.

    Each record of a gzipped file is a member of its own (WARC 1.1, annex D), so reading goes on behind a
    damaged one. In a file that is not gzipped it ends there.
    """
    start: int | None = 0
    while start is not None:
        try:
            yield from read_records(path, start)
        except WarcUnreadable as exc:
            start = _next_member(path, exc.sound + 1) if path.is_file() else None
            behind = f"The records from byte {start} on are read." if start else "Nothing behind it is read."
            tell(f"{exc} {behind}")
        else:
            return


def _next_member(path: Path, offset: int) -> int | None:
    """Return where the next whole member of a gzipped file begins that holds a WARC record."""
    if path.stat().st_size <= offset:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        while (offset := data.find(_GZIP, offset)) >= 0:
            member = read_member(file, offset)
            if not member.fault and member.fields():
                return offset
            offset += 1
    return None


def _stored_record(file: str, offset: int, data: bytes) -> StoredRecord:
    record = _only_record(data, offset)
    digest = hashlib.sha256(data).hexdigest()
    try:
        capture, problem = _capture(record, data), None
    except (ArchiveLoadFailed, ValueError) as exc:
        capture, problem = None, f"the record at byte {offset} of {file} cannot be read: {exc}"
    return StoredRecord(
        kind=record.rec_type,
        url=_target(record),
        location=Location(file=file, offset=offset, length=len(data), sha256=digest),
        capture=capture,
        problem=problem,
    )


def _only_record(data: bytes, offset: int) -> ArcWarcRecord:
    """Return the one record that `data` holds; raises `ValueError` if it holds none, or several."""
    try:
        record = next(ArchiveIterator(BytesIO(data)), None)
    except AttributeError as exc:  # warcio takes for granted that there is a type and a URL
        raise ValueError(f"the record at byte {offset} has no type, or no URL.") from exc
    # Whatever is no WARC, warcio takes for the older ARC format.
    if record is None or record.format != "warc":
        raise ValueError(f"there is no WARC record at byte {offset}.")
    # The second look has a stream of its own: moving on would use up the record that is returned.
    if next(islice(ArchiveIterator(BytesIO(data)), 1, None), None) is not None:
        raise ValueError(
            "it is gzipped as a whole and not record by record. `warcio recompress` makes a file that "
            "can be imported."
        )
    return record


def _members(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each gzip member (RFC 1952), and refuse a torn one.

    warcio passes over a member that is cut off in silence, so we look for the ends ourselves.
    """
    offset, rest = file.tell(), b""
    while chunk := rest or file.read(_CHUNK):
        decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)
        member = bytearray()
        while not decoder.eof:
            if not chunk:
                raise ValueError(f"the record at byte {offset} is cut off.")
            _run_through(decoder, chunk, offset)
            rest = decoder.unused_data
            member += chunk[: len(chunk) - len(rest)]
            chunk = file.read(_CHUNK) if not decoder.eof else b""
        yield offset, bytes(member)
        offset += len(member)


def _run_through(decoder: zlib._Decompress, chunk: bytes, offset: int) -> None:
    """Feed the decoder and drop what comes out, a piece at a time, however much it is."""
    try:
        decoder.decompress(chunk, _CHUNK)
        while decoder.unconsumed_tail:
            decoder.decompress(decoder.unconsumed_tail, _CHUNK)
    except zlib.error as exc:
        raise ValueError(f"the record at byte {offset} is broken: {exc}.") from exc


def plain_records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each record of a file that is not gzipped.

    Raises `ValueError` where the file is cut off.
    """
    records = ArchiveIterator(file, no_record_parse=True)
    for record in records:
        declared = int(record.rec_headers.get_header("Content-Length") or 0)
        records.read_to_end(record)
        offset, length = records.get_record_offset(), records.get_record_length()
        here = file.tell()
        file.seek(offset)
        data = file.read(length)
        file.seek(here)
        head = re.search(rb"\r?\n\r?\n", data)
        if head is None or len(data) < head.end() + declared:
            raise ValueError(f"the record at byte {offset} is cut off.")
        yield offset, data


def read_capture(folder: Path, location: Location) -> Capture:
    """Return the capture at that place.

    Raises `IntegrityError` if the file is missing or holds other bytes than were written there.
    """
    path = folder / location.file
    try:
        with path.open("rb") as file:
            file.seek(location.offset)
            data = file.read(location.length)
    except OSError as exc:
        raise IntegrityError(f"{path} cannot be read: {exc.strerror}. Restore it from a backup.") from exc
    if hashlib.sha256(data).hexdigest() != location.sha256:
        raise IntegrityError(
            f"{path}: the {location.length} bytes at {location.offset} are not those that were "
            "written there. Restore the file from a backup."
        )
    capture = _capture(_only_record(data, location.offset), data)
    if capture is None:
        raise IntegrityError(f"{path}: the record at {location.offset} holds no response.")
    return capture


def _target(record: ArcWarcRecord) -> str:
    # Early versions of wget put the URL in angle brackets, as the grammar of WARC 1.0 had it.
    return (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")


def _head(data: bytes) -> bytes:
    """Return the status line and headers that a record's block begins with, as they are there."""
    stream: Any = next(ArchiveIterator(BytesIO(data), no_record_parse=True)).raw_stream
    lines = bytearray()
    while (line := stream.readline()).strip():
        lines += line
    return bytes(lines)


def _is_chunked(headers: StatusAndHeaders) -> bool:
    codings = ",".join(value for name, value in headers.headers if name.lower() == "transfer-encoding")
    return codings.rpartition(",")[2].strip().lower() == "chunked"


def _capture(record: ArcWarcRecord, data: bytes) -> Capture | None:
    """Return the capture that a record holds, or None; raises `ValueError` for what cannot be one."""
    kind, url = record.rec_type, _target(record)
    if kind == "resource" and url.startswith(("http://", "https://")):
        # What was kept without the server's headers, as a page that was saved by hand.
        media_type = record.rec_headers.get_header("Content-Type") or "application/octet-stream"
        headers = StatusAndHeaders("200 OK", [("Content-Type", media_type)], "HTTP/1.1")
        fields: tuple[tuple[str, str], ...] = (("Content-Type", media_type),)
    elif kind in ("response", "revisit") and record.http_headers is not None:
        headers = record.http_headers
        fields = head_fields(_head(data))
    else:
        return None
    stream: Any = record.raw_stream
    if _is_chunked(headers):
        # Some tools store the body as it came over the wire, chunk sizes and all.
        stream = ChunkedDataReader(stream)
    payload: bytes = stream.read()
    revisit_of = _original(record) if kind == "revisit" else None
    # A revisit may leave out the headers along with the payload (WARC 1.1, 6.7.2).
    is_bare = revisit_of is not None and record.rec_headers.get_header("Content-Length") == "0"
    sent = record.rec_headers.get_header(SENT) or ""
    return Capture(
        url=known_by(url, sent),
        method=method_of(sent),
        captured_at=_date(record.rec_headers.get_header("WARC-Date")),
        status=200 if is_bare else _status(headers),
        headers=fields,
        payload=payload,
        sha256=hashlib.sha256(payload).hexdigest(),
        ip_address=record.rec_headers.get_header("WARC-IP-Address"),
        # Of a revisit it says that the payload was left out (WARC 1.0, 6.7.2).
        truncated=None if revisit_of else record.rec_headers.get_header("WARC-Truncated"),
        relaxed=tuple(filter(None, (record.rec_headers.get_header(RELAXED) or "").split(", "))),
        digest=_digest(record),
        revisit_of=revisit_of,
    )


def _original(record: ArcWarcRecord) -> Original | None:
    """Return what a revisit refers to; None if what it leaves out was empty."""
    headers, digest = record.rec_headers, _digest(record)
    if (headers.get_header("WARC-Profile") or "").endswith("/server-not-modified"):
        digest = None  # it would be that of the 304 itself
    elif digest in _EMPTY:
        return None
    written = headers.get_header("WARC-Refers-To-Date")
    url = (headers.get_header("WARC-Refers-To-Target-URI") or "").strip("<>")
    return Original(digest=digest, url=url or None, captured_at=_date(written) if written else None)


def _digest(record: ArcWarcRecord) -> str | None:
    """Return WARC-Payload-Digest in one spelling, whichever the tool wrote, or None."""
    written = record.rec_headers.get_header("WARC-Payload-Digest") or ""
    algorithm, _, value = written.strip().partition(":")
    name = algorithm.lower().replace("-", "")
    if name == "sha1" and re.fullmatch(r"[0-9a-fA-F]{40}", value):
        return f"sha1:{base64.b32encode(bytes.fromhex(value)).decode()}"
    if name == "sha1" and re.fullmatch(r"[A-Za-z2-7]{32}", value):
        return f"sha1:{value.upper()}"
    if name == "sha256" and re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return f"sha256:{value.lower()}"
    if name == "sha256" and re.fullmatch(r"[A-Za-z2-7]{52}(====)?", value):
        return f"sha256:{base64.b32decode(value[:52].upper() + '====').hex()}"
    return None


def _date(written: str | None) -> datetime:
    if not written:
        raise ValueError("it has no WARC-Date.")
    moment = datetime.fromisoformat(written).replace(microsecond=0)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _status(headers: StatusAndHeaders) -> int:
    code = headers.get_statuscode() or ""
    if not (code.isascii() and code.isdigit()):
        raise ValueError(f"{headers.statusline!r} is no HTTP status.")
    return int(code)
