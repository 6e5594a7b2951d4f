"""What a run looked like, in the figures by which one run can be told from another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from archive_search.archive import captures as kept
from archive_search.archive.captures import StoredCapture
from archive_search.archive.catalogue import captures, moment, runs, timestamp, versions, visits
from archive_search.records import CaptureKind, Outcome

_RUNS_AT_LEAST = 10
_RUNS_AT_MOST = 60
_DAYS = 30

_ARTICLES = (CaptureKind.ARTICLE.value, CaptureKind.UNREADABLE.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A run in figures. `texts` are the sizes of the article texts that it read, in characters.

    `unseen` counts the addresses that it saw for the first time, `pages` the article pages that it got
    anew, of which `unreadable` yielded no text and `unread` characters could not be read. `documents`
    counts the articles they showed, `undated`, `untitled` and `unsigned` those without that part.
    """

    requests: int = 0
    new: int = 0
    unseen: int = 0
    failed: int = 0
    refused: int = 0
    challenged: int = 0
    pages: int = 0
    unreadable: int = 0
    unread: int = 0
    texts: tuple[int, ...] = ()
    documents: int = 0
    undated: int = 0
    untitled: int = 0
    unsigned: int = 0


def of_run(db: Connection, run: int) -> Facts:
    """Return the figures of a run."""
    visited = db.execute(_visited(run)).all()
    outcomes: Counter[str] = Counter()
    for _, outcome, count in visited:
        outcomes[outcome] += count
    return Facts(
        requests=outcomes.total(),
        new=sum(n for kind, outcome, n in visited if (kind, outcome) == (CaptureKind.ARTICLE, Outcome.NEW)),
        unseen=outcomes[Outcome.NEW] + outcomes[Outcome.DUPLICATE],
        failed=outcomes[Outcome.FAILED],
        refused=outcomes[Outcome.REFUSED],
        challenged=outcomes[Outcome.CHALLENGED],
        **_read(db, run),
        **_shown(db, run),
    )


def _visited(run: int) -> Select[Any]:
    # That robots.txt could be had says nothing about the pages; that it could not says all.
    is_page = ~visits.c.url.like("%/robots.txt")
    failed = visits.c.outcome.in_([Outcome.FAILED.value, Outcome.REFUSED.value])
    query = select(visits.c.kind, visits.c.outcome, func.count()).where(visits.c.run == run, is_page | failed)
    return query.group_by(visits.c.kind, visits.c.outcome)


def _read(db: Connection, run: int) -> dict[str, Any]:
    query = select(captures.c.kind, captures.c.text_size, captures.c.unread).where(
        captures.c.run == run, captures.c.kind.in_(_ARTICLES), captures.c.status == 200
    )
    rows = db.execute(query.order_by(captures.c.id)).all()
    return {
        "pages": len(rows),
        "unreadable": sum(row.kind == CaptureKind.UNREADABLE for row in rows),
        "unread": sum(row.unread or 0 for row in rows),
        "texts": tuple(row.text_size for row in rows if row.text_size is not None),
    }


def _shown(db: Connection, run: int) -> dict[str, Any]:
    part = versions.c.document
    shown = (
        select(captures.c.article, captures.c.version)
        .where(captures.c.run == run, captures.c.kind == CaptureKind.ARTICLE.value, captures.c.status == 200)
        .distinct()
        .subquery()
    )
    same = (versions.c.article == shown.c.article) & (versions.c.version == shown.c.version)
    counts = {
        name: func.count() - func.count(func.nullif(part[("article", key)].as_string(), ""))
        for name, key in (("undated", "published_at"), ("untitled", "title"), ("unsigned", "byline"))
    }
    columns = [count.label(name) for name, count in counts.items()]
    query = select(func.count().label("documents"), *columns).select_from(versions).join(shown, same)
    return dict(db.execute(query).one()._mapping)


def listings(db: Connection, run: int, limit: int) -> list[StoredCapture]:
    """Return the first listings that a run got anew."""
    query = _listings().where(captures.c.run == run).order_by(captures.c.id)
    return _stored(db, query.limit(limit))


def listings_before(db: Connection, run: int, urls: Sequence[str], limit: int) -> list[StoredCapture]:
    """Return the newest captures of these listings before a run."""
    first = select(func.min(captures.c.id)).where(captures.c.run == run).scalar_subquery()
    query = _listings().where(captures.c.url.in_(urls), captures.c.id < first)
    return _stored(db, query.order_by(captures.c.id.desc()).limit(limit))


def _listings() -> Select[Any]:
    return select(captures.c.url, captures.c.captured_at).where(
        captures.c.kind == CaptureKind.LISTING.value, captures.c.status == 200
    )


def _stored(db: Connection, query: Select[Any]) -> list[StoredCapture]:
    found = (kept.at(db, row.url, moment(row.captured_at)) for row in db.execute(query).all())
    return [capture for capture in found if capture]


def before(db: Connection, run: int) -> tuple[Facts, ...]:
    """Return the figures of the portal's crawls before a run that came to their end, the newest first.

    Those of the last 30 days, and ten in any case if there are so many.
    """
    this = db.execute(select(runs.c.portal, runs.c.started_at).where(runs.c.id == run)).one()
    query = select(runs.c.id, runs.c.started_at).where(
        runs.c.kind == "crawl", runs.c.portal == this.portal, runs.c.id < run, runs.c.finished_at.is_not(None)
    )
    rows = db.execute(query.order_by(runs.c.id.desc()).limit(_RUNS_AT_MOST)).all()
    since = timestamp(moment(this.started_at) - timedelta(days=_DAYS))
    chosen = [row.id for at, row in enumerate(rows) if at < _RUNS_AT_LEAST or row.started_at >= since]
    return tuple(of_run(db, earlier) for earlier in chosen)


def days_with_news(db: Connection, portal: str, limit: int = 21) -> tuple[date, ...]:
    """Return the last days (UTC) on which a crawl of the portal brought a new article, the newest first."""
    day = func.substr(visits.c.at, 1, 10)
    query = (
        select(day)
        .join(runs, runs.c.id == visits.c.run)
        .where(
            runs.c.kind == "crawl",
            runs.c.portal == portal,
            visits.c.outcome == Outcome.NEW.value,
            visits.c.kind == CaptureKind.ARTICLE.value,
        )
        .distinct()
        .order_by(day.desc())
        .limit(limit)
    )
    return tuple(date.fromisoformat(text) for text in db.execute(query).scalars())


def last_good(db: Connection, portal: str) -> datetime | None:
    """Return when a crawl of the portal last came to its end by itself and without an alarm, or None."""
    query = select(runs.c.finished_at, runs.c.alarms).where(
        runs.c.kind == "crawl",
        runs.c.portal == portal,
        runs.c.finished_at.is_not(None),
        runs.c.stopped.is_(None),
    )
    rows = db.execute(query.order_by(runs.c.id.desc()))
    return next((moment(row.finished_at) for row in rows if not row.alarms), None)
