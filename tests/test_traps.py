"""Links that lead on for ever: each rule by itself, and whole portals that have no end."""

import re

import pytest
from conftest import make_capture, reply
from crawling import FakeClock, HostsInMemory, Queue

from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.traps import MAX_ECHOES, Traps
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import Target

HOST = "portal.test"
PROFILE = Profile(
    name="portal",
    label="Portal",
    hosts=(HOST,),
    seeds=(f"http://{HOST}/tin",),
    article=ArticleRule(url=r"/(?P<number>\d+)-"),
    listing=ListingRule(url=".", max_links=50),
    politeness=Politeness(delay_s=0, deadline_s=5, max_bytes=100_000),
)


def targets(*paths):
    urls = (f"http://{HOST}{path}" for path in paths)
    return tuple(Target(url=url, priority=1 if PROFILE.is_article(url) else 0) for url in urls)


def sifted(traps, links, on="/tin", **kwargs):
    """Return the paths of the links of a page that may be followed."""
    (parent,) = targets(on)
    kept = traps.sift(targets(*links), make_capture(parent.url, **kwargs), parent)
    return [link.url.removeprefix(f"http://{HOST}") for link in kept]


def refusals(traps):
    return [visit.refused for visit in traps.report()]


@pytest.fixture
def traps():
    return Traps(PROFILE, 2026)


# --------------------------------------------------------------------------------------- single links


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/" + "x" * 2083, "over 2,083 characters", id="length"),
        pytest.param("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u", "over 20 segments", id="depth"),
        pytest.param("/tin/vi/vi/vi", "/vi three times in a row", id="segment"),
        pytest.param("/tin/a/b/a/b/a/b/c", "/a/b three times in a row", id="group"),
        pytest.param("/x?path=%2Fa/vi/vi/vi", "/vi three times in a row", id="segment-of-a-parameter"),
        pytest.param("/lich?year=7749", "the year 7749", id="year"),
        pytest.param("/lich?nam=1066&thang=3", "the year 1066", id="year-in-vietnamese"),
        pytest.param("/lich?date=2028-01-01", "the year 2028", id="date"),
        pytest.param("/lich?ngay=31%2F12%2F9999", "the year 9999", id="vietnamese-date"),
        pytest.param("/lich/7749/05", "the year 7749", id="year-before-month"),
    ],
)
def test_a_link_that_shows_what_it_is_is_not_followed(traps, path, reason):
    assert sifted(traps, [path]) == []
    assert refusals(traps) == [f"trap: {reason}"]


@pytest.mark.parametrize(
    "path",
    [
        "/" + "x" * 2000,
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t",
        "/tin/vi/vi",
        "/tin/a/b/a/b/a",
        "/tin/aa/aaa/aaaa",
        "/lich?year=2027",
        "/van-ban?nam=1945",
        "/tin?ngay=0107",
        "/tin/7749",
        "/tin/7749-hop-bao",
        "/7749/05-hop-bao",
        "/tin?id=7749&thang=0512",
        "/viet-nam?vietnam=1234",
    ],
)
def test_a_link_that_is_only_odd_is_followed(traps, path):
    assert sifted(traps, [path]) == [path]
    assert refusals(traps) == []


def test_days_that_differ_in_the_order_of_their_numbers_are_all_followed(traps):
    days = ["/2022/07/11", "/2022/11/07", "/2022/07/07", "/2022/11/11"]
    assert sifted(traps, days) == days


def test_a_third_order_of_the_same_segments_is_not_followed(traps):
    links = ["/tin/a/b/c", "/tin/c/b/a", "/tin/b/a/c", "/tin/a/b/b/c"]
    assert sifted(traps, links) == links[:2]
    assert refusals(traps) == [
        "trap: the same segments in another order or number, over 2 times; "
        "2 addresses of this pattern were not followed"
    ]


def test_pages_of_a_listing_are_no_trap(traps):
    pages = [f"/tin?cur={number}&delta=20" for number in range(1, 50)]
    assert sifted(traps, pages) == pages


