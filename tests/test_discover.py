"""Discovery: what sitemaps, feeds, paged listings and articles lead to, the hostile ones included."""

import gzip
import json
import tracemalloc
from urllib.parse import parse_qsl

import pytest
from conftest import make_capture, reply
from crawling import FakeClock, HostsInMemory, Queue

from archive_search.cleaning import clean
from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.discover import (
    ARTICLE,
    FILE,
    LISTING,
    bounds,
    discover,
    feeds,
    file_targets,
    page_number,
    paging,
    seeds,
    sitemaps,
)
from archive_search.errors import PageUnreadable, ReadInPart
from archive_search.pipeline.receiving import files_of
from archive_search.portals import load_profile, parse_profile
from archive_search.records import Target

HOST = "portal.test"
PORTAL = f"http://{HOST}"
BASIC = f"""
name = "portal"
label = "Portal"
hosts = ["{HOST}"]
media_hosts = ["media.test"]
seeds = ["{PORTAL}/tin"]
sitemaps = ["/sitemap.xml"]
feeds = ["/rss"]
exclude = ['^/en/']
article = {{ url = '^/(?:en/)?tin/(?P<number>\\d+)' }}
listing = {{ url = '^/tin(?:\\?|$)', links = "h3 a" }}
select = {{ body = [".body"], attachment = [".files"] }}
"""


def profile_with(more=""):
    return parse_profile(BASIC + more, source="x.toml")


PROFILE = profile_with()
XML = (("Content-Type", "application/xml"),)
JSON = (("Content-Type", "application/json"),)


def found_at(path, body, profile=PROFILE, *, priority=LISTING, target=None, **kwargs):
    """Return the targets that a page at `path` leads to."""
    capture = make_capture(f"{PORTAL}{path}", body.encode() if isinstance(body, str) else body, **kwargs)
    return discover(capture, target or Target(url=capture.url, priority=priority), profile)


def paths(targets):
    return [target.url.removeprefix(PORTAL) for target in targets]


# ------------------------------------------------------------------------------------------- seeds


def test_a_crawl_starts_at_feeds_sitemaps_and_listings():
    assert paths(seeds(PROFILE)) == ["/rss", "/sitemap.xml", "/tin"]
    assert {target.priority for target in seeds(PROFILE)} == {LISTING}


def test_a_crawl_of_nothing_but_what_robots_txt_names_starts_there():
    text = f'name = "x"\nlabel = "X"\nhosts = "{HOST}"\nsitemaps = "robots"\n'
    assert [t.url for t in seeds(parse_profile(text, source="x"))] == ["https://portal.test/robots.txt"]
    text += f'seeds = "{PORTAL}/tin"'
    assert paths(seeds(parse_profile(text, source="x"))) == ["/tin"]


def test_robots_txt_leads_to_sitemaps_if_the_profile_says_so():
    profile = parse_profile(BASIC.replace('["/sitemap.xml"]', '"robots"'), source="x.toml")
    robots = (
        "User-agent: *\nSITEMAP: /a.xml\nSitemap:http://portal.test/b.xml.gz\nSitemap: http://x.test/c.xml"
    )
    assert paths(found_at("/robots.txt", robots, profile)) == ["/a.xml", "/b.xml.gz"]
    assert found_at("/robots.txt", robots) == ()


# ---------------------------------------------------------------------------------------- sitemaps


def urlset(*locs, root="urlset", entry="url", lastmods=None):
    dates = lastmods or [None] * len(locs)
    entries = (
        f"<{entry}><loc>{loc}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</{entry}>"
        for loc, date in zip(locs, dates, strict=True)
    )
    start = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{start}<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(entries)}</{root}>'


def test_a_sitemap_leads_to_what_is_in_scope():
    body = urlset(
        f"{PORTAL}/tin/1-a",
        f" {PORTAL}/tin/2-b?a=1&amp;b=2 ",
        f"{PORTAL}/tin",
        f"{PORTAL}/en/tin/3",
        "http://x.test/tin/4",
        f"{PORTAL}/lien-he",
    )
    found = found_at("/sitemap.xml", body, headers=XML)
    assert [(t.url.removeprefix(PORTAL), t.priority) for t in found] == [
        ("/tin/1-a", ARTICLE),
        ("/tin/2-b?a=1&b=2", ARTICLE),
        ("/tin", LISTING),
    ]


