"""Texts in pieces, and fixed phrases found among them whatever their spelling.

Other than a token, which is what the index knows (`tokens`), a piece may be a punctuation mark: rules
that read a text need its commas. Pieces are compared by tone key, so that `Ủy viên` is found where the
phrase is listed as `Uỷ viên`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from archive_search.vietnamese.spelling import fold, tone_key

__all__ = ["PhraseBook", "Piece", "is_syllable", "piece_keys", "pieces", "syllable_keys"]

T = TypeVar("T")

_PIECE = re.compile(r"\w+|[^\w\s]")
_WORD = re.compile(r"\w+")


class Piece(NamedTuple):
    """A syllable, a number or a punctuation mark, with its place in the text and its tone key."""

    text: str
    start: int
    end: int
    key: str


def pieces(text: str) -> list[Piece]:
    """Return the pieces of `text`, in order."""
    return [Piece(m[0], m.start(), m.end(), tone_key(m[0])) for m in _PIECE.finditer(text)]


def piece_keys(text: str) -> tuple[str, ...]:
    """Return the tone keys of the pieces of `text`, punctuation marks among them."""
    return tuple(piece.key for piece in pieces(text))


def syllable_keys(text: str) -> tuple[str, ...]:
    """Return the tone keys of the syllables and numbers of `text`, without its punctuation."""
    return tuple(map(tone_key, _WORD.findall(text)))


# Onset, nucleus, coda, without diacritics: what no Vietnamese syllable can be is a foreign word.
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnprstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?"
)


def is_syllable(text: str) -> bool:
    """Tell whether `text` can be a Vietnamese syllable.

    >>> is_syllable("Nguyễn"), is_syllable("Books")
    (True, False)
    """
    return _SYLLABLE.fullmatch(fold(text)) is not None


class PhraseBook(Generic[T]):
    """Phrases that each carry a value, found by their tone keys; of several, the longest wins."""

    def __init__(self, entries: Iterable[tuple[tuple[str, ...], T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for keys, value in entries:
            self._by_first.setdefault(keys[0], []).append((keys, value))
        for same_start in self._by_first.values():
            same_start.sort(key=lambda entry: -len(entry[0]))

    def __contains__(self, key: str) -> bool:
        """Tell whether any phrase begins with the syllable of this key."""
        return key in self._by_first

    def at(self, keys: Sequence[str], index: int) -> Iterator[tuple[int, T]]:
        """Yield the length and value of each phrase that stands at `index`, the longest first."""
        for phrase, value in self._by_first.get(keys[index], ()):
            length = len(phrase)
            if tuple(keys[index : index + length]) == phrase:
                yield length, value
