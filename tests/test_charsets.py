import importlib.util
import sys
from pathlib import Path

import pytest

from archive_search.vietnamese import charsets
from archive_search.vietnamese.charsets import Piece, mended, weigh

EVAL = Path(__file__).parents[1] / "eval"
LETTERS = "".join(
    "áàảãạâấầẩẫậăắằẳẵặéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵđ"
    "ÁÀẢÃẠÂẤẦẨẪẬĂẮẰẲẴẶÉÈẺẼẸÊẾỀỂỄỆÍÌỈĨỊÓÒỎÕỌÔỐỒỔỖỘƠỚỜỞỠỢÚÙỦŨỤƯỨỪỬỮỰÝỲỶỸỴĐ"
)


@pytest.fixture(scope="module")
def evaluation():
    """The module that encodes and measures, from the folder of the evaluations."""
    sys.path.insert(0, str(EVAL))
    try:
        spec = importlib.util.spec_from_file_location("charsets_evaluation", EVAL / "charsets.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(EVAL))
    return module


def test_there_are_134_letters_and_each_has_a_byte_of_its_own(evaluation):
    assert len(set(LETTERS)) == 134
    for column in ("tcvn", "viscii", "vni"):
        table = evaluation.table(column)
        assert set(table) == set(LETTERS)
        assert len(set(table.values())) == 134


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_comes_back_from_every_set(evaluation, letter):
    assert charsets.decode_viscii(evaluation.by_table("viscii")(letter)) == letter
    assert charsets.decode_tcvn(evaluation.by_table("tcvn")(letter)) == letter
    assert charsets.from_vni(evaluation.table("vni")[letter]) == letter
    assert charsets.from_utf8_twice(evaluation.twice(letter).decode()) == letter
    # © and ® that stand alone are left alone, so the letter needs a neighbour.
    assert (
        charsets.from_tcvn3("x" + evaluation.tcvn3(letter).decode("latin-1")).lower() == f"x{letter.lower()}"
    )


def test_the_mark_of_a_vni_capital_may_be_of_the_other_case():
    assert charsets.from_vni("Uûy ban, UÛy ban") == "Ủy ban, Ủy ban"


def test_small_letters_between_capitals_of_tcvn3_become_capitals():
    assert charsets.from_tcvn3("TH¤NG B¸O") == "THÔNG BÁO"


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Thường Tín", (2, 0)),
        ("Th­êng TÝn", (0, 2)),
        ("giõÌ", (0, 1)),  # two tones
        ("HĐND UBND 25°C © 2010", (0, 0)),
        ("café, Müller", (0, 2)),
    ],
)
def test_words_with_marks_are_weighed(text, weight):
    assert weigh(text) == weight


def test_a_set_is_believed_in_only_where_enough_words_speak_for_it():
    alone = [Piece("Th­êng TÝn")]
    assert mended(alone) == (["Th­êng TÝn"], ())
    together = [Piece("huyÖn Th­êng TÝn"), Piece("Müller")]
    assert mended(together) == (["huyện Thường Tín", "Müller"], ("TCVN3",))


def test_a_font_is_believed_with_less():
    assert mended([Piece("Th­êng", font="TCVN3")]) == (["Thường"], ("TCVN3",))


def test_a_font_of_capitals_shows_capitals():
    pieces = [Piece("huyÖn ", "TCVN3", capitals=True), Piece("uy", "TCVN3", capitals=True)]
    assert mended(pieces)[0] == ["HUYỆN ", "UY"]


def test_what_is_a_word_in_both_readings_follows_what_stands_before_it():
    body = Piece("®¶ng bé huyÖn Th­êng TÝn")
    assert mended([body, Piece("Bé")])[0][1] == "Bộ"
    assert mended([Piece("trẻ đến trường mầm non"), Piece("Bé"), body])[0][1] == "Bé"


def test_unicode_text_is_never_touched():
    texts = ["Trẻ em được ®¶m b¶o", "©®", "Bé"]
    assert mended([Piece(text, font="TCVN3") for text in texts[:2]])[0] == texts[:2]


@pytest.mark.parametrize(
    "text",
    [
        "Les élections régionales ont été repoussées; où que vous soyez, même à Noël, ça coûte cher.",
        "Die Grüße aus München wären schöner, wenn für Müller größere Räume frei stünden.",
        "På rådhuset får børnene også øl; når året går, så må vi få råd på.",
        "El niño pequeño comió piña mañana en España, según señaló el señor Núñez.",
        "The café’s résumé — “that’s it”: £5, €7, © 2010 Acme®, 25°C ± 2, m² and ½ cup.",
    ],
)
def test_other_languages_are_never_touched(text):
    assert mended([Piece(text)]) == ([text], ())


def test_real_articles_are_read_in_every_set(evaluation):
    texts = evaluation.texts_of(evaluation.PAIRS, 4)
    assert len(texts) == 4
    shares = {
        (name, length): found["ours"]
        for name, length, found in evaluation.shares(texts, {"ours": evaluation.ours})
    }
    assert len(shares) == 36
    assert min(shares.values()) == 1.0, shares


def test_no_real_page_raises_an_alarm(evaluation):
    pages, *alarms = evaluation.false_alarms(evaluation.PAIRS)
    assert pages > 50
    assert alarms == [0, 0, 0]
