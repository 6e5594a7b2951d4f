"""Writing the embedded index: one commit to the generation that is read, or a new one beside it.

Documents become segments of a thousand, in several processes if they are many. A new generation is the
merger of them. An update is published as it is, with the new segments beside the old ones; only then are
segments merged, in further commits that change no answer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from archive_search.index.storage import schema
from archive_search.index.storage.generations import Generations
from archive_search.index.storage.inverting import invert
from archive_search.index.storage.merging import to_merge
from archive_search.index.storage.store import SegmentState, Store, write_segment
from archive_search.index.storage.workers import in_processes
from archive_search.records import Document

__all__ = ["rebuild", "update"]

SEGMENT_DOCUMENTS = 1000
"""Documents inverted at a time: their postings take some 100 MB as arrays."""

_MANY = 2
"""Segments up to which it does not pay to start processes."""


def update(
    generations: Generations,
    documents: Iterable[Document],
    removed: Iterable[str] = (),
    processes: int | None = None,
) -> None:
    """Add or replace documents and remove ids, in one commit; build an index where there is none."""
    with generations.writing():
        path = generations.current()
        if path is None:
            _build(generations, documents, processes)
        else:
            _change(Store.open(path), documents, removed, processes)


def rebuild(generations: Generations, documents: Iterable[Document], processes: int | None = None) -> None:
    """Build a new generation of these documents beside the old one, and promote it."""
    with generations.writing():
        _build(generations, documents, processes)


def _build(generations: Generations, documents: Iterable[Document], processes: int | None) -> None:
    path = generations.new()
    try:
        store = Store.create(path, schema.TERM_FIELDS)
        added, _ = _added(store, documents, processes)
        added = [state for state in added if state.living]
        if len(added) > 1:
            added = [_merged(store, added, processes)]
        store.commit(added)
        generations.promote(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _change(
    store: Store, documents: Iterable[Document], removed: Iterable[str], processes: int | None
) -> None:
    _, segments = store.segments()
    try:
        added, ids = _added(store, documents, processes)
        gone = {name.encode() for name in (*ids, *removed)}
        kept = [
            segment.state._replace(deleted=segment.state.deleted.union(segment.numbers_of(gone)))
            for segment in segments
        ]
        states = [state for state in (*kept, *added) if state.living]
        store.commit(states)
        while chosen := to_merge([(state.size, state.living) for state in states]):
            merged = _merged(store, [states[n] for n in chosen], processes)
            states = [state for n, state in enumerate(states) if n not in chosen]
            states.insert(chosen[0], merged)
            store.commit(states)
    except BaseException:
        store.clean()
        raise


def _merged(store: Store, states: Sequence[SegmentState], processes: int | None) -> SegmentState:
    many = sum(state.living for state in states) > _MANY * SEGMENT_DOCUMENTS
    return store.merge(states, (processes or os.cpu_count() or 1) if many else 1)


def _added(
    store: Store, documents: Iterable[Document], processes: int | None
) -> tuple[list[SegmentState], set[str]]:
    """Write segments of the documents; of those given twice, the last is not deleted. Return their ids."""
    places: dict[str, tuple[int, int]] = {}
    deleted: list[set[int]] = []

    def calls() -> Iterator[tuple[Path, str, list[Document]]]:
        iterator = iter(documents)
        while chunk := list(islice(iterator, SEGMENT_DOCUMENTS)):
            deleted.append(set())
            for number, document in enumerate(chunk):
                name = document.article.id
                if name in places:
                    segment, before = places[name]
                    deleted[segment].add(before)
                places[name] = len(deleted) - 1, number
            yield store.folder, store.new_name(), chunk

    states = list(_written(calls(), processes or os.cpu_count() or 1))
    return [state._replace(deleted=frozenset(gone)) for state, gone in zip(states, deleted, strict=True)], {
        *places
    }


def _written(calls: Iterator[tuple[Path, str, list[Document]]], processes: int) -> Iterator[SegmentState]:
    first: Sequence[tuple[Path, str, list[Document]]] = list(islice(calls, _MANY + 1))
    if len(first) <= _MANY or processes == 1:
        yield from (write(*call) for call in chain(first, calls))
    else:
        yield from in_processes(write, chain(first, calls), processes)


def write(folder: Path, name: str, documents: list[Document]) -> SegmentState:
    """Write a segment of these documents."""
    return write_segment(folder, name, invert(documents))
