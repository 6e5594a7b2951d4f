"""Whoosh as its documentation shows it: TEXT and KEYWORD fields, `groupedby`, its highlighter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from asked import FACETS, LISTED, Answer, Asked
from stored import Row
from whoosh.analysis import SpaceSeparatedTokenizer
from whoosh.fields import ID, KEYWORD, STORED, TEXT, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.query import And, Every, Or, Phrase, Prefix, Term
from whoosh.query import Query as WhooshQuery
from whoosh.sorting import FieldFacet


def build(folder: Path, rows: Iterator[Row], processes: int) -> None:
    """Build an index in a folder, in one commit."""
    folder.mkdir()
    text = {"analyzer": SpaceSeparatedTokenizer()}
    schema = Schema(
        id=ID(stored=True),
        title=STORED,
        exact=TEXT(stored=True, **text),
        folded=TEXT(**text),
        published=ID(sortable=True),
        year=ID(sortable=True),
        month=ID(sortable=True),
        portal=ID(sortable=True),
        speaker=KEYWORD(commas=True),
        topic=KEYWORD(commas=True),
    )
    # Several processes write segments of their own; to merge them would take longer than one writer.
    writer = FileStorage(str(folder)).create_index(schema).writer(procs=processes, multisegment=processes > 1)
    for row in rows:
        writer.add_document(
            id=row.id,
            title=row.title,
            exact=row.exact,
            folded=row.folded,
            published=row.published,
            year=row.year,
            month=row.month,
            portal=row.portal,
            speaker=",".join(row.speakers),
            topic=",".join(row.topics),
        )
    writer.commit()


class _Asked(NamedTuple):
    query: WhooshQuery
    filtered: WhooshQuery | None
    asked: Asked


class Opened:
    """An index opened for searching."""

    def __init__(self, folder: Path) -> None:
        self.searcher = FileStorage(str(folder)).open_index().searcher()
        self._facets = {name: FieldFacet(name, allow_overlap=name in ("speaker", "topic")) for name in FACETS}

    def prepare(self, asked: Asked) -> _Asked | None:
        """Return the query; there are no cursors, and what is near is a query class of its own."""
        if asked.after or asked.form == "near":
            return None
        filtered = And([Term(*chosen) for chosen in asked.filters]) if asked.filters else None
        return _Asked(_query(asked), filtered, asked)

    def answer(self, prepared: _Asked) -> Answer:
        """Return the answer."""
        asked = prepared.asked
        wanted: dict[str, Any] = {"groupedby": self._facets} if asked.page else {}
        if asked.newest:
            wanted |= {"sortedby": "published", "reverse": True}
        results = self.searcher.search(
            prepared.query, limit=asked.offset + 10, filter=prepared.filtered, **wanted
        )
        hits = results[asked.offset : asked.offset + 10]
        if not asked.page:
            return Answer(tuple(hit["id"] for hit in hits), len(results))
        for hit in hits:
            hit.highlights("exact")
        return Answer(
            tuple(hit["id"] for hit in hits), len(results), {f: _counts(results, f) for f in FACETS}
        )


def _counts(results: Any, facet: str) -> dict[str, int]:
    counts = ((value, len(docs)) for value, docs in results.groups(facet).items() if value)
    ordered = sorted(counts, key=lambda pair: -pair[1])
    return dict(ordered if facet == "month" else ordered[:LISTED])


def _query(asked: Asked) -> WhooshQuery:
    if asked.form == "everything":
        return Every()
    if asked.form == "prefix":
        return Prefix(asked.words[0].field, asked.words[0].key)
    if asked.form == "phrase":
        return Phrase(asked.words[0].field, [word.key for word in asked.words])
    terms = [Term(word.field, word.key) for word in asked.words]
    return Or(terms) if asked.form == "any" else And(terms)
