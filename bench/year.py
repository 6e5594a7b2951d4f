"""A year of daily crawls of a portal that adds, changes, loses, moves, breaks and recovers.

    python bench/year.py                 365 days with the default intervals; then a quarter of a year in
                                         which every page is asked for every day, so that nothing is late
    python bench/year.py --days 60       fewer

The portal is a real HTTP server on the loopback address; its days are those of a clock of its own, on
which a year takes minutes. After every crawl the archive is compared with the truth: the command ends
with 1 where they differ.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

from sqlalchemy import select

from archive_search.archive import Archive, articles, catalogue, create
from archive_search.archive.audit import audit
from archive_search.clock import Clock
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.pipeline.crawling import crawl_portal
from archive_search.pipeline.indexing import rebuild
from archive_search.pipeline.progress import silent
from archive_search.portals import load_profile

HOST = "portal.test"
PROFILE = r"""
name = "portal"
label = "Portal"
hosts = ["portal.test"]
seeds = ["http://portal.test/tin-tuc", "http://portal.test/van-ban"]
[article]
url = '^/(?P<section>[a-z-]+)/(?P<number>\d+)-'
[listing]
url = '^/(?:tin-tuc|van-ban)(?:\?trang=\d+)?$'
links = "h3 a"
next = ".pager a"
[select]
title = "h1"
body = ".body"
[politeness]
delay_s = 0.5
"""
SECTIONS = ("tin-tuc", "van-ban")
ON_A_PAGE = 10
DAY = timedelta(days=1)
BEGINNING = datetime(2026, 1, 1, 20, 0, tzinfo=UTC)

# A run comes up to 11 hours late, and a page to its interval up to half a day early: see the frontier.
SLACK = 2
# From the first 404 to one that is seen a week later, by visits every other day.
TOMBSTONE = 8 + SLACK


class SimulatedClock(Clock):
    """A clock on which pauses take no time, and days pass when they are told to."""

    def __init__(self) -> None:
        self._now = BEGINNING

    def now(self) -> datetime:
        """Return the time, in whole seconds."""
        return self._now.replace(microsecond=0)

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return (self._now - BEGINNING).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=max(0.0, seconds))

    def move_to(self, moment: datetime) -> None:
        """Let time pass until then."""
        self._now = max(self._now, moment)


@dataclass(slots=True)
class Item:
    """An article of the portal: `texts` are its texts in order, each with the day from which it stands."""

    number: int
    sections: tuple[str, ...]
    texts: list[tuple[int, str]]
    validators: str
    slugs: list[str] = field(default_factory=lambda: ["bai-viet"])
    lost: str = ""  # how it answers since it was taken away: 404, 410, home

    @property
    def text(self) -> str:
        """What it says now."""
        return self.texts[-1][1]

    def answers(self, section: str, slug: str) -> str:
        """Return how one of its addresses answers: `there`, `moved`, or how it is lost."""
        if self.lost:
            return self.lost
        return "there" if slug == self.slugs[-1] else "moved"


class Portal:
    """The truth: what the portal has today, and what it had."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.day = 0
        self.weather = "fine"
        self.items: dict[int, Item] = {}
        self.served: dict[int, list[str]] = {}  # by article, how a visitor of each day found it
        self.weathers: list[str] = []
        self.returning: dict[int, int] = {}
        self.done: Counter[str] = Counter()
        self._bad_days = 0
        self._views = 0

    def dawn(self, day: int) -> None:
        """Let a new day begin: things are published, corrected, moved, lost and found again."""
        self.day = day
        chance = self.random.random
        for _ in range(12 if day == 0 else self.random.choice((0, 1, 1, 2))):
            self._publish()
        live = [item for item in self.items.values() if not item.lost]
        if day and chance() < 0.35:
            self._correct(self.random.choice(live))
        if day and chance() < 0.08:
            self._move(self.random.choice(live))
        if day and chance() < 0.12 and len(live) > 10:
            self._lose(self.random.choice(live))
        for number in [n for n, back in self.returning.items() if back <= day]:
            self.items[number].lost = ""
            del self.returning[number]
            self.done["returned"] += 1
        self.weather = self._weather()
        self._write_down()

    def _publish(self) -> None:
        number = 1000 + len(self.items)
        sections = SECTIONS if self.random.random() < 0.2 else (self.random.choice(SECTIONS),)
        text = f"Bài số {number}: huyện ủy họp bàn về giải phóng mặt bằng."
        validators = self.random.choice(("etag", "modified", "none"))
        self.items[number] = Item(number, sections, [(self.day, text)], validators)
        self.done["published"] += 1
        self.done["in two sections"] += len(sections) - 1

    def _correct(self, item: Item) -> None:
        item.texts.append((self.day, f"{item.text} Sửa ngày {self.day}."))
        self.done["corrected"] += 1

    def _move(self, item: Item) -> None:
        item.slugs.append(f"bai-da-chuyen-{self.day}")
        self.done["moved"] += 1

    def _lose(self, item: Item) -> None:
        item.lost = self.random.choice(("404", "410", "home"))
        if self.random.random() < 0.3:
            # Not for long enough to be called gone.
            self.returning[item.number] = self.day + self.random.randint(1, 6)
            self.done["lost for some days"] += 1
        else:
            self.done["lost for ever"] += 1

    def _weather(self) -> str:
        if self._bad_days:
            self._bad_days -= 1
            return self.weather
        if self.day < 3 or self.random.random() > 0.08:
            return "fine"
        self._bad_days = self.random.randint(0, 2)
        return self.random.choice(("500", "closed", "challenge", "404"))

    def _write_down(self) -> None:
        self.weathers.append(self.weather)
        self.done[f"days: {self.weather}"] += 1
        for item in self.items.values():
            found = {"fine": "absent" if item.lost else "there", "404": "absent"}.get(self.weather, "")
            self.served.setdefault(item.number, [""] * self.day).append(found)

    # ------------------------------------------------------------------------------------ what it says

    def answer(self, path: str) -> tuple[int, dict[str, str], str] | None:
        """Return status, headers and body for a path; None to close the connection without a word."""
        if self.weather == "closed":
            return None
        if path == "/robots.txt":
            return 200, {"Content-Type": "text/plain"}, "User-agent: *\nAllow: /\n"
        if self.weather == "500":
            return 500, {}, "<h1>500</h1>"
        if self.weather == "challenge":
            return 503, {"Retry-After": "3600"}, "<title>Just a moment...</title>"
        section, _, rest = path.removeprefix("/").partition("/")
        if rest:
            number, _, slug = rest.removesuffix(".html").partition("-")
            return self._article(section, self.items.get(int(number)), slug)
        section, _, page = section.partition("?trang=")
        return self._listing(section, int(page or 1)) if section in SECTIONS else (200, {}, "<h1>Portal</h1>")

    def _article(self, section: str, item: Item | None, slug: str) -> tuple[int, dict[str, str], str]:
        if item is None or self.weather == "404":
            return 404, {}, "<h1>404</h1>"
        answers = item.answers(section, slug)
        if answers == "moved":
            return 301, {"Location": self._path(item, section)}, ""
        if answers == "home":
            return 302, {"Location": "/"}, ""
        if answers != "there":
            return int(answers), {}, "<h1>404</h1>"
        since, text = item.texts[-1]
        headers = {
            "etag": {"ETag": f'"{item.number}-{since}"'},
            "modified": {"Last-Modified": f"{BEGINNING + since * DAY:%a, %d %b %Y %H:%M:%S GMT}"},
            "none": {},
        }[item.validators]
        self._views += 1
        return (
            200,
            headers,
            (
                f"<div class=menu>Hôm nay là ngày {self.day}</div><h1>Tin số {item.number}</h1>"
                f"<div class=body><p>{text}</p></div><p>Lượt xem: {self._views}</p>"
            ),
        )

    def _path(self, item: Item, section: str) -> str:
        return f"/{section}/{item.number}-{item.slugs[-1]}.html"

    def _listing(self, section: str, page: int) -> tuple[int, dict[str, str], str]:
        items = [i for i in reversed(self.items.values()) if section in i.sections and not i.lost]
        shown = items[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        links = "".join(f'<h3><a href="{self._path(i, section)}">x</a></h3>' for i in shown)
        more = f'<a href="/{section}?trang={page + 1}">Sau</a>' if page * ON_A_PAGE < len(items) else ""
        return 200, {}, f"{links}<div class=pager>{more}</div>"

    @contextmanager
    def running(self) -> Iterator[int]:
        """Serve the portal while the block runs; give the port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(portal: Portal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            found = portal.answer(self.path)
            if found is None:
                self.close_connection = True
                return
            status, headers, body = found
            for name, asked in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")):
                if name in headers and self.headers.get(asked) == headers[name]:
                    status, body = 304, ""
            self.send_response(status)
            for name, value in ({"Content-Type": "text/html; charset=UTF-8"} | headers).items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


# ------------------------------------------------------------------------------------------- the archive


@dataclass(slots=True)
class Year:
    """What came of the crawls; `differences` are where the archive was not as the portal had been."""

    days: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    stopped: int = 0
    articles: int = 0
    versions: int = 0
    tombstones: int = 0
    captures: int = 0
    slowest_change: int = 0
    slowest_tombstone: int = 0
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)


def simulate(folder: Path, *, days: int, recheck_days: float, seed: int = 1) -> Year:
    """Crawl a portal once a day into a new archive; compare the archive with the truth every day."""
    began = time.monotonic()
    create(folder, ("portal",))
    (folder / "portals" / "portal.toml").write_text(PROFILE)
    config = replace(load_config(folder), recheck_days=recheck_days)
    portal, year, clock = Portal(seed), Year(days=days), SimulatedClock()
    profile = load_profile("portal", config.profile_folder)
    with portal.running() as port, Archive(config, clock) as archive:
        checks = _Checks(archive, portal, year, recheck_days)
        with closing(Fetcher(connect_to={HOST: ("127.0.0.1", port)}, clock=clock)) as fetcher:
            for day in range(days):
                portal.dawn(day)
                # A timer with a random delay (systemd's RandomizedDelaySec), or a machine that was off.
                clock.move_to(BEGINNING + day * DAY + timedelta(minutes=portal.random.randint(0, 120)))
                report = crawl_portal(archive, profile, fetcher, silent, clock)
                year.outcomes.update(report.articles)
                year.stopped += report.stopped is not None
                done, queued = archive.frontier("portal").counts()
                checks.compare(is_whole=done == queued, is_asking=report.stopped is not None)
        checks.finish()
    year.seconds = time.monotonic() - began
    return year


class _Checks:
    """Compares an archive with the portal, day by day."""

    def __init__(self, archive: Archive, portal: Portal, year: Year, recheck_days: float) -> None:
        self._archive, self._portal, self._year = archive, portal, year
        self._promised = 0 if recheck_days <= 1 else int(recheck_days) + SLACK
        self._asking: list[bool] = []
        self._seen: dict[int, list[str]] = {}  # by article, what a daily visitor would have read

    def compare(self, *, is_whole: bool, is_asking: bool) -> None:
        """Note every difference of this day; a run that asks believes no tombstone."""
        portal = self._portal
        self._asking.append(is_asking)
        if portal.weather == "fine" and is_whole:
            for item in portal.items.values():
                texts = self._seen.setdefault(item.number, [])
                if not item.lost and item.text not in texts:
                    texts.append(item.text)
        held = self._held()
        for number, texts in self._seen.items():
            if not texts:
                continue
            if number not in held:
                self._differ(f"article {number} is not there")
                continue
            self._compare_text(portal.items[number], held[number].text)
            self._compare_tombstone(portal.items[number], held[number].gone_at)
        for number in held.keys() - portal.items.keys():
            self._differ(f"article {number} was made up")

    def _held(self) -> dict[int, SimpleNamespace]:
        with self._archive.reading() as db:
            found = list(articles.documents(db))
            gone = {d.article.id: articles.find(db, d.article.id).gone_at for d in found}
        numbers = Counter(int(d.article.number) for d in found)
        for number in (n for n, times in numbers.items() if times > 1):
            self._differ(f"article {number} is there twice")
        return {
            int(d.article.number): SimpleNamespace(text=d.article.blocks[0].text, gone_at=gone[d.article.id])
            for d in found
        }

    def _compare_text(self, item: Item, text: str) -> None:
        texts = [known for _, known in item.texts]
        if text not in texts:
            self._differ(f"article {item.number} holds {text!r}, which it never said")
        elif not item.lost and text != item.text and self._portal.weather == "fine":
            stale_since = item.texts[texts.index(text) + 1][0]
            stale = self._days_of_service(item, stale_since)
            self._year.slowest_change = max(self._year.slowest_change, stale)
            if stale > self._promised:
                self._differ(f"article {item.number} is {stale} days old")

    def _days_of_service(self, item: Item, since: int) -> int:
        """Return on how many days since then (today included) the page could be had."""
        return self._portal.served[item.number][since:].count("there")

    def _compare_tombstone(self, item: Item, gone_at: datetime | None) -> None:
        served = self._portal.served[item.number]
        absent_for = next((n for n, found in enumerate(reversed(served)) if found == "there"), len(served))
        if gone_at:
            if absent_for < 7:
                self._differ(f"article {item.number} is called gone, and was there {absent_for} days ago")
            return
        if not item.lost or self._asking[-1]:
            return
        days = range(len(served) - absent_for, len(served))
        late = sum(self._portal.weathers[day] == "fine" and not self._asking[day] for day in days) - 1
        self._year.slowest_tombstone = max(self._year.slowest_tombstone, late)
        if late > self._promised + TOMBSTONE:
            self._differ(f"article {item.number} is lost for {late} days and has no tombstone")

    def finish(self) -> None:
        """Count what is there; audit the archive, and derive it anew to compare."""
        year, archive = self._year, self._archive
        year.done = self._portal.done
        with archive.reading() as db:
            state = _state(archive)
            year.articles = len(state["articles"])
            year.tombstones = sum(row.gone_at is not None for row in state["articles"])
            year.versions = len(state["versions"])
            year.captures = len(db.execute(select(catalogue.captures.c.id)).all())
        if not self._promised:
            wanted = sum(len(texts) for texts in self._seen.values())
            if year.versions != wanted:
                self._differ(f"{year.versions} versions instead of {wanted}")
        for problem in audit(archive, silent).problems:
            self._differ(f"audit: {problem}")
        if _rebuilt(archive.config.folder) != state:
            self._differ("a rebuild comes to something else")

    def _differ(self, what: str) -> None:
        self._year.differences.append(f"day {self._portal.day} ({self._portal.weather}): {what}")


def _state(archive: Archive) -> dict[str, list]:
    a, v = catalogue.articles.c, catalogue.versions.c
    with archive.reading() as db:
        return {
            "articles": db.execute(select(catalogue.articles).order_by(a.id)).all(),
            "versions": db.execute(select(catalogue.versions).order_by(v.article, v.version)).all(),
        }


def _rebuilt(folder: Path) -> dict[str, list]:
    """Return what a copy of the archive without its catalogue says after a rebuild."""
    copy = folder.with_name(f"{folder.name}-rebuilt")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("catalogue.sqlite*"))
    with Archive(load_config(copy)) as archive:
        rebuild(archive, SimpleNamespace(rebuild=list))
        return _state(archive)


def _printed(title: str, year: Year) -> None:
    print(f"{title}: {year.days} days, {year.seconds:.0f} s")
    print("  the portal: " + ", ".join(f"{n} {what}" for what, n in year.done.items() if n))
    print("  the crawls: " + ", ".join(f"{n} {what}" for what, n in year.outcomes.most_common()))
    print(
        f"  the archive: {year.articles} articles, {year.versions} versions, {year.tombstones} tombstones, "
        f"{year.captures} captures; {year.stopped} runs stopped"
    )
    print(
        f"  at most {year.slowest_change} days behind a change, {year.slowest_tombstone} behind a loss; "
        f"{len(year.differences)} differences"
    )
    for difference in year.differences[:20]:
        print(f"    {difference}", flush=True)


def main() -> None:
    """Run both and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for title, recheck_days, days in (
            ("the default intervals", 30, options.days),
            ("every page every day", 1, options.days // 4),
        ):
            place = Path(folder) / f"every-{recheck_days}"
            found.append(simulate(place, days=days, recheck_days=recheck_days, seed=options.seed))
            _printed(title, found[-1])
    sys.exit(any(year.differences for year in found))


if __name__ == "__main__":
    main()
