"""The embedded engine: Whoosh keeps the index, NumPy evaluates it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archive_search.errors import IndexUnusable
from archive_search.index.answering.occurring import Occurring, Weights
from archive_search.index.answering.ranking import Ranking
from archive_search.index.answering.relaxing import Answer, answer
from archive_search.index.deadline import deadline
from archive_search.index.facets import chosen_values
from archive_search.index.highlight import Highlighter
from archive_search.index.language.tree import Everything, Node
from archive_search.index.offering.correcting import correct
from archive_search.index.offering.similar import Similar
from archive_search.index.offering.stories import Stories
from archive_search.index.offering.suggesting import Suggesting
from archive_search.index.offering.vocabulary import Vocabulary
from archive_search.index.paging import behind, in_order, place_behind, place_of
from archive_search.index.query import Query
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage import schema, writing
from archive_search.index.storage.generations import Generations
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.store import Store
from archive_search.index.storage.values import FACET_FIELDS
from archive_search.records import (
    Correction,
    Document,
    Facet,
    Filters,
    Hit,
    Results,
    Story,
    Suggestion,
    SuggestionKind,
)

Mask = NDArray[np.bool_]

SEARCH_SECONDS = 5.0
"""The deadline of a search: twenty times what the slowest hostile query took over 100,000 articles."""

_OPEN_TRIES = 5


class _View:
    """A snapshot with what is computed over it."""

    def __init__(self, store: Store, snapshot: Snapshot, weights: Weights) -> None:
        self.store = store
        self.snapshot = snapshot
        self.ranking = Ranking(Occurring(snapshot, weights))
        self.vocabulary = Vocabulary(snapshot)
        self.suggesting = Suggesting(snapshot)
        self.stories = Stories(snapshot)
        self.similar = Similar(self.ranking.occurring, self.vocabulary, self.stories)

    def answer(self, query: Query) -> Answer:
        """Return what the query's tree matches, and keep it for the next page of hits."""
        return self.snapshot.cache.get(
            ("answer", query.node, query.fresh),
            lambda: answer(query.node, self.ranking, fresh=query.fresh),
            lambda made: made.mask.nbytes + made.scores.nbytes + made.complete.nbytes,
        )

    def hits(self, docs: Iterable[int], found: Answer) -> Iterator[Hit]:
        """Yield documents as hits of an answer."""
        return self._shown(((doc, float(found.scores[doc])) for doc in docs), found.node)

    def similar_to(self, article: str, limit: int) -> Iterator[Hit]:
        """Yield the articles nearest to one, with their beginnings."""
        found = (self.similar.nearest(doc, limit) for doc in self._docs(article))
        return self._shown(chain.from_iterable(found), Everything())

    def tellers(self, article: str) -> Iterator[Hit]:
        """Yield the articles of an article's story, with their beginnings."""
        told = filter(None, (self.stories.of(doc) for doc in self._docs(article)))
        return self._shown(((doc, 0.0) for story in told for doc in story.docs), Everything())

    def _docs(self, article: str) -> list[int]:
        """Return the document of an article: one, or none if there is none."""
        docs: list[int] = np.flatnonzero((self.snapshot.ids == article) & self.snapshot.alive).tolist()
        return docs

    def _shown(self, scored: Iterable[tuple[int, float]], node: Node) -> Iterator[Hit]:
        highlighter = Highlighter(node, self.ranking.weight)
        for doc, score in scored:
            told = self.stories.of(doc)
            yield _hit(self.snapshot.page(doc), score, highlighter, told.story if told else None)

    def is_current(self, path: Path) -> bool:
        """Tell whether this is what `path` holds now, and not what it held before a commit."""
        return path == self.store.folder and self.store.generation() == self.snapshot.generation


