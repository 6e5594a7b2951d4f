"""tantivy, a Rust library, by its Python binding: facets by aggregation over fast fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tantivy
from asked import FACETS, LISTED, Answer, Asked
from stored import Row

_MANY = 65_000
"""More values than a facet has: each segment counts them all, so that the sums are exact."""

_MINUTE = str.maketrans("", "", "-T:")


def build(folder: Path, rows: Iterator[Row], processes: int) -> None:
    """Build an index in a folder, in one commit; its writer has so many threads."""
    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("exact", stored=True, tokenizer_name="whitespace")
    builder.add_text_field("folded", tokenizer_name="whitespace")
    builder.add_integer_field("published", fast=True)
    for facet in FACETS:
        builder.add_text_field(facet, fast=True, tokenizer_name="raw", index_option="basic")
    writer = tantivy.Index(builder.build(), path=str(folder)).writer(256_000_000, processes)
    for row in rows:
        document = tantivy.Document()
        for field in ("id", "exact", "folded", "year", "month", "portal"):
            document.add_text(field, getattr(row, field))
        for name in row.speakers:
            document.add_text("speaker", name)
        for slug in row.topics:
            document.add_text("topic", slug)
        document.add_integer("published", int(row.published.translate(_MINUTE)))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class _Asked(NamedTuple):
    query: tantivy.Query
    asked: Asked


class Opened:
    """An index opened for searching."""

    def __init__(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        self.schema, self.searcher = index.schema, index.searcher()
        self._facets = {
            name: {
                "terms": {"field": name, "size": _MANY if name == "month" else LISTED, "segment_size": _MANY}
            }
            for name in FACETS
        }

    def prepare(self, asked: Asked) -> _Asked | None:
        """Return the query; there are no cursors, and its NEAR is another measure."""
        return None if asked.after or asked.form == "near" else _Asked(self._query(asked), asked)

    def answer(self, prepared: _Asked) -> Answer:
        """Return the answer."""
        query, asked = prepared
        order = {"order_by_field": "published"} if asked.newest else {}
        found = self.searcher.search(query, 10, offset=asked.offset, **order)
        documents = [self.searcher.doc(address) for _, address in found.hits]
        ids = tuple(document["id"][0] for document in documents)
        if not asked.page:
            return Answer(ids, found.count)
        snippets = tantivy.SnippetGenerator.create(self.searcher, query, self.schema, "exact")
        for document in documents:
            snippets.snippet_from_doc(document).to_html()
        counted = self.searcher.aggregate(query, self._facets)
        facets = {
            name: {bucket["key"]: bucket["doc_count"] for bucket in counted[name]["buckets"]}
            for name in FACETS
        }
        return Answer(ids, found.count, facets)

    def _query(self, asked: Asked) -> tantivy.Query:
        terms = [tantivy.Query.term_query(self.schema, word.field, word.key) for word in asked.words]
        chosen = [
            tantivy.Query.const_score_query(tantivy.Query.term_query(self.schema, name, value), 0)
            for name, value in asked.filters
        ]
        if asked.form == "everything":
            return tantivy.Query.all_query()
        field, keys = asked.words[0].field, [word.key for word in asked.words]
        if asked.form == "phrase":
            return tantivy.Query.phrase_query(self.schema, field, keys)
        if asked.form == "prefix":
            return tantivy.Query.regex_query(self.schema, field, f"{keys[0]}.*")
        occur = tantivy.Occur.Should if asked.form == "any" else tantivy.Occur.Must
        parts = [(occur, term) for term in terms] + [(tantivy.Occur.Must, term) for term in chosen]
        return tantivy.Query.boolean_query(parts)
