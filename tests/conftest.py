"""What several tests need: an empty archive, captures made by hand, a web of a few pages."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from archive_search.archive import Archive, create
from archive_search.config import load_config
from archive_search.records import Capture

HTML = (("Content-Type", "text/html; charset=UTF-8"),)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    create(tmp_path / "archive")
    with Archive(load_config(tmp_path / "archive")) as opened:
        yield opened


def make_capture(
    url: str = "http://portal.test/tin/1",
    payload: bytes = b"<p>tin</p>",
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = HTML,
    captured_at: datetime = datetime(2022, 7, 12, 3, 0, tzinfo=UTC),
) -> Capture:
    return Capture(
        url=url,
        captured_at=captured_at,
        status=status,
        headers=headers,
        payload=payload,
        sha256=hashlib.sha256(payload).hexdigest(),
    )


Reply = Callable[[BaseHTTPRequestHandler], None]


def reply(body: bytes = b"", status: int = 200, **headers: str) -> Reply:
    """Return what answers a request with this status, these headers and this body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Type": "text/html"} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


class Web:
    """A server on the loopback address that plays a portal: replies by path, and what it was asked."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.port = 0

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    @contextmanager
    def running(self) -> Iterator[Web]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else a reply in two pieces takes 40 ms

            def do_GET(self) -> None:
                web.requests.append((self.path, dict(self.headers)))
                web.replies.get(self.path, reply(b"<h1>404</h1>", 404))(self)

            def do_POST(self) -> None:
                web.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.do_GET()

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        # Half a second of polling, the default, would be half a second for every test.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    with Web().running() as running:
        yield running
