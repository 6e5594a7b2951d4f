"""When the hits were published, as bars: of each year, or of each month where one year is chosen.

The facet beside it lists the same counts as text, so the drawing is for those who see it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from archive_search.records import Results

__all__ = ["Bar", "Histogram", "bars", "histogram"]

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
    counts = {name: value.count for name, value in values.items()}
    selected = {name for name, value in values.items() if value.selected}
    return Histogram(field=field, bars=bars(periods, counts, selected))


def bars(
    periods: Sequence[str], counts: Mapping[str, int], selected: Collection[str] = (), width: int = WIDTH
) -> tuple[Bar, ...]:
    """Return a bar for each period in a drawing of that width, given how many there are of each."""
    step = width / max(len(periods), 1)
    most = max(counts.values(), default=0)
    return tuple(
        Bar(
            value=name,
            count=counts.get(name, 0),
            selected=name in selected,
            x=round(at * step + step * 0.1, 2),
            width=round(step * 0.8, 2),
            height=round(max(_LEAST, HEIGHT * counts[name] / most), 2) if counts.get(name) else 0,
        )
        for at, name in enumerate(periods)
    )


def _months(year: str) -> list[str]:
    return [f"{year}-{month:02}" for month in range(1, 13)]


def _years(known: Sequence[str]) -> list[str]:
    """Return the years from the first to the last; those without articles show a gap."""
    return [str(year) for year in range(int(known[0]), int(known[-1]) + 1)] if known else []
