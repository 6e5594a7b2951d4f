"""The search page: one query in, hits, facets and ways on out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import LazyString, gettext, lazy_gettext

from archive_search.index.language.notes import TEXTS, Note
from archive_search.index.language.reading import LIMITS
from archive_search.index.language.tree import Node
from archive_search.index.query import Query, Understood, understand
from archive_search.records import Correction, Facet, FacetValue, Filters, Results, Sort
from archive_search.vietnamese.spelling import fold, has_marks
from archive_search.web import language, state
from archive_search.web.histogram import histogram
from archive_search.web.room import portal_label, the_room
from archive_search.web.state import FIELDS, State

views = Blueprint("search", __name__)

PER_PAGE = 20

SHOWN = 10
"""Values of a facet that are in view."""

LISTED = 50
"""Values of a facet that the page holds at all: the others have a page of their own."""

TITLES = {
    "speaker": lazy_gettext("Speaker"),
    "session": lazy_gettext("Session"),
    "topic": lazy_gettext("Topic"),
    "place": lazy_gettext("Place"),
    "document": lazy_gettext("Cited document"),
    "year": lazy_gettext("Year"),
    "month": lazy_gettext("Month"),
    "portal": lazy_gettext("Portal"),
}

ORDERS = {
    Sort.RELEVANCE: lazy_gettext("Best match"),
    Sort.NEWEST: lazy_gettext("Newest"),
    Sort.OLDEST: lazy_gettext("Oldest"),
}


_CUT = lazy_gettext("More words begin so than can be searched at once: only the first ones were.")

_SWITCHES = {
    "loose": lazy_gettext("Ignore the accents that I typed"),
    "strict": lazy_gettext("Mind the accents that I typed"),
    "typed": lazy_gettext("Search only what I typed"),
    "expand": lazy_gettext("Also search other ways to write it"),
    "ageless": lazy_gettext("Do not prefer newer articles"),
    "fresh": lazy_gettext("Prefer newer articles a little"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value of a facet as a link that chooses it, or lets go of it if it is chosen."""

    field: str
    label: str
    count: int
    selected: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A facet on the page: the choices in view, those folded away, and where all of them are."""

    field: str
    shown: tuple[Choice, ...]
    folded: tuple[Choice, ...]
    all_url: str | None


@views.get("/")
def page() -> str:
    """Show what the archive holds on the query, or its newest articles."""
    asked = state.read(request.args)
    understood = _understood(asked)
    asked, results = _answer(asked, understood.node)
    groups = tuple(_group(asked, facet) for facet in _in_view(asked, results))
    return render_template(
        "search.html",
        state=asked,
        results=results,
        groups=groups,
        chips=_chips(asked, results),
        histogram=histogram(results, asked.filters.year),
        period_url=lambda bar, field: _address(asked.toggled(field, bar.value)),
        notes=_notes(understood, results),
        expansions=understood.expansions,
        correction=_correction(asked),
        switches=_switches(asked, understood),
        pages=_pages(asked, results.total),
        previous_url=_address(asked.on_page(asked.page - 1)) if asked.page > 1 else None,
        next_url=_address(asked.on_page(asked.page + 1)) if asked.page * PER_PAGE < results.total else None,
        examples=_examples(results) if asked.is_front else (),
        titles=TITLES,
        order_names=ORDERS,
        clear_url=_address(asked.without_filters()),
        orders=_orders(asked),
        first=(asked.page - 1) * PER_PAGE + 1,
    )


@views.get("/values/<name>")
def values(name: str) -> str:
    """Show all values of one facet, for when there are too many for the search page."""
    if name not in FIELDS:
        abort(404)
    asked = state.read(request.args)
    results = _search(asked, _understood(asked).node, facet_limit=None, limit=1)
    asked = _as_known(asked, results)
    found = [value for facet in results.facets if facet.field == name for value in facet.values]
    choices = tuple(_choice(asked, name, value) for value in found)
    return render_template(
        "values.html", state=asked, title=TITLES[name], choices=choices, back=_address(asked)
    )


def _understood(asked: State) -> Understood:
    thesaurus = the_room().thesaurus.current()
    return understand(asked.q, loose=asked.loose, expanding=asked.expand, thesaurus=thesaurus)


def _answer(asked: State, node: Node) -> tuple[State, Results]:
    """Return the results, and the state as they know it.

    Beyond the last page of hits stands the last page; `nguyen tien minh` chooses Nguyễn Tiến Minh.
    """
    results = _search(asked, node)
    last = max(1, -(-results.total // PER_PAGE))
    if asked.page > last:
        asked = asked.on_page(last)
        results = _search(asked, node)
    return _as_known(asked, results), results


def _as_known(asked: State, results: Results) -> State:
    chosen = {f.field: tuple(v.value for v in f.values if v.selected) for f in results.facets}
    return replace(asked, filters=Filters(**chosen))


def _search(asked: State, node: Node, *, limit: int = PER_PAGE, facet_limit: int | None = LISTED) -> Results:
    query = Query(
        node=node,
        text=asked.q,
        filters=asked.filters,
        sort=asked.order,
        offset=(asked.page - 1) * PER_PAGE,
        limit=limit,
        fresh=asked.fresh,
        facet_limit=facet_limit,
    )
    return the_room().engine.search(query)


def _notes(understood: Understood, results: Results) -> list[tuple[str, str]]:
    """Return what is to be told of the query: pieces of it, each with a text."""
    notes = [(note.piece, _told(note)) for note in understood.notes]
    return notes + [(f"{beginning}*", gettext(_CUT)) for beginning in results.cut]


def _told(note: Note) -> str:
    return str(gettext(TEXTS[note.message], **LIMITS))


def _correction(asked: State) -> tuple[Correction, str] | None:
    """Return what the reader may have meant, with the address where that is asked."""
    found = the_room().engine.correct(asked.q) if asked.q else None
    return (found, _address(replace(asked, q=found.text, page=1))) if found else None


def _switches(asked: State, understood: Understood) -> list[tuple[LazyString, str]]:
    """Return the switches that would change something, each as a text and an address."""
    offered: tuple[tuple[LazyString, dict[str, Any], bool], ...] = (
        (_SWITCHES["loose"], {"loose": True}, not asked.loose and has_marks(asked.q)),
        (_SWITCHES["strict"], {"loose": False}, asked.loose),
        (_SWITCHES["typed"], {"expand": False}, bool(understood.expansions)),
        (_SWITCHES["expand"], {"expand": True}, not asked.expand),
        (_SWITCHES["ageless"], {"fresh": False}, asked.fresh and _by_relevance(asked)),
        (_SWITCHES["fresh"], {"fresh": True}, not asked.fresh),
    )
    return [(text, _address(replace(asked, page=1, **so))) for text, so, is_offered in offered if is_offered]


def _by_relevance(asked: State) -> bool:
    return bool(asked.q) and asked.order is Sort.RELEVANCE


def _address(asked: State) -> str:
    return url_for("search.page", **asked.params())


def _in_order(results: Results) -> list[Facet]:
    facets = {facet.field: facet for facet in results.facets}
    return [facets[name] for name in FIELDS if name in facets]


def _in_view(asked: State, results: Results) -> list[Facet]:
    """Return the facets worth showing: months only within one year, no choice among nothing."""
    months = len(asked.filters.year) == 1 or asked.filters.month
    return [f for f in _in_order(results) if f.values and (f.field != "month" or months)]


def _group(asked: State, facet: Facet) -> Group:
    values = list(facet.values)
    if facet.field in ("year", "month"):
        values.sort(key=lambda value: value.value, reverse=True)
    choices = [_choice(asked, facet.field, value) for value in values]
    # What is chosen stays in view, however far down it stands; nothing else moves.
    beyond = choices[SHOWN:]
    return Group(
        field=facet.field,
        shown=(*choices[:SHOWN], *(choice for choice in beyond if choice.selected)),
        folded=tuple(choice for choice in beyond if not choice.selected),
        all_url=_values_address(asked, facet.field) if len(values) >= LISTED else None,
    )


def _values_address(asked: State, name: str) -> str:
    return url_for("search.values", name=name, **asked.on_page(1).params())


def _choice(asked: State, name: str, value: FacetValue) -> Choice:
    return Choice(
        field=name,
        label=_label(name, value),
        count=value.count,
        selected=value.selected,
        url=_address(asked.toggled(name, value.value)),
    )


def _label(name: str, value: FacetValue) -> str:
    if name == "portal":
        return portal_label(value.value)
    return language.month(value.value) if name == "month" else value.label


def _chips(asked: State, results: Results) -> tuple[Choice, ...]:
    """Return the chosen values, each as a link that lets go of it."""
    return tuple(
        _choice(asked, facet.field, value)
        for facet in _in_order(results)
        for value in facet.values
        if value.selected
    )


def _orders(asked: State) -> tuple[tuple[Sort, str, bool], ...]:
    """Return the orders that make sense, each with its address and whether it is the present one."""
    offered = tuple(Sort) if asked.q else (Sort.NEWEST, Sort.OLDEST)
    return tuple((sort, _address(asked.sorted_by(sort)), sort is asked.order) for sort in offered)


def _pages(asked: State, total: int) -> tuple[tuple[int, str] | None, ...]:
    """Return the numbered pages near this one, the first and the last; None stands for a gap."""
    last = -(-total // PER_PAGE)
    near = {1, last, *range(asked.page - 1, asked.page + 2)}
    numbers = sorted(n for n in near if 1 <= n <= last)
    pages: list[tuple[int, str] | None] = []
    for before, n in zip([0, *numbers], numbers, strict=False):
        if n - before > 1:
            pages.append(None)
        pages.append((n, _address(asked.on_page(n))))
    return tuple(pages)


def _examples(results: Results) -> tuple[tuple[str, str], ...]:
    """Return searches that are sure to find something: they are made of what the archive holds."""
    labels = {facet.field: [value.label for value in facet.values] for facet in results.facets}
    names = labels.get("speaker", [])
    typed = [fold(name) for name in names[:1]] + [f'"{name}"' for name in names[1:2]]
    return tuple((text, _address(State(q=text))) for text in typed)
