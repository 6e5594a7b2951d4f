from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.index.language.notes import Message
from archive_search.index.language.reading import (
    MAX_CHARS,
    MAX_COST,
    MAX_DEPTH,
    MAX_DISTANCE,
    MAX_NEARS,
    MAX_PREFIXES,
    MAX_SAID,
    MAX_WORDS,
)
from archive_search.index.language.tree import (
    And,
    Everything,
    HasValue,
    InTitle,
    Near,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Published,
    Said,
    Word,
    cost,
    loosened,
    words_of,
)
from archive_search.index.query import parse, read, understand

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


def begins(key, folded):
    return Prefix(key, folded, marked=key != folded)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("bí thư*", And((bi, begins("thư", "thu")))),
        ("phó* thư", And((begins("pho2", "pho"), thu))),
        ("thu*", begins("thu", "thu")),
        ("-thu* bí", And((Not(begins("thu", "thu")), bi))),
        ("20*", begins("20", "20")),
        ("title:bí", InTitle(bi)),
        ("TIÊUĐỀ:bí thư", And((InTitle(bi), thu))),
        ('tieude:"bí thư"', InTitle(Phrase((bi, thu)))),
        ("title:bí-thư", InTitle(Phrase((bi, thu)))),
        ("title:thu*", InTitle(begins("thu", "thu"))),
        ("-title:bí thư", And((Not(InTitle(bi)), thu))),
        ("said:bí", Said(bi)),
        ("phátbiểu:thu*", Said(begins("thu", "thu"))),
        ('said:"bí thư" huyện', And((Said(Phrase((bi, thu))), huyen))),
        ("speaker:Minh said:bí", And((HasValue("speaker", "Minh"), Said(bi, "Minh")))),
        ("speaker:Minh", HasValue("speaker", "Minh")),
        ('địadanh:"Văn Bình"', HasValue("place", "Văn Bình")),
        ("vanban:59/2019/NĐ-CP", HasValue("document", "59/2019/NĐ-CP")),
        ("kỳhọp:17", HasValue("session", "17")),
        ('người:" Nguyễn  Tiến Minh" bí', And((HasValue("speaker", "Nguyễn Tiến Minh"), bi))),
        ("chude:dat-dai", HasValue("topic", "dat-dai")),
        (
            "(cổng:thuongtin OR cong:daksong)",
            Or((HasValue("portal", "thuongtin"), HasValue("portal", "daksong"))),
        ),
        ("năm:2022", HasValue("year", "2022")),
        ("từ 7/2022 đến 12/2022", Published("2022-07-01", "2022-12-31")),
        ("tu 7/2022 den 12/2022", Published("2022-07-01", "2022-12-31")),
        ("from:2022-07 to:2022-12", Published("2022-07-01", "2022-12-31")),
        ("2022-07..2022-12", Published("2022-07-01", "2022-12-31")),
        ("Từ 11/7/2022 Đến 29-02-2024 bí", And((Published("2022-07-11", "2024-02-29"), bi))),
        ("bí từ 2020", And((bi, Published("2020-01-01", "")))),
        ("đến 2021", Published("", "2021-12-31")),
        ("to:2022-02", Published("", "2022-02-28")),
        ("NOT from:2022-02-03", Not(Published("2022-02-03", ""))),
        ("bí NEAR/5 thư", Near(bi, thu, 5)),
        ('bí NEAR/5 "thư huyện" thư', And((Near(bi, Phrase((thu, huyen)), 5), thu))),
        ("bí VÀ thư", And((bi, thu))),
        ("bí HOẶC thư", Or((bi, thu))),
        ("bí KHÔNG thư", And((bi, Not(thu)))),
    ],
)
def test_the_other_forms_are_read_as_a_tree_without_a_note(text, tree):
    node, notes, _ = understand(text)
    assert read(text) == node == tree
    assert [note.message for note in notes if note.message is not Message.READ_AS_DATES] == []


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('bí "thư', Message.OPEN_QUOTE, 3),
        ("(bí thư", Message.OPEN_BRACKET, 0),
        ("bí) thư", Message.STRAY_BRACKET, 2),
        ("bí OR", Message.LONELY_OPERATOR, 3),
        ("OR bí", Message.LONELY_OPERATOR, 0),
        ("(bí AND) thư", Message.LONELY_OPERATOR, 4),
        ("bí NOT", Message.LONELY_OPERATOR, 3),
        ("NEAR/3 bí", Message.LONELY_OPERATOR, 0),
        ("bí NEAR/3 (thư OR huyện)", Message.NEAR_WHAT, 3),
        ("bí NEAR/3 title:thư", Message.NEAR_WHAT, 3),
        ("bí NEAR/1 thư " * (MAX_NEARS + 1), Message.TOO_MANY_NEARS, 14 * MAX_NEARS + 3),
        ("bí NEAR/99 thư", Message.NEAR_DISTANCE, 3),
        ("bí t*", Message.STAR_IGNORED, 3),
        ("*thư bí", Message.STAR_IGNORED, 0),
        ('"bí thư*"', Message.STAR_IGNORED, 4),
        ("bí th*ư", Message.STAR_IGNORED, 3),
        ("bí 7/2022*", Message.STAR_IGNORED, 3),
        ("bí title: thư", Message.EMPTY_FIELD, 3),
        ("bí tacgia:thư", Message.UNKNOWN_FIELD, 3),
        ("bí title:", Message.EMPTY_FIELD, 3),
        ('bí title:""', Message.EMPTY_FIELD, 3),
        ("bí speaker:(thư)", Message.EMPTY_FIELD, 3),
        ("bí said: thư", Message.EMPTY_FIELD, 3),
        ("said:bí " * (MAX_SAID + 1), Message.TOO_MANY_SAID, 8 * MAX_SAID),
        ("1," * MAX_WORDS + "1 bí", Message.TOO_MANY_WORDS, 0),
        ("bí từ 31/4/2022", Message.BAD_DATE, 3),
        ("từ 2020 đến 13/2022", Message.BAD_DATE, 0),
        ("from:hômqua", Message.BAD_DATE, 0),
        ("đến 2021", Message.READ_AS_DATES, 0),
        ("2022..2021", Message.NO_DAY_BETWEEN, 0),
        ("BÍ THƯ KHÔNG HỌP", Message.ALL_CAPITALS, 7),
        ("bí " * MAX_CHARS, Message.TOO_LONG, MAX_CHARS),
        ("bí " * (MAX_WORDS + 1), Message.TOO_MANY_WORDS, 3 * MAX_WORDS),
        ("bí* " * (MAX_PREFIXES + 1), Message.TOO_MANY_STARS, 4 * MAX_PREFIXES + 2),
        ("(" * (MAX_DEPTH + 1) + "bí" + ")" * (MAX_DEPTH + 1), Message.TOO_DEEP, MAX_DEPTH),
    ],
)
def test_a_note_says_what_was_not_read_as_typed_and_where(text, message, at):
    assert (at, message) in [note[:2] for note in understand(text).notes]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tacgia:thư", "tacgia:thư"),
        ("từ 31/4/2022", "từ 31/4/2022"),
        ("quy hoạch đến năm 2030", "quy hoạch đến năm 2030"),
        ("từ 2020-2025", "từ 2020-2025"),
        ("đến 2021/QĐ", "đến 2021/QĐ"),
        ("năm 2020...", "năm 2020"),
        ("đi từ đây đến đó", "đi từ đây đến đó"),
        ("BÍ THƯ KHÔNG HỌP", "bí thư không họp"),
        ("bí * thư*huyện", "bí thư huyện"),
        ("A/OR/B", "a or b"),
        ("bí và thư hoặc không", "bí và thư hoặc không"),
        ("http://hanoi.gov.vn 10:30", "http hanoi gov vn 10 30"),
        ('title:""', "title"),
    ],
)
def test_what_is_no_syntax_is_searched_as_words(text, words):
    def leaves(node):
        return (
            [leaf for child in node.children for leaf in leaves(child)] if isinstance(node, And) else [node]
        )

    assert leaves(read(text)) == leaves(read(words))
    assert all(isinstance(leaf, Word | Or) for leaf in leaves(read(text)))


