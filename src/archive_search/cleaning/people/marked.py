"""One text of an article with its sentences and the listed phrases found in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from archive_search.vietnamese import lexicon
from archive_search.vietnamese.lexicon import SpeechVerb
from archive_search.vietnamese.phrases import PhraseBook, Piece, piece_keys, pieces

__all__ = ["DASHES", "JOINERS", "Mark", "MarkedText", "is_name_syllable", "mark_text"]

DASHES = frozenset("-–—−")
JOINERS = frozenset((",", ";", "và", "cùng", *DASHES))
"""What may stand between the people of a list."""

_SENTENCE_ENDS = frozenset(".!?…")
_CELL_ENDS = re.compile(r"[\t\n]")


class Sense(NamedTuple):
    """What a listed phrase means: kinds of `person_words.tsv`, and the verb it is, if it is one."""

    kinds: frozenset[str]
    verb: SpeechVerb | None


class Mark(NamedTuple):
    """A listed phrase where it stands, from piece `start` up to piece `end`."""

    start: int
    end: int
    kinds: frozenset[str]
    verb: SpeechVerb | None


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with everything that the rules look at; positions are indexes of pieces.

    `marks` finds a mark by its start, `ending` by its end; `sentences` are half-open ranges.
    """

    where: str
    text: str
    pieces: list[Piece]
    marks: dict[int, Mark]
    ending: dict[int, Mark]
    sentences: list[tuple[int, int]]
    is_table: bool

    def begins(self, start: int, *kinds: str) -> bool:
        """Tell whether a phrase of one of the kinds begins at `start`."""
        mark = self.marks.get(start)
        return mark is not None and not mark.kinds.isdisjoint(kinds)

    def ends(self, end: int, *kinds: str) -> bool:
        """Tell whether a phrase of one of the kinds ends at `end`."""
        mark = self.ending.get(end)
        return mark is not None and not mark.kinds.isdisjoint(kinds)

    def has(self, index: int, *texts: str) -> bool:
        """Tell whether the piece at `index` exists and is one of `texts`, in lower case."""
        return 0 <= index < len(self.pieces) and self.pieces[index].text.lower() in texts

    def is_word(self, index: int) -> bool:
        """Tell whether the piece at `index` exists and is a syllable or a number."""
        return 0 <= index < len(self.pieces) and self.pieces[index].text[0].isalnum()

    def surface(self, start: int, end: int) -> str:
        """Return the text from piece `start` up to piece `end`, as printed."""
        return self.text[self.pieces[start].start : self.pieces[end - 1].end]

    def key(self, start: int, end: int) -> tuple[str, ...]:
        """Return the tone keys from piece `start` up to piece `end`, by which spellings are one."""
        return tuple(piece.key for piece in self.pieces[start:end])

    def gap(self, index: int) -> str:
        """Return what stands between the pieces `index - 1` and `index`."""
        return self.text[self.pieces[index - 1].end : self.pieces[index].start]

    def sentence_end(self, index: int) -> int:
        """Return where the sentence of the piece at `index` ends."""
        return self.sentences[bisect_right(self.sentences, (index, len(self.pieces))) - 1][1]

    def behind_bracket(self, index: int, limit: int) -> int:
        """Return the index behind the bracket that opens at `index`, or `index` where none does."""
        if self.has(index, "("):
            for ahead in range(index + 1, min(index + 20, limit)):
                if self.pieces[ahead].text == ")":
                    return ahead + 1
        return index


def is_name_syllable(piece: Piece) -> bool:
    """Tell whether the piece is written as a syllable of a name: a capital, then small letters."""
    text = piece.text
    return text[0].isupper() and (len(text) == 1 or text[1:].islower())


@cache
def _senses() -> PhraseBook[Sense]:
    kinds: dict[str, set[str]] = {}
    for word in lexicon.person_words():
        kinds.setdefault(word.phrase.lower(), set()).add(word.kind)
    verbs = {verb.phrase.lower(): verb for verb in lexicon.speech_verbs()}
    return PhraseBook(
        (piece_keys(phrase), Sense(frozenset(kinds.get(phrase, ())), verbs.get(phrase)))
        for phrase in {**kinds, **verbs}
    )


