"""The raw truth: WARC 1.1 files, one gzip member a record, only ever appended to."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import responses
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.disk import storage_error, sync
from archive_search.errors import IntegrityError, WarcUnreadable
from archive_search.records import Capture

_CHUNK = 256 * 1024

# WARC 1.1, section 6.7.3: the profile of a revisit record for a 304 response.
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a record is: file name within the WARC folder, byte offset, length and digest there.

    `length` counts the bytes in the file (a gzip member); `sha256` is the hex digest of those bytes.
    """

    file: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record read from a WARC file: its type, target URI, and the capture if it holds one.

    `problem` says why a record that should hold one does not.
    """

    kind: str
    url: str
    location: Location
    capture: Capture | None
    problem: str | None = None


class WarcWriter:
    """Appends captures to new WARC files in a folder, each record on disk before it is told.

    Every writer begins a file of its own, so that a file torn by a crash is never written to again.
    """

    def __init__(self, folder: Path, *, software: str, operator: str, max_bytes: int) -> None:
        self._folder = folder
        self._info = {
            "software": software,
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "robots": "obey",
            **({"operator": operator} if operator else {}),
        }
        self._max_bytes = max_bytes
        self._file: BinaryIO | None = None

    def append(self, capture: Capture, *, revisit_of: tuple[str, datetime] | None = None) -> Location:
        """Write the capture and the request that brought it; return where the response record is.

        `revisit_of` is the URL and time of the capture that a 304 response refers to. The record is
        written and synced to disk when this returns. Raises `StorageError` if it cannot be.
        """
        builder = WARCWriter(BytesIO(), gzip=True, warc_version="1.1")
        response = _response_record(builder, capture, revisit_of)
        records = [response]
        if capture.request_headers:
            records.append(_request_record(builder, capture, response))
        packed = [_packed(builder, record) for record in records]
        try:
            file = self._open_file(builder)
            offset = file.tell()
            file.write(b"".join(packed))
            file.flush()
            os.fsync(file.fileno())
        except OSError as exc:
            raise storage_error(self._folder, exc) from exc
        return Location(
            file=Path(file.name).name,
            offset=offset,
            length=len(packed[0]),
            sha256=hashlib.sha256(packed[0]).hexdigest(),
        )

    def _open_file(self, builder: WARCWriter) -> BinaryIO:
        if self._file and self._file.tell() < self._max_bytes:
            return self._file
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = _new_file(self._folder)
        name = Path(self._file.name).name
        self._file.write(_packed(builder, builder.create_warcinfo_record(name, self._info)))
        sync(self._folder)
        return self._file

    def close(self) -> None:
        """Close the file that is being written, if one is."""
        if self._file:
            self._file.close()
            self._file = None


def _new_file(folder: Path) -> BinaryIO:
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    serial = 0
    while True:
        try:
            return (folder / f"archive-search-{stamp}-{serial:05d}.warc.gz").open("xb")
        except FileExistsError:
            serial += 1


def _packed(builder: WARCWriter, record: ArcWarcRecord) -> bytes:
    buffer = BytesIO()
    builder.out = buffer
    builder.write_record(record)
    return buffer.getvalue()


def _response_record(
    builder: WARCWriter, capture: Capture, revisit_of: tuple[str, datetime] | None
) -> ArcWarcRecord:
    headers = {
        "WARC-Date": _warc_date(capture.captured_at),
        **({"WARC-IP-Address": capture.ip_address} if capture.ip_address else {}),
    }
    if revisit_of:
        url, captured_at = revisit_of
        headers |= {
            "WARC-Profile": _NOT_MODIFIED,
            "WARC-Refers-To-Target-URI": url,
            "WARC-Refers-To-Date": _warc_date(captured_at),
        }
    phrase = responses.get(capture.status, "")
    return builder.create_warc_record(
        capture.url,
        "revisit" if revisit_of else "response",
        payload=BytesIO(capture.payload),
        http_headers=StatusAndHeaders(f"{capture.status} {phrase}", list(capture.headers), "HTTP/1.1"),
        warc_headers_dict=headers,
    )


def _request_record(builder: WARCWriter, capture: Capture, response: ArcWarcRecord) -> ArcWarcRecord:
    path = "/" + capture.url.split("://", 1)[-1].partition("/")[2]
    sent = StatusAndHeaders(f"GET {path} HTTP/1.1", list(capture.request_headers), is_http_request=True)
    return builder.create_warc_record(
        capture.url,
        "request",
        payload=BytesIO(b""),
        http_headers=sent,
        warc_headers_dict={
            "WARC-Date": _warc_date(capture.captured_at),
            "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"),
        },
    )


def _warc_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_records(path: Path) -> Iterator[StoredRecord]:
    """Yield every record of a WARC file, in order, with its capture if it is a response.

    Raises `WarcUnreadable` where the file is no WARC file, is cut off or broken, or is gzipped as a
    whole, so that no record in it can be addressed.
    """
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if path.stat().st_size == 0:
                raise ValueError("the file is empty.")
            for offset, data in _members(file) if gzipped else _plain_records(file):
                yield _stored_record(path.name, offset, data)
    except OSError as exc:
        raise WarcUnreadable(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except (ArchiveLoadFailed, ValueError) as exc:
        raise WarcUnreadable(f"{path} cannot be read as WARC: {' '.join(str(exc).split())}") from exc


def _stored_record(file: str, offset: int, data: bytes) -> StoredRecord:
    record = _only_record(data, offset)
    digest = hashlib.sha256(data).hexdigest()
    try:
        capture, problem = _capture(record), None
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
    records = ArchiveIterator(BytesIO(data))
    record = next(records, None)
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
    offset, rest = 0, b""
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


def _plain_records(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of each record of a file that is not gzipped."""
    records = ArchiveIterator(file, no_record_parse=True)
    for record in records:
        declared = int(record.rec_headers.get_header("Content-Length") or 0)
        records.read_to_end(record)
        offset, length = records.get_record_offset(), records.get_record_length()
        here = file.tell()
        file.seek(offset)
        data = file.read(length)
        file.seek(here)
        if len(data) < declared:
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
    capture = _capture(_only_record(data, location.offset))
    if capture is None:
        raise IntegrityError(f"{path}: the record at {location.offset} holds no response.")
    return capture