def test_no_address_below_that_of_an_article_is_another_of_its_addresses(traps):
    links = ["/tin/1-a", "/tin/1-a/vi", "/tin/1-a/vi/en", "/vi/tin/1-a", "/vi/tin/1-a/en"]
    assert sifted(traps, links) == ["/tin/1-a", "/vi/tin/1-a"]
    assert refusals(traps) == [
        "trap: an address below that of article 1; 3 addresses of this pattern were not followed"
    ]


def test_of_the_addresses_below_an_article_the_first_is_followed_and_the_article_itself(traps):
    links = ["/tin/1-a/vi/en", "/tin/1-a/en", "/tin/1-a/vi", "/tin/1-a", "/tin/1-a?p=2", "/tin/1-a/en/vi/en"]
    assert sifted(traps, links) == ["/tin/1-a/vi/en", "/tin/1-a", "/tin/1-a?p=2"]


def test_an_article_has_so_many_addresses_at_most(traps):
    links = [f"/{section}/1-a" for section in "abcdefghijkl"]
    assert sifted(traps, links) == links[:8]
    assert refusals(traps) == [
        "trap: over 8 addresses of article 1; 4 addresses of this pattern were not followed"
    ]


def test_a_file_below_its_article_is_no_other_address_of_it(traps):
    assert sifted(traps, ["/tin/1-a"])
    files = tuple(Target(url=f"http://{HOST}/tin/1-a/{name}.pdf", priority=2) for name in "abcd")
    (article,) = targets("/tin/1-a")
    assert traps.sift(files, make_capture(article.url), article) == files


def test_one_listing_leads_to_so_many_pages_at_most(traps):
    assert len(sifted(traps, [f"/tin/{number}-x" for number in range(70)])) == 50
    assert refusals(traps) == [
        "trap: over 50 links on one listing; 20 addresses of this pattern were not followed"
    ]


def test_a_sitemap_may_lead_to_more(traps):
    xml = (("Content-Type", "application/xml"),)
    assert len(sifted(traps, [f"/tin/{number}-x" for number in range(70)], headers=xml)) == 70


def test_what_was_followed_once_may_be_linked_from_anywhere(traps):
    links = ["/tin/1-a", "/vi/tin/1-a"]
    assert sifted(traps, links) == sifted(traps, links, on="/tin?cur=2") == links


def test_a_link_is_counted_once_however_often_it_is_met(traps):
    for page in range(5):
        sifted(traps, ["/tin/vi/vi/vi", "/tin/vi/vi/vi/vi"], on=f"/tin?cur={page}")
    assert refusals(traps) == [
        "trap: /vi three times in a row; 2 addresses of this pattern were not followed"
    ]


def test_a_chain_of_redirects_ends(traps):
    followed = [
        sifted(traps, [f"/r?n={hop + 1}"], on=f"/r?n={hop}", status=302, headers=()) for hop in range(11)
    ]
    assert [bool(links) for links in followed] == [True] * 10 + [False]
    assert refusals(traps) == ["trap: over 10 redirects in a row"]


def test_an_article_that_moves_is_followed_wherever_it_goes(traps):
    sifted(traps, [f"/{section}/1-a" for section in "abcdefgh"])
    assert sifted(traps, ["/new/1-a"], on="/a/1-a", status=301, headers=()) == ["/new/1-a"]


def test_tables_of_contents_may_be_nested_and_paged_alike(traps):
    assert sifted(traps, ["/so/tin", "/so/page/2"], on="/so") == ["/so/tin", "/so/page/2"]
    assert sifted(traps, ["/so/tin/quan-su"], on="/so/tin") == ["/so/tin/quan-su"]
    below = ["/so/tin/quan-su/1-a", "/so/tin/quan-su/tin", "/so/tin/quan-su/page/2"]
    assert sifted(traps, below, on="/so/tin/quan-su") == below


