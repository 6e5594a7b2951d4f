"""Pages behind a form: how a request with a body is kept in WARC files, and known again by a rebuild."""

from contextlib import closing

import pytest
from conftest import make_capture, reply
from crawling import FakeClock
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from archive_search.archive import Archive, catalogue, create
from archive_search.archive.warc import WarcWriter, read_capture
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.identity import known_by, method_of, request_url, sent_with, wire_url
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import crawl_portal, rebuild
from archive_search.portals import parse_profile
from archive_search.records import CaptureKind

HEAD = r"""
name = "portal"
label = "Cổng"
hosts = ["portal.test"]
seeds = ["http://portal.test/moi"]
[article]
url = '^/tin/(?P<number>\d+)'
[listing]
url = '^/moi$'
[politeness]
delay_s = 0
[paging]
on = '^/moi'
"""
BY_FORM = HEAD + 'kind = "post"\nurl = "/api?id=7"\nlast = 3\nform = { Page = "{page}", Site = "a+b" }'
BY_POSTBACK = HEAD + "kind = 'viewstate'\nlast = 3"
PAGE = b"""<form method="post" action="/moi"><input type="hidden" name="__VIEWSTATE" value="s1">
<a href="javascript:__doPostBack('next','')">Sau</a><a href="/tin/1">Tin</a></form>"""


@pytest.fixture(params=[BY_FORM, BY_POSTBACK])
def crawled(request, web, tmp_path):
    """An archive of a listing with three pages, two of them behind a form."""
    create(tmp_path)
    (tmp_path / "portals").mkdir(exist_ok=True)
    (tmp_path / "portals" / "portal.toml").write_text(request.param, encoding="utf-8")

    def another(handler):
        reply(PAGE.replace(b"/tin/1", b"/tin/%d" % len(web.bodies)))(handler)

    web.replies |= {"/moi": another, "/api?id=7": another}
    clock = FakeClock()
    with Archive(load_config(tmp_path), clock) as archive:
        with closing(Fetcher(connect_to={"portal.test": ("127.0.0.1", web.port)}, clock=clock)) as fetcher:
            crawl_portal(archive, parse_profile(request.param, source="test"), fetcher, clock=clock)
        yield archive


def rows(archive):
    table = catalogue.captures
    columns = (
        table.c.url,
        table.c.captured_at,
        table.c.kind,
        table.c.sha256,
        table.c.status,
    )
    with archive.reading() as db:
        return [tuple(row) for row in db.execute(select(*columns).order_by(table.c.url))]


def test_a_rebuild_knows_the_pages_behind_a_form_again(crawled, tmp_path):
    before = rows(crawled)
    assert [row[2] for row in before if "__wb_method=POST" in row[0]] == [CaptureKind.LISTING] * 2
    rebuild(crawled, WhooshEngine(tmp_path / "index"))
    assert rows(crawled) == before


def test_a_record_tells_the_address_that_was_asked_and_the_request_what_was_sent(crawled, web):
    asked = []
    for path in crawled.warc_files():
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                if record.rec_type == "request" and record.http_headers.protocol == "POST":
                    asked.append(
                        (record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read())
                    )
    assert [body for _, body in asked] == web.bodies
    assert {url for url, _ in asked} <= {"http://portal.test/moi", "http://portal.test/api?id=7"}


@pytest.mark.parametrize("url", ["http://a.test/", "http://a.test/?__wb_method=POST&b=1"])
def test_a_get_is_known_by_its_own_address_whatever_that_is(tmp_path, url):
    writer = WarcWriter(tmp_path, software="test", operator="", max_bytes=10**9)
    found = read_capture(tmp_path, writer.append(make_capture(url)))
    writer.close()
    assert (found.url, found.method) == (url, "GET")


@pytest.mark.parametrize("url", ["http://a.test/", "http://a.test/?b=1"])
@pytest.mark.parametrize("body", ["", "c=1&d=%26"])
def test_what_was_sent_is_taken_off_and_put_back(url, body):
    known = request_url(url, "POST", body)
    sent = sent_with(known, "POST")
    assert (known_by(url, sent), wire_url(known, "POST"), method_of(sent)) == (known, url, "POST")
    assert (known_by(url, ""), method_of("")) == (url, "GET")
