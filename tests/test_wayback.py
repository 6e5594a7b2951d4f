"""Fetching from a Wayback Machine: a stand-in on loopback that speaks its CDX API and serves mementos."""

import gzip
import json
import re
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from test_importing import is_sound, page, rows

from archive_search.archive import captures
from archive_search.cli import main
from archive_search.clock import Clock
from archive_search.crawler.wayback import WaybackMachine
from archive_search.errors import ConfigError, FetchFailed
from archive_search.pipeline import Wanted, import_wayback
from archive_search.records import CaptureKind

ONE, TWO, OLD, LOST = (f"http://portal.test/{name}" for name in ("1", "2", "old", "lost"))


class StandIn:
    """A Wayback Machine of a few captures; the index hands out two rows at a time."""

    def __init__(self):
        self.captures = {
            (ONE, "20150101000000"): (200, page(1)),
            (ONE, "20160101000000"): (200, page(1)),  # a revisit: the machine resolves it
            (TWO, "20160101000000"): (200, page(2)),
            (OLD, "20170101000000"): (302, b""),
            (LOST, "20170101000000"): (404, b"<h1>404</h1>"),
        }
        self.revisits = {(ONE, "20160101000000")}
        self.unplayable = set()
        self.too_many = 0
        self.asked = []

    def index(self, query):
        """Return rows of the index as the CDX server writes them, and a key to go on with."""
        listed = []
        for (url, stamp), (status, _) in sorted(self.captures.items()):
            is_revisit = (url, stamp) in self.revisits
            if stamp < query.get("from", "") or stamp > query.get("to", "9").ljust(14, "9"):
                continue
            mime = "warc/revisit" if is_revisit else "text/html"
            said = "-" if is_revisit else status
            listed.append(f"test,portal)/ {stamp} {url} {mime} {said} ABC 100")
        begin = int(query.get("resumeKey", 0))
        more = ["", str(begin + 2)] if begin + 2 < len(listed) else []
        return "\n".join([*listed[begin : begin + 2], *more, ""])

    def answer(self, handler):
        """Answer as the machine does."""
        self.asked.append(handler.path)
        parts = urlsplit(handler.path)
        if self.too_many:
            self.too_many -= 1
            return 429, {"Retry-After": "7"}, b"slow down"
        if parts.path == "/cdx/search/cdx":
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            return 200, {"Content-Type": "text/plain"}, self.index(query).encode()
        stamp, url = re.fullmatch(r"/web/(\d{14})id_/(.+)", handler.path).groups()
        found = self.captures.get((url, stamp))
        if found is None or (url, stamp) in self.unplayable:
            return 404, {}, b"not in the archive"
        status, body = found
        date = datetime.strptime(stamp, "%Y%m%d%H%M%S").strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = {
            "Memento-Datetime": date,
            "Link": f'<{url}>; rel="original"',
            "Content-Type": "text/html; charset=UTF-8",
            "x-archive-orig-server": "Apache-Coyote/1.1",
            "x-archive-orig-content-encoding": "gzip",
            "Content-Encoding": "gzip",
        }
        if status == 302:
            headers["Location"] = f"https://web.archive.org/web/{stamp}id_/{TWO}"
        return status, headers, gzip.compress(body)


