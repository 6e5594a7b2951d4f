"""The index as it stood at one commit, opened for reading: what every request of that time shares.

Documents of all segments are numbered through, deleted ones included, so that everything else works on
plain arrays: a document's number is its place in each of them.

Of 100,000 articles a process holds 25 MB of its own (orders, facets) besides what Python and NumPy take, and
`CACHE_BYTES` at most of what was computed. All else is mapped from files, which processes share.
"""

from __future__ import annotations

import heapq
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from archive_search.index.deadline import check
from archive_search.index.facets import FieldValues
from archive_search.index.storage.columns import SPOKEN, UNDATED, column_of
from archive_search.index.storage.postings import Lists, Numbers
from archive_search.index.storage.schema import SIGNATURE_SIZE, Page, read_page
from archive_search.index.storage.store import Store
from archive_search.index.storage.values import FACET_FIELDS, Column

Floats = NDArray[np.float32]
T = TypeVar("T")

CACHE_BYTES = 48 * 1024 * 1024
"""Arrays of terms kept between queries: some thirty common words of 100,000 articles, and many rare ones."""


class Spoken(NamedTuple):
    """Where people speak: spans of places, in order, and who does, as numbers of the speaker facet's values.

    `starts` and `ends` are document * 2**32 + position, from the first place to before the last.
    """

    starts: Numbers
    ends: Numbers
    speakers: Numbers


_COLUMNS = (*FACET_FIELDS, SPOKEN)

# Of each column of the segments, what there is where there is no segment.
_EMPTY: dict[str, NDArray[Any]] = {
    "id": np.empty(0, dtype="S1"),
    "version": np.empty(0, dtype="S1"),
    "moment": np.empty(0, dtype=np.int64),
    "length": np.empty(0, dtype=np.float32),
    "title_length": np.empty(0, dtype=np.float32),
    "signature": np.empty((0, SIGNATURE_SIZE), dtype=np.uint32),
    "attached": np.empty(0, dtype=np.uint32),
}


_NONE = np.empty(0, dtype=np.int64)


