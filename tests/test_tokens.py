import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.vietnamese.spelling import normalise, tone_key
from archive_search.vietnamese.tokens import Kind, roman_number, tokenize


def texts(text):
    return [token.text for token in tokenize(text)]


def only(text):
    (token,) = tokenize(text)
    return token


@pytest.mark.parametrize("text", ["vắc-xin", "vắc – xin", "vắc xin", "vắc/xin", "«vắc», (xin)!"])
def test_everything_but_letters_and_digits_separates_words(text):
    assert texts(text) == ["vắc", "xin"]


@pytest.mark.parametrize(
    ("text", "key", "parts"),
    [
        ("59/2019/NĐ-CP", "59/2019/nđ-cp", ["59", "2019", "NĐ", "CP"]),
        ("05/2014/QĐ-UBND", "5/2014/qđ-ubnd", ["05", "2014", "QĐ", "UBND"]),
        ("20/2008/QH12", "20/2008/qh12", ["20", "2008", "QH12"]),
        ("01-KL/TW", "1-kl/tw", ["01", "KL", "TW"]),
        ("15-NQ/TU", "15-nq/tu", ["15", "NQ", "TU"]),
        ("608/UBND-KT", "608/ubnd-kt", ["608", "UBND", "KT"]),
        ("192 /STTTT-BCXBTT", "192/stttt-bcxbtt", ["192", "STTTT", "BCXBTT"]),
        ("80/2011/NQ_CP", "80/2011/nq-cp", ["80", "2011", "NQ", "CP"]),
        ("14/2016/ttlt-btttt-bkhcn", "14/2016/ttlt-btttt-bkhcn", ["14", "2016", "ttlt", "btttt", "bkhcn"]),
    ],
)
def test_a_symbol_of_a_legal_document_is_one_token_with_parts(text, key, parts):
    token = only(text)
    assert (token.kind, token.key) == (Kind.SYMBOL, key)
    assert [part.text for part in token.parts] == parts


@pytest.mark.parametrize("text", ["năm 2020 / hội nghị", "2017-2021", "24/24h", "10 km/h"])
def test_prose_with_slashes_and_dashes_is_no_symbol(text):
    assert all(token.kind is Kind.WORD for token in tokenize(text))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2.034", "2034"),
        ("1.234.567", "1234567"),
        ("105,23", "105,23"),
        ("105.23", "105,23"),
        ("1.234,5", "1234,5"),
    ],
)
def test_a_number_is_one_token_without_its_thousands_dots(text, key):
    token = only(text)
    assert (token.kind, token.key) == (Kind.NUMBER, key)
    assert "".join(part.text for part in token.parts) == text.replace(".", "").replace(",", "")


@pytest.mark.parametrize(
    "text", ["11/7/2022", "11/07/2022", "11-7-2022", "11.07.2022", "11 tháng 7 năm 2022"]
)
def test_dates_written_differently_share_a_key_and_imply_their_month(text):
    token = only(text)
    assert (token.kind, token.key) == (Kind.DATE, "11/7/2022")
    assert token.wider == ("7/2022", "11/7")


@pytest.mark.parametrize("text", ["tháng 7/2022", "tháng 07-2022", "tháng 7 năm 2022", "thang 7 nam 2022"])
def test_a_month_is_a_date(text):
    assert [token.key for token in tokenize(text)][1:] == ["7/2022"]


@pytest.mark.parametrize("text", ["45/13/2022", "0/7/2022", "11/7/9999", "13/2022", "32/1"])
def test_what_cannot_be_a_date_is_words(text):
    assert all(token.kind is Kind.WORD for token in tokenize(text))


@pytest.mark.parametrize("text", ["NĐ 05/2014", "nghị định số 05/2014", "ND 5/2014", "Quyết định số: 5/2014"])
def test_a_document_cited_by_number_and_year_is_no_month(text):
    token = tokenize(text)[-1]
    assert (token.kind, token.key) == (Kind.SYMBOL, "5/2014/")


@pytest.mark.parametrize("text", ["tháng 5/2014", "kỳ thi 5/2014"])
def test_a_number_and_a_year_are_a_month_elsewhere(text):
    assert tokenize(text)[-1].key == "5/2014"


def test_a_symbol_with_a_year_is_found_by_both():
    assert only("05/2014/QĐ-UBND").wider == ("5/2014/",)
    assert only("05-CT/TW").wider == ()


@pytest.mark.parametrize("text", ["2020 / ban hành", "5 - ban hành / sửa", "15 / học kỳ"])
def test_small_letters_after_a_sign_between_spaces_make_no_symbol(text):
    assert all(token.kind is Kind.WORD for token in tokenize(text))


