"""The interface behind which an engine stands: a tree of analysed words goes in, records come out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from archive_search.index.query import Query
from archive_search.records import Document, Results

__all__ = ["Engine"]


class Engine(Protocol):
    """What answers queries over the documents that it was given.

    An engine that cannot do something raises `errors.Unsupported`; it never answers with less.
    """

    def search(self, query: Query) -> Results:
        """Return one page of hits with the exact total and the facets.

        Filters that name nothing known match nothing. Raises `errors.IndexUnusable` where there is no
        index yet.
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
