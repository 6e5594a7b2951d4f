"""Crawling a portal again: what is asked for, what counts as changed, when a run stops and asks."""

from contextlib import closing, contextmanager
from dataclasses import replace

import pytest
from conftest import make_capture, reply
from crawling import FakeClock
from sqlalchemy import select

from archive_search.archive import Archive, articles, captures, catalogue, create, runs
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.pipeline import crawl_portal
from archive_search.pipeline.receiving import settle
from archive_search.portals import parse_profile
from archive_search.records import CaptureKind, Outcome

HOST = "http://portal.test"
PROFILE = parse_profile(
    r"""
name = "portal"
label = "Portal"
hosts = ["portal.test"]
seeds = ["http://portal.test/moi"]
[article]
url = '^/tin/(?P<number>\d+)'
[listing]
url = '^/moi(?:\?p=\d+)?$'
links = "h3 a"
next = ".pager a"
[select]
title = "h1"
body = ".body"
[politeness]
delay_s = 0
""",
    source="test",
)


class Place:
    """A portal, an archive of it, and a clock."""

    def __init__(self, web, folder):
        create(folder)
        self.web, self.clock = web, FakeClock()
        self.archive = Archive(load_config(folder), self.clock)
        self.listing()

    def listing(self, *numbers, page="", following=""):
        links = "".join(f'<h3><a href="/tin/{n}">x</a></h3>' for n in numbers)
        self.web.replies[f"/moi{page}"] = reply(
            f"{links}<div class=pager>{following and f'<a href={following!r}>x</a>'}</div>".encode()
        )

    def article(self, number, text="Huyện ủy họp", *, around="", **headers):
        page = f"<h1>Tin {number}</h1><div class=body><p>{text}</p></div>{around}"
        self.web.replies[f"/tin/{number}"] = reply(page.encode(), **headers)

    def crawl(self, days=1.0, **options):
        """Crawl some days later; return the report."""
        self.clock.passed += days * 86_400
        self.web.requests.clear()
        fetcher = Fetcher(connect_to={"portal.test": ("127.0.0.1", self.web.port)}, clock=self.clock)
        with closing(fetcher):
            return crawl_portal(self.archive, PROFILE, fetcher, clock=self.clock, **options)

    def asked(self):
        return [path for path in self.web.paths if path != "/robots.txt"]

    @contextmanager
    def settings(self, **settings):
        before, self.archive.config = self.archive.config, replace(self.archive.config, **settings)
        yield
        self.archive.config = before


@pytest.fixture
def place(web, tmp_path):
    place = Place(web, tmp_path / "archive")
    yield place
    place.archive.close()


# ------------------------------------------------------------------------------------ what is asked for


