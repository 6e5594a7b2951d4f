"""Every rule of the normalisation table has a test here, or a reason why it belongs elsewhere."""

import re
from importlib import resources

import pytest

from archive_search.index.language.tree import Or, Word, words_of
from archive_search.index.query import parse
from archive_search.vietnamese.lexicon import parse_table
from archive_search.vietnamese.spelling import fold, has_marks, normalise, tone_key
from archive_search.vietnamese.tokens import Kind, tokenize

_TABLE = resources.files("archive_search.vietnamese") / "data" / "normalisation.tsv"
RULES = {
    row["id"]: row
    for row in parse_table(
        _TABLE.read_text(encoding="utf-8"), ("id", "rule", "example"), source="normalisation.tsv"
    )
}

_ENCODING = "a legacy encoding is undone where bytes become text, before any of this: markup"
ELSEWHERE = {
    "N06": "says what not to do: N05 is the rule",
    "N15": "amounts of money are read by no stage yet; their words and numbers are found as they stand",
    "N18": "periods belong to the dates that a query understands: index",
    "N22": "a document cited without its symbol is words; citations belong to cleaning",
    "N23": "the expansion depends on the portal; the table flags these forms as ambiguous",
    "N24": _ENCODING,
    "N25": _ENCODING,
    "N26": _ENCODING,
    "N27": _ENCODING,
    "N28": _ENCODING,
    "N29": _ENCODING,
    "N30": "old names of places belong to the lexicon of places, and to people and dates",
}


def example(rule):
    return RULES[rule]["example"]


def examples(rule, separator=r";\s*"):
    return re.split(separator, example(rule))


def tokens(text):
    return tokenize(normalise(text))


def keys(text):
    return [unit.key for token in tokens(text) for unit in token.units]


def indexed(text):
    """All forms under which a text is found: its units, what they are together, what they say besides."""
    found = {form for token in tokens(text) for form in (token.key, token.folded, *token.wider)}
    return found | {tone_key(form) for form in found} | set(keys(text))


def ways(text):
    """The keys of each way to write a query: as typed first, then what its tree adds."""
    tree = parse(text)
    return [
        [word.key for word in words_of(way)] for way in (tree.children if isinstance(tree, Or) else [tree])
    ]


def test_every_rule_is_tested_or_belongs_elsewhere():
    tested = {name.split("_")[1].upper() for name in globals() if re.match(r"test_n\d\d_", name)}
    assert tested | set(ELSEWHERE) == set(RULES)
    assert not tested & set(ELSEWHERE)


def test_n01_decomposed_text_is_composed_first():
    assert normalise("Huye\u0323\u0302n") == example("N01").split(" -> ")[1]
    assert keys("Huye\u0323\u0302n u\u0309y") == keys("Huyện ủy")


def test_n02_deprecated_tone_marks_are_tone_marks():
    assert normalise("a\u0341") == example("N02")[-1]
    assert normalise("a\u0340") == "à"


def test_n03_invisible_characters_split_no_words():
    assert keys(example("N03").replace("<NBSP>", "\u00a0")) == ["tuv", "bi2", "thư"]
    assert normalise("u\u200b\u0309y\u00ad, \u2060Hu\u200dyện\ufeff") == "ủy, Huyện"


def test_n04_look_alikes_of_d_are_d():
    typed, meant = example("N04").split(" -> ")
    assert normalise(typed) == meant
    assert normalise("\u0189\u00f0") == "Đđ"


_PLACED = [part.split("/") for part in examples("N05")[:4]]
_MISPLACED = zip(
    examples("N05")[4].removeprefix("also misplaced ").split(", "), ["việt", "thuyến", "toàn"], strict=True
)


@pytest.mark.parametrize(("one", "other"), [*_PLACED, *_MISPLACED])
def test_n05_the_place_of_the_tone_is_no_difference(one, other):
    assert keys(one) == keys(other)


def test_n05_the_one_true_collision_is_kept_apart():
    assert tone_key("giạ") != tone_key("gịa") == tone_key("Gi\u0323a")
    assert fold("giạ") == fold("gịa")


@pytest.mark.parametrize(("one", "other"), re.findall(r"(\w+)=(\w+)", RULES["N07"]["rule"]))
def test_n07_i_and_y_find_each_other_where_they_are_the_whole_rime(one, other):
    assert keys(other) in ways(one)
    assert keys(one) in ways(other)


@pytest.mark.parametrize(
    "pair", re.findall(r"[\w ]+/\w+", example("N07").split(";")[0].removeprefix("never"))
)
def test_n07_i_and_y_differ_elsewhere(pair):
    one, other = pair.strip().split("/")
    assert not any(keys(other)[-1] in way for way in ways(one))


def test_n08_words_without_marks_are_folded():
    typed, meant = example("N08").split(" -> ")
    assert fold(meant) == typed
    assert not any(word.marked for word in words_of(parse(typed)))
    assert all(word.marked for word in words_of(parse(meant)))


def test_n09_each_word_is_marked_by_itself():
    assert [word.marked for word in words_of(parse(example("N09")))] == [False, True, False]
    assert [has_marks(word) for word in example("N09").split()] == [False, True, False]


def test_n10_keys_have_no_case_and_tokens_keep_it():
    (token,) = tokens("NĐ")
    assert (token.key, token.text) == (tokens("nđ")[0].key, "NĐ")


