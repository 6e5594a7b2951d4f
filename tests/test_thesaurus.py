"""Other ways to write words: the bundled tables, the archive's own, and what is told of them."""

import os

import pytest

from archive_search.errors import ConfigError
from archive_search.index.language.notes import Message
from archive_search.index.language.reading import MAX_COST, MAX_WORDS
from archive_search.index.language.thesaurus import ThesaurusFile, bundled, load_thesaurus, thesaurus
from archive_search.index.language.tree import Or, cost
from archive_search.index.query import parse, read, understand
from archive_search.vietnamese.lexicon import Abbreviation, parse_synonyms


def told(text, **rest):
    return [(typed, list(others)) for typed, others in understand(text, **rest).expansions]


def short(form, expansion, *readings, ambiguous=False):
    return Abbreviation(
        short=form, expansion=expansion, category="", ambiguous=ambiguous, readings=readings, note=""
    )


@pytest.fixture
def own(tmp_path):
    def write(text):
        (tmp_path / "synonyms.tsv").write_text(text, encoding="utf-8")
        return tmp_path / "synonyms.tsv"

    return write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CNTT", [("CNTT", ["công nghệ thông tin"])]),
        ("cong nghe thong tin", [("cong nghe thong tin", ["CNTT"])]),
        ("TUV", [("TUV", ["Thành ủy viên", "Tỉnh ủy viên"])]),
        ("BCH", [("BCH", ["Ban Chấp hành", "Bộ Chỉ huy", "Ban Chỉ huy"])]),
        ("quý mỹ", [("quý", ["quí"]), ("mỹ", ["mĩ"])]),
        ("Lí Hy", [("Lí", ["Lý"]), ("Hy", ["Hi"])]),
        ("khoá XXIV", [("khoá XXIV", ["khoá 24"])]),
        ("title:kỹ said:CNTT", [("kỹ", ["kĩ"]), ("CNTT", ["công nghệ thông tin"])]),
        ("CNTT -vaccine CNTT", [("CNTT", ["công nghệ thông tin"]), ("vaccine", ["vắc xin", "vacxin"])]),
        ("công ty thúy tay", []),
        ('"CNTT"', []),
    ],
)
def test_what_was_put_into_the_tree_is_told_in_typed_order_and_each_once(text, expected):
    assert told(text) == expected


def test_what_is_typed_is_left_alone_on_demand():
    assert understand("CNTT quý", expanding=False) == (read("CNTT quý"), (), ())


@pytest.mark.parametrize("text", ["Ban Chấp hành", "Thành ủy viên", "dự án", "nghị quyết"])
def test_what_a_short_form_may_stand_for_does_not_find_it_if_it_has_other_readings_or_two_letters(text):
    assert parse(text) == read(text)


@pytest.mark.parametrize("text", ["DA mới", "họp TU", "BC", "TP HÀ NỘI", "QĐ"])
def test_a_short_form_of_two_letters_counts_in_capitals(text):
    assert told(text) != []


@pytest.mark.parametrize("text", ["da mới", "họp tu", "bc", "DA ĐẸP", "HÁT CA VANG", "B"])
def test_a_syllable_is_no_short_form(text):
    assert told(text) == []


def test_a_short_form_means_all_that_its_rows_say():
    known = thesaurus([short("HNA", "Hà Nam"), short("HNA", "hội nghị ấy")], [])
    assert told("hna", thesaurus=known) == [("hna", ["Hà Nam", "hội nghị ấy"])]
    assert told("Hà Nam", thesaurus=known) == []


def test_of_short_forms_in_the_same_letters_the_one_spelt_so_counts():
    known = thesaurus([short("BĐX", "bến đò xưa"), short("BDX", "bãi dài xa")], [])
    assert told("BDX", thesaurus=known) == [("BDX", ["bãi dài xa"])]
    assert told("BĐX", thesaurus=known) == [("BĐX", ["bến đò xưa"])]
    assert told("bdx bđx", thesaurus=thesaurus([short("BĐX", "bến đò xưa")], [])) == [
        ("bdx", ["bến đò xưa"]),
        ("bđx", ["bến đò xưa"]),
    ]


def test_synonyms_of_the_archive_are_added_to_the_bundled_ones(own):
    known = load_thesaurus(own("# ours\nforms\nô tô; xe hơi\nGPMB; dọn mặt bằng\n"))
    assert told("ô tô", thesaurus=known) == [("ô tô", ["oto", "xe hơi"])]
    assert told("xe hoi", thesaurus=known) == [("xe hoi", ["ô tô"])]
    assert told("GPMB", thesaurus=known) == [("GPMB", ["giải phóng mặt bằng", "dọn mặt bằng"])]


def test_a_row_of_one_form_takes_it_out_of_all_others(own):
    known = load_thesaurus(own("forms\nCNTT\nkỹ\noto\n"))
    assert [told(text, thesaurus=known) for text in ("CNTT", "công nghệ thông tin", "kỹ", "oto")] == [[]] * 4
    assert told("kĩ", thesaurus=known) == [("kĩ", ["kỹ"])]


def test_without_a_table_of_its_own_an_archive_has_the_bundled_ones(tmp_path):
    assert load_thesaurus(tmp_path / "synonyms.tsv") is bundled()


@pytest.mark.parametrize(
    ("text", "line"), [("words\na; b\n", 1), ("forms\na; b\n;\n", 3), ("forms\n\nô tô; ?\n", 3)]
)
def test_a_broken_table_is_refused_with_its_line(own, text, line):
    with pytest.raises(ConfigError, match=rf"synonyms\.tsv, line {line}:"):
        load_thesaurus(own(text))


def test_a_table_that_is_no_text_is_refused(own):
    path = own("")
    path.write_bytes("forms\nô tô; xe".encode("utf-16"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_thesaurus(path)


def test_a_served_table_is_read_again_when_it_has_changed(own, caplog):
    file = ThesaurusFile(own("forms\na ba; xe hơi\n"))
    first = file.current()
    assert told("xe hơi", thesaurus=first) == [("xe hơi", ["a ba"])]
    assert file.current() is first
    path = own("forms\nxe hơi; ô\tto\tb\n")
    os.utime(path, ns=(1, 1))
    assert file.current() is bundled()
    assert f"{path}, line 2" in caplog.text
    path.unlink()
    assert file.current() is bundled()


def test_no_form_is_bundled_twice_as_alone_and_in_a_group():
    groups = parse_synonyms("forms\nmột; hai\nmột\n", source="t")
    assert told("hai", thesaurus=thesaurus([], groups)) == []


def test_other_forms_are_left_out_where_they_would_cost_too_much():
    many = thesaurus([], [tuple(f"từ {n}" for n in range(MAX_COST))])
    node, notes, expansions = understand("từ 1", thesaurus=many)
    assert (node, [note.message for note in notes], expansions) == (read("từ 1"), [Message.TOO_WIDE], ())


def test_a_long_query_of_short_forms_is_within_the_cost():
    node = parse("CNTT UBND TUV BCH " * (MAX_WORDS // 4))
    assert any(isinstance(child, Or) for child in node.children)
    assert cost(node) <= MAX_COST
