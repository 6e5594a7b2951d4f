"""The values that an article has of each facet's field, as columns of a segment.

Every form of a value is a number, and a column holds pairs of a document and the number of a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import Facts
from archive_search.vietnamese.spelling import normalise, tone_key

__all__ = ["FACET_FIELDS", "Column", "column", "name_key", "spoken_column"]

Form = tuple[str, str]
"""The key of a value, by which it is compared, and how it is printed."""


def name_key(name: str) -> str:
    """Return what a name is compared by: the tone keys of its syllables."""
    return " ".join(map(tone_key, normalise(name).split()))


def _names(names: Iterable[str]) -> Iterable[Form]:
    return ((name_key(name), name) for name in names)


def _same(value: str) -> Iterable[Form]:
    return ((value, value),) if value else ()


_READERS: dict[str, Callable[[Facts], Iterable[Form]]] = {
    "speaker": lambda facts: _names(facts.speakers),
    "session": lambda facts: _names(facts.sessions),
    "topic": lambda facts: ((slug, label) for slug, label in facts.topics),
    "place": lambda facts: _names(facts.places),
    "document": lambda facts: ((symbol, symbol) for symbol in facts.cited),
    "year": lambda facts: _same(facts.published[:4]),
    "month": lambda facts: _same(facts.published[:7]),
    "portal": lambda facts: _same(facts.portal),
}

FACET_FIELDS = tuple(_READERS)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a segment: the values with the forms they are printed in, and who has them.

    `docs` and `values` are pairs of a document and the number of a form; a document has a value once.
    """

    forms: tuple[Form, ...]
    docs: Numbers
    values: Numbers


def column(field: str, all_facts: Sequence[Facts]) -> Column:
    """Return the column of a segment's documents, which are numbered in the order given."""
    read = _READERS[field]
    numbers: dict[Form, int] = {}
    pairs: list[tuple[int, int]] = []
    for doc, facts in enumerate(all_facts):
        first_forms: dict[str, str] = {}
        for key, form in read(facts):
            first_forms.setdefault(key, form)
        pairs += ((doc, numbers.setdefault(value, len(numbers))) for value in first_forms.items())
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Column(tuple(numbers), table[:, 0].copy(), table[:, 1].copy())


def spoken_column(all_facts: Sequence[Facts]) -> Column:
    """Return who speaks in each span of speech, span by span; a document has as many as it has spans."""
    numbers: dict[Form, int] = {}
    pairs = [
        (doc, numbers.setdefault((name_key(name), name), len(numbers)))
        for doc, facts in enumerate(all_facts)
        for _, _, name in facts.spoken
    ]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Column(tuple(numbers), table[:, 0].copy(), table[:, 1].copy())
