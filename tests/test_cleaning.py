"""Cleaning: what must come out of whole pages, of fragments, and of broken pages."""

import json
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.cleaning import clean, understand
from archive_search.errors import PageUnreadable
from archive_search.portals import GENERIC, load_profile, parse_profile
from archive_search.records import BlockKind, Capture

GOLDEN = Path(__file__).parent / "data" / "cleaning" / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.html"))
PROFILE = parse_profile(
    """
    name = "test"
    label = "Test"
    [select]
    title = "h1"
    lead = ".sapo"
    date = ".date"
    date_formats = "%d/%m/%Y | %I:%M %p"
    body = "#body"
    byline = ".account"
    drop = ".ad"
    caption = ".under"
    attachment = ".files a"
    """,
    source="test",
)


def capture(page, url="http://portal.test/tin/1", status=200, kind="text/html; charset=UTF-8"):
    return Capture(
        url=url,
        captured_at=datetime(2022, 7, 12, 3, 0, tzinfo=UTC),
        status=status,
        headers=(("Content-Type", kind),),
        payload=page if isinstance(page, bytes) else page.encode(),
        sha256="",
    )


def article(body, head=""):
    return clean(capture(f"<h1>Tin</h1>{head}<div id=body>{body}</div>"), PROFILE)


def blocks(body):
    return [(block.kind.value, block.text) for block in article(body).blocks]


def texts(body):
    return [text for _, text in blocks(body)]


def pictures(body):
    found = article(body)
    text = {block.id: block.text for block in found.blocks}
    return [(image.url, text.get(image.caption)) for image in found.images]


def as_json(found):
    text = {block.id: block.text for block in found.blocks}
    return {
        "url": found.url,
        "number": found.number,
        "title": found.title,
        "lead": found.lead,
        "published_at": found.published_at and found.published_at.isoformat(),
        "byline": found.byline,
        "section": found.section,
        "blocks": [[block.kind.value, block.text] for block in found.blocks],
        "images": [[image.url, text.get(image.caption)] for image in found.images],
        "attachments": [[file.url, file.name] for file in found.attachments],
    }


def golden(name):
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    page = (GOLDEN / f"{name}.html").read_bytes()
    return expected.pop("profile"), capture(page, expected["url"]), expected


# --- whole pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_golden_page_gives_exactly_what_is_written_beside_it(name):
    profile, page, expected = golden(name)
    found = clean(page, GENERIC if profile == "generic" else load_profile(profile))
    assert as_json(found) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_generic_rules_find_title_date_and_text_of_every_golden_page(name):
    _, page, expected = golden(name)
    found = clean(page, GENERIC)
    assert (found.title, found.published_at and found.published_at.isoformat()) == (
        expected["title"],
        expected["published_at"] if name != "daksong-document" else None,
    )
    if expected["lead"]:
        assert found.lead == expected["lead"]
    wanted = {text for _, text in expected["blocks"]}
    assert wanted <= {block.text for block in found.blocks}


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_an_article_have_ids_of_their_own(name):
    profile, page, _ = golden(name)
    found = clean(page, GENERIC if profile == "generic" else load_profile(profile))
    assert max(Counter(block.id for block in found.blocks).values(), default=1) == 1


def test_an_article_keeps_its_own_address_without_the_fragment():
    found = clean(capture("<h1>Tin</h1><div id=body>Văn bản</div>", "http://portal.test/a?b=1#c"), PROFILE)
    assert found.urls == (found.url,) == ("http://portal.test/a?b=1",)


@pytest.mark.parametrize(
    "page",
    [
        "<title>Tin huyện hôm nay</title><div>Tin huyện hôm nay<div>{text}</div></div>",
        "<h1>Tin huyện hôm nay</h1><div class=content>Ngày đăng: 1/2/2020<p>{text}</p></div>",
        "<title>Tin huyện hôm nay</title><div><p class=sapo>{text}</p></div>",
    ],
)
def test_text_within_the_element_of_title_or_date_is_kept(page):
    text = "Huyện ủy tổ chức hội nghị sơ kết sáu tháng đầu năm, đánh giá kết quả thực hiện nhiệm vụ."
    found = clean(capture(page.format(text=text)), GENERIC)
    assert found.title == "Tin huyện hôm nay"
    assert text in (found.lead, *(block.text for block in found.blocks))


