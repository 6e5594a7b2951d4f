r"""How answers slow down as an archive grows: the same as `search` at several sizes, with a plot.

    python bench/growth.py --texts ../shared/corpus/vntc-news.jsonl.gz \
        --warc ../shared/portal/sotttt-hanoi.warc.gz --keep FOLDER \
        [--size 10000 --size 30000 --size 100000 --size 300000] [--json growth.json] [--svg docs/growth.svg]

The plot shows what one in twenty whole search pages takes at least: ten hits, snippets, all facets exact.
`--redraw growth.json` draws the plot again from figures that were measured before.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import measuring
from search import p50_p95

KINDS = ("common", "and", "phrase of two", "phrase of three", "prefix", "page", "page of two", "everything")

PLOTTED = "page"

TARGET_MS = 30.0

PLAIN_UP_TO = 30_000
"""Plain Whoosh takes minutes to index more, and seconds to answer."""


def measure(corpus: Path, sizes: Sequence[int], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the figures of each size and engine."""
    for articles in sizes:
        asked = measuring.alone("drawing", "draw", corpus, articles)
        asked = [query for query in asked if query.kind in KINDS]
        for name in names:
            if name == "whoosh" and articles > PLAIN_UP_TO:
                continue
            click.echo(f"{name}, {articles} articles", err=True)
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / name
                built = measuring.alone("measuring", "build", name, place, corpus, articles, 2)
                found = measuring.alone("measuring", "search", name, place, asked)
            yield {
                "engine": name,
                "articles": articles,
                "built_s": round(built.seconds, 1),
                "index_mb": round(built.megabytes, 1),
                "first_answer_ms": round(found.first_answer_ms, 1),
                "private_mb": round(found.private_mb, 1),
                "ms": {kind: [round(ms, 2) for ms in p50_p95(values)] for kind, values in found.ms.items()},
            }


_COSTS = ("articles", "built_s", "index_mb", "first_answer_ms", "private_mb")


def table(figures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of the report; of each class, p50 and p95 in ms."""
    yield f"{'engine':10}" + "".join(f"{name:>16}" for name in (*_COSTS, *KINDS))
    for row in sorted(figures, key=lambda row: (row["engine"], row["articles"])):
        costs = [f"{row[name]:.0f}" for name in _COSTS]
        times = ["{:.1f}/{:.1f}".format(*row["ms"][kind]) for kind in KINDS]
        yield f"{row['engine']:10}" + "".join(f"{cell:>16}" for cell in (*costs, *times))


# The plot: both axes logarithmic

_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 610, 30, 370
_NAMES = {"ours": "archive-search", "whoosh": "Whoosh", "fts5": "SQLite FTS5", "tantivy": "tantivy"}
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 430" role="img" aria-labelledby="title desc"
  font-family="system-ui, sans-serif" font-size="13">
<title id="title">Time of a whole search page by the size of the archive</title>
<desc id="desc">{desc}</desc>
<style>
  text {{ fill: #333 }} .grid {{ stroke: #ddd }} .target {{ stroke: #777; stroke-dasharray: 6 4 }}
  .ours {{ --c: #0b6e4f }} .whoosh {{ --c: #b3541e }}
  .fts5 {{ --c: #3b5ba5 }} .tantivy {{ --c: #8a4f9e }}
  path, circle {{ stroke: var(--c); stroke-width: 2; fill: none }}
  circle, .name {{ fill: var(--c) }}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #ccc }} .grid {{ stroke: #444 }} .target {{ stroke: #999 }}
    .ours {{ --c: #5fd0a5 }} .whoosh {{ --c: #f0a070 }} .fts5 {{ --c: #8fb0f5 }} .tantivy {{ --c: #d0a0e0 }}
  }}
</style>
"""


class _Axes:
    """Turns articles and milliseconds into places of the plot."""

    def __init__(self, sizes: Sequence[int], times: Sequence[float]) -> None:
        self._sizes = math.log10(min(sizes)), math.log10(max(sizes) * 1.001)
        self.decades = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))

    def x(self, articles: float) -> float:
        """Return the place of a number of articles."""
        first, last = self._sizes
        return round(_LEFT + (math.log10(articles) - first) / (last - first) * (_RIGHT - _LEFT), 1)

    def y(self, ms: float) -> float:
        """Return the place of a time."""
        first, last = self.decades
        return round(_BOTTOM - (math.log10(ms) - first) / (last - first) * (_BOTTOM - _TOP), 1)


