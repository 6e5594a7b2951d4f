"""An exported WACZ file before ReplayWeb.page, the viewer that most archives use."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import pytest
from needing import needed
from playwright.sync_api import Browser, Frame, Page
from test_cli import run

from archive_search.archive import Archive, create
from archive_search.archive.exporting.exchanges import Choice
from archive_search.archive.exporting.wacz import write_wacz
from archive_search.config import load_config

ARTICLE = (
    "http://thuongtin.hanoi.gov.vn/dang-doan-the/-/view_content/"
    "20220713-ky-hop-17-ban-chap-hanh-ang-bo-huyen-thuong-tin-khoa-xxiv-mo-rong.html"
)
LISTING = "http://sotttt.hanoi.gov.vn/vi/bao-chi-xuat-ban"
_PAGE = (
    '<!doctype html><script src="/ui.js"></script><replay-web-page source="/export.wacz" url="{url}" '
    'embed="replayonly" replayBase="/replay/"></replay-web-page>'
)
_TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8", ".wacz": "application/wacz"}


@pytest.fixture(scope="session")
def viewer() -> Path:
    """The folder of the npm package replaywebpage, which the environment names: it is no part of this one."""
    folder = os.environ.get("REPLAYWEBPAGE")
    needed(folder, "REPLAYWEBPAGE names no folder with the npm package replaywebpage")
    return Path(str(folder))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive of the bundled portal's pages."""
    folder = tmp_path_factory.mktemp("replay") / "archive"
    create(folder, ("sotttt-hanoi", "thuongtin"))
    warc = resources.as_file(resources.files("archive_search.demo") / "portal.warc.gz")
    with warc as path:
        run("-C", folder, "import", path)
    with Archive(load_config(folder)) as archive:
        yield archive


class _Served(BaseHTTPRequestHandler):
    """Answers with files, or the part of one that was asked for."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        data = self.files.get(path)
        body, status = data or b"", 200 if data else 404
        if data and (asked := self.headers.get("Range")):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else len(data) - int(last)
            end = min(int(last), len(data) - 1) if first and last else len(data) - 1
            body, status = data[start : end + 1], 206
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(data or b'')}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", _TYPES.get(Path(path).suffix, "text/plain"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - http.server calls it so

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(params=["whole", "part"])
def address(request, archive, viewer, tmp_path) -> Iterator[str]:
    """The address of the viewer and of a WACZ file: of the whole archive, or of a part."""
    hosts = frozenset({"thuongtin.hanoi.gov.vn", "sotttt.hanoi.gov.vn"})
    write_wacz(archive, tmp_path / "a.wacz", Choice(hosts=hosts if request.param == "part" else None))
    served = type("Served", (_Served,), {})
    served.files = {
        "/empty.html": b"<!doctype html>",
        "/ui.js": (viewer / "ui.js").read_bytes(),
        "/replay/sw.js": (viewer / "sw.js").read_bytes(),
        "/export.wacz": (tmp_path / "a.wacz").read_bytes(),
        **{f"/{n}.html": _PAGE.format(url=url).encode() for n, url in enumerate((ARTICLE, LISTING))},
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


_REGISTER = """async () => {
  const worker = await navigator.serviceWorker.register("/replay/sw.js?serveIndex=1", {scope: "/replay/"});
  const found = worker.installing || worker.waiting || worker.active;
  while (found.state !== "activated") await new Promise(done => found.addEventListener("statechange", done));
}"""


def replayed(page: Page) -> Frame:
    """Return the frame in which the viewer shows the archived page, once it does."""
    for _ in range(100):
        for frame in page.frames:
            if "mp_/" in frame.url and frame.url.startswith("http"):
                frame.wait_for_load_state("domcontentloaded")
                return frame
        page.wait_for_timeout(100)
    raise AssertionError([frame.url for frame in page.frames])


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "Hội trường 18.8, Huyện ủy Thường Tín"), (1, "Ngày Sách và Văn hóa đọc Việt Nam")],
)
def test_a_standard_viewer_shows_what_was_captured(browser: Browser, address: str, number, text):
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{address}/empty.html")
    page.evaluate(_REGISTER)
    page.goto(f"{address}/{number}.html")
    frame = replayed(page)
    assert text.casefold() in " ".join(frame.locator("body").inner_text().split()).casefold()
    context.close()