PLAIN = urlset(f"{PORTAL}/tin/1", f"{PORTAL}/tin/2").encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PLAIN, XML),
        (PLAIN, (("Content-Type", "text/html"),)),
        (b"\xef\xbb\xbf" + PLAIN, XML),
        (b"\n\n  " + PLAIN, XML),
        (PLAIN.replace(b"UTF-8", b"utf8"), XML),
        (PLAIN.replace(b"UTF-8", b"unicode"), XML),
        (PLAIN.replace(b"UTF-8", b"windows-1258"), XML),
        (PLAIN.decode().replace("UTF-8", "UTF-16").encode("utf-16"), XML),
        (gzip.compress(PLAIN), (("Content-Type", "application/x-gzip"),)),
        (gzip.compress(PLAIN), (*XML, ("Content-Encoding", "gzip"))),
        (gzip.compress(gzip.compress(PLAIN)), (*XML, ("Content-Encoding", "gzip"))),
        (gzip.compress(PLAIN[:90]) + gzip.compress(PLAIN[90:]), XML),
        (f"{PORTAL}/tin/1\r\n{PORTAL}/tin/2\r\n".encode(), (("Content-Type", "text/plain"),)),
        (PLAIN.replace(b"<loc>", b"<loc><![CDATA[").replace(b"</loc>", b"]]></loc>"), XML),
        (PLAIN.replace(b"<urlset xmlns", b"<s:urlset xmlns:s").replace(b"</urlset", b"</s:urlset"), XML),
    ],
)
def test_a_sitemap_is_read_however_it_is_packed(body, headers):
    assert paths(found_at("/sitemap.xml", body, headers=headers)) == ["/tin/1", "/tin/2"]


def test_an_address_with_a_bare_ampersand_is_read_all_the_same():
    assert paths(found_at("/sitemap.xml", urlset(f"{PORTAL}/tin/1?a=1&b=2"), headers=XML)) == [
        "/tin/1?a=1&b=2"
    ]


def test_comments_before_the_root_are_passed_over():
    body = urlset(f"{PORTAL}/tin/1").replace("?>", "?>" + "<!---->" * 500)
    assert paths(found_at("/moved.xml", body, headers=XML)) == ["/tin/1"]
    assert found_at("/moved.xml", "<!---->" * 500 + "<x/>", headers=XML) == ()


def test_a_news_sitemap_leads_to_its_articles_and_not_to_their_pictures():
    image = "<image:image xmlns:image='i'><image:loc>http://portal.test/tin/9</image:loc></image:image>"
    news = "<news:news xmlns:news='n'><news:title>Kỳ họp</news:title></news:news>"
    body = urlset(f"{PORTAL}/tin/1").replace("</loc>", f"</loc>{news}{image}")
    assert paths(found_at("/sitemap.xml", body, headers=XML)) == ["/tin/1"]


def test_an_index_leads_to_sitemaps_and_never_to_itself():
    body = urlset(
        "/a.xml",
        "https://portal.test/sitemap.xml#x",
        "http://x.test/b.xml",
        root="sitemapindex",
        entry="sitemap",
    )
    found = found_at("/sitemap.xml", body, headers=XML)
    assert paths(found) == ["/a.xml"]
    assert paths(found_at("/a.xml", f"{PORTAL}/tin/1", target=found[0])) == ["/tin/1"]


def test_indexes_of_indexes_end_at_the_eleventh_level():
    target = Target(url=f"{PORTAL}/sitemap.xml", priority=LISTING)
    for level in range(1, sitemaps.MAX_LEVELS):
        body = urlset(f"{PORTAL}/{level}.xml", root="sitemapindex", entry="sitemap")
        (target,) = found_at("/x.xml", body, target=target, headers=XML)
    with pytest.raises(PageUnreadable, match="nested deeper than 11"):
        found_at("/x.xml", body, target=target, headers=XML)


