"""Suggestions from a small archive of people, sessions, places, documents and titles."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_correcting import document

from archive_search.index.offering.suggesting import MAX_TYPED
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import (
    CitedDocument,
    Person,
    Place,
    Role,
    Session,
    Statement,
    SuggestionKind,
)

SPEAKER, SESSION, PLACE, DOCUMENT, TITLE = SuggestionKind
DAY = datetime(2022, 7, 11, 8, 30)


def speaker(name):
    said = Statement(surface=name, titles=(), role=Role.SPOKE, verb="nói", block="title", start=0, end=0)
    return Person(name=name, titles=(), roles=(Role.SPOKE,), statements=(said,))


def article(number, title, *, speakers=(), sessions=(), places=(), cited=()):
    made = document(number, "Tin vắn")
    return made.__class__(
        article=made.article.__class__(
            **{
                name: getattr(made.article, name)
                for name in made.article.__slots__
                if name not in ("title", "published_at")
            },
            title=title,
            published_at=DAY + timedelta(days=number),
        ),
        people=tuple(map(speaker, speakers)),
        topics=(),
        sessions=tuple(
            Session(name=name, number=None, body=None, term=None, mentions=()) for name in sessions
        ),
        places=tuple(Place(name=name, mentions=()) for name in places),
        cited=tuple(CitedDocument(symbol=symbol, kind=None, mentions=()) for symbol in cited),
    )


ARTICLES = (
    article(1, "Bí thư dự hội nghị", speakers=["Nguyễn Tiến Minh"], sessions=["Kỳ họp thứ 17 Huyện ủy"]),
    article(
        2, "Hội nghị bàn về đất đai", speakers=["Nguyễn Tiến Minh", "Minh Văn Tư"], places=["xã Văn Bình"]
    ),
    article(3, "Đất nông nghiệp", speakers=["Nguyên Văn Tiên", "Đỗ Thị Hà"], cited=["59/2019/NĐ-CP"]),
    article(4, "Hội nghị bàn về đất đai", cited=["59/2019/NĐ-CP", "05-CT/TW", "120/2019/QĐ-UBND"]),
    article(5, "Họp báo: “Hội nghị” cuối năm", sessions=["Kỳ họp thứ 7 HĐND thành phố"]),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = WhooshEngine(tmp_path_factory.mktemp("index"))
    engine.rebuild(ARTICLES)
    yield engine
    engine.close()


def suggested(engine, typed, *kinds, limit=5):
    return [suggestion.text for suggestion in engine.suggest(typed, kinds, limit)]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("nguyen ti", ["Nguyễn Tiến Minh"]),
        ("nguyễn", ["Nguyễn Tiến Minh"]),
        ("nguyên", ["Nguyễn Tiến Minh", "Nguyên Văn Tiên"]),
        ("nguyên v", ["Nguyên Văn Tiên"]),
        ("nguye", ["Nguyễn Tiến Minh", "Nguyên Văn Tiên"]),
        ("NGUYỄN  TIẾN M", ["Nguyễn Tiến Minh"]),
        ("đo", ["Đỗ Thị Hà"]),
        ("tiến", ["Nguyễn Tiến Minh"]),
        ("tien", ["Nguyễn Tiến Minh", "Nguyên Văn Tiên"]),
        ("guyen", []),
        ("nguyen minh", []),
    ],
)
def test_names_begin_at_any_word_with_accents_that_narrow(engine, typed, names):
    assert suggested(engine, typed, SPEAKER) == names


def test_a_whole_label_that_begins_so_comes_before_a_word_of_more_articles(engine):
    assert suggested(engine, "minh", SPEAKER) == ["Minh Văn Tư", "Nguyễn Tiến Minh"]


def test_a_suggestion_of_a_facet_tells_how_many_articles_it_stands_for(engine):
    assert [(s.kind, s.count, s.article) for s in engine.suggest("nguyễn", (SPEAKER,), 5)] == [
        (SPEAKER, 2, None)
    ]


@pytest.mark.parametrize(
    ("typed", "symbols"),
    [
        ("59/2019", ["59/2019/NĐ-CP"]),
        ("59/2019/nđ", ["59/2019/NĐ-CP"]),
        ("59 2019 nd-c", ["59/2019/NĐ-CP"]),
        ("nđ-cp", ["59/2019/NĐ-CP"]),
        ("ndcp", ["59/2019/NĐ-CP"]),
        ("592019", ["59/2019/NĐ-CP"]),
        ("5-ct", ["05-CT/TW"]),
        ("05", ["05-CT/TW", "59/2019/NĐ-CP"]),
        ("1/20", []),
        ("120/", ["120/2019/QĐ-UBND"]),
    ],
)
def test_documents_are_found_with_and_without_signs(engine, typed, symbols):
    assert sorted(suggested(engine, typed, DOCUMENT)) == symbols


@pytest.mark.parametrize(
    ("typed", "kind", "labels"),
    [
        ("ky hop thu 1", SESSION, ["Kỳ họp thứ 17 Huyện ủy"]),
        ("kỳ họp", SESSION, ["Kỳ họp thứ 17 Huyện ủy", "Kỳ họp thứ 7 HĐND thành phố"]),
        ("hdnd", SESSION, ["Kỳ họp thứ 7 HĐND thành phố"]),
        ("van binh", PLACE, ["xã Văn Bình"]),
        ("xã văn", PLACE, ["xã Văn Bình"]),
    ],
)
def test_sessions_and_places_are_suggested(engine, typed, kind, labels):
    assert suggested(engine, typed, kind) == labels


@pytest.mark.parametrize(
    ("typed", "titles"),
    [
        ("hội ngh", ["Họp báo: “Hội nghị” cuối năm", "Hội nghị bàn về đất đai", "Bí thư dự hội nghị"]),
        ("hoi nghi ban ve da", ["Hội nghị bàn về đất đai"]),
        ("đất", ["Hội nghị bàn về đất đai", "Đất nông nghiệp"]),
        ("đạt", []),
        ("nghi hoi", []),
        ("202", []),
        ("h", []),
    ],
)
def test_titles_hold_the_words_typed_in_order_the_newest_first_and_each_once(engine, typed, titles):
    assert suggested(engine, typed, TITLE) == titles


def test_a_title_leads_to_the_newest_article_that_has_it(engine):
    assert [s.article for s in engine.suggest("hội nghị bàn", (TITLE,), 5)] == ["a0004"]


def test_each_kind_has_its_own_limit_and_its_turn(engine):
    found = engine.suggest("h", (SESSION, SPEAKER), 1)
    assert [s.kind for s in found] == [SESSION, SPEAKER]


def test_nothing_is_suggested_for_nothing_or_from_nothing(engine, tmp_path):
    assert engine.suggest(" ", tuple(SuggestionKind), 5) == ()
    empty = WhooshEngine(tmp_path)
    empty.rebuild(())
    assert empty.suggest("hội", tuple(SuggestionKind), 5) == ()


def test_what_an_article_no_longer_says_is_no_longer_suggested(tmp_path):
    engine = WhooshEngine(tmp_path)
    engine.rebuild(ARTICLES)
    assert suggested(engine, "văn bình", PLACE, TITLE)
    engine.update((), removed=["a0002"])
    assert not suggested(engine, "văn bình", PLACE, TITLE)


def test_what_is_typed_beyond_the_limit_does_not_count(engine):
    assert suggested(engine, f"{'minh':<{MAX_TYPED}} khác", SPEAKER) == ["Minh Văn Tư", "Nguyễn Tiến Minh"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_nothing_typed_raises(engine, typed):
    assert len(engine.suggest(typed, tuple(SuggestionKind), 2)) <= 2 * len(SuggestionKind)
