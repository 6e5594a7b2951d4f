"""Suggestions while a reader types: JSON for the search box, and a page for those without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for
from flask_babel import lazy_gettext

from archive_search.records import Filters, Suggestion, SuggestionKind
from archive_search.web import state
from archive_search.web.room import the_room
from archive_search.web.search import TITLES
from archive_search.web.state import State

views = Blueprint("suggest", __name__)

IN_BOX = 4
"""Suggestions of each kind in the box: with five kinds, the list still fits on a screen."""

ON_PAGE = 20
"""Suggestions of each kind on the page."""

FRESH_S = 60
"""For how long a browser need not ask again."""

LABELS = {kind: TITLES.get(kind.value, lazy_gettext("Articles")) for kind in SuggestionKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A suggestion and where it leads; `label` says in the reader's language what kind it is."""

    kind: str
    label: str
    text: str
    count: int
    url: str


@views.get("/suggest")
def page() -> Response:
    """Tell what the archive holds that begins as typed."""
    typed = state.read(request.args).q
    if _wants_json():
        response = jsonify(suggestions=[asdict(choice) for choice in _choices(typed, IN_BOX)])
    else:
        groups = [(label, [*found]) for label, found in groupby(_choices(typed, ON_PAGE), lambda c: c.label)]
        asked = State(q=typed)
        response = make_response(
            render_template(
                "suggest.html", q=typed, groups=groups, search_url=url_for("search.page", **asked.params())
            )
        )
    # What a reader types is for no shared cache.
    response.headers["Cache-Control"] = f"private, max-age={FRESH_S}"
    response.vary.add("Accept")
    return response


def _wants_json() -> bool:
    """Tell whether JSON is asked for, by `format` or else by the Accept header; a browser prefers HTML."""
    asked = request.args.get("format")
    if asked in ("json", "html"):
        return asked == "json"
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) != "text/html"


def _choices(typed: str, limit: int) -> Iterator[Choice]:
    found = the_room().engine.suggest(typed, tuple(SuggestionKind), limit) if typed else ()
    for suggestion in found:
        yield Choice(
            kind=suggestion.kind.value,
            label=str(LABELS[suggestion.kind]),
            text=suggestion.text,
            count=suggestion.count,
            url=_address(suggestion),
        )


def _address(suggestion: Suggestion) -> str:
    """Return the address of an article, or of the search page with the value chosen."""
    if suggestion.article is not None:
        return url_for("article.newest", article=suggestion.article)
    chosen = State(filters=Filters(**{suggestion.kind.value: (suggestion.text,)}))
    return url_for("search.page", **chosen.params())