@pytest.mark.parametrize(
    ("lastmods", "expected"),
    [
        (["2021-01-01", "2022-07-12T10:00:00+07:00", None], ["/tin/2", "/tin/1", "/tin/3"]),
        (["2021-01-01", "2021-01-01", "2021-01-01"], ["/tin/1", "/tin/2", "/tin/3"]),
        (["hôm nay", None, None], ["/tin/1", "/tin/2", "/tin/3"]),
    ],
)
def test_lastmod_decides_the_order_at_most(lastmods, expected):
    body = urlset(*(f"{PORTAL}/tin/{n}" for n in (1, 2, 3)), lastmods=lastmods)
    assert paths(found_at("/sitemap.xml", body, headers=XML)) == expected


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12)
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (BOMB + "]><urlset><url><loc>&m;</loc></url></urlset>", "entities"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset>&a;</urlset>', "entities"),
        ("<urlset><url><loc>", "broken XML in line 1"),
        ("<?xml version='1.0' encoding='big5'?><urlset/>", "character set"),
        ("<html><body>Không tìm thấy</body></html>", "no sitemap but <html>"),
        ("Không tìm thấy", "neither XML nor"),
        ("", "neither XML nor"),
        ("<urlset>" + "<a>" * 50, "nested deeper than 32"),
        ("<urlset a='" + "x" * 2_000_000, "no tag ends"),
        ("http://portal.test/" + "x" * 2_000_000, "a line is over"),
        (gzip.compress(PLAIN)[:60], "cut off"),
        (gzip.compress(PLAIN)[:10] + b"\xff" * 30, "broken gzip"),
    ],
)
def test_a_broken_sitemap_is_reported(body, reason):
    with pytest.raises(PageUnreadable, match=reason) as caught:
        found_at("/sitemap.xml", body, headers=XML)
    assert not isinstance(caught.value, ReadInPart)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (PLAIN.replace(b"</urlset>", b"<url><loc>"), "broken XML"),
        (PLAIN + gzip.compress(b"x"), "broken XML"),
        (f"{PORTAL}/tin/1\n{PORTAL}/tin/2\n" + "x" * 10_000, "a line is over"),
    ],
)
def test_what_stands_before_a_fault_is_used_and_the_fault_told(body, reason):
    with pytest.raises(ReadInPart, match=reason) as caught:
        found_at("/sitemap.xml", body, headers=XML)
    assert paths(caught.value.found) == ["/tin/1", "/tin/2"]


def test_no_more_entries_are_taken_than_the_protocol_allows(monkeypatch):
    monkeypatch.setattr(sitemaps, "MAX_URLS", 2)
    with pytest.raises(ReadInPart, match="more than 2 entries") as caught:
        found_at("/sitemap.xml", urlset(*(f"{PORTAL}/tin/{n}" for n in range(9))), headers=XML)
    assert paths(caught.value.found) == ["/tin/0", "/tin/1"]


