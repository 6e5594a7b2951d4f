"""One portal that does everything wrong: a crawl of it ends, names each fault, and takes little memory."""

import gzip
import json
import re
import resource
import socket
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from crawling import FakeClock
from servers import Peer, drip_after, send

from archive_search.archive import Archive, captures, create, runs
from archive_search.archive.audit import audit
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.markup import MAX_TAGS
from archive_search.pipeline import crawl_portal
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import Outcome

HOST, NO_TLS = "portal.test", "no-tls.test"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TEXT = "Ủy ban nhân dân thành phố đã ban hành kế hoạch phòng, chống thiên tai năm nay. " * 5
PAGE = f"<html><body><h1>Kế hoạch phòng chống thiên tai</h1><p>{TEXT}</p><p>{TEXT}</p></body></html>".encode()
SMALL = Politeness(delay_s=0, deadline_s=0.3, max_bytes=300_000, max_failures=1000)
LARGE = Politeness(delay_s=0, max_failures=1000)  # with the bounds that a profile has by itself

NEW, FAILED, REDIRECTED = Outcome.NEW, Outcome.FAILED, Outcome.REDIRECTED
LATE = "the body was not there within the deadline"
SILENT = "no answer within the deadline"
BROKEN = "the response broke off"
NO_HTTP = "the answer is not valid HTTP"


