"""The dictionary of a segment: its terms in order, and where in the file of postings the list of each is.

Terms are kept in blocks of up to 64 of one field: how many documents each has, how many bytes its list takes,
and the terms themselves, compressed together. That takes a third of the space, and a look-up reads one block.

`.trm`  the blocks, and of each its first term, its number of terms, its size, and where its lists begin
`.pst`  a few bytes to know it by, and the posting lists, one after another
"""

from __future__ import annotations

import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.storage import arrays
from archive_search.index.storage.inverting import Field
from archive_search.index.storage.postings import (
    NO_LISTS,
    Lists,
    Numbers,
    pack,
    spread,
    unpack,
)

__all__ = ["Block", "Dictionary", "DictionaryWriter", "Packed", "Term", "packed"]

_BLOCK = 64
_MAGIC = b"ASPOSTS1"

_READ_AT_ONCE = 1 << 18
"""Bytes of posting lists that are unpacked together, into some forty times the space."""


class Block(NamedTuple):
    """Terms that stand together: how many documents each has, and where its list begins and ends."""

    keys: list[bytes]
    counts: Numbers
    starts: Numbers
    ends: Numbers


class Term(NamedTuple):
    """One term with the number of its documents, and its posting list, which is read when it is asked for."""

    key: bytes
    df: int
    data: NDArray[np.uint8]
    placed: bool

    def postings(self) -> Lists:
        """Return the posting list, without places."""
        counts, sizes = np.array([self.df]), np.array([len(self.data)])
        return unpack(self.data, counts, sizes, placed=self.placed, places=False)


class PackedBlock(NamedTuple):
    """A block as it is written; `start` is where its lists begin among those packed with it."""

    first: bytes
    terms: int
    start: int
    data: bytes


class Packed(NamedTuple):
    """Terms of a field as they are written."""

    blocks: list[PackedBlock]
    lists: bytes
    placed: bool


def packed(field: Field) -> Packed:
    """Return terms of a field as they are written."""
    keys, lists = field
    data, sizes = pack(lists)
    starts = np.cumsum(sizes) - sizes
    blocks = []
    for first in range(0, len(keys), _BLOCK):
        part = slice(first, first + _BLOCK)
        counted = np.concatenate([lists.counts[part], sizes[part]]).astype("<u4").tobytes()
        compressed = zlib.compress(counted + b"\n".join(keys[part]))
        blocks.append(PackedBlock(keys[first], len(keys[part]), int(starts[first]), compressed))
    return Packed(blocks, data.tobytes(), len(lists.places) > 0)


class DictionaryWriter:
    """Writes the terms of one segment, field by field, in order."""

    def __init__(self, terms: IO[bytes], postings: IO[bytes]) -> None:
        self._terms = arrays.ArrayWriter(terms)
        self._postings = postings
        self._firsts: list[bytes] = []
        self._data: list[bytes] = []
        # Of each block: the number of its field, of its terms, and where its lists begin.
        self._blocks: list[tuple[int, int, int]] = []
        self._fields: list[tuple[str, bool]] = []
        self._at = postings.write(_MAGIC)

    def add(self, name: str, packed: Packed) -> None:
        """Write terms of a field, which come after those that it has already."""
        if not packed.blocks:
            return
        if (name, packed.placed) not in self._fields:
            self._fields.append((name, packed.placed))
        for block in packed.blocks:
            self._data.append(block.data)
            self._firsts.append(block.first)
            self._blocks.append((len(self._fields) - 1, block.terms, block.start + self._at))
        self._at += self._postings.write(packed.lists)

    def close(self) -> None:
        """Write what tells where all is; the files are closed by who opened them."""
        sizes = self._terms.add_pieces("blocks", self._data)
        table = np.array([*self._blocks, (0, 0, self._at)], dtype="<u8")
        self._terms.add("sizes", np.array(sizes, dtype="<u4"))
        self._terms.add("table", table)
        self._terms.add("firsts", np.frombuffer(b"\n".join(self._firsts), np.uint8))
        names = "\n".join(f"{name} {placed:d}" for name, placed in self._fields)
        self._terms.add("fields", np.frombuffer(names.encode(), np.uint8))
        self._terms.close()


