"""What ranks above what, and what is shown when few articles hold all the words as typed."""

from datetime import timedelta

import numpy as np
import pytest
from test_index import DAY, crowd, make

from archive_search.index.answering.occurring import Occurring, Weights
from archive_search.index.answering.ranking import MAX_WAYS, Ranking, neighbours
from archive_search.index.answering.respelling import respelled
from archive_search.index.language.tree import And, Or, Phrase, Word, words_in
from archive_search.index.query import Query, parse
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.store import Store
from archive_search.index.whoosh_engine import WhooshEngine


@pytest.fixture
def engine(tmp_path):
    engine = WhooshEngine(tmp_path / "index")
    yield engine
    engine.close()


@pytest.fixture
def ranked(engine, tmp_path):
    """Rank some documents: a function from documents to the ranking over them."""

    def ranking(documents, **weights):
        engine.rebuild(documents)
        (folder,) = (path for path in (tmp_path / "index").iterdir() if path.is_dir())
        return Ranking(Occurring(Snapshot(Store.open(folder)), Weights(**weights)))

    return ranking


def ask(engine, text, **rest):
    return engine.search(Query(node=parse(text), text=text, **rest))


def found(engine, text, **rest):
    return [hit.id for hit in ask(engine, text, **rest).hits]


def score_of(ranking, node, name, **rest):
    return float(ranking.scores(node, **rest)[ranking.occurring.snapshot.ids == name][0])


def typed(text):
    return And(words_in(text))


def phrase(text):
    return Phrase(words_in(text))


# Words, their neighbours and where they stand


def test_words_side_by_side_count_more_than_apart(engine):
    engine.rebuild([*crowd(), make("a", "nguồn nước và cửa mở"), make("b", "cửa nước và nguồn mở")])
    assert found(engine, "nguồn mở") == ["b", "a"]


def test_a_title_counts_more_than_a_text(engine):
    engine.rebuild([*crowd(), make("a", "kè sông"), make("b", "tin", title="Kè sông")])
    assert found(engine, "kè sông") == ["b", "a"]


def test_words_rarer_than_one_in_twenty_articles_weigh_alike(ranked):
    ranking = ranked([*crowd(200), make("a", "hiếm"), make("b", "lạ"), make("c", "lạ")])
    (rare,), (rarer,) = words_in("lạ"), words_in("hiếm")
    assert ranking.idf(rarer) > ranking.idf(rare) > ranking.weights.telling
    assert score_of(ranking, rarer, "a", fresh=False) == score_of(ranking, rare, "b", fresh=False)


# Ways to write one thing


def test_another_way_counts_only_where_all_of_it_stands(ranked):
    ranking = ranked([*crowd(), make("a", "vắc xin"), make("b", "thuốc chủng"), make("c", "chủng thuốc")])
    node = Or((typed("vắc xin"), phrase("thuốc chủng")))
    assert score_of(ranking, node, "b") > 0
    assert score_of(ranking, node, "c") == 0


def test_the_words_that_were_typed_count_one_by_one(ranked):
    ranking = ranked([*crowd(), make("a", "vắc"), make("b", "thuốc chủng")])
    assert score_of(ranking, Or((typed("vắc xin"), phrase("thuốc chủng"))), "a") > 0


def test_a_short_form_stands_for_its_words_one_by_one(ranked):
    ranking = ranked([*crowd(), make("a", "tuyển viên chức"), make("b", "tuyển quân")])
    (short,) = words_in("CCVC")
    node = And((*words_in("tuyển"), Or((short, phrase("công chức viên chức")))))
    assert score_of(ranking, node, "a") > score_of(ranking, node, "b") > 0


@pytest.mark.parametrize("text", ["khu CNTT tập trung", "khu công nghệ thông tin tập trung"])
def test_what_stands_beside_a_short_form_stands_beside_its_words_too(engine, text):
    beside = make("a", "khu công nghệ thông tin tập trung ở đây")
    apart = make("b", "tập sự trung thực ở khu đây công nghệ thông tin")
    engine.rebuild([*crowd(), apart, beside])
    assert found(engine, text)[0] == "a"


def test_neighbours_are_every_way_to_write_them_as_typed_first():
    before, short, after = words_in("khu CNTT mới")
    node = Or((short, phrase("công nghệ")))
    ways = [[(one.folded, two.folded) for one, two in ways] for ways in neighbours((before, node, after))]
    assert ways == [[("khu", "cntt"), ("khu", "cong")], [("cntt", "moi"), ("nghe", "moi")]]


