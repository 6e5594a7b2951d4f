"""Posting lists: in which documents terms stand, how often, and where, as arrays.

Packed, a posting list is a row of numbers: the gaps between document numbers; how often the term stands in
each document, left out if once in all; and, if places are kept, the gaps between them, document by document.
A number is written with seven bits a byte, the highest first, the eighth bit set in all bytes but the last.
How many documents a list has is told beside it, by the dictionary of terms.

A segment is written and merged as `Lists`, many posting lists in a few arrays: NumPy costs the same for one
list as for a thousand of the usual length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_LISTS", "Lists", "Numbers", "pack", "spread", "unpack"]

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_LONGEST = 5  # bytes of a number of 32 bits


class Lists(NamedTuple):
    """Posting lists one after another; `counts` are their documents, each list has at least one.

    `places` are those of each document in order, or none at all.
    """

    counts: Numbers
    docs: Numbers
    freqs: Numbers
    places: Numbers

    def chosen(self, order: Numbers) -> Lists:
        """Return the lists of these numbers, in this order."""
        docs = spread(_starts(self.counts)[order], self.counts[order])
        freqs = self.freqs[docs]
        places = self.places
        if len(places):
            places = places[spread(_starts(self.freqs)[docs], freqs)]
        return Lists(self.counts[order], self.docs[docs], freqs, places)

    def renumbered(self, numbers: Numbers) -> Lists:
        """Return the lists with other document numbers, without documents whose number is -1.

        Lists may have no document then.
        """
        docs = numbers[self.docs]
        kept = docs >= 0
        if kept.all():
            return self._replace(docs=docs)
        of = np.repeat(np.arange(len(self.counts)), self.counts)
        places = self.places[np.repeat(kept, self.freqs)] if len(self.places) else self.places
        counts = np.bincount(of[kept], minlength=len(self.counts))
        return Lists(counts, docs[kept], self.freqs[kept], places)


NO_LISTS = Lists(*[np.empty(0, dtype=np.int64)] * 4)


def spread(starts: Numbers, counts: Numbers) -> Numbers:
    """Return the numbers of the ranges that begin at `starts` and are `counts` long."""
    return np.repeat(starts - _starts(counts), counts) + np.arange(counts.sum())


def pack(lists: Lists) -> tuple[Bytes, Numbers]:
    """Return the lists as bytes, and how many bytes each takes."""
    counts, totals = lists.counts, _totals(lists.freqs, lists.counts)
    once = totals == counts
    told = np.where(once, 0, counts)
    placed = totals if len(lists.places) else np.zeros_like(counts)
    sizes = counts + told + placed
    starts = _starts(sizes)
    numbers = np.empty(sizes.sum(), dtype=np.uint32)
    numbers[spread(starts, counts)] = _gaps(lists.docs, counts)
    numbers[spread(starts + counts, told)] = lists.freqs[np.repeat(~once, counts)]
    if len(lists.places):
        numbers[spread(starts + counts + told, placed)] = _gaps(lists.places, lists.freqs)
    return _written(numbers, starts)


def _written(numbers: NDArray[np.uint32], starts: Numbers) -> tuple[Bytes, Numbers]:
    lengths = np.ones(len(numbers), dtype=np.uint8)
    for place in range(1, _LONGEST):
        lengths += numbers >= 1 << 7 * place
    lasts = np.cumsum(lengths, dtype=np.int64) - 1
    data = np.empty(lengths.sum(dtype=np.int64), dtype=np.uint8)
    data[lasts] = numbers & 127
    for place in range(1, int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > place)
        data[lasts[longer] - place] = numbers[longer] >> 7 * place & 127 | 128
    sizes = np.add.reduceat(lengths, starts, dtype=np.int64) if len(starts) else starts
    return data, sizes


def _read(data: Bytes) -> tuple[NDArray[Any], Mask | None]:
    """Return the numbers, and which bytes are the last of one, or None if all are."""
    more = data > 127
    if not more.any():
        return data, None
    digits = data & 127
    numbers = digits.astype(np.uint32)
    after: Mask = more[:-1]
    run = after
    # As often as the longest number has bytes but one, each byte takes over what the one before it has.
    while run.any():
        numbers[1:] = digits[1:] + (numbers[:-1] << 7) * after
        run = run[1:] & after[: len(run) - 1]
    lasts = ~more
    return numbers[lasts], lasts


def unpack(data: Bytes, counts: Numbers, sizes: Numbers, *, placed: bool, places: bool = True) -> Lists:
    """Return the lists that `pack` wrote one after another; without `places`, none are read."""
    numbers, lasts = _read(data)
    held: Numbers = np.cumsum(sizes)
    if lasts is not None:
        held = np.cumsum(lasts, dtype=np.int64)[held - 1]
    starts = np.concatenate(([0], held[:-1])).astype(np.int64)
    once = held - starts == counts * (1 + placed)
    docs = _sums(numbers[spread(starts, counts)], counts)
    freqs = np.ones(len(docs), dtype=np.int64)
    told = np.where(once, 0, counts)
    freqs[np.repeat(~once, counts)] = numbers[spread(starts + counts, told)]
    if not (placed and places):
        return Lists(counts, docs, freqs, np.empty(0, dtype=np.int64))
    held = spread(starts + counts + told, _totals(freqs, counts))
    return Lists(counts, docs, freqs, _sums(numbers[held], freqs))


def _starts(counts: NDArray[Any]) -> Numbers:
    """Return where each of the runs of these lengths begins, if they stand one after another."""
    starts: Numbers = np.cumsum(counts, dtype=np.int64) - counts
    return starts


def _totals(values: Numbers, counts: Numbers) -> Numbers:
    """Return the sum of each run; none is empty."""
    totals: Numbers = np.add.reduceat(values, _starts(counts)) if len(counts) else counts
    return totals


def _gaps(values: Numbers, counts: Numbers) -> Numbers:
    """Return by how much each value is more than the one before it in its run."""
    gaps = np.diff(values, prepend=0)
    firsts = _starts(counts)
    gaps[firsts] = values[firsts]
    return gaps


def _sums(gaps: NDArray[Any], counts: NDArray[Any]) -> Numbers:
    """Return the values that have these gaps within each run."""
    sums = np.cumsum(gaps, dtype=np.int64)
    firsts = _starts(counts)
    values: Numbers = sums - np.repeat(sums[firsts] - gaps[firsts], counts)
    return values
