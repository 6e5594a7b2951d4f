"""The state of the search page: all of it is in the query string, and nothing else is believed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from archive_search.records import Filters, Sort
from archive_search.vietnamese.spelling import normalise

FIELDS = ("speaker", "session", "topic", "place", "document", "year", "month", "portal")
"""The fields of `Filters`, in the order in which the page shows them."""

MAX_TYPED = 500
"""Characters of a query that are read; the box lets nobody type more."""

MAX_VALUES = 20
"""Values of one facet that are read: a person chooses a few, a script sends thousands."""

MAX_PAGE = 99_999
"""Two million hits; a page costs the same wherever it stands."""

LOOSE = "loose"
OFF = "0"
"""Values of the switches in the query string; any other leaves a switch as it is."""

_SHAPES = {
    "speaker": re.compile(r".{1,100}"),
    "session": re.compile(r".{1,200}"),
    "topic": re.compile(r"[a-z0-9-]{1,60}"),
    "place": re.compile(r".{1,100}"),
    "document": re.compile(r"[^\s]{1,60}"),
    "year": re.compile(r"[0-9]{4}"),
    "month": re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])"),
    "portal": re.compile(r"[a-z0-9-]{1,60}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is asked for; `sort` is None while the reader has not chosen an order.

    `loose` ignores accents that are typed; without `expand` only what is typed is searched, and no other
    way to write it; without `fresh` the age of an article does not count.
    """

    q: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: Sort | None = None
    loose: bool = False
    expand: bool = True
    fresh: bool = True
    page: int = 1

    @property
    def order(self) -> Sort:
        """The order of the hits: the chosen one, else the best first, or the newest of everything."""
        if not self.q and self.sort in (None, Sort.RELEVANCE):
            return Sort.NEWEST
        return self.sort or Sort.RELEVANCE

    @property
    def is_front(self) -> bool:
        """Tell whether nothing at all is asked, so that the page is the front page."""
        return self == State()

    def params(self) -> dict[str, Any]:
        """Return the query string's parameters, strings or lists of them, without those that say nothing."""
        given: dict[str, Any] = {
            "q": self.q,
            **{name: list(getattr(self.filters, name)) for name in FIELDS},
            "sort": self.sort.value if self.sort else "",
            **{name: given for name, given, is_so in self._switches() if is_so},
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in given.items() if value}

    def _switches(self) -> tuple[tuple[str, str, bool], ...]:
        """Return the parameter that stands for each switch, its value, and whether it is given."""
        return (
            ("spelling", LOOSE, self.loose),
            ("expand", OFF, not self.expand),
            ("fresh", OFF, not self.fresh),
        )

    def toggled(self, name: str, value: str) -> State:
        """Return the state with a value chosen if it was not, and not chosen if it was.

        Months belong to the years chosen with them, so a change of years lets go of them.
        """
        chosen: tuple[str, ...] = getattr(self.filters, name)
        rest = tuple(v for v in chosen if v != value)
        changes = {name: rest if value in chosen else (*chosen, value)}
        if name == "year":
            changes["month"] = ()
        return replace(self, filters=replace(self.filters, **changes), page=1)

    def without_filters(self) -> State:
        """Return the state with no facet value chosen."""
        return replace(self, filters=Filters(), page=1)

    def sorted_by(self, sort: Sort) -> State:
        """Return the state in another order, from the first page."""
        return replace(self, sort=sort, page=1)

    def on_page(self, page: int) -> State:
        """Return the state on another page of hits."""
        return replace(self, page=page)


def read(args: MultiDict[str, str]) -> State:
    """Return the state that a query string describes; what makes no sense is left out."""
    page = args.get("page", "")
    return State(
        q=_plain(args.get("q", ""))[:MAX_TYPED].strip(),
        filters=Filters(**{name: _values(args, name) for name in FIELDS}),
        sort=_SORTS.get(args.get("sort", "")),
        loose=args.get("spelling") == LOOSE,
        expand=args.get("expand") != OFF,
        fresh=args.get("fresh") != OFF,
        page=max(1, min(int(page), MAX_PAGE)) if re.fullmatch(r"[0-9]{1,9}", page) else 1,
    )


_SORTS: Mapping[str, Sort] = {sort.value: sort for sort in Sort}


def _values(args: MultiDict[str, str], name: str) -> tuple[str, ...]:
    plain = (_plain(value) for value in args.getlist(name)[:MAX_VALUES])
    return tuple(dict.fromkeys(value for value in plain if _SHAPES[name].fullmatch(value)))


def _plain(text: str) -> str:
    """Return the text in NFC with single spaces and no characters that cannot be printed."""
    printable = (" " if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") else c for c in normalise(text))
    return " ".join("".join(printable).split())