@pytest.mark.parametrize(
    ("filling", "reason"),
    [(b"<!--tin-->", "decodes to more than"), (b"<url></url>", "elements"), (b" ", "no tag ends")],
)
def test_a_packed_sitemap_of_two_hundred_megabytes_takes_little_memory(filling, reason, monkeypatch):
    monkeypatch.setattr(sitemaps, "MAX_ELEMENTS", 10_000)
    megabyte = gzip.compress(filling * (1024 * 1024 // len(filling) + 1))
    packed = gzip.compress(b"<urlset>") + megabyte * 200
    tracemalloc.start()
    try:
        with pytest.raises(PageUnreadable, match=reason):
            found_at("/sitemap.xml", packed, headers=XML)
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_sitemap_that_moved_is_still_one():
    target = Target(url=f"{PORTAL}/sitemap.xml", priority=LISTING)
    (moved,) = found_at(
        "/sitemap.xml", "", status=301, headers=(("Location", "/maps/vi.xml"),), target=target
    )
    assert paths([moved]) == ["/maps/vi.xml"]
    assert sitemaps.is_declared(moved, PROFILE)
    assert found_at("/sitemap.xml", "", status=301, headers=(("Location", "http://x.test/"),)) == ()


def test_a_profile_without_article_addresses_takes_a_sitemap_s_word():
    profile = parse_profile(
        f'name = "x"\nlabel = "X"\nhosts = "{HOST}"\nsitemaps = "/sitemap.xml"', source="x"
    )
    found = found_at("/sitemap.xml", urlset(f"{PORTAL}/bai-viet", "http://x.test/"), profile, headers=XML)
    assert [(t.url, t.priority) for t in found] == [(f"{PORTAL}/bai-viet", ARTICLE)]


# ------------------------------------------------------------------------------------------- feeds

RSS_2 = "<rss version='2.0'><channel><title>Tin</title>{}</channel></rss>"
RSS_1 = (
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>"
    "<channel><title>Tin</title></channel>{}</rdf:RDF>"
)
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><title>Tin</title>{}</feed>"


@pytest.mark.parametrize(
    "feed",
    [
        RSS_2.format("<item><link>http://portal.test/tin/1</link></item><item><link>/tin/2</link></item>"),
        RSS_2.format(
            "<item><guid>http://portal.test/tin/1</guid></item>"
            "<item><link>http://portal.test/tin/2</link><guid isPermaLink='false'>77</guid></item>"
        ),
        RSS_1.format("<item><link>/tin/1</link></item><item><link>/tin/2</link></item>"),
        ATOM.format(
            "<entry><link href='/tin/1'/></entry><entry><link rel='alternate' href='/tin/2'/></entry>"
        ),
        # As portals write them: an entity of HTML, a bare ampersand, cut off.
        "\n<?xml version='1.0'?>"
        + RSS_2.format(
            "<item><title>A&nbsp;B & C</title><link>/tin/1</link></item><item><link>/tin/2</link>"
        ),
    ],
)
def test_a_feed_leads_to_its_articles(feed):
    found = found_at("/rss", feed, headers=(("Content-Type", "application/rss+xml; charset=utf-8"),))
    assert [(t.url.removeprefix(PORTAL), t.priority) for t in found] == [
        ("/tin/1", ARTICLE),
        ("/tin/2", ARTICLE),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html><body>Không tìm thấy</body></html>", "no feed"),
        (b"", "no feed"),
        (b"http://127.0.0.1:9/rss", "no feed"),
        (b"/etc/passwd", "no feed"),
        (b"<?xml version='1.0' encoding='utf-\xeb'?><rss version='2.0'></rss>", "no feed"),
        (RSS_2.format("<item><title>A</title></item>"), "none of the feed's 1 entries has a link"),
    ],
)
def test_a_feed_that_leads_nowhere_is_reported(body, reason):
    with pytest.raises(PageUnreadable, match=reason):
        found_at("/rss", body)


def test_an_empty_feed_is_no_fault():
    assert found_at("/rss", RSS_2.format(""), headers=XML) == ()


def test_a_feed_s_entities_do_not_explode():
    feed = BOMB + "]>" + RSS_2.format("<item><title>&m;</title><link>/tin/1</link></item>")
    assert paths(found_at("/rss", feed, headers=XML)) == ["/tin/1"]


def test_a_feed_over_the_limit_is_none(monkeypatch):
    monkeypatch.setattr(feeds, "MAX_BYTES", 1000)
    packed = gzip.compress(RSS_2.format(" " * 5000).encode())
    with pytest.raises(PageUnreadable, match="decodes to more than 1000"):
        found_at("/rss", packed, headers=(*XML, ("Content-Encoding", "gzip")))


# ------------------------------------------------------------------------------------------ paging

ITEM = '<h3><a href="/tin/{}">x</a></h3>'
BY_NUMBER = "[paging]\nkind = 'page'\n"


@pytest.mark.parametrize(
    ("rule", "path", "following"),
    [
        ("url = '?PageIndex={page}'", "/tin", "/tin?PageIndex=2"),
        ("url = '?PageIndex={page}'", "/tin?CatID=7", "/tin?CatID=7&PageIndex=2"),
        ("url = '?p={page}'", "/tin?p=9&CatID=7", "/tin?p=10&CatID=7"),
        ("url = '?p={page}'", "/tin?amp=9", "/tin?amp=9&p=2"),
        ("url = '{listing}/page/{page}'", "/tin/?x=1", "/tin/page/2"),
        ("url = '{listing}/page/{page}'", "/tin/page/41", "/tin/page/42"),
        ("url = '/trang-{page}.html'", "/tin", "/trang-2.html"),
        ("url = 'http://portal.test/trang-{page}.html'", "/trang-3.html", "/trang-4.html"),
        ("url = '?from={page}'\nfirst = 0\nstep = 20", "/tin", "/tin?from=20"),
        ("url = '?from={page}'\nfirst = 0\nstep = 20", "/tin?from=20", "/tin?from=40"),
    ],
)
def test_pages_are_counted_in_the_address(rule, path, following):
    found = found_at(path, ITEM.format(1), profile_with(BY_NUMBER + rule))
    assert paths(found) == ["/tin/1", following]
    assert found[1].priority == LISTING


@pytest.mark.parametrize(
    ("rule", "path", "body"),
    [
        ("url = '?p={page}'", "/tin?p=5", "<p>Không có bài viết</p>"),
        ("url = '?p={page}'\nlast = 5", "/tin?p=5", ITEM.format(1)),
        ("url = '?p={page}'\non = '^/van-ban'", "/tin", ITEM.format(1)),
        ("url = '/en/trang-{page}'", "/tin", ITEM.format(1)),
        ("url = 'http://x.test/{page}'", "/tin", ITEM.format(1)),
    ],
)
def test_counting_ends_with_the_articles_at_the_last_page_and_out_of_scope(rule, path, body):
    found = found_at(path, body, profile_with(BY_NUMBER + rule))
    assert [target for target in found if target.priority == LISTING] == []


def test_the_number_of_a_page_is_told_so_that_the_crawl_can_stop():
    profile = profile_with(BY_NUMBER + "url = '?p={page}'\non = '^/tin'")
    assert page_number(Target(url=f"{PORTAL}/tin", priority=LISTING), profile) == 1
    assert page_number(Target(url=f"{PORTAL}/tin?p=7", priority=LISTING), profile) == 7
    assert page_number(Target(url=f"{PORTAL}/khac", priority=LISTING), profile) is None


BY_FORM = """
[paging]
kind = "post"
on = '^/tin'
url = "/api/tin"
first = 0
form = { PageIndex = "{page}", Site = "a+b/c==", Ids = [1, 2] }
"""


def test_a_form_asks_for_the_next_page_and_its_answer_for_the_one_after():
    profile = profile_with(BY_FORM)
    _, second = found_at("/tin", ITEM.format(1), profile)
    assert (second.method, second.priority) == ("POST", LISTING)
    assert parse_qsl(second.body) == [("PageIndex", "1"), ("Site", "a+b/c=="), ("Ids", "1"), ("Ids", "2")]
    assert second.url == f"{PORTAL}/api/tin?__wb_method=POST&{second.body}"
    found = discover(make_capture(second.url, ITEM.format(2).encode()), second, profile)
    assert found[0].url == f"{PORTAL}/tin/2"
    assert parse_qsl(found[1].body)[0] == ("PageIndex", "2")
    assert page_number(found[1], profile) == 2
    assert discover(make_capture(second.url, b"<p></p>"), second, profile) == ()


def test_a_form_s_values_are_read_on_the_listing():
    rule = BY_FORM.replace("a+b/c==", "{site}") + """read = { site = 'var site ?= ?"([^"]+)"' }"""
    script = '<script>var site = "x7+/=";</script>'
    _, second = found_at("/tin", script + ITEM.format(1), profile_with(rule))
    assert ("Site", "x7+/=") in parse_qsl(second.body)
    assert paths(found_at("/tin", ITEM.format(1), profile_with(rule))) == ["/tin/1"]
    found = discover(make_capture(second.url, ITEM.format(2).encode()), second, profile_with(rule))
    assert ("Site", "x7+/=") in parse_qsl(found[1].body)


@pytest.mark.parametrize(
    ("pointers", "document", "expected"),
    [
        ("fragment = '/data/html'", {"data": {"html": ITEM.format(5)}}, ["/tin/5"]),
        ("fragment = '/0'", [ITEM.format(5)], ["/tin/5"]),
        (
            "items = '/DataIds'\nitem_url = '/tin/{item}'",
            {"DataIds": ["5-a b", 6]},
            ["/tin/5-a%20b", "/tin/6"],
        ),
        ("items = '/d'\nitem_url = '{Url}'", {"d": [{"Url": f"{PORTAL}/tin/5"}, {"x": 1}, 7]}, ["/tin/5"]),
        ("fragment = '/html'", {"html": None}, []),
        ("items = '/d'\nitem_url = '/tin/{item}'", {"d": []}, []),
    ],
)
def test_an_answer_in_json_is_read_where_the_profile_points(pointers, document, expected):
    profile = profile_with(BY_FORM + pointers)
    _, second = found_at("/tin", ITEM.format(1), profile)
    found = discover(make_capture(second.url, json.dumps(document).encode(), headers=JSON), second, profile)
    assert paths(t for t in found if t.priority == ARTICLE) == expected
    assert len(found) == len(expected) + bool(expected)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html>Lỗi</html>", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"data": 7}', "no /data/html"),
        ('{"data": []}', "no /data/html"),
        ('{"data": {"html": 7}}', "/data/html of the answer is no HTML"),
    ],
)
def test_an_answer_that_is_not_what_was_promised_is_reported(body, reason):
    profile = profile_with(BY_FORM + "fragment = '/data/html'")
    _, second = found_at("/tin", ITEM.format(1), profile)
    with pytest.raises(PageUnreadable, match=reason):
        discover(make_capture(second.url, body.encode(), headers=JSON), second, profile)


