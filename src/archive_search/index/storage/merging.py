"""Merging segments: which ones, and how their terms become those of one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import NamedTuple

import numpy as np

from archive_search.index.storage.dictionary import Dictionary
from archive_search.index.storage.inverting import Field
from archive_search.index.storage.postings import Lists, Numbers

__all__ = ["Range", "merged", "ranges", "to_merge"]

_STEP = 4 * 1024 * 1024
"""Bytes of posting lists that are merged at a time; as arrays they take fifty times as much."""


_WORN = 0.25
"""The share of deleted documents from which on a segment is written anew."""

_LEVEL = 4
"""Segments of about one size that are merged, and by how much the next size is larger.

A document is written anew each time that its segment becomes that much larger: eight times in 100,000.
"""


class Range(NamedTuple):
    """Terms of a field from `first` to before `last`, or to the end."""

    field: str
    first: bytes
    last: bytes | None


def to_merge(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """Return the numbers of the segments that are to become one, or none.

    Of each segment it is told how many documents it has, and how many of them live.
    """
    for number, (count, living) in enumerate(sizes):
        if count - living > _WORN * count:
            return [number]
    levels: dict[int, list[int]] = defaultdict(list)
    for number, (_, living) in enumerate(sizes):
        levels[int(math.log(max(living, 1), _LEVEL))].append(number)
    full = [level for level, numbers in levels.items() if len(numbers) >= _LEVEL]
    return levels[min(full)] if full else []


def ranges(dictionaries: Sequence[Dictionary]) -> Iterator[Range]:
    """Yield the parts in which all terms are merged, in order."""
    for name in sorted({name for dictionary in dictionaries for name in dictionary.fields}):
        splits = [dictionary.splits(name, max(1, _STEP // len(dictionaries))) for dictionary in dictionaries]
        for first, last in pairwise((b"", *max(splits, key=len), None)):
            yield Range(name, first or b"", last)


def merged(parts: Sequence[tuple[Dictionary, Numbers]], wanted: Range) -> Field:
    """Return the terms of all segments in one range, with the new numbers of their documents.

    The numbers grow from segment to segment; documents whose number is -1 are left out.
    """
    return _merged([(dictionary.part(*wanted), numbers) for dictionary, numbers in parts])


def _merged(parts: Sequence[tuple[Field, Numbers]]) -> Field:
    all_keys = list(chain.from_iterable(field.keys for field, _ in parts))
    keys = [key for key, _ in groupby(sorted(all_keys))]
    rank_of = {key: rank for rank, key in enumerate(keys)}
    ranks = np.array([rank_of[key] for key in all_keys], dtype=np.int64)
    renumbered = [field.lists.renumbered(numbers) for field, numbers in parts]
    lists = Lists(*map(np.concatenate, zip(*renumbered, strict=True)))
    order = np.argsort(ranks, kind="stable")
    lists = lists.chosen(order[lists.counts[order] > 0])
    counts = np.bincount(ranks, weights=np.concatenate([part.counts for part in renumbered])).astype(np.int64)
    held = np.flatnonzero(counts)
    return Field([keys[n] for n in held.tolist()], lists._replace(counts=counts[held]))
