"""Fetching: what is kept of good servers, and how the others fail, on real sockets of this machine."""

import gzip
import hashlib
import socket
import threading
import tracemalloc
import zlib
from contextlib import closing

import pytest
from click.testing import CliRunner
from conftest import reply
from hypothesis import given
from hypothesis import strategies as st
from servers import CHUNKED, HOST, OK, Peer, drip_after, send, serving

from archive_search.archive import create
from archive_search.cli import main
from archive_search.crawler import Fetcher
from archive_search.crawler.addresses import not_public
from archive_search.crawler.discover import FILE
from archive_search.errors import AddressRefused, FetchFailed, ResponseTooLarge
from archive_search.portals import Politeness
from archive_search.records import Target

FAST = Politeness(delay_s=0, deadline_s=5, max_bytes=100_000)
HASTY = Politeness(delay_s=0, deadline_s=0.2, max_bytes=100_000)


@pytest.fixture
def fetcher(web):
    fetcher = Fetcher(contact="mailto:kho@luutru.test", connect_to={HOST: ("127.0.0.1", web.port)})
    yield fetcher
    fetcher.close()


# ------------------------------------------------------------------------------------ good servers


def test_a_capture_is_what_the_server_sent(web, fetcher):
    web.replies["/tin?x=1"] = reply(b"<p>tin</p>", Set_Cookie="a=1", ETag='"7"')
    capture = fetcher.fetch(Target(url=f"http://{HOST}/tin?x=1", priority=0), FAST)
    assert (capture.status, capture.payload, capture.header("etag")) == (200, b"<p>tin</p>", '"7"')
    assert capture.ip_address == "127.0.0.1"
    assert dict(capture.request_headers)["Host"] == HOST


def test_a_request_says_who_we_are_and_how_to_reach_us(web, fetcher):
    web.replies["/"] = reply()
    fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    ((_, headers),) = web.requests
    assert "archive-search/" in headers["User-Agent"]
    assert "mailto:kho@luutru.test" in headers["User-Agent"]
    assert headers["Host"] == HOST


def test_a_known_page_is_asked_for_changes_only(web, fetcher):
    web.replies["/"] = reply(status=304)
    target = Target(
        url=f"http://{HOST}/", priority=0, etag='"7"', last_modified="Tue, 12 Jul 2022 00:00:00 GMT"
    )
    assert fetcher.fetch(target, FAST).status == 304
    ((_, headers),) = web.requests
    assert headers["If-None-Match"] == '"7"'
    assert headers["If-Modified-Since"] == "Tue, 12 Jul 2022 00:00:00 GMT"


def test_a_gzipped_body_is_kept_gzipped(web, fetcher):
    body = gzip.compress(b"<p>tin</p>")
    web.replies["/"] = reply(body, Content_Encoding="gzip")
    assert fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST).payload == body


def test_a_chunked_body_is_put_together_and_its_header_renamed(web, fetcher):
    def chunked(handler):
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"3\r\n<p>\r\n3\r\ntin\r\n0\r\n\r\n")

    web.replies["/"] = chunked
    capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    assert capture.payload == b"<p>tin"
    assert capture.header("Transfer-Encoding") is None
    assert capture.header("X-Archive-Orig-Transfer-Encoding") == "chunked"


def test_a_redirect_is_a_capture_of_its_own(web, fetcher):
    web.replies["/"] = reply(status=301, Location="/tin")
    capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    assert (capture.status, capture.header("Location")) == (301, "/tin")
    assert web.paths == ["/"]


def test_a_body_over_the_cap_is_refused(web, fetcher):
    web.replies["/"] = reply(b"x" * 200_000)
    with pytest.raises(ResponseTooLarge, match="would be 200000 bytes, over 100000"):
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)