class WhooshEngine:
    """The embedded engine over one folder; safe to share between threads.

    Several processes may read while one writes. Readers notice a commit with their next query.
    """

    def __init__(
        self, folder: Path, weights: Weights | None = None, *, seconds: float = SEARCH_SECONDS
    ) -> None:
        self._generations = Generations(folder, schema.schema_hash())
        self._weights = weights or Weights()
        self._seconds = seconds
        self._view: _View | None = None
        self._opening = threading.Lock()

    def search(self, query: Query) -> Results:
        """Return one page of hits with the exact total and the facets."""
        view = self._current_view()
        with deadline(self._seconds):
            found = view.answer(query)
            snapshot, node = view.snapshot, query.node
            chosen = _selections(snapshot, query.filters)
            mask = _narrowed(found.mask, chosen.values())
            docs = _docs(snapshot, query, found, mask, query.offset + query.limit + 1)[query.offset :]
            shown = docs[: query.limit].tolist()
            more = len(docs) > len(shown) > 0
            return Results(
                total=int(np.count_nonzero(mask)),
                hits=tuple(view.hits(shown, found)),
                facets=_facets(snapshot, query, found.mask, chosen),
                complete=int(np.count_nonzero(_narrowed(found.complete, chosen.values()))),
                next=place_of(snapshot, shown[-1], found.scores, query.sort).cursor() if more else None,
                cut=view.ranking.matching.cut(node),
            )

    def every(self, query: Query) -> Iterator[Hit]:
        """Yield all hits in the order asked for, from the query's place on, all of one commit."""
        view = self._current_view()
        found = view.answer(query)
        mask = _narrowed(found.mask, _selections(view.snapshot, query.filters).values())
        docs = _docs(view.snapshot, query, found, mask, None)
        yield from view.hits(docs[query.offset :].tolist(), found)

    def correct(self, text: str) -> Correction | None:
        """Return what the writer of a query may have meant, if the archive's own words tell."""
        view = self._current_view()
        with deadline(self._seconds):
            return correct(text, view.vocabulary)

    def suggest(self, typed: str, kinds: tuple[SuggestionKind, ...], limit: int) -> tuple[Suggestion, ...]:
        """Return at most `limit` of each kind that begin as typed, in any spelling if without accents."""
        view = self._current_view()
        with deadline(self._seconds):
            return view.suggesting.suggest(typed, kinds, limit)

    def similar(self, article: str, limit: int) -> tuple[Hit, ...]:
        """Return the articles nearest in their words, the nearest first, without those of the same story."""
        view = self._current_view()
        with deadline(self._seconds):
            return tuple(view.similar_to(article, limit))

    def same_story(self, article: str) -> tuple[Hit, ...]:
        """Return the articles that tell the same in almost the same words, the first first."""
        view = self._current_view()
        with deadline(self._seconds):
            return tuple(view.tellers(article))

    def update(self, documents: Iterable[Document], removed: Iterable[str] = ()) -> None:
        """Add or replace documents and remove ids, in one commit."""
        writing.update(self._generations, documents, removed)

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Build a new generation of these documents beside the old one, and promote it."""
        writing.rebuild(self._generations, documents)

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
    for name in FACET_FIELDS if query.facets is None else query.facets:
        others = _narrowed(mask, (selection for other, selection in chosen.items() if other != name))
        wanted = chosen_values(query.filters, name)
        facets.append(snapshot.values[name].facet(others, wanted, query.facet_limit))
    return tuple(facets)


def _docs(snapshot: Snapshot, query: Query, found: Answer, mask: Mask, needed: int | None) -> Numbers:
    """Return the documents of the mask behind the query's cursor, at least the first `needed` in order."""
    docs = np.flatnonzero(mask)
    if query.after is not None:
        docs = behind(snapshot, docs, found.scores, place_behind(query.after, query.sort))
    return in_order(snapshot, docs, found.scores, query.sort, needed)


def _hit(page: schema.Page, score: float, highlighter: Highlighter, story: Story | None) -> Hit:
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
        story=story,
    )
