from dataclasses import replace

import pytest
from conftest import make_capture, reply
from crawling import FakeClock, HostsInMemory, Queue

from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.discover import discover
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


def visits(fetcher, profile=PROFILE, queue=None, *, budget=None, sweep=False):
    return list(
        crawl(
            profile,
            fetcher,
            queue or Queue(),
            hosts=HostsInMemory(),
            budget=budget or Budget(),
            clock=FakeClock(),
            sweep=sweep,
        )
    )


def local(found):
    return [
        (v.target.url.removeprefix(f"http://{HOST}"), v.capture.status if v.capture else None) for v in found
    ]


def listing(*links, pager=()):
    items = "".join(f'<h3><a href="{link}">x</a></h3>' for link in links)
    pages = "".join(f'<a href="{link}">x</a>' for link in pager)
    return reply(f"{items}<div class=pager>{pages}</div>".encode())


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
    for visit in crawl(PROFILE, fetcher, queue, hosts=HostsInMemory(), budget=Budget(), clock=FakeClock()):
        assert visit.target.url not in queue.done


def test_a_seed_that_no_pattern_covers_is_read_as_a_listing(web, fetcher):
    web.replies["/"] = listing("/tin/1")
    web.replies["/tin/1"] = reply(b"<p>tin</p>")
    found = visits(fetcher, replace(PROFILE, seeds=(f"http://{HOST}/",)))
    assert [v.target.url for v in found][-1] == "http://portal.test/tin/1"


def test_a_portal_whose_name_leads_into_the_local_network_is_refused(web):
    local_profile = replace(PROFILE, hosts=("127.0.0.1",), seeds=(f"http://127.0.0.1:{web.port}/tin",))
    fetcher = Fetcher()
    budget = Budget()
    (robots,) = visits(fetcher, local_profile, budget=budget)
    fetcher.close()
    assert "loopback" in robots.refused
    assert "loopback" in budget.stopped
    assert not web.requests


# ------------------------------------------------------------------------- listings that are known


def known(*paths, priority=0):
    return [Target(url=f"http://{HOST}{path}", priority=priority) for path in paths]


@pytest.fixture
def paged(web):
    """Serve three listing pages of one article each."""
    web.replies["/tin"] = listing("/tin/1", pager=["/tin?cur=2"])
    web.replies["/tin?cur=2"] = listing("/tin/2", pager=["/tin?cur=3"])
    web.replies["/tin?cur=3"] = listing("/tin/3")
    for number in (1, 2, 3):
        web.replies[f"/tin/{number}"] = reply(b"<p>tin</p>")
    return known("/tin?cur=2", "/tin?cur=3")


def test_known_listing_pages_are_left_alone_when_a_listing_brings_nothing_new(web, fetcher, paged):
    visits(fetcher, queue=Queue(resting=[*paged, *known("/tin/1", "/tin/2", "/tin/3", priority=1)]))
    assert web.paths == ["/robots.txt", "/tin"]


def test_paging_goes_on_as_long_as_listings_bring_something_new(web, fetcher, paged):
    visits(fetcher, queue=Queue(resting=[*paged, *known("/tin/2", "/tin/3", priority=1)]))
    assert web.paths == ["/robots.txt", "/tin", "/tin?cur=2", "/tin/1"]


def test_a_listing_page_that_is_not_known_is_followed_all_the_same(web, fetcher, paged):
    visits(fetcher, queue=Queue(resting=[paged[1], *known("/tin/1", "/tin/2", "/tin/3", priority=1)]))
    assert web.paths == ["/robots.txt", "/tin", "/tin?cur=2"]


def test_a_sweep_goes_through_all_pages_of_a_listing(web, fetcher, paged):
    articles = known("/tin/1", "/tin/2", "/tin/3", priority=1)
    visits(fetcher, queue=Queue(resting=[*paged, *articles]), sweep=True)
    assert web.paths == ["/robots.txt", "/tin", "/tin?cur=2", "/tin?cur=3"]
