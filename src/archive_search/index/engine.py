"""The interface behind which an engine stands: a tree of analysed words goes in, records come out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from archive_search.index.query import Query
from archive_search.records import Correction, Document, Hit, Results, Suggestion, SuggestionKind

__all__ = ["Engine"]


class Engine(Protocol):
    """What answers queries over the documents that it was given.

    An engine that cannot do something raises `errors.Unsupported`; it never answers with less.
    """

    def search(self, query: Query) -> Results:
        """Return one page of hits with the exact total and the facets.

        Filters that name nothing known match nothing. Raises `errors.IndexUnusable` where there is no
        index yet, `errors.BadCursor` for a cursor that is none, `errors.SearchTooSlow` at the deadline.
        """
        ...

    def every(self, query: Query) -> Iterator[Hit]:
        """Yield all hits in the order asked for, from the query's place on, all of one commit.

        No deadline holds; raises otherwise as `search` does.
        """
        ...

    def correct(self, text: str) -> Correction | None:
        """Return what the writer of a query may have meant, if the archive's own words tell."""
        ...

    def suggest(self, typed: str, kinds: tuple[SuggestionKind, ...], limit: int) -> tuple[Suggestion, ...]:
        """Return at most `limit` of each kind that begin as typed, in any spelling if without accents."""
        ...

    def similar(self, article: str, limit: int) -> tuple[Hit, ...]:
        """Return the articles nearest in their words, the nearest first, without those of the same story."""
        ...

    def same_story(self, article: str) -> tuple[Hit, ...]:
        """Return the articles that tell the same in almost the same words, this one too, the first first.

        An article that stands alone has none.
        """
        ...

    def update(self, documents: Iterable[Document], removed: Iterable[str] = ()) -> None:
        """Add the documents, replacing those of the same article id, and remove ids, in one commit."""
        ...

    def rebuild(self, documents: Iterable[Document]) -> None:
        """Replace the whole index by one of these documents.

        It is built beside the old one and takes its place at once when it is complete.
        """
        ...

    def versions(self) -> dict[str, str]:
        """Return the version that is indexed of each article id."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
