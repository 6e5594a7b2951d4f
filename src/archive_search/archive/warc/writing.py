"""Appending captures to WARC 1.1 files, one gzip member a record."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from http.client import responses
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive.warc.records import Location
from archive_search.disk import storage_error, sync
from archive_search.records import Capture

# WARC 1.1, section 6.7.3: the profile of a revisit record for a 304 response.
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


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
