"""The catalogue against itself and against the names of the files that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, text

from archive_search.archive import Archive
from archive_search.archive.audit.report import REBUILD, RESTORE, Problem
from archive_search.archive.catalogue import articles, captures, versions
from archive_search.archive.exporting import document_from_json
from archive_search.identity import article_version

_ROWS_AT_ONCE = 100


def missing_files(archive: Archive) -> list[Problem]:
    """Return a problem for each file that the catalogue names and that is not there."""
    with archive.reading() as db:
        named = db.execute(
            select(captures.c.warc_file, func.count(), func.min(captures.c.url)).group_by(
                captures.c.warc_file
            )
        ).all()
    return [
        Problem(
            what=f"the file is missing; the catalogue has {count} records in it",
            advice=RESTORE,
            file=file,
            url=url,
        )
        for file, count, url in named
        if not (archive.config.warc_folder / file).exists()
    ]


def contradictions(db: Connection) -> Iterator[Problem]:
    """Yield what in the catalogue contradicts itself."""
    if db.dialect.name == "sqlite":
        for (found,) in db.execute(text("PRAGMA integrity_check")):
            if found != "ok":
                yield Problem(what=f"the catalogue's database is damaged: {found}", advice=REBUILD)
    of_version = and_(versions.c.article == captures.c.article, versions.c.version == captures.c.version)
    current = and_(captures.c.article == articles.c.id, captures.c.version == articles.c.version)
    yield from _problems(
        "an article whose version has no capture",
        db.execute(
            select(articles.c.id, articles.c.url).outerjoin(captures, current).where(captures.c.id.is_(None))
        ),
    )
    yield from _problems(
        "a capture of an article or a version that the catalogue does not have",
        db.execute(
            select(captures.c.article, captures.c.url)
            .outerjoin(versions, of_version)
            .outerjoin(articles, articles.c.id == captures.c.article)
            .where(captures.c.article.is_not(None))
            .where(or_(versions.c.version.is_(None), articles.c.id.is_(None)))
        ),
    )
    yield from _problems(
        "a version of which no capture shows anything",
        db.execute(
            select(versions.c.article, versions.c.version)
            .outerjoin(captures, of_version)
            .where(captures.c.id.is_(None))
        ),
    )
    yield from _problems("a version whose text is not the one it was named after", _altered(db))


def _problems(what: str, rows: Iterable[Any]) -> Iterator[Problem]:
    for article, at in rows:
        yield Problem(what=f"{what}: article {article}", advice=REBUILD, url=at)


def _altered(db: Connection) -> Iterator[tuple[str, str]]:
    rows = db.execute(select(versions).execution_options(yield_per=_ROWS_AT_ONCE))
    for row in rows:
        try:
            article = document_from_json(row.document).article
        except (KeyError, TypeError, ValueError):
            yield row.article, row.version
            continue
        made = article_version(article.title, article.lead, article.published_at, article.blocks)
        if (article.id, made) != (row.article, row.version):
            yield row.article, article.url