EXACT = [
    ('"bi thư"', Phrase((replace(bare, marked=True), thu))),
    ('"bi"', replace(bare, marked=True)),
    ('title:"bi"', InTitle(replace(bare, marked=True))),
    ('said:"bi"', Said(replace(bare, marked=True))),
    ('"bi" NEAR/2 "thư"', Near(replace(bare, marked=True), thu, 2)),
    ('-"bi"', Not(replace(bare, marked=True))),
]


@pytest.mark.parametrize(("text", "tree"), EXACT)
def test_what_is_quoted_is_exact(text, tree):
    assert read(text) == parse(text) == tree


@pytest.mark.parametrize("text", ["bi-thu", "title:bi", "said:bi-thu", "bi NEAR/2 thu", "-bi-thu"])
def test_what_is_joined_without_quotation_marks_is_not_exact(text):
    assert not any(word.marked for word in words_of(read(text)))


def test_the_letters_of_a_symbol_are_a_code_in_quotation_marks_too():
    assert parse('"59/2019/nd-cp"') == parse("59/2019/NĐ-CP").__class__(
        "59/2019/nd-cp", "59/2019/nd-cp", marked=False, parts=read("59/2019/nd-cp").parts
    )


@pytest.mark.parametrize(
    "text", [*(text for text, _ in EXACT), "phó* bí OR thư", "CNTT said:kỹ", "title:phó*"]
)
def test_a_loose_tree_has_every_word_in_any_spelling(text):
    node = understand(text, loose=True).node
    assert node == loosened(node)
    assert not any(word.marked for word in words_of(node))


