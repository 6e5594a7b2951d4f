"""A portal of any size, of real pages, in a process of its own: what crawlers are compared on."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from multiprocessing.connection import Connection

from warcio.archiveiterator import ArchiveIterator

HOST = "sotttt.hanoi.gov.vn"
SECTION = "/vi/tin-tuc-su-kien"
ON_A_LISTING = 20
_PAGER = f"{SECTION}?p_p_id=101&_101_cur=%d"


def bodies() -> list[bytes]:
    """Return the bundled portal's article pages."""
    found = []
    with (resources.files("archive_search.demo") / "portal.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file):
            url = record.rec_headers.get_header("WARC-Target-URI") or ""
            if re.search(rf"{HOST}/.*/-/view_content/\d+-", url) and (body := record.content_stream().read()):
                found.append(body)
    return found


def _listing(number: int, articles: int) -> bytes:
    first = (number - 1) * ON_A_LISTING
    links = "".join(
        f'<div class="asset-abstract"><h3 class="asset-title">'
        f'<a href="{SECTION}/-/view_content/{n}-tin.html">Tin {n}</a></h3></div>'
        for n in range(first, min(first + ON_A_LISTING, articles))
    )
    more = f'<a href="{_PAGER % (number + 1)}">Sau</a>' if first + ON_A_LISTING < articles else ""
    return f'<html><body>{links}<ul class="lfr-pagination">{more}</ul></body></html>'.encode()


def _handler(articles: int) -> type[BaseHTTPRequestHandler]:
    pages = bodies()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path == "/robots.txt":
                self._send(b"User-agent: *\nAllow: /\n", "text/plain")
            elif found := re.search(r"view_content/(\d+)-", self.path):
                number = int(found[1])
                # Each page is another: no crawler may take two for one.
                mark = b"<p>%d</p></body>" % number
                self._send(pages[number % len(pages)].replace(b"</body>", mark))
            elif self.path.startswith(SECTION):
                number = re.search(r"_101_cur=(\d+)", self.path)
                self._send(_listing(int(number[1]) if number else 1, articles))
            else:
                self.send_error(404)

        def _send(self, body: bytes, kind: str = "text/html;charset=UTF-8") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    return Handler


def _serve(articles: int, told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(articles))
    told.send(server.server_port)
    server.serve_forever()


@contextmanager
def served(articles: int) -> Iterator[int]:
    """Serve a portal of so many articles on loopback while the block runs; give the port."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(articles, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()
