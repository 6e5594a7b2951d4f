"""RFC 9309 clause by clause: the text of a robots.txt first, then how it is fetched, from a real server."""

import gzip
import re
import threading
from dataclasses import replace

import pytest
from conftest import make_capture, reply
from crawling import FakeClock, HostsInMemory, Queue
from hypothesis import given
from hypothesis import strategies as st

from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.robots import MAX_BYTES, Rules, read_rules
from archive_search.errors import RobotsUnavailable
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import Target

HOST = "portal.test"
OTHER = "other.test"
PROFILE = Profile(
    name="portal",
    label="Portal",
    hosts=(HOST,),
    article=ArticleRule(url=r"^/tin/(?P<number>\d+)"),
    listing=ListingRule(url=r"^/tin$"),
    politeness=Politeness(delay_s=0, deadline_s=5, max_bytes=100_000),
)
DENY_ALL = b"User-agent: *\nDisallow: /"


def allowed(robots, path, product="foobot"):
    return Rules(robots, product).can_fetch(f"http://{HOST}{path}")


def table(*cases):
    return pytest.mark.parametrize(
        ("robots", "path", "expected"), [pytest.param(*case[1:], id=case[0]) for case in cases]
    )


# ------------------------------------------------------------------------------- 2.1, 2.2: the lines


@table(
    ("2.2-WS-around-all", " \tuser-agent \t:\t foobot \n\t disallow\t: /x \t", "/x", False),
    ("2.2-no-WS-at-all", "user-agent:foobot\ndisallow:/x", "/x", False),
    ("2.2-field-names-in-any-case", "USER-AGENT: foobot\ndIsAlLoW: /x", "/x", False),
    ("2.2-EOL-is-LF", "user-agent: foobot\ndisallow: /x\n", "/x", False),
    ("2.2-EOL-is-CR", "user-agent: foobot\rdisallow: /x\r", "/x", False),
    ("2.2-EOL-is-CRLF", "user-agent: foobot\r\ndisallow: /x\r\n", "/x", False),
    ("2.2-EOL-mixed", "user-agent: foobot\r\n\r\ndisallow: /x\rallow: /x/y\n", "/x/z", False),
    (
        "2.2-EOL-is-no-line-separator",
        "user-agent: foobot\ndisallow: /\u2028allow: /",
        "/\u2028allow:%20/",
        False,
    ),
    ("2.2-EOL-is-no-form-feed", "user-agent: foobot\ndisallow: /x\n#\fallow: /x", "/x", False),
    ("2.2-the-last-line-needs-no-EOL", "user-agent: foobot\ndisallow: /x", "/x", False),
    ("2.2-an-empty-line-ends-no-group", "user-agent: foobot\n\n\ndisallow: /x", "/x", False),
    ("2.2.3-comment-line", "# a\nuser-agent: foobot\n# b\ndisallow: /x", "/x", False),
    ("2.2.3-comment-after-agent", "user-agent: foobot # us\ndisallow: /x", "/x", False),
    ("2.2.3-comment-after-pattern", "user-agent: foobot\ndisallow: /x# all of it", "/x", False),
    ("2.2.3-comment-without-blank-before", "user-agent: foobot\ndisallow: /#x", "/y", False),
    ("2.2.3-commented-rule-is-none", "user-agent: foobot\n#disallow: /x", "/x", True),
    ("2.2-empty-pattern-forbids-nothing", "user-agent: foobot\ndisallow:", "/x", True),
    ("2.2-empty-pattern-allows-nothing", "user-agent: foobot\nallow:\ndisallow: /", "/x", False),
    ("2.2-a-rule-outside-a-group-is-none", "disallow: /\nuser-agent: foobot\ndisallow: /x", "/y", True),
    ("2.2-a-path-starts-with-a-slash", "user-agent: foobot\nallow: x\ndisallow: /", "/x", False),
    ("2.2-WS-is-blank-and-tab-only", "user-agent: foobot\nallow: /x\u00a0\ndisallow: /", "/x", False),
    ("2.2-field-names-are-ascii", "user-agent: foobot\nallow: /\ndi\u017fallow: /x", "/x", True),
    ("2.2.1-tokens-are-ascii", "user-agent: foobot\u017f\ndisallow: /x", "/x", False),
    ("2.3-utf-8-bom-is-no-text", "\ufeffuser-agent: foobot\ndisallow: /x", "/x", False),
    ("2.3-broken-bom-is-no-text", "\ufffduser-agent: foobot\ndisallow: /x", "/x", False),
    ("2.3.1.5-unreadable-line-is-skipped", "user-agent: foobot\n<html>\x00\ndisallow: /x", "/x", False),
    (
        "2.3.1.5-bom-inside-spoils-its-line-only",
        "user-agent: foobot\n\ufeffallow: /\ndisallow: /",
        "/",
        False,
    ),
    ("2.3.1.5-misspelt-disallow", "user-agent: foobot\ndissallow: /x", "/x", False),
    ("2.3.1.5-misspelt-user-agent", "useragent: foobot\ndisallow: /x", "/x", False),
    ("2.3.1.5-blank-for-colon", "user-agent foobot\ndisallow /x", "/x", False),
    ("2.3.1.5-blank-for-colon-and-a-colon-in-it", "user-agent: foobot\ndisallow /x:y", "/x:y", False),
    ("2.3.1.5-three-words-are-no-allow", "user-agent: foobot\nallow / please\ndisallow: /", "/", False),
    ("2.3.1.5-longer-word-is-no-disallow", "user-agent: foobot\ndisallowed: /x", "/x", True),
    ("2.3.1.5-empty-file", "", "/x", True),
    ("2.3.1.5-html", "<!DOCTYPE html>\n<p>User-agent: *\n<p>Disallow: /", "/x", True),
)
def test_lines_are_read(robots, path, expected):
    assert allowed(robots, path) is expected


