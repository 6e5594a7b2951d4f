from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive_search.index.postings import PostingPool, encode_positions, pack, unpack

# Of each document, where a term stands in it.
occurrences = st.dictionaries(
    st.integers(0, 200_000), st.sets(st.integers(0, 100_000), min_size=1, max_size=5), min_size=1, max_size=8
)


def written(places_of):
    numbers, positions = array("I"), array("I")
    for doc, places in sorted(places_of.items()):
        numbers.extend((doc, len(places)))
        positions.extend(sorted(places))
    return numbers, positions


@given(occurrences)
def test_postings_are_read_as_they_were_packed(places_of):
    numbers, positions = written(places_of)
    found = unpack(b"before" + pack(numbers, positions), len(b"before"))
    assert found.docs.tolist() == sorted(places_of)
    assert found.freqs.tolist() == [len(places) for _, places in sorted(places_of.items())]
    assert found.positions().tolist() == positions.tolist()


@given(occurrences)
def test_postings_without_positions_take_less(places_of):
    numbers, positions = written(places_of)
    found = unpack(pack(numbers, array("I")))
    assert found.docs.tolist() == sorted(places_of)
    assert len(found.gaps) == 0
    assert len(pack(numbers, array("I"))) < len(pack(numbers, positions))


@pytest.mark.parametrize("limit", [10_000, 5, 0])
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([b"x", b"y", b"z"])), max_size=30))
def test_a_pool_gives_back_sorted_what_it_took_however_small_it_is(limit, terms):
    pool = PostingPool(limit)
    expected = {}
    for doc, (field, term) in enumerate(terms):
        pool.add((field, term, doc, 2.0, encode_positions([doc, doc + 1])))
        numbers, positions = expected.setdefault((field, term), ([], []))
        numbers += [doc, 2]
        positions += [doc, doc + 1]
    found = [
        (field, term, list(numbers), list(places)) for field, term, numbers, places in pool.iter_postings()
    ]
    pool.cleanup()
    assert found == [(*key, *lists) for key, lists in sorted(expected.items())]


def test_a_list_takes_the_narrowest_integers():
    near = pack(array("I", [n for doc in range(1000) for n in (doc, 1)]), array("I"))
    far = pack(array("I", [n for doc in range(1000) for n in (doc * 300, 1)]), array("I"))
    assert (len(near), len(far)) == (1005, 2005)
    assert unpack(far).docs.dtype == np.int64