def test_understanding_keeps_the_article():
    found = article("<p>Ông Nguyễn Tiến Minh phát biểu tại hội nghị.</p>")
    assert understand(found).article == found


# --- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p><b>H</b>ội nghị <i>lần</i> thứ&nbsp; 17</p>", ["Hội nghị lần thứ 17"]),
        ("<div>một<p>hai</p>ba</div>bốn", ["một", "hai", "ba", "bốn"]),
        ("<p>một<br>hai</p>", ["một hai"]),
        ("<p>một<br><br>hai</p>", ["một", "hai"]),
        ("<p>Một câu.<br>Câu sau.</p>", ["Một câu.", "Câu sau."]),
        ("<p>Gồm:<br>- một;<br>- hai.</p>", ["Gồm:", "- một;", "- hai."]),
        ("<p>đường<!-- x --> hoa</p><script>x()</script><style>p{}</style>", ["đường hoa"]),
        ("<p>tr&ocirc;&#768;ng</p>", ["trồng"]),
        ("<p>giữ</p><p class=ad>quảng cáo</p>", ["giữ"]),
        ("<p> &nbsp; </p><p>\u200b</p><p>chữ</p>", ["chữ"]),
    ],
)
def test_text_is_read_as_a_browser_shows_it(body, expected):
    assert texts(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h2>Kết quả</h2><p>Chữ</p>", [("heading", "Kết quả"), ("paragraph", "Chữ")]),
        ("<p><b>1. Kết quả</b></p><p>Chữ</p><p>Chữ nữa</p>", [("heading", "1. Kết quả")]),
        ("<p><b>Chữ</b> thường</p><p>Chữ</p>", [("paragraph", "Chữ thường")]),
        ("<p style='font-weight:bold'>Mục</p><p>Chữ</p>", [("heading", "Mục")]),
        ("<ul><li>một</li><li><p>hai</p></li></ul>", [("list_item", "một"), ("list_item", "hai")]),
        ("<blockquote><p>lời</p></blockquote>", [("quotation", "lời")]),
        ("<table><tr><th>a<th>b<tr><td>1<td> 2 </table>", [("table", "a\tb\n1\t2")]),
        ("<table><tr><td><p>một</p><p>hai</p></td></tr></table>", [("paragraph", "một")]),
        ("<h2>" + "chữ " * 60 + "</h2>", [("paragraph", ("chữ " * 60).strip())]),
    ],
)
def test_a_block_is_what_it_is_for_its_reader(body, expected):
    assert blocks(body)[: len(expected)] == expected


def test_boldness_makes_no_heading_where_everything_is_bold():
    assert {kind for kind, _ in blocks("<b><p>một</p><p>hai</p><p>ba</p></b>")} == {"paragraph"}


# --- pictures --------------------------------------------------------------------------------------

IMG = "<img src=/a.jpg>"


@pytest.mark.parametrize(
    ("body", "caption"),
    [
        (f"<figure>{IMG}<figcaption>Chú thích</figcaption></figure>", "Chú thích"),
        (f"<p align=center>{IMG}</p><p align=center><em>Chú thích</em></p>", "Chú thích"),
        (f"<p>{IMG}</p><p><em>Chú thích</em></p>", "Chú thích"),
        (f"<p>{IMG}<br>Quang cảnh (Ảnh: Thu Hiền)</p>", "Quang cảnh (Ảnh: Thu Hiền)"),
        (f"<div>{IMG}</div><p>&nbsp;</p><div style='text-align: center;'>Chú thích</div>", "Chú thích"),
        (f"<table><tr><td>{IMG}</td></tr><tr><td>Chú thích</td></tr></table>", "Chú thích"),
        (f"<div class=image-caption>{IMG}<span>Chú thích</span></div>", "Chú thích"),
        (f"{IMG}<p class=under>Chú thích</p>", "Chú thích"),
        (
            f"<center>{IMG}<br>Ông A phát biểu<br></center><center>về đất đai</center>",
            "Ông A phát biểu về đất đai",
        ),
        (f"<p>{IMG}</p><p>Một đoạn văn thường không phải chú thích.</p>", None),
        ("<img src=/a.jpg style='float: left'><p align=center><em>Mở đầu</em></p>", None),
    ],
)
def test_the_line_that_describes_a_picture_is_its_caption(body, caption):
    assert pictures(f"{body}<p>Sau đó.</p>") == [("http://portal.test/a.jpg", caption)]


