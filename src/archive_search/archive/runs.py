"""Runs in the catalogue: what a crawl or an import did with each URL, and the report of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from archive_search.archive.catalogue import captures, moment, runs, timestamp, versions, visits
from archive_search.records import CaptureKind, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A URL that brought nothing, and why."""

    url: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a run did with one URL; `title` is that of the article which it shows, if it is one."""

    url: str
    kind: CaptureKind | None
    outcome: Outcome
    reason: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. `articles` counts article pages, `others` all other URLs, by outcome.

    `kinds` counts all URLs by what they turned out to be; `problems` lists what failed, was refused,
    challenged, missing, absent or gone. `size` is the bytes of the payloads it kept, `stopped` says why
    it ended with URLs still queued, `alarms` what somebody ought to look at.
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
    machine: str | None = None
    stopped: str | None = None
    alarms: tuple[str, ...] = ()
    size: int = 0

    @property
    def failures(self) -> int:
        """How many URLs failed or were challenged, so that the run is done in part only."""
        return self.total(Outcome.FAILED) + self.total(Outcome.CHALLENGED)

    def total(self, outcome: Outcome) -> int:
        """Return how many URLs had this outcome."""
        return self.articles.get(outcome.value, 0) + self.others.get(outcome.value, 0)


def begin(db: Connection, kind: str, portal: str | None, now: datetime, *, machine: str | None = None) -> int:
    """Enter a run that starts now, on this machine; return its number."""
    row = insert(runs).values(kind=kind, portal=portal, started_at=timestamp(now), machine=machine)
    return int(db.execute(row.returning(runs.c.id)).scalar_one())


def interrupted(db: Connection, portal: str) -> int | None:
    """Return the crawl of a portal that was begun last and never finished, or None."""
    query = select(runs.c.id, runs.c.finished_at).where(runs.c.kind == "crawl", runs.c.portal == portal)
    newest = db.execute(query.order_by(runs.c.id.desc())).first()
    return newest.id if newest and newest.finished_at is None else None


def finish(
    db: Connection, run: int, now: datetime, *, stopped: str | None = None, alarms: Sequence[str] = ()
) -> None:
    """Enter that a run has come to its end, why that was before its time if it was, and its alarms."""
    values = {"finished_at": timestamp(now), "stopped": stopped, "alarms": list(alarms)}
    db.execute(update(runs).where(runs.c.id == run).values(**values))


def alarm(db: Connection, run: int, alarms: Sequence[str]) -> None:
    """Enter what somebody ought to look at after a run."""
    db.execute(update(runs).where(runs.c.id == run).values(alarms=list(alarms)))


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


_PROBLEMS = (
    Outcome.FAILED,
    Outcome.CHALLENGED,
    Outcome.REFUSED,
    Outcome.GONE,
    Outcome.ABSENT,
    Outcome.MISSING,
)


def exists(db: Connection, run: int) -> bool:
    """Tell whether there is a run of that number."""
    return db.execute(select(runs.c.id).where(runs.c.id == run)).first() is not None


def report(db: Connection, run: int) -> Report:
    """Return what a run did, so far if it is still going on."""
    row = db.execute(select(runs).where(runs.c.id == run)).one()
    size = db.execute(select(func.sum(captures.c.size)).where(captures.c.run == run)).scalar()
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
        machine=row.machine,
        stopped=row.stopped,
        alarms=tuple(row.alarms or ()),
        size=int(size or 0),
    )


def _problems(db: Connection, run: int) -> tuple[Problem, ...]:
    query = select(visits).where(visits.c.run == run, visits.c.outcome.in_([o.value for o in _PROBLEMS]))
    return tuple(
        Problem(url=row.url, outcome=Outcome(row.outcome), reason=row.reason or "")
        for row in db.execute(query.order_by(visits.c.id))
    )


def entries(db: Connection, run: int) -> Iterator[Entry]:
    """Yield what a run did with each URL, in the order of its visits."""
    title = versions.c.document[("article", "title")].as_string()
    shown = (
        select(captures.c.url, func.max(title).label("title"))
        .join(
            versions, (versions.c.article == captures.c.article) & (versions.c.version == captures.c.version)
        )
        .where(captures.c.run == run)
        .group_by(captures.c.url)
        .subquery()
    )
    query = select(visits, shown.c.title).outerjoin(shown, shown.c.url == visits.c.url)
    for row in db.execute(query.where(visits.c.run == run).order_by(visits.c.id)):
        yield Entry(
            url=row.url,
            kind=CaptureKind(row.kind) if row.kind else None,
            outcome=Outcome(row.outcome),
            reason=row.reason or "",
            title=row.title or "",
        )


def last(db: Connection, portal: str) -> Report | None:
    """Return the report of the newest crawl of a portal, or None."""
    query = select(runs.c.id).where(runs.c.kind == "crawl", runs.c.portal == portal)
    run = db.execute(query.order_by(runs.c.id.desc())).scalar()
    return report(db, run) if run is not None else None