def svg(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return the plot; it is readable on light and dark ground."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for row in figures:
        curves.setdefault(row["engine"], []).append((row["articles"], row["ms"][PLOTTED][1]))
    sizes = sorted({row["articles"] for row in figures})
    axes = _Axes(sizes, [ms for points in curves.values() for _, ms in points] + [TARGET_MS])
    told = "; ".join(f"{_NAMES[name]} {_told(points)}" for name, points in curves.items())
    lines = [
        *_grid(axes, sizes),
        *(line for name, points in curves.items() for line in _curve(axes, name, points)),
    ]
    return "\n".join([_HEAD.format(desc=told).rstrip(), *lines, "</svg>"]) + "\n"


def _told(points: Sequence[tuple[int, float]]) -> str:
    return ", ".join(f"{ms:.1f} ms at {articles:,}" for articles, ms in sorted(points))


def _grid(axes: _Axes, sizes: Sequence[int]) -> Iterator[str]:
    for decade in range(axes.decades[0], axes.decades[1] + 1):
        y = axes.y(10.0**decade)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{10.0**decade:g} ms</text>'
    for size in sizes:
        x = axes.x(size)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_BOTTOM}"/>'
        yield f'<text x="{x}" y="{_BOTTOM + 20}" text-anchor="middle">{size:,}</text>'
    y = axes.y(TARGET_MS)
    yield f'<line class="target" x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}"/>'
    yield f'<text x="{_LEFT + 6}" y="{y - 5}">target: {TARGET_MS:g} ms at 100,000</text>'
    middle = (_LEFT + _RIGHT) / 2
    yield f'<text x="{middle}" y="{_BOTTOM + 45}" text-anchor="middle">articles</text>'
    yield f'<text x="{_LEFT}" y="{_TOP - 12}">a whole search page, p95</text>'


def _curve(axes: _Axes, name: str, points: Sequence[tuple[int, float]]) -> Iterator[str]:
    placed = [(axes.x(articles), axes.y(ms)) for articles, ms in sorted(points)]
    yield f'<g class="{name}">'
    yield f'<path d="M{" L".join(f"{x} {y}" for x, y in placed)}"/>'
    for x, y in placed:
        yield f'<circle cx="{x}" cy="{y}" r="3"/>'
    x, y = placed[-1]
    yield f'<text class="name" x="{x + 8}" y="{y + 4}">{_NAMES[name]}</text>'
    yield "</g>"


@click.command()
@click.option("--texts", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the corpus here.")
@click.option("--size", "sizes", multiple=True, type=int, default=(10_000, 30_000, 100_000, 300_000))
@click.option("--engine", "names", multiple=True, help="Measure this engine beside ours.")
@click.option("--json", "figures_path", type=click.Path(path_type=Path), help="Write the figures here.")
@click.option("--svg", "svg_path", type=click.Path(path_type=Path), help="Write the plot here.")
@click.option("--redraw", type=click.Path(exists=True, path_type=Path), help="Measure nothing; draw these.")
def main(
    texts: Path | None,
    warc: Path | None,
    profile: str,
    keep: Path | None,
    sizes: tuple[int, ...],
    names: tuple[str, ...],
    figures_path: Path | None,
    svg_path: Path | None,
    redraw: Path | None,
) -> None:
    """Measure a few classes of queries at several sizes."""
    if redraw:
        figures = json.loads(redraw.read_text(encoding="utf-8"))
    elif texts is None or warc is None:
        raise click.UsageError("A corpus is made of --texts and --warc.")
    else:
        chosen = list(dict.fromkeys(["ours", *(names or measuring.installed())]))
        with tempfile.TemporaryDirectory() as name:
            corpus = keep or Path(name)
            measuring.alone("corpus", "ensure", corpus, texts, warc, profile, max(sizes))
            figures = list(measure(corpus, sizes, chosen))
    if figures_path:
        figures_path.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    if svg_path:
        svg_path.write_text(svg(figures), encoding="utf-8")
    click.echo("\n".join(table(figures)))


if __name__ == "__main__":
    main()
