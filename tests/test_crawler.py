import time
from dataclasses import replace

import pytest
from conftest import make_capture, reply

from archive_search.crawler import Fetcher, Pace, crawl
from archive_search.crawler.discover import discover
from archive_search.crawler.robots import read_rules
from archive_search.errors import FetchFailed, ResponseTooLarge, RobotsUnavailable
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import Target

HOST = "portal.test"
FAST = Politeness(delay_s=0, deadline_s=5, max_bytes=100_000)
PROFILE = Profile(
    name="portal",
    label="Portal",
    hosts=(HOST,),
    seeds=(f"http://{HOST}/tin",),
    exclude=(r"^/en/",),
    article=ArticleRule(url=r"^/(?:en/)?tin/(?P<number>\d+)"),
    listing=ListingRule(url=r"^/tin(?:\?|$)", links="h3 a", next=".pager a", max_pages=3),
    politeness=FAST,
)


@pytest.fixture
def fetcher(web):
    fetcher = Fetcher(contact="mailto:kho@luutru.test", connect_to={HOST: ("127.0.0.1", web.port)})
    yield fetcher
    fetcher.close()


class Queue:
    """A frontier in memory."""

    def __init__(self):
        self.known, self.queued, self.done = {}, [], []

    def add(self, targets):
        for target in targets:
            if self.known.setdefault(target.url, target) is target:
                self.queued.append(target)

    def next(self):
        self.queued.sort(key=lambda target: target.priority)
        return self.queued[0] if self.queued else None

    def finish(self, target, capture):
        self.queued.remove(target)
        self.done.append(target.url)


def visits(fetcher, profile=PROFILE, pace=None):
    return list(crawl(profile, fetcher, Queue(), pace or Pace(0)))


def local(found):
    return [
        (v.target.url.removeprefix(f"http://{HOST}"), v.capture.status if v.capture else None) for v in found
    ]


def listing(*links, pager=()):
    items = "".join(f'<h3><a href="{link}">x</a></h3>' for link in links)
    pages = "".join(f'<a href="{link}">x</a>' for link in pager)
    return reply(f"{items}<div class=pager>{pages}</div>".encode())


# ------------------------------------------------------------------------------------------- fetch


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
    import gzip

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
    with pytest.raises(ResponseTooLarge, match="100000 bytes"):
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)


def test_a_body_that_is_cut_short_fails(web, fetcher):
    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"<p>")
        handler.close_connection = True

    web.replies["/"] = short
    with pytest.raises(FetchFailed, match="broke off"):
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)


def test_a_server_that_drips_its_body_runs_into_the_deadline(web):
    # The clock of the fetcher leaps a minute with every look at it; no test waits.
    leaps = iter(range(0, 10_000, 60))
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", web.port)}, clock=lambda: next(leaps))
    web.replies["/"] = reply(b"x" * 10)
    with pytest.raises(FetchFailed, match="deadline"):
        fetcher.fetch(Target(url=f"http://{HOST}/", priority=0), FAST)
    fetcher.close()


def test_a_url_that_is_none_fails_with_its_url(fetcher):
    with pytest.raises(FetchFailed, match="no valid URL"):
        fetcher.fetch(Target(url="http://portal.test:port/tin/1", priority=0), FAST)


def test_a_server_that_is_not_there_fails_with_its_url(fetcher):
    with pytest.raises(FetchFailed, match="no connection") as error:
        fetcher.fetch(Target(url="http://127.0.0.1:1/tin", priority=0), FAST)
    assert error.value.url == "http://127.0.0.1:1/tin"


# ------------------------------------------------------------------------------------------ robots


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
def test_a_robots_txt_that_is_not_there_allows_everything(status):
    assert read_rules(make_capture(status=status)).can_fetch("http://portal.test/x")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_robots_txt_that_fails_forbids_everything(status):
    with pytest.raises(RobotsUnavailable, match=str(status)):
        read_rules(make_capture(status=status))


@pytest.mark.parametrize(
    ("robots", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /x", "/x/1", False),
        ("User-agent: *\nDisallow: /x", "/y", True),
        ("User-agent: *\nDisallow: /\nUser-agent: archive-search\nAllow: /", "/x", True),
        ("User-agent: *\nDisallow: /x\nAllow: /x/1", "/x/1", True),
        ("User-agent: *\nDisallow:", "/x", True),
    ],
)
def test_robots_rules_are_obeyed(robots, path, allowed):
    rules = read_rules(make_capture(payload=robots.encode()))
    assert rules.can_fetch(f"http://portal.test{path}") is allowed


def test_a_crawl_delay_is_obeyed_up_to_half_a_minute():
    assert read_rules(make_capture(payload=b"User-agent: *\nCrawl-delay: 5")).delay_s == 5
    assert read_rules(make_capture(payload=b"User-agent: *\nCrawl-delay: 900")).delay_s == 30


# ---------------------------------------------------------------------------------------- discover


def links_of(page, priority=0, **kwargs):
    capture = make_capture(f"http://{HOST}/tin", page.encode(), **kwargs)
    found = discover(capture, Target(url=capture.url, priority=priority), PROFILE)
    return [(target.url, target.priority) for target in found]


def test_a_listing_leads_to_articles_and_further_listings_each_once():
    page = (
        '<h3><a href="/tin/1-a">x</a></h3><h3><a href="/tin/1-a#b">x</a></h3>'
        '<a href="/tin/9">not in a heading</a><div class=pager><a href="?cur=2">2</a></div>'
    )
    assert links_of(page) == [("http://portal.test/tin/1-a", 1), ("http://portal.test/tin?cur=2", 0)]


