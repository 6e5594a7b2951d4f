"""Candidates: capitalised syllables that may be a name, before anything shows that they are one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from archive_search.cleaning.people.marked import MarkedText, is_name_syllable
from archive_search.vietnamese import lexicon
from archive_search.vietnamese.phrases import PhraseBook, is_syllable, syllable_keys
from archive_search.vietnamese.spelling import tone_key

__all__ = ["CALLS", "Candidate", "behind_call", "find_candidates", "is_called"]

CALLS = ("honorific", "noun")
"""What a person is called, and what is no title."""

_THI = tone_key("Thị")
_PRECEDES = (*CALLS, "degree", "rank", "profession")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of capitalised syllables, behind the places it begins with.

    `name` is where the name in it begins, None where it holds none.
    """

    start: int
    end: int
    name: int | None


@cache
def _places() -> PhraseBook[bool]:
    return PhraseBook((syllable_keys(place.name), place.is_name) for place in lexicon.places())


@cache
def _historic() -> frozenset[tuple[str, ...]]:
    return frozenset(syllable_keys(name) for name in lexicon.historic_figures())


def find_candidates(text: MarkedText) -> list[Candidate]:
    """Return the runs of capitalised syllables of the text."""
    return [_candidate(text, start, end) for start, end in _runs(text)]


def _runs(text: MarkedText) -> Iterator[tuple[int, int]]:
    """Yield the ranges of capitalised syllables that no listed phrase and no gap interrupts."""
    start = None
    marked_until = 0
    for index, piece in enumerate(text.pieces):
        mark = text.marks.get(index)
        # `ông Nguyên` is no former anything.
        if mark and "prefix" not in mark.kinds:
            marked_until = mark.end
        belongs = index >= marked_until and is_name_syllable(piece)
        if start is not None and not (belongs and _adjoins(text, index)):
            yield start, index
            start = None
        if start is None and belongs:
            start = index
    if start is not None:
        yield start, len(text.pieces)


def _adjoins(text: MarkedText, index: int) -> bool:
    """Tell whether nothing but spaces stands before the piece."""
    gap = text.gap(index)
    return gap == " " or (bool(gap) and not gap.strip(" "))


def _candidate(text: MarkedText, start: int, end: int) -> Candidate:
    begin = _behind_places(text, start, end)
    name = _name_start(text, start, begin, end)
    if name is not None and (text.key(name, end) in _historic() or _ends_in_place(text, name, end)):
        name = None
    return Candidate(begin, end, name)


def _behind_places(text: MarkedText, start: int, end: int) -> int:
    """Return where the run goes on behind the places it begins with."""
    keys = text.key(start, end)
    index = 0
    while index < len(keys) and (place := next(_places().at(keys, index), None)):
        index += place[0]
    return start + index


def _ends_in_place(text: MarkedText, start: int, end: int) -> bool:
    """Tell whether the syllables end in a place that is no person's name (`Hán Nôm Việt Nam`)."""
    keys = text.key(start, end)
    for index in range(len(keys)):
        for length, is_name in _places().at(keys, index):
            if index + length == len(keys) and not is_name:
                return True
    return False


def _name_start(text: MarkedText, start: int, begin: int, end: int) -> int | None:
    """Return where the name begins: right behind an honorific or the like, else at a surname."""
    if begin == start and is_called(text, start) and 2 <= end - start <= _longest(text, start):
        return start
    if text.ends(start, "namesake"):
        return None
    first, last = begin, end - 1
    if begin == start and text.ends(start, "place"):
        # `Huyện Gia Lâm Lê Anh Quân`, `UBND huyện Lê Anh Quân`: most units have names of two syllables,
        # and a name of two behind one (`xã Tô Hiệu`) is the unit's.
        first, last = (begin + 2 if end - begin > _longest(text, begin) else begin), end - 2
    for index in range(first, last):
        if text.pieces[index].key in lexicon.surnames():
            return index if _is_full_name(text, index, end) else None
    return None


def _is_full_name(text: MarkedText, start: int, end: int) -> bool:
    """Tell whether the syllables are as many as a name has, and all of them Vietnamese."""
    fits = end - start <= _longest(text, start)
    return fits and all(is_syllable(piece.text) for piece in text.pieces[start:end])


def _longest(text: MarkedText, start: int) -> int:
    """Return how many syllables a name may have: a woman's middle name `Thị` makes room for one more."""
    has_thi = any(piece.key == _THI for piece in text.pieces[start + 1 : start + 3])
    return 5 if has_thi else 4


def is_called(text: MarkedText, start: int) -> bool:
    """Tell whether an honorific, a rank or the like stands directly before `start`."""
    return text.ends(behind_call(text, start), *_PRECEDES)


def behind_call(text: MarkedText, start: int) -> int:
    """Return `start`, or where the colon (`các đồng chí: A`) or stop (`TS. A`) before it stands."""
    if text.has(start - 1, ":") and text.ends(start - 1, *CALLS, "profession"):
        return start - 1
    if text.has(start - 1, ".") and text.ends(start - 1, "degree"):
        return start - 1
    return start
