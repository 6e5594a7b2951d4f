"""Runs in the catalogue: what a crawl or an import did with each URL, and the report of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from archive_search.archive.catalogue import moment, runs, timestamp, visits
from archive_search.records import CaptureKind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A URL that brought nothing, and why."""

    url: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. `articles` counts article pages, `others` all other URLs, by outcome.

    `kinds` counts all URLs by what they turned out to be; `problems` lists what failed, was refused,
    missing or gone.
    """

    run: int
    kind: str
    portal: str | None
    started_at: datetime
    finished_at: datetime | None
    articles: dict[str, int]
    others: dict[str, int]
    kinds: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def failures(self) -> int:
        """How many URLs failed, so that the run is done in part only."""
        failed = Outcome.FAILED.value
        return self.articles.get(failed, 0) + self.others.get(failed, 0)


def begin(db: Connection, kind: str, portal: str | None, now: datetime) -> int:
    """Enter a run that starts now; return its number."""
    row = insert(runs).values(kind=kind, portal=portal, started_at=timestamp(now))
    return int(db.execute(row.returning(runs.c.id)).scalar_one())


def interrupted(db: Connection, portal: str) -> int | None:
    """Return the crawl of a portal that was begun last and never finished, or None."""
    query = select(runs.c.id, runs.c.finished_at).where(runs.c.kind == "crawl", runs.c.portal == portal)
    newest = db.execute(query.order_by(runs.c.id.desc())).first()
    return newest.id if newest and newest.finished_at is None else None


def finish(db: Connection, run: int, now: datetime) -> None:
    """Enter that a run has come to its end."""
    db.execute(update(runs).where(runs.c.id == run).values(finished_at=timestamp(now)))


def note(
    db: Connection,
    run: int,
    url: str,
    now: datetime,
    outcome: Outcome,
    *,
    kind: CaptureKind | None = None,
    reason: str | None = None,
) -> None:
    """Enter what a run did with a URL."""
    db.execute(
        insert(visits).values(
            run=run,
            url=url,
            at=timestamp(now),
            kind=kind.value if kind else None,
            outcome=outcome.value,
            reason=reason,
        )
    )


def noted(db: Connection, run: int, url: str) -> bool:
    """Tell whether a run has dealt with a URL already."""
    return db.execute(select(visits.c.id).where(visits.c.run == run, visits.c.url == url)).first() is not None


_PROBLEMS = (Outcome.FAILED, Outcome.REFUSED, Outcome.GONE, Outcome.MISSING)


def report(db: Connection, run: int) -> Report:
    """Return what a run did, so far if it is still going on."""
    row = db.execute(select(runs).where(runs.c.id == run)).one()
    counts = db.execute(
        select(visits.c.kind, visits.c.outcome, func.count())
        .where(visits.c.run == run)
        .group_by(visits.c.kind, visits.c.outcome)
    ).all()
    articles: dict[str, int] = {}
    others: dict[str, int] = {}
    kinds: dict[str, int] = {}
    for kind, outcome, count in counts:
        group = articles if kind in (CaptureKind.ARTICLE, CaptureKind.UNREADABLE) else others
        group[outcome] = group.get(outcome, 0) + count
        kinds[kind or "none"] = kinds.get(kind or "none", 0) + count
    return Report(
        run=run,
        kind=row.kind,
        portal=row.portal,
        started_at=moment(row.started_at),
        finished_at=moment(row.finished_at) if row.finished_at else None,
        articles=articles,
        others=others,
        kinds=kinds,
        problems=_problems(db, run),
    )


def _problems(db: Connection, run: int) -> tuple[Problem, ...]:
    query = select(visits).where(visits.c.run == run, visits.c.outcome.in_([o.value for o in _PROBLEMS]))
    return tuple(
        Problem(url=row.url, outcome=Outcome(row.outcome), reason=row.reason or "")
        for row in db.execute(query.order_by(visits.c.id))
    )


def last(db: Connection, portal: str) -> Report | None:
    """Return the report of the newest crawl of a portal, or None."""
    query = select(runs.c.id).where(runs.c.kind == "crawl", runs.c.portal == portal)
    run = db.execute(query.order_by(runs.c.id.desc())).scalar()
    return report(db, run) if run is not None else None
