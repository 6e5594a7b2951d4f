"""CDXJ: a line for each capture, sorted by key and time, by which other programs find a record."""

from __future__ import annotations

import base64
import heapq
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TextIO
from urllib.parse import unquote_plus

from warcio.recordloader import ArcWarcRecord
from warcio.timeutils import iso_date_to_timestamp
from warcio.warcwriter import BufferWARCWriter

from archive_search.archive import Archive
from archive_search.archive.exporting.exchanges import Choice, Exchange, exchanges, newest
from archive_search.archive.exporting.surt import surt

_MOST = 32 * 1024 * 1024  # characters sorted in memory
_LONGEST = 4096  # of what was sent, characters in a key
_END_OF_TYPE = re.compile(r"[;\s]")


def cdxj(archive: Archive, choice: Choice) -> Iterator[str]:
    """Yield the lines of the chosen captures, sorted by their bytes, each with its line end."""
    with archive.reading() as db, Sorter() as lines:
        for exchange in exchanges(db, archive.config.warc_folder, choice, newest(db)):
            lines.add(line(exchange, exchange.row.warc_file, exchange.row.warc_offset))
        yield from lines


class Sorter(ExitStack):
    """Lines that are to be sorted by their bytes, in memory that does not grow with them."""

    def __init__(self) -> None:
        super().__init__()
        self._files: list[TextIO] = []
        self._held: list[str] = []
        self._size = 0

    def add(self, item: str) -> None:
        """Take a line."""
        self._held.append(item)
        self._size += len(item)
        if self._size > _MOST:
            unnamed = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by us
            file = self.enter_context(unnamed)
            file.writelines(sorted(self._held))
            self._files.append(file)
            self._held, self._size = [], 0

    def __iter__(self) -> Iterator[str]:
        for file in self._files:
            file.seek(0)
        previous = None
        for item in heapq.merge(*self._files, sorted(self._held)):
            if item != previous:
                yield item
            previous = item


def line(exchange: Exchange, file: str, offset: int) -> str:
    """Return the line of a capture whose record stands at byte `offset` of `file`."""
    record = exchange.response.parsed()
    assert record is not None  # noqa: S101 - an exchange is made of a record that was read
    url = record.rec_headers.get_header("WARC-Target-URI") or exchange.row.url
    sent = _sent(exchange)
    fields = {
        "url": url,
        "mime": _media_type(record),
        "status": record.http_headers.get_statuscode() if record.http_headers else None,
        "digest": _digest(record),
        "length": str(len(exchange.response.data)),
        "offset": str(offset),
        "filename": file,
    }
    values = {name: value for name, value in fields.items() if value} | (sent or {})
    time = iso_date_to_timestamp(record.rec_headers.get_header("WARC-Date"))
    return f"{surt(_asked(url, sent))} {time} {json.dumps(values)}\n"


def _media_type(record: ArcWarcRecord) -> str | None:
    if record.rec_type == "revisit":
        return "warc/revisit"
    value = record.http_headers.get_header("Content-Type") if record.http_headers else None
    return _END_OF_TYPE.split(value, maxsplit=1)[0].strip() if value else None


def _digest(record: ArcWarcRecord) -> str | None:
    """Return the digest that the record declares of its payload, or else its SHA-1."""
    if not record.rec_headers.get_header("WARC-Payload-Digest"):
        BufferWARCWriter().ensure_digest(record, block=False, payload=True)
    value: str | None = record.rec_headers.get_header("WARC-Payload-Digest")
    return value


def _sent(exchange: Exchange) -> dict[str, str] | None:
    """Return what was sent with a request that changes the answer (POST, PUT), and how; or None."""
    for kept in exchange.requests:
        request = kept.parsed()
        if request is None or request.http_headers is None:
            continue
        method = request.http_headers.protocol.upper()
        if method in ("POST", "PUT"):
            kind = request.http_headers.get_header("Content-Type") or ""
            body = _readable(request.content_stream().read(), kind)
            return {"requestBody": body[:_LONGEST], "method": method}
    return None


def _readable(body: bytes, media_type: str) -> str:
    """Return a body as a query: the pairs of a form, or else its bytes in Base64."""
    if media_type.startswith("application/x-www-form-urlencoded"):
        try:
            return unquote_plus(body.decode())
        except UnicodeDecodeError:
            pass
    return "__wb_post_data=" + base64.b64encode(body).decode()


def _asked(url: str, sent: dict[str, str] | None) -> str:
    """Return the URL with what was sent as a part of its query, as other replaying programs write it."""
    if sent is None:
        return url
    joint = "&" if "?" in url else "?"
    tail = f"&{sent['requestBody']}" if sent["requestBody"] else ""
    return f"{url}{joint}__wb_method={sent['method']}{tail}"
