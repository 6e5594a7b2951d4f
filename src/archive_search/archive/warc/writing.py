"""Appending captures to WARC 1.1 files, one gzip member a record.

A capture that did not arrive whole is written with `WARC-Truncated`. What was not insisted on to reach its
server stands in the response record's header, in a field of our own, so that the digest of the record in
the catalogue vouches for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from datetime import UTC, datetime
from http.client import responses
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive.warc.records import RELAXED, SENT, Location
from archive_search.clock import Clock
from archive_search.disk import claim, make_folder, storage_error, sync, write_all
from archive_search.identity import sent_with, wire_url
from archive_search.records import Capture

OWN = re.compile(r"archive-search-\d{14}-\d{5}(?:-(?P<machine>[A-Za-z0-9-]+))?\.warc\.gz")
"""What our own files are called. Those of early releases do not name the machine."""

# WARC 1.1, section 6.7.3: the profile of a revisit record for a 304 response.
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


class _Sent(StatusAndHeaders):  # type: ignore[misc]
    """A status line and headers that are written as the server wrote them."""

    headers_buff: bytes | None

    def __init__(self, capture: Capture) -> None:
        phrase = responses.get(capture.status, "")
        super().__init__(f"{capture.status} {phrase}", list(capture.headers), "HTTP/1.1")
        self._head = capture.head

    def compute_headers_buffer(self, header_filter: Any = None) -> None:
        """Set the bytes that are written; warcio's own way would escape and reorder what is not ASCII."""
        super().compute_headers_buffer(header_filter)
        self.headers_buff = self._head or self.headers_buff


class WarcWriter:
    """Appends captures to new WARC files in a folder, each record on disk before it is told.

    Every writer begins a file of its own, and another one after an error, so that nothing is ever written
    behind torn bytes. A file is locked while it is written to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        software: str,
        operator: str,
        max_bytes: int,
        machine: str = "machine",
        clock: Clock | None = None,
    ) -> None:
        self._folder = folder
        self._info = {
            "software": software,
            "format": "WARC File Format 1.1",
            "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
            "robots": "obey",
            "hostname": machine,
            **({"operator": operator} if operator else {}),
        }
        self._max_bytes = max_bytes
        self._machine = machine
        self._clock = clock or Clock()
        self._file: BinaryIO | None = None
        self.end = 0
        """The byte behind what was written last: all before it is on disk."""

    def append(self, capture: Capture, *, revisit_of: tuple[str, datetime] | None = None) -> Location:
        """Write the capture and the request that brought it; return where the response record is.

        `revisit_of` is the URL and time of the capture that a 304 response refers to. The record is
        written and synced to disk when this returns. Raises `StorageError` if it cannot be; what was
        written of it is taken back then.
        """
        builder = WARCWriter(BytesIO(), gzip=True, warc_version="1.1")
        response = _response_record(builder, capture, revisit_of)
        records = [response]
        if capture.request_headers:
            records.append(_request_record(builder, capture, response))
        packed = [_packed(builder, record) for record in records]
        try:
            file, offset = self._write(builder, b"".join(packed))
        except OSError as exc:
            self._take_back()
            raise storage_error(self._folder, exc) from exc
        return Location(
            file=file,
            offset=offset,
            length=len(packed[0]),
            sha256=hashlib.sha256(packed[0]).hexdigest(),
        )

    def _write(self, builder: WARCWriter, data: bytes) -> tuple[str, int]:
        """Append bytes and sync them to disk; return the name of the file, and where in it they are."""
        file, head = self._open_file(builder)
        offset = self.end + len(head)
        write_all(file, head + data)
        os.fsync(file.fileno())
        self.end = offset + len(data)
        return Path(file.name).name, offset

    def _open_file(self, builder: WARCWriter) -> tuple[BinaryIO, bytes]:
        """Return the file to append to, and the bytes that are to come first: those of a new file."""
        if self._file and self.end < self._max_bytes:
            return self._file, b""
        self.close()
        make_folder(self._folder)
        self._file = self._new_file()
        claim(self._file)
        sync(self._folder)
        name = Path(self._file.name).name
        return self._file, _packed(builder, builder.create_warcinfo_record(name, self._info))

    def _new_file(self) -> BinaryIO:
        stamp = self._clock.now().strftime("%Y%m%d%H%M%S")
        serial = 0
        while True:
            path = self._folder / f"archive-search-{stamp}-{serial:05d}-{self._machine}.warc.gz"
            try:
                # Without a buffer of its own: after an error nothing is left that closing would write.
                return cast(BinaryIO, path.open("xb", buffering=0))
            except FileExistsError:
                serial += 1

    def _take_back(self) -> None:
        """Cut off what was not told, as far as a disk that has just failed allows, and leave the file."""
        if self._file:
            with contextlib.suppress(OSError):
                if self.end:
                    os.ftruncate(self._file.fileno(), self.end)
                    os.fsync(self._file.fileno())
                else:
                    Path(self._file.name).unlink()
            self.close()

    def close(self) -> None:
        """Close the file that is being written, if one is."""
        if self._file:
            self._file.close()
            self._file = None
        self.end = 0


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
        **({"WARC-Truncated": capture.truncated} if capture.truncated else {}),
        **({RELAXED: ", ".join(capture.relaxed)} if capture.relaxed else {}),
        **({SENT: sent} if (sent := sent_with(capture.url, capture.method)) else {}),
    }
    if revisit_of:
        url, captured_at = revisit_of
        headers |= {
            "WARC-Profile": _NOT_MODIFIED,
            "WARC-Refers-To-Target-URI": url,
            "WARC-Refers-To-Date": _warc_date(captured_at),
        }
    return builder.create_warc_record(
        wire_url(capture.url, capture.method),
        "revisit" if revisit_of else "response",
        payload=BytesIO(capture.payload),
        http_headers=_Sent(capture),
        warc_headers_dict=headers,
    )


def _request_record(builder: WARCWriter, capture: Capture, response: ArcWarcRecord) -> ArcWarcRecord:
    url = wire_url(capture.url, capture.method)
    parts = urlsplit(url)
    line = f"{capture.method} {parts.path or '/'}{'?' if parts.query else ''}{parts.query} HTTP/1.1"
    headers = list(capture.request_headers)
    if capture.sent and not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(capture.sent))))
    sent = StatusAndHeaders(line, headers, is_http_request=True)
    return builder.create_warc_record(
        url,
        "request",
        payload=BytesIO(capture.sent),
        http_headers=sent,
        warc_headers_dict={
            "WARC-Date": _warc_date(capture.captured_at),
            "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"),
        },
    )


def _warc_date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
