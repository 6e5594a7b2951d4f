import pytest

from archive_search.identity import article_id, article_version, identified, url_key
from archive_search.records import BlockKind

P = BlockKind.PARAGRAPH


def test_ids_are_what_they_were():
    # Links in other people's documents depend on these: they may never change.
    assert article_id("thuongtin", "4417996", "http://x.vn/a") == "jw4ddzzzox"
    assert article_id("daksong", None, "http://daksong.daknong.gov.vn/tin") == "6unqh3yxsz"
    assert [b.id for b in identified([(P, "Toàn cảnh kỳ họp")])] == ["pqrxhgd6"]
    assert article_version("Tin", None, None, identified([(P, "a")])) == "z2r2v2rbra"


def test_an_article_with_a_number_is_the_same_under_every_url():
    assert article_id("p", "7", "http://x.vn/a") == article_id("p", "7", "http://x.vn/vi/b")


def test_an_article_without_a_number_is_the_same_over_http_and_https():
    assert article_id("p", None, "http://x.vn/a") == article_id("p", None, "https://x.vn/a#b")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("HTTP://Portal.VN/Tin?b=2&a=1", "portal.vn/Tin?b=2&a=1"),
        ("http://portal.vn", "portal.vn/"),
        ("http://portal.vn:8080/", "portal.vn:8080/"),
        ("http://portal.vn/tin?utm_source=mail&id=4&fbclid=x", "portal.vn/tin?id=4"),
        ("http://portal.vn/Default.aspx?tabid=12", "portal.vn/Default.aspx?tabid=12"),
        ("http://portal.vn/(S(abc))/tin", "portal.vn/(S(abc))/tin"),
        ("http://[portal.vn/tin", "http://[portal.vn/tin"),
        ("http://portal.vn:port/tin", "http://portal.vn:port/tin"),
    ],
)
def test_a_url_key_keeps_what_may_matter_to_a_portal_and_no_more(url, key):
    assert url_key(url) == key


def test_inserting_a_paragraph_moves_no_other_id():
    before = identified([(P, "một"), (P, "hai")])
    after = identified([(P, "không"), (P, "một"), (P, "hai")])
    assert after[1:] == before


def test_a_text_that_stands_twice_has_two_ids():
    first, second = identified([(P, "như trên"), (P, "như trên")])
    assert second.id == f"{first.id}-2"


def test_a_version_changes_with_the_text_and_with_the_kind_of_a_block():
    versions = {
        article_version("Tin", lead, None, identified(blocks))
        for lead, blocks in [
            (None, [(P, "a")]),
            ("a", []),
            (None, [(P, "b")]),
            (None, [(BlockKind.HEADING, "a")]),
        ]
    }
    assert len(versions) == 4