def test_pictures_side_by_side_take_the_captions_below_in_turn():
    rows = "<tr><td><img src=1.jpg><td><img src=2.jpg><tr><td>một<td>hai"
    assert [caption for _, caption in pictures(f"<table>{rows}</table>")] == ["một", "hai"]


def test_pictures_above_one_caption_share_it():
    body = "<center><img src=1.jpg><img src=2.jpg></center><center>Toàn cảnh</center>"
    assert [caption for _, caption in pictures(body)] == ["Toàn cảnh", "Toàn cảnh"]


@pytest.mark.parametrize(
    "source",
    ["file:///C:/x/clip_image002.jpg", "data:image/gif;base64,R0lGOD", "", "javascript:x", "http://[x"],
)
def test_a_picture_that_no_one_else_can_see_is_left_out(source):
    assert pictures(f"<p>Chữ</p><img src='{source}'>") == []


def test_icons_are_no_pictures():
    assert pictures("<p>Chữ</p><img src=i.gif width=16 height=16>") == []


def test_a_late_loaded_picture_has_its_real_address():
    assert pictures("<p>Chữ</p><img src=data:x data-src=/a.jpg>") == [("http://portal.test/a.jpg", None)]


def test_addresses_honour_the_base_of_the_page():
    page = "<base href='http://other.test/x/'><h1>Tin</h1><div id=body>Chữ<img src=./a.jpg></div>"
    assert clean(capture(page), PROFILE).images[0].url == "http://other.test/x/a.jpg"


def test_a_base_that_is_no_address_is_passed_over():
    page = "<base href='http://[x'><h1>Tin</h1><div id=body>Chữ<img src=/a.jpg></div>"
    assert clean(capture(page), PROFILE).images[0].url == "http://portal.test/a.jpg"


# --- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("<a href=/f/KH-15.pdf>Kế hoạch số 15</a>", ("http://portal.test/f/KH-15.pdf", "Kế hoạch số 15")),
        ("<a href=/f/KH%2B15.DOCX>tại đây</a>", ("http://portal.test/f/KH%2B15.DOCX", "KH 15.DOCX")),
        (
            "<a href=/documents/5/7/L%E1%BB%8Bch.rar/ef5f3ecd-adbc-4d6a-8631-c995981d7553?t=1>đính kèm</a>",
            (
                "http://portal.test/documents/5/7/L%E1%BB%8Bch.rar/ef5f3ecd-adbc-4d6a-8631-c995981d7553?t=1",
                "Lịch.rar",
            ),
        ),
    ],
)
def test_a_link_to_a_file_is_an_attachment_with_a_telling_name(link, expected):
    files = article(f"<p>Xem {link}</p>").attachments
    assert [(file.url, file.name) for file in files] == [expected]


@pytest.mark.parametrize(
    "href", ["/tin/2.html", "/documents/5/7/anh.jpg", "javascript:x.pdf", "mailto:a@b.c"]
)
def test_a_link_to_a_page_or_a_picture_is_no_attachment(href):
    assert article(f"<p>Chữ <a href='{href}'>x</a></p>").attachments == ()


def test_files_beside_the_text_are_found_by_the_profile():
    found = article("<p>Chữ</p>", head="<div class=files><a href=/get?id=7>Quyết định 7</a></div>")
    assert [file.name for file in found.attachments] == ["Quyết định 7"]


def test_a_page_with_nothing_but_a_file_is_an_article():
    assert article("<a href=/q.pdf><img src=pdf.gif width=16></a>").blocks == ()