def test_two_short_forms_of_many_readings_have_a_bounded_number_of_neighbours():
    readings = Or(tuple(Word(f"a{n}", f"a{n}", marked=True) for n in range(50)))
    (ways,) = neighbours((readings, readings))
    assert len(ways) == MAX_WAYS


# Freshness


def aged(*years):
    return [make(f"{n}", "đất", on=DAY - timedelta(days=365 * n) if n is not None else None) for n in years]


def test_of_articles_that_answer_alike_the_newer_scores_more_unless_switched_off(engine):
    engine.rebuild(aged(0, 1, 2, None))
    fresh, plain = (ask(engine, "đất", fresh=on).hits for on in (True, False))
    assert [hit.id for hit in fresh] == ["0", "1", "2", "None"]
    assert len({hit.score for hit in plain}) == 1
    assert fresh[-1].score == plain[0].score


def test_the_newest_article_gains_all_and_one_a_half_life_older_half(ranked):
    ranking = ranked(aged(0, 1), fresh=0.1, fresh_days=365)
    (word,) = words_in("đất")
    gains = [score_of(ranking, word, n) / score_of(ranking, word, n, fresh=False) - 1 for n in "01"]
    assert gains == pytest.approx([0.1, 0.05], abs=1e-5)


def test_age_is_told_from_the_newest_living_article(engine):
    engine.rebuild(aged(1))
    alone = ask(engine, "đất").hits[0].score
    engine.rebuild(aged(0, 1))
    engine.update([], ["0"])
    assert ask(engine, "đất").hits[0].score == alone


@pytest.mark.parametrize("years", [[], [None, None]])
def test_without_any_date_nothing_is_newer(ranked, years):
    ranking = ranked(aged(*years))
    (word,) = words_in("đất")
    assert np.array_equal(ranking.scores(word), ranking.scores(word, fresh=False))


def test_freshness_is_too_mild_to_outweigh_a_better_answer(engine):
    engine.rebuild(
        [*crowd(), make("a", "đất", on=DAY - timedelta(days=5000)), make("b", "nhà và đất và sân")]
    )
    assert found(engine, "đất") == ["a", "b"]


# Slips of typing


def equality(count):
    return [make(f"g{n}", "bình đẳng giới ở xã", f"số {n}") for n in range(count)]


def test_a_slip_that_stands_in_one_article_also_finds_what_was_meant(engine):
    engine.rebuild([*crowd(), *equality(16), make("slip", "bình đẳng giơi ở xã")])
    results = ask(engine, "bình đẳng giơi", limit=30)
    assert results.hits[0].id == "slip"
    assert (results.total, results.complete, results.relaxed) == (17, 1, True)


def test_a_slip_that_stands_nowhere_counts_as_what_was_meant_before_other_spellings(engine):
    engine.rebuild([*crowd(), *equality(8), make("other", "bình đẳng giỏi ở xã")])
    names = found(engine, "bình đẳng giơi")
    assert {*names[:8]} == {f"g{n}" for n in range(8)}
    assert names[8:] == ["other"]


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Bùi Thị Thúy", ["Bùi Thị Thủy"] * 40),  # A person that the archive knows is no slip of another.
        ("bình đẳng giơi", ["bình đẳng giới"] * 4),  # Four articles are not evidence enough.
        ('bình "đẳng giơi"', ["bình đẳng giới"] * 40),
        ("thăm gia đình", ["tham gia đông đủ"] * 40),  # A common word at the border of two others.
    ],
)
def test_what_was_typed_is_not_doubted_on_less(ranked, text, others):
    own = [make(f"own{n}", text.replace('"', ""), "một", f"{n}") for n in range(6)]
    own = own if "giơi" not in text else []
    ranking = ranked([*crowd(), *own, *(make(f"o{n}", other, f"{n}") for n, other in enumerate(others))])
    node = parse(text)
    assert respelled(node, ranking.occurring) == node


def test_a_word_that_its_own_neighbour_bears_out_is_not_doubted(ranked):
    others = (make(f"o{n}", "phường xã và thôn", f"số {n}") for n in range(40))
    ranking = ranked([*crowd(), make("a", "bức xạ và thôn"), *others])
    node = parse("bức xạ và")
    assert respelled(node, ranking.occurring) == node
