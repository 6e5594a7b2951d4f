"""Our engine, asked as the web asks it: every answer has snippets, wanted or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from asked import FACETS, LISTED, Answer, Asked

from archive_search.index.query import Query, parse
from archive_search.index.storage import schema, writing
from archive_search.index.storage.generations import Generations
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Document, Filters, Sort

# The page counts three more than the other engines are asked for.
FACETS_OF_THE_PAGE = None


def build(folder: Path, documents: Iterator[Document], processes: int) -> None:
    """Build an index in a folder."""
    writing.rebuild(Generations(folder, schema.schema_hash()), documents, processes)


class Opened:
    """An index opened for searching."""

    def __init__(self, folder: Path) -> None:
        self.engine = WhooshEngine(folder)
        self._other = WhooshEngine(folder)

    def prepare(self, asked: Asked) -> Query | None:
        """Return the query; a cursor comes from the page before, which another engine has shown."""
        query = Query(
            node=parse(asked.text),
            text=asked.text,
            filters=Filters(**{name: (value,) for name, value in asked.filters}),
            sort=Sort.NEWEST if asked.newest else Sort.RELEVANCE,
            offset=asked.offset,
            facets=FACETS_OF_THE_PAGE if asked.page else (),
            facet_limit=LISTED,
        )
        if not asked.after:
            return query
        before = self._other.search(replace(query, offset=asked.after - query.limit))
        return replace(query, after=before.next) if before.next else None

    def answer(self, prepared: Query) -> Answer:
        """Return the answer."""
        results = self.engine.search(prepared)
        facets = {
            facet.field: {value.value: value.count for value in facet.values}
            for facet in results.facets
            if facet.field in FACETS
        }
        return Answer(tuple(hit.id for hit in results.hits), results.total, facets)

    def every(self, prepared: Query) -> int:
        """Read all hits; return how many there are."""
        return sum(1 for _ in self.engine.every(prepared))