def test_a_url_with_a_name_of_another_script_is_asked_for_by_its_ascii_name(web):
    ascii_name = "tỉnh.test".encode("idna").decode()
    web.replies["/"] = reply(b"<p>tin</p>")
    fetcher = Fetcher(connect_to={ascii_name: ("127.0.0.1", web.port)})
    assert fetcher.fetch(Target(url="http://tỉnh.test/", priority=0), FAST).status == 200
    assert web.requests[0][1]["Host"] == ascii_name
    fetcher.close()


@pytest.mark.parametrize("status", [200, 204, 301, 304, 404])
def test_a_response_without_a_body_tells_its_address_too(web, fetcher, status):
    web.replies["/"] = reply(status=status, Location="/tin")
    for _ in ("a new connection", "the same again"):
        capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
        assert (capture.status, capture.ip_address, capture.payload) == (status, "127.0.0.1", b"")


def test_the_body_of_a_redirect_is_kept(web, fetcher):
    web.replies["/"] = reply(b"<a href=/tin>tin</a>", status=302, Location="/tin")
    capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    assert capture.payload == b"<a href=/tin>tin</a>"


def test_a_redirect_to_itself_is_one_capture_with_every_fetch(web, fetcher):
    web.replies["/"] = reply(status=302, Location="/")
    assert [fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST).status for _ in "ab"] == [302, 302]
    assert web.paths == ["/", "/"]


@pytest.mark.parametrize("location", ["http://[", "http://:port/", "//", "\x7f"])
def test_a_redirect_to_nowhere_is_kept_as_it_was_sent(web, fetcher, location):
    web.replies["/"] = reply(status=302, Location=location)
    assert fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST).header("Location") == location


# -------------------------------------------------------------------------------- ---- addresses


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("127.8.8.8", "loopback"),
        ("169.254.169.254", "link-local"),
        ("100.64.0.1", "carrier-grade NAT"),
        ("100.127.255.255", "carrier-grade NAT"),
        ("224.0.0.251", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("0.0.0.1", "reserved"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("198.18.0.1", "benchmarking"),
        ("203.0.113.9", "documentation"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::7f00:1", "reserved"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:192.168.1.1", "private"),
        ("64:ff9b::7f00:1", "NAT64"),
        ("64:ff9b:1:2::a00:1", "NAT64"),
        ("2002:7f00:1::1", "6to4"),
        ("2001:0:a00:1::f5ff:fffe", "Teredo"),
        ("fd12:3456::1", "unique-local"),
        ("fe80::1%lo", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("4000::1", "reserved"),
        ("100::1", "reserved"),
        ("5f00::1", "reserved"),
        ("2001:2::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("3fff:fff::1", "documentation"),
        ("192.0.0.170", "reserved"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.1", "documentation"),
        ("192.88.99.1", "6to4"),
    ],
)
def test_an_address_that_is_not_public_is_told_by_its_kind(address, kind):
    assert not_public(address) == kind


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "100.128.0.0", "172.32.0.1", "::ffff:8.8.8.8", "2001:4860:4860::8888"],
)
def test_an_address_of_the_public_internet_may_be_connected_to(address):
    assert not_public(address) is None


@given(st.ip_addresses())
def test_what_python_knows_as_not_public_is_not_connected_to(ip):
    # The registries of IANA as they were when the running Python was made.
    assert (ip.is_global and not ip.is_multicast) or not_public(str(ip))


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "0", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_public_is_refused_before_anything_is_sent(web, host):
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", web.port)})
    with pytest.raises(AddressRefused, match="no public address") as error:
        fetcher.fetch(Target(url=f"http://{host}:{web.port}/", priority=0), FAST)
    assert "loopback" in error.value.reason or "unspecified" in error.value.reason
    assert web.requests == []
    fetcher.close()


def resolving(monkeypatch, *answers):
    """Make every look-up of a name give the next of these answers; return the names looked up."""
    looked_up, rest = [], list(answers)

    def getaddrinfo(host, port, *args, **kwargs):
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in rest.pop(0)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return looked_up


def test_a_name_is_looked_up_once_so_that_it_cannot_be_rebound(web, monkeypatch):
    connected = []

    def connect(sock, address):
        connected.append(address[0])
        raise ConnectionRefusedError

    looked_up = resolving(monkeypatch, ["203.0.114.9"], ["127.0.0.1"])
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FetchFailed, match="no connection"):
        Fetcher().fetch(Target(url=f"http://rebound.test:{web.port}/", priority=0), FAST)
    assert (looked_up, connected) == (["rebound.test"], ["203.0.114.9"])


