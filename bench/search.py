r"""How fast searches are, and what an index costs, beside plain Whoosh, SQLite FTS5 and tantivy.

    python bench/search.py --texts ../shared/corpus/vntc-news.jsonl.gz \
        --warc ../shared/portal/sotttt-hanoi.warc.gz --articles 100000 [--keep FOLDER] [--json]

All engines index the same articles (see `corpus`) with the same tokens, and are asked the same queries (see
`drawing`); totals and facets are compared, and any difference is told and makes the command fail. Scores
differ, so `overlap` is the share of the first ten hits that an engine has in common with ours. Every query
is put once, to an index opened anew for its class. The others bring snippets and facets in the classes that
want them; ours brings snippets and three facets more with every answer. tantivy needs the extra `bench`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, quantiles

import click
import measuring
from asked import Answer
from measuring import Built, Searched


def differences(searched: dict[str, Searched]) -> Iterator[str]:
    """Yield what the engines answer otherwise than ours; the gaps between texts are another in NEAR."""
    ours = searched["ours"].answers
    for name, other in searched.items():
        for kind, answers in other.answers.items():
            for number, (one, two) in enumerate(zip(ours[kind], answers, strict=True)):
                if kind != "near" and one.total != two.total:
                    yield f"{name}: {kind} {number}: {two.total} articles, ours {one.total}"
                for field, counts in (two.facets or {}).items():
                    if _certain(counts) != _certain((one.facets or {})[field]):
                        yield f"{name}: {kind} {number}: other counts of {field}"


def _certain(counts: dict[str, int]) -> dict[str, int]:
    """Return the counts without the smallest: which of those equal ones are listed is chance."""
    least = min(counts.values(), default=0)
    return {value: count for value, count in counts.items() if count > least}


def overlap(ours: Sequence[Answer], others: Sequence[Answer]) -> float:
    """Return the mean share of the first hits that two engines have in common."""
    pairs = [(set(a.ids), set(b.ids)) for a, b in zip(ours, others, strict=True) if a.ids]
    return fmean(len(one & two) / len(one) for one, two in pairs) if pairs else 1.0


def p50_p95(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the value that one in twenty exceeds."""
    if len(values) < 2:
        return values[0], values[0]
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


_COSTS = (
    ("index, MB", lambda built, _: f"{built.megabytes:.1f}"),
    ("peak, building, MB", lambda built, _: f"{built.peak_mb:.0f}"),
    ("import, ms", lambda _, searched: f"{searched.importing_ms:.0f}"),
    ("open to first answer", lambda _, searched: f"{searched.first_answer_ms:.0f}"),
    ("private then, MB", lambda _, searched: f"{searched.private_at_first_mb:.0f}"),
    ("private at the end", lambda _, searched: f"{searched.private_mb:.0f}"),
    ("peak, searching, MB", lambda _, searched: f"{searched.peak_mb:.0f}"),
)


def table(built: dict[int, dict[str, Built]], searched: dict[str, Searched], articles: int) -> Iterator[str]:
    """Yield the lines of the report."""
    names = list(searched)
    # Where other work goes on, milliseconds say little.
    yield f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    yield f"{f'{articles} articles':22}" + "".join(f"{name:>24}" for name in names)
    for processes, by_name in built.items():
        rates = [f"{articles / by_name[name].seconds:.0f}" for name in names]
        yield _line(f"articles/s, {processes} at work", rates)
        yield _line("  without reading", [f"{_rate(by_name[name], articles):.0f}" for name in names])
    last = built[max(built)]
    for label, read in _COSTS:
        yield _line(label, [read(last[name], searched[name]) for name in names])
    yield _line(
        "export, articles/s", [f"{searched[n].exported_per_s:.0f}" if n == "ours" else "" for n in names]
    )
    yield "\nms: p50 / p95 (mean total), x times ours at p95, overlap of the first ten"
    for kind in searched["ours"].ms:
        yield _line(kind, [_cell(searched["ours"], searched[name], kind) for name in names])


def _line(label: str, cells: Sequence[str]) -> str:
    return f"{label:22}" + "".join(f"{cell:>24}" for cell in cells)


def _rate(built: Built, articles: int) -> float:
    return articles / (built.seconds - built.reading)


def _cell(ours: Searched, other: Searched, kind: str) -> str:
    if kind not in other.ms:
        return "-"
    half, most = p50_p95(other.ms[kind])
    if other is ours:
        return f"{half:.2f}/{most:.2f} ({fmean(answer.total for answer in other.answers[kind]):.0f})"
    times = most / p50_p95(ours.ms[kind])[1]
    return f"{half:.2f}/{most:.2f} x{times:.2g} {overlap(ours.answers[kind], other.answers[kind]):.2f}"


def measure(
    corpus: Path, folder: Path, articles: int, names: Sequence[str], processes: Sequence[int]
) -> tuple[dict[int, dict[str, Built]], dict[str, Searched]]:
    """Return what building took by processes and engine, and what searching took by engine."""
    asked = measuring.alone("drawing", "draw", corpus, articles)
    built: dict[int, dict[str, Built]] = {}
    searched = {}
    for name in names:
        for count in processes:
            place = folder / f"{name}-{count}"
            click.echo(f"{name} builds with {count} at work", err=True)
            built.setdefault(count, {})[name] = measuring.alone(
                "measuring", "build", name, place, corpus, articles, count
            )
        click.echo(f"{name} is asked", err=True)
        searched[name] = measuring.alone("measuring", "search", name, place, asked, name == "ours")
    return built, searched


def as_json(built: dict[int, dict[str, Built]], searched: dict[str, Searched], articles: int) -> str:
    """Return all figures; of the answers the totals."""
    engines = {}
    for name, one in searched.items():
        figures = asdict(one) | {"answers": {k: [a.total for a in v] for k, v in one.answers.items()}}
        engines[name] = figures | {"built": {n: asdict(by_name[name]) for n, by_name in built.items()}}
    return json.dumps({"articles": articles, "engines": engines}, indent=1)


@click.command()
@click.option("--texts", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--articles", default=5000, show_default=True)
@click.option("--engine", "names", multiple=True, help="Measure this engine; ours always comes first.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the corpus here.")
@click.option("--processes", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--json", "json_wanted", is_flag=True, help="Print all figures as JSON.")
def main(
    texts: Path,
    warc: Path,
    profile: str,
    articles: int,
    names: tuple[str, ...],
    keep: Path | None,
    processes: tuple[int, ...],
    json_wanted: bool,
) -> None:
    """Measure building and searching, and compare the answers."""
    chosen = list(dict.fromkeys(["ours", *(names or measuring.installed())]))
    with tempfile.TemporaryDirectory() as name:
        corpus = keep or Path(name) / "corpus"
        measuring.alone("corpus", "ensure", corpus, texts, warc, profile, articles)
        built, searched = measure(corpus, Path(name), articles, chosen, processes)
    click.echo(
        as_json(built, searched, articles) if json_wanted else "\n".join(table(built, searched, articles))
    )
    found = list(differences(searched))
    if found:
        raise click.ClickException("\n".join([f"{len(found)} answers differ:", *found[:20]]))


if __name__ == "__main__":
    main()
