"""Which articles are nearest to one in their words: a search for what it says most, and others do least.

An article's telling terms are words and pairs of neighbours that stand in it often, in the title above all,
and in few others (tf-idf). The documents that hold them score as in a search, by sums of BM25; the article
itself has the score that all others are measured by.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np

from archive_search.index.answering.lookup import pair_terms, word_terms
from archive_search.index.answering.occurring import Occurrences, Occurring
from archive_search.index.deadline import check
from archive_search.index.language.tree import Word, words_in
from archive_search.index.offering.stories import Stories
from archive_search.index.offering.vocabulary import Vocabulary
from archive_search.index.storage.schema import PAIRS, WORDS, Page

__all__ = ["Similar"]

# With twice as many terms, two in a hundred more of the articles shown share a topic with the article, by the
# measure of `eval/stories.py`; with half as many, four fewer do.
_WORDS = 14
_PAIRS = 14
_PAIRS_TRIED = 28
"""Pairs whose documents are counted, which takes reading their lists: those of telling words come first."""

_IN_TITLE = 3
"""What a word of the title counts, in times that it stands in the text."""

_MIN_SHARE = 0.2
"""What a near article has at least of the article's own score."""

Term = TypeVar("Term")
Pair = tuple[Word, Word]


class Similar:
    """Finds the articles nearest to one in a snapshot; safe to share between threads."""

    def __init__(self, occurring: Occurring, vocabulary: Vocabulary, stories: Stories) -> None:
        self._occurring = occurring
        self._snapshot = occurring.snapshot
        self._vocabulary = vocabulary
        self._stories = stories

    def nearest(self, doc: int, limit: int) -> list[tuple[int, float]]:
        """Return the nearest documents with their scores, the nearest first, and of equals the newest.

        Of each story only one is told, and not that of the document.
        """
        told = self._tellers(doc)
        scores = np.zeros(self._snapshot.size, dtype=np.float32)
        for weight, found in self._telling(self._snapshot.page(doc), len(told)):
            scores[found.docs] += weight * found.scores
        near = np.flatnonzero((scores >= _MIN_SHARE * scores[doc]) & (scores > 0))
        order = near[np.lexsort((self._snapshot.newest_rank[near], -scores[near]))]
        chosen: list[tuple[int, float]] = []
        for other in order.tolist():
            if len(chosen) == limit:
                break
            if other not in told:
                chosen.append((other, float(scores[other])))
                told |= self._tellers(other)
        return chosen

    def _tellers(self, doc: int) -> set[int]:
        found = self._stories.of(doc)
        return {doc, *(found.docs if found else ())}

    def _telling(self, page: Page, tellers: int) -> Iterator[tuple[float, Occurrences]]:
        """Yield where the article's telling terms stand, each with its weight.

        Pairs that only those who tell the same can hold lead to nothing, and there are many.
        """
        words, pairs = _counted(page)
        idf = {word: self._idf(word) for word in words}
        for word in _first(words, idf.__getitem__, _WORDS):
            yield _weight(words[word]), self._occurring.of(word_terms(WORDS, word, exact=True))
        tried = _first(pairs, lambda pair: idf[pair[0]] + idf[pair[1]], _PAIRS_TRIED)
        found = {pair: self._pair(pair) for pair in tried}
        counts = {pair: pairs[pair] for pair in tried if len(found[pair].docs) > tellers}
        for pair in _first(counts, lambda pair: found[pair].idf, _PAIRS):
            yield _weight(counts[pair]), found[pair]

    def _pair(self, pair: Pair) -> Occurrences:
        check()
        return self._occurring.of(pair_terms(PAIRS, *pair, exact=True))

    def _idf(self, word: Word) -> float:
        """Return about how much a word tells.

        A word that no other article holds tells most: an article of such words is near to none.
        """
        return math.log(1 + self._vocabulary.articles / max(1, self._vocabulary.count(word)))


def _counted(page: Page) -> tuple[Counter[Word], Counter[Pair]]:
    """Return how often each word of letters, and each pair of them, stands in the article."""
    words: Counter[Word] = Counter()
    pairs: Counter[Pair] = Counter()
    for text, times in (
        (page.title, _IN_TITLE),
        (page.lead or "", 1),
        *((text, 1) for _, text in page.blocks),
    ):
        found = words_in(text)
        for word in found:
            if word.folded.isalpha():
                words[word] += times
        for first, second in pairwise(found):
            if first.folded.isalpha() and second.folded.isalpha():
                pairs[first, second] += times
    return words, pairs


def _weight(count: int) -> float:
    return 1 + math.log(count)


def _first(counts: Counter[Term] | dict[Term, int], idf: Callable[[Term], float], number: int) -> list[Term]:
    """Return the terms that tell most, the most telling first."""
    worth = {term: _weight(count) * idf(term) for term, count in counts.items()}
    return sorted(worth, key=worth.__getitem__, reverse=True)[:number]
