"""The server of the bundled portal: what a real one does, on a free port of the loopback address."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import NamedTuple

from warcio.archiveiterator import ArchiveIterator

HOSTS = ("sotttt.hanoi.gov.vn", "thuongtin.hanoi.gov.vn")

# The list of telephone numbers cut off for spam names private people; the rest may be fetched.
_ROBOTS = b"User-agent: *\nDisallow: /dssdt\nDisallow: /dang-nhap\n"
_REDIRECTS = {"http://thuongtin.hanoi.gov.vn/": "/dang-doan-the"}
_SLOW = {"http://sotttt.hanoi.gov.vn/vi/bao-chi-xuat-ban": 0.5}  # seconds


class _Page(NamedTuple):
    body: bytes
    etag: str
    modified: datetime


def _pages(edition: int) -> dict[str, _Page]:
    """Return the bundled pages by URL; the second edition replaces some and withdraws one."""
    pages: dict[str, _Page] = {}
    dates: list[str] = []
    with (resources.files(__package__) / "portal.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            date = record.rec_headers.get_header("WARC-Date")
            if date not in dates:
                dates.append(date)
            if len(dates) > edition:
                break
            url = record.rec_headers.get_header("WARC-Target-URI")
            body = record.content_stream().read()
            if body:
                etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
                pages[url] = _Page(body, etag, datetime.fromisoformat(date))
            else:
                pages.pop(url, None)
    return pages


@contextmanager
def serve_portal(edition: int) -> Iterator[dict[str, tuple[str, int]]]:
    """Serve the portal while the block runs; give the address to connect to for each of its hosts.

    `edition` is 1 for the portal at first, 2 for later: one article more, one less, one corrected.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_pages(edition)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield dict.fromkeys(HOSTS, ("127.0.0.1", server.server_port))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(pages: dict[str, _Page]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "archive-search-demo"
        # Headers and body go out in one packet; otherwise each page waits 40 ms for an ACK.
        wbufsize = -1

        def do_GET(self) -> None:
            url = f"http://{self.headers.get('Host', '')}{self.path}"
            time.sleep(_SLOW.get(url, 0))
            if self.path == "/robots.txt":
                self._send(HTTPStatus.OK, _ROBOTS, {"Content-Type": "text/plain"})
            elif url in _REDIRECTS:
                self._send(HTTPStatus.MOVED_PERMANENTLY, b"", {"Location": _REDIRECTS[url]})
            elif url in pages:
                self._send_page(pages[url])
            else:
                self._send(HTTPStatus.NOT_FOUND, b"<h1>404</h1>", {"Content-Type": "text/html"})

        def _send_page(self, page: _Page) -> None:
            validators = {"ETag": page.etag, "Last-Modified": format_datetime(page.modified, usegmt=True)}
            if self._is_current(page):
                self._send(HTTPStatus.NOT_MODIFIED, b"", validators)
            else:
                kind = {"Content-Type": "text/html;charset=UTF-8"}
                self._send(HTTPStatus.OK, page.body, kind | validators)

        def _is_current(self, page: _Page) -> bool:
            if (wanted := self.headers.get("If-None-Match")) is not None:
                return wanted == page.etag
            since = self.headers.get("If-Modified-Since")
            return since is not None and parsedate_to_datetime(since) >= page.modified

        def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status is not HTTPStatus.NOT_MODIFIED:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: the crawl's own report tells what was fetched."""

    return Handler
