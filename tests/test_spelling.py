import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.vietnamese.spelling import (
    fold,
    fold_aligned,
    has_marks,
    normalise,
    telex_key,
    tone_key,
    unglued,
)

VIETNAMESE = "aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ"


@pytest.mark.parametrize(
    ("one", "other"), [("ủy", "uỷ"), ("hòa", "hoà"), ("THỦY", "thuỷ"), ("vịêt", "việt"), ("khỏe", "khoẻ")]
)
def test_placements_of_the_tone_share_a_key(one, other):
    assert tone_key(one) == tone_key(other)


@pytest.mark.parametrize(("one", "other"), [("bí", "bị"), ("thư", "thu"), ("đ", "d"), ("ban", "bàn")])
def test_different_syllables_have_different_keys(one, other):
    assert tone_key(one) != tone_key(other)


def test_fold_drops_diacritics():
    assert fold("Đảng ủy Thường Tín") == "dang uy thuong tin"


@pytest.mark.parametrize(("typed", "plain"), [("m²", "m2"), ("ﬁ", "fi"), ("Ａ", "a")])
def test_look_alikes_of_letters_fold_to_the_letters(typed, plain):
    assert fold(typed) == plain


@given(st.text(alphabet=VIETNAMESE + VIETNAMESE.upper() + " .,"))
def test_aligned_folding_is_folding_that_keeps_every_offset(text):
    text = unicodedata.normalize("NFC", text)
    assert fold_aligned(text) == fold(text)
    assert len(fold_aligned(text)) == len(text)


@given(st.text())
def test_aligned_folding_keeps_the_length_of_any_text(text):
    assert len(fold_aligned(text)) == len(text)


@given(st.text(alphabet=VIETNAMESE))
def test_keys_do_not_depend_on_the_unicode_form(text):
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert tone_key(composed) == tone_key(decomposed)
    assert fold(composed) == fold(decomposed)


def test_normalise_composes_and_takes_out_what_cannot_be_seen():
    assert normalise("Hu\u0079e\u0323\u0302n\u00a0u\u0309\u200by") == "Huyện ủy"
    assert normalise("\u00d0ảng") == "Đảng"


@given(st.text())
def test_normal_text_is_normal(text):
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)


def test_a_mark_behind_an_invisible_character_finds_its_letter():
    assert normalise("u\u200b\u0309y") == "ủy"


@pytest.mark.parametrize(
    "space", ["\u00a0", "\u2000", "\u2001", "\u2009", "\u200a", "\u202f", "\u205f", "\u3000"]
)
def test_every_space_is_a_space(space):
    assert normalise(f"a{space}b") == "a b"


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("vắcxin", ("vắc", "xin")),
        ("ôtô", ("ô", "tô")),
        ("Sôcôla", ("Sô", "cô", "la")),
        ("phápluật", ("pháp", "luật")),
        ("củaSở", ("của", "Sở")),
    ],
)
def test_syllables_that_are_written_together_are_taken_apart(word, syllables):
    assert unglued(word) == syllables


@pytest.mark.parametrize(
    "word",
    [
        "nghiêng",
        "Huyện",
        "thuýên",
        "đươc",
        "nguời",
        "HĐND",
        "Đắk",
        "thànhuỷ",
        "vacxin",
        "online",
        "José",
        "",
        "QĐ59",
    ],
)
def test_syllables_typing_slips_short_forms_and_foreign_words_stay_whole(word):
    assert unglued(word) == (word,)


@given(st.text(alphabet=VIETNAMESE + VIETNAMESE.upper(), max_size=30))
def test_taking_apart_loses_nothing(word):
    assert "".join(unglued(word)) == word


@pytest.mark.parametrize(("text", "expected"), [("ban", False), ("Đ", True), ("bàn", True), ("2022", False)])
def test_has_marks(text, expected):
    assert has_marks(text) is expected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("rasc", "rác"), ("racs", "rác"), ("huyeenj", "huyện"), ("uyr", "ủy"), ("dduwowngf", "đường")],
)
def test_raw_telex_has_the_key_of_what_was_meant(typed, meant):
    assert telex_key(typed) == tone_key(meant)


@pytest.mark.parametrize("word", ["iceland", "bitcoin", "kon", "2022"])
def test_words_without_telex_keys_stay(word):
    assert telex_key(word) == word
