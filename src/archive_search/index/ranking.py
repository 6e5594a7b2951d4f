"""How well documents answer a query tree: sums of BM25 over arrays.

A document's score is the sum over the query's words, and over its pairs of neighbouring words, of BM25 in
the text and, weighted, in the title. A word typed with marks is one spelling; one without marks is every
spelling of its letters, and the spelling exactly as typed adds to its score, so that it ranks first. All
words that begin as asked score as one word, words near each other as words; what is asked of the title, of
facets and of dates does not score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from archive_search.index.lookup import Terms, pair_terms, prefix_terms, word_terms
from archive_search.index.matching import Matching
from archive_search.index.occurring import Occurring
from archive_search.index.schema import PAIRS, TITLE, WORDS
from archive_search.index.tree import And, Near, Node, Or, Phrase, Prefix, Word, typed_words

Floats = NDArray[np.float32]


class Ranking:
    """Scores the documents of one snapshot; `matching` tells which to score."""

    def __init__(self, occurring: Occurring) -> None:
        self.matching = Matching(occurring)
        self._occurring = occurring
        self._snapshot = occurring.snapshot
        self.weights = occurring.weights

    def telling(self, word: Word) -> float:
        """Return how much a word tells, up to a bound.

        Without it a word that no article holds would outweigh all others.
        """
        return min(self.idf(word), self.weights.telling)

    def idf(self, word: Word) -> float:
        """Return how much a word tells."""
        return self._occurring.of(word_terms(WORDS, word, exact=word.marked)).idf

    def weight(self, asked: Word | Prefix) -> float:
        """Return how much a word tells, or all the words together that begin so."""
        return (
            self._occurring.of(prefix_terms(WORDS, asked)).idf
            if isinstance(asked, Prefix)
            else self.idf(asked)
        )

    def scores(self, node: Node, *, fresh: bool = True) -> Floats:
        """Return a score for every document; it means something for those that match."""
        typed = any(word.marked for word in typed_words(node))
        scores = self._scores(node, typed)
        return scores * self._freshness() if fresh else scores

    def _freshness(self) -> Floats:
        """Return by how much each document's score is raised for being new: nothing as yet."""
        return np.ones(self._snapshot.size, dtype=np.float32)

    def _scores(self, node: Node, typed: bool) -> Floats:
        match node:
            case Word():
                return self._total(self._word_parts(node, typed))
            case Prefix():
                return self._total(self._prefix_parts(node))
            case Phrase():
                return self._total(self._run_parts(node.words, typed))
            case Near():
                return self._scores(node.left, typed) + self._scores(node.right, typed)
            case And():
                total = self._zeros()
                for child in node.children:
                    total += self._scores(child, typed)
                for first, second in neighbours(node.children):
                    self._add(total, self._pair_parts(first, second, typed))
                return total
            case Or():
                return reduce(np.maximum, (self._scores(child, typed) for child in node.children))
            case _:
                return self._zeros()

    def _zeros(self) -> Floats:
        return np.zeros(self._snapshot.size, dtype=np.float32)

    def _add(self, total: Floats, parts: Iterator[tuple[float, Terms]]) -> None:
        for weight, terms in parts:
            found = self._occurring.of(terms)
            total[found.docs] += weight * found.scores

    def _total(self, parts: Iterator[tuple[float, Terms]]) -> Floats:
        total = self._zeros()
        self._add(total, parts)
        return total

    def _run_parts(self, words: tuple[Word, ...], typed: bool) -> Iterator[tuple[float, Terms]]:
        for word in words:
            yield from self._word_parts(word, typed)
        for first, second in pairwise(words):
            yield from self._pair_parts(first, second, typed)

    def _word_parts(self, word: Word, typed: bool) -> Iterator[tuple[float, Terms]]:
        for fieldname, weight in ((WORDS, 1.0), (TITLE, self.weights.title)):
            if word.marked:
                yield weight, word_terms(fieldname, word, exact=True)
            else:
                share = self._exact_share(typed)
                yield weight * share, word_terms(fieldname, word, exact=True)
                yield weight * (1 - share), word_terms(fieldname, word, exact=False)

    def _prefix_parts(self, prefix: Prefix) -> Iterator[tuple[float, Terms]]:
        for fieldname, weight in ((WORDS, 1.0), (TITLE, self.weights.title)):
            yield weight, prefix_terms(fieldname, prefix)

    def _pair_parts(self, first: Word, second: Word, typed: bool) -> Iterator[tuple[float, Terms]]:
        for fieldname, weight in ((PAIRS, self.weights.pair), (TITLE, self.weights.title_pair)):
            if first.marked and second.marked:
                yield weight, pair_terms(fieldname, first, second, exact=True)
            else:
                share = self._exact_share(typed)
                yield weight * share, pair_terms(fieldname, first, second, exact=True)
                yield weight * (1 - share), pair_terms(fieldname, first, second, exact=False)

    def _exact_share(self, typed: bool) -> float:
        """Return how much the spelling as typed counts for a word without marks.

        Who types marks elsewhere in the query most likely means this word as it stands.
        """
        return self.weights.spelling_typed if typed else self.weights.spelling_bare


def neighbours(nodes: Sequence[Node]) -> Iterator[tuple[Word, Word]]:
    """Yield the pairs of words that were typed side by side, within a symbol or a date too."""
    runs = [_units(node) for node in nodes]
    for node, run in zip(nodes, runs, strict=True):
        if isinstance(node, Word):
            yield from pairwise(run)
    for before, after in pairwise(runs):
        if before and after:
            yield before[-1], after[0]


def _units(node: Node) -> tuple[Word, ...]:
    """Return the words as typed; of alternatives, the first is what was typed."""
    match node:
        case Word():
            return node.units
        case Or():
            return _units(node.children[0])
        case And():
            return tuple(unit for child in node.children for unit in _units(child))
        case _:
            return ()