def test_a_name_that_is_rebound_is_refused_with_the_next_connection(web, monkeypatch):
    resolving(monkeypatch, ["127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"rebound\.test is at 127\.0\.0\.1 \(loopback\)"):
        Fetcher().fetch(Target(url=f"http://rebound.test:{web.port}/", priority=0), FAST)
    assert web.requests == []


def test_of_several_addresses_only_the_public_ones_are_connected_to(monkeypatch):
    connected = []

    def connect(sock, address):
        connected.append(address[0])
        raise ConnectionRefusedError

    resolving(monkeypatch, ["10.0.0.1", "203.0.114.9", "127.0.0.1", "203.0.114.10"])
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FetchFailed, match="no connection"):
        Fetcher().fetch(Target(url="http://mixed.test/", priority=0), FAST)
    assert connected == ["203.0.114.9", "203.0.114.10"]


def test_an_address_that_cannot_be_reached_is_no_reason_to_leave_out_the_next(web, monkeypatch):
    dead = socket.create_server(("127.0.0.1", 0))
    port = dead.getsockname()[1]
    dead.close()
    web.replies["/"] = reply(b"<p>tin</p>")
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", p)) for p in (port, web.port)]
    answer.insert(0, (socket.AF_APPLETALK, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answer)
    fetcher = Fetcher(connect_to={HOST: ("web.test", web.port)})
    assert fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST).ip_address == "127.0.0.1"
    fetcher.close()


def test_a_redirect_to_this_machine_is_refused_at_its_own_hop(web, fetcher):
    web.replies["/"] = reply(status=302, Location=f"http://127.0.0.1:{web.port}/secret")
    capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    with pytest.raises(AddressRefused):
        fetcher.fetch(Target(url=capture.header("Location"), priority=0), FAST)
    assert web.paths == ["/"]


def test_an_address_without_a_port_is_asked_at_that_of_the_url(web):
    web.replies["/"] = reply(b"<p>tin</p>")
    with closing(Fetcher(connect_to={HOST: ("127.0.0.1", 0)})) as fetcher:
        capture = fetcher.fetch(Target(url=f"http://{HOST}:{web.port}/", priority=0), FAST)
    assert (capture.payload, capture.ip_address) == (b"<p>tin</p>", "127.0.0.1")


ON_A_NETWORK_OF_ITS_OWN = """
name = "noibo"
label = "Nội bộ"
hosts = ["portal.test"]
seeds = ["http://portal.test/"]
listing.url = "^/$"
politeness.delay_s = 0
[connect_to]
"portal.test" = "127.0.0.1:{port}"
"""


def test_a_crawl_asks_a_host_of_a_private_network_where_its_profile_says(web, tmp_path):
    web.replies["/"] = reply(b"<p>tin</p>")
    create(tmp_path, ["noibo"])
    (tmp_path / "portals").mkdir(exist_ok=True)
    text = ON_A_NETWORK_OF_ITS_OWN.format(port=web.port)
    (tmp_path / "portals" / "noibo.toml").write_text(text, encoding="utf-8")
    CliRunner().invoke(main, ["-C", str(tmp_path), "crawl"], catch_exceptions=False)
    assert web.paths == ["/robots.txt", "/"]


# ---------------------------------------------------------------------------------- broken servers

BOMB = gzip.compress(bytes(20_000_000))
GZIPPED = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Peer.wait, "no answer within the deadline"),
        (drip_after(OK, b"X: y\r\n", b"\r\n"), "no answer within the deadline"),
        (drip_after(b"HTTP/1.1 200 ", b"O", b"\r\n\r\n"), "no answer within the deadline"),
        (drip_after(b"", b"HTTP/1.1 100 Continue\r\n\r\n", OK + b"\r\n"), "no answer within the deadline"),
        (send(OK + b"Content-Length: 9\r\n\r\n<p>", Peer.wait), "the body was not there within the deadline"),
        (drip_after(OK + b"Content-Length: 100\r\n\r\n", b"x"), "the body was not there within the deadline"),
        (drip_after(OK + b"\r\n", b"x"), "the body was not there within the deadline"),
        (drip_after(CHUNKED, b"1\r\nx\r\n", b"0\r\n\r\n"), "the body was not there within the deadline"),
        (drip_after(CHUNKED + b"0\r\n", b"X: y\r\n", b"\r\n"), "the body was not there within the deadline"),
    ],
)
def test_a_server_that_takes_its_time_runs_into_the_deadline(behaviour, reason):
    with serving(behaviour) as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), HASTY)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (lambda peer: None, "the server closed the connection without an answer"),
        (Peer.reset, "the response broke off"),
        (send(b"\x00\xff\xfe garbage\r\n\r\n"), "the answer is not valid HTTP"),
        (send(b"<html>HTTP/0.9</html>"), "the answer is not valid HTTP"),
        (send(b"HTTP/1.1 OK\r\n\r\n"), "the answer is not valid HTTP"),
        (send(b"HTTP/1.1 99999 OK\r\n\r\n"), "the answer is not valid HTTP"),
        (send(b"SSH-2.0-OpenSSH_9.2\r\n"), "the answer is not valid HTTP"),
        (send(b"HTTP/1.1 200 " + b"O" * 100_000), "the answer is not valid HTTP"),
        (send(OK + b"X: " + b"y" * 300_000 + b"\r\n\r\n"), "the answer is not valid HTTP"),
        (send(OK + b"X: y\r\n" * 1001 + b"\r\n"), "the answer is not valid HTTP"),
        (send(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n<p>"), "the answer is not valid HTTP"),
        (send(OK + b"Content-Length: 100\r\n\r\n<p>"), "the response broke off"),
        (send(OK + b"Content-Length: 100\r\n\r\n<p>", Peer.reset), "the response broke off"),
        (send(CHUNKED + b"3\r\n<p>\r\n"), "the response broke off"),
        (send(CHUNKED + b"ffffff\r\n<p>"), "the response broke off"),
        (send(CHUNKED + b"tin\r\n<p>\r\n"), "the response broke off"),
        (send(CHUNKED + b"-3\r\n<p>\r\n"), "the response broke off"),
        (send(CHUNKED + b"3;" + b"x" * 100_000), "the answer is not valid HTTP"),
        (
            send(OK + b"Content-Length: 999999999\r\n\r\n", Peer.wait),
            "the body would be 999999999 bytes, over 100000",
        ),
        (
            send(OK + b"Content-Type: video/mp4\r\n\r\n", Peer.wait),
            "video/mp4 where a page should be; its body is left out",
        ),
        (send(OK + b"\r\n" + b"x" * 200_000, Peer.wait), "the body is over 100000 bytes"),
        (send(CHUNKED + b"30d40\r\n" + b"x" * 200_000, Peer.wait), "the body is over 100000 bytes"),
        (send(OK + GZIPPED), "the body decodes to more than 100000 bytes"),
        (send(b"HTTP/1.1 404 Not Found\r\n" + GZIPPED), "the body decodes to more than 100000 bytes"),
        (
            send(b"HTTP/1.1 302 Found\r\nLocation: /\r\n" + GZIPPED),
            "the body decodes to more than 100000 bytes",
        ),
    ],
)
def test_a_broken_response_fails_with_its_reason(behaviour, reason):
    with serving(behaviour) as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("answer", "payload"),
    [
        (OK + b"\r\n", b""),
        (OK + b"\r\n<p>to the end", b"<p>to the end"),
        (OK + b"Content-Length: -5\r\n\r\n<p>", b"<p>"),
        (OK + b"Content-Length: tin\r\n\r\n<p>", b"<p>"),
        (OK + b"no colon here\r\nContent-Length: 3\r\n\r\n<p>", None),
        (OK + b"Content-Encoding: gzip\r\n\r\n<p>no gzip", b"<p>no gzip"),
        (b"HTTP/1.0 200\r\n\r\n<p>", b"<p>"),
    ],
)
def test_an_odd_response_is_kept_as_it_was_sent(answer, payload, capfd):
    with serving(send(answer)) as fetcher:
        capture = fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    assert capture.ip_address == "127.0.0.1"
    assert payload is None or capture.payload == payload
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found\r\nLocation: /"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate"])
def test_a_decompression_bomb_takes_little_memory(status, coding):
    bits = {"gzip": 31, "deflate": 15, "raw deflate": -15}[coding]
    bomb = zlib.compress(bytes(20_000_000), wbits=bits)
    name = coding.removeprefix("raw ").encode()
    answer = b"HTTP/1.1 %s\r\nContent-Encoding: %s\r\n\r\n%s" % (status, name, bomb)
    with serving(send(answer)) as fetcher:
        tracemalloc.start()
        with pytest.raises(ResponseTooLarge):
            fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 5_000_000


