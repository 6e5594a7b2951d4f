"""Writing the embedded index: one commit to the generation that is read, or a new one beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from archive_search.index import schema
from archive_search.index.generations import Generations, sync
from archive_search.index.snapshot import Snapshot
from archive_search.index.store import Store
from archive_search.records import Document

__all__ = ["rebuild", "update"]


def update(generations: Generations, documents: Iterable[Document], removed: Iterable[str]) -> None:
    """Add or replace documents and remove ids, in one commit; build an index where there is none."""
    with generations.writing():
        path = generations.current()
        if path is None:
            _build(generations, documents)
        else:
            _change(path, documents, removed)


def rebuild(generations: Generations, documents: Iterable[Document]) -> None:
    """Build a new generation of these documents beside the old one, and promote it."""
    with generations.writing():
        _build(generations, documents)


def _build(generations: Generations, documents: Iterable[Document]) -> None:
    path = generations.new()
    try:
        store = Store.create(path, terms=schema.TERM_FIELDS, columns=schema.COLUMNS)
        _write(store, documents)
        generations.promote(path)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def _change(path: Path, documents: Iterable[Document], removed: Iterable[str]) -> None:
    store = Store.open(path)
    snapshot = Snapshot(store)
    living = np.flatnonzero(snapshot.alive)
    numbers = dict(zip(snapshot.ids[living].tolist(), living.tolist(), strict=True))
    _write(store, documents, numbers, removed)
    sync(path)


def _write(
    store: Store,
    documents: Iterable[Document],
    numbers: Mapping[str, int] = MappingProxyType({}),
    removed: Iterable[str] = (),
) -> None:
    """Write documents in one commit; `numbers` are those of the documents that they may replace."""
    with store.writing() as writer:
        added: dict[str, int] = {}
        for document in documents:
            name = document.article.id
            if name in added:
                writer.take_back(added[name])
            added[name] = writer.add(schema.fields(document))
        for name in {*added, *removed} & numbers.keys():
            writer.delete(numbers[name])
