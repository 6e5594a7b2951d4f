import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.index.storage.postings import Lists, pack, unpack

# Of each document, where a term stands in it.
occurrences = st.dictionaries(
    st.integers(0, 200_000), st.sets(st.integers(0, 100_000), min_size=1, max_size=5), min_size=1, max_size=8
)


def numbers(values):
    return np.array([*values], dtype=np.int64)


def lists_of(terms, *, placed=True):
    documents = [(doc, sorted(places)) for term in terms for doc, places in sorted(term.items())]
    return Lists(
        numbers(map(len, terms)),
        numbers(doc for doc, _ in documents),
        numbers(len(places) for _, places in documents),
        numbers(place for _, places in documents for place in places if placed),
    )


def as_lists(lists):
    return [column.tolist() for column in lists]


@given(st.lists(occurrences, max_size=5), st.booleans())
def test_lists_are_read_as_they_were_packed(terms, placed):
    lists = lists_of(terms, placed=placed)
    data, sizes = pack(lists)
    assert sizes.sum() == len(data)
    assert as_lists(unpack(data, lists.counts, sizes, placed=placed)) == as_lists(lists)


@given(st.lists(occurrences, max_size=5), st.booleans())
def test_places_need_not_be_read(terms, placed):
    lists = lists_of(terms, placed=placed)
    data, sizes = pack(lists)
    found = unpack(data, lists.counts, sizes, placed=placed, places=False)
    assert as_lists(found)[:3] == as_lists(lists)[:3]
    assert not len(found.places)


@given(st.lists(occurrences, min_size=1, max_size=5), st.data())
def test_lists_are_chosen_in_any_order(terms, data):
    order = data.draw(st.permutations(range(len(terms))))
    chosen = lists_of(terms).chosen(numbers(order))
    assert as_lists(chosen) == as_lists(lists_of([terms[n] for n in order]))


@given(st.lists(occurrences, max_size=5), st.sets(st.integers(0, 200_000)))
def test_documents_without_a_new_number_are_left_out(terms, gone):
    gone |= {doc for term in terms for doc in sorted(term)[::2]}
    new = numbers(-1 if doc in gone else doc + 7 for doc in range(200_001))
    kept = [{doc + 7: places for doc, places in term.items() if doc not in gone} for term in terms]
    assert as_lists(lists_of(terms).renumbered(new)) == as_lists(lists_of(kept))


def test_no_lists_take_nothing():
    data, sizes = pack(lists_of([]))
    assert (len(data), len(sizes)) == (0, 0)


@pytest.mark.parametrize(("gap", "size"), [(1, 1000), (100, 1000), (300, 2 * 999 + 1), (20_000, 3 * 999 + 1)])
def test_small_gaps_take_less_and_once_in_all_documents_takes_nothing(gap, size):
    data, _ = pack(lists_of([{doc * gap: {5} for doc in range(1000)}], placed=False))
    assert len(data) == size


def test_a_large_gap_among_small_ones_costs_only_itself():
    small = [{doc: {0} for doc in range(100)}]
    large = [{**small[0], 100_000: {0}}]
    assert len(pack(lists_of(large, placed=False))[0]) == len(pack(lists_of(small, placed=False))[0]) + 3