# ------------------------------------------------------------------------------- truncated captures


@pytest.mark.parametrize(
    ("behaviour", "truncated", "payload"),
    [
        (drip_after(OK + b"Content-Length: 100\r\n\r\n<p>", b"", b""), "time", b"<p>"),
        (drip_after(CHUNKED + b"3\r\n<p>\r\n", b"", b""), "time", b"<p>"),
        (send(OK + b"Content-Length: 100\r\n\r\n<p>"), "disconnect", b"<p>"),
        (send(CHUNKED + b"3\r\n<p>\r\n"), "disconnect", b"<p>"),
        (send(CHUNKED + b"3\r\n<p>\r\ntin\r\n<p>\r\n"), "disconnect", b"<p>"),
        (send(OK + b"\r\n" + b"x" * 200_000), "length", b"x" * 100_000),
        (send(OK + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000), "length", b""),
        (send(OK + b"Content-Type: Video/MP4\r\n\r\nxyz"), "length", b""),
    ],
)
def test_what_came_of_a_body_that_did_not_come_whole_is_kept(behaviour, truncated, payload):
    with serving(behaviour) as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), HASTY)
    capture = error.value.capture
    assert (capture.status, capture.truncated, capture.ip_address) == (200, truncated, "127.0.0.1")
    assert capture.payload == payload
    assert capture.sha256 == hashlib.sha256(capture.payload).hexdigest()


