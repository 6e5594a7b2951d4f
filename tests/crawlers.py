"""Several portals on one server, which remembers who asked for what and when; and a crawler of them.

Run as a program it is one of several crawlers: `crawlers.py FOLDER PORT MACHINE LEASE_S`.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from archive_search import pipeline
from archive_search.archive import Archive
from archive_search.clock import Clock
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.pipeline.sharing import turns
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile

HOSTS = tuple(f"huyen{n}.test" for n in range(6))
ARTICLES = 25


def profile(host: str) -> Profile:
    return Profile(
        name=host.partition(".")[0],
        label=host,
        hosts=(host,),
        seeds=(f"http://{host}/",),
        article=ArticleRule(url=r"^/tin/(?P<number>\d+)$"),
        listing=ListingRule(url="^/$"),
        politeness=Politeness(delay_s=0.01),
    )


@dataclass(frozen=True)
class Asked:
    """One request: of which host, by which machine, for what, from when to when."""

    host: str
    machine: str
    path: str
    began: float
    ended: float


@dataclass
class Log:
    """What a server was asked."""

    asked: list[Asked] = field(default_factory=list)


@contextmanager
def portals() -> Iterator[tuple[int, Log]]:
    """Serve the portals while the block runs; give the port and what was asked."""
    log = Log()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            began = time.monotonic()
            time.sleep(0.002)
            self._send(_page(self.headers["Host"], self.path))
            machine = self.headers["User-Agent"].rpartition("; ")[2].rstrip(")")
            log.asked.append(Asked(self.headers["Host"], machine, self.path, began, time.monotonic()))

        def _send(self, body: bytes | None) -> None:
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=UTF-8")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port, log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page(host: str, path: str) -> bytes | None:
    if path == "/":
        links = "".join(f'<a href="/tin/{n}">Tin {n}</a>' for n in range(ARTICLES))
        return f"<html><body>{links}</body></html>".encode()
    if path.startswith("/tin/"):
        words = f"Kỳ họp thứ {path[5:]} của Hội đồng nhân dân {host} đã thông qua nghị quyết. " * 5
        return (
            f"<html><head><title>Tin {path[5:]}</title></head><body><h1>Tin {path[5:]} {host}</h1>".encode()
            + (f"<article><p>{words}</p></article></body></html>".encode())
        )
    return None


def main(folder: Path, port: int, machine: str, lease_s: float) -> None:
    """Crawl what nobody else crawls; print each portal that was crawled here."""
    config = replace(load_config(folder), machine=machine)
    fetcher = Fetcher(contact=machine, connect_to=dict.fromkeys(HOSTS, ("127.0.0.1", port)))
    print("ready", flush=True)
    with contextlib.closing(fetcher), Archive(config) as archive, archive.locked(shared=True):
        for portal, lease in turns(archive, [profile(host) for host in HOSTS], Clock(), lease_s):
            pipeline.crawl_portal(archive, portal, fetcher, lease=lease)
            print(portal.name, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
