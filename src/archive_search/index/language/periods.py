"""Periods as a reader types them: `7/2022`, `11/7/2022`, `2022`, and the same as `2022-07`, `2022-07-11`."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

__all__ = ["DATE", "Period", "period"]

DATE = (
    r"(?: [0-9]{1,2} / (?:[0-9]{1,2}/)? [0-9]{4} | [0-9]{1,2} - (?:[0-9]{1,2}-)? [0-9]{4}"
    r" | [0-9]{1,2} \. [0-9]{1,2} \. [0-9]{4} | [0-9]{4} (?:-[0-9]{1,2}){0,2} )"
)
"""The verbose pattern of what looks like a day, a month or a year; `period` tells whether it is one."""

_YEARS = range(1800, 2200)


class Period(NamedTuple):
    """The first and the last day of a day, month or year, as `2022-07-01`."""

    first: str
    last: str


def period(typed: str) -> Period | None:
    """Return the days that a typed day, month or year spans, or None if the calendar has no such.

    >>> period("2/2024")
    Period(first='2024-02-01', last='2024-02-29')
    >>> period("2022-13") is period("31/4/2022") is None
    True
    """
    pieces = re.findall("[0-9]+", typed)
    if len(pieces[0]) < 4:
        pieces.reverse()
    year, *rest = map(int, pieces)
    if year not in _YEARS:
        return None
    month, day = (*rest, None, None)[:2]
    try:
        first = date(year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    if month is None:
        return Period(first.isoformat(), f"{year}-12-31")
    last = first if day is not None else first.replace(day=monthrange(year, month)[1])
    return Period(first.isoformat(), last.isoformat())
