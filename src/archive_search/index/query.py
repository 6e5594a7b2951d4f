"""What is asked: the typed text read into a tree, with filters, order and page.

`parse` reads what a reader types and never raises:

===========================  =================================================================
`thu hồi đất`                all the words (AND, VÀ)
`"thu hồi đất"`              the phrase, exactly in these accents
`đất OR nhà`                 either (HOẶC)
`đất -nhà`, `NOT nhà`        without (KHÔNG)
`(đất OR nhà) ở`             brackets group
`giải phó*`                  the words that begin so
`họp NEAR/5 "ngân sách"`     near each other in one text, in either order
`title:họp`                  in the title; `said:họp` in what someone says
`speaker:"Lê Thị Bình"`      a facet's value: speaker, session, topic, place, document, portal, year
`từ 7/2022 đến 12/2022`      published then (from:2022-07 to:2022-12, 2022-07..2022-12)
===========================  =================================================================

Typed accents narrow, missing accents widen: a word with marks is that spelling (in either placement of
the tone), a word without marks is every spelling of those letters, unless it is quoted. A symbol of a
legal document is one word. What cannot be read as one of these forms is searched as words, and
`understand` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from archive_search.index.language.expanding import Expansion, expand
from archive_search.index.language.notes import Message, Note, whole
from archive_search.index.language.reading import MAX_COST
from archive_search.index.language.reading import read as read_text
from archive_search.index.language.thesaurus import Thesaurus, bundled
from archive_search.index.language.tree import Node, cost, loosened
from archive_search.records import Filters, Sort

__all__ = ["Query", "Understood", "parse", "read", "understand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to an engine: the tree and the text it was read from, and which page of hits to show.

    A page begins behind the hit of the cursor `after` (`Results.next`), if one is given, and `offset` hits
    further on. With `fresh`, newer articles rank a little higher than older ones that answer as well.
    `facets` names those to count (None: all). `facet_limit` bounds the values listed of each to the largest
    ones (None lists them all); counts are exact either way, selected values are always listed, and so are
    all years and months.
    """

    node: Node
    text: str
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    after: str | None = None
    fresh: bool = True
    facets: tuple[str, ...] | None = None
    facet_limit: int | None = None


class Understood(NamedTuple):
    """The tree of what was typed, what is told about how it was read, and the other forms put in."""

    node: Node
    notes: tuple[Note, ...]
    expansions: tuple[Expansion, ...]


def parse(text: str) -> Node:
    """Return the tree of what was typed, expanded by other ways to write it."""
    return understand(text).node


def understand(
    text: str, *, loose: bool = False, expanding: bool = True, thesaurus: Thesaurus | None = None
) -> Understood:
    """Return the tree, and notes on what was not read as its writer may have meant it.

    If `loose`, accents count nowhere, not in quotation marks either. If `expanding`, the tree also holds
    what the `thesaurus` (the bundled one, if none is given) knows as other ways to write the words; where
    it would cost too much for that, it does not, and a note says so.
    """
    node, notes = read_text(text)
    if loose:
        node = loosened(node)
    if not expanding:
        return Understood(node, notes, ())
    expanded, expansions = expand(node, thesaurus or bundled())
    if cost(expanded) > MAX_COST:
        return Understood(node, (whole(text, Message.TOO_WIDE), *notes), ())
    return Understood(loosened(expanded) if loose else expanded, notes, expansions)


def read(text: str) -> Node:
    """Return the tree of what was typed; the empty text and `*` are `Everything`."""
    return read_text(text)[0]
