"""Where a word stands, and how well it answers there by itself: BM25, computed once and kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from sys import getsizeof
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.answering.lookup import Terms, pair_terms, word_terms
from archive_search.index.language.tree import Word
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import PAIRS, TITLE, WORDS

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
    # Of a word without marks: the share of the spelling as typed, if others are typed with marks or not.
    spelling_typed: float = 0.8
    spelling_bare: float = 0.2
    # The idf from which on words of the text count alike: that of one in twenty articles. Most articles that
    # are ranked hold all the words, so that how rare one is tells little of how well each of them answers.
    telling: float = 3.0
    # Evidence is the share of the words plus the share of the neighbours, so at most 2.
    strong_evidence: float = 1.0
    weak_evidence: float = 0.55
    # The newest article counts by this share more; one that is so many days older, by half of that.
    fresh: float = 0.05
    fresh_days: float = 365.0
    # The power of the share of the words by which an incomplete answer is discounted.
    incomplete: float = 0.15


class Occurrences(NamedTuple):
    """Documents that hold something, with its BM25 there, and its weight as a term (idf)."""

    docs: Numbers
    scores: Floats
    idf: float


class Occurring:
    """Looks up terms in one snapshot, and scores each by itself."""

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.snapshot = snapshot
        self.weights = weights
        self._norms = {
            WORDS: self._norm(snapshot.lengths),
            PAIRS: self._norm(snapshot.lengths),
            TITLE: self._norm(snapshot.title_lengths),
        }

    def _norm(self, lengths: Floats) -> Floats:
        w = self.weights
        living = lengths[self.snapshot.alive]
        average = float(living.mean()) if len(living) else 1.0
        return np.asarray(w.k1 * (1 - w.b + w.b * lengths / max(average, 1.0)), dtype=np.float32)

    def of(self, terms: Terms) -> Occurrences:
        """Return where any of the terms stands, as one term."""
        return self.snapshot.cache.get(
            terms.name,
            lambda: self._occurrences(terms),
            lambda found: found.docs.nbytes + found.scores.nbytes,
        )

    def word_count(self, word: Word) -> int:
        """Return how many articles hold the word."""
        return len(self.of(word_terms(WORDS, word, exact=word.marked)).docs)

    def pair_count(self, first: Word, second: Word) -> int:
        """Return how many articles hold the two words side by side."""
        return len(self.of(pair_terms(PAIRS, first, second, exact=False)).docs)

    def spellings_beside(self, word: Word, pair: tuple[Word, Word]) -> frozenset[str]:
        """Return the keys in which the letters of a word of the pair stand beside its other word."""
        asked = tuple(replace(one, marked=False) if one == word else one for one in pair)
        terms = pair_terms(PAIRS, *asked, exact=False)
        return self.snapshot.cache.get(
            (*terms.name, "spellings", pair.index(word)),
            lambda: self._spellings(terms, tuple(one.folded for one in pair), pair.index(word)),
            lambda found: sum(map(getsizeof, found)),
        )

    def _spellings(self, terms: Terms, plain: tuple[str, ...], place: int) -> frozenset[str]:
        suffixes = self.snapshot.suffixes(terms.fieldname, terms.prefix, terms.keep)
        # Where both are written without marks, their keys are not told.
        return frozenset((suffix.decode().split(" ") if suffix else plain)[place] for suffix in suffixes)

    def _occurrences(self, terms: Terms) -> Occurrences:
        docs, freqs = self.snapshot.postings(terms.fieldname, terms.prefix, terms.keep, terms.limit)
        idf = self._idf(len(docs))
        tf = freqs.astype(np.float32)
        if terms.fieldname == PAIRS:
            # A file has a place for each; as its words, a pair counts once.
            tf[self.snapshot.has_files[docs]] = 1
        worth = min(idf, self.weights.telling) if terms.fieldname == WORDS else idf
        scores = worth * (self.weights.k1 + 1) * tf / (tf + self._norms[terms.fieldname][docs])
        return Occurrences(docs, scores.astype(np.float32), idf)

    def _idf(self, documents: int) -> float:
        return math.log(1 + (self.snapshot.count - documents + 0.5) / (documents + 0.5))
