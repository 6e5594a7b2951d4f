"""A real browser before the real site: waitress over an archive of the bundled portal's pages."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from needing import needed
from playwright.sync_api import Browser, Page, sync_playwright
from waitress.server import create_server

from archive_search.archive import Archive, create
from archive_search.config import load_config
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import import_file, update_index
from archive_search.web import create_app
from archive_search.web.room import close_room

# Chromium phones home for updates, models and experiments unless it is told not to.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site over the two editions of the bundled portal."""
    folder = tmp_path_factory.mktemp("site") / "archive"
    create(folder, ("sotttt-hanoi", "thuongtin"))
    config = load_config(folder)
    engine = WhooshEngine(config.index_folder)
    with (
        Archive(config) as archive,
        resources.as_file(resources.files("archive_search.demo") / "portal.warc.gz") as warc,
    ):
        import_file(archive, warc)
        update_index(archive, engine)
    engine.close()
    yield from _served(create_app(config))


def _served(app) -> Iterator[str]:
    sockets: dict[int, Any] = {}
    server = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()

    def stop() -> None:
        for socket in list(sockets.values()):
            socket.close()

    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # In the loop's own thread: it ends when no socket is left, and none is closed under its feet.
        server.trigger.pull_trigger(stop)
        thread.join()
        server.task_dispatcher.shutdown()
        close_room(app)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    needed(path, "there is no Chromium on PATH: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Reader:
    """What a test does with the browser: pages in a given setting, and every address they ask for."""

    def __init__(self, browser: Browser, site: str) -> None:
        self._browser = browser
        self.site = site
        self.asked: list[str] = []
        self.complaints: list[str] = []

    def page(self, address: str = "/", **settings: object) -> Page:
        context = self._browser.new_context(**settings)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.site + address)
        return page

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def reader(browser: Browser, site: str) -> Iterator[Reader]:
    """A reader, who must not have been led to another host, nor have heard the browser complain."""
    reader = Reader(browser, site)
    yield reader
    reader.close()
    assert not [url for url in reader.asked if not url.startswith(site + "/")]
    assert not reader.complaints