class Snapshot:
    """All segments of one commit; see the module's text.

    What was loaded for the snapshot `before` of the same index is used again. Columns of a single segment
    are memory that the system maps from its file, and shares between processes.
    """

    def __init__(self, store: Store, before: Snapshot | None = None) -> None:
        self.generation, self._stored = store.segments()
        known = before.columns if before else {}
        self.columns: dict[str, dict[str, Column]] = {
            stored.name: known.get(stored.name) or {n: column_of(stored.arrays, n) for n in _COLUMNS}
            for stored in self._stored
        }
        self.cache = Cache(CACHE_BYTES)
        self.size = sum(stored.count for stored in self._stored)
        self.alive = np.ones(self.size, dtype=np.bool_)
        for stored in self._stored:
            self.alive[stored.deleted + stored.base] = False
        self.count = int(np.count_nonzero(self.alive))
        self.lengths: Floats = self._joined("length")
        self.title_lengths: Floats = self._joined("title_length")
        self.signatures: NDArray[np.uint32] = self._joined("signature")
        self.has_files: NDArray[np.bool_] = self._joined("attached") > 0
        self._moments: Numbers = self._joined("moment")
        self.newest_rank, self.oldest_rank = self._orders()
        self.values = {name: FieldValues(name, self._columns_of(name), self.alive) for name in FACET_FIELDS}

    def _joined(self, name: str) -> NDArray[Any]:
        parts = [stored.arrays[name] for stored in self._stored] or [_EMPTY[name]]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _columns_of(self, name: str) -> list[tuple[int, Column]]:
        return [(stored.base, self.columns[stored.name][name]) for stored in self._stored]

    def _orders(self) -> tuple[Numbers, Numbers]:
        """Rank the documents by date, newest and oldest first, ties by id; those without a date are last."""
        by_id = _ranks(np.argsort(self._joined("id"), kind="stable"))
        undated, last = self._moments == UNDATED, np.iinfo(np.int64).max
        newest = np.lexsort((by_id, np.where(undated, last, -self._moments)))
        oldest = np.lexsort((by_id, np.where(undated, last, self._moments)))
        return _ranks(newest), _ranks(oldest)

    @cached_property
    def ids(self) -> NDArray[np.str_]:
        """The article id of each document."""
        return np.char.decode(self._joined("id"), "utf-8")

    @cached_property
    def versions(self) -> NDArray[np.str_]:
        """The article's version of each document."""
        return np.char.decode(self._joined("version"), "utf-8")

    @cached_property
    def published(self) -> NDArray[np.str_]:
        """The minute in Vietnam in which each was published (`2022-07-11T08:30`), or nothing."""
        return _dates(self._moments, "m")

    @cached_property
    def _days(self) -> tuple[NDArray[np.str_], Numbers]:
        days = np.where(self._moments == UNDATED, UNDATED, self._moments // (24 * 60))
        found, day_of = np.unique(days, return_inverse=True)
        return _dates(found, "D"), day_of

    @property
    def days(self) -> NDArray[np.str_]:
        """The days on which anything was published, in order; nothing, the first, stands for no date."""
        return self._days[0]

    @property
    def day_of(self) -> Numbers:
        """The number of each document's day among `days`."""
        return self._days[1]

    @cached_property
    def spoken(self) -> Spoken:
        """Where people speak in living documents."""
        tables = [np.empty((0, 3), dtype=np.int64)]
        for stored in self._stored:
            part = self.columns[stored.name][SPOKEN]
            docs = part.docs.astype(np.int64) + stored.base
            starts, ends = (stored.arrays[f"{SPOKEN}.spans"].T + (docs << 32)).astype(np.int64)
            names = [self.values["speaker"].number(key) for key, _ in part.forms]
            speakers = np.array(names, dtype=np.int64)[part.values]
            tables.append(np.column_stack([starts, ends, speakers])[self.alive[docs]])
        return Spoken(*np.concatenate(tables).T)

    def postings(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool], limit: int | None = None
    ) -> tuple[Numbers, NDArray[Any]]:
        """Return the living documents that have any of the terms, in order, and how often.

        The terms begin with `prefix`, and `keep` accepts what follows it; of more than `limit` such terms,
        the first count.
        """
        if limit is not None:
            keep = frozenset(self.suffixes(fieldname, prefix, keep)[:limit]).__contains__
        docs, freqs = _NONE, _NONE
        for lists, base in self._lists(fieldname, prefix, keep, places=False):
            docs, freqs = _summed(np.append(docs, lists.docs + base), np.append(freqs, lists.freqs))
        living = self.alive[docs]
        return docs[living], freqs[living]

    def suffixes(self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]) -> list[bytes]:
        """Return what follows `prefix` in the terms that begin with it, if `keep` accepts it, in order."""
        found: set[bytes] = set()
        for stored in self._stored:
            check()
            found.update(key[len(prefix) :] for key in stored.keys(fieldname, prefix))
        return sorted(filter(keep, found))

    def places(self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]) -> Numbers:
        """Return where the terms stand in living documents, in order: document * 2**32 + position."""
        parts = [_NONE]
        for lists, base in self._lists(fieldname, prefix, keep, places=True):
            docs = np.repeat(lists.docs + base, lists.freqs)
            parts.append((docs << 32 | lists.places)[self.alive[docs]])
        return np.sort(np.concatenate(parts))

    def terms(self, fieldname: str) -> Iterator[tuple[bytes, int]]:
        """Yield each term of a field, in order, with the number of its documents, deleted ones too."""
        merged = heapq.merge(*(stored.terms(fieldname) for stored in self._stored))
        for term, counted in groupby(merged, key=itemgetter(0)):
            yield term, sum(count for _, count in counted)

    def _lists(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool], *, places: bool
    ) -> Iterator[tuple[Lists, int]]:
        """Yield the posting lists of the terms in each segment, with the number of its first document."""
        for stored in self._stored:
            for lists in stored.lists(fieldname, prefix, keep, places=places):
                check()
                yield lists, stored.base

    def page(self, doc: int) -> Page:
        """Return what is shown of a document."""
        stored = self._stored[bisect_right(self._stored, doc, key=attrgetter("base")) - 1]
        return read_page(stored.page(doc - stored.base))


def _summed(docs: Numbers, freqs: Numbers) -> tuple[Numbers, Numbers]:
    """Return the documents in order, each once, with the sums of their frequencies."""
    if (docs[1:] > docs[:-1]).all():
        return docs, freqs
    sums = np.bincount(docs, weights=freqs)
    docs = np.flatnonzero(sums)
    return docs, sums[docs].astype(np.int64)


def _dates(numbers: Numbers, step: str) -> NDArray[np.str_]:
    dates = numbers.astype(f"M8[{step}]").astype(str)
    dates[numbers == UNDATED] = ""
    return dates


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