class Dictionary:
    """The terms of one segment; safe to read from several threads."""

    def __init__(self, terms: Path, postings: Path) -> None:
        held = arrays.read(terms)
        self._data = held["blocks"]
        self._ends = np.cumsum(held["sizes"], dtype=np.int64)
        self._of_field, self._terms, self._starts = held["table"].astype(np.int64).T
        self._firsts = held["firsts"].tobytes().split(b"\n")
        self._placed: dict[str, bool] = {}
        self._ranges: dict[str, range] = {}
        for number, line in enumerate(held["fields"].tobytes().decode().splitlines()):
            name, placed = line.split(" ")
            self._placed[name] = placed == "1"
            first, last = np.searchsorted(self._of_field[:-1], [number, number + 1]).tolist()
            self._ranges[name] = range(first, last)
        self._postings = np.frombuffer(arrays.mapped(postings), np.uint8)
        if self._postings[: len(_MAGIC)].tobytes() != _MAGIC or len(self._postings) != self._starts[-1]:
            raise ValueError(f"{postings.name} is cut off, or no file of postings")

    @property
    def fields(self) -> Sequence[str]:
        """The names of the fields that have terms."""
        return [*self._ranges]

    def terms_from(self, name: str, key: bytes) -> Iterator[Term]:
        """Yield the field's terms that are not before `key`, in order."""
        for number in self._blocks_from(name, key):
            block = self._block(number)
            for n in range(bisect_left(block.keys, key), len(block.keys)):
                data = self._postings[block.starts[n] : block.ends[n]]
                yield Term(block.keys[n], int(block.counts[n]), data, self._placed[name])

    def counted(self, name: str) -> Iterator[tuple[bytes, int]]:
        """Yield the field's terms in order, each with the number of its documents."""
        for number in self._ranges.get(name, ()):
            block = self._block(number)
            yield from zip(block.keys, block.counts.tolist(), strict=True)

    def keys_with(self, name: str, prefix: bytes) -> list[bytes]:
        """Return the field's terms that begin with `prefix`, in order."""
        return self._with(name, prefix)[0]

    def lists_with(
        self, name: str, prefix: bytes, keep: Callable[[bytes], bool], *, places: bool
    ) -> Iterator[Lists]:
        """Yield the lists of the terms that begin with `prefix`, if `keep` accepts what follows it.

        They come in groups of bounded size. Without `places` they have none, which is faster.
        """
        keys, columns = self._with(name, prefix)
        kept = np.array([n for n, key in enumerate(keys) if keep(key[len(prefix) :])], dtype=np.int64)
        counts, starts, ends = columns[:, kept]
        for part in _groups(ends - starts):
            sizes = (ends - starts)[part]
            data = self._postings[spread(starts[part], sizes)]
            yield unpack(data, counts[part], sizes, placed=self._placed[name], places=places)

    def _with(self, name: str, prefix: bytes) -> tuple[list[bytes], Numbers]:
        """Return the terms that begin with `prefix`: keys, and in rows their counts, starts and ends."""
        last = prefix + b"\xff"
        blocks = [self._block(number) for number in self._blocks_from(name, prefix, last)]
        keys = [key for block in blocks for key in block.keys]
        low, high = bisect_left(keys, prefix), bisect_left(keys, last)
        tables = [np.array(block[1:]) for block in blocks]
        table = np.concatenate([np.empty((3, 0), dtype=np.int64), *tables], axis=1)
        return keys[low:high], table[:, low:high]

    def splits(self, name: str, size: int) -> list[bytes]:
        """Return terms that cut the field into parts whose lists take about so many bytes."""
        blocks = self._ranges.get(name, range(0))
        parts = self._starts[blocks.start : blocks.stop] // size
        return [self._firsts[blocks[n]] for n in np.flatnonzero(np.diff(parts)).tolist()]

    def part(self, name: str, first: bytes, last: bytes | None) -> Field:
        """Return the field's terms from `first` to before `last`, with their posting lists."""
        blocks = [self._block(number) for number in self._blocks_from(name, first, last)]
        keys = [key for block in blocks for key in block.keys]
        low = bisect_left(keys, first)
        high = len(keys) if last is None else bisect_left(keys, last)
        if low >= high:
            return Field([], NO_LISTS)
        counts, starts, ends = (
            np.concatenate(column)[low:high] for column in list(zip(*blocks, strict=True))[1:]
        )
        data = self._postings[starts[0] : ends[-1]]
        return Field(keys[low:high], unpack(data, counts, ends - starts, placed=self._placed[name]))

    def _blocks_from(self, name: str, first: bytes, last: bytes | None = None) -> range:
        """Return the numbers of the blocks that may hold terms from `first` to before `last`."""
        blocks = self._ranges.get(name, range(0))
        low = max(bisect_right(self._firsts, first, blocks.start, blocks.stop) - 1, blocks.start)
        high = blocks.stop if last is None else bisect_left(self._firsts, last, low, blocks.stop)
        return range(low, high)

    def _block(self, number: int) -> Block:
        start = int(self._ends[number - 1]) if number else 0
        data = zlib.decompress(self._data[start : self._ends[number]].tobytes())
        count = int(self._terms[number])
        counts, sizes = np.frombuffer(data, "<u4", 2 * count).astype(np.int64).reshape(2, count)
        ends = np.cumsum(sizes) + self._starts[number]
        return Block(data[8 * count :].split(b"\n"), counts, ends - sizes, ends)


def _groups(sizes: Numbers) -> Iterator[slice]:
    """Yield runs of lists that take about so many bytes together as are read at once."""
    group = np.cumsum(sizes) // _READ_AT_ONCE
    firsts = np.flatnonzero(np.diff(group, prepend=-1)).tolist()
    for first, last in pairwise([*firsts, len(sizes)]):
        yield slice(first, last)
