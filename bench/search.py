r"""How fast searches are, and what an index costs, beside Whoosh as documented and SQLite FTS5.

    python bench/search.py --warc ../shared/portal/sotttt-hanoi.warc.gz [--copies 10] [--json]

Every engine indexes the same articles and answers the same queries, of six classes drawn from the articles'
own words. An answer is the first ten articles, the exact total and the counts of four facets (speaker,
topic, year, portal); ours brings snippets and months as well. Building and searching run in processes of
their own, so that each peak of memory is one engine's. Queries are put once each, after a first one that
warms up; `--copies` multiplies the articles under other ids. Nothing is asserted.

whoosh  TEXT fields with StandardAnalyzer, one commit, facets by `groupedby`; it knows no folding
fts5    SQLite's full-text index, unicode61 with remove_diacritics 0, and 2 for queries without accents;
        facets by GROUP BY over a temporary table of the hits
"""

from __future__ import annotations

import json
import multiprocessing
import pickle
import random
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import fmean, quantiles

import click
from whoosh.fields import ID, KEYWORD, TEXT, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.qparser import MultifieldParser
from whoosh.query import And, Or, Term
from whoosh.sorting import FieldFacet

from archive_search.archive.warc import read_records
from archive_search.cleaning import clean, understand
from archive_search.errors import PageUnreadable
from archive_search.index.query import Query, parse
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.portals import load_profile
from archive_search.records import Document, Filters
from archive_search.vietnamese.spelling import fold
from archive_search.vietnamese.tokens import Kind, tokenize

CLASSES = ("common", "and", "phrase", "rare", "accent-free", "filtered")
PER_CLASS = 20
FACETS = ("speaker", "topic", "year", "portal")

Answer = tuple[int, int]
"""Number of hits shown, and total."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of a class; `words` are what is typed, `phrase` says that they are quoted."""

    kind: str
    words: tuple[str, ...]
    phrase: bool = False
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """An article as the other engines take it: the same text, flat."""

    id: str
    title: str
    body: str
    year: str
    portal: str
    speakers: tuple[str, ...]
    topics: tuple[str, ...]


def row(document: Document) -> Row:
    article = document.article
    return Row(
        id=article.id,
        title=article.title,
        body="\n".join([article.lead or "", *(block.text for block in article.blocks)]),
        year=f"{article.published_at:%Y}" if article.published_at else "",
        portal=article.portal,
        speakers=document.speakers,
        topics=tuple(topic.slug for topic in document.topics),
    )


# The engines: each builds an index in a folder, and opens it as a function from query to answer.


def build_ours(folder: Path, documents: Iterator[Document]) -> None:
    WhooshEngine(folder).rebuild(documents)


def open_ours(folder: Path) -> Callable[[Asked], Answer]:
    engine = WhooshEngine(folder)

    def answer(asked: Asked) -> Answer:
        text = " ".join(asked.words)
        text = f'"{text}"' if asked.phrase else text
        chosen = Filters(**{name: (value,) for name, value in asked.filters})
        results = engine.search(Query(node=parse(text), text=text, filters=chosen, facet_limit=50))
        return len(results.hits), results.total

    return answer


def build_whoosh(folder: Path, documents: Iterator[Document]) -> None:
    folder.mkdir()
    schema = Schema(
        id=ID(stored=True),
        title=TEXT(stored=True),
        body=TEXT,
        year=ID,
        portal=ID,
        speaker=KEYWORD(commas=True),
        topic=KEYWORD(commas=True),
    )
    writer = FileStorage(str(folder)).create_index(schema).writer()
    for entry in map(row, documents):
        writer.add_document(
            id=entry.id,
            title=entry.title,
            body=entry.body,
            year=entry.year,
            portal=entry.portal,
            speaker=",".join(entry.speakers),
            topic=",".join(entry.topics),
        )
    writer.commit()


def open_whoosh(folder: Path) -> Callable[[Asked], Answer]:
    index = FileStorage(str(folder)).open_index()
    searcher = index.searcher()
    parser = MultifieldParser(["title", "body"], index.schema)
    facets = {name: FieldFacet(name, allow_overlap=True) for name in FACETS}

    def answer(asked: Asked) -> Answer:
        text = " ".join(asked.words)
        query = parser.parse(f'"{text}"' if asked.phrase else text)
        chosen = And([Or([Term(name, value)]) for name, value in asked.filters]) if asked.filters else None
        results = searcher.search(query, limit=10, groupedby=facets, maptype=None, filter=chosen)
        for name in FACETS:
            {value: len(docs) for value, docs in results.groups(name).items()}
        return len([hit["id"] for hit in results]), len(results)

    return answer