def test_of_a_decompression_bomb_is_kept_what_came_of_it():
    with serving(send(OK + GZIPPED)) as fetcher, pytest.raises(ResponseTooLarge) as error:
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    capture = error.value.capture
    assert capture.payload and BOMB.startswith(capture.payload)
    assert (capture.truncated, capture.header("Content-Encoding")) == ("length", "gzip")


@pytest.mark.parametrize("behaviour", [lambda peer: None, Peer.reset, Peer.wait, send(b"HTTP/1.1 20")])
def test_without_headers_there_is_no_capture(behaviour):
    with serving(behaviour) as fetcher, pytest.raises(FetchFailed) as error:
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), HASTY)
    assert error.value.capture is None


def test_a_recording_that_an_article_links_to_is_fetched(web, fetcher):
    web.replies["/"] = reply(b"xyz", Content_Type="video/mp4")
    assert fetcher.fetch(Target(url=f"http://{HOST}/", priority=FILE), FAST).payload == b"xyz"


# --------------------------------------------------------------------------------------- no server


def test_a_url_that_is_none_fails_with_its_url(fetcher):
    with pytest.raises(FetchFailed, match="no valid URL"):
        fetcher.fetch(Target(url="http://portal.test:port/tin/1", priority=0), FAST)


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'a' * 64}.test/", "http:///tin", "http://[::1/"])
def test_a_host_that_no_name_can_be_fails_with_its_url(url):
    with pytest.raises(FetchFailed, match="no valid URL"):
        Fetcher().fetch(Target(url=url, priority=0), FAST)