def mark_text(where: str, text: str, *, is_table: bool = False) -> MarkedText:
    """Return the text with its sentences and marks."""
    parts = pieces(text)
    sentences = list(_sentences(text, parts))
    marks = list(_marks(parts, {start for start, _ in sentences}))
    return MarkedText(
        where=where,
        text=text,
        pieces=parts,
        marks={mark.start: mark for mark in marks},
        ending={mark.end: mark for mark in marks},
        sentences=sentences,
        is_table=is_table,
    )


def _sentences(text: str, parts: list[Piece]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of sentences; a cell of a table ends one too."""
    has_cells = _CELL_ENDS.search(text) is not None
    start = 0
    for index, piece in enumerate(parts[:-1], start=1):
        gap = text[piece.end : parts[index].start] if has_cells or piece.text in _SENTENCE_ENDS else ""
        stops = piece.text in _SENTENCE_ENDS and _ends_sentence(parts, index - 1, bool(gap))
        if stops or (gap and _CELL_ENDS.search(gap)):
            yield start, index
            start = index
    if parts:
        yield start, len(parts)


def _ends_sentence(parts: list[Piece], stop: int, is_spaced: bool) -> bool:
    """Tell whether the stop ends a sentence, and not an abbreviation (`TS. Lê Văn A`, `T.Ư`, `18.8`)."""
    before = parts[stop - 1].text if stop else ""
    after = parts[stop + 1].text
    if before.isupper() or before in ("Th", "ThS", "Tp"):
        # A short word in capitals is an abbreviation, a long one the end of a heading.
        return is_spaced and len(before) > 4
    return not after.islower() and (is_spaced or (before.islower() and after[0].isupper()))


def _marks(parts: list[Piece], sentence_starts: set[int]) -> Iterator[Mark]:
    """Yield the longest listed phrase at each place, left to right, where its capitals fit its kind."""
    book = _senses()
    keys = [piece.key for piece in parts]
    free = 0
    for index, key in enumerate(keys):
        if index < free or key not in book:
            continue
        for length, sense in book.at(keys, index):
            # A syllable that belongs to a mark is not part of a name.
            behind = parts[index - 1] if index and index != free else None
            fitting = _fitting(sense, parts, index, length, behind)
            if fitting and index not in sentence_starts and parts[index - 1].text[0].isalnum():
                fitting = _inside_sentence(fitting, parts[index])
            if fitting:
                free = index + length
                yield Mark(index, free, *fitting)
                break


_CAPITALISED = frozenset(
    (
        *("honorific", "degree", "rank", "profession", "noun", "office", "prefix", "delegate"),
        *("body", "place", "namesake", "credit"),
    )
)


def _fitting(sense: Sense, parts: list[Piece], index: int, length: int, behind: Piece | None) -> Sense | None:
    """Return what the phrase can mean with the capitals it has here, or None.

    Capitalised syllables `behind` another one are part of a name (`Trần Đăng Khoa`, `Nguyễn Tiến Sỹ`) or
    of a place (`Hải Phòng`).
    """
    if not parts[index].text[0].isupper():
        return sense
    phrase = parts[index : index + length]
    if behind and is_name_syllable(behind) and all(map(is_name_syllable, phrase)):
        return None
    is_surname = length == 1 and "honorific" not in sense.kinds and _is_surname(parts, index)
    return None if is_surname else sense


def _inside_sentence(sense: Sense, first: Piece) -> Sense | None:
    """Return what the phrase can mean behind another word: with a capital, no verb."""
    if not first.text[0].isupper():
        return sense
    kinds = sense.kinds & _CAPITALISED
    return Sense(kinds, None) if kinds else None


def _is_surname(parts: list[Piece], index: int) -> bool:
    """Tell whether the syllable is a surname with another syllable of a name behind it."""
    ahead = parts[index + 1 : index + 2]
    is_name = bool(ahead) and is_name_syllable(parts[index]) and is_name_syllable(ahead[0])
    return is_name and parts[index].key in lexicon.surnames()
