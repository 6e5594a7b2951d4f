"""The tables of words: read once, checked, complete enough to be used."""

import pytest

from archive_search.errors import ConfigError
from archive_search.vietnamese import lexicon
from archive_search.vietnamese.phrases import PhraseBook, is_syllable, piece_keys, pieces, syllable_keys
from archive_search.vietnamese.spelling import tone_key

TABLES = (
    lexicon.abbreviations,
    lexicon.surnames,
    lexicon.synonyms,
    lexicon.speech_verbs,
    lexicon.person_words,
    lexicon.places,
    lexicon.historic_figures,
    lexicon.topics,
)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_read_once(table):
    assert len(table()) > 20
    assert table() is table()


def test_comments_and_empty_lines_are_skipped():
    rows = lexicon.parse_table("# why\nname\tkind\n\nHà Nội\tcity\n# end\n", ("name",), source="t")
    assert list(rows) == [{"name": "Hà Nội", "kind": "city"}]


def test_cells_missing_at_the_end_are_empty():
    rows = lexicon.parse_table("name\tkind\nHà Nội\n", ("name", "kind"), source="t")
    assert next(rows)["kind"] == ""


@pytest.mark.parametrize(
    "text", ["kind\nx\n", "name\tkind\na\tb\tc\n", "name\tkind\n\tb\n"], ids=["column", "long", "empty"]
)
def test_a_broken_table_is_refused_with_its_line(text):
    with pytest.raises(ConfigError, match=r"words\.tsv, line \d"):
        list(lexicon.parse_table(text, ("name",), source="words.tsv"))


def test_surnames_are_found_by_tone_key():
    assert lexicon.surnames()[tone_key("Nguyễn")].name == "Nguyễn"
    assert lexicon.surnames()[tone_key("Phó")].ambiguous


def test_ambiguous_abbreviations_say_so():
    flags = {abbr.short: abbr.ambiguous for abbr in lexicon.abbreviations()}
    assert flags["TUV"]
    assert not flags["UBND"]


def test_a_form_has_one_row_of_synonyms_and_is_no_short_form():
    forms = [syllable_keys(form) for group in lexicon.synonyms() for form in group]
    shorts = {syllable_keys(row.short) for row in lexicon.abbreviations() if not row.ambiguous}
    assert len(forms) == len(set(forms))
    assert not shorts & set(forms)


@pytest.mark.parametrize("short", ["TT&TT", "TTTT", "CQNN"])
def test_short_forms_of_the_departments_are_known(short):
    assert any(row.short == short and not row.ambiguous for row in lexicon.abbreviations())


def test_a_verb_that_is_a_noun_too_is_flagged():
    verbs = {verb.phrase: verb for verb in lexicon.speech_verbs()}
    assert verbs["báo cáo"].noun
    assert not verbs["phát biểu"].noun


def test_no_phrase_speaks_for_two_topics():
    phrases = [syllable_keys(phrase) for topic in lexicon.topics() for phrase in topic.phrases]
    assert len(phrases) == len(set(phrases))


@pytest.mark.parametrize("table", [lexicon.speech_verbs, lexicon.person_words])
def test_no_row_stands_twice(table):
    assert len(set(table())) == len(table())


def test_pieces_point_at_their_text():
    text = "Đ/c Tạ Hữu Thọ- Phó Bí thư."
    assert [text[piece.start : piece.end] for piece in pieces(text)] == [p.text for p in pieces(text)]


def test_of_several_phrases_the_longest_comes_first_whatever_its_spelling():
    book = PhraseBook((piece_keys(phrase), phrase) for phrase in ("ủy viên", "ủy viên ban thường vụ"))
    keys = piece_keys("Uỷ viên Ban thường vụ")
    assert [phrase for _, phrase in book.at(keys, 0)] == ["ủy viên ban thường vụ", "ủy viên"]


@pytest.mark.parametrize("word", ["Nguyễn", "Quyền", "Nghiêm", "Ái", "Đức", "Giang", "Quý"])
def test_vietnamese_syllables_are_told(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Books", "Frank", "Smith", "IBM", "Wudarski"])
def test_foreign_words_are_no_syllables(word):
    assert not is_syllable(word)