# ---------------------------------------------------------------------------------- 2.2.1: the group


@table(
    ("own-group-and-not-the-star", "user-agent: *\ndisallow: /\nuser-agent: foobot\nallow: /", "/x", True),
    (
        "own-group-comes-first-wherever-it-stands",
        "user-agent: foobot\ndisallow: /\n\nuser-agent: *",
        "/",
        False,
    ),
    ("star-if-there-is-no-own", "user-agent: barbot\nallow: /\nuser-agent: *\ndisallow: /", "/x", False),
    ("nothing-if-there-is-neither", "user-agent: barbot\ndisallow: /", "/x", True),
    ("token-in-any-case", "user-agent: FooBot\ndisallow: /x", "/x", False),
    (
        "groups-of-a-name-are-merged",
        "user-agent: foobot\ndisallow: /a\n\nuser-agent: foobot\ndisallow: /b",
        "/a",
        False,
    ),
    (
        "merged-over-others",
        "user-agent: foobot\nallow: /\nuser-agent: b\nuser-agent: FOOBOT\ndisallow: /b",
        "/b",
        False,
    ),
    ("stars-are-merged", "user-agent: *\ndisallow: /a\nuser-agent: *\ndisallow: /b", "/a", False),
    ("several-names-in-a-row-first", "user-agent: foobot\nuser-agent: barbot\ndisallow: /x", "/x", False),
    ("several-names-in-a-row-last", "user-agent: barbot\nuser-agent: foobot\ndisallow: /x", "/x", False),
    ("several-names-and-the-star", "user-agent: barbot\nuser-agent: *\ndisallow: /x", "/x", False),
    ("a-rule-ends-the-names", "user-agent: foobot\nallow: /\nuser-agent: barbot\ndisallow: /", "/x", True),
    (
        "an-empty-rule-ends-the-names",
        "user-agent: foobot\ndisallow:\nuser-agent: barbot\ndisallow: /",
        "/x",
        True,
    ),
    ("token-ends-at-a-blank", "user-agent: foobot bar\ndisallow: /x", "/x", False),
    ("token-ends-at-a-slash", "user-agent: foobot/2.1\ndisallow: /x", "/x", False),
    ("token-ends-at-a-digit", "user-agent: foobot2\ndisallow: /x", "/x", False),
    ("token-ends-at-a-star", "user-agent: foobot*\ndisallow: /x", "/x", False),
    ("second-word-names-nobody", "user-agent: bar foobot\ndisallow: /", "/x", True),
    (
        "cut-group-of-ours-beats-the-star",
        "user-agent: *\nallow: /\nuser-agent: foobot 1\ndisallow: /",
        "/x",
        False,
    ),
    (
        "beginning-of-our-token-is-not-us",
        "user-agent: foo\nallow: /\nuser-agent: *\ndisallow: /",
        "/x",
        False,
    ),
    ("longer-token-is-not-us", "user-agent: foobot-news\nallow: /\nuser-agent: *\ndisallow: /", "/x", False),
    ("star-and-more-is-the-star", "user-agent: * all of you\ndisallow: /x", "/x", False),
    (
        "star-within-a-name-is-nobody",
        "user-agent: *foobot\nallow: /\nuser-agent: *\ndisallow: /",
        "/x",
        False,
    ),
    ("no-name-is-nobody", "user-agent:\nallow: /\nuser-agent: *\ndisallow: /", "/x", False),
    ("digits-only-is-nobody", "user-agent: 360\nallow: /\nuser-agent: *\ndisallow: /", "/x", False),
)
def test_the_group_is_ours_or_that_of_the_star(robots, path, expected):
    assert allowed(robots, path) is expected