def build_fts5(folder: Path, documents: Iterator[Document]) -> None:
    folder.mkdir()
    db = sqlite3.connect(folder / "fts.sqlite")
    db.executescript(
        """
        CREATE TABLE article (id TEXT, title TEXT, body TEXT, year TEXT, portal TEXT);
        CREATE TABLE speaker (doc INTEGER, value TEXT);
        CREATE TABLE topic (doc INTEGER, value TEXT);
        CREATE VIRTUAL TABLE exact USING fts5(title, body, content=article, content_rowid=rowid,
            tokenize="unicode61 remove_diacritics 0");
        CREATE VIRTUAL TABLE folded USING fts5(title, body, content=article, content_rowid=rowid,
            tokenize="unicode61 remove_diacritics 2");
        """
    )
    with db:
        for number, entry in enumerate(map(row, documents), 1):
            values = (entry.id, entry.title, entry.body, entry.year, entry.portal)
            db.execute("INSERT INTO article VALUES (?, ?, ?, ?, ?)", values)
            for table in ("exact", "folded"):
                # `table` is one of two literals.
                insert = f"INSERT INTO {table}(rowid, title, body) VALUES (?, ?, ?)"
                db.execute(insert, (number, entry.title, entry.body))
            db.executemany("INSERT INTO speaker VALUES (?, ?)", ((number, name) for name in entry.speakers))
            db.executemany("INSERT INTO topic VALUES (?, ?)", ((number, slug) for slug in entry.topics))
        db.execute("CREATE INDEX speaker_doc ON speaker(doc, value)")
        db.execute("CREATE INDEX topic_doc ON topic(doc, value)")
    db.close()


def open_fts5(folder: Path) -> Callable[[Asked], Answer]:
    db = sqlite3.connect(folder / "fts.sqlite")
    db.execute("CREATE TEMP TABLE hits (doc INTEGER PRIMARY KEY, score REAL)")

    def answer(asked: Asked) -> Answer:
        table = "folded" if asked.kind == "accent-free" else "exact"
        quoted = '"' + " ".join(asked.words) + '"'
        match = quoted if asked.phrase else " ".join(f'"{word}"' for word in asked.words)
        where = "".join(f" AND article.{name} = ?" for name, _ in asked.filters if name in ("year", "portal"))
        where += "".join(
            f" AND EXISTS (SELECT 1 FROM {name} WHERE doc = {table}.rowid AND value = ?)"
            for name, _ in asked.filters
            if name in ("speaker", "topic")
        )
        values = [
            value for name, value in sorted(asked.filters, key=lambda f: f[0] not in ("year", "portal"))
        ]
        db.execute("DELETE FROM hits")
        db.execute(
            f"INSERT INTO hits SELECT {table}.rowid, bm25({table}, 2.0, 1.0) FROM {table} "
            f"JOIN article ON article.rowid = {table}.rowid WHERE {table} MATCH ?{where}",
            [match, *values],
        )
        (total,) = db.execute("SELECT count(*) FROM hits").fetchone()
        for name in ("speaker", "topic"):
            db.execute(
                f"SELECT value, count(*) FROM hits JOIN {name} USING (doc) GROUP BY value ORDER BY 2 DESC"
            ).fetchall()
        for name in ("year", "portal"):
            db.execute(
                f"SELECT {name}, count(*) FROM hits JOIN article ON article.rowid = doc "
                "GROUP BY 1 ORDER BY 2 DESC"
            ).fetchall()
        best = db.execute(
            "SELECT id, title FROM hits JOIN article ON article.rowid = doc ORDER BY score LIMIT 10"
        ).fetchall()
        return len(best), total

    return answer


ENGINES = {
    "ours": (build_ours, open_ours),
    "whoosh": (build_whoosh, open_whoosh),
    "fts5": (build_fts5, open_fts5),
}


# The queries


def queries(documents: Sequence[Document]) -> list[Asked]:
    """Return the queries, drawn from the words of the documents; the same documents give the same ones."""
    chance = random.Random(1)
    spread: Counter[str] = Counter()
    neighbours: Counter[tuple[str, str, str]] = Counter()
    for document in documents:
        words = [
            t.text.lower() for t in tokenize(row(document).body) if t.kind is Kind.WORD and t.text.isalpha()
        ]
        spread.update(set(words))
        neighbours.update({(a, b, c) for (a, b), (_, c) in pairwise(pairwise(words))})
    ranked = [word for word, _ in spread.most_common()]
    common, middle = ranked[:120], ranked[120:600]
    rare = sorted(word for word, count in spread.items() if count <= 3 and len(word) > 2)
    phrases = [words for words, _ in neighbours.most_common(400)]
    years = sorted({row(document).year for document in documents} - {""})
    topics = sorted({slug for document in documents for slug in row(document).topics})
    asked: list[Asked] = []
    for _ in range(PER_CLASS):
        phrase = chance.choice(phrases)
        filters = (("year", chance.choice(years)), *([("topic", chance.choice(topics))] if topics else []))
        asked += [
            Asked("common", (chance.choice(common),)),
            Asked("and", (chance.choice(common), chance.choice(middle))),
            Asked("phrase", phrase, phrase=True),
            Asked("rare", (chance.choice(rare),)),
            Asked("accent-free", tuple(map(fold, chance.choice(phrases)))),
            Asked("filtered", (chance.choice(common),), filters=filters),
        ]
    return asked