def test_a_loose_query_knows_short_forms_in_any_spelling():
    assert understand("công nghê thông tin", loose=True).expansions[0].others == ("CNTT",)


SAID_BY = [
    ("speaker:A (said:bí OR said:thư)", ["A", "A"]),
    ("speaker:A -said:bí", ["A"]),
    ("(speaker:A topic:x) said:bí", ["A"]),
    ("speaker:A speaker:A said:bí", ["A"]),
    ("speaker:A said:bí OR said:thư", ["A", None]),
    ("(speaker:A said:bí) speaker:B said:thư", ["A", "B"]),
    ("speaker:A speaker:B said:bí", [None]),
    ("-speaker:A said:bí", [None]),
    ("(speaker:A OR speaker:B) said:bí", [None]),
]


@pytest.mark.parametrize(("text", "speakers"), SAID_BY)
def test_what_is_said_is_said_by_the_one_speaker_of_its_conjunction(text, speakers):
    def said(node):
        match node:
            case Said():
                yield node.speaker
            case Not():
                yield from said(node.child)
            case And() | Or():
                for child in node.children:
                    yield from said(child)

    assert list(said(read(text))) == speakers


def test_the_cost_counts_what_is_dear_as_more():
    costs = [cost(read(text)) for text in ("bí", "bí thư", '"bí thư"', "thư*", "bí NEAR/2 thư", "said:thư*")]
    assert costs == [1, 2, 2, 20, 40, 60]


def test_near_looks_no_farther_than_its_limit():
    assert read("bí NEAR/99999999999999 thư") == Near(bi, thu, MAX_DISTANCE)


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
        "1," * 900 + "1",
        "1/2020/" + "a/" * 900 + "a",
        "said:a " * 300,
        "\u0301" * 10_000,
    ],
)
def test_hostile_text_becomes_a_small_tree(text):
    tree = parse(text)
    assert sum(1 for _ in words_of(read(text))) <= 2 * MAX_WORDS
    hash(tree), repr(tree)


pieces = st.sampled_from(
    [
        *'ab "()-*:/.,',
        "OR ",
        " AND ",
        "NOT ",
        " NEAR/3 ",
        "title:",
        "said:",
        "speaker:a ",
        "CNTT ",
        "20* ",
        "năm:",
        "từ ",
        " đến ",
        "7/2022",
        "2022-07",
        "..",
    ]
)


@given(st.text(alphabet='ab "()-ORNDAT“”*?/.12', max_size=60) | st.lists(pieces, max_size=30).map("".join))
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
    node, notes, _ = understand(text)
    assert node == parse(text)
    assert len({note.message for note in notes}) == len(notes)
    assert cost(read(text)) <= MAX_COST
    assert cost(node) <= MAX_COST
    assert all(text[note.at + (len(text) - len(text.lstrip())) :].startswith(note.piece) for note in notes)


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


@pytest.mark.parametrize("text", ["công nghê thông tin", '"công nghệ thông tin"', "da", "ct", "bí thư"])
def test_other_words_quoted_and_short_ones_in_small_letters_are_not_expanded(text):
    assert parse(text) == read(text)


@pytest.mark.parametrize(("text", "key"), [("kỹ", "ki3"), ("lí", "ly2"), ("quý", "qui2"), ("ky", "ki")])
def test_i_and_y_find_each_other_where_both_are_in_use(text, key):
    assert parse(text).children[1].key == key


@pytest.mark.parametrize("text", ["tay", "thúy", "ni", "y"])
def test_i_and_y_differ_elsewhere(text):
    assert isinstance(parse(text), Word)
