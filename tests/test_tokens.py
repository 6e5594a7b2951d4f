import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.vietnamese.spelling import normalise
from archive_search.vietnamese.tokens import Kind, tokenize


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


def test_the_last_day_of_a_list_of_days_makes_the_date():
    assert [token.key for token in tokenize("11,12/7/2022")] == ["11", "12/7/2022"]


def test_tokens_have_an_exact_and_a_folded_key():
    token = only("Uỷ")
    assert (token.key, token.folded) == ("uy4", "uy")


def test_a_zero_before_a_digit_is_no_part_of_the_key():
    assert [token.key for token in tokenize("08 00 007")] == ["8", "0", "007"]


@given(st.text(alphabet="aáđ1203/-.,_ ĐNCPnăm tháng\n"))
def test_tokens_are_in_order_and_show_where_they_stand(text):
    text = normalise(text)
    end = 0
    for token in tokenize(text):
        assert token.start >= end
        assert text[token.start : token.end] == token.text
        for part in token.parts:
            assert text[part.start : part.end] == part.text
        end = token.end


@given(st.text())
def test_every_letter_and_digit_is_in_a_token(text):
    text = normalise(text)
    covered = {at for token in tokenize(text) for at in range(token.start, token.end)}
    assert {at for at, char in enumerate(text) if char.isalnum()} <= covered
