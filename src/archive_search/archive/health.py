"""How a portal is doing: what is held of it, what is still to be asked, when it last went well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, case, func, or_, select

from archive_search.archive import facts, runs
from archive_search.archive.catalogue import articles, frontier, hosts, moment, timestamp
from archive_search.archive.runs import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a portal is doing.

    Its articles are `live`, `absent` (not there, and not yet for long enough) or `gone`. Of the `known`
    URLs some are `due` now, the next ones at `next_due`. `alarms` are those of its last crawl, `waiting`
    says until when a host asked for a pause.
    """

    portal: str
    live: int
    absent: int
    gone: int
    known: int
    due: int
    next_due: datetime | None
    last: Report | None
    last_good: datetime | None
    last_news: date | None
    alarms: tuple[str, ...]
    waiting: Mapping[str, datetime]


def of_portal(db: Connection, portal: str, now: datetime, waiting: Mapping[str, datetime]) -> Health:
    """Return how a portal is doing, given which of its hosts wait until when."""
    held = _held(db, portal)
    known, due, next_due = _queue(db, portal, now)
    last = runs.last(db, portal)
    return Health(
        portal=portal,
        live=sum(held.values()) - held.get("gone", 0) - held.get("absent", 0),
        absent=held.get("absent", 0),
        gone=held.get("gone", 0),
        known=known,
        due=due,
        next_due=next_due,
        last=last,
        last_good=facts.last_good(db, portal),
        last_news=next(iter(facts.days_with_news(db, portal, limit=1)), None),
        alarms=last.alarms if last else (),
        waiting=waiting,
    )


def _held(db: Connection, portal: str) -> dict[str, int]:
    state = case(
        (articles.c.gone_at.is_not(None), "gone"), (articles.c.absent_at.is_not(None), "absent"), else_="live"
    )
    query = select(state.label("state"), func.count()).where(articles.c.portal == portal)
    return {row.state: row[1] for row in db.execute(query.group_by("state"))}


def _queue(db: Connection, portal: str, now: datetime) -> tuple[int, int, datetime | None]:
    """Return how many URLs are known, how many of them are due, and when the next one is."""
    at = timestamp(now)
    in_queue = (frontier.c.state == "queued") & frontier.c.due_at.is_(None)
    is_due = or_(in_queue, frontier.c.due_at <= at)
    row = db.execute(
        select(
            func.count(),
            func.sum(case((is_due, 1), else_=0)),
            func.min(case((frontier.c.due_at > at, frontier.c.due_at))),
        ).where(frontier.c.portal == portal)
    ).one()
    return row[0], int(row[1] or 0), moment(row[2]) if row[2] else None


def waiting_hosts(db: Connection, now: datetime) -> dict[str, datetime]:
    """Return the hosts that asked for a pause which is not over, and when it is."""
    query = select(hosts.c.host, hosts.c.not_before).where(hosts.c.not_before > timestamp(now))
    return {row.host: moment(row.not_before) for row in db.execute(query.order_by(hosts.c.host))}
