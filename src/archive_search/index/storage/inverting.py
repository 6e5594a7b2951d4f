"""From documents to posting lists: what a segment of a thousand documents holds, before it is written.

Only cutting text into words is done word by word. What stands where is then one row of numbers for all the
documents: a word's number at each place. Counting and sorting it gives words and pairs alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.storage import schema
from archive_search.index.storage.postings import Lists, Numbers
from archive_search.index.storage.schema import PAIRS, TITLE, WORDS, Facts, Unit
from archive_search.records import Document
from archive_search.vietnamese.spelling import normalise
from archive_search.vietnamese.tokens import Token, tokenize

__all__ = ["Field", "Inverted", "invert"]

_TEXT_END: Unit = ("", "")

FILES_LENGTH = 600
"""By how many words the files of an article make it longer, at most: as many as an article has.

A match in them then counts as one in an article twice as long, and the article's own words keep their worth,
although a file has ten times as many.
"""


class Field(NamedTuple):
    """The terms of a field, sorted, and the posting list of each."""

    keys: list[bytes]
    lists: Lists


class Inverted(NamedTuple):
    """What is indexed of some documents, which are numbered in the order given."""

    fields: dict[str, Field]
    facts: list[Facts]
    pages: list[bytes]


def invert(documents: Iterable[Document]) -> Inverted:
    """Return what is indexed of the documents."""
    text = _Text()
    facts, pages = [], []
    for document in documents:
        facts.append(text.take(document))
        pages.append(schema.page_bytes(document))
    return Inverted(text.fields(), facts, pages)


class _Numbers(dict[str, int]):
    """The number of each word by the form in which it is written; numbers are given as forms come."""

    def __init__(self) -> None:
        self.units = {_TEXT_END: 0}

    def __missing__(self, form: str) -> int:
        number = self[form] = self.units.setdefault(schema.unit(form), len(self.units))
        return number


class _Words:
    """The words of texts: those that have a place, text by text, and others that only count."""

    def __init__(self, numbers: _Numbers) -> None:
        self._numbers = numbers
        self.placed: list[int] = []
        self.others: list[tuple[int, int]] = []
        # Words that count once in a document, however often they are taken.
        self.once: list[tuple[int, int]] = []
        # Of each text: its document, its first place, how many places it takes, whether its words count once.
        self.texts: list[tuple[int, int, int, bool]] = []

    def take(self, tokens: list[Token], doc: int, place: int, *, once: bool = False) -> int:
        """Take a text that begins at that place; return how many places it takes."""
        numbers, add, before = self._numbers, self.placed.append, len(self.placed)
        others = self.once if once else self.others
        for token in tokens:
            if token.parts or token.wider:
                forms = (token.form, *token.wider) if token.parts else token.wider
                others += ((numbers[form], doc) for form in forms)
                for part in token.units:
                    add(numbers[part.form or part.text])
            else:
                add(numbers[token.form or token.text])
        count = len(self.placed) - before
        self.texts.append((doc, place, count, once))
        return count

    def count(self, forms: Iterable[str], doc: int) -> None:
        """Take words without a place."""
        self.others += ((self._numbers[form], doc) for form in forms)

    def words(self) -> tuple[Numbers, Numbers]:
        """Return the words and their documents, in no order."""
        others = np.array(self.others, dtype=np.int64).reshape(-1, 2)
        placed, docs, _ = self._places()
        texts = np.array(self.texts, dtype=np.int64).reshape(-1, 4)
        once = np.repeat(texts[:, 3] > 0, texts[:, 2])
        taken = np.array(self.once, dtype=np.int64).reshape(-1, 2)
        taken = np.concatenate([taken, np.column_stack([placed[once], docs[once]])])
        others = np.concatenate([others, np.unique(taken, axis=0)])
        return np.concatenate([placed[~once], others[:, 0]]), np.concatenate([docs[~once], others[:, 1]])

    def pairs(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Return the words with the word after each, their documents and places, in order of place."""
        placed, docs, places = self._places()
        after = np.append(placed[1:], 0)
        counts = np.array(self.texts, dtype=np.int64).reshape(-1, 4)[:, 2]
        # The last word of a text stands before its end, number 0.
        after[np.cumsum(counts)[counts > 0] - 1] = 0
        return placed, after, docs, places

    def _places(self) -> tuple[Numbers, Numbers, Numbers]:
        docs, first_places, counts, _ = np.array(self.texts, dtype=np.int64).reshape(-1, 4).T
        placed = np.array(self.placed, dtype=np.int64)
        starts = np.cumsum(counts) - counts
        return (
            placed,
            np.repeat(docs, counts),
            np.arange(len(placed)) + np.repeat(first_places - starts, counts),
        )


