"""Articles in the catalogue: their versions, which one is current, which URLs lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from archive_search.archive import captures as kept
from archive_search.archive.captures import StoredCapture
from archive_search.archive.catalogue import articles, captures, moment, timestamp, versions
from archive_search.archive.exporting import document_from_json, document_to_json
from archive_search.records import CaptureKind, Document, Outcome

GONE = (404, 410)
"""Statuses that say a page is no longer there (RFC 9110, 15.5.5 and 15.5.11)."""

_ROWS = 200
"""Rows read at a time; those of articles are some 20 kB each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """A row of the catalogue: an article's current state. `gone_at` is None while its portal has it."""

    id: str
    portal: str
    url: str
    version: str
    gone_at: datetime | None


def file(db: Connection, capture: StoredCapture, document: Document, *, is_print_view: bool) -> Outcome:
    """File what a capture shows as a version of its article, and say what that brought."""
    article = document.article
    before = find(db, article.id)
    seen_here = kept.newest_of(db, capture.url, before=capture.id)
    kind = CaptureKind.PRINT_VIEW if is_print_view else CaptureKind.ARTICLE
    kept.settle(db, capture.id, kind, article=article.id, version=article.version)
    held = select(versions.c.version).where(
        versions.c.article == article.id, versions.c.version == article.version
    )
    if not db.execute(held).first():
        db.execute(
            insert(versions).values(
                article=article.id, version=article.version, document=document_to_json(document)
            )
        )
    if before is None:
        state = {"portal": article.portal, "url": article.url, "version": article.version}
        db.execute(insert(articles).values(id=article.id, **state))
    refresh(db, article.id)
    if before is None:
        return Outcome.NEW
    if before.version != article.version and not is_print_view:
        return Outcome.CHANGED
    return Outcome.UNCHANGED if seen_here and seen_here.article == article.id else Outcome.DUPLICATE


def refresh(db: Connection, article: str) -> None:
    """Derive the state of an article from its captures, and from nothing else.

    The newest capture of an article page has the current version (a print view's where there is no
    other); the oldest has the canonical URL; an article is gone when every URL of it answers 404.
    """
    shown = kept.of_article(db, article)
    pages = [c for c in shown if c.kind is not CaptureKind.PRINT_VIEW] or list(shown)
    state = {
        "url": pages[0].url,
        "version": pages[-1].version,
        "gone_at": _gone_at(db, {c.url for c in shown}),
    }
    db.execute(update(articles).where(articles.c.id == article).values(**state))


def _gone_at(db: Connection, urls: set[str]) -> str | None:
    newest = [kept.newest_of(db, url) for url in urls]
    if all(capture and capture.status in GONE for capture in newest):
        return max(timestamp(capture.captured_at) for capture in newest if capture)
    return None


def find(db: Connection, article: str) -> StoredArticle | None:
    """Return an article's state, or None if there is no such article."""
    row = db.execute(select(articles).where(articles.c.id == article)).first()
    if not row:
        return None
    return StoredArticle(
        id=row.id,
        portal=row.portal,
        url=row.url,
        version=row.version,
        gone_at=moment(row.gone_at) if row.gone_at else None,
    )


def document(db: Connection, article: str, version: str | None = None) -> Document | None:
    """Return a version of an article (the current one by default) with all its URLs, or None."""
    state = find(db, article)
    found = _document(db, article, version or state.version) if state else None
    return _with_urls(db, found, state.url) if found and state else None


def documents(db: Connection) -> Iterator[Document]:
    """Yield the current version of every article, by id."""
    current = and_(versions.c.article == articles.c.id, versions.c.version == articles.c.version)
    query = select(articles.c.id, articles.c.url, versions.c.document).join(versions, current)
    rows = db.execute(query.order_by(articles.c.id).execution_options(yield_per=_ROWS))
    shown = _urls_by_article(db)
    at = next(shown, None)
    for row in rows:
        # Both come in the order of ids, so one pass over each is enough.
        while at and at.article < row.id:
            at = next(shown, None)
        urls = at.urls if at and at.article == row.id else []
        yield _addressed(document_from_json(row.document), row.url, urls)


class _Shown(NamedTuple):
    """The URLs at which captures show an article."""

    article: str
    urls: list[str]


def _urls_by_article(db: Connection) -> Iterator[_Shown]:
    """Yield each article that captures show, by id, with their URLs."""
    query = select(captures.c.article, captures.c.url).where(captures.c.article.is_not(None)).distinct()
    rows = db.execute(query.order_by(captures.c.article).execution_options(yield_per=_ROWS))
    for article, found in groupby(rows, key=itemgetter(0)):
        yield _Shown(article, [url for _, url in found])


def current_versions(db: Connection) -> dict[str, str]:
    """Return the current version of every article, by article id."""
    return {row.id: row.version for row in db.execute(select(articles.c.id, articles.c.version))}


def forget_all(db: Connection) -> None:
    """Empty what is derived from captures, so that it can be derived anew."""
    db.execute(delete(versions))
    db.execute(delete(articles))


def count_by_portal(db: Connection) -> dict[str, int]:
    """Return how many articles there are of each portal."""
    query = select(articles.c.portal, func.count()).group_by(articles.c.portal)
    return {row.portal: row[1] for row in db.execute(query)}


def _document(db: Connection, article: str, version: str) -> Document | None:
    query = select(versions.c.document).where(versions.c.article == article, versions.c.version == version)
    found = db.execute(query).scalar()
    return document_from_json(found) if found else None


def _with_urls(db: Connection, document: Document, canonical: str) -> Document:
    query = select(captures.c.url).where(captures.c.article == document.article.id).distinct()
    return _addressed(document, canonical, db.execute(query).scalars())


def _addressed(document: Document, canonical: str, urls: Iterable[str]) -> Document:
    others = sorted({*urls} - {canonical})
    return replace(document, article=replace(document.article, url=canonical, urls=(canonical, *others)))