# --- byline ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "byline"),
    [
        ("<p align=right><b>Xuân Tiến - Diệu Hương</b></p>", "Xuân Tiến - Diệu Hương"),
        ("<p style='text-align:right'>Bài, ảnh: Đức Hùng</p>", "Bài, ảnh: Đức Hùng"),
        ("<p style='text-align:right'>&nbsp;&nbsp;<b>Vương Hợp .</b></p>", "Vương Hợp"),
        ("<p align=right>Phạm Linh</p><p align=right>(Theo HNP)</p>", "Phạm Linh (Theo HNP)"),
        ("<p><b>Kim Hoa</b></p>", "Kim Hoa"),
        ("<p class=pAuthor>ĐỨC THIỆN</p>", "ĐỨC THIỆN"),
        ("<p align=right>Thu Lan</p><p class=account>admin admin</p>", "Thu Lan"),
        ("<p align=right>Thu Lan</p><p><a href=http://b.vn/1>http://b.vn/1</a></p>", "Thu Lan"),
        ("<p align=right class=account><b>Phạm Văn Linh</b></p>", "Phạm Văn Linh"),
        ("<p align=right class=account><b>admin admin</b></p>", None),
        ("<p align=right>Ad Min</p>", None),
        ("<p>Chi tiết xem văn bản đính kèm./.</p>", None),
        ("<p align=right>Hà Nội, ngày 1 tháng 2 năm 2022</p>", None),
        ("<p align=right>KT. GIÁM ĐỐC</p><p align=right>PHÓ GIÁM ĐỐC</p><p align=right>Lê Văn A</p>", None),
    ],
)
def test_the_byline_is_the_writer_and_no_account_or_signature(end, byline):
    assert article(f"<p>Một đoạn văn.</p><p>Đoạn nữa.</p>{end}").byline == byline


def test_a_byline_is_no_block():
    assert texts("<p>Chữ</p><p align=right>Thu Lan</p>") == ["Chữ"]


def test_a_signature_stays_in_the_text():
    assert texts("<p>Chữ</p><p align=right>CHỦ TỊCH</p><p align=right>Lê Văn A</p>")[-1] == "Lê Văn A"


# --- lead and date ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "published"),
    [
        ("<p class=date>17/09/2015 | 12:00 AM</p>", "2015-09-17T00:00:00+07:00"),
        ("<p class=date>Ngày đăng 17/09/2015 | 4:05 PM | View count: 372</p>", "2015-09-17T16:05:00+07:00"),
        ("<p class=date>17/09/2015</p>", "2015-09-17T00:00:00+07:00"),
        ("<p class=date></p><ul><li><a href=/x>Tin khác</a> (01/02/2016)</ul>", None),
    ],
)
def test_the_date_is_the_one_the_profile_points_at(head, published):
    found = article("<p>Ngày 1/1/2014 họp.</p>", head=head).published_at
    assert (found and found.isoformat()) == published


def test_the_lead_is_no_block_though_it_stands_in_the_body():
    found = article("<div><img src=/a.jpg><p class=sapo>Mở đầu</p></div><p>Chữ</p>")
    assert (found.lead, [block.text for block in found.blocks]) == ("Mở đầu", ["Chữ"])
    assert found.images[0].url.endswith("/a.jpg")


def test_an_empty_lead_is_none():
    assert article("<p>Chữ</p>", head="<p class=sapo> </p>").lead is None


# --- versions and ids ------------------------------------------------------------------------------

PARAGRAPHS = [f"<p>Đoạn văn thứ {n}.</p>" for n in range(5)]


@given(st.integers(0, 5))
def test_inserting_a_paragraph_moves_no_other_id(place):
    before = article("".join(PARAGRAPHS))
    after = article("".join([*PARAGRAPHS[:place], "<p>Đoạn mới.</p>", *PARAGRAPHS[place:]]))
    new = {block.id for block in after.blocks} - {block.id for block in before.blocks}
    assert len(new) == 1
    assert after.version != before.version
    assert after.id == before.id


def test_markup_that_shows_nothing_changes_no_version():
    assert article("<p>Một <b>hai</b></p>").version == article("<div><p>Một\n  hai</p></div>").version


# --- pages that are no articles --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (capture("<p>x", status=404), "HTTP status 404"),
        (capture(b"%PDF-1.4", kind="application/pdf"), "not HTML but application/pdf"),
        (capture(""), "an empty page"),
        (capture("chỉ có chữ"), "not HTML, although it says so"),
        (capture("<?xml version='1.0'?><rss><item/></rss>"), "not HTML, although it says so"),
        (capture("<p>Không có tiêu đề"), "no title: nothing matches h1"),
        (capture("<h1>Tin</h1><p>Chữ"), "no article body: nothing matches #body"),
        (capture("<title>404 - Không tìm thấy</title><h1>Lỗi</h1>"), "an error page"),
        (capture("<html><script src='/_Incapsula_Resource?x'></script>"), "a check for browsers"),
        (capture("<html><body> </body></html>"), "the page shows no text"),
    ],
)
def test_a_page_without_an_article_is_refused_with_the_reason(page, reason):
    with pytest.raises(PageUnreadable) as refused:
        clean(page, PROFILE)
    assert reason in refused.value.reason
    assert refused.value.url == page.url