def test_a_name_that_does_not_exist_fails_with_its_url(monkeypatch):
    def getaddrinfo(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(FetchFailed, match="cannot be resolved"):
        Fetcher().fetch(Target(url="http://gone.test/", priority=0), FAST)


def test_a_name_server_that_never_answers_runs_into_the_deadline(monkeypatch):
    stopped = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: stopped.wait(5) and [])
    with pytest.raises(FetchFailed) as error:
        Fetcher().fetch(Target(url="http://slow.test/", priority=0), HASTY)
    stopped.set()
    assert error.value.reason == "no answer within the deadline"


def test_a_server_that_is_not_there_fails_with_its_url():
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", 1)})
    with pytest.raises(FetchFailed, match="no connection") as error:
        fetcher.fetch(Target(url=f"http://{HOST}/tin", priority=0), FAST)
    assert error.value.url == f"http://{HOST}/tin"
    fetcher.close()


# ---------------------------------------------------------------------------------- headers as sent


def fetched(raw):
    with serving(send(raw)) as fetcher:
        return fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 302 Found\r\nLocation: /tin/Huyện\r\nContent-Length: 3\r\n\r\n".encode(),
        b"HTTP/1.0 404 Khong thay\r\nset-cookie: a=1\r\nX:  1 \r\nSET-cookie: b=2\r\n\r\n",
        b"HTTP/1.1 200\r\nX-T: \xe9\r\n folded\r\nContent-Length: 3\r\n\r\n",
        OK + b"no header\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 3\n\n",
    ],
)
def test_the_head_is_kept_octet_for_octet(head):
    assert fetched(head + b"tin").head == head


def test_a_header_is_utf_8_where_it_can_be():
    capture = fetched(OK + "X: kế hoạch\r\n".encode() + b"Y: \xe9\r\nContent-Length: 0\r\n\r\n")
    assert (capture.header("X"), capture.header("Y")) == ("kế hoạch", "é")


def test_what_follows_a_line_that_is_no_header_still_counts():
    with pytest.raises(FetchFailed) as error:
        fetched(OK + b"no header\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\ntin")
    assert error.value.capture.header("Content-Type") == "text/html"
    assert error.value.capture.truncated == "disconnect"


@pytest.mark.parametrize(
    "codings", [b"chunked", b"gzip, chunked", b"Chunked", b"gzip\r\nTransfer-Encoding: chunked"]
)
def test_chunks_are_taken_off_where_they_are_the_last_coding(codings):
    capture = fetched(OK + b"Transfer-Encoding: " + codings + b"\r\n\r\n3\r\ntin\r\n0\r\n\r\n")
    assert capture.payload == b"tin"
    assert b"\r\nTransfer-Encoding" not in capture.head


def test_a_coding_that_is_not_taken_off_keeps_its_header():
    capture = fetched(OK + b"Transfer-Encoding: gzip\r\n\r\ntin")
    assert (capture.payload, capture.header("Transfer-Encoding")) == (b"tin", "gzip")


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_answers_are_passed_over(status):
    interim = f"HTTP/1.1 {status} Hints\r\nLink: x\r\n\r\n".encode()
    capture = fetched(interim * 3 + OK + b"Content-Length: 3\r\n\r\ntin")
    assert (capture.status, capture.payload, capture.header("Link")) == (200, b"tin", None)


@pytest.mark.parametrize("more", [b"X: 1\r\n" * 900, b"X: " + b"1" * 200_000 + b"\r\n"])
def test_many_and_long_headers_are_read(more):
    assert fetched(OK + more + b"Content-Length: 3\r\n\r\ntin").payload == b"tin"
