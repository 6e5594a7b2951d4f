"""Suggest as you type: what the archive holds that begins as typed.

A label begins as typed at the start of any of its words, the last typed word being the beginning of one.
Typed accents narrow and missing ones widen, syllable by syllable. Labels that begin so at their own start
come first, then those of more articles; titles just come the newest first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property, reduce

import numpy as np

from archive_search.index.answering.lookup import MAX_EXPANSIONS, Terms, pair_terms
from archive_search.index.language.tree import Word, words_in
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import TITLE
from archive_search.records import FacetValue, Suggestion, SuggestionKind
from archive_search.vietnamese.spelling import fold, has_marks, normalise, tone_key

__all__ = ["MAX_TYPED", "Suggesting"]

MAX_TYPED = 100
"""Characters that are read; nobody types more before he chooses or searches."""

MAX_WORDS = 12
"""Words that are read."""

MIN_TITLE = 2
"""Letters with which titles are suggested: with one, nearly all of them begin somewhere."""

_MAX_CHECKED = 3000
"""Labels with the letters typed whose marks are looked at, those of most articles first."""

_MAX_READ = 60
"""Pages that are read to suggest titles, the newest first; the titles of most begin so."""

_WORD = re.compile(r"[^\W_]+")
_ZEROS = re.compile(r"^0+(?=\d)")


class _Last:
    """The word that is still being typed: a mark that is not there yet, or a tone, may follow.

    So `đo` begins `Đỗ` and `nguyê` begins `Nguyễn`, which a star in a query (`tree.Prefix`) does not do.
    """

    def __init__(self, word: Word) -> None:
        self.folded = word.folded
        letters = enumerate(zip(word.key, word.folded, strict=False))
        self._marks = [(at, letter) for at, (letter, plain) in letters if letter != plain]
        self._tone = word.key[len(word.folded) :]

    @property
    def name(self) -> tuple[str, ...]:
        """What tells it apart from others."""
        return self.folded, "".join(f"{at}{letter}" for at, letter in self._marks), self._tone

    def begins(self, folded: str, key: str) -> bool:
        """Tell whether the word of these keys begins so."""
        # A key is the letters and then the tone, and folding keeps the number of letters.
        return (
            folded.startswith(self.folded)
            and all(key[at] == letter for at, letter in self._marks)
            and self._tone in ("", key[len(folded) :])
        )


class _Typed:
    """The words typed, the last one being a beginning."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = tuple(words[:-1])
        self.last = _Last(words[-1])

    @property
    def folded(self) -> str:
        """The words without marks, as a label would go on."""
        return " ".join([*(word.folded for word in self.words), self.last.folded])

    def _begins(self, words: Sequence[Word]) -> bool:
        if len(words) <= len(self.words):
            return False
        last = words[len(self.words)]
        return self.last.begins(last.folded, last.key) and all(map(_agrees, self.words, words))

    def begins_in(self, words: Sequence[Word]) -> bool:
        """Tell whether a label begins as typed at any of its words."""
        return any(self._begins(words[at:]) for at in range(len(words)))


def _agrees(typed: Word, word: Word) -> bool:
    return typed.key == word.key if typed.marked else typed.folded == word.folded


def _label_words(text: str) -> list[Word]:
    """Return the words of a label; a number is written without zeros before it."""
    found = (_ZEROS.sub("", word) for word in _WORD.findall(normalise(text)))
    return [Word(tone_key(word), fold(word), has_marks(word)) for word in found]


def _code_words(text: str) -> list[Word]:
    """Return the words of a document's symbol, whose letters are a code: Đ and D are one in it."""
    return [Word(word.folded, word.folded, marked=False) for word in _label_words(text)]