@pytest.mark.parametrize(
    "field", ["sitemap", "crawl-delay", "host", "clean-param", "unknown", "request-rate"]
)
@pytest.mark.parametrize("product", ["foobot", "barbot"])
def test_2_2_4_another_record_between_two_names_ends_no_group(field, product):
    robots = f"user-agent: foobot\n{field}: 7\nuser-agent: barbot\ndisallow: /x"
    assert not allowed(robots, "/x", product)


def test_2_2_4_another_record_between_rules_ends_no_group():
    assert not allowed("user-agent: foobot\nallow: /\nsitemap: http://a/\ndisallow: /x", "/x")


def test_2_2_1_our_token_with_its_hyphen_is_a_token():
    assert not Rules("User-agent: Archive-Search/1.0\nDisallow: /").can_fetch("http://portal.test/")
    assert Rules("User-agent: archive\nDisallow: /").can_fetch("http://portal.test/")


# -------------------------------------------------------------------------- 2.2.2, 2.2.3: the match


def rules(*lines):
    return "\n".join(("user-agent: *", *lines))


@table(
    ("case-matters", rules("disallow: /X"), "/x", True),
    ("begins-with", rules("disallow: /x"), "/xyz/a?b", False),
    ("from-the-beginning-only", rules("disallow: /x"), "/a/x", True),
    ("directory", rules("disallow: /x/"), "/x", True),
    ("longest-wins", rules("allow: /x/y", "disallow: /x"), "/x/y/z", True),
    ("longest-wins-in-any-order", rules("disallow: /x/y", "allow: /x"), "/x/y/z", False),
    ("allow-wins-ties", rules("disallow: /x", "allow: /x"), "/x", True),
    ("allow-wins-ties-in-any-order", rules("allow: /x", "disallow: /x"), "/x", True),
    ("tie-of-other-patterns", rules("disallow: /x*", "allow: /xy"), "/xyz", True),
    ("longest-counts-octets-not-characters", rules("allow: /tin", "disallow: /ữ"), "/ữ", False),
    ("no-match-is-allowed", rules("disallow: /x", "allow: /y"), "/z", True),
    ("robots-txt-is-allowed", rules("disallow: /"), "/robots.txt", True),
    ("only-robots-txt-is", rules("disallow: /"), "/robots.txt/x", False),
    ("only-that-at-the-top-is", rules("disallow: /"), "/a/robots.txt", False),
    ("empty-path-is-the-slash", rules("disallow: /"), "", False),
    ("empty-path-with-query", rules("disallow: /?a"), "?a", False),
    ("query-belongs-to-it", rules("disallow: /*?cur="), "/tin?cur=2", False),
    ("empty-query-belongs-to-it", rules("disallow: /tin?"), "/tin?", False),
    ("fragment-does-not", rules("disallow: /*x"), "/tin#x", True),
    ("parameters-belong-to-it", rules("disallow: /a;b"), "/a;b", False),
    ("double-slash-is-a-path", rules("disallow: //a"), "//a/b", False),
    ("index-html-is-no-directory", rules("allow: /x/index.html", "disallow: /"), "/x/", False),
    ("index-html-is-itself", rules("allow: /x/index.html", "disallow: /"), "/x/index.html", True),
    # The table of 2.2.2: path in robots.txt, path of the URL, encoded or not.
    ("table-1-query", rules("disallow: /foo/bar?baz=quz"), "/foo/bar?baz=quz", False),
    ("table-2-url-raw", rules("disallow: /foo?baz=https%3A%2F%2Ffoo.bar"), "/foo?baz=https://foo.bar", False),
    ("table-2-rule-raw", rules("disallow: /foo?baz=http://foo.bar"), "/foo?baz=http%3a%2f%2ffoo.bar", False),
    ("table-3-rule-raw", rules("disallow: /foo/bar/\u30c4"), "/foo/bar/%E3%83%84", False),
    ("table-3-url-raw", rules("disallow: /foo/bar/%E3%83%84"), "/foo/bar/\u30c4", False),
    ("table-4-both-encoded", rules("disallow: /foo/bar/%E3%83%84"), "/foo/bar/%e3%83%84", False),
    ("table-5-rule-encoded", rules("disallow: /foo/bar/%62%61%7A"), "/foo/bar/baz", False),
    ("table-5-url-encoded", rules("disallow: /foo/bar/baz"), "/foo/bar/%62%61%7a", False),
    ("encoded-slash-of-a-path-is-none", rules("allow: /a/b", "disallow: /"), "/a%2Fb", False),
    ("blank", rules("disallow: /a b"), "/a%20b", False),
    ("percent-alone", rules("disallow: /100%"), "/100%", False),
    ("vietnamese", rules("disallow: /tin-tức"), "/tin-t%E1%BB%A9c/1", False),
    # 2.2.3: special characters.
    ("star-is-any-characters", rules("disallow: /a/*/c"), "/a/b/b/c", False),
    ("star-is-no-character", rules("disallow: /a*c"), "/ac", False),
    ("star-at-the-end", rules("disallow: /a*"), "/abc", False),
    ("star-at-the-beginning", rules("disallow: *.gif"), "/a/b.gif?x", False),
    ("stars-in-a-row", rules("disallow: /a**c"), "/abc", False),
    ("star-over-a-query-with-a-slash", rules("disallow: /*/x"), "/a?b=c/x", False),
    ("dollar-is-the-end", rules("disallow: /a$"), "/a", False),
    ("dollar-is-not-a-prefix", rules("disallow: /a$"), "/ab", True),
    ("dollar-sees-the-query", rules("disallow: /a$"), "/a?b", True),
    ("dollar-alone-after-slash", rules("allow: /$", "disallow: /"), "/", True),
    ("dollar-alone-after-slash-no-more", rules("allow: /$", "disallow: /"), "/x", False),
    ("dollar-allows-no-literal", rules("allow: /a$", "disallow: /"), "/a$b", False),
    ("dollar-after-star", rules("disallow: /*.php$"), "/a.php.php", False),
    ("dollar-after-star-not-beyond", rules("disallow: /*.php$"), "/a.php5", True),
    ("dollar-inside-is-itself", rules("disallow: /a$b"), "/a$bc", False),
    ("dollar-counts-as-one-octet", rules("allow: /ab*", "disallow: /ab$"), "/ab", True),
    ("verbatim-star", rules("disallow: /path/file-with-a-%2A.html"), "/path/file-with-a-*.html", False),
    ("verbatim-star-is-no-other", rules("disallow: /file-with-a-%2A.html"), "/file-with-a-b.html", True),
    ("verbatim-dollar", rules("disallow: /path/foo-%24"), "/path/foo-$", False),
    ("verbatim-dollar-is-no-end", rules("disallow: /path/foo-%24"), "/path/foo-", True),
    ("verbatim-hash", rules("disallow: /a%23b"), "/a%23b", False),
    ("control-character-is-no-end", rules("allow: /a%03", "disallow: /"), "/a", False),
    ("control-character-in-a-url-is-no-end", rules("allow: /a$", "disallow: /"), "/a%03b", False),
)  # fmt: skip
def test_the_most_specific_pattern_decides(robots, path, expected):
    assert allowed(robots, path) is expected