def _target(record: ArcWarcRecord) -> str:
    # Early versions of wget put the URL in angle brackets, as the grammar of WARC 1.0 had it.
    return (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")


def _capture(record: ArcWarcRecord) -> Capture | None:
    """Return the capture that a record holds, or None; raises `ValueError` for what cannot be one."""
    if record.rec_type not in ("response", "revisit") or record.http_headers is None:
        return None
    headers = record.http_headers
    stream: Any = record.raw_stream
    if (headers.get_header("Transfer-Encoding") or "").lower() == "chunked":
        # Some tools store the body as it came over the wire, chunk sizes and all.
        stream = ChunkedDataReader(stream)
    payload: bytes = stream.read()
    return Capture(
        url=_target(record),
        captured_at=_date(record),
        status=_status(headers),
        headers=tuple((name, value) for name, value in headers.headers),
        payload=payload,
        sha256=hashlib.sha256(payload).hexdigest(),
        ip_address=record.rec_headers.get_header("WARC-IP-Address"),
    )


def _date(record: ArcWarcRecord) -> datetime:
    written = record.rec_headers.get_header("WARC-Date")
    if not written:
        raise ValueError("it has no WARC-Date.")
    return datetime.fromisoformat(written).replace(microsecond=0)


def _status(headers: StatusAndHeaders) -> int:
    code = headers.get_statuscode() or ""
    if not (code.isascii() and code.isdigit()):
        raise ValueError(f"{headers.statusline!r} is no HTTP status.")
    return int(code)