def page(body, *headers, status=b"200 OK"):
    """Return what sends a body with its right length."""
    lines = [b"HTTP/1.1 " + status, b"Connection: close", *headers, b"Content-Length: %d" % len(body)]
    return send(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def html(body, *headers, **options):
    return page(body, b"Content-Type: text/html; charset=utf-8", *headers, **options)


def redirect(location):
    return html(b"", b"Location: " + location, status=b"302 Found")


def endless(start, block):
    def behaviour(peer):
        peer.send(start)
        while True:
            peer.send(block)

    return behaviour


def bomb(wbits):
    return zlib.compress(bytes(40_000_000), wbits=wbits)


CODED = {name: b"Content-Encoding: " + name.encode() for name in ("gzip", "deflate", "br")}
RAW = zlib.compress(PAGE, wbits=-15)

# What a page does, what comes of it, and a part of the reason that the report gives.
FAULTS = {
    "drip": (drip_after(OK + b"Content-Length: 100\r\n\r\n", b"x"), FAILED, LATE),
    "drip-chunks": (drip_after(CHUNKED, b"1\r\nx\r\n"), FAILED, LATE),
    "drip-trailers": (drip_after(CHUNKED + b"0\r\n", b"X: y\r\n"), FAILED, LATE),
    "silence": (Peer.wait, FAILED, SILENT),
    "silence-in-body": (send(OK + b"Content-Length: 9\r\n\r\n<p>", Peer.wait), FAILED, LATE),
    "slow-headers": (drip_after(OK, b"X: y\r\n"), FAILED, SILENT),
    "slow-status": (drip_after(b"HTTP/1.1 200 ", b"O"), FAILED, SILENT),
    "continue-flood": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), FAILED, NO_HTTP),
    "endless-headers": (endless(OK, b"X: y\r\n" * 50), FAILED, NO_HTTP),
    "huge-header": (send(OK + b"X: " + b"y" * 300_000 + b"\r\n\r\n"), FAILED, NO_HTTP),
    "two-lengths": (send(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n<p>"), FAILED, NO_HTTP),
    "http-0.9": (send(PAGE), FAILED, NO_HTTP),
    "garbage": (send(b"\x00\xff\xfe\x01" * 50 + b"\r\n\r\n"), FAILED, NO_HTTP),
    "ssh": (send(b"SSH-2.0-OpenSSH_9.2\r\n"), FAILED, NO_HTTP),
    "status-99999": (send(b"HTTP/1.1 99999 OK\r\n\r\n"), FAILED, NO_HTTP),
    "status-999": (html(PAGE, status=b"999 No"), FAILED, "HTTP 999"),
    "hang-up": (lambda peer: None, FAILED, "closed the connection without an answer"),
    "hang-up-after-100": (send(b"HTTP/1.1 100 Continue\r\n\r\n"), FAILED, "without an answer"),
    "reset": (Peer.reset, FAILED, BROKEN),
    "reset-in-body": (send(OK + b"Content-Length: 100\r\n\r\n<p>", Peer.reset), FAILED, BROKEN),
    "short-body": (send(OK + b"Content-Length: 9999\r\n\r\n" + PAGE), FAILED, BROKEN),
    "short-chunk": (send(CHUNKED + b"ffff\r\n<p>"), FAILED, BROKEN),
    "bad-chunk-size": (send(CHUNKED + b"tin\r\n<p>\r\n"), FAILED, BROKEN),
    "endless-body": (endless(OK + b"\r\n", b"x" * 65536), FAILED, "the body is over"),
    "endless-chunks": (endless(CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"), FAILED, "the body is over"),
    "huge-length": (
        send(OK + b"Content-Length: 99999999999\r\n\r\n", Peer.wait),
        FAILED,
        "99999999999 bytes",
    ),
    "video": (endless(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n", b"x" * 9), FAILED, "video/mp4"),
    "gzip-bomb": (html(bomb(31), CODED["gzip"]), FAILED, "decodes to more than"),
    "deflate-bomb": (html(bomb(15), CODED["deflate"]), FAILED, "decodes to more than"),
    "raw-deflate-bomb": (html(bomb(-15), CODED["deflate"]), FAILED, "decodes to more than"),
    "bomb-in-an-error": (html(bomb(31), CODED["gzip"], status=b"404 Not"), FAILED, "decodes to more than"),
    "no-gzip": (html(PAGE, CODED["gzip"]), FAILED, "broken gzip body"),
    "cut-gzip": (html(gzip.compress(PAGE)[:-20], CODED["gzip"]), FAILED, "the gzip body is cut off"),
    "unknown-coding": (html(PAGE, CODED["br"]), FAILED, "content coding 'br' is not supported"),
    "raw-deflate": (html(RAW, CODED["deflate"]), NEW, None),
    "deflate": (html(zlib.compress(PAGE), CODED["deflate"]), NEW, None),
    "length-too-short": (send(OK + b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE + b"x" * 99), NEW, None),
    "negative-length": (send(OK + b"Content-Length: -5\r\n\r\n" + PAGE), NEW, None),
    "length-in-words": (send(OK + b"Content-Length: tin\r\n\r\n" + PAGE), NEW, None),
    "header-without-colon": (send(OK + b"no colon\r\n\r\n" + PAGE), NEW, None),
    "no-content-type": (page(PAGE), NEW, None),
    "nul-bytes": (html(PAGE.replace(b" ", b" \x00")), NEW, None),
    "wrong-charset": (page(PAGE, b"Content-Type: text/html; charset=windows-1252"), NEW, None),
    "no-such-charset": (page(PAGE, b"Content-Type: text/html; charset=tin"), NEW, None),
    "cookies": (html(PAGE, *[b"Set-Cookie: c%d=%s" % (n, b"x" * 4000) for n in range(80)]), NEW, None),
    "binary": (html(bytes(range(256)) * 400), FAILED, "no title"),
    "empty": (html(b""), FAILED, "an empty page"),
    "status-line-only": (send(b"HTTP/1.1 200 OK\r\n\r\n"), FAILED, "an empty page"),
    "challenge": (
        html(b"<title>Just a moment...</title>", b"cf-mitigated: challenge", status=b"403 Forbidden"),
        Outcome.CHALLENGED,
        "stands in the page's place",
    ),
    "too-many-requests": (html(b"", b"Retry-After: 7", status=b"429 Too"), FAILED, "HTTP 429"),
    "unavailable": (html(b"", status=b"503 Service"), FAILED, "HTTP 503"),
    "redirect-to-itself": (redirect(b"/tin/redirect-to-itself"), REDIRECTED, "to /tin"),
    "redirect-to-a-file": (redirect(b"file:///etc/passwd"), REDIRECTED, "to file:///etc/passwd"),
    "redirect-to-metadata": (redirect(b"http://169.254.169.254/tin/1"), REDIRECTED, "to http://169.254"),
    "redirect-elsewhere": (redirect(b"http://khac.test/tin/1"), REDIRECTED, "to http://khac.test"),
    "redirect-nowhere": (redirect(b"http://["), REDIRECTED, "to http://["),
    "redirect-to-ssh": (redirect(b"http://portal.test:22/tin/1"), REDIRECTED, "to http://portal.test:22"),
    "redirect-too-long": (redirect(b"/tin/" + b"x" * 60_000), REDIRECTED, "to /tin/xxx"),
    "deep": (html(b"<div>" * 20_000 + PAGE), NEW, None),
}
DIVS, LINKS = b"<div>" * 2_000_000, b"<a href=a>" * 1_000_000
TOO_MANY = f"the page has over {MAX_TAGS:,} tags"
# These, with the larger ones of the others, are tried with the bounds that a profile has by itself.
BIG = {
    "nested": (html(DIVS), FAILED, TOO_MANY),
    "nested-and-gzipped": (html(gzip.compress(DIVS), CODED["gzip"]), FAILED, TOO_MANY),
    "a-million-links": (html(LINKS), FAILED, TOO_MANY),
    **{name: FAULTS[name] for name in FAULTS if re.search("endless|bomb|huge|video|cookies|deep", name)},
}


class Portal:
    """A server whose listing leads to the faults, each at the address of its name."""

    def __init__(self, faults, others):
        self._faults = faults
        self._others = others
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self._stopped = threading.Event()
        self.address = self._listener.getsockname()
        self.asked, self.cookies = [], []

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._stopped.set()
        self._listener.close()

    def _serve(self):
        while not self._stopped.is_set():
            try:
                sock = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._answer, args=(sock,), daemon=True).start()

    def _answer(self, sock):
        with sock:
            try:
                head = sock.recv(1_000_000)
                path = head.split(b" ")[1].decode() if head.startswith(b"GET ") else "?"
                self.asked.append(path)
                self.cookies.append(len((re.search(rb"(?im)^cookie:.*", head) or [b""])[0]))
                self._behaviour(path)(Peer(sock, self._stopped))
            except OSError:
                pass  # The crawler has had enough.

    def _behaviour(self, path):
        if path in self._others:
            return self._others[path]
        if path == "/":
            links = "".join(f"<a href='/tin/{name}'>x</a>" for name in [*self._faults, "hop-1"])
            return html(f"{links}<a href='http://{HOST}:22/tin/ssh-port'>x</a>".encode())
        if hop := re.fullmatch(r"/tin/hop-(\d+)", path):
            return redirect(b"/tin/hop-%d" % (int(hop[1]) + 1))
        name = path.removeprefix("/tin/")
        return self._faults[name][0] if name in self._faults else html(b"", status=b"404 Not Found")


def crawl_of(folder, faults, politeness, others=None):
    """Crawl the portal of these faults into a new archive; return the report, its entries and the portal.

    That it returns at all shows that nothing hangs.
    """
    create(folder)
    profile = Profile(
        name="portal",
        label="Portal",
        hosts=(HOST, NO_TLS),
        seeds=(f"http://{HOST}/", f"https://{NO_TLS}/"),
        article=ArticleRule(url="^/tin/"),
        listing=ListingRule(url="^/$"),
        politeness=politeness,
    )
    with Portal(faults, others or {}) as portal, Archive(load_config(folder)) as archive:
        fetcher = Fetcher(connect_to={HOST: portal.address, NO_TLS: portal.address})
        report = crawl_portal(archive, profile, fetcher, clock=FakeClock())
        fetcher.close()
        with archive.reading() as db:
            entries = {entry.url: entry for entry in runs.entries(db, report.run)}
    return report, entries, portal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("faulty") / "archive"


@pytest.fixture(scope="module")
def crawled(folder):
    return crawl_of(folder, FAULTS, SMALL)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_in_the_report_with_its_reason(crawled, name):
    _, outcome, reason = FAULTS[name]
    entry = crawled[1][f"http://{HOST}/tin/{name}"]
    assert entry.outcome is outcome, entry
    assert reason in entry.reason if reason else not entry.reason, entry


def test_what_failed_is_a_problem_of_the_report(crawled):
    told = {problem.url for problem in crawled[0].problems}
    failed = {f"http://{HOST}/tin/{name}" for name, (_, outcome, _) in FAULTS.items() if outcome is FAILED}
    assert failed <= told


def test_redirects_without_an_end_are_followed_ten_times(crawled):
    assert "/tin/hop-11" in crawled[2].asked
    assert "/tin/hop-12" not in crawled[2].asked
    assert "over 10 redirects in a row" in crawled[1][f"http://{HOST}/tin/hop-12"].reason


def test_a_link_to_a_port_that_is_none_of_the_portals_is_refused(crawled):
    entry = crawled[1][f"http://{HOST}:22/tin/ssh-port"]
    assert (entry.outcome, entry.reason) == (Outcome.REFUSED, "its port is none of the portal's")


def test_a_redirect_to_another_host_is_recorded_and_not_followed(crawled):
    assert {entry.split("/")[2] for entry in crawled[1]} == {HOST, NO_TLS, f"{HOST}:22"}


def test_a_server_without_tls_is_told_of(crawled):
    entry = crawled[1][f"https://{NO_TLS}/robots.txt"]
    assert (entry.outcome, entry.reason) == (FAILED, "no TLS connection to the server")
    assert f"robots.txt of https://{NO_TLS} cannot be had" in crawled[0].stopped


def test_a_page_that_sets_cookies_without_measure_does_not_spoil_the_next_requests(crawled):
    assert "/tin/cookies" in crawled[2].asked
    assert max(crawled[2].cookies) < 8192


def test_what_came_of_a_truncated_page_is_in_the_archive(crawled, folder):
    with Archive(load_config(folder)) as archive:
        with archive.reading() as db:
            stored = captures.of_url(db, f"http://{HOST}/tin/short-body")[-1]
        capture = archive.read(stored)
    assert (capture.payload, capture.truncated) == (PAGE, "disconnect")


def test_the_archive_of_a_faulty_portal_is_in_order(crawled, folder):
    with Archive(load_config(folder)) as archive:
        assert not audit(archive, lambda *_: None).problems


@pytest.mark.parametrize("path", ["/robots.txt", "/"])
def test_what_did_not_arrive_whole_is_not_read(tmp_path, path):
    whole = {"/robots.txt": b"User-agent: *\nDisallow: /cam", "/": b"<a href=/tin/good>x</a>"}
    lost = {path: send(OK + b"Content-Length: 9999\r\n\r\n" + whole[path])}
    faults = {"good": (html(PAGE), NEW, None)}
    _, entries, portal = crawl_of(tmp_path / "archive", faults, SMALL, lost)
    assert (entries[f"http://{HOST}{path}"].outcome, entries[f"http://{HOST}{path}"].reason) == (
        FAILED,
        BROKEN,
    )
    assert "/tin/good" not in portal.asked


def measure(folder):
    """Print how much the memory of this process grows as it crawls the large faults, and the report."""
    crawl_of(folder / "small", {"good": (html(PAGE), NEW, None)}, LARGE)  # what any crawl takes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, entries, _ = crawl_of(folder / "large", BIG, LARGE)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    reasons = {url.rpartition("/")[2]: entry.reason for url, entry in entries.items()}
    print(json.dumps({"grown": grown * 1024, "reasons": reasons}))


def test_no_fault_takes_much_memory_with_the_bounds_of_a_profile(tmp_path):
    command = "import sys, pathlib, test_faulty_servers as t; t.measure(pathlib.Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", command, tmp_path], cwd=Path(__file__).parent, capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    for name, (_, _, reason) in BIG.items():
        assert (reason or "") in found["reasons"][name], name
    assert found["grown"] < 50_000_000
