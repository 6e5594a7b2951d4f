"""What a crawl without any excludes costs on a real portal whose language links nest for ever.

    python bench/traps.py ../shared/portal/sotttt-english-trap.warc.gz

The file holds 200 of the 12,634 addresses under which a mirror found 34 articles. An address that it does
not hold is answered with the page of the same article, or else with one of its section, and each page with
the two language links that the mirror took out: they append /vi and /en to its own address. `--recorded`
answers the addresses that are not in the file with 404 instead.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Collection, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from warcio.archiveiterator import ArchiveIterator

from archive_search.clock import Clock
from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.identity import host_of
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import HostState, Target, Visit

ARTICLE = r"/-/view_content/(?P<number>\d+)-"


class Queue:
    """A frontier in memory."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.queued: list[Target] = []

    def add(self, targets: Iterable[Target], *, again: bool = False) -> int:
        """Queue the targets that are not known; return how many those were."""
        new = {target.url: target for target in targets if target.url not in self.known}
        self.known |= new.keys()
        self.queued += new.values()
        return len(new)

    def next(self, *, without: Collection[str] = ()) -> Target | None:
        """Return the next target, listings first."""
        left = [target for target in self.queued if host_of(target.url) not in without]
        return min(left, key=lambda target: target.priority, default=None)

    def finish(self, target: Target, visit: Visit) -> None:
        """Take the target off the queue."""
        self.queued.remove(target)


class Hosts:
    """States of hosts in memory."""

    def __init__(self) -> None:
        self._states: dict[str, HostState] = {}

    def get(self, host: str) -> HostState:
        """Return what is remembered of a host."""
        return self._states.get(host, HostState())

    def put(self, host: str, state: HostState) -> None:
        """Remember the state of a host."""
        self._states[host] = state


class Portal:
    """The pages of a WARC file by path, and of each article and of the menu one that stands for all."""

    def __init__(self, path: Path) -> None:
        self.pages: dict[str, bytes] = {}
        self.articles: dict[str, bytes] = {}
        self.sections: dict[str, str] = {}
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                url = record.rec_headers.get_header("WARC-Target-URI")
                self.host = host_of(url)
                page = BeautifulSoup(record.content_stream().read(), "lxml")
                for link in page.select("a[href]"):
                    link["href"] = urljoin(url, str(link["href"]))
                found = self.pages[urlsplit(url).path] = str(page).encode()
                if number := re.search(ARTICLE, url):
                    self.articles.setdefault(number["number"], found)
                    self.sections.setdefault(urlsplit(url).path.split("/-/")[0], urlsplit(url).path)

    def seeds(self, recorded: bool) -> tuple[str, ...]:
        """Return the addresses of the sections, or for each that of a page in it which was recorded."""
        paths = self.sections.values() if recorded else self.sections
        return tuple(f"http://{self.host}{path}" for path in paths)

    def answer(self, path: str, recorded: bool) -> bytes | None:
        """Return the page at a path, or None if there is none."""
        if recorded or path == "/robots.txt":
            return self.pages.get(path)
        number = re.search(ARTICLE, path)
        page = self.articles.get(number["number"]) if number else None
        page = page or self.pages.get(path) or self._of_section(path)
        nested = "".join(f'<a href="{path.rstrip("/")}/{language}">x</a>' for language in ("vi", "en"))
        return page + nested.encode()

    def _of_section(self, path: str) -> bytes:
        found = [page for section, page in self.sections.items() if path.startswith(section)]
        return self.pages[found[0] if found else next(iter(self.sections.values()))]


def serve(portal: Portal, recorded: bool) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a reply in two pieces takes 40 ms

        def do_GET(self) -> None:
            body = portal.answer(self.path, recorded)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "text/html; charset=UTF-8")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("warc", type=Path)
    arguments.add_argument("--recorded", action="store_true")
    arguments.add_argument("--listing", default=".", help="regular expression of the listings")
    options = arguments.parse_args()
    portal = Portal(options.warc)
    profile = Profile(
        name="trap",
        label="trap",
        hosts=(portal.host,),
        seeds=portal.seeds(options.recorded),
        article=ArticleRule(url=ARTICLE),
        listing=ListingRule(url=options.listing),
        politeness=Politeness(delay_s=0),
    )
    server = serve(portal, options.recorded)
    fetcher = Fetcher(connect_to={portal.host: ("127.0.0.1", server.server_port)})
    budget = Budget(pages=2000)
    visits = list(crawl(profile, fetcher, Queue(), hosts=Hosts(), budget=budget, clock=Clock()))
    server.shutdown()
    report(profile, visits)


def report(profile: Profile, visits: list[Visit]) -> None:
    fetched = [visit.target.url for visit in visits if visit.capture]
    articles = {profile.article_number(url) for url in fetched} - {None}
    slugs = {re.sub(r".*/view_content/([^/]+).*", r"\1", url) for url in fetched if "/view_content/" in url}
    print(f"{len(fetched)} fetches, {len(articles)} articles ({len(slugs)} names)")
    for reason, count in Counter(
        visit.refused.partition(";")[0] for visit in visits if visit.refused
    ).items():
        print(f"{count:6,} patterns not followed: {reason}")


if __name__ == "__main__":
    main()