# --------------------------------------------------------------------------- portals without an end


class Endless(dict):
    """Replies to every path: what `page` says of it, or 404."""

    def __init__(self, page):
        super().__init__()
        self._page = page

    def get(self, path, default=None):
        body = self._page(path)
        return default if body is None else reply(body.encode())


def links(*hrefs):
    return "".join(f'<a href="{href}">x</a>' for href in hrefs)


def crawled(web, page, profile=PROFILE):
    """Return the paths that a crawl of an endless portal asks for, and what it says of the rest."""
    web.replies = Endless(page)
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", web.port)})
    visits = list(
        crawl(profile, fetcher, Queue(), hosts=HostsInMemory(), budget=Budget(pages=2000), clock=FakeClock())
    )
    fetcher.close()
    asked = [visit.target.url.removeprefix(f"http://{HOST}") for visit in visits if visit.capture]
    return asked, [visit.refused for visit in visits if visit.refused]


# A stand-in for the English pages of sotttt.hanoi.gov.vn (Liferay): two links, to Vietnamese and English,
# that append a segment to the address of the page they stand on, whatever that is.
SECTIONS = ("hot-news", "culture", "history", "facts-and-figure")
ROOT = "/web/sotttt-eng"


def english(path, nested_articles=False):
    found = re.fullmatch(
        rf"{ROOT}(?:/(?P<section>[a-z-]+))?(?:/-/view_content/\d+-[a-z]+)?(?P<nest>(?:/(?:vi|en))*)", path
    )
    if not found:
        return None
    nest = found["nest"] if nested_articles else ""
    articles = (
        f"{ROOT}/{section}/-/view_content/{number}-tin{nest}"
        for place, section in enumerate(SECTIONS)
        for number in range(place * 10, place * 10 + 8)
        if section == found["section"]
    )
    menu = (f"{ROOT}/{section}" for section in SECTIONS)
    return links(*menu, *articles, f"{path}/vi", f"{path}/en")


@pytest.mark.parametrize("nested_articles", [False, True])
def test_language_links_that_nest_for_ever_cost_little_and_lose_nothing(web, nested_articles):
    profile = Profile(
        name="english",
        label="English",
        hosts=(HOST,),
        seeds=(f"http://{HOST}{ROOT}",),
        article=ArticleRule(url=r"/view_content/(?P<number>\d+)-"),
        listing=ListingRule(url="."),
        politeness=PROFILE.politeness,
    )
    asked, refused = crawled(web, lambda path: english(path, nested_articles), profile)
    assert {int(n) for path in asked for n in re.findall(r"/(\d+)-tin", path)} == {
        number for place in range(4) for number in range(place * 10, place * 10 + 8)
    }
    assert len(asked) < 100
    assert all(reason.startswith("trap: ") for reason in refused)
    assert len(refused) < 50


def test_a_calendar_without_events_ends(web):
    def day(path):
        number = int(path.partition("=")[2] or 0)
        return links("/tin/1-a", f"/tin?ngay={number + 1}") if path.startswith("/tin") else None

    asked, refused = crawled(web, day)
    assert len(asked) < MAX_ECHOES + 5
    assert "listings of this pattern in a row list what others list" in refused[-1]


def test_a_listing_that_goes_on_bringing_articles_has_no_such_end(web):
    def page(path):
        number = int(path.partition("=")[2] or 0)
        following = [f"/tin?cur={number + 1}"] if number < 60 else []
        return links(f"/tin/{number}-a", *following) if path.startswith("/tin") else None

    asked, refused = crawled(web, page)
    assert len(asked) == 1 + 61 + 61
    assert refused == []


def test_relative_links_that_climb_nowhere_end(web):
    def page(path):
        return None if path == "/robots.txt" else '<a href="tin/xem/">x</a><a href="/tin/1-a">x</a>'

    asked, refused = crawled(web, page)
    assert len(asked) < 10
    assert len(refused) == 1