class _Labels:
    """The labels of one facet as one text without marks, those of most articles first.

    A label is a line, and its words stand behind a space each, so that to look for where a label or a
    word begins is to look for a piece of text.
    """

    def __init__(self, kind: SuggestionKind, values: Sequence[FacetValue]) -> None:
        self._kind = kind
        self._values = values
        self._read = _code_words if kind is SuggestionKind.DOCUMENT else _label_words
        lines = ["\n " + self._line(value.label) for value in values]
        self._text = "".join(lines)
        self._starts = np.cumsum([0, *map(len, lines)]).tolist()

    def _line(self, label: str) -> str:
        words = [word.folded for word in self._read(label)]
        line = " ".join(words)
        if self._kind is not SuggestionKind.DOCUMENT:
            return line
        # `ndcp` finds `nđ-cp`: behind the words, what is left of the symbol from each word on, without signs.
        return " ".join([line, *("".join(words[at:]) for at in range(len(words)))])

    def suggestions(self, text: str, limit: int) -> list[Suggestion]:
        """Return the labels that begin as typed."""
        words = self._read(text)[:MAX_WORDS]
        if not words:
            return []
        typed = _Typed(words)
        found: dict[int, None] = {}
        for before in ("\n ", " "):
            for number in self._lines_with(before + typed.folded):
                if len(found) == limit:
                    break
                if number not in found and self._begins(number, typed):
                    found[number] = None
        return [self._suggestion(number) for number in found]

    def _lines_with(self, piece: str) -> Iterator[int]:
        """Yield the numbers of lines that hold a piece of text, each once."""
        at = self._text.find(piece)
        for _ in range(_MAX_CHECKED):
            if at < 0:
                return
            number = bisect_right(self._starts, at) - 1
            yield number
            at = self._text.find(piece, self._starts[number + 1])

    def _begins(self, number: int, typed: _Typed) -> bool:
        if self._kind is SuggestionKind.DOCUMENT:
            return True
        return typed.begins_in(self._read(self._values[number].label))

    def _suggestion(self, number: int) -> Suggestion:
        value = self._values[number]
        return Suggestion(kind=self._kind, text=value.label, count=value.count)


class Suggesting:
    """Suggestions from one snapshot; safe to share between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def _labels(self) -> dict[SuggestionKind, _Labels]:
        kinds = (kind for kind in SuggestionKind if kind is not SuggestionKind.TITLE)
        return {kind: _Labels(kind, self._facet(kind)) for kind in kinds}

    def _facet(self, kind: SuggestionKind) -> tuple[FacetValue, ...]:
        return self._snapshot.values[kind.value].facet(self._snapshot.alive, (), None).values

    def suggest(self, typed: str, kinds: Sequence[SuggestionKind], limit: int) -> tuple[Suggestion, ...]:
        """Return at most `limit` suggestions of each kind, kind by kind."""
        text = normalise(typed[:MAX_TYPED]).strip()
        return tuple(
            suggestion
            for kind in kinds
            for suggestion in (
                self._titles(text, limit)
                if kind is SuggestionKind.TITLE
                else self._labels[kind].suggestions(text, limit)
            )
        )

    def _titles(self, text: str, limit: int) -> list[Suggestion]:
        words = words_in(text)[:MAX_WORDS]
        if not words or len("".join(word.folded for word in words)) < MIN_TITLE:
            return []
        typed = _Typed(words)
        docs = self._title_docs(typed)
        newest = docs[np.argsort(self._snapshot.newest_rank[docs], kind="stable")][:_MAX_READ]
        found: dict[str, Suggestion] = {}
        for page in map(self._snapshot.page, newest.tolist()):
            if page.title not in found and typed.begins_in(words_in(page.title)):
                found[page.title] = Suggestion(
                    kind=SuggestionKind.TITLE, text=page.title, count=1, article=page.id
                )
            if len(found) == limit:
                break
        return [*found.values()]

    def _title_docs(self, typed: _Typed) -> Numbers:
        """Return the documents whose title holds the words typed, each beside the next, in order."""
        pairs = [*zip(typed.words, typed.words[1:], strict=False)]
        terms = [pair_terms(TITLE, *pair, exact=False) for pair in pairs]
        last = _begun_pair(typed.words[-1], typed.last) if typed.words else _begun(typed.last)
        found = (
            self._snapshot.postings(term.fieldname, term.prefix, term.keep, term.limit)[0]
            for term in (*terms, last)
        )
        return reduce(np.intersect1d, found)


def _begun(last: _Last) -> Terms:
    """Return what to look up for the beginning of a word."""

    def keep(suffix: bytes) -> bool:
        rest, _, key = suffix.decode().partition("\t")
        folded = last.folded + rest
        return " " not in rest and last.begins(folded, key or folded)

    return Terms(TITLE, last.folded.encode(), keep, (TITLE, *last.name, "begun"), MAX_EXPANSIONS)


def _begun_pair(first: Word, last: _Last) -> Terms:
    """Return what to look up for a word and the beginning of the one behind it."""

    def keep(suffix: bytes) -> bool:
        rest, _, keys = suffix.decode().partition("\t")
        folded = last.folded + rest
        one, _, other = (keys or f"{first.folded} {folded}").partition(" ")
        return last.begins(folded, other) and (not first.marked or one == first.key)

    prefix = f"{first.folded} {last.folded}".encode()
    return Terms(TITLE, prefix, keep, (TITLE, first.folded, first.key, *last.name, "begun"), MAX_EXPANSIONS)