def matches(pattern, path):
    end = r"\Z" if pattern.endswith("$") else ""
    return re.match(".*".join(map(re.escape, pattern.removesuffix("$").split("*"))) + end, path)


PATTERNS = st.builds(
    "/{}{}".format, st.text("/ab*?", max_size=6).filter(lambda x: "?" not in x), st.sampled_from(["", "$"])
)


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=6), st.text("/ab", max_size=6))
def test_any_rules_decide_as_the_rfc_says(pairs, tail):
    robots = rules(*(f"{'allow' if allow else 'disallow'}: {pattern}" for allow, pattern in pairs))
    found = [(len(pattern), allow) for allow, pattern in pairs if matches(pattern, f"/{tail}")]
    assert allowed(robots, f"/{tail}") is max(found, default=(0, True))[1]


@given(st.text(), st.text("/?#%ab\u1ee9 $*"))
def test_no_text_is_too_odd_to_read(text, path):
    assert allowed(f"{text}\nuser-agent: foobot\ndisallow: /", f"/x{path}") in (True, False)


SIMPLE_EXAMPLE = """
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot
"""


@pytest.mark.parametrize(
    ("product", "path", "expected"),
    [
        ("anybot", "/a.gif", False),
        ("anybot", "/a.gif?x", True),
        ("anybot", "/example/", False),
        ("anybot", "/publications/", True),
        ("anybot", "/publications/a.gif", True),
        ("foobot", "/", False),
        ("foobot", "/publications/", False),
        ("foobot", "/example/page.html", True),
        ("foobot", "/example/allowed.gif", True),
        ("foobot", "/example/other.gif", False),
        ("barbot", "/example/page.html", False),
        ("bazbot", "/example/page.html", False),
        ("bazbot", "/example/a.gif", True),
        ("quxbot", "/example/page.html", True),
        ("quxbot", "/a.gif", True),
    ],
)
def test_5_1_the_simple_example(product, path, expected):
    assert allowed(SIMPLE_EXAMPLE, path, product) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/example/page/", True), ("/example/page/disallowed.gif", False), ("/example/page/other.gif", True)],
)
def test_5_2_the_longest_match(path, expected):
    robots = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n"
    assert allowed(robots, path) is expected