def test_a_notice_without_text_is_an_article_where_the_profile_finds_its_places():
    notice = clean(capture("<h1>Công văn số 729</h1><div id=body> </div>"), PROFILE)
    assert (notice.title, notice.blocks) == ("Công văn số 729", ())


def listing(count, paragraph=""):
    entries = (f"<h3><a href=/tin/{n}>Tin số {n} của huyện</a></h3><p>{TEASER}</p>" for n in range(count))
    return capture(f"<h1>Tin tức sự kiện của huyện</h1><div>{''.join(entries)}{paragraph * 20}</div>")


TEASER = "Sáng 12/7, Huyện ủy tổ chức hội nghị đánh giá kết quả sáu tháng đầu năm và bàn nhiệm vụ mới."


def test_a_listing_is_no_article_without_a_profile_either():
    with pytest.raises(PageUnreadable, match="a list of links"):
        clean(listing(10), GENERIC)


@pytest.mark.parametrize("page", [listing(2), listing(3, paragraph=f"<p>{TEASER}</p>")])
def test_an_article_may_have_a_few_links_to_others(page):
    assert clean(page, GENERIC).blocks


def test_a_page_without_text_is_none_where_no_profile_says_so():
    with pytest.raises(PageUnreadable):
        clean(capture("<h1>Công văn số 729</h1><div id=body> </div>"), GENERIC)


def test_a_decision_numbered_404_is_no_error_page():
    page = "<title>404/QĐ-UBND</title><h1>Quyết định 404/QĐ-UBND</h1><div id=body>Chi tiết tại đây.</div>"
    assert clean(capture(page), PROFILE).title == "Quyết định 404/QĐ-UBND"


def readable(page, profile):
    try:
        return clean(page, profile)
    except PageUnreadable:
        return None


@pytest.mark.parametrize("name", NAMES)
def test_a_truncated_page_raises_nothing_but_page_unreadable(name):
    _, page, _ = golden(name)
    for cut in range(0, len(page.payload), max(1, len(page.payload) // 40)):
        for profile in (GENERIC, load_profile("daksong")):
            readable(capture(page.payload[:cut], page.url), profile)


MARKUP = st.sampled_from(
    (
        *("<p>", "</p>", "<table>", "<tr>", "<td>", "</table>", "<br>", "<b>", "</div>", "<div id=body>"),
        *("<h1>", "</h1>", "<li>", "<blockquote>", "<center>", "<script>", "<!--", "<title>x"),
        *("<img src=a.jpg>", "<a href='http://[::'>", "&amp;agrave;", "rdquo;", "chữ", "Ảnh: A", " . "),
        *("\u0300", "\xa0", "\x00", "\x93", "e\u0302\u0301"),
    )
)


@given(st.lists(MARKUP, max_size=40).map("".join), st.sampled_from([GENERIC, PROFILE]))
def test_whatever_the_markup_texts_are_in_nfc_on_single_spaces_with_ids_of_their_own(markup, profile):
    found = readable(capture(f"<h1>Tin tức huyện</h1><div id=body>{markup}"), profile)
    if found is None:
        return
    for text in (found.title, found.lead or "", *(block.text for block in found.blocks)):
        assert unicodedata.is_normalized("NFC", text)
        assert not set(text) & set("\xa0\u200b\x00\x93\r")
        assert "  " not in text
    assert len({block.id for block in found.blocks}) == len(found.blocks)
    assert all(block.text.strip() for block in found.blocks)


def test_a_page_nested_thousands_deep_is_read():
    found = article("<div>" * 3000 + "<p>Sâu</p>")
    assert [block.text for block in found.blocks] == ["Sâu"]
    assert found.blocks[0].kind is BlockKind.PARAGRAPH
