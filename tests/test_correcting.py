"""Corrections from small archives, in which every sentence stands in a dozen articles."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_search.identity import identified
from archive_search.index.language.reading import MAX_WORDS
from archive_search.index.language.tree import words_in
from archive_search.index.offering.correcting import correct
from archive_search.index.offering.vocabulary import Vocabulary
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Article, BlockKind, Correction, Document

SENTENCES = (
    "Huyện ủy Thường Tín họp về giải phóng mặt bằng",
    "Bình đẳng giới và vì sự tiến bộ của phụ nữ",
    "Cộng đồng doanh nghiệp gặp gỡ người dân",
    "Giảm ùn tắc giao thông trên đường vành đai",
    "Đồng chí Nguyễn Tiến Minh phát biểu ý kiến",
    "Chuyển đổi số trong các cơ quan nhà nước",
    "Trồng cây gây rừng tại xã Văn Bình",
    "Sửa chữa trường học trước năm học mới",
    "Thu hồi đất làm đường gom, website của UBND",
    "Kỹ thuật số và công nghệ thông tin",
    "Cộng đồng doanh nghiệp gặp Huyện ủy Thường Tín",
)
TIMES = 12


def document(number, text):
    return Document(
        article=Article(
            id=f"a{number:04}",
            version="v",
            portal="sotttt-hanoi",
            number=str(number),
            url=f"http://portal.test/{number}",
            urls=(f"http://portal.test/{number}",),
            title="Tin",
            lead=None,
            published_at=datetime(2022, 7, 11, 8, 30),
            byline=None,
            section=None,
            blocks=identified([(BlockKind.PARAGRAPH, text)]),
            images=(),
            attachments=(),
        ),
        people=(),
        topics=(),
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = WhooshEngine(tmp_path_factory.mktemp("index"))
    texts = SENTENCES * TIMES
    engine.rebuild(document(number, text) for number, text in enumerate(texts))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def vocabulary(engine):
    return Vocabulary(engine._current_view().snapshot)


def text_of(correction):
    return correction.text if correction else None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bình đẳng giơi", "bình đẳng giới"),
        ("doanh nghiêp", "doanh nghiệp"),
        ("ùn tăc giao thông", "ùn tắc giao thông"),
        ("bình đẵng giới", "bình đẳng giới"),
        ("cơ quân nhà nước", "cơ quan nhà nước"),
    ],
)
def test_tones_and_marks_that_slipped_are_mended(engine, typed, meant):
    assert text_of(engine.correct(typed)) == meant


@pytest.mark.parametrize("typed", ["huyeenj uyr", "huyenej uyr", "huye6n5 uy3", "huyen65 uy3"])
def test_keys_of_telex_and_vni_that_were_left_raw_are_read(engine, typed):
    assert text_of(engine.correct(typed)) == "huyện ủy"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("thu hooif ddaats", "thu hồi đất"),
        ("ng][fi daan", "người dân"),
        ("vanhf ddai dduwowngf", "vành đai đường"),
        ("d9o7i1 tie6n1", None),
        ("d9u7o7ng2 vanh2 d9ai", "đường vành đai"),
    ],
)
def test_raw_keys_are_read_only_if_they_spell_words_of_the_archive(engine, typed, meant):
    corrected = engine.correct(typed)
    assert (corrected.text if meant else "đới" in str(corrected)) == (meant or False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("giao thôgn", "giao thông"),
        ("doanh ngiệp", "doanh nghiệp"),
        ("chồng cây gây rừng", "trồng cây gây rừng"),
        ("xửa chữa trường học", "sửa chữa trường học"),
        ("vành đay", "vành đai"),
        ("Nguyễn Tiếng Minh", "Nguyễn Tiến Minh"),
        ("cơ quang nhà nước", "cơ quan nhà nước"),
    ],
)
def test_letters_that_are_wrong_or_sound_alike_are_mended(engine, typed, meant):
    assert text_of(engine.correct(typed)) == meant


@pytest.mark.parametrize(
    "typed",
    [
        *SENTENCES,
        "huyen uy thuong tin",
        "giải phong mat bang",
        "HUYỆN ỦY THƯỜNG TÍN",
        "ubnd website",
        "kĩ thuật số",
        "59/2019/NĐ-CP",
        "giải phó*",
        "-giơi",
        "q1 f1 h5n1",
        "speaker:giơi",
        "11/7/2022",
        "",
        "   ",
        "???",
    ],
)
def test_what_the_archive_knows_and_what_is_no_word_is_left_alone(engine, typed):
    assert engine.correct(typed) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ('title:họp "bình đẳng giơi" from:2022', 'title:họp "bình đẳng giới" from:2022'),
        ("(doanh nghiêp OR phụ nữ) -nhà", "(doanh nghiệp OR phụ nữ) -nhà"),
        ("doanh nghiêp NEAR/5 người", "doanh nghiệp NEAR/5 người"),
        ("UBND: thu hồi đât 59/2019/NĐ-CP", "UBND: thu hồi đất 59/2019/NĐ-CP"),
        ("Doanh Nghiêp, người dân.", "Doanh Nghiệp, người dân."),
        ("  doanh   nghiêp ", "doanh   nghiệp"),
    ],
)
def test_only_words_change_and_the_rest_stays_as_typed(engine, typed, meant):
    assert text_of(engine.correct(typed)) == meant


def test_words_that_no_article_holds_together_are_not_offered(engine):
    assert text_of(engine.correct("doanh nghiêp")) == "doanh nghiệp"
    assert engine.correct("doanh nghiêp rừng") is None


def test_the_changes_are_told_in_typed_order(engine):
    assert engine.correct("Cộng đồng doanh nghiêp gặp Huyeenj uyr") == Correction(
        text="Cộng đồng doanh nghiệp gặp Huyện ủy",
        changes=(("nghiêp", "nghiệp"), ("Huyeenj", "Huyện"), ("uyr", "ủy")),
    )


def test_a_word_typed_without_marks_is_mended_without_marks_and_only_if_no_article_has_its_letters(engine):
    assert text_of(engine.correct("giao thonng")) == "giao thong"
    assert text_of(engine.correct("cong dong doanh nghiepp")) == "cong dong doanh nghiep"


def test_an_empty_archive_has_nothing_better(tmp_path):
    engine = WhooshEngine(tmp_path)
    engine.rebuild(())
    assert engine.correct("bình đẳng giơi") is None


def test_a_correction_knows_what_a_commit_has_added(tmp_path):
    engine = WhooshEngine(tmp_path)
    engine.rebuild([document(0, "Tin vắn")])
    assert engine.correct("doanh nghiêp") is None
    engine.update(document(n, "Cộng đồng doanh nghiệp") for n in range(1, 20))
    assert text_of(engine.correct("doanh nghiêp")) == "doanh nghiệp"


def test_words_beyond_the_limit_of_a_query_are_not_looked_at(engine):
    typed = " ".join(["người"] * MAX_WORDS + ["doanh", "nghiêp"])
    assert engine.correct(typed) is None


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="aâđeêioơưunghtsfrxj125áạ []()\"'-:/*.,ĐA\u0301 ", max_size=60))
def test_nothing_typed_raises_and_a_correction_changes_words_only(vocabulary, typed):
    found = correct(typed, vocabulary)
    if found:
        assert found.changes
        assert len(found.text.split()) == len(typed.split())
        assert all(typed_word != meant for typed_word, meant in found.changes)


def test_counts_are_those_of_articles(vocabulary):
    marked, plain = words_in("giới"), words_in("gioi")
    assert vocabulary.count(marked[0]) == vocabulary.count(plain[0]) == TIMES
    assert vocabulary.pair_count(*words_in("bình đẳng")) == TIMES
    assert vocabulary.pair_count(*words_in("binh đẳng")) == TIMES
    assert vocabulary.pair_count(*words_in("đẳng bình")) == 0
    assert [spelling.key for spelling in vocabulary.spellings("giao")] == ["giao"]