@pytest.mark.parametrize(
    ("robots", "asked", "kept"),
    [
        ("user-agent: *\ncrawl-delay: 5", 5, 5),
        ("user-agent: *\ncrawl-delay: 0.5 # s", 0.5, 0.5),
        ("user-agent: *\ncrawl-delay: 900", 900, 30),
        ("user-agent: *\ncrawl-delay: soon", 0, 0),
        ("user-agent: *\ncrawl-delay: -1", 0, 0),
        ("user-agent: *\ncrawl-delay: nan", 0, 0),
        ("user-agent: *\ncrawl-delay: 2\ncrawl-delay: 7\ncrawl-delay: 3", 7, 7),
        ("user-agent: barbot\ncrawl-delay: 5\ndisallow:\nuser-agent: *\ndisallow:", 0, 0),
        ("crawl-delay: 5\nuser-agent: *", 0, 0),
    ],
)
def test_a_crawl_delay_is_kept_up_to_half_a_minute(robots, asked, kept):
    assert (Rules(robots).asked_s, Rules(robots).delay_s) == (asked, kept)


# ------------------------------------------------------------------------ 2.3, 2.5: from the response


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 451, 499])
def test_2_3_1_3_any_4xx_allows_everything(status):
    assert read_rules(make_capture(payload=DENY_ALL, status=status)).can_fetch("http://portal.test/x")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_2_3_1_4_any_5xx_forbids_everything(status):
    with pytest.raises(RobotsUnavailable, match=str(status)):
        read_rules(make_capture(status=status))


@pytest.mark.parametrize("status", [304, 300, 600, 999])
def test_an_answer_that_is_none_forbids_everything(status):
    with pytest.raises(RobotsUnavailable, match=str(status)):
        read_rules(make_capture(status=status))


@pytest.mark.parametrize("status", [200, 203, 206])
def test_2_3_1_1_any_success_is_followed(status):
    assert not read_rules(make_capture(payload=DENY_ALL, status=status)).can_fetch("http://portal.test/x")


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xef\xbb\xbf" + DENY_ALL, id="utf-8-bom"),
        pytest.param(b"\xef\xbb" + DENY_ALL, id="broken-bom"),
        pytest.param(DENY_ALL.decode().encode("utf-16"), id="utf-16-bom"),
        pytest.param(
            "\ufeff".encode("utf-16-be") + DENY_ALL.decode().encode("utf-16-be"), id="utf-16-be-bom"
        ),
        pytest.param(b"# C\xe1\xc0 g\xff\n" + DENY_ALL, id="no-utf-8-in-a-comment"),
    ],
)
def test_2_3_a_file_that_is_not_quite_utf_8_is_obeyed(payload):
    assert not read_rules(make_capture(payload=payload)).can_fetch("http://portal.test/x")


