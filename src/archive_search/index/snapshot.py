"""The index as it stood at one commit, opened for reading: what every request of that time shares.

Documents of all segments are numbered through, deleted ones included, so that everything else works on
plain arrays: a document's number is its place in each of them.
"""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from whoosh.index import FileIndex

from archive_search.index.codec import Postings, deleted_docs, matching_postings
from archive_search.index.facets import FACET_FIELDS, Column, FieldValues, column
from archive_search.index.schema import FACTS, PAGE, Page, read_facts, read_page

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]
T = TypeVar("T")

CACHE_BYTES = 64 * 1024 * 1024
"""Arrays of terms kept between queries; the terms of a busy day over 100,000 articles take half of it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The facts of one segment of Whoosh as arrays; nothing of it ever changes but its deletions."""

    ids: NDArray[np.str_]
    versions: NDArray[np.str_]
    published: NDArray[np.str_]
    lengths: Floats
    title_lengths: Floats
    columns: dict[str, Column]


def _load(reader: Any) -> Segment:
    rows = [read_facts(data) for data in reader.column_reader(FACTS, translate=False)]
    return Segment(
        ids=np.array([row.id for row in rows]),
        versions=np.array([row.version for row in rows]),
        published=np.array([row.published for row in rows], dtype="U16"),
        lengths=np.array([row.length for row in rows], dtype=np.float32),
        title_lengths=np.array([row.title_length for row in rows], dtype=np.float32),
        columns={name: column(name, rows) for name in FACET_FIELDS},
    )


class Snapshot:
    """All segments of one commit; see the module's text."""

    def __init__(self, index: FileIndex, before: Snapshot | None = None) -> None:
        self._reader = index.reader()
        # Requests share a snapshot; its files are closed when the last of them has let go of it.
        weakref.finalize(self, self._reader.close)
        self.generation = self._reader.generation()
        leaves = self._reader.leaf_readers() if self._reader.doc_count_all() else []
        self._leaves: list[tuple[Any, int]] = list(leaves)
        # Opened now, since the files of a segment go when a later commit merges it.
        self._pages = [leaf.column_reader(PAGE, translate=False) for leaf, _ in self._leaves]
        self._pages_lock = threading.Lock()
        known = before.segments if before else {}
        names = [leaf.segment().segment_id() for leaf, _ in self._leaves]
        self.segments = {
            name: known.get(name) or _load(leaf)
            for name, (leaf, _) in zip(names, self._leaves, strict=True)
        }
        self.cache = Cache(CACHE_BYTES)
        self._join()

    def _join(self) -> None:
        parts = [self.segments[leaf.segment().segment_id()] for leaf, _ in self._leaves]
        self.size = sum(len(part.ids) for part in parts)
        self.alive = np.ones(self.size, dtype=np.bool_)
        for leaf, base in self._leaves:
            self.alive[deleted_docs(leaf) + base] = False
        self.count = int(np.count_nonzero(self.alive))
        self.ids = _concatenated("U1", [part.ids for part in parts])
        self.versions = _concatenated("U1", [part.versions for part in parts])
        self.lengths = _concatenated("f4", [part.lengths for part in parts])
        self.title_lengths = _concatenated("f4", [part.title_lengths for part in parts])
        self._order(_concatenated("U16", [part.published for part in parts]))
        bases = [base for _, base in self._leaves]
        self.values = {
            name: FieldValues(
                name,
                [(base, part.columns[name]) for base, part in zip(bases, parts, strict=True)],
                self.alive,
            )
            for name in FACET_FIELDS
        }

    def _order(self, published: NDArray[np.str_]) -> None:
        """Rank the documents by date, ties by id; those without a date come last either way."""
        moments, moment = np.unique(published, return_inverse=True)
        undated = published == ""
        self.newest_rank = _ranks(np.lexsort((self.ids, -moment, undated)))
        self.oldest_rank = _ranks(np.lexsort((self.ids, moment, undated)))

    def postings(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]
    ) -> tuple[Numbers, NDArray[Any]]:
        """Return the living documents that have any of the terms, in order, and how often.

        The terms begin with `prefix`, and `keep` accepts what follows it.
        """
        found = list(self._found(fieldname, prefix, keep))
        if not found:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        docs = np.concatenate([part.docs + base for part, base in found])
        freqs = np.concatenate([part.freqs for part, _ in found])
        if len({base for _, base in found}) < len(found):
            sums = np.bincount(docs, weights=freqs, minlength=self.size)
            docs = np.flatnonzero(sums)
            freqs = sums[docs]
        living = self.alive[docs]
        return docs[living], freqs[living]

    def places(self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]) -> Numbers:
        """Return where the terms stand in living documents, in order: document * 2**32 + position."""
        parts = [np.empty(0, dtype=np.int64)]
        for found, base in self._found(fieldname, prefix, keep):
            docs = np.repeat(found.docs + base, found.freqs)
            parts.append((docs << 32 | found.positions())[self.alive[docs]])
        places = np.concatenate(parts)
        return np.sort(places, kind="stable") if len(parts) > 2 else places

    def _found(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]
    ) -> Iterator[tuple[Postings, int]]:
        for leaf, base in self._leaves:
            for found in matching_postings(leaf, fieldname, prefix, keep):
                yield found, base

    def page(self, doc: int) -> Page:
        """Return what is shown of a document."""
        number = bisect_right(self._leaves, doc, key=lambda leaf: leaf[1]) - 1
        # The column is read with seek and read, which threads must not mix.
        with self._pages_lock:
            data = self._pages[number][doc - self._leaves[number][1]]
        return read_page(data)


def _concatenated(dtype: str, arrays: list[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=dtype), *arrays])


def _ranks(order: Numbers) -> Numbers:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


@dataclass
class Cache:
    """What was computed last, up to a number of bytes; safe to share between threads."""

    limit: int
    _kept: OrderedDict[Hashable, tuple[Any, int]] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return what is kept under `key`, else what `make` makes, and keep it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key][0]
                return found
        made = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made, size(made)
                self._size += self._kept[key][1]
            while self._size > self.limit:
                self._size -= self._kept.popitem(last=False)[1][1]
        return made
