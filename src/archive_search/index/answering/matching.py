"""Which documents a query tree matches: one mask over all documents for each node."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from archive_search.index.answering.lookup import (
    Terms,
    pair_terms,
    place_terms,
    prefix_place_terms,
    prefix_terms,
    word_terms,
)
from archive_search.index.answering.occurring import Occurring
from archive_search.index.deadline import check
from archive_search.index.language.tree import (
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
    Said,
    Word,
)
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import PAIRS, TITLE, WORDS, date_forms

Mask = NDArray[np.bool_]


class Matching:
    """Matches query trees over one snapshot."""

    def __init__(self, occurring: Occurring) -> None:
        self._occurring = occurring
        self._snapshot = occurring.snapshot

    def matches(self, node: Node) -> Mask:
        """Return which living documents the tree matches."""
        check()
        match node:
            case Everything():
                return self.everything()
            case Nothing():
                return self.nothing()
            case Word():
                return self._mask(self._occurring.of(_word(WORDS, node)).docs)
            case Prefix():
                return self._mask(self._occurring.of(prefix_terms(WORDS, node)).docs)
            case Phrase():
                return self._mask(self._phrase_docs(node))
            case Near() | InTitle() | Said() | HasValue() | Published():
                return self._kept(node)
            case And():
                return reduce(np.logical_and, map(self.matches, node.children))
            case Or():
                return reduce(np.logical_or, map(self.matches, node.children))
            case Not():
                return self._snapshot.alive & ~self.matches(node.child)

    def cut(self, node: Node) -> tuple[str, ...]:
        """Return the beginnings of words of which more stand in the archive than are looked up."""
        cut = (prefix for prefix, terms in _beginnings(node) if self._exceeds(terms))
        return tuple(dict.fromkeys(f"{prefix.text or prefix.folded}*" for prefix in cut))

    def _exceeds(self, terms: Terms) -> bool:
        """Tell whether there are more such terms than are looked up."""
        found = self._snapshot.cache.get(
            (*terms.name, "suffixes"),
            lambda: len(self._snapshot.suffixes(terms.fieldname, terms.prefix, terms.keep)),
            lambda _: 0,
        )
        return terms.limit is not None and found > terms.limit

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

    def _phrase_docs(self, phrase: Phrase) -> Numbers:
        if len(phrase.words) == 2:
            return self._occurring.of(pair_terms(PAIRS, *phrase.words, exact=False)).docs
        name = ("phrase", *((w.folded, w.key if w.marked else "") for w in phrase.words))
        return self._snapshot.cache.get(
            name, lambda: np.unique(self._places(phrase) >> 32), lambda docs: docs.nbytes
        )

    def _places(self, node: Word | Phrase | Prefix) -> Numbers:
        """Return where a word stands, or a phrase begins: document * 2**32 + position, in order."""
        if isinstance(node, Phrase):
            return self._phrase_places(node)
        terms = prefix_place_terms(node) if isinstance(node, Prefix) else place_terms(node)
        return self._snapshot.places(terms.fieldname, terms.prefix, terms.keep)

    def _phrase_places(self, phrase: Phrase) -> Numbers:
        """Return the places from which every pair of the phrase stands at its place.

        Every other pair is enough to cover an even number of words; the last pair covers the odd one.
        """
        words = phrase.words
        starts = [*range(0, len(words) - 1, 2)]
        if len(words) % 2:
            starts.append(len(words) - 2)
        terms = [(start, pair_terms(PAIRS, words[start], words[start + 1], exact=False)) for start in starts]
        rarest_first = sorted(terms, key=lambda term: len(self._occurring.of(term[1]).docs))
        places = (
            self._snapshot.places(fieldname, prefix, keep) - start
            for start, (fieldname, prefix, keep, *_) in rarest_first
        )
        found: Numbers = next(places)
        for others in places:
            found = np.intersect1d(found, others, assume_unique=True)
        return found

    def _kept(self, node: Near | InTitle | Said | HasValue | Published) -> Mask:
        """Return which documents match, and keep that for the next query."""
        return self._snapshot.cache.get(
            ("matches", node), lambda: self._found(node), lambda made: made.nbytes
        )

    def _found(self, node: Near | InTitle | Said | HasValue | Published) -> Mask:
        match node:
            case Near():
                return self._mask(self._near_docs(node))
            case InTitle():
                return self._mask(self._title_docs(node.child))
            case Said():
                return self._mask(self._said_docs(node))
            case HasValue():
                return self._snapshot.values[node.field].named_mask(node.value, self._snapshot.size)
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

    def _said_docs(self, said: Said) -> Numbers:
        """Return the documents in which it begins, and so ends, in a block in which the speaker speaks."""
        starts, ends, speakers = self._snapshot.spoken
        if said.speaker is not None:
            speaks = np.isin(speakers, self._snapshot.values["speaker"].chosen(said.speaker))
            starts, ends = starts[speaks], ends[speaks]
        if not len(starts):
            return starts
        places = self._places(said.child)
        holds = np.searchsorted(places, ends) > np.searchsorted(places, starts)
        return np.unique(starts[holds] >> 32)

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
        terms = _word(TITLE, child) if isinstance(child, Word) else prefix_terms(TITLE, child)
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

    def pair_mask(self, first: Word, second: Word) -> Mask:
        """Return which documents hold the two words side by side."""
        return self._mask(self._occurring.of(pair_terms(PAIRS, first, second, exact=False)).docs)


def _beginnings(node: Node) -> Iterator[tuple[Prefix, Terms]]:
    """Yield the beginnings of words of which not all may be looked up; with what is, for each."""
    match node:
        case Prefix():
            yield node, prefix_terms(WORDS, node)
        case InTitle(Prefix() as prefix):
            yield prefix, prefix_terms(TITLE, prefix)
        case And() | Or():
            for child in node.children:
                yield from _beginnings(child)
        case Not():
            yield from _beginnings(node.child)


def _word(fieldname: str, word: Word) -> Terms:
    return word_terms(fieldname, word, exact=word.marked)