def padded(rule, end, eol=b"\n"):
    """Return a file in which the rule ends at byte `end`, with a comment before it."""
    head = b"User-agent: *" + eol + b"Disallow: /" + eol + b"#"
    return head + b"x" * (end - len(head) - len(eol) - len(rule)) + eol + rule


@pytest.mark.parametrize("eol", [b"\n", b"\r"])
@pytest.mark.parametrize(
    ("end", "after", "parsed"),
    [
        pytest.param(MAX_BYTES, b"", True, id="ends-at-500-KiB"),
        pytest.param(MAX_BYTES, b"{eol}Disallow: /tin/1", True, id="ends-at-500-KiB-and-more-follows"),
        pytest.param(MAX_BYTES, b"/a/b", False, id="cut-line-would-allow-more"),
        pytest.param(MAX_BYTES + 1, b"", False, id="one-byte-over"),
        pytest.param(MAX_BYTES + 50_000, b"", False, id="far-over"),
    ],
)
def test_2_5_what_is_over_500_kib_is_ignored_in_whole_lines(end, after, parsed, eol):
    payload = padded(b"Allow: /tin", end, eol) + after.replace(b"{eol}", eol)
    assert read_rules(make_capture(payload=payload)).can_fetch("http://portal.test/tin/1") is parsed


def test_2_5_a_file_of_one_endless_line_says_nothing():
    assert read_rules(make_capture(payload=b"x" * (MAX_BYTES * 2))).can_fetch("http://portal.test/")


def test_a_gzipped_file_is_read_and_a_broken_one_is_not():
    gzipped = (("Content-Encoding", "gzip"),)
    capture = make_capture(payload=gzip.compress(DENY_ALL), headers=gzipped)
    assert not read_rules(capture).can_fetch("http://portal.test/")
    with pytest.raises(RobotsUnavailable, match="gzip"):
        read_rules(make_capture(payload=gzip.compress(DENY_ALL)[:-9], headers=gzipped))


# ---------------------------------------------------------------------------- 2.3, 2.4: from a server


def crawling(fetcher, profile=PROFILE, *, articles=1, hosts=None, budget=None, clock=None):
    """Crawl so many articles that are known beforehand."""
    known = [Target(url=f"http://{HOST}/tin/{n}", priority=1) for n in range(1, articles + 1)]
    return crawl(
        profile,
        fetcher,
        Queue(*known),
        hosts=hosts or HostsInMemory(),
        budget=budget or Budget(),
        clock=clock or FakeClock(),
    )


@pytest.fixture
def fetcher(web):
    here = ("127.0.0.1", web.port)
    fetcher = Fetcher(connect_to={HOST: here, OTHER: here})
    for number in range(1, 5):
        web.replies[f"/tin/{number}"] = reply(b"<p>tin</p>")
    yield fetcher
    fetcher.close()


def last_visit(fetcher, profile=PROFILE):
    return list(crawling(fetcher, profile))[-1]


def why_stopped(fetcher, profile=PROFILE):
    budget = Budget()
    list(crawling(fetcher, profile, budget=budget))
    return budget.stopped


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429])
def test_2_3_1_3_a_portal_whose_robots_txt_is_4xx_is_crawled(web, fetcher, status):
    web.replies["/robots.txt"] = reply(DENY_ALL, status=status)
    assert last_visit(fetcher).capture.status == 200


BOMB = reply(gzip.compress(b"#" * (17 * MAX_BYTES)), Content_Encoding="gzip")


def hang_up(handler):
    handler.close_connection = True


def short_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(DENY_ALL)
    handler.close_connection = True


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(status=500), id="500"),
        pytest.param(reply(status=503), id="503"),
        pytest.param(hang_up, id="no-response"),
        pytest.param(short_body, id="short-body"),
        pytest.param(reply(b"no gzip", Content_Encoding="gzip"), id="broken-coding"),
        pytest.param(reply(status=302), id="redirect-to-nowhere"),
        pytest.param(reply(status=302, Location="ftp://portal.test/robots.txt"), id="redirect-to-ftp"),
        pytest.param(reply(status=302, Location="http://[broken/"), id="redirect-to-no-url"),
        pytest.param(reply(status=302, Location="http://127.0.0.1:1/"), id="redirect-to-a-dead-host"),
        pytest.param(BOMB, id="decompression-bomb"),
    ],
)
def test_2_3_1_4_nothing_is_fetched_while_robots_txt_gives_no_answer(web, fetcher, answer):
    web.replies["/robots.txt"] = answer
    assert "nothing may be fetched" in why_stopped(fetcher)
    assert set(web.paths) == {"/robots.txt"}