@pytest.mark.parametrize("text", ["15 - NQ/TU", "15\u2013NQ/TU", "15-NQ / TU"])
def test_a_symbol_may_have_spaces_and_any_dash(text):
    assert only(text).key == "15-nq/tu"


@pytest.mark.parametrize(("text", "whole"), [("KT-XH", "ktxh"), ("LĐTB&XH", "lđtbxh"), ("T.Ư", "tư")])
def test_a_short_form_with_a_sign_in_it_is_said_without_it_besides(text, whole):
    first, last = tokenize(text)
    assert (first.wider, last.wider) == ((whole,), ())


@pytest.mark.parametrize("text", ["XÃ-HỘI", "HÀ-NỘI", "XA-HOI", "Kt-Xh", "XII-XIII"])
def test_a_heading_in_capitals_is_no_short_form(text):
    assert all(token.wider in ((), ("12",), ("13",)) for token in tokenize(text))


def test_syllables_without_a_space_are_taken_apart_where_they_stand():
    assert [tuple(token[:3]) for token in tokenize("Tiêm vắcxin.")][1:] == [("vắc", 5, 8), ("xin", 8, 11)]


@pytest.mark.parametrize(
    ("text", "number"),
    [("XXIV", 24), ("XIX", 19), ("IV", 4), ("VI", None), ("IIX", None), ("V", None), ("", None)],
)
def test_roman_numerals_are_read_if_nothing_else_can_be_meant(text, number):
    assert roman_number(text) == number


def test_the_last_day_of_a_list_of_days_makes_the_date():
    assert [token.key for token in tokenize("11,12/7/2022")] == ["11", "12/7/2022"]


def test_tokens_have_an_exact_and_a_folded_key():
    token = only("Uỷ")
    assert (token.key, token.folded) == ("uy4", "uy")


def test_a_zero_before_a_digit_is_no_part_of_the_key():
    assert [token.key for token in tokenize("08 00 007")] == ["8", "0", "007"]


# What happens in texts: Vietnamese composed and not, marks without a letter, signs beyond the BMP, numerals.
RUNNING = st.one_of(
    st.text(),
    st.text(alphabet="aáđ1203/-.,&_ ĐNCPXIVnăm tháng\n"),
    st.lists(
        st.sampled_from(
            [
                *"😀👍🏽\u200d\ufe0f\u20e3\u0301\u0323\u00a0\u00ad -/.",
                "Huyện",
                "Hu\u0079e\u0323\u0302n",
                "uỷ",
                "vắcxin",
                "59/2019/NĐ-CP",
                "11,12/7/2022",
                "khóa XXIV",
                "KT-XH",
                "ngày 18.8",
                "05 - CT/TW",
                "2.034",
            ]
        )
    ).map("".join),
)


@given(RUNNING)
def test_tokens_are_in_order_and_show_where_they_stand(text):
    text = normalise(text)
    end = 0
    for token in tokenize(text):
        assert token.start >= end
        assert text[token.start : token.end] == token.text
        end = token.start
        for part in token.parts:
            assert part.start >= end
            assert text[part.start : part.end] == part.text
            end = part.end
        assert end <= token.end
        end = token.end


@given(RUNNING)
def test_the_text_of_a_word_gives_its_key(text):
    text = normalise(text)
    for token in tokenize(text):
        for unit in token.units:
            assert unit.key == tone_key(unit.form or text[unit.start : unit.end])


@given(RUNNING)
def test_composed_and_decomposed_text_have_the_same_tokens(text):
    one, other = (tokenize(normalise(unicodedata.normalize(form, text))) for form in ("NFC", "NFD"))
    assert one == other


@pytest.mark.parametrize(
    "text",
    [
        "1-" * 5000,
        "1," * 5000,
        "1/" * 5000,
        "ngày " + "1, " * 4000,
        "1-a" + "\u0301" * 9000,
        "1/a" + "-b" * 5000,
        "A-" * 5000,
        "A&" * 5000 + "a",
        "IX" * 5000,
        "12/2022 " * 1200,
        "1" * 9999,
        "đố" * 5000,
    ],
    ids=lambda text: text[:8],
)
def test_hostile_text_is_cut_at_once(text):
    began = time.perf_counter()
    tokenize(text)
    assert time.perf_counter() - began < 0.5


@given(st.text())
def test_every_letter_and_digit_is_in_a_token(text):
    text = normalise(text)
    covered = {at for token in tokenize(text) for at in range(token.start, token.end)}
    assert {at for at, char in enumerate(text) if char.isalnum()} <= covered