BY_POSTBACK = """
[paging]
kind = "viewstate"
on = '^/tin'
next = ".pager a"
"""


def webform(pager, state="s1", number=1):
    return f"""
      <form method="post" action="./tin?CatID=7" id="aspnetForm">
      <input type="hidden" name="__EVENTTARGET" value="">
      <input type="hidden" name="__VIEWSTATE" value="{state}">
      <input type="hidden" name="__EVENTVALIDATION" value="v/+="><input name="q" value="tìm">
      <input type="submit" name="ok" value="OK"><input type="checkbox" name="c"><select name="s">
      <option value="20" selected>20</option><option>50</option></select><textarea name="t">x</textarea>
      {ITEM.format(number)}<div class="pager">{pager}</div></form>"""


def postback(call):
    return f'<a href="javascript:{call}">Sau</a>'


def test_a_postback_sends_what_a_browser_would_send():
    page = webform(postback("__doPostBack(&#39;ctl00$rg$next&#39;,&#39;&#39;)"))
    _, second = found_at("/tin?CatID=7", page, profile_with(BY_POSTBACK))
    assert parse_qsl(second.body, keep_blank_values=True) == [
        ("__EVENTTARGET", "ctl00$rg$next"),
        ("__EVENTARGUMENT", ""),
        ("__VIEWSTATE", "s1"),
        ("__EVENTVALIDATION", "v/+="),
        ("q", "tìm"),
        ("s", "20"),
        ("t", "x"),
    ]
    assert second.url.startswith(f"{PORTAL}/tin?CatID=7&__wb_method=POST&__EVENTTARGET=ctl00%24rg%24next")


