"""The archive's own words and neighbours, with the number of articles that hold them.

Words are read once for each commit, those that are written with letters only: a few tens of thousands.
Neighbours are millions, and are looked up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from archive_search.index.answering.lookup import pair_terms, word_terms
from archive_search.index.language.tree import Word
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import PAIRS, WORDS

__all__ = ["Spelling", "Vocabulary"]


class Spelling(NamedTuple):
    """One way in which the archive spells a word, and in how many articles."""

    key: str
    articles: int


class Vocabulary:
    """The words of one snapshot; safe to share between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.articles = snapshot.count

    @cached_property
    def _words(self) -> dict[str, tuple[Spelling, ...]]:
        words: dict[str, list[Spelling]] = defaultdict(list)
        for term, count in self._snapshot.terms(WORDS):
            folded, _, key = term.decode().partition("\t")
            if folded.isalpha():
                words[folded].append(Spelling(key or folded, count))
        return {folded: tuple(spellings) for folded, spellings in words.items()}

    @cached_property
    def total(self) -> int:
        """The sum of the counts of all words."""
        return sum(spelling.articles for spellings in self._words.values() for spelling in spellings)

    def spellings(self, folded: str) -> tuple[Spelling, ...]:
        """Return the ways in which the archive spells the letters, in order of their keys."""
        return self._words.get(folded, ())

    def count(self, word: Word) -> int:
        """Return how many articles hold the word, at most: without marks, one may hold several spellings."""
        found = self.spellings(word.folded)
        return sum(spelling.articles for spelling in found if not word.marked or spelling.key == word.key)

    def pair_count(self, first: Word, second: Word) -> int:
        """Return how many articles hold the two words side by side."""
        terms = pair_terms(PAIRS, first, second, exact=False)
        return self._snapshot.cache.get(
            ("count", *terms.name),
            lambda: len(self._snapshot.postings(terms.fieldname, terms.prefix, terms.keep)[0]),
            lambda _: _COUNT_BYTES,
        )

    def stand_together(self, words: Iterable[Word]) -> bool:
        """Tell whether any article holds all the words."""
        docs: Numbers | None = None
        for word in sorted({*words}, key=self.count):
            terms = word_terms(WORDS, word, exact=word.marked)
            found = self._snapshot.postings(terms.fieldname, terms.prefix, terms.keep)[0]
            docs = found if docs is None else np.intersect1d(docs, found, assume_unique=True)
            if not len(docs):
                return False
        return True


_COUNT_BYTES = 200
"""What a count that is kept takes with its name."""
