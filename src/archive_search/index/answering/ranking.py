"""How well documents answer a query tree: sums of BM25 over arrays.

A document's score is the sum of BM25 over the query's words, in the text and in the title, and over its
pairs of neighbouring words; that of newer documents is raised a little. A word typed with marks is one
spelling; one without marks is every spelling of its letters, and the spelling exactly as typed adds to its
score, so that it ranks first. All words that begin as asked score as one word, words near each other as
words; what is asked of the title, of facets and of dates does not score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, reduce
from itertools import islice, pairwise, product

import numpy as np
from numpy.typing import NDArray

from archive_search.index.answering.lookup import Terms, pair_terms, prefix_terms, word_terms
from archive_search.index.answering.matching import Matching
from archive_search.index.answering.occurring import Occurring
from archive_search.index.language.tree import And, Near, Node, Or, Phrase, Prefix, Word, typed_words
from archive_search.index.storage.schema import PAIRS, TITLE, WORDS

Floats = NDArray[np.float32]
Pair = tuple[Word, Word]

MAX_WAYS = 8
"""Ways to write two neighbours that are looked up: two short forms of many readings have more."""


class Ranking:
    """Scores the documents of one snapshot; `matching` tells which to score."""

    def __init__(self, occurring: Occurring) -> None:
        self.matching = Matching(occurring)
        self.occurring = occurring
        self._snapshot = occurring.snapshot
        self.weights = occurring.weights

    def telling(self, word: Word) -> float:
        """Return how much a word tells, up to a bound.

        Without it a word that no article holds would outweigh all others.
        """
        return min(self.idf(word), self.weights.telling)

    def idf(self, word: Word) -> float:
        """Return how much a word tells."""
        return self.occurring.of(word_terms(WORDS, word, exact=word.marked)).idf

    def weight(self, asked: Word | Prefix) -> float:
        """Return how much a word tells, or all the words together that begin so."""
        return (
            self.occurring.of(prefix_terms(WORDS, asked)).idf
            if isinstance(asked, Prefix)
            else self.idf(asked)
        )

    def scores(self, node: Node, *, fresh: bool = True) -> Floats:
        """Return a score for every document; it means something for those that match."""
        typed = any(word.marked for word in typed_words(node))
        scores = self._scores(node, typed)
        return scores * self._freshness if fresh else scores

    @cached_property
    def _freshness(self) -> Floats:
        """By how much each document's score is raised for being new.

        Its age is that before the newest article, so that an archive answers tomorrow as it does today.
        """
        w, days, day_of = self.weights, self._snapshot.days, self._snapshot.day_of
        newest = days[day_of[self._snapshot.alive].max(initial=0)] if len(days) else ""
        raised = np.ones(len(days), dtype=np.float32)
        if newest:
            dated = days != ""
            ages = (np.datetime64(newest, "D") - days[dated].astype("M8[D]")).astype(np.float32)
            raised[dated] += w.fresh * 2 ** (-ages / w.fresh_days)
        factors: Floats = raised[day_of]
        return factors

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
                for ways in neighbours(node.children):
                    self._add_pair(total, ways, typed)
                return total
            case Or():
                return self._best(node, typed)
            case _:
                return self._zeros()

    def _best(self, node: Or, typed: bool) -> Floats:
        """Return the score of the best of some ways to write one thing.

        The words that were typed count one by one. So do those of another way if a short form was typed: it
        stands for them. Else another way counts only where all of it stands.
        """
        first, *others = node.children
        best = self._scores(first, typed)
        for other in others:
            scores = self._scores(other, typed)
            if not isinstance(first, Word):
                scores = scores * self.matching.matches(other)
            best = np.maximum(best, scores)
        return best

    def _zeros(self) -> Floats:
        return np.zeros(self._snapshot.size, dtype=np.float32)

    def _add(self, total: Floats, parts: Iterator[tuple[float, Terms]]) -> None:
        for weight, terms in parts:
            found = self.occurring.of(terms)
            total[found.docs] += weight * found.scores

    def _add_pair(self, total: Floats, ways: tuple[Pair, ...], typed: bool) -> None:
        """Add the score of two neighbours: that of the best of the ways to write them."""
        if len(ways) == 1:
            self._add(total, self._pair_parts(*ways[0], typed))
        else:
            total += reduce(np.maximum, (self._total(self._pair_parts(*way, typed)) for way in ways))

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
        weight = self.weights.pair
        if first.marked and second.marked:
            yield weight, pair_terms(PAIRS, first, second, exact=True)
        else:
            share = self._exact_share(typed)
            yield weight * share, pair_terms(PAIRS, first, second, exact=True)
            yield weight * (1 - share), pair_terms(PAIRS, first, second, exact=False)

    def _exact_share(self, typed: bool) -> float:
        """Return how much the spelling as typed counts for a word without marks.

        Who types marks elsewhere in the query most likely means this word as it stands.
        """
        return self.weights.spelling_typed if typed else self.weights.spelling_bare


def neighbours(nodes: Sequence[Node]) -> Iterator[tuple[Pair, ...]]:
    """Yield the ways to write each two words that were typed side by side, as they were typed first.

    `khu CNTT` is `khu công` too. Words within a symbol or a date stand side by side as well.
    """
    for node in nodes:
        if isinstance(node, Word):
            yield from ((pair,) for pair in pairwise(node.units))
    for before, after in pairwise(nodes):
        ways = product((way[-1] for way in _ways(before)), (way[0] for way in _ways(after)))
        if found := tuple(islice(dict.fromkeys(ways), MAX_WAYS)):
            yield found


def _ways(node: Node) -> Iterator[tuple[Word, ...]]:
    """Yield the words of each way to write what was typed, none for what is no words."""
    match node:
        case Word():
            yield node.units
        case Phrase() if len(node.words) > 1:
            yield node.words
        case Or():
            for child in node.children:
                yield from _ways(child)
        case And():
            units = tuple(unit for child in node.children for unit in next(_ways(child), ()))
            if units:
                yield units
