"""SQLite FTS5: one table of text, facets by GROUP BY over a temporary table of the hits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from asked import FACETS, LISTED, WITHIN, Answer, Asked
from stored import Row

_SCHEMA = """
CREATE TABLE article (id TEXT, title TEXT, published TEXT, year TEXT, month TEXT, portal TEXT);
CREATE TABLE speaker (doc INTEGER, speaker TEXT);
CREATE TABLE topic (doc INTEGER, topic TEXT);
CREATE VIRTUAL TABLE text USING fts5(exact, folded,
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'");
"""
_INDEXES = """
CREATE INDEX speaker_doc ON speaker(doc, speaker);
CREATE INDEX speaker_name ON speaker(speaker, doc);
CREATE INDEX topic_doc ON topic(doc, topic);
CREATE INDEX topic_slug ON topic(topic, doc);
CREATE INDEX article_published ON article(published, id);
"""


def build(folder: Path, rows: Iterator[Row], processes: int) -> None:
    """Build an index in a folder, in one transaction; SQLite has one writer."""
    folder.mkdir()
    db = sqlite3.connect(folder / "fts.sqlite")
    db.executescript(_SCHEMA)
    with db:
        for doc, row in enumerate(rows, 1):
            values = (row.id, row.title, row.published, row.year, row.month, row.portal)
            db.execute("INSERT INTO article VALUES (?, ?, ?, ?, ?, ?)", values)
            db.execute(
                "INSERT INTO text(rowid, exact, folded) VALUES (?, ?, ?)", (doc, row.exact, row.folded)
            )
            db.executemany("INSERT INTO speaker VALUES (?, ?)", ((doc, name) for name in row.speakers))
            db.executemany("INSERT INTO topic VALUES (?, ?)", ((doc, slug) for slug in row.topics))
        for statement in filter(str.strip, _INDEXES.split(";")):
            db.execute(statement)
    db.close()


class Opened:
    """An index opened for searching."""

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "fts.sqlite")
        # As much as our engine keeps of what it has read.
        self.db.execute("PRAGMA cache_size = -65536")
        self.db.execute("CREATE TEMP TABLE hits (doc INTEGER PRIMARY KEY, score REAL)")

    def prepare(self, asked: Asked) -> Asked | None:
        """Return what is asked; there are no cursors."""
        return None if asked.after else asked

    def answer(self, prepared: Asked) -> Answer:
        """Return the answer."""
        source, values = _source(prepared)
        if prepared.page:
            return self._page(source, values, prepared)
        (total,) = self.db.execute(f"SELECT count(*) {source}", values).fetchone()
        order = "published DESC, id" if prepared.newest else "rank"
        best = self.db.execute(
            f"SELECT id, title {source} ORDER BY {order} LIMIT 10 OFFSET {prepared.offset}", values
        )
        return Answer(tuple(name for name, _ in best), total)

    def _page(self, source: str, values: list[str], asked: Asked) -> Answer:
        words = asked.form != "everything"
        score = "bm25(text)" if words else "0"
        self.db.execute("DELETE FROM hits")
        self.db.execute(f"INSERT INTO hits SELECT article.rowid, {score} {source}", values)
        (total,) = self.db.execute("SELECT count(*) FROM hits").fetchone()
        best = self.db.execute("SELECT doc FROM hits ORDER BY score LIMIT 10").fetchall()
        ids = tuple(self._shown(doc, values[0] if words else None) for (doc,) in best)
        return Answer(ids, total, {facet: self._counts(facet) for facet in FACETS})

    def _shown(self, doc: int, match: str | None) -> str:
        """Return the id of a hit, whose snippet is made."""
        if match is not None:
            self.db.execute(
                "SELECT snippet(text, 0, '<b>', '</b>', '…', 40) FROM text WHERE text MATCH ? AND rowid = ?",
                (match, doc),
            ).fetchone()
        (name,) = self.db.execute("SELECT id FROM article WHERE rowid = ?", (doc,)).fetchone()
        return str(name)

    def _counts(self, facet: str) -> dict[str, int]:
        table = f"{facet} USING (doc)" if facet in ("speaker", "topic") else "article ON article.rowid = doc"
        limit = -1 if facet == "month" else LISTED
        return dict(
            self.db.execute(
                f"SELECT {facet}, count(*) FROM hits JOIN {table} GROUP BY 1 ORDER BY 2 DESC LIMIT {limit}"
            )
        )


def _source(asked: Asked) -> tuple[str, list[str]]:
    """Return FROM and WHERE of what is asked, with their values."""
    values, conditions = [], []
    source = "FROM article"
    if asked.form != "everything":
        source = "FROM text JOIN article ON article.rowid = text.rowid"
        conditions, values = ["text MATCH ?"], [_match(asked)]
    for name, value in asked.filters:
        many = name in ("speaker", "topic")
        conditions.append(
            f"article.rowid IN (SELECT doc FROM {name} WHERE {name} = ?)" if many else f"{name} = ?"
        )
        values.append(value)
    return f"{source} WHERE {' AND '.join(conditions)}" if conditions else source, values


def _match(asked: Asked) -> str:
    keys = " ".join(word.key for word in asked.words)
    field = asked.words[0].field
    if asked.form == "phrase":
        return f'{field} : "{keys}"'
    if asked.form == "prefix":
        return f'{field} : "{keys}"*'
    if asked.form == "near":
        # Ours counts from start to start, FTS5 what stands between.
        apart = '" "'.join(word.key for word in asked.words)
        return f'{field} : NEAR("{apart}", {WITHIN - 1})'
    joined = " OR " if asked.form == "any" else " AND "
    return joined.join(f'{word.field} : "{word.key}"' for word in asked.words)