class _Text:
    """Takes the text of document after document."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._all = _Words(self._numbers)
        self._titles = _Words(self._numbers)
        self._docs = 0

    def take(self, document: Document) -> Facts:
        """Take a document, and return the facts of it."""
        doc, self._docs = self._docs, self._docs + 1
        place = length = 0
        spoken, by_block = [], document.spoken
        for block, text in schema.texts(document.article):
            tokens = tokenize(normalise(text))
            count = self._all.take(tokens, doc, place)
            spoken += [[place, place + count, name] for name in by_block.get(block, ())]
            place += count + schema.TEXT_GAP
            length += count + 1
            if block == "title":
                title_length = self._titles.take(tokens, doc, 0) + 1
        attached = self._take_files(document, doc, place)
        length += min(attached, FILES_LENGTH)
        dates = schema.dates_of(document.article)
        self._all.count(dates, doc)
        self._titles.count(dates, doc)
        return schema.facts(document, length, title_length, spoken, attached)

    def _take_files(self, document: Document, doc: int, place: int) -> int:
        """Take the texts of an article's files; return how many different words they have."""
        before = len(self._all.placed)
        for text in schema.attached_texts(document):
            tokens = tokenize(normalise(text))
            place += self._all.take(tokens, doc, place, once=True) + schema.TEXT_GAP
        return len({*self._all.placed[before:]})

    def fields(self) -> dict[str, Field]:
        """Return the fields."""
        units = list(self._numbers.units)
        title_words, title_pairs = _counted(units, self._titles.words()), _paired(units, self._titles.pairs())
        # What stands last in a title stands beside nothing, and titles keep no places.
        inner = np.flatnonzero(
            ~np.array([key.split(b"\t")[0].endswith(b" ") for key in title_pairs.keys], bool)
        )
        pairs = title_pairs.lists.chosen(inner)
        keys = [*title_words.keys, *(title_pairs.keys[n] for n in inner.tolist())]
        title = Lists(*map(_joined, title_words.lists, pairs._replace(places=pairs.places[:0])))
        return {
            PAIRS: _sorted(*_paired(units, self._all.pairs())),
            TITLE: _sorted(keys, title),
            WORDS: _sorted(*_counted(units, self._all.words())),
        }


def _joined(one: NDArray[np.int64], other: NDArray[np.int64]) -> Numbers:
    return np.concatenate([one, other])


def _sorted(keys: list[bytes], lists: Lists) -> Field:
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return Field([keys[n] for n in order], lists.chosen(np.array(order, dtype=np.int64)))


def _counted(units: list[Unit], words: tuple[Numbers, Numbers]) -> Field:
    """Return words with their documents, without places."""
    placed, docs = words
    codes, freqs = np.unique(placed << 32 | docs, return_counts=True)
    terms, counts = np.unique(codes >> 32, return_counts=True)
    keys = [schema.word_term(units[n]) for n in terms.tolist()]
    return Field(keys, Lists(counts, codes & 0xFFFFFFFF, freqs, np.empty(0, dtype=np.int64)))


def _paired(units: list[Unit], pairs: tuple[Numbers, Numbers, Numbers, Numbers]) -> Field:
    """Return neighbours with their documents and places."""
    first, second, docs, places = pairs
    codes = first << 32 | second
    # Stable, since the places are in order.
    order = np.argsort(codes, kind="stable")
    codes, docs = codes[order], docs[order]
    new_term = np.diff(codes, prepend=-1) != 0
    in_docs = np.flatnonzero(new_term | (np.diff(docs, prepend=-1) != 0))
    in_terms = np.flatnonzero(new_term[in_docs])
    freqs = np.diff(in_docs, append=len(codes))
    counts = np.diff(in_terms, append=len(in_docs))
    terms = codes[in_docs[in_terms]].tolist()
    keys = [schema.pair_term(units[code >> 32], units[code & 0xFFFFFFFF]) for code in terms]
    return Field(keys, Lists(counts, docs[in_docs], freqs, places[order]))
