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
from archive_search.archive import files as attached_files
from archive_search.archive import gone
from archive_search.archive.captures import StoredCapture
from archive_search.archive.catalogue import articles, captures, moment, timestamp, versions
from archive_search.archive.exporting import document_from_json, document_to_json
from archive_search.records import CaptureKind, Document, Outcome

_ROWS = 200
"""Rows read at a time; those of articles are some 20 kB each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArticle:
    """A row of the catalogue: an article's current state.

    `absent_at` is since when none of its addresses shows it, `lost_at` when that had been seen often
    enough, `gone_at` the same as `absent_at` once it has a tombstone.
    """

    id: str
    portal: str
    url: str
    version: str
    absent_at: datetime | None
    lost_at: datetime | None
    gone_at: datetime | None


def file(db: Connection, capture: StoredCapture, document: Document, *, is_print_view: bool) -> Outcome:
    """File what a capture shows as a version of its article, and say what that brought."""
    article = document.article
    before = find(db, article.id)
    seen_here = kept.article_at(db, capture.url, before=capture.id)
    kind = CaptureKind.PRINT_VIEW if is_print_view else CaptureKind.ARTICLE
    text = "".join((article.title, *(block.text for block in article.blocks)))
    kept.settle(
        db,
        capture.id,
        kind,
        article=article.id,
        version=article.version,
        text_size=len(text),
        unread=text.count("\ufffd"),
    )
    held = select(versions.c.version).where(
        versions.c.article == article.id, versions.c.version == article.version
    )
    if not db.execute(held).first():
        db.execute(
            insert(versions).values(
                article=article.id, version=article.version, document=document_to_json(document)
            )
        )
    elif not is_print_view:
        _put_files(db, capture, document)
    if before is None:
        state = {"portal": article.portal, "url": article.url, "version": article.version}
        db.execute(insert(articles).values(id=article.id, **state))
    refresh(db, article.id)
    if before is None:
        return Outcome.NEW
    if before.version != article.version and not is_print_view:
        return Outcome.CHANGED
    return Outcome.UNCHANGED if seen_here == article.id else Outcome.DUPLICATE


def _put_files(db: Connection, capture: StoredCapture, document: Document) -> None:
    """Let a version that is held have the attachments of the newest page that shows it.

    They are no part of what makes a version, and a portal adds one without a word in the text.
    """
    article, c = document.article, captures.c
    is_version = and_(versions.c.article == article.id, versions.c.version == article.version)
    shows_it = and_(c.article == article.id, c.version == article.version)
    newest = select(func.max(c.captured_at)).where(shows_it, c.kind == CaptureKind.ARTICLE.value)
    held = document_from_json(db.execute(select(versions.c.document).where(is_version)).scalar_one())
    is_newest = db.execute(newest).scalar() == timestamp(capture.captured_at)
    if is_newest and held.article.attachments != article.attachments:
        put = replace(held, article=replace(held.article, attachments=article.attachments))
        db.execute(update(versions).where(is_version).values(document=document_to_json(put)))


def refresh(db: Connection, article: str) -> None:
    """Derive the state of an article from its captures, and from nothing else.

    The newest capture of an article page has the current version (a print view's where there is no
    other), and the oldest the canonical URL. Whether an article that is lost gets a tombstone is judged
    by what became of its portal: `gone.judge`.
    """
    shown = kept.of_article(db, article)
    pages = [c for c in shown if c.kind is not CaptureKind.PRINT_VIEW] or list(shown)
    absence = gone.absence_of_article(db, {c.url for c in pages})
    lost_at = absence.lost_at if absence else None
    state = {
        "url": pages[0].url,
        "version": pages[-1].version,
        "seen_at": timestamp(shown[0].captured_at),
        "absent_at": timestamp(absence.since) if absence else None,
        "lost_at": timestamp(lost_at) if lost_at else None,
        **({} if lost_at else {"gone_at": None}),
    }
    db.execute(update(articles).where(articles.c.id == article).values(**state))


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
        absent_at=moment(row.absent_at) if row.absent_at else None,
        lost_at=moment(row.lost_at) if row.lost_at else None,
        gone_at=moment(row.gone_at) if row.gone_at else None,
    )


def document(db: Connection, article: str, version: str | None = None) -> Document | None:
    """Return a version of an article (the current one by default) with all its URLs and files, or None."""
    state = find(db, article)
    found = _document(db, article, version or state.version) if state else None
    if not (found and state):
        return None
    held = attached_files.held_of(db, found.article.attachments)
    return _with_files(db, _with_urls(db, found, state.url), held)


def documents(db: Connection) -> Iterator[Document]:
    """Yield the current version of every article with all its URLs and files, by id."""
    held = attached_files.held(db)
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
        yield _with_files(db, _addressed(document_from_json(row.document), row.url, urls), held)


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


def current_editions(db: Connection) -> dict[str, str]:
    """Return the current edition of every article, by article id: its version with the texts of its files."""
    editions = current_versions(db)
    held = attached_files.held(db)
    if not any(file.has_text for file in held.values()):
        return editions
    current = and_(versions.c.article == articles.c.id, versions.c.version == articles.c.version)
    attachments = versions.c.document[("article", "attachments")]
    query = select(articles.c.id, attachments).join(versions, current)
    for article, found in db.execute(query.execution_options(yield_per=_ROWS)):
        urls = (file["url"] for file in found or ())
        editions[article] = attached_files.edition_of(editions[article], urls, held)
    return editions


def urls(db: Connection, portal: str) -> Iterator[str]:
    """Yield the URLs at which captures show articles of a portal, each once."""
    query = select(captures.c.url).join(articles, articles.c.id == captures.c.article)
    shown = query.where(articles.c.portal == portal, captures.c.kind == CaptureKind.ARTICLE.value)
    yield from db.execute(shown.distinct().order_by(captures.c.url)).scalars()


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


def _with_files(db: Connection, document: Document, held: attached_files.Held) -> Document:
    if not (held and document.article.attachments):
        return document
    return replace(document, attached=attached_files.attached(db, document.article.attachments, held))


def _addressed(document: Document, canonical: str, urls: Iterable[str]) -> Document:
    others = sorted({*urls} - {canonical})
    return replace(document, article=replace(document.article, url=canonical, urls=(canonical, *others)))
