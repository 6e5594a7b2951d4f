r"""How well searches are answered, measured on judged queries.

    python eval/search.py --queries ../shared/gold/queries-dev.jsonl \
        --warc ../shared/portal/sotttt-hanoi.warc.gz
    python eval/search.py --queries QUERIES --archive FOLDER

A line of the queries is a JSON object: `qid`, `query`, `kind` (known, topical, variant, empty),
`variant_of`, `variant_kind`, and `relevant`, which maps the portal's article numbers to grades. Known items
are measured by MRR@10 (the first article of grade 2), topics by nDCG@10 (gain 2^grade - 1), a variant by
the measure of the query it varies; of queries that nothing answers, it is counted how many show anything.

Beside our engine stands Whoosh as its documentation sets it up (StandardAnalyzer, BM25F over title and
body), once with all words required and once with any. Floors hold for the queries whose SHA-256 is pinned
here; below a floor the command exits with 1. `--tune` prints what the weights near ours would give, and
what those give on the queries that they were not chosen on. `--explain QID` prints what the scores of the
first articles, and of those that should be there, are made of.
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import click
import numpy as np
from whoosh.fields import ID, TEXT, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.qparser import AndGroup, MultifieldParser, OrGroup

from archive_search.archive import Archive, articles
from archive_search.archive.warc import read_records
from archive_search.cleaning import clean, understand
from archive_search.config import load_config
from archive_search.errors import PageUnreadable
from archive_search.index.answering.occurring import Occurring, Weights
from archive_search.index.answering.ranking import Ranking
from archive_search.index.answering.relaxing import answer
from archive_search.index.language.tree import And, Node, words_of
from archive_search.index.paging import in_order
from archive_search.index.query import Query, parse
from archive_search.index.snapshot import Snapshot
from archive_search.index.storage.generations import Generations
from archive_search.index.storage.schema import schema_hash
from archive_search.index.storage.store import Store
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.portals import load_profile
from archive_search.records import Document, Sort

TOP = 10
GROUPS = ("known", "topical", "variant of known", "variant of topical")

# SHA-256 of a file of queries -> the means that must not be fallen short of, and how many queries without
# an answer may show anything. A floor stands below the measured figure by about one query of its group.
FLOORS: dict[str, dict[str, float]] = {
    "d1f5cd8a21c4a4240146e251f9a0b1e7cb32bfb4583a6d82a3b6513522686cd4": {
        "known": 0.94,
        "topical": 0.91,
        "variant of known": 0.97,
        "variant of topical": 0.91,
        "empty shown": 0,
    },
}

# The steps that `--tune` tries from our weights, one at a time.
STEPS = {
    "k1": (1.2, 1.6, 2.5, 3.0),
    "b": (0.7, 0.75, 0.85, 0.9),
    "pair": (0.2, 0.25, 0.35, 0.4),
    "title": (0.75, 0.9, 1.1, 1.25),
    "spelling_typed": (0.6, 0.7, 0.9, 1.0),
    "spelling_bare": (0.0, 0.1, 0.3),
    "telling": (2.5, 2.75, 3.25, 3.5, 4.0),
    "strong_evidence": (0.9, 1.1),
    "weak_evidence": (0.5, 0.6, 0.7),
    "incomplete": (0.0, 0.1, 0.2, 0.3),
    "fresh": (0.0, 0.02, 0.1),
    "fresh_days": (180.0, 730.0),
}

HALVINGS = 100
"""How often the queries are halved: the weights are chosen on one half and measured on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A query with its judgements: grades by article number."""

    qid: str
    query: str
    kind: str
    variant_of: str | None
    variant_kind: str | None
    relevant: dict[str, int]

    @property
    def group(self) -> str:
        """The row of the table that the query counts for."""
        if self.kind != "variant":
            return self.kind
        return "variant of known" if "-k" in str(self.variant_of) else "variant of topical"

    def measure(self, numbers: Sequence[str]) -> float:
        """Return how well the article numbers, best first, answer the query."""
        if self.group.endswith("known"):
            return reciprocal_rank(numbers, self.relevant)
        return ndcg(numbers, self.relevant)


@dataclass(frozen=True, slots=True)
class Shown:
    """What an engine shows for a query: the first article numbers, and how many it found."""

    numbers: list[str]
    total: int
    relaxed: bool = False


Searcher = Callable[[str], Shown]


def reciprocal_rank(numbers: Sequence[str], relevant: dict[str, int]) -> float:
    """Return 1 / rank of the first article of grade 2 among the first ten, else 0."""
    ranks = (rank for rank, number in enumerate(numbers[:TOP], 1) if relevant.get(number) == 2)
    return 1 / next(ranks, math.inf)


def ndcg(numbers: Sequence[str], relevant: dict[str, int]) -> float:
    """Return the discounted gain of the first ten, divided by that of the best order."""

    def gain(grades: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades[:TOP], 1))

    ideal = sorted(relevant.values(), reverse=True)
    return gain([relevant.get(number, 0) for number in numbers]) / gain(ideal)


def read_queries(path: Path) -> list[Judged]:
    """Return the judged queries of a file."""
    return [Judged(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def documents_of_warc(path: Path, profile_name: str) -> Iterator[Document]:
    """Yield the articles of a WARC file, each once, as the portal's article pages show them."""
    profile = load_profile(profile_name)
    seen: set[str] = set()
    for record in read_records(path):
        capture = record.capture
        if capture is None or not profile.is_article(capture.url) or profile.is_print_view(capture.url):
            continue
        try:
            article = clean(capture, profile)
        except PageUnreadable:
            continue
        if article.id not in seen:
            seen.add(article.id)
            yield understand(article)