def test_2_3_1_4_a_robots_txt_that_does_not_come_in_time_forbids_everything(web, fetcher):
    asked_all = threading.Event()
    web.replies["/robots.txt"] = lambda handler: (asked_all.wait(10), hang_up(handler))
    hasty = replace(PROFILE, politeness=replace(PROFILE.politeness, deadline_s=0.2))
    assert "nothing may be fetched" in why_stopped(fetcher, hasty)
    asked_all.set()


def redirects(web, hops):
    """Answer a robots.txt with redirects, every second one to another host, and forbid all at the end."""
    web.replies["/robots.txt"] = reply(status=301, Location="/hop1")
    for hop, status in zip(range(1, hops), (302, 303, 307, 308, 301, 302), strict=False):
        host = OTHER if hop % 2 else HOST
        web.replies[f"/hop{hop}"] = reply(status=status, Location=f"http://{host}/hop{hop + 1}")
    web.replies[f"/hop{hops}"] = reply(DENY_ALL)


@pytest.mark.parametrize("hops", [1, 2, 3, 4, 5])
def test_2_3_1_2_five_redirects_are_followed_across_hosts(web, fetcher, hops):
    redirects(web, hops)
    assert last_visit(fetcher).refused == "robots.txt forbids it"


def test_2_3_1_2_after_more_redirects_the_file_counts_as_not_there(web, fetcher):
    redirects(web, 6)
    assert last_visit(fetcher).capture.status == 200
    assert "/hop6" not in web.paths


def test_2_3_1_2_a_redirect_to_an_error_counts_as_the_error(web, fetcher):
    web.replies["/robots.txt"] = reply(status=301, Location=f"http://{OTHER}/r")
    web.replies["/r"] = reply(status=503)
    assert "nothing may be fetched" in why_stopped(fetcher)


def test_2_5_a_robots_txt_may_be_larger_than_a_page(web, fetcher):
    web.replies["/robots.txt"] = reply(DENY_ALL + b"\n" + b"#" * (600 * 1024))
    assert last_visit(fetcher).refused == "robots.txt forbids it"


def crawl_with_hours(fetcher, articles, hours):
    """Crawl so many articles while the clock moves on by so many hours after each."""
    clock = FakeClock()
    for visit in crawling(fetcher, articles=articles, clock=clock):
        if "/tin/" in visit.target.url:
            clock.passed += hours * 3600
            yield visit


def test_2_4_rules_are_asked_for_again_after_a_day(web, fetcher):
    web.replies["/robots.txt"] = reply()
    assert len(list(crawl_with_hours(fetcher, 4, 11.9))) == 4
    assert web.paths == ["/robots.txt", "/tin/1", "/tin/2", "/tin/3", "/robots.txt", "/tin/4"]


def test_2_4_new_rules_hold_from_then_on(web, fetcher):
    web.replies["/robots.txt"] = reply()
    found = crawl_with_hours(fetcher, 2, 25)
    assert next(found).capture
    web.replies["/robots.txt"] = reply(DENY_ALL)
    assert next(found).refused


@pytest.mark.parametrize(("hours", "asked"), [(23.9, 1), (24, 2), (-1, 2)])
def test_2_4_rules_hold_for_a_day_over_several_runs(web, fetcher, hours, asked):
    web.replies["/robots.txt"] = reply(DENY_ALL)
    hosts, clock = HostsInMemory(), FakeClock()
    assert list(crawling(fetcher, hosts=hosts, clock=clock))[-1].refused
    clock.passed += hours * 3600  # backwards too: somebody set the clock
    assert list(crawling(fetcher, hosts=hosts, clock=clock))[-1].refused
    assert web.paths == ["/robots.txt"] * asked


def test_2_3_1_4_rules_of_longer_ago_are_no_answer(web, fetcher):
    web.replies["/robots.txt"] = reply()
    hosts, clock = HostsInMemory(), FakeClock()
    list(crawling(fetcher, hosts=hosts, clock=clock))
    web.replies["/robots.txt"] = reply(status=500)
    clock.passed += 40 * 24 * 3600
    (robots,) = crawling(fetcher, hosts=hosts, clock=clock)
    assert robots.capture.status == 500


