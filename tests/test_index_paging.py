"""Pages of hits by cursor, all hits in one pass, and the deadline of a search."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_room import VIETNAM, make_document, paragraphs

from archive_search.errors import BadCursor, SearchTooSlow
from archive_search.index.query import Query, parse
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Filters, Sort

DAYS = [None, *(datetime(2020, 1, day, tzinfo=VIETNAM) for day in (1, 1, 2, 3))]


def document(number):
    """Return one of a hundred articles: scores, dates and ids all have ties."""
    words = "họp " * (1 + number % 3) + "chợ"
    return make_document(
        str(number),
        title="Tin",
        blocks=paragraphs(words),
        published_at=DAYS[number % len(DAYS)],
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = WhooshEngine(tmp_path_factory.mktemp("paging"))
    engine.rebuild(document(number) for number in range(100))
    yield engine
    engine.close()


def asked(text="họp", **rest):
    return Query(node=parse(text), text=text, **rest)


def pages_of(engine, **rest):
    """Yield the ids of each page of hits, one cursor after another."""
    after = None
    while True:
        results = engine.search(asked(after=after, **rest))
        assert results.total == 100
        yield [hit.id for hit in results.hits]
        after = results.next
        if after is None:
            return


@settings(max_examples=30, deadline=None)
@given(sort=st.sampled_from(Sort), limit=st.integers(1, 120))
def test_cursors_lead_through_all_hits_in_the_order_of_one_long_page(engine, sort, limit):
    whole = [hit.id for hit in engine.search(asked(sort=sort, limit=1000)).hits]
    pages = pages_of(engine, sort=sort, limit=limit)
    assert [name for page in pages for name in page] == whole
    assert len(set(whole)) == 100


@pytest.mark.parametrize("sort", Sort)
def test_every_hit_comes_in_one_pass_in_the_same_order(engine, sort):
    whole = engine.search(asked(sort=sort, limit=1000)).hits
    assert tuple(engine.every(asked(sort=sort))) == whole


def test_every_hit_of_what_filters_leave_comes_in_one_pass(engine):
    filters = Filters(month=("2020-01",))
    assert len(list(engine.every(asked(filters=filters)))) == 80


def test_one_pass_goes_on_behind_a_cursor(engine):
    first = engine.search(asked(sort=Sort.NEWEST, limit=30))
    rest = list(engine.every(asked(sort=Sort.NEWEST, after=first.next)))
    assert len(rest) == 70
    assert not {hit.id for hit in rest} & {hit.id for hit in first.hits}


def test_a_cursor_holds_its_place_when_newer_articles_come(tmp_path):
    engine = WhooshEngine(tmp_path)
    engine.rebuild(document(number) for number in range(10))
    first = engine.search(asked(sort=Sort.NEWEST, limit=4))
    before = [hit.id for hit in engine.every(asked(sort=Sort.NEWEST, after=first.next))]
    engine.update(
        [make_document("999", blocks=paragraphs("họp"), published_at=datetime(2024, 5, 1, tzinfo=VIETNAM))]
    )
    assert [hit.id for hit in engine.every(asked(sort=Sort.NEWEST, after=first.next))] == before


def test_the_newest_hits_come_first_and_undated_ones_last(engine):
    dates = [hit.published_at for hit in engine.every(asked(sort=Sort.NEWEST))]
    assert dates[-20:] == [None] * 20
    assert all(one >= two for one, two in pairwise(dates[:-20]))


@pytest.mark.parametrize("cursor", ["", "x", "!!", "W10", "bnVsbA", "WzFd", "é", "a" * 5000])
def test_what_is_no_cursor_is_said_to_be_none(engine, cursor):
    with pytest.raises(BadCursor, match="no cursor"):
        engine.search(asked(after=cursor))


def test_a_cursor_of_another_order_is_refused(engine):
    cursor = engine.search(asked(sort=Sort.NEWEST, limit=1)).next
    with pytest.raises(BadCursor, match="newest"):
        engine.search(asked(sort=Sort.OLDEST, after=cursor))


def test_the_last_page_has_no_cursor(engine):
    assert engine.search(asked(limit=100)).next is None
    assert engine.search(asked(limit=0)).next is None


def test_a_search_ends_at_its_deadline_in_any_thread(tmp_path):
    engine = WhooshEngine(tmp_path, seconds=0)
    engine.rebuild([document(1)])
    with ThreadPoolExecutor(1) as pool, pytest.raises(SearchTooSlow):
        pool.submit(engine.search, asked()).result()
