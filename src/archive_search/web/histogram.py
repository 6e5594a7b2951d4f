"""When the hits were published, as bars: of each year, or of each month where one year is chosen.

The facet beside it lists the same counts as text, so the drawing is for those who see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive_search.records import FacetValue, Results

__all__ = ["Bar", "Histogram", "histogram"]

WIDTH, HEIGHT = 240, 64
"""Of the drawing, in units of its view box."""

_LEAST = 2.0
"""The height of the lowest bar, so that one article among thousands can be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The articles of one period: `value` as a filter names it, and where the bar is drawn."""

    value: str
    count: int
    selected: bool
    x: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Bars of one facet, `year` or `month`, without a gap from the first to the last."""

    field: str
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT


def histogram(results: Results, years: Sequence[str]) -> Histogram | None:
    """Return when the hits were published, given the chosen years, or None if there is nothing to compare."""
    field = "month" if len(years) == 1 else "year"
    values = {v.value: v for facet in results.facets if facet.field == field for v in facet.values}
    periods = _months(years[0]) if field == "month" else _years(sorted(values))
    most = max((value.count for value in values.values()), default=0)
    if len(periods) < 2 or not most:
        return None
    step = WIDTH / len(periods)
    bars = (_bar(name, values.get(name), at * step, step, most) for at, name in enumerate(periods))
    return Histogram(field=field, bars=tuple(bars))


def _bar(name: str, value: FacetValue | None, x: float, step: float, most: int) -> Bar:
    count = value.count if value else 0
    return Bar(
        value=name,
        count=count,
        selected=bool(value and value.selected),
        x=round(x + step * 0.1, 2),
        width=round(step * 0.8, 2),
        height=round(max(_LEAST, HEIGHT * count / most), 2) if count else 0,
    )


def _months(year: str) -> list[str]:
    return [f"{year}-{month:02}" for month in range(1, 13)]


def _years(known: Sequence[str]) -> list[str]:
    """Return the years from the first to the last; those without articles show a gap."""
    return [str(year) for year in range(int(known[0]), int(known[-1]) + 1)] if known else []