# Measuring, in processes of their own


@dataclass(frozen=True, slots=True)
class Built:
    """What building an index took."""

    seconds: float
    megabytes: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Searched:
    """Milliseconds and totals by class of query, and the peak of memory."""

    ms: dict[str, list[float]]
    totals: dict[str, list[int]]
    peak_mb: float


def peak_mb() -> float:
    """Return the peak of resident memory; ru_maxrss would count what the parent had when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def stored(path: Path) -> Iterator[Document]:
    """Yield the documents of a file, one at a time."""
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


def measure_build(name: str, folder: Path, source: Path) -> Built:
    began = time.perf_counter()
    ENGINES[name][0](folder, stored(source))
    seconds = time.perf_counter() - began
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Built(seconds, size / 1e6, peak_mb())


def measure_search(name: str, folder: Path, asked: Sequence[Asked]) -> Searched:
    answer = ENGINES[name][1](folder)
    answer(replace(asked[0], words=("và",)))
    ms: dict[str, list[float]] = {kind: [] for kind in CLASSES}
    totals: dict[str, list[int]] = {kind: [] for kind in CLASSES}
    for query in asked:
        began = time.perf_counter()
        _, total = answer(query)
        ms[query.kind].append((time.perf_counter() - began) * 1000)
        totals[query.kind].append(total)
    return Searched(ms, totals, peak_mb())


def documents_of(path: Path, profile_name: str) -> Iterator[Document]:
    """Yield the articles of a WARC file, each once."""
    profile = load_profile(profile_name)
    seen: set[str] = set()
    for record in read_records(path):
        if record.capture is None or not profile.is_article(record.capture.url):
            continue
        try:
            article = clean(record.capture, profile)
        except PageUnreadable:
            continue
        if article.id not in seen:
            seen.add(article.id)
            yield understand(article)


def copied(document: Document, copy: int) -> Document:
    name = f"{document.article.id}-{copy}"
    return replace(document, article=replace(document.article, id=name))


# The report


def p50_p95(values: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[9], cuts[18]


def table(built: dict[str, Built], searched: dict[str, Searched], articles: int) -> Iterator[str]:
    names = list(ENGINES)
    yield f"{articles} articles" + "".join(f"{name:>22}" for name in names)
    for label, read in (
        ("articles/s", lambda b: f"{articles / b.seconds:.0f}"),
        ("index, MB", lambda b: f"{b.megabytes:.1f}"),
        ("peak, building, MB", lambda b: f"{b.peak_mb:.0f}"),
    ):
        yield f"{label:20}" + "".join(f"{read(built[name]):>22}" for name in names)
    peaks = "".join(f"{searched[name].peak_mb:22.0f}" for name in names)
    yield f"{'peak, searching, MB':20}{peaks}"
    yield "\nms: p50 / p95 (mean total)"
    for kind in (*CLASSES, "all"):
        cells = []
        for name in names:
            kinds = CLASSES if kind == "all" else (kind,)
            half, most = p50_p95([ms for k in kinds for ms in searched[name].ms[k]])
            total = fmean(total for k in kinds for total in searched[name].totals[k])
            cells.append(f"{half:8.2f} /{most:7.2f} ({total:.0f})".rjust(22))
        yield f"{kind:20}" + "".join(cells)
    yield "\ntimes slower than ours, p50 / p95"
    for kind in CLASSES:
        base = p50_p95(searched["ours"].ms[kind])
        cells = []
        for name in names:
            half, most = p50_p95(searched[name].ms[kind])
            cells.append(f"{half / base[0]:.1f} / {most / base[1]:.1f}".rjust(22))
        yield f"{kind:20}" + "".join(cells)


@click.command()
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--copies", default=1, show_default=True, help="How often each article is indexed.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def main(warc: Path, profile: str, copies: int, as_json: bool) -> None:
    """Measure building and searching over the articles of a WARC file."""
    documents = list(documents_of(warc, profile))
    asked = queries(documents)
    built, searched = {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "documents").open("wb") as file:
            for copy in range(copies):
                for document in documents:
                    pickle.dump(copied(document, copy), file)
        # Spawned, so that nothing of this process counts towards an engine's peak.
        context = multiprocessing.get_context("spawn")
        for engine in ENGINES:
            with context.Pool(1) as process:
                job = (engine, folder / engine, folder / "documents")
                built[engine] = process.apply(measure_build, job)
            with context.Pool(1) as process:
                searched[engine] = process.apply(measure_search, (engine, folder / engine, asked))
    if as_json:
        figures = {name: {**asdict(built[name]), **asdict(searched[name])} for name in ENGINES}
        click.echo(json.dumps({"articles": len(documents) * copies, "engines": figures}, indent=1))
    else:
        click.echo("\n".join(table(built, searched, len(documents) * copies)))


if __name__ == "__main__":
    main()
