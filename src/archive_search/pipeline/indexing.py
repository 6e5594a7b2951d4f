"""Deriving: the search index from the catalogue, the catalogue from the WARC files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from archive_search.archive import Archive, articles, captures, gone
from archive_search.archive.importing import revisits
from archive_search.archive.warc import salvaged_records
from archive_search.index.engine import Engine
from archive_search.pipeline.files import fill_texts
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import settle_kept
from archive_search.records import Document

_DEARER = 4
"""What reading an article by itself costs, against reading it along with all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """How many documents an update of the index added or replaced, and how many it removed."""

    indexed: int
    removed: int
    total: int


def update_index(archive: Archive, engine: Engine, progress: Progress = silent) -> IndexReport:
    """Bring the search index up to date with the catalogue, and that with the texts of captured files."""
    fill_texts(archive, progress)
    with archive.reading() as db:
        current, indexed = articles.current_editions(db), engine.versions()
        stale = sorted(article for article, version in current.items() if indexed.get(article) != version)
        removed = sorted(indexed.keys() - current.keys())
        if not indexed:
            engine.rebuild(articles.documents(db))
        elif stale or removed:
            engine.update(_documents(db, stale, len(current)), removed)
    return IndexReport(indexed=len(stale), removed=len(removed), total=len(current))


def _documents(db: Connection, ids: Collection[str], total: int) -> Iterator[Document]:
    if len(ids) * _DEARER > total:
        wanted = frozenset(ids)
        yield from (document for document in articles.documents(db) if document.article.id in wanted)
        return
    for article in ids:
        if document := articles.document(db, article):
            yield document


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildReport:
    """What a rebuild found in the WARC files; `problems` says what in them cannot be read."""

    files: int
    captures: int
    articles: int
    problems: tuple[str, ...]


def rebuild(archive: Archive, engine: Engine, progress: Progress = silent) -> RebuildReport:
    """Derive the catalogue from the WARC files and the search index from the catalogue, anew.

    The catalogue changes in one transaction: readers see the old one until the new one is whole.
    """
    profiles = Profiles(archive.config.profile_folder)
    files = archive.warc_files()
    problems: list[str] = []
    with archive.writing() as db:
        captures.unsettle_all(db)
        articles.forget_all(db)
        for path in files:
            for record in salvaged_records(path, problems.append):
                if record.capture:
                    captures.register(db, record.capture, record.location, None)
                elif record.problem:
                    problems.append(record.problem)
        pending = list(captures.unsettled(db))
        for done, stored in enumerate(pending, 1):
            if damage := settle_kept(archive, db, stored, profiles.of(stored.url)):
                problems.append(damage)
            progress("cleaning", done, len(pending))
        revisits.resolve_waiting(db, archive.read)
        gone.judge(db, archive.config.closed)
    fill_texts(archive, progress, again=True)
    with archive.reading() as db:
        engine.rebuild(articles.documents(db))
        total = len(articles.current_versions(db))
    return RebuildReport(files=len(files), captures=len(pending), articles=total, problems=tuple(problems))
