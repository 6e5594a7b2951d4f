"""Which documents a query tree matches, and how well: BM25 over arrays.

A document's score is the sum over the query's words, and over its pairs of neighbouring words, of BM25 in
the text and, weighted, in the title. A word typed with marks is one spelling; one without marks is every
spelling of its letters, and the spelling exactly as typed adds to its score, so that it ranks first. All
words that begin as asked score as one word, words near each other as words; what is asked of the title, of
facets and of dates does not score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.lookup import Terms, pair_terms, place_terms, prefix_terms, word_terms
from archive_search.index.postings import Numbers
from archive_search.index.schema import PAIRS, TITLE, WORDS, date_forms
from archive_search.index.snapshot import Snapshot
from archive_search.index.tree import (
    And,
    Everything,
    HasValue,
    InTitle,
    Near,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Published,
    Word,
    typed_words,
)

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How scores are made up, and what is evidence that an article answers although it lacks words.

    Chosen on the development queries, with `python eval/search.py --tune`: each is in the middle of a range
    in which no measure falls.
    """

    # BM25: how soon a word that stands again stops to count, and how much a long text is discounted.
    k1: float = 2.0
    b: float = 0.8
    # A word in the text counts 1.
    pair: float = 0.3
    title: float = 1.0
    title_pair: float = 0.05
    # Of a word without marks: the share of the spelling as typed, if others are typed with marks or not.
    spelling_typed: float = 0.8
    spelling_bare: float = 0.2
    # The idf from which on words count alike: that of one in twenty articles.
    telling: float = 3.0
    # Evidence is the share of the words plus the share of the neighbours, so at most 2.
    strong_evidence: float = 1.0
    weak_evidence: float = 0.55
    # The power of the share of the words by which an incomplete answer is discounted.
    incomplete: float = 0.1


class Occurrences(NamedTuple):
    """Documents that hold something, with its BM25 there, and its weight as a term (idf)."""

    docs: Numbers
    scores: Floats
    idf: float


