"""What was captured of each portal in which month, so that gaps can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template

from archive_search.archive import articles
from archive_search.archive.coverage import Coverage, of_hosts
from archive_search.errors import ProfileError
from archive_search.portals import load_profile
from archive_search.web.histogram import HEIGHT, Bar, bars
from archive_search.web.room import Room, portal_label, the_room

views = Blueprint("coverage", __name__)

WIDTH = 720
"""Of the drawing, in units of its view box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The captures of each month of a year; None for the months before the first and after the last."""

    year: str
    months: tuple[int | None, ...]

    @property
    def total(self) -> int:
        """The captures of the year."""
        return sum(count or 0 for count in self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The captures of one portal, from its `first` month with any to its `last`; drawn are whole years.

    `gaps` are the spells without any between, each with its first and last month.
    """

    name: str
    label: str
    total: int
    newest: datetime | None
    first: str
    last: str
    bars: tuple[Bar, ...]
    years: tuple[Year, ...]
    gaps: tuple[tuple[str, str], ...]


@views.get("/coverage")
def page() -> str:
    """Show the captures of each month, portal by portal."""
    room = the_room()
    with room.archive.reading() as db:
        names = sorted({*articles.count_by_portal(db), *room.config.portals})
        shown = [_portal(name, of_hosts(db, _hosts(room, name))) for name in names]
    return render_template("coverage.html", portals=[p for p in shown if p.total], width=WIDTH, height=HEIGHT)


def _hosts(room: Room, name: str) -> tuple[str, ...]:
    """Return the hosts of a portal; one that has no profile is named after its host."""
    try:
        return load_profile(name, room.config.profile_folder).hosts
    except ProfileError:
        return (name,)


def _portal(name: str, found: Coverage) -> Portal:
    first, last = _ends(found)
    months = months_between(first, last)
    return Portal(
        name=name,
        label=portal_label(name),
        total=sum(found.months.values()),
        newest=found.newest,
        first=first,
        last=last,
        bars=bars(_whole_years(months), found.months, width=WIDTH),
        years=_years(months, found.months),
        gaps=_gaps(months, found.months),
    )


def _ends(found: Coverage) -> tuple[str, str]:
    return (min(found.months), max(found.months)) if found.months else ("", "")


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Return the months from one to another, both included: `2021-12`, `2022-01`."""
    if not first:
        return ()
    (year, month), (last_year, last_month) = (map(int, end.split("-")) for end in (first, last))
    numbers = range(year * 12 + month - 1, last_year * 12 + last_month)
    return tuple(f"{number // 12:04}-{number % 12 + 1:02}" for number in numbers)


def _whole_years(months: tuple[str, ...]) -> tuple[str, ...]:
    return months_between(f"{months[0][:4]}-01", f"{months[-1][:4]}-12") if months else ()


def _years(months: tuple[str, ...], counts: dict[str, int]) -> tuple[Year, ...]:
    years = dict.fromkeys(month[:4] for month in months)
    known = dict.fromkeys(months, 0) | counts
    return tuple(
        Year(year=year, months=tuple(known.get(f"{year}-{month:02}") for month in range(1, 13)))
        for year in years
    )


def _gaps(months: tuple[str, ...], counts: dict[str, int]) -> tuple[tuple[str, str], ...]:
    """Return the spells of months without captures."""
    gaps: list[tuple[str, str]] = []
    is_open = False
    for month in months:
        if month in counts:
            is_open = False
        elif is_open:
            gaps[-1] = (gaps[-1][0], month)
        else:
            gaps.append((month, month))
            is_open = True
    return tuple(gaps)