@pytest.mark.parametrize(
    "dash", ["-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", " - ", "- ", " \u2013"]
)
def test_n11_every_dash_separates(dash):
    text = examples("N11")[0]
    assert keys(text.replace("- ", dash)) == ["văn", "hoa2", "thông", "tin"]


@pytest.mark.parametrize(
    ("split", "whole"), [examples("N11")[2].split(" = "), ("TT&TT", "TTTT"), ("T.Ư", "TƯ")]
)
def test_n11_a_short_form_with_a_sign_in_it_is_found_as_one_without(split, whole):
    assert set(keys(whole)) <= indexed(split)


@pytest.mark.parametrize("short", ["VP HĐND", "VPHĐND"])
def test_n11_a_short_form_with_a_space_in_it_is_looked_for_with_and_without_it(short):
    assert keys(short) in ways("Văn phòng Hội đồng nhân dân")


def test_n11_and_the_other_way_round():
    split, whole = examples("N11")[2].split(" = ")
    assert keys(whole) in ways(split)


_VACCINE = examples("N12")[0].split(" = ")


@pytest.mark.parametrize("form", [form for form in _VACCINE if form != "vaccine"])
def test_n12_forms_that_differ_by_space_or_hyphen_are_one(form):
    assert keys(form) == keys(_VACCINE[0])


@pytest.mark.parametrize(("one", "other"), [(form, "vaccine") for form in _VACCINE])
def test_n12_other_forms_of_a_foreign_word_find_each_other(one, other):
    assert keys(other) in ways(one)
    assert keys(one) in ways(other)


def test_n12_covid_with_its_number_is_found_by_both_and_without_it():
    one, other, alone = examples("N12")[1].split(" = ")
    assert keys(one) == keys(other)
    assert set(keys(alone)) < set(keys(one))
    assert keys("Covid19") in ways(one)


def test_n12_a_city_is_found_by_its_short_form():
    assert keys("TP.HCM") == keys("TP. HCM") == keys("TP HCM")
    assert keys("TPHCM") in ways("TP.HCM")
    assert keys("thành phố Hồ Chí Minh") in ways("TP.HCM")


def test_n13_a_number_has_no_thousands_dots():
    number = tokens(example("N13"))[0]
    assert (number.kind, number.key) == (Kind.NUMBER, "3042")


@pytest.mark.parametrize("text", examples("N14"))
def test_n14_a_decimal_comma_and_a_point_are_one(text):
    (number,) = tokens(text)
    assert number.key == text.rstrip(" %")
    assert tokens(text.replace(",", "."))[0].key == number.key


_DATES = [["11/7/2022", "12/7/2022"], ["27/7/1947", "27/7/2022"], ["1/10/1997"]]


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        *zip(examples("N16"), _DATES, strict=True),
        ("ngày 11, 12 và 13 tháng 7 năm 2022", ["11/7/2022", "12/7/2022", "13/7/2022"]),
        ("ngày 20-21/3", ["20/3", "21/3"]),
    ],
)
def test_n16_every_day_of_a_list_is_a_date(text, dates):
    assert set(dates) <= indexed(text)


def test_n17_a_day_with_a_point_is_a_date_only_after_the_word_day():
    assert [token.kind for token in tokens(example("N17"))][-1] is Kind.NUMBER
    assert tokens("ngày 18.8")[-1].key == "18/8"
    assert all(token.kind is Kind.WORD for token in tokens("đến năm 2030"))


@pytest.mark.parametrize(
    ("text", "number"), [(example("N19"), "24"), ("Đại hội XIII", "13"), ("quý I", "1"), ("KHOÁ VI", "6")]
)
def test_n19_a_roman_numeral_is_its_number_besides(text, number):
    assert number in indexed(text)
    assert keys(text)[-1] == text.split()[-1].lower()


def test_n19_a_question_with_a_numeral_finds_the_number_behind_the_same_word():
    assert keys("khóa 24") in [
        [word.key for word in words_of(node)] for node in parse(example("N19")).children[1].children
    ]


@pytest.mark.parametrize("text", ["HÀNH VI", "I. Mục tiêu", "Ông X", "IIX"])
def test_n19_letters_that_count_nothing_are_letters(text):
    assert not any(token.wider for token in tokens(text))


_STATE = examples("N20")[0].split(" = ")


def test_n20_a_symbol_is_found_with_d_for_d_with_a_bar():
    symbols = [parse(form) for form in _STATE[:2]]
    assert [(symbol.folded, symbol.marked) for symbol in symbols] == [("59/2019/nd-cp", False)] * 2


def test_n20_a_symbol_is_found_by_its_kind_number_and_year():
    assert set(keys(_STATE[2])) | {tokens(_STATE[2])[-1].key} <= indexed(_STATE[0])
    assert keys(examples("N20")[1]) == ["qđ", "ubnd"]


@pytest.mark.parametrize("text", ["05/2014/QĐ-UBND", "5/2014/QĐ\u2013UBND", "05 /2014/QĐ_UBND"])
def test_n20_a_symbol_has_no_leading_zeros_and_one_kind_of_dash(text):
    assert [token.key for token in tokens(text)] == ["5/2014/qđ-ubnd"]


@pytest.mark.parametrize("text", examples("N21"))
def test_n21_a_symbol_of_the_party_has_no_year(text):
    (token,) = tokens(text)
    assert (token.kind, token.key) == (Kind.SYMBOL, text.lower().lstrip("0"))
    assert tokens(text.replace("-", " - "))[0].key == token.key


def test_n21_words_of_a_query_stay_one_word():
    assert isinstance(parse(examples("N21")[0]), Word)
