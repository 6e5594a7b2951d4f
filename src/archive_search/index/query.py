"""What is asked: the typed text read into a tree, with filters, order and page.

`parse` reads what a reader types and never raises:

===========================  =================================================================
`thu hồi đất`                all the words (AND, VÀ)
`"thu hồi đất"`              the phrase
`đất OR nhà`                 either (HOẶC)
`đất -nhà`, `NOT nhà`        without (KHÔNG)
`(đất OR nhà) ở`             brackets group
`giải phó*`                  the words that begin so
`họp NEAR/5 "ngân sách"`     near each other in one text, in either order
`title:họp`                  in the title; a facet's value with speaker, topic, portal, year
`từ 7/2022 đến 12/2022`      published then (from:2022-07 to:2022-12, 2022-07..2022-12)
===========================  =================================================================

Typed accents narrow, missing accents widen: a word with marks is that spelling (in either placement of
the tone), a word without marks is every spelling of those letters. A symbol of a legal document is one
word. What cannot be read as one of these forms is searched as words, and `understand` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archive_search.index.expanding import expand
from archive_search.index.notes import Message, Note
from archive_search.index.reading import MAX_CHARS, MAX_DEPTH, MAX_DISTANCE, MAX_PREFIXES, MAX_WORDS
from archive_search.index.reading import read as read_text
from archive_search.index.tree import (
    And,
    Everything,
    HasValue,
    InTitle,
    Near,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Published,
    Word,
)
from archive_search.records import Filters, Sort

__all__ = [
    "MAX_CHARS",
    "MAX_DEPTH",
    "MAX_DISTANCE",
    "MAX_PREFIXES",
    "MAX_WORDS",
    "And",
    "Everything",
    "HasValue",
    "InTitle",
    "Message",
    "Near",
    "Node",
    "Not",
    "Note",
    "Nothing",
    "Or",
    "Phrase",
    "Prefix",
    "Published",
    "Query",
    "Understood",
    "Word",
    "parse",
    "read",
    "understand",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to an engine: the tree and the text it was read from, and which page of hits to show.

    A page begins behind the hit of the cursor `after` (`Results.next`), if one is given, and `offset` hits
    further on. With `fresh`, newer articles rank a little higher than older ones that answer as well.
    `facet_limit` bounds the values listed of each facet to the largest ones (None lists them all);
    counts are exact either way, selected values are always listed, and so are all years and months.
    """

    node: Node
    text: str
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    after: str | None = None
    fresh: bool = True
    facet_limit: int | None = None


class Understood(NamedTuple):
    """The tree of what was typed, and what is to be told about how it was read."""

    node: Node
    notes: tuple[Note, ...]
    expansions: tuple[Any, ...] = ()


def parse(text: str) -> Node:
    """Return the tree of what was typed, expanded by other ways to write it."""
    return understand(text).node


def understand(text: str, *, loose: bool = False, expanding: bool = True) -> Understood:
    """Return the expanded tree, and notes on what was not read as its writer may have meant it."""
    node, notes = read_text(text)
    return Understood(expand(node), notes)


def read(text: str) -> Node:
    """Return the tree of what was typed; the empty text and `*` are `Everything`."""
    return read_text(text)[0]
