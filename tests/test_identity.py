import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.identity import (
    article_id,
    article_version,
    identified,
    request_url,
    url_key,
    wire_url,
)
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
        # What looks like a visit's and is a page's.
        ("http://portal.vn/tin?sid=42", "portal.vn/tin?sid=42"),
        (
            "http://portal.vn/tin?sid=baivietso3namhaikhonghaihai",
            "portal.vn/tin?sid=baivietso3namhaikhonghaihai",
        ),
        ("http://portal.vn/a.pdf?t=1469520182353", "portal.vn/a.pdf?t=1469520182353"),
        ("http://portal.vn/tin?ItemID=7&CatID=3&_t=7", "portal.vn/tin?ItemID=7&CatID=3&_t=7"),
    ],
)
def test_a_url_key_keeps_what_may_matter_to_a_portal_and_no_more(url, key):
    assert url_key(url) == key


# Copied from four portals. Ids of articles without a number are made of these: they may never change.
ORDINARY = (
    "daksong.daknong.gov.vn/1-ha-trong-dua-chuot-lay-hat-thu-hon-500-trieu-dong",
    "daksong.daknong.gov.vn/tiep-cong-dan-&amp;-xu-ly-don-thu/",
    "sotttt.hanoi.gov.vn/vi/tin-tuc-su-kien/-/view_content/741675-hoi-khoe.html?redirect=https%3A%2F%2Fx.vn%2Fq",
    "sotttt.hanoi.gov.vn/vi/tin?p_p_id=101&p_p_lifecycle=0&_101_delta=20&_101_keywords=&p_r_p_564233524_resetCur=false"
    "&_101_cur=3",
    "sotttt.hanoi.gov.vn/documents/554897/0/Quy%E1%BA%BFt+%C4%91%E1%BB%8Bnh.pdf/91c0?t=1469520182353",
    "www.dienbien.gov.vn/portal/Pages/2021-3-15/Hoi-nghi-truc-tuyen-ccfw2k.aspx",
    "doc.moha.gov.vn/Default.aspx?TabID=1736&p=3",
    "portal.vn/(S(lit3py55t21z5v55vlm25s55))/tin.aspx?ItemID=7",
    "toaan.gov.vn/webcenter/portal/tatc/chi-tiet-tin?dDocName=TAND368661",
    "www.mod.gov.vn/wps/portal/!ut/p/b1/04_Sj9CPykssy0xPLMnMz0vMAfGjzOLdHP2CLJwMHQ38zT0sDDyNnZ1NjcNMDA1MjYEK/",
    "portal.vn//tin//a;v=1/b@c:d,e/~f/[g]?q=a+b&q=%20c/?d",
)


@pytest.mark.parametrize("key", ORDINARY)
def test_the_keys_of_ordinary_urls_are_what_they_were(key):
    assert url_key(f"https://{key}") == key


@pytest.mark.parametrize(
    "other",
    [
        "http://portal.vn/tin/a.aspx;jsessionid=0A1B2C.node1?id=3",
        "http://portal.vn/tin;JSESSIONID=0A1B2C/a.aspx?id=3",
        "http://portal.vn/tin/a.aspx?PHPSESSID=k2v&id=3",
        "http://portal.vn/tin/a.aspx?id=3&ASPSESSIONIDQCBRTQTR=KPLM",
        "http://portal.vn/tin/a.aspx?CFID=1&CFTOKEN=2&id=3",
        "http://portal.vn/tin/a.aspx?sid=9f86d081884c7d659a2feaa0c55ad015&id=3",
        "http://portal.vn/tin/a.aspx?id=3&p_auth=Xy1&utm_medium=a&zarsrc=30&gclid=x",
        "http://portal.vn/tin/a.aspx?id=3&_afrLoop=28137&_afrWindowMode=0&_adf.ctrl-state=x_4",
        "http://portal.vn/tin/a.aspx?id=3&_=1657600000000",
        "http://portal.vn/./x/..//../tin/%61%2Easpx?id=%33",
    ],
)
def test_addresses_of_one_page_have_one_key(other):
    assert url_key(other) == "portal.vn/tin/a.aspx?id=3"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://vi.vn/đảng", "http://vi.vn/%C4%91%e1%ba%a3ng"),
        ("http://vi.vn/a?q=hội nghị", "http://vi.vn/a?q=h%E1%BB%99i%20ngh%E1%BB%8B"),
        ("http://thủđô.vn/", "http://xn--th-9ja9i637n.vn/"),
        ("http://vi.vn/a/../b/.", "http://vi.vn/b/"),
        ("http://vi.vn/../..", "http://vi.vn"),
    ],
)
def test_a_key_has_one_spelling(one, other):
    assert url_key(one) == url_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://vi.vn/a%2Fb", "http://vi.vn/a/b"),
        ("http://vi.vn/?a=1&b=2", "http://vi.vn/?b=2&a=1"),
        ("http://vi.vn/a+b", "http://vi.vn/a%20b"),
        ("http://vi.vn/?q=a%26b", "http://vi.vn/?q=a&b"),
        ("http://vi.vn/Tin", "http://vi.vn/tin"),
    ],
)
def test_addresses_that_may_be_two_pages_have_two_keys(one, other):
    assert url_key(one) != url_key(other)


PIECES = (*"abcXYZ019-._~!$'()*+,;=:@đếộ ", "%2F", "%C3%A9", "%e1", "..", "%2e")
SEGMENT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(st.lists(SEGMENT, max_size=5), st.lists(SEGMENT.filter(bool), max_size=4))
def test_the_key_of_a_key_is_itself(path, query):
    key = url_key(f"http://portal.vn/{'/'.join(path)}?{'&'.join(query)}")
    assert url_key(f"http://{key}") == key
    assert key.isascii() and " " not in key


@given(st.text())
def test_every_text_has_a_key(text):
    assert isinstance(url_key(text), str)
    assert isinstance(url_key(f"http://portal.vn/{text}"), str)


def test_a_form_is_known_by_what_is_sent_and_sent_to_its_own_address():
    for url in ("http://portal.vn/api", "http://portal.vn/api?x=1"):
        known = request_url(url, "POST", "PageIndex=2&Site=a%2Bb")
        assert known == url + ("&" if "?" in url else "?") + "__wb_method=POST&PageIndex=2&Site=a%2Bb"
        assert wire_url(known, "POST") == url
        assert request_url(url, "GET", None) == wire_url(url, "GET") == url
    assert request_url("http://portal.vn/", "POST", None) == "http://portal.vn/?__wb_method=POST"


def test_the_state_of_an_aspnet_page_is_not_part_of_its_name():
    body = "__EVENTTARGET=a&__VIEWSTATE=x&__VIEWSTATEGENERATOR=y&__EVENTVALIDATION=z&q=1"
    known = request_url("http://portal.vn/", "POST", body)
    assert known == "http://portal.vn/?__wb_method=POST&__EVENTTARGET=a&q=1"


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
