"""What articles that tell the same in almost the same words have in common: their shingles.

A shingle is three words in a row, without marks (Broder, On the resemblance and containment of documents,
1997). Copies of a story share most of theirs, even with another title, a lead put before or a paragraph cut.

A signature stands for all shingles of a text. Each of its 24 rows is the least of the shingles under another
order, cut to ten bits; two texts agree in a row with the probability of their resemblance J, the share of
shingles that both have among those that either has. Three rows are a band, kept as one number of 32 bits.
Who agrees in a band is a candidate, which happens with the probability 1 - (1 - J^3)^8 (Leskovec, Rajaraman
and Ullman, Mining of Massive Datasets, 3.4): .965 at .7, .20 at .3, .008 at .1. Since a band keeps its rows
apart, they can be put together in other ways as well: `bands` gives two more sets of eight, which were
measured to find .995 at .7 and .89 at .5.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.vietnamese.spelling import fold, normalise

__all__ = ["BANDS", "BAND_BITS", "ROWS", "Shingles", "agreeing", "bands", "shingles", "signature"]

BANDS = 8
ROWS = 3

MIN_WORDS = 20
"""Shorter texts have no shingles: what `Mời xem tệp đính kèm` shares with its like is no story."""

Codes = NDArray[np.uint64]

_WORD = re.compile(r"[^\W_]+")
_BITS = 10
BAND_BITS = ROWS * _BITS
_MASKS = tuple(np.uint32((1 << _BITS) - 1 << _BITS * row) for row in range(ROWS))
# A bit that every band has, so that 0 is none.
_THERE = np.uint32(1 << BAND_BITS)
# How far the rows of a band are from those of the band that they are put together with.
_TURNS = ((0, 0, 0), (0, 1, 2), (0, 3, 6))


class Shingles(NamedTuple):
    """The shingles of a text as numbers, each once and in order, and those of them that hold a number."""

    all: Codes
    numbered: Codes


def _scrambled(count: int) -> Codes:
    """Return odd numbers without a pattern: those of SplitMix64 (Steele, Lea and Flood, 2014)."""
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ state >> np.uint64(shift)) * np.uint64(factor)
    return np.asarray((state ^ state >> np.uint64(31)) | np.uint64(1), dtype=np.uint64)


_FACTORS = _scrambled(ROWS * BANDS + ROWS + 2)
_ORDERS, _PLACES, _MIX, _CUT = np.split(_FACTORS, [ROWS * BANDS, ROWS * BANDS + ROWS, len(_FACTORS) - 1])


@lru_cache(maxsize=1 << 15)
def _number(word: str) -> int:
    """Return a number for all spellings of a word; it is odd if the word holds a digit."""
    folded = fold(normalise(word))
    return zlib.crc32(folded.encode()) << 1 | any(map(str.isdigit, folded))


def _rows(texts: Iterable[str]) -> tuple[Codes, Codes]:
    """Return the words in order, and the shingle that begins at each; none of a short text."""
    words = np.array([*map(_number, _WORD.findall("\n".join(texts)))], dtype=np.uint64)
    if len(words) < MIN_WORDS:
        return words[:0], words[:0]
    count = len(words) - len(_PLACES) + 1
    codes = sum(words[n : n + count] * factor for n, factor in enumerate(_PLACES))
    return words, np.asarray((codes ^ codes >> np.uint64(32)) * _MIX, dtype=np.uint64)


def shingles(texts: Iterable[str]) -> Shingles:
    """Return the shingles of an article's texts."""
    words, codes = _rows(texts)
    odd = (words & np.uint64(1)).astype(np.bool_)
    numbered = np.logical_or.reduce([odd[n : n + len(codes)] for n in range(len(_PLACES))])
    return Shingles(np.unique(codes), np.unique(codes[numbered]))


def signature(texts: Iterable[str]) -> list[int]:
    """Return the signature of an article's texts, the same on every machine; zeros if they are short."""
    _, codes = _rows(texts)
    if not len(codes):
        return [0] * BANDS
    least = (_ORDERS[:, None] * codes).min(axis=1)
    cut = (least * _CUT >> np.uint64(64 - _BITS)).astype(np.uint32).reshape(BANDS, ROWS)
    shifted = cut << np.arange(0, _BITS * ROWS, _BITS, dtype=np.uint32)
    made: list[int] = (shifted.sum(axis=1, dtype=np.uint32) | _THERE).tolist()
    return made


def bands(signatures: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return what to look candidates up by: for each signature its bands, and others of the same rows."""
    return np.hstack([_turned(signatures, turns) for turns in _TURNS])


def _turned(signatures: NDArray[np.uint32], turns: Sequence[int]) -> NDArray[np.uint32]:
    made = signatures & _THERE
    for mask, turn in zip(_MASKS, turns, strict=True):
        made = made | np.roll(signatures, -turn, axis=1) & mask
    return np.asarray(made, dtype=np.uint32)


def agreeing(one: NDArray[np.uint32], others: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return in how many rows each of the other signatures agrees with this one."""
    differing = one ^ others
    rows: NDArray[np.int64] = sum((differing & mask == 0).sum(axis=1) for mask in _MASKS)
    return rows