def test_pages_behind_one_and_the_same_postback_are_told_apart_and_known_again():
    profile = profile_with(BY_POSTBACK)
    pager = postback("__doPostBack('next','')")
    _, second = found_at("/tin", webform(pager), profile)
    answer = make_capture(second.url, webform(pager, "s2", 2).encode())
    article, third = discover(answer, second, profile)
    assert article.url == f"{PORTAL}/tin/2"
    assert third.url != second.url and ("__VIEWSTATE", "s2") in parse_qsl(third.body)
    assert [page_number(target, profile) for target in (second, third)] == [2, 3]
    _, later = found_at("/tin", webform(pager, "another state"), profile)
    assert later.url == second.url


@pytest.mark.parametrize(
    ("pager", "event"),
    [
        (postback("__doPostBack('a','b')"), ("a", "b")),
        (postback("__doPostBack ( &quot;a&quot; , &quot;it's&quot; )"), ("a", "it's")),
        (postback(r"__doPostBack('a\'b','x\\y\x24\u0024')"), ("a'b", "x\\y$$")),
        (postback("__doPostBack(%27a%27,%27b%27)"), ("a", "b")),
        (postback("__doPostBack('a')"), ("a", "")),
        ("<a href=\"#\" onclick=\"__doPostBack('a','b');return false\">Sau</a>", ("a", "b")),
        (
            postback(
                "WebForm_DoPostBackWithOptions(new WebForm_PostBackOptions(&quot;a&quot;, &quot;&quot;))"
            ),
            ("a", ""),
        ),
        ("".join(postback(f"__doPostBack('g','Page${n}')") for n in (1, 3, 2)), ("g", "Page$2")),
    ],
)
def test_a_postback_is_understood_in_any_quoting(pager, event):
    _, second = found_at("/tin", webform(pager), profile_with(BY_POSTBACK))
    assert tuple(value for _, value in parse_qsl(second.body, keep_blank_values=True)[:2]) == event


