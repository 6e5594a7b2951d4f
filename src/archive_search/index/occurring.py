"""Where a word stands, and how well it answers there by itself: BM25, computed once and kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.lookup import Terms
from archive_search.index.postings import Numbers
from archive_search.index.schema import PAIRS, TITLE, WORDS
from archive_search.index.snapshot import Snapshot

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

    def _occurrences(self, terms: Terms) -> Occurrences:
        docs, freqs = self.snapshot.postings(terms.fieldname, terms.prefix, terms.keep, terms.limit)
        idf = self._idf(len(docs))
        tf = freqs.astype(np.float32)
        scores = idf * (self.weights.k1 + 1) * tf / (tf + self._norms[terms.fieldname][docs])
        return Occurrences(docs, scores.astype(np.float32), idf)

    def _idf(self, documents: int) -> float:
        return math.log(1 + (self.snapshot.count - documents + 0.5) / (documents + 0.5))