def documents_of_archive(folder: Path) -> Iterator[Document]:
    """Yield the current articles of an archive."""
    with Archive(load_config(folder)) as archive, archive.reading() as db:
        yield from articles.documents(db)


def ours(folder: Path, weights: Weights) -> Searcher:
    """Return our engine over an index built before."""
    engine = WhooshEngine(folder, weights)

    def search(text: str) -> Shown:
        results = engine.search(Query(node=parse(text), text=text, limit=TOP))
        return Shown([hit.number or "" for hit in results.hits], results.total, results.relaxed)

    return search


def plain_whoosh(folder: Path, documents: Sequence[Document]) -> dict[str, Searcher]:
    """Index the documents with Whoosh as its documentation does, and return two ways to search them."""
    folder.mkdir()
    index = FileStorage(str(folder)).create_index(Schema(number=ID(stored=True), title=TEXT, body=TEXT))
    writer = index.writer()
    for document in documents:
        article = document.article
        body = "\n".join([article.lead or "", *(block.text for block in article.blocks)])
        writer.add_document(number=article.number, title=article.title, body=body)
    writer.commit()

    def searcher(group: type) -> Searcher:
        parser = MultifieldParser(["title", "body"], index.schema, group=group)

        def search(text: str) -> Shown:
            with index.searcher() as opened:
                results = opened.search(parser.parse(text), limit=TOP)
                return Shown([hit["number"] for hit in results], len(results))

        return search

    return {"Whoosh, all words": searcher(AndGroup), "Whoosh, any word": searcher(OrGroup)}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one engine: a value a query by group, and what it showed for each query."""

    values: dict[str, dict[str, float]]
    shown: dict[str, Shown]

    def means(self) -> dict[str, float]:
        """Return the mean of each group, and the number of queries without an answer that show something."""
        means = {group: fmean(self.values[group].values()) for group in GROUPS}
        return {**means, "empty shown": sum(value > 0 for value in self.values["empty"].values())}

    def value(self, qid: str) -> float:
        """Return the measure of one query."""
        return next(values[qid] for values in self.values.values() if qid in values)


def evaluate(search: Searcher, queries: Sequence[Judged]) -> Report:
    """Put all queries to an engine."""
    values: dict[str, dict[str, float]] = defaultdict(dict)
    shown = {}
    for judged in queries:
        found = shown[judged.qid] = search(judged.query)
        empty = judged.group == "empty"
        values[judged.group][judged.qid] = found.total if empty else judged.measure(found.numbers)
    return Report(values, shown)


def table(reports: dict[str, Report], queries: Sequence[Judged]) -> Iterator[str]:
    """Yield the lines of the report: groups, then kinds of variant beside what they vary."""
    width = max(map(len, reports)) + 2
    yield f"{'':24}" + "".join(f"{name:>{width}}" for name in reports)
    for group in (*GROUPS, "empty shown"):
        figures = [report.means()[group] for report in reports.values()]
        count = sum(judged.group == group.removesuffix(" shown") for judged in queries)
        form = ".0f" if group == "empty shown" else ".3f"
        yield f"{group:19}{count:4} " + "".join(f"{figure:{width}{form}}" for figure in figures)
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for judged in queries:
        if judged.variant_kind:
            kinds[judged.variant_kind].append(judged)
    yield "\nvariants (and what they vary)"
    for kind, members in kinds.items():
        cells = []
        for report in reports.values():
            own = fmean(report.value(judged.qid) for judged in members)
            base = fmean(report.value(str(judged.variant_of)) for judged in members)
            cells.append(f"{f'{own:.3f} ({base:.3f})':>{width}}")
        yield f"{kind:19}{len(members):4} " + "".join(cells)


def below_floor(means: dict[str, float], floors: dict[str, float]) -> list[str]:
    """Return a line for each figure that is worse than its floor."""
    return [
        f"{group}: {means[group]:.3f} is worse than its floor, {floor}"
        for group, floor in floors.items()
        if (means[group] > floor if group == "empty shown" else means[group] < floor)
    ]


def tuning(folder: Path, queries: Sequence[Judged]) -> Iterator[str]:
    """Yield what each step from our weights gives, beginning with none, and what choosing among them does."""
    yield f"{'':22}" + "".join(f"{group:>20}" for group in GROUPS)
    steps = [("", ""), *((name, value) for name, values in STEPS.items() for value in values)]
    reports = []
    for name, value in steps:
        weights = replace(Weights(), **{name: value}) if name else Weights()
        reports.append(evaluate(ours(folder, weights), queries))
        yield f"{name:16}{value!s:6}" + _means_line(reports[-1].means())
    yield f"{'chosen on half':22}" + _means_line(cross_validated(reports, queries))


def _means_line(means: dict[str, float]) -> str:
    return "".join(f"{means[group]:20.4f}" for group in GROUPS)


def cross_validated(reports: Sequence[Report], queries: Sequence[Judged]) -> dict[str, float]:
    """Return the means of queries under the weights that are the best on a half that does not hold them.

    A query and its variant are in the same half.
    """
    judged = [query for query in queries if query.group in GROUPS]
    bases = sorted({query.variant_of or query.qid for query in judged})
    values = [{query.qid: report.value(query.qid) for query in judged} for report in reports]
    found: dict[str, list[float]] = defaultdict(list)
    rng = random.Random(0)
    for _ in range(HALVINGS):
        half = {*rng.sample(bases, len(bases) // 2)}
        for chosen in (half, {*bases} - half):
            within = [query.qid for query in judged if (query.variant_of or query.qid) in chosen]
            best = max(values, key=lambda value: sum(value[qid] for qid in within))
            for query in judged:
                if query.qid not in within:
                    found[query.group].append(best[query.qid])
    return {group: fmean(found[group]) for group in GROUPS}


def explaining(folder: Path, queries: Sequence[Judged]) -> Iterator[str]:
    """Yield, for each query, what the scores of the first articles and of missed ones are made of."""
    path = Generations(folder, schema_hash()).current()
    assert path is not None, "just built"
    snapshot = Snapshot(Store.open(path))
    ranking = Ranking(Occurring(snapshot, Weights()))
    for judged in queries:
        yield f"{judged.qid} {judged.query}"
        yield from _explained(judged, snapshot, ranking)


def _explained(judged: Judged, snapshot: Snapshot, ranking: Ranking) -> Iterator[str]:
    """Yield two lines an article: place, grade and score, then what each word gives, and what the rest."""
    found = answer(parse(judged.query), ranking)
    ordered = in_order(snapshot, np.flatnonzero(found.mask), found.scores, Sort.RELEVANCE, None).tolist()
    numbers = {doc: snapshot.page(doc).number or "" for doc in range(snapshot.size)}
    missed = [
        doc for doc, number in numbers.items() if number in judged.relevant and doc not in ordered[:TOP]
    ]
    children = found.node.children if isinstance(found.node, And) else (found.node,)
    parts = [(_name(child), ranking.scores(child, fresh=False)) for child in children]
    for doc in [*ordered[:TOP], *missed]:
        rank = ordered.index(doc) + 1 if doc in ordered else 0
        told = " ".join(f"{name} {scores[doc]:.1f}" for name, scores in parts)
        rest = found.scores[doc] - sum(scores[doc] for _, scores in parts)
        grade = judged.relevant.get(numbers[doc], 0)
        whole = "all" if found.complete[doc] else "   "
        yield f"{rank:4} grade {grade} {found.scores[doc]:6.1f} {whole} {snapshot.page(doc).title[:90]}"
        yield f"{'':20} {told} | other {rest:.1f}"


def _name(node: Node) -> str:
    return "|".join(dict.fromkeys(word.text or word.key for word in words_of(node)))


@click.command()
@click.option("--queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--archive", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tune", is_flag=True, help="Try the weights near ours instead.")
@click.option("--explain", metavar="QID", help="Tell what the scores for one query are made of instead.")
@click.option("--misses", is_flag=True, help="List the queries that are not answered perfectly.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(
    queries: Path,
    warc: Path | None,
    profile: str,
    archive: Path | None,
    tune: bool,
    explain: str | None,
    misses: bool,
    as_json: bool,
) -> None:
    """Measure search on judged queries over the articles of a WARC file or an archive."""
    if (warc is None) == (archive is None):
        raise click.UsageError("Name the articles: give either --warc or --archive.")
    judged = read_queries(queries)
    documents = list(documents_of_warc(warc, profile) if warc else documents_of_archive(archive))
    with tempfile.TemporaryDirectory() as folder:
        WhooshEngine(Path(folder) / "ours").rebuild(documents)
        if tune or explain:
            tell = tuning if tune else explaining
            asked = judged if tune else [query for query in judged if query.qid == explain]
            for line in tell(Path(folder) / "ours", asked):
                click.echo(line)
            return
        searchers = {"ours": ours(Path(folder) / "ours", Weights())}
        searchers |= plain_whoosh(Path(folder) / "plain", documents)
        reports = {name: evaluate(search, judged) for name, search in searchers.items()}
    digest = hashlib.sha256(queries.read_bytes()).hexdigest()
    if as_json:
        means = {name: report.means() for name, report in reports.items()}
        click.echo(json.dumps({"articles": len(documents), "sha256": digest, "means": means}, indent=1))
    else:
        click.echo(f"{len(documents)} articles, {len(judged)} queries ({digest[:16]})\n")
        click.echo("\n".join(table(reports, judged)))
    if misses:
        list_misses(reports["ours"], judged)
    settle(reports["ours"].means(), digest)


def list_misses(report: Report, queries: Sequence[Judged]) -> None:
    """Print each query that could be answered better: measure, articles found, `~` if relaxed."""
    for judged in queries:
        value, shown = report.value(judged.qid), report.shown[judged.qid]
        if value != (0 if judged.kind == "empty" else 1):
            mark = "~" if shown.relaxed else " "
            click.echo(f"{judged.qid:10}{value:7.3f}{shown.total:6}{mark} {judged.query}")


def settle(means: dict[str, float], digest: str) -> None:
    """End the command with 1 if a floor does not hold."""
    if digest not in FLOORS:
        click.echo("No floor is pinned to these queries.", err=True)
        return
    failures = below_floor(means, FLOORS[digest])
    click.echo("\n".join(failures) or "All floors hold.", err=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