@pytest.mark.parametrize(
    "page",
    [
        webform(postback("__doPostBack(this.id,'')")),
        webform(postback("__doPostBack('a")),
        webform(postback("__doPostBack('g','Page$1')")),
        webform('<a href="/tin?p=2">2</a>'),
        webform(postback("__doPostBack('a','')")).replace("__VIEWSTATE", "other"),
        webform(postback("__doPostBack('a','')")).replace("./tin", "http://x.test/tin"),
    ],
)
def test_without_a_postback_that_is_understood_there_is_no_next_page(page):
    assert paths(found_at("/tin", page, profile_with(BY_POSTBACK))) == ["/tin/1"]


def test_a_form_over_the_limit_is_reported(monkeypatch):
    monkeypatch.setattr(paging, "MAX_FORM_BYTES", 1000)
    with pytest.raises(PageUnreadable, match="over 1000 bytes"):
        found_at("/tin", webform(postback("__doPostBack('a','')"), "s" * 2000), profile_with(BY_POSTBACK))


def test_a_form_is_sent_and_the_answer_known_by_what_was_sent(web):
    profile = profile_with(BY_FORM)
    web.replies["/api/tin"] = reply(ITEM.format(2).encode())
    _, second = found_at("/tin", ITEM.format(1), profile)
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", web.port)})
    try:
        capture = fetcher.fetch(second, profile.politeness)
    finally:
        fetcher.close()
    assert (capture.method, capture.sent, capture.url) == ("POST", second.body.encode(), second.url)
    ((path, headers),) = web.requests
    assert (path, headers["Content-Type"]) == ("/api/tin", "application/x-www-form-urlencoded")
    assert web.bodies == [second.body.encode()]
    assert paths(discover(capture, second, profile))[0] == "/tin/2"


def test_the_profile_of_the_new_portals_of_hanoi_pages_by_form():
    profile = load_profile("hanoi-cms")
    listing = profile.seeds[0]
    page = '<div class="news-item"><a href="/tin/ky-hop-4250410182811455.htm">x</a></div>'
    found = discover(make_capture(listing, page.encode()), Target(url=listing, priority=LISTING), profile)
    assert [t.method for t in found] == ["GET", "POST"]
    assert dict(parse_qsl(found[1].body))["PageIndex"] == "1"
    assert profile.article_number(found[0].url) == "4250410182811455"


# ------------------------------------------------------------------------------------------- links


def test_a_base_without_the_folder_is_honoured():
    # daksong.daknong.gov.vn: pages in folders, links relative to the root.
    profile = load_profile("daksong")
    host = "http://daksong.daknong.gov.vn"
    page = (
        f'<base href="{host}/"><td class="TitleFront"><a href="./huyen-dak-song-to-chuc-dai-hoi">x</a></td>'
    )
    url = f"{host}/tin-tuc-su-kien/page/2"
    found = discover(
        make_capture(url, f"<table><tr>{page}</tr></table>".encode()), Target(url=url, priority=0), profile
    )
    assert [target.url for target in found] == [f"{host}/huyen-dak-song-to-chuc-dai-hoi"]


# ------------------------------------------------------------------------------------- attachments


def files_at(body, profile=PROFILE):
    page = f"<title>Kỳ họp</title><h1>Kỳ họp</h1>{body}".encode()
    article = clean(make_capture(f"{PORTAL}/tin/1", page), profile)
    target = Target(url=article.url, priority=ARTICLE)
    found, fault = file_targets(files_of(article, profile), target, profile)
    assert {target.priority for target in found} <= {FILE}
    return [target.url for target in found], fault


def test_an_article_leads_to_the_files_that_its_body_links_to():
    body = """<a href="/menu.pdf">Menu</a><div class=body>
      <a href="/a/Quy%E1%BA%BFt.PDF#page=2">1</a> <a href="http://media.test/b.docx">2</a>
      <a href="/a/x.zip?v=1">3</a> <img src="/p.jpg">
      <a href="http://x.test/c.pdf">4</a> <a href="/tin/2">5</a> <a href="/en/d.pdf">6</a></div>
      <div class=files><a href="/tai-ve?id=7">Tải về</a><a href="/tin/3">Tin khác</a></div>"""
    wanted = [
        f"{PORTAL}/a/Quy%E1%BA%BFt.PDF",
        "http://media.test/b.docx",
        f"{PORTAL}/a/x.zip?v=1",
        f"{PORTAL}/tai-ve?id=7",
    ]
    assert files_at(body) == (wanted, None)