@pytest.mark.parametrize(
    "href",
    [
        "http://other.test/tin/1",
        "http://[broken/tin/1",
        "/en/tin/1",
        "mailto:a@b.vn",
        "javascript:x()",
        "/lien-he",
        "",
    ],
)
def test_what_is_out_of_scope_is_not_followed(href):
    assert links_of(f'<h3><a href="{href}">x</a></h3>') == []


def test_links_are_relative_to_the_base_that_the_page_declares():
    page = '<base href="http://portal.test/"><h3><a href="./tin/1">x</a></h3>'
    assert links_of(page) == [("http://portal.test/tin/1", 1)]


def test_an_article_leads_nowhere_and_a_redirect_to_its_location():
    assert links_of('<h3><a href="/tin/2">x</a></h3>', priority=1) == []
    assert links_of("", status=302, headers=(("Location", "/tin/2"),)) == [("http://portal.test/tin/2", 1)]


# ------------------------------------------------------------------------------------------- crawl


def test_a_crawl_asks_robots_txt_first_then_listings_then_articles(web, fetcher):
    web.replies["/tin"] = listing("/tin/1", "/tin/2", pager=["/tin?cur=2"])
    web.replies["/tin?cur=2"] = listing("/tin/3")
    for number in (1, 2, 3):
        web.replies[f"/tin/{number}"] = reply(b"<p>tin</p>")
    assert local(visits(fetcher)) == [
        ("/robots.txt", 404),
        ("/tin", 200),
        ("/tin?cur=2", 200),
        ("/tin/1", 200),
        ("/tin/2", 200),
        ("/tin/3", 200),
    ]


def test_what_robots_txt_forbids_is_not_asked_for_and_reported(web, fetcher):
    web.replies["/robots.txt"] = reply(b"User-agent: *\nDisallow: /tin/2")
    web.replies["/tin"] = listing("/tin/1", "/tin/2")
    refused = [visit for visit in visits(fetcher) if visit.refused]
    assert [v.target.url for v in refused] == ["http://portal.test/tin/2"]
    assert "/tin/2" not in web.paths


@pytest.mark.parametrize("answer", [reply(status=503), reply(status=500)])
def test_nothing_is_fetched_while_robots_txt_gives_no_answer(web, fetcher, answer):
    web.replies["/robots.txt"] = answer
    web.replies["/tin"] = listing("/tin/1")
    (_, visit) = visits(fetcher)
    assert "nothing may be fetched" in visit.failed
    assert web.paths == ["/robots.txt"]


def test_five_redirects_of_robots_txt_are_followed(web, fetcher):
    web.replies["/robots.txt"] = reply(status=301, Location="/r1")
    for hop in range(1, 5):
        web.replies[f"/r{hop}"] = reply(status=302, Location=f"/r{hop + 1}")
    web.replies["/r5"] = reply(b"User-agent: *\nDisallow: /")
    assert [visit.refused for visit in visits(fetcher)][-1] == "robots.txt forbids it"


def test_a_page_that_fails_does_not_end_the_crawl(web, fetcher):
    web.replies["/tin"] = listing("/tin/1", "/tin/2")
    web.replies["/tin/1"] = reply(b"x" * 200_000)
    web.replies["/tin/2"] = reply(b"<p>tin</p>")
    found = visits(fetcher)
    assert [v.target.url[-1] for v in found if v.failed] == ["1"]
    assert found[-1].capture.status == 200


def test_a_run_stops_at_the_bound_on_listing_pages(web, fetcher):
    for page in range(1, 9):
        web.replies[f"/tin?cur={page}"] = listing(pager=[f"/tin?cur={page + 1}"])
    web.replies["/tin"] = listing(pager=["/tin?cur=1"])
    found = visits(fetcher)
    assert sum(v.capture is not None for v in found) == 1 + 3
    assert "over 3 listing pages" in found[-1].refused


def test_a_url_leaves_the_queue_only_after_its_visit_was_dealt_with(web, fetcher):
    web.replies["/tin"] = listing("/tin/1")
    queue = Queue()
    for visit in crawl(PROFILE, fetcher, queue, Pace(0)):
        assert visit.target.url not in queue.done


def test_requests_keep_their_distance_and_the_first_one_does_not_wait():
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(2.0, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        pace.wait()
        now[0] += 0.5  # the request itself
        pace.done()
    assert slept == [2.0, 2.0]


def test_a_crawl_delay_slows_the_crawl_down(web, fetcher):
    web.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 7")
    web.replies["/tin"] = reply()
    slept = []
    pace = Pace(1.0, sleep=slept.append)
    visits(fetcher, pace=pace)
    assert pace.delay_s == 7
    assert slept and slept[0] <= 7


def test_a_slow_page_is_waited_for(web, fetcher):
    def slow(handler):
        time.sleep(0.2)
        reply(b"<p>tin</p>")(handler)

    web.replies["/tin"] = slow
    assert visits(fetcher)[-1].capture.status == 200


def test_a_seed_that_no_pattern_covers_is_read_as_a_listing(web, fetcher):
    web.replies["/"] = listing("/tin/1")
    web.replies["/tin/1"] = reply(b"<p>tin</p>")
    found = visits(fetcher, replace(PROFILE, seeds=(f"http://{HOST}/",)))
    assert [v.target.url for v in found][-1] == "http://portal.test/tin/1"
