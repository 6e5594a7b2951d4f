import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.index.query import (
    MAX_WORDS,
    And,
    Everything,
    Not,
    Nothing,
    Or,
    Phrase,
    Word,
    parse,
    read,
)
from archive_search.index.tree import words_of

bi = Word("bi2", "bi", marked=True)
thu = Word("thư", "thu", marked=True)
huyen = Word("huyên5", "huyen", marked=True)
bare = Word("bi", "bi", marked=False)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("bí thư", And((bi, thu))),
        ("bi thư", And((bare, thu))),
        ("bí AND thư", And((bi, thu))),
        ('"bí thư"', Phrase((bi, thu))),
        ("“bí thư” huyện", And((Phrase((bi, thu)), huyen))),
        ('"bí"', bi),
        ("bí OR thư", Or((bi, thu))),
        ("bí OR thư huyện", Or((bi, And((thu, huyen))))),
        ("(bí OR thư) huyện", And((Or((bi, thu)), huyen))),
        ("bí -thư", And((bi, Not(thu)))),
        ("bí NOT thư", And((bi, Not(thu)))),
        ("-bí", Not(bi)),
        ('bí -"thư huyện"', And((bi, Not(Phrase((thu, huyen)))))),
        ("bí -(thư huyện)", And((bi, Not(And((thu, huyen)))))),
        ("-thư-huyện bí", And((Not(Phrase((thu, huyen))), bi))),
        ("bí-thư", And((bi, thu))),
        ("bí - thư", And((bi, thu))),
    ],
)
def test_what_is_typed_is_read_as_a_tree(text, tree):
    assert read(text) == tree


@pytest.mark.parametrize("text", ["", "  ", "*", "\u00a0", "\n"])
def test_nothing_typed_asks_for_everything(text):
    assert read(text) == Everything()


@pytest.mark.parametrize("text", ["?", "()", '""', "- -", "OR", "NOT", "((((", "…", "* ?"])
def test_text_without_a_word_asks_for_nothing(text):
    assert read(text) == Nothing()


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('"bí thư', Phrase((bi, thu))),
        ("(bí thư", And((bi, thu))),
        ("bí) thư", And((bi, thu))),
        ("bí OR", bi),
        ("OR bí", bi),
        ("NOT NOT bí", Not(bi)),
    ],
)
def test_what_is_left_open_is_closed(text, tree):
    assert read(text) == tree


def test_operators_are_capitals_only():
    assert len(read("bí or thư and huyện not").children) == 6


def test_old_and_new_placement_of_the_tone_are_one_query():
    assert read("Huyện uỷ") == read("huyện ủy")


def test_a_symbol_is_one_word_with_parts():
    word = read("59/2019/NĐ-CP")
    assert (word.key, word.folded) == ("59/2019/nđ-cp", "59/2019/nd-cp")
    assert [part.key for part in word.parts] == ["59", "2019", "nđ", "cp"]


def test_a_number_is_also_its_parts():
    three, four = Word("3", "3", marked=False), Word("4", "4", marked=False)
    assert read("3,4") == Or((Word("3,4", "3,4", marked=False, parts=(three, four)), Phrase((three, four))))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2000,
        "(a OR " * 1600,
        "((a) " * 1600,
        '"' * 10_000,
        "a -" * 3000,
        "[a TO " * 1700,
        "NOT " * 2500,
        "1/" * 5000,
        "*" * 10_000,
        "bí thư " * 1500,
        "a-" * 5000,
        "\u0301" * 10_000,
    ],
)
def test_hostile_text_is_read_at_once(text):
    began = time.perf_counter()
    tree = parse(text)
    assert time.perf_counter() - began < 0.5
    assert sum(1 for _ in words_of(read(text))) <= 2 * MAX_WORDS
    hash(tree), repr(tree)


@given(st.text(alphabet='ab "()-ORNDAT“”*?/.12', max_size=60))
def test_reading_never_raises_and_gives_no_empty_group(text):
    def check(node):
        if isinstance(node, And | Or):
            assert len(node.children) > 1
            list(map(check, node.children))
        elif isinstance(node, Phrase):
            assert len(node.words) > 1
        elif isinstance(node, Not):
            check(node.child)

    check(read(text))
    parse(text)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("CNTT", '"công nghệ thông tin"'),
        ("công nghệ thông tin", "CNTT"),
        ("cong nghe thong tin", "CNTT"),
        ("UBND", '"ủy ban nhân dân"'),
        ("kinh tế - xã hội", "KTXH"),
    ],
)
def test_short_forms_and_what_they_stand_for_find_each_other(text, other):
    tree = parse(text)
    assert isinstance(tree, Or)
    assert tree.children[0] == read(text)
    assert [word.key for word in words_of(read(other))] in [
        [word.key for word in words_of(child)] for child in tree.children[1:]
    ]


@pytest.mark.parametrize("text", ["công nghê thông tin", '"công nghệ thông tin"', "CT", "DA", "bí thư"])
def test_other_words_quoted_and_ambiguous_ones_are_not_expanded(text):
    assert parse(text) == read(text)


@pytest.mark.parametrize(("text", "key"), [("kỹ", "ki3"), ("lí", "ly2"), ("quý", "qui2"), ("ky", "ki")])
def test_i_and_y_find_each_other_where_both_are_in_use(text, key):
    assert parse(text).children[1].key == key


@pytest.mark.parametrize("text", ["tay", "thúy", "ni", "y"])
def test_i_and_y_differ_elsewhere(text):
    assert isinstance(parse(text), Word)
