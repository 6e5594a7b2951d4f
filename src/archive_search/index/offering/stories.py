"""Which articles tell the same in almost the same words: one story, told on several pages or portals.

Candidates agree in a band of their signatures (see `shingles`); the texts decide. Two articles tell the same
if the shorter shares most of its shingles with the longer, and its numbers stand in the same words: a notice
of every week, a list of prices or the report on last year's campaign has the words of another and numbers of
its own. A story is all that is reached from one telling to the next.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.deadline import check
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import Page
from archive_search.index.storage.shingles import BAND_BITS, Codes, Shingles, agreeing, bands, shingles
from archive_search.records import Story

__all__ = ["MAX_ARTICLES", "Stories", "same_story"]

# Chosen with `python eval/stories.py`: copies share .97 and more of the shorter text, and of what holds a
# number in it; of others that share .7 and are about as long, one has .83 of that, the rest at most .47.
SHARED = 0.7
SHARED_NUMBERED = 0.6

SHORTER = 0.4
"""What the shorter text must have of the longer: a notice is not the report that cites it."""

MAX_ARTICLES = 100
"""Articles of a story that are looked for; more tell the same only where a page is published daily."""

_MAX_TEXTS = 300
"""Texts that are read to find them: a tenth of a second."""

_MIN_AGREEING = 8
"""Rows of 24 in which candidates agree.

Of texts of one length that share .7 of their shingles, and so resemble each other by .54, 98 in 100 do.
"""

_STORY_BYTES = 400

# A band, its number and a document take the 64 bits of a code: there is room for half a billion documents.
_NEXT = np.uint64(1 << 64 - BAND_BITS - 5)


def same_story(one: Shingles, other: Shingles) -> bool:
    """Tell whether two articles tell the same in almost the same words."""
    short, long = sorted((one, other), key=lambda text: len(text.all))
    if not len(short.all) or len(short.all) < SHORTER * len(long.all):
        return False
    return (
        _contained(short.all, long.all) >= SHARED
        and _contained(short.numbered, long.numbered) >= SHARED_NUMBERED
    )


def _contained(some: Codes, others: Codes) -> float:
    """Return how much of the smaller set the other one has; all of it, if it is empty."""
    smaller = min(len(some), len(others))
    return len(np.intersect1d(some, others, assume_unique=True)) / smaller if smaller else 1.0


class Told(NamedTuple):
    """The articles of a story, the earliest first, and what tells it in short."""

    docs: tuple[int, ...]
    story: Story


class Stories:
    """The stories of one snapshot; safe to share between threads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def of(self, doc: int) -> Told | None:
        """Return the story that a document tells with others; None if it stands alone."""
        if not self._has_candidates[doc]:
            return None
        cache = self._snapshot.cache
        found: Told | None = cache.get(("story", doc), lambda: self._told(doc), _size)
        for member in found.docs if found else ():
            # One story for all who tell it, also where its bounds would cut another piece from each.
            cache.get(("story", member), lambda: found, _size)
        return found

    @cached_property
    def _shared(self) -> Codes:
        """What several living documents have in a band, in order, each with one of them in the last bits."""
        snapshot = self._snapshot
        signed = np.flatnonzero(snapshot.alive & (snapshot.signatures[:, 0] != 0))
        by_band = np.ascontiguousarray(_keys(snapshot.signatures[signed]).T)
        return np.concatenate([_repeated(np.sort(keys | signed.astype(np.uint64))) for keys in by_band])

    @cached_property
    def _has_candidates(self) -> NDArray[np.bool_]:
        found = np.zeros(self._snapshot.size, dtype=np.bool_)
        found[_docs(self._shared)] = True
        return found

    def _candidates(self, doc: int) -> list[int]:
        """Return the documents that may tell the same, the likeliest first."""
        signatures = self._snapshot.signatures
        keys = _keys(signatures[doc : doc + 1])[0]
        lows, highs = np.searchsorted(self._shared, [keys, keys + _NEXT])
        found = [self._shared[low:high] for low, high in zip(lows.tolist(), highs.tolist(), strict=True)]
        docs = np.unique(_docs(np.concatenate(found)))
        docs = docs[docs != doc]
        rows = agreeing(signatures[doc], signatures[docs])
        order = np.lexsort((docs, -rows))
        likely: list[int] = docs[order][rows[order] >= _MIN_AGREEING].tolist()
        return likely

    def _told(self, doc: int) -> Told | None:
        docs = self._reached(doc)
        if len(docs) < 2:
            return None
        docs.sort(key=self._snapshot.oldest_rank.__getitem__)
        first = self._snapshot.page(docs[0])
        story = Story(
            size=len(docs),
            first=first.id,
            portal=first.portal,
            url=first.url,
            published_at=datetime.fromisoformat(first.published_at) if first.published_at else None,
        )
        return Told(tuple(docs), story)

    def _reached(self, doc: int) -> list[int]:
        """Return the documents that are reached from one to the next that tells the same."""
        texts: dict[int, Shingles] = {}

        def text(one: int) -> Shingles:
            if one not in texts:
                check()
                texts[one] = self._shingles(one)
            return texts[one]

        members, waiting = [doc], deque([doc])
        while waiting:
            one = waiting.popleft()
            for other in self._candidates(one):
                if other in members or len(members) == MAX_ARTICLES:
                    continue
                if other not in texts and len(texts) >= _MAX_TEXTS:
                    continue
                if same_story(text(one), text(other)):
                    members.append(other)
                    waiting.append(other)
        return members

    def _shingles(self, doc: int) -> Shingles:
        return shingles(_texts(self._snapshot.page(doc)))


def _size(told: Told | None) -> int:
    return _STORY_BYTES + 40 * len(told.docs if told else ())


def _keys(signatures: NDArray[np.uint32]) -> Codes:
    """Return the bands of signatures, told apart by their number, with room for that of a document."""
    found = bands(signatures)
    numbers = np.arange(found.shape[1], dtype=np.uint64) << np.uint64(BAND_BITS)
    keys: Codes = (numbers | found & np.uint32((1 << BAND_BITS) - 1)) * _NEXT
    return keys


def _repeated(codes: Codes) -> Codes:
    """Return those of the codes, which are in order, that have their key in common with a neighbour."""
    if not len(codes):
        return codes
    same = np.diff(codes // _NEXT) == 0
    repeated: Codes = codes[np.append(same, False) | np.append(False, same)]
    return repeated


def _docs(codes: Codes) -> Numbers:
    return (codes % _NEXT).astype(np.int64)


def _texts(page: Page) -> list[str]:
    return [page.title, page.lead or "", *(text for _, text in page.blocks)]
