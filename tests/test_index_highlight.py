import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.index.highlight import SNIPPET_CHARS, Highlighter
from archive_search.index.query import parse
from archive_search.index.storage.schema import Page

FILLER = "Cuộc họp bàn nhiều việc khác của địa phương trong năm nay và năm sau nữa. " * 12


def page(*blocks, title="Tin", lead=None):
    return Page(
        id="a",
        version="v",
        portal="p",
        number=None,
        url="u",
        title=title,
        lead=lead,
        published_at=None,
        speakers=[],
        blocks=[[f"p{n}", text] for n, text in enumerate(blocks)],
        spoken={},
    )


def snippet(query, *blocks, **rest):
    return Highlighter(parse(query), lambda word: 1.0).snippet(page(*blocks, **rest))


def marked(found):
    return [text for text, is_match in found.pieces if is_match]


@pytest.mark.parametrize("query", ["HĐND", "hđnd", "hdnd"])
def test_a_short_form_is_marked_where_the_text_has_a_hyphen_in_it(query):
    assert marked(snippet(query, "Kỳ họp của HĐ-ND huyện"))[0].startswith("HĐ")


@pytest.mark.parametrize(
    "query", ["bí thư huyện ủy", "bí thư huyện uỷ", "bi thu huyen uy", "BÍ THƯ HUYỆN ỦY"]
)
def test_words_are_marked_in_any_spelling_that_was_asked_for(query):
    found = snippet(query, "Đồng chí Bí thư Huyện uỷ phát biểu")
    assert found.pieces == (("Đồng chí ", False), ("Bí thư Huyện uỷ", True), (" phát biểu", False))


def test_a_word_with_marks_marks_no_other_spelling():
    assert marked(snippet("bí thư", "bị thu hồi, bí thư nói")) == ["bí thư"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("59/2019/NĐ-CP", "59/2019/NĐ-CP"),
        ("59/2019/nd-cp", "59/2019/NĐ-CP"),
        ("7/2022", "11/7/2022"),
        ("2034", "2.034"),
        ("vắc-xin", "vắc-xin"),
        ("CNTT", "công nghệ thông tin"),
    ],
)
def test_symbols_dates_numbers_and_short_forms_are_marked_whole(query, text):
    assert marked(snippet(query, f"Theo {text} thì")) == [text]


def test_the_block_that_holds_most_of_the_query_is_shown():
    found = snippet(
        "giải phóng mặt bằng", "giải thưởng", "mặt trận", "công tác giải phóng mặt bằng", "bằng khen"
    )
    assert found.block == "p2"


def test_the_first_of_equal_blocks_is_shown():
    assert snippet("đất", "Đất ở", "đất nông nghiệp").block == "p0"


def test_the_lead_is_a_block_and_the_title_the_last_resort():
    assert snippet("đất", "nhà", lead="về đất").block == "lead"
    assert snippet("đất", "nhà", title="Về đất").block == "title"


def test_an_article_without_text_shows_its_title():
    found = snippet("", title="Thông báo")
    assert (found.block, found.pieces) == ("title", (("Thông báo", False),))


def test_without_words_the_beginning_is_shown():
    found = snippet("", FILLER, "sau")
    assert found.block == "p0"
    assert found.pieces[0][0].startswith("Cuộc họp bàn")
    assert found.pieces[-1] == ("…", False)


def test_a_long_block_is_cut_between_words_around_the_match():
    found = snippet("bí thư", FILLER + "Bí thư nói. " + FILLER)
    shown = "".join(text for text, _ in found.pieces)
    assert shown.startswith("…") and shown.endswith("…")
    assert marked(found) == ["Bí thư"]
    inner = shown.strip("…")
    assert inner in FILLER + "Bí thư nói. " + FILLER
    assert f" {inner} " in f" {FILLER}Bí thư nói. {FILLER}"
    assert 160 < len(shown) <= SNIPPET_CHARS + 2


@given(
    st.text(alphabet="bíị thưu,.-ĐuủyUỶ12/\n\t<>&", max_size=400),
    st.sampled_from(["bí thư", "bi thu", "uy", '"bí thư"', "thư OR 12", "1/2", "-bí", "bí " * 40]),
)
def test_the_pieces_are_the_text_untouched(text, query):
    found = snippet(query, text or "x")
    shown = "".join(piece for piece, _ in found.pieces).strip("…")
    assert shown in (text or "x")
    assert all(piece for piece, _ in found.pieces)


def test_words_of_a_phrase_are_marked_where_the_phrase_stands_only():
    pieces = snippet('"ủy ban" họp', "Ủy viên và ban họp, còn ủy ban thì không.").pieces
    assert [text for text, matched in pieces if matched] == ["họp", "ủy ban"]


def test_what_a_short_form_stands_for_is_marked_as_a_whole():
    pieces = snippet("UBND xã", "Các cấp ủy, ban ngành, nhân dân xã; ủy ban nhân dân xã.").pieces
    assert [text for text, matched in pieces if matched] == ["xã", "ủy ban nhân dân xã"]
