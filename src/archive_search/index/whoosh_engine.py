"""The embedded engine: Whoosh keeps the index, NumPy evaluates it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive_search.errors import IndexUnusable
from archive_search.index import schema
from archive_search.index.facets import FACET_FIELDS, chosen_values
from archive_search.index.generations import Generations, sync
from archive_search.index.highlight import Highlighter
from archive_search.index.query import Query
from archive_search.index.ranking import Ranking, Weights
from archive_search.index.relaxing import Answer, answer
from archive_search.index.snapshot import Snapshot
from archive_search.index.store import Store
from archive_search.records import Document, Facet, Filters, Hit, Results, Sort

Mask = NDArray[np.bool_]

_OPEN_TRIES = 5


class _View:
    """A snapshot with what is computed over it."""

    def __init__(self, store: Store, snapshot: Snapshot, weights: Weights) -> None:
        self.store = store
        self.snapshot = snapshot
        self.ranking = Ranking(snapshot, weights)

    def is_current(self, path: Path) -> bool:
        """Tell whether this is what `path` holds now, and not what it held before a commit."""
        return path == self.store.folder and self.store.generation() == self.snapshot.generation


class WhooshEngine:
    """The embedded engine over one folder; safe to share between threads.

    Several processes may read while one writes. Readers notice a commit with their next query.
    """

    def __init__(self, folder: Path, weights: Weights | None = None) -> None:
        self._generations = Generations(folder, schema.schema_hash())
        self._weights = weights or Weights()
        self._view: _View | None = None
        self._opening = threading.Lock()

    def search(self, query: Query) -> Results:
        """Return one page of hits with the exact total and the facets."""
        view = self._current_view()
        found = view.snapshot.cache.get(
            ("answer", query.node),
            lambda: answer(query.node, view.ranking),
            lambda made: made.mask.nbytes + made.scores.nbytes + made.complete.nbytes,
        )
        chosen = _selections(view.snapshot, query.filters)
        mask = _narrowed(found.mask, chosen.values())
        return Results(
            total=int(np.count_nonzero(mask)),
            hits=_hits(view, query, found, mask),
            facets=_facets(view.snapshot, query, found.mask, chosen),
            complete=int(np.count_nonzero(_narrowed(found.complete, chosen.values()))),
        )

    def update(self, documents: Iterable[Document], removed: Iterable[str] = ()) -> None:
        """Add or replace documents and remove ids, in one commit."""
        with self._generations.writing():
            path = self._generations.current()
            if path is None:
                self._build(documents)
            else:
                self._change(path, documents, removed)

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Build a new generation of these documents beside the old one, and promote it."""
        with self._generations.writing():
            self._build(documents)

    def versions(self) -> dict[str, str]:
        """Return the version that is indexed of each article id: none where there is no usable index."""
        try:
            snapshot = self._current_view().snapshot
        except IndexUnusable:
            return {}
        alive = snapshot.alive
        return dict(zip(snapshot.ids[alive].tolist(), snapshot.versions[alive].tolist(), strict=True))

    def close(self) -> None:
        """Let go of the files, once the requests that still use them have ended."""
        self._view = None

    def _build(self, documents: Iterable[Document]) -> None:
        path = self._generations.new()
        try:
            store = Store.create(path, terms=schema.TERM_FIELDS, columns=schema.COLUMNS)
            _write(store, documents)
            self._generations.promote(path)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise

    def _change(self, path: Path, documents: Iterable[Document], removed: Iterable[str]) -> None:
        store = Store.open(path)
        snapshot = Snapshot(store, self._snapshot_of(path))
        living = np.flatnonzero(snapshot.alive)
        numbers = dict(zip(snapshot.ids[living].tolist(), living.tolist(), strict=True))
        _write(store, documents, numbers, removed)
        sync(path)

    def _current_view(self) -> _View:
        for _ in range(_OPEN_TRIES):
            path = self._generations.current()
            if path is None:
                break
            view = self._view
            try:
                if view is None or not view.is_current(path):
                    view = self._open(path)
            except OSError:
                # Between reading the pointer and opening the files, a writer has moved on: look again.
                continue
            return view
        raise IndexUnusable(
            f"There is no search index in {self._generations.folder} yet, or one that an older version made. "
            "Build it with `archive-search index`."
        )

    def _open(self, path: Path) -> _View:
        with self._opening:
            view = self._view
            if view is None or not view.is_current(path):
                store = Store.open(path)
                view = _View(store, Snapshot(store, self._snapshot_of(path)), self._weights)
                self._view = view
            return view

    def _snapshot_of(self, path: Path) -> Snapshot | None:
        view = self._view
        return view.snapshot if view and view.store.folder == path else None


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


def _selections(snapshot: Snapshot, filters: Filters) -> dict[str, Mask]:
    """Return the documents that each field's filter leaves, for the fields that have one."""
    return {
        name: snapshot.values[name].mask(chosen_values(filters, name), snapshot.size)
        for name in FACET_FIELDS
        if chosen_values(filters, name)
    }


def _narrowed(mask: Mask, selections: Iterable[Mask]) -> Mask:
    for selection in selections:
        mask = mask & selection
    return mask


def _facets(snapshot: Snapshot, query: Query, mask: Mask, chosen: dict[str, Mask]) -> tuple[Facet, ...]:
    facets = []
    for name in FACET_FIELDS:
        others = _narrowed(mask, (selection for other, selection in chosen.items() if other != name))
        wanted = chosen_values(query.filters, name)
        facets.append(snapshot.values[name].facet(others, wanted, query.facet_limit))
    return tuple(facets)


def _hits(view: _View, query: Query, found: Answer, mask: Mask) -> tuple[Hit, ...]:
    docs = _ordered(view.snapshot, query, found, np.flatnonzero(mask))
    highlighter = Highlighter(found.node, view.ranking.weight)
    return tuple(
        _hit(view.snapshot.page(doc), float(found.scores[doc]), highlighter)
        for doc in docs[query.offset : query.offset + query.limit].tolist()
    )


def _ordered(snapshot: Snapshot, query: Query, found: Answer, docs: Any) -> Any:
    """Return the documents in the order asked for, at least as far as the page that is shown."""
    if query.sort is Sort.OLDEST:
        return docs[np.argsort(snapshot.oldest_rank[docs])]
    ranks = snapshot.newest_rank[docs]
    if query.sort is Sort.NEWEST:
        return docs[np.argsort(ranks)]
    scores = found.scores[docs]
    needed = query.offset + query.limit
    if 0 < needed < len(docs):
        last = np.partition(scores, len(docs) - needed)[len(docs) - needed]
        best = np.flatnonzero(scores >= last)
        docs, ranks, scores = docs[best], ranks[best], scores[best]
    return docs[np.lexsort((ranks, -scores))]


def _hit(page: schema.Page, score: float, highlighter: Highlighter) -> Hit:
    return Hit(
        id=page.id,
        version=page.version,
        portal=page.portal,
        number=page.number,
        url=page.url,
        title=page.title,
        published_at=datetime.fromisoformat(page.published_at) if page.published_at else None,
        score=score,
        snippet=highlighter.snippet(page),
        speakers=tuple(page.speakers),
    )
