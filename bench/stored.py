"""A corpus on disk, read back one article at a time; `corpus` writes it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from archive_search.records import Document

CHUNK = 1000
"""Articles of one file."""

BREAK = "¶"
"""The token between two texts of a row, so that no phrase runs from one into the next."""


@dataclass(frozen=True, slots=True)
class Row:
    """An article as the other engines take it: the tokens that ours makes of it, with spaces between them.

    `exact` are the tokens' exact keys and `folded` their folded ones; `published` is the minute in Vietnam.
    """

    id: str
    title: str
    exact: str
    folded: str
    published: str
    portal: str
    speakers: tuple[str, ...]
    topics: tuple[str, ...]

    @property
    def year(self) -> str:
        """The year of publication."""
        return self.published[:4]

    @property
    def month(self) -> str:
        """The month of publication (`2022-07`)."""
        return self.published[:7]


def write_chunk(folder: Path, number: int, documents: list[Document], rows: list[Row]) -> None:
    """Write one file of documents and one of rows."""
    for kind, records in (("documents", documents), ("rows", rows)):
        with (folder / f"{kind}-{number:05}.pickle").open("wb") as file:
            pickle.dump(records, file, protocol=pickle.HIGHEST_PROTOCOL)


def documents(folder: Path, articles: int) -> Iterator[Document]:
    """Yield the first articles of a corpus as our engine takes them."""
    return _read(folder, "documents", articles)


def rows(folder: Path, articles: int) -> Iterator[Row]:
    """Yield the first articles of a corpus as the other engines take them."""
    return _read(folder, "rows", articles)


def _read(folder: Path, kind: str, articles: int) -> Iterator[Any]:
    files = sorted(folder.glob(f"{kind}-*.pickle"))
    return islice(chain.from_iterable(pickle.loads(file.read_bytes()) for file in files), articles)


class Timed:
    """An iterator that knows how long it took to bring what was asked of it."""

    def __init__(self, records: Iterator[Any]) -> None:
        self._records = records
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Any]:
        while True:
            began = time.perf_counter()
            record = next(self._records, None)
            self.seconds += time.perf_counter() - began
            if record is None:
                return
            yield record