@pytest.fixture
def machine():
    machine = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = machine.answer(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    machine.address = f"http://127.0.0.1:{server.server_port}"
    yield machine
    server.shutdown()
    server.server_close()
    thread.join()


class Patient(Clock):
    """A clock whose pauses take no time and are remembered."""

    def __init__(self):
        self.slept = []

    def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.fixture
def fetch(archive, machine):
    clock = Patient()
    client = WaybackMachine(contact="an@portal.test", address=machine.address, clock=clock, per_second=0)

    def run(**wanted):
        return import_wayback(archive, client, Wanted(host="portal.test", **wanted))

    run.clock = clock
    yield run
    client.close()


def test_every_listed_capture_is_fetched_with_its_own_url_and_time(archive, fetch):
    report = fetch()
    assert [(row.url, row.captured_at, row.status) for row in rows(archive)] == [
        (ONE, "2015-01-01T00:00:00Z", 200),
        (ONE, "2016-01-01T00:00:00Z", 200),
        (TWO, "2016-01-01T00:00:00Z", 200),
        (LOST, "2017-01-01T00:00:00Z", 404),
        (OLD, "2017-01-01T00:00:00Z", 302),
    ]
    assert (report.counts, report.records) == ({"captures listed": 5}, {"warcinfo": 1, "response": 5})
    assert report.report.articles["new"] == 2
    assert is_sound(archive)


def test_a_revisit_in_the_index_comes_with_the_payload_of_its_original(archive, fetch):
    fetch()
    first, again = [row for row in rows(archive) if row.url == ONE]
    assert (again.kind, again.sha256) == (CaptureKind.ARTICLE, first.sha256)


def test_a_capture_has_the_payload_and_the_headers_that_the_portal_sent(archive, fetch):
    fetch()
    with archive.reading() as db:
        stored = captures.of_url(db, OLD)[0], captures.of_url(db, ONE)[0]
    moved, whole = (archive.read(one) for one in stored)
    assert moved.header("Location") == TWO
    assert (whole.payload, whole.header("Server")) == (page(1), "Apache-Coyote/1.1")
    assert whole.header("Content-Encoding") is None
    assert whole.header("X-Archive-Orig-Content-Encoding") == "gzip"


def test_where_captures_come_from_stands_in_their_file(archive, fetch):
    (name,) = fetch().files
    assert re.fullmatch(r"import-[0-9a-f]{12}-wayback-portal\.test\.warc\.gz", name)
    assert b"Wayback Machine" in gzip.decompress((archive.config.warc_folder / name).read_bytes())


def test_what_the_archive_has_is_not_fetched_again(archive, fetch, machine):
    fetch(end="2016")
    machine.asked.clear()
    report = fetch()
    assert (report.counts, report.records["response"]) == (
        {"captures listed": 5, "of these held already": 3},
        2,
    )
    assert len([path for path in machine.asked if path.startswith("/web/")]) == 2
    assert fetch().records == {}


@pytest.mark.parametrize(
    ("wanted", "count"),
    [({"begin": "2016", "end": "20161231"}, 2), ({"limit": 3}, 3), ({"begin": "2020"}, 0)],
)
def test_days_and_a_limit_say_what_is_fetched(archive, fetch, wanted, count):
    fetch(**wanted)
    assert len(rows(archive)) == count


def test_pages_only_asks_the_index_for_pages_and_revisits(fetch, machine):
    fetch(pages_only=True)
    (asked, *_) = machine.asked
    assert "mimetype" in parse_qs(urlsplit(asked).query)["filter"][0]


def test_a_capture_that_cannot_be_had_is_reported_and_fetched_by_the_next_run(archive, fetch, machine):
    machine.unplayable = {(TWO, "20160101000000")}
    report = fetch()
    (problem,) = [problem for problem in report.report.problems if problem.url == TWO]
    assert "2016-01-01 00:00:00" in problem.reason
    assert "no mementos" in problem.reason
    machine.unplayable = set()
    assert fetch().records["response"] == 1


def test_a_pause_that_is_asked_for_is_kept(archive, fetch, machine):
    machine.too_many = 2
    fetch()
    assert (fetch.clock.slept, len(rows(archive))) == ([7.0, 7.0], 5)


def test_a_machine_that_always_asks_for_pauses_is_left_alone(fetch, machine):
    machine.too_many = 100
    with pytest.raises(FetchFailed, match="again and again"):
        fetch()
    assert len(machine.asked) == 5


def test_the_machine_is_told_who_asks(fetch):
    client = WaybackMachine(contact="an@portal.test")
    assert "an@portal.test" in client._session.headers["User-Agent"]
    client.close()


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wayback", None)
    with pytest.raises(ConfigError, match=r"archive-search\[wayback\]"):
        WaybackMachine()


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result


def test_the_command_fetches_a_host_named_by_its_address(tmp_path, machine):
    run("-C", tmp_path, "init")
    args = (
        "import",
        "wayback",
        "http://portal.test/tin",
        "--from",
        "2017-01-01",
        "--machine",
        machine.address,
    )
    report = json.loads(run("-C", tmp_path, *args, "--limit", 1, "--json").stdout)[0]
    assert (report["source"], report["records"]) == ("portal.test", {"warcinfo": 1, "response": 1})


@pytest.mark.parametrize("args", [("no host",), ("portal.test", "--from", "yesterday")])
def test_the_command_refuses_what_is_no_host_or_no_day(tmp_path, args):
    run("-C", tmp_path, "init")
    run("-C", tmp_path, "import", "wayback", *args, code=2)
