"""What the archive holds, how it was made, and who answers for it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import lazy_gettext

from archive_search.archive import articles, captures, runs
from archive_search.archive.runs import Report
from archive_search.errors import IndexUnusable
from archive_search.index.language.tree import Everything
from archive_search.index.query import Query
from archive_search.records import CaptureKind, Hit, Sort
from archive_search.web.room import portal_label, the_room

views = Blueprint("about", __name__)

KIND_NAMES = {
    CaptureKind.ARTICLE.value: lazy_gettext("Article pages"),
    CaptureKind.PRINT_VIEW.value: lazy_gettext("Print views"),
    CaptureKind.LISTING.value: lazy_gettext("Listings"),
    CaptureKind.PAGE.value: lazy_gettext("Other pages"),
    CaptureKind.FILE.value: lazy_gettext("Files"),
    CaptureKind.REDIRECT.value: lazy_gettext("Redirects"),
    CaptureKind.REVISIT.value: lazy_gettext("Visits that found nothing changed"),
    CaptureKind.ERROR.value: lazy_gettext("Error responses"),
    CaptureKind.UNREADABLE.value: lazy_gettext("Article pages that could not be read"),
    CaptureKind.FOREIGN.value: lazy_gettext("Pages of other hosts"),
    "unsettled": lazy_gettext("Not looked at yet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the archive holds of one portal."""

    label: str
    name: str
    articles: int
    last_crawl: Report | None


@views.get("/about")
def page() -> str:
    """Show counts, period, method, credit and contact."""
    room = the_room()
    with room.archive.reading() as db:
        counts = articles.count_by_portal(db)
        kinds = captures.count_by_kind(db)
        holdings = [
            Holding(label=portal_label(name), name=name, articles=count, last_crawl=runs.last(db, name))
            for name, count in sorted(counts.items())
        ]
    return render_template(
        "about.html",
        holdings=holdings,
        total=sum(counts.values()),
        kinds=[(name, kinds[kind]) for kind, name in KIND_NAMES.items() if kind in kinds],
        captured=sum(kinds.values()),
        oldest=_first(Sort.OLDEST),
        newest=_first(Sort.NEWEST),
        contact=room.config.contact,
    )


def _first(sort: Sort) -> Hit | None:
    """Return the first article in this order, or None where there is none, or no index yet."""
    query = Query(node=Everything(), text="", sort=sort, limit=1)
    try:
        return next(iter(the_room().engine.search(query).hits), None)
    except IndexUnusable:
        return None