class Ranking:
    """Matches and scores query trees over one snapshot."""

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.weights = weights
        self._snapshot = snapshot
        self._norms = {
            WORDS: self._norm(snapshot.lengths),
            PAIRS: self._norm(snapshot.lengths),
            TITLE: self._norm(snapshot.title_lengths),
        }

    def _norm(self, lengths: Floats) -> Floats:
        w = self.weights
        living = lengths[self._snapshot.alive]
        average = float(living.mean()) if len(living) else 1.0
        return np.asarray(w.k1 * (1 - w.b + w.b * lengths / max(average, 1.0)), dtype=np.float32)

    # Matching

    def matches(self, node: Node) -> Mask:
        """Return which living documents the tree matches."""
        match node:
            case Everything():
                return self.everything()
            case Nothing():
                return self.nothing()
            case Word():
                return self._mask(self.occurrences(self._word(WORDS, node)).docs)
            case Prefix():
                return self._mask(self.occurrences(prefix_terms(WORDS, node)).docs)
            case Phrase():
                return self._mask(self._phrase_docs(node))
            case Near() | InTitle() | HasValue() | Published():
                return self._kept(node)
            case And():
                return reduce(np.logical_and, map(self.matches, node.children))
            case Or():
                return reduce(np.logical_or, map(self.matches, node.children))
            case Not():
                return self._snapshot.alive & ~self.matches(node.child)

    def everything(self) -> Mask:
        """Return the mask of all living documents."""
        return self._snapshot.alive.copy()

    def nothing(self) -> Mask:
        """Return the mask of no document."""
        return np.zeros(self._snapshot.size, dtype=np.bool_)

    def _mask(self, docs: Numbers) -> Mask:
        mask = self.nothing()
        mask[docs] = True
        return mask

    def _word(self, fieldname: str, word: Word) -> Terms:
        return word_terms(fieldname, word, exact=word.marked)

    def _phrase_docs(self, phrase: Phrase) -> Numbers:
        if len(phrase.words) == 2:
            return self.occurrences(pair_terms(PAIRS, *phrase.words, exact=False)).docs
        name = ("phrase", *((w.folded, w.key if w.marked else "") for w in phrase.words))
        return self._snapshot.cache.get(
            name, lambda: np.unique(self._places(phrase) >> 32), lambda docs: docs.nbytes
        )

    def _places(self, node: Word | Phrase) -> Numbers:
        """Return where a word stands, or a phrase begins: document * 2**32 + position, in order."""
        if isinstance(node, Phrase):
            return self._phrase_places(node)
        fieldname, prefix, keep, *_ = place_terms(node)
        return self._snapshot.places(fieldname, prefix, keep)

    def _phrase_places(self, phrase: Phrase) -> Numbers:
        """Return the places from which every pair of the phrase stands at its place.

        Every other pair is enough to cover an even number of words; the last pair covers the odd one.
        """
        words = phrase.words
        starts = [*range(0, len(words) - 1, 2)]
        if len(words) % 2:
            starts.append(len(words) - 2)
        terms = [(start, pair_terms(PAIRS, words[start], words[start + 1], exact=False)) for start in starts]
        rarest_first = sorted(terms, key=lambda term: len(self.occurrences(term[1]).docs))
        places = (
            self._snapshot.places(fieldname, prefix, keep) - start
            for start, (fieldname, prefix, keep, *_) in rarest_first
        )
        found: Numbers = next(places)
        for others in places:
            found = np.intersect1d(found, others, assume_unique=True)
        return found

    def _kept(self, node: Near | InTitle | HasValue | Published) -> Mask:
        """Return which documents match, and keep that for the next query."""
        return self._snapshot.cache.get(
            ("matches", node), lambda: self._found(node), lambda made: made.nbytes
        )

    def _found(self, node: Near | InTitle | HasValue | Published) -> Mask:
        match node:
            case Near():
                return self._mask(self._near_docs(node))
            case InTitle():
                return self._mask(self._title_docs(node.child))
            case HasValue():
                return self._snapshot.values[node.field].mask((node.value,), self._snapshot.size)
            case Published():
                days = self._snapshot.days
                chosen = (days != "") & (days >= node.first) & ((days <= node.last) | (node.last == ""))
                mask: Mask = self._snapshot.alive & chosen[self._snapshot.day_of]
                return mask

    def _near_docs(self, near: Near) -> Numbers:
        left, right = self._places(near.left), self._places(near.right)
        # Of the right ones, the last before and the first after each left one, or one too far away.
        far = np.array([near.distance + 1], dtype=np.int64)
        before = left - np.concatenate([left[:1] - far, right])[np.searchsorted(right, left)]
        after = np.concatenate([right, left[-1:] + far])[np.searchsorted(right, left, side="right")] - left
        return np.unique(left[(before <= near.distance) | (after <= near.distance)] >> 32)

    def _title_phrase_docs(self, phrase: Phrase) -> Numbers:
        """Return the documents in which the phrase begins, and so ends, in the title: the first text."""
        places = self._places(phrase)
        docs = places >> 32
        return np.unique(docs[(places & 0xFFFFFFFF) < self._snapshot.title_lengths[docs]])

    def _title_docs(self, child: Word | Phrase | Prefix) -> Numbers:
        """Return the documents whose title holds the words."""
        return self._title_phrase_docs(child) if isinstance(child, Phrase) else self._title_word_docs(child)

    def _title_word_docs(self, child: Word | Prefix) -> Numbers:
        """Return the documents whose title holds the word.

        The date of publication is indexed with the title: what stands there that often only is taken off.
        """
        terms = self._word(TITLE, child) if isinstance(child, Word) else prefix_terms(TITLE, child)
        docs, freqs = self._snapshot.postings(terms.fieldname, terms.prefix, terms.keep, terms.limit)
        if child.folded[0].isdigit():
            freqs = freqs.astype(np.int64) - self._dates_held(child)[docs]
        return docs[freqs > 0]

    def _dates_held(self, child: Word | Prefix) -> Numbers:
        """Return how many words of each document's date are the word."""
        begins = child.begins if isinstance(child, Prefix) else lambda form, _: form == child.folded
        days = self._snapshot.days.tolist()
        forms = (date_forms(date.fromisoformat(day)) if day else () for day in days)
        counts = [sum(begins(form, form) for form in of_day) for of_day in forms]
        return np.array(counts, dtype=np.int64)[self._snapshot.day_of]

    def telling(self, word: Word) -> float:
        """Return how much a word tells, up to a bound.

        Without it a word that no article holds would outweigh all others.
        """
        return min(self.idf(word), self.weights.telling)

    def pair_mask(self, first: Word, second: Word) -> Mask:
        """Return which documents hold the two words side by side."""
        return self._mask(self.occurrences(pair_terms(PAIRS, first, second, exact=False)).docs)

    # Scoring

    def occurrences(self, terms: Terms) -> Occurrences:
        """Return where any of the terms stands, as one term."""
        return self._snapshot.cache.get(
            terms.name,
            lambda: self._occurrences(terms),
            lambda found: found.docs.nbytes + found.scores.nbytes,
        )

    def _occurrences(self, terms: Terms) -> Occurrences:
        docs, freqs = self._snapshot.postings(terms.fieldname, terms.prefix, terms.keep, terms.limit)
        idf = self._idf(len(docs))
        tf = freqs.astype(np.float32)
        scores = idf * (self.weights.k1 + 1) * tf / (tf + self._norms[terms.fieldname][docs])
        return Occurrences(docs, scores.astype(np.float32), idf)

    def _idf(self, documents: int) -> float:
        return math.log(1 + (self._snapshot.count - documents + 0.5) / (documents + 0.5))

    def idf(self, word: Word) -> float:
        """Return how much a word tells."""
        return self.occurrences(self._word(WORDS, word)).idf

    def weight(self, asked: Word | Prefix) -> float:
        """Return how much a word tells, or all the words together that begin so."""
        return (
            self.occurrences(prefix_terms(WORDS, asked)).idf if isinstance(asked, Prefix) else self.idf(asked)
        )

    def scores(self, node: Node) -> Floats:
        """Return a score for every document; it means something for those that match."""
        typed = any(word.marked for word in typed_words(node))
        return self._scores(node, typed)

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
            found = self.occurrences(terms)
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