def test_2_3_1_4_a_denial_is_not_kept_for_the_next_run(web, fetcher):
    web.replies["/robots.txt"] = reply(status=503)
    hosts, clock = HostsInMemory(), FakeClock()
    assert len(list(crawling(fetcher, hosts=hosts, clock=clock))) == 1
    web.replies["/robots.txt"] = reply()
    assert list(crawling(fetcher, hosts=hosts, clock=clock))[-1].capture.status == 200


def test_2_3_1_4_a_host_that_gave_no_answer_is_asked_again_after_ten_minutes(web, fetcher):
    web.replies["/robots.txt"] = reply(b"User-agent: *", status=503)
    both = replace(PROFILE, hosts=(HOST, OTHER))
    urls = [f"http://{host}/tin/{number}" for host, number in ((HOST, 1), (OTHER, 2), (OTHER, 3))]
    queue = Queue(*(Target(url=url, priority=1) for url in urls))
    clock = FakeClock()
    seen = []
    for visit in crawl(both, fetcher, queue, hosts=HostsInMemory(), budget=Budget(), clock=clock):
        seen.append(visit.target.url)
        web.replies["/robots.txt"] = reply()
        clock.passed += 400
    assert seen == [
        f"http://{HOST}/robots.txt",
        f"http://{OTHER}/robots.txt",
        urls[1],
        f"http://{HOST}/robots.txt",
        urls[0],
        urls[2],
    ]


def test_2_3_1_4_the_other_scheme_of_a_host_is_crawled_while_one_gives_no_answer(web, fetcher):
    web.replies["/robots.txt"] = reply()
    budget = Budget()
    queue = Queue(*(Target(url=url, priority=1) for url in (f"https://{HOST}/tin/1", f"http://{HOST}/tin/1")))
    list(crawl(PROFILE, fetcher, queue, hosts=HostsInMemory(), budget=budget, clock=FakeClock()))
    assert queue.done == [f"http://{HOST}/tin/1"]
    assert f"robots.txt of https://{HOST} cannot be had" in budget.stopped


def test_rules_belong_to_one_scheme_and_port(web, fetcher):
    hosts = HostsInMemory()
    list(crawling(fetcher, hosts=hosts))
    assert hosts.get(f"http://{HOST}").robots == ""
    assert hosts.get(HOST).robots is None


def test_a_crawl_delay_slows_the_crawl_down_and_one_over_the_cap_is_told(web, fetcher):
    web.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 70")
    clock = FakeClock()
    robots, *_ = crawling(fetcher, articles=3, clock=clock)
    assert [30 <= pause <= 37.5 for pause in clock.slept] == [True] * 3
    assert robots.note == "asks for 70 s between requests; 30 s are kept"


def test_a_crawl_delay_that_is_kept_is_no_news(web, fetcher):
    web.replies["/robots.txt"] = reply(b"User-agent: *\nCrawl-delay: 5")
    clock = FakeClock()
    robots, *_ = crawling(fetcher, clock=clock)
    assert 5 <= clock.slept[0] <= 6.25
    assert robots.note is None


def test_a_url_without_a_path_is_denied_like_others(web, fetcher):
    queue = Queue(
        Target(url=f"https://{HOST}?x=1", priority=1), Target(url=f"https://{HOST}/tin/1", priority=1)
    )
    queue.next = lambda *, without=(): queue.queued[0] if queue.queued else None  # sees no hosts
    found = list(crawl(PROFILE, fetcher, queue, hosts=HostsInMemory(), budget=Budget(), clock=FakeClock()))
    assert ["nothing may be fetched" in (visit.failed or "") for visit in found] == [False, True, True]


@pytest.mark.parametrize(
    "path", ["/b", "/a/../b", "/./b", "/b/.", "/../b", "/a/%2e%2e/b", "/%2E/b", "/a/./c/../../b?x=1"]
)
def test_dot_segments_do_not_get_round_a_rule(path):
    assert not Rules("User-agent: *\nDisallow: /b").can_fetch(f"http://{HOST}{path}")


@pytest.mark.parametrize("path", ["/b/..", "/b/../a", "/a/...", "/a//b", "/a?x=/../b", "/.b", ""])
def test_what_is_elsewhere_once_dot_segments_are_gone_is_allowed(path):
    assert Rules("User-agent: *\nDisallow: /b").can_fetch(f"http://{HOST}{path}")
