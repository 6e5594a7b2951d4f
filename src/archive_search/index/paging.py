"""The order of hits, and cursors: the place of a hit in it, written down as an opaque text.

A hit's place is its score (or its moment), its date and its id, and not a number of hits before it. So
paging goes on where it was even after a commit has added hits in front, and costs the same at any depth.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.errors import BadCursor
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.postings import Numbers
from archive_search.records import Sort

__all__ = ["Place", "behind", "in_order", "place_behind", "place_of"]

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


class Place(NamedTuple):
    """Where a hit stands in an order; `score` counts only in that of relevance."""

    sort: Sort
    score: float
    published: str
    id: str

    def cursor(self) -> str:
        """Return the place as a cursor."""
        data = json.dumps([self.sort.value, *self[1:]], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(data.encode()).rstrip(b"=").decode()


def place_behind(cursor: str, sort: Sort) -> Place:
    """Return the place that a cursor names; raises `BadCursor` if it names none in this order."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, score, published, article = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        place = Place(Sort(name), float(score), str(published), str(article))
    except (ValueError, TypeError) as exc:
        raise BadCursor(f"{cursor!r} is no cursor: take the one that the page of hits before gives.") from exc
    if place.sort is not sort:
        raise BadCursor(f"This cursor belongs to the order {place.sort.value!r}, not to {sort.value!r}.")
    return place


def in_order(
    snapshot: Snapshot, docs: Numbers, scores: Floats, sort: Sort, needed: int | None = None
) -> Numbers:
    """Return the documents in that order, at least the first `needed` of them."""
    if sort is Sort.OLDEST:
        return docs[np.argsort(snapshot.oldest_rank[docs])]
    ranks = snapshot.newest_rank[docs]
    if sort is Sort.NEWEST:
        return docs[np.argsort(ranks)]
    found = scores[docs]
    if needed is not None and 0 < needed < len(docs):
        last = np.partition(found, len(docs) - needed)[len(docs) - needed]
        best = np.flatnonzero(found >= last)
        docs, ranks, found = docs[best], ranks[best], found[best]
    ordered: Numbers = docs[np.lexsort((ranks, -found))]
    return ordered


def behind(snapshot: Snapshot, docs: Numbers, scores: Floats, place: Place) -> Numbers:
    """Return those of the documents that come after a place."""
    later = _later(snapshot, docs, place)
    if place.sort is Sort.RELEVANCE:
        found, score = scores[docs], np.float32(place.score)
        later = (found < score) | ((found == score) & later)
    kept: Numbers = docs[later]
    return kept


def _later(snapshot: Snapshot, docs: Numbers, place: Place) -> Mask:
    """Return which of the documents come after the date and id of a place; without a date is last."""
    published, ids = snapshot.published[docs], snapshot.ids[docs]
    same = (published == place.published) & (ids > place.id)
    undated = published == ""
    if not place.published:
        return np.asarray(same)
    newer_first = place.sort is not Sort.OLDEST
    further = published < place.published if newer_first else published > place.published
    return np.asarray(same | undated | further)


def place_of(snapshot: Snapshot, doc: int, scores: Any, sort: Sort) -> Place:
    """Return where a document stands in that order."""
    return Place(sort, float(scores[doc]), str(snapshot.published[doc]), str(snapshot.ids[doc]))