def test_pictures_are_fetched_if_the_profile_wants_them():
    body = (
        '<div class=body><img src="a.jpg"><img data-src="b.png" src="x.gif"><img src="i.gif" width=16></div>'
    )
    assert files_at(body) == ([], None)
    wanted = [f"{PORTAL}/tin/a.jpg", f"{PORTAL}/tin/b.png"]
    assert files_at(body, profile_with("[attachments]\nimages = true")) == (wanted, None)


def test_no_more_files_are_fetched_than_the_profile_allows_and_the_rest_is_told():
    body = "<div class=body>" + "".join(f'<a href="/{n}.pdf">x</a>' for n in range(5)) + "</div>"
    found, fault = files_at(body, profile_with("[attachments]\nmax_files = 2"))
    assert len(found) == 2
    assert fault.startswith("links to 5 files, of which 2")
    assert files_at(body, profile_with("[attachments]\nmax_files = 0"))[0] == []


def test_files_and_sitemaps_have_bounds_of_their_own():
    page, file = (Target(url=f"{PORTAL}/x", priority=priority) for priority in (ARTICLE, FILE))
    sitemap = Target(url=f"{PORTAL}/sitemap.xml", priority=LISTING)
    sizes = [bounds(target, PROFILE).max_bytes // 1024**2 for target in (page, file, sitemap)]
    assert sizes == [10, 100, 100]
    assert bounds(file, PROFILE).deadline_s > bounds(page, PROFILE).deadline_s


def test_a_file_that_moved_is_fetched_where_it_is_now():
    headers = (("Location", "http://media.test/a.pdf"),)
    (moved,) = found_at("/a.pdf", "", status=302, headers=headers, priority=FILE)
    assert (moved.url, moved.priority) == ("http://media.test/a.pdf", FILE)
    assert found_at("/tin", "", status=302, headers=headers) == ()
    assert found_at("/a.pdf", "%PDF", priority=FILE) == ()


# --------------------------------------------------------------------------------------- the crawl


def test_a_form_that_waits_is_sent_with_the_state_of_the_newest_page(archive):
    profile = profile_with(BY_POSTBACK)
    queue = archive.frontier("portal")
    for state in ("s1", "s2"):
        queue.add(found_at("/tin", webform(postback("__doPostBack('n','')"), state), profile)[1:])
    assert ("__VIEWSTATE", "s2") in parse_qsl(queue.next().body)


def test_a_crawl_follows_feed_sitemap_and_form(web):
    items = '<h3><a href="/tin/{}">x</a></h3>'
    web.replies |= {
        "/robots.txt": reply(b"User-agent: *\nDisallow: /*Site=", Content_Type="text/plain"),
        "/rss": reply(RSS_2.format("<item><link>/tin/1</link></item>").encode(), Content_Type="text/xml"),
        "/sitemap.xml": reply(
            urlset(f"{PORTAL}/a.xml.gz", root="sitemapindex", entry="sitemap").encode(),
            Content_Type="text/xml",
        ),
        "/a.xml.gz": reply(
            gzip.compress(urlset(f"{PORTAL}/tin/2").encode()), Content_Type="application/gzip"
        ),
        "/tin": reply(items.format(3).encode()),
    } | {f"/tin/{n}": reply(b"<p>tin</p>") for n in (1, 2, 3, 4)}

    def form(handler):
        number = parse_qsl(web.bodies[-1].decode())[0][1]
        reply(items.format(4).encode() if number == "1" else b"<p></p>")(handler)

    web.replies["/api/tin"] = form
    profile = profile_with(BY_FORM + "[politeness]\ndelay_s = 0")
    fetcher = Fetcher(connect_to={HOST: ("127.0.0.1", web.port)})
    try:
        hosts, clock = HostsInMemory(), FakeClock()
        found = list(crawl(profile, fetcher, Queue(), hosts=hosts, budget=Budget(), clock=clock))
    finally:
        fetcher.close()
    assert [visit.target.url for visit in found if not visit.capture or visit.capture.status != 200] == []
    listings, articles = ["/rss", "/sitemap.xml", "/tin", "/a.xml.gz", "/api/tin", "/api/tin"], [1, 3, 2, 4]
    assert web.paths == ["/robots.txt", *listings, *(f"/tin/{n}" for n in articles)]
