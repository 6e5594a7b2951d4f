"""The index as it stood at one commit, opened for reading: what every request of that time shares.

Documents of all segments are numbered through, deleted ones included, so that everything else works on
plain arrays: a document's number is its place in each of them.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from archive_search.index.deadline import check
from archive_search.index.facets import FACET_FIELDS, Column, FieldValues, column, spoken_column
from archive_search.index.postings import Numbers, Postings
from archive_search.index.schema import FACTS, PAGE, Page, read_facts, read_page
from archive_search.index.store import Store, StoredSegment

Floats = NDArray[np.float32]
T = TypeVar("T")

CACHE_BYTES = 64 * 1024 * 1024
"""Arrays of terms kept between queries; the terms of a busy day over 100,000 articles take half of it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The facts of one segment as arrays; a segment never changes but for its deletions."""

    ids: NDArray[np.str_]
    versions: NDArray[np.str_]
    published: NDArray[np.str_]
    lengths: Floats
    title_lengths: Floats
    columns: dict[str, Column]
    spoken: Column
    spans: Numbers


class Spoken(NamedTuple):
    """Where people speak: spans of places, in order, and who does, as numbers of the speaker facet's values.

    `starts` and `ends` are document * 2**32 + position, from the first place to before the last.
    """

    starts: Numbers
    ends: Numbers
    speakers: Numbers


def _load(stored: StoredSegment) -> Segment:
    rows = [read_facts(data) for data in stored.column(FACTS)]
    return Segment(
        ids=np.array([row.id for row in rows]),
        versions=np.array([row.version for row in rows]),
        published=np.array([row.published for row in rows], dtype="U16"),
        lengths=np.array([row.length for row in rows], dtype=np.float32),
        title_lengths=np.array([row.title_length for row in rows], dtype=np.float32),
        columns={name: column(name, rows) for name in FACET_FIELDS},
        spoken=spoken_column(rows),
        spans=np.array([span[:2] for row in rows for span in row.spoken], dtype=np.int64).reshape(-1, 2),
    )


class Snapshot:
    """All segments of one commit; see the module's text.

    What was loaded for the snapshot `before` of the same index is used again.
    """

    def __init__(self, store: Store, before: Snapshot | None = None) -> None:
        self.generation, self._stored = store.segments()
        known = before.segments if before else {}
        self.segments: dict[str, Segment] = {
            stored.name: known.get(stored.name) or _load(stored) for stored in self._stored
        }
        self.cache = Cache(CACHE_BYTES)
        self._join()

    def _join(self) -> None:
        parts = [self.segments[stored.name] for stored in self._stored]
        self.size = sum(len(part.ids) for part in parts)
        self.alive = np.ones(self.size, dtype=np.bool_)
        for stored in self._stored:
            self.alive[stored.deleted + stored.base] = False
        self.count = int(np.count_nonzero(self.alive))
        self.ids = _concatenated("U1", [part.ids for part in parts])
        self.versions = _concatenated("U1", [part.versions for part in parts])
        self.lengths = _concatenated("f4", [part.lengths for part in parts])
        self.title_lengths = _concatenated("f4", [part.title_lengths for part in parts])
        self.published = _concatenated("U16", [part.published for part in parts])
        self._order()
        self.values = {name: self._values(name, parts) for name in FACET_FIELDS}
        self.spoken = self._join_spoken(parts)

    def _values(self, name: str, parts: list[Segment]) -> FieldValues:
        columns = [
            (stored.base, part.columns[name]) for stored, part in zip(self._stored, parts, strict=True)
        ]
        return FieldValues(name, columns, self.alive)

    def _join_spoken(self, parts: list[Segment]) -> Spoken:
        none = np.empty((0, 3), dtype=np.int64)
        tables = [none]
        for stored, part in zip(self._stored, parts, strict=True):
            docs = (part.spoken.docs + stored.base) << 32
            names = [self.values["speaker"].number(key) for key, _ in part.spoken.forms]
            speakers = np.array(names, dtype=np.int64)[part.spoken.values]
            table = np.column_stack([docs + part.spans[:, 0], docs + part.spans[:, 1], speakers])
            tables.append(table[self.alive[part.spoken.docs + stored.base]])
        return Spoken(*np.concatenate(tables).T)

    def _order(self) -> None:
        """Rank the documents by date, ties by id; those without a date come last either way."""
        published = self.published
        self.days, self.day_of = np.unique(published.astype("U10"), return_inverse=True)
        _, moment = np.unique(published, return_inverse=True)
        undated = published == ""
        self.newest_rank = _ranks(np.lexsort((self.ids, -moment, undated)))
        self.oldest_rank = _ranks(np.lexsort((self.ids, moment, undated)))

    def postings(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool], limit: int | None = None
    ) -> tuple[Numbers, NDArray[Any]]:
        """Return the living documents that have any of the terms, in order, and how often.

        The terms begin with `prefix`, and `keep` accepts what follows it; of more than `limit` such terms,
        the first count.
        """
        if limit is not None:
            keep = self._first(fieldname, prefix, keep, limit)
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

    def _first(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool], limit: int
    ) -> Callable[[bytes], bool]:
        """Return what accepts the first `limit` of the terms of all segments."""
        accepted: set[bytes] = set()

        def note(suffix: bytes) -> bool:
            if keep(suffix):
                accepted.add(suffix)
            return False

        # Since `note` accepts no term, no posting is read.
        for _ in self._found(fieldname, prefix, note):
            pass
        return frozenset(sorted(accepted)[:limit]).__contains__

    def _found(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]
    ) -> Iterator[tuple[Postings, int]]:
        for stored in self._stored:
            for found in stored.postings(fieldname, prefix, keep):
                check()
                yield found, stored.base

    def page(self, doc: int) -> Page:
        """Return what is shown of a document."""
        stored = self._stored[bisect_right(self._stored, doc, key=attrgetter("base")) - 1]
        return read_page(stored.value(PAGE, doc - stored.base))


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