def test_a_second_run_asks_for_the_seeds_for_what_is_new_and_what_is_due(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    place.listing(1, 2)
    place.article(2)
    place.crawl(days=0.1)
    assert place.asked() == ["/moi", "/tin/2"]
    place.crawl()
    assert place.asked() == ["/moi", "/tin/1", "/tin/2"]


def test_paging_stops_where_all_is_known(place):
    place.listing(1, following="/moi?p=2")
    place.listing(2, page="?p=2", following="/moi?p=3")
    place.listing(page="?p=3")
    for number in (1, 2):
        place.article(number)
    place.crawl()
    place.crawl(days=0.1)
    assert place.asked() == ["/moi"]
    place.listing(3, 1, following="/moi?p=2")
    place.article(3)
    place.crawl(days=0.1)
    assert place.asked() == ["/moi", "/moi?p=2", "/tin/3"]


def test_all_pages_of_all_listings_are_gone_through_once_a_month(place):
    place.listing(1, following="/moi?p=2")
    place.listing(page="?p=2")
    place.article(1)
    place.crawl()
    place.crawl(days=30)
    assert place.asked() == ["/moi", "/moi?p=2", "/tin/1"]


def test_a_run_may_be_told_to_ask_for_everything(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    place.crawl(days=0.1, everything=True)
    assert place.asked() == ["/moi", "/tin/1"]


def test_imported_articles_are_looked_for_on_the_portal(place):
    capture = make_capture(f"{HOST}/tin/7", b"<h1>Tin 7</h1><div class=body><p>Nay</p></div>")
    stored = place.archive.keep(capture, None)
    with place.archive.writing() as db:
        settle(db, stored, capture, PROFILE)
    assert place.crawl().articles == {"absent": 1}


def test_times_are_those_of_the_clock(place):
    place.crawl(days=100)
    with place.archive.reading() as db:
        (run,) = db.execute(select(catalogue.runs)).all()
        at = {*db.execute(select(catalogue.captures.c.captured_at)).scalars()}
        at |= {*db.execute(select(catalogue.visits.c.at)).scalars()}
    assert {at_[:10] for at_ in at | {run.started_at, run.finished_at}} == {"2026-06-09"}


# -------------------------------------------------------------------------------------- what is changed


def test_a_page_whose_server_repeats_itself_is_unchanged(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    assert place.crawl().articles == {"unchanged": 1}


def test_a_page_that_differs_where_no_reader_reads_is_unchanged(place):
    place.listing(1)
    for views in range(3):
        place.article(1, around=f"<p class=views>Lượt xem: {views}</p>")
        report = place.crawl()
    assert report.articles == {"unchanged": 1}
    with place.archive.reading() as db:
        assert len(db.execute(select(catalogue.versions)).all()) == 1


def test_a_corrected_text_is_a_version_and_both_stay(place):
    place.listing(1)
    place.article(1, "Có lỗi")
    place.crawl()
    place.article(1, "Hết lỗi")
    assert place.crawl().articles == {"changed": 1}
    with place.archive.reading() as db:
        (document,) = articles.documents(db)
        assert len(db.execute(select(catalogue.versions)).all()) == 2
    assert document.article.blocks[0].text == "Hết lỗi"


def test_a_failure_in_between_makes_no_duplicate_of_a_page(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    place.web.replies["/tin/1"] = reply(b"", 500)
    assert place.crawl().articles == {"failed": 1}
    place.article(1)
    assert place.crawl().articles == {"unchanged": 1}


def test_a_page_is_asked_for_whole_again_after_a_304_to_what_is_not_held(place):
    place.listing(1)
    place.article(1, ETag='"1"')
    place.crawl()
    with place.archive.writing() as db:
        db.execute(catalogue.captures.update().values(truncated="length"))
    place.web.replies["/tin/1"] = reply(b"", 304)
    assert "failed" in place.crawl().others
    place.article(1)
    assert place.crawl().failures == 0
    assert "If-None-Match" not in dict(place.web.requests)["/tin/1"]


def test_the_size_of_the_text_and_what_could_not_be_read_are_written_down(place):
    place.listing(1)
    place.article(1, "Huy\ufffdn \ufffdy")
    place.crawl()
    with place.archive.reading() as db:
        c = catalogue.captures.c
        row = db.execute(select(c.text_size, c.unread).where(c.article.is_not(None))).one()
    assert tuple(row) == (len("Tin 1Huy\ufffdn \ufffdy"), 2)


def test_a_body_that_broke_off_is_kept_and_shows_nothing(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    part = replace(make_capture(f"{HOST}/tin/1", b"<h1>Tin 1</h1><div cl"), truncated="length")
    stored = place.archive.keep(part, None)
    with place.archive.writing() as db:
        receipt = settle(db, stored, part, PROFILE)
        assert captures.newest_whole(db, part.url).id != stored.id
    assert (receipt.kind, receipt.outcome) == (CaptureKind.TRUNCATED, Outcome.FAILED)
    assert receipt.reason == "the body broke off (WARC-Truncated: length)"


# ---------------------------------------------------------------------------------- when much is absent


def lose(place, numbers):
    for number in numbers:
        place.web.replies[f"/tin/{number}"] = reply(b"", 404)


def test_a_run_that_would_call_most_of_a_portal_gone_stops_and_asks(place):
    place.listing(*range(8))
    for number in range(8):
        place.article(number)
    place.crawl()
    lose(place, range(5))
    stops = [place.crawl(days=4).stopped for _ in range(3)]
    assert stops[:2] == [None, None]
    assert "portal answers 404 for 5 of 8 articles" in stops[2]
    assert 'put "portal" into closed in archive.toml' in stops[2]
    with place.settings(closed=("portal",)):
        report = place.crawl(days=4)
    assert report.stopped is None
    with place.archive.reading() as db:
        found = [articles.find(db, article) for article in articles.current_versions(db)]
    assert sum(article.gone_at is not None for article in found) == 5


def test_after_a_run_that_stopped_the_next_one_begins_with_what_was_not_visited(place):
    place.listing(*range(6))
    for number in range(6):
        place.article(number)
    place.crawl()
    lose(place, range(6))
    for _ in range(3):
        place.crawl(days=4)
    stopped_at = place.asked()[-1]
    for number in range(1, 6):
        place.article(number)
    report = place.crawl()
    assert report.stopped is None
    assert stopped_at == "/tin/0"
    assert report.articles["unchanged"] == 5


def test_a_portal_that_is_down_makes_nothing_absent(place):
    place.listing(1)
    place.article(1)
    place.crawl()
    place.web.replies.update({path: reply(b"", 503) for path in ("/robots.txt", "/moi", "/tin/1")})
    for _ in range(4):
        report = place.crawl(days=4)
        assert not {"absent", "gone"} & (report.articles.keys() | report.others.keys())
    with place.archive.reading() as db:
        (article,) = articles.current_versions(db)
        assert articles.find(db, article).absent_at is None
        assert runs.interrupted(db, "portal") is None
