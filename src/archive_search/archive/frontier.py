"""The frontier in the catalogue: a portal's known URLs, when each is due, and what a run has to visit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, insert, or_, select, update

from archive_search.archive.catalogue import frontier, timestamp
from archive_search.archive.intervals import SWEEP, Plan, plan
from archive_search.identity import url_key
from archive_search.records import Outcome, Target, Visit

# Known and not to be visited; to be visited, for the first time or again; visited by this run.
_RESTING, _NEW, _QUEUED, _DONE = "resting", "new", "queued", "done"

# Of a listing: see `records.Target`.
_LISTING = 0

# A daily run does not come to the minute, and not to every page at the same hour.
_EARLY = timedelta(hours=12)


class StoredFrontier:
    """One portal's frontier. Every change is committed, so an interrupted crawl goes on."""

    def __init__(self, engine: Engine, portal: str, *, recheck_days: float = 30.0) -> None:
        self._engine = engine
        self._portal = portal
        self._longest = timedelta(days=recheck_days)

    def restart(self, now: datetime, *, everything: bool = False) -> None:
        """Begin a run: queue every known URL that is due, or simply every one."""
        due = or_(frontier.c.due_at.is_(None), frontier.c.due_at <= timestamp(now + _EARLY))
        with self._engine.begin() as db:
            rested = update(frontier).where(self._mine, frontier.c.state == _DONE)
            db.execute(rested.values(state=_RESTING))
            again = update(frontier).where(self._mine, frontier.c.state == _RESTING)
            db.execute((again if everything else again.where(due)).values(state=_QUEUED))

    def add(self, targets: Iterable[Target], *, again: bool = False) -> int:
        """Queue the targets that are not known yet, with `again` also those that this run has not visited.

        Returns how many were not known.
        """
        with self._engine.begin() as db:
            return sum(self._add(db, target, again) for target in targets)

    def _add(self, db: Connection, target: Target, again: bool) -> bool:
        this = self._of(target)
        known = db.execute(select(frontier.c.url, frontier.c.state).where(this)).first()
        if known is None:
            db.execute(
                insert(frontier).values(
                    portal=self._portal,
                    key=url_key(target.url),
                    url=target.url,
                    priority=target.priority,
                    state=_NEW,
                    found_on=target.found_on,
                    method=target.method,
                    body=target.body,
                )
            )
            return True
        if _is_upgrade(known.url, target):
            db.execute(update(frontier).where(this).values(url=target.url, state=_QUEUED))
        elif again and known.state == _RESTING:
            # What is sent with a POST may be good for one visit only.
            db.execute(update(frontier).where(this).values(state=_QUEUED, body=target.body))
        elif target.body is not None and known.state in (_NEW, _QUEUED):
            db.execute(update(frontier).where(this).values(body=target.body))
        return False

    def keys(self) -> set[str]:
        """Return the keys of all URLs that are known."""
        with self._engine.connect() as db:
            return set(db.execute(select(frontier.c.key).where(self._mine)).scalars())

    def next(self, *, without: Collection[str] = ()) -> Target | None:
        """Return the next target that is on none of the hosts or origins (`http://a`) `without`, or None.

        Listings come first, then what was never visited, then what was not visited for the longest, so
        that runs which stop at the same page every time get on all the same.
        """
        with self._engine.connect() as db:
            # Two queries, each of which an index answers.
            rows = [self._first(db, state, without) for state in (_NEW, _QUEUED)]
        found = [row for row in rows if row]
        if not found:
            return None
        row = min(found, key=lambda row: int(row.priority))
        return Target(
            url=row.url,
            priority=row.priority,
            found_on=row.found_on,
            etag=row.etag,
            last_modified=row.last_modified,
            method=row.method,
            body=row.body,
        )

    def _first(self, db: Connection, state: str, without: Collection[str]) -> Row[Any] | None:
        query = select(frontier).where(self._mine, frontier.c.state == state)
        for place in without:
            named, ends = (frontier.c.url, "/?") if "://" in place else (frontier.c.key, "/:")
            query = query.where(*(~named.startswith(place + end, autoescape=True) for end in ends))
        order = (frontier.c.priority, frontier.c.seen_at, frontier.c.found)
        return db.execute(query.order_by(*order).limit(1)).first()

    def observed(
        self,
        db: Connection,
        target: Target,
        outcome: Outcome,
        now: datetime,
        *,
        validators: tuple[str | None, str | None] | None = None,
        published_at: datetime | None = None,
    ) -> None:
        """Write down, along with what else `db` commits, what a visit brought and when the next is due.

        `validators` are ETag and Last-Modified of a whole response; without, those known are kept.
        """
        this = self._of(target)
        row = db.execute(select(frontier.c.interval_s, frontier.c.failures).where(this)).first()
        if row is None:  # robots.txt
            return
        seconds = row.interval_s
        before = Plan(interval=None if seconds is None else timedelta(seconds=seconds), failures=row.failures)
        planned = plan(before, outcome, now, longest=self._longest, published_at=published_at)
        if target.priority == _LISTING and not planned.failures:
            planned = Plan(due_at=now + min(SWEEP, self._longest))
        values = {
            "seen_at": timestamp(now),
            "due_at": timestamp(planned.due_at) if planned.due_at else None,
            "interval_s": int(planned.interval.total_seconds()) if planned.interval else None,
            "failures": planned.failures,
        }
        if validators:
            values["etag"], values["last_modified"] = validators
        db.execute(update(frontier).where(this).values(**values))

    def finish(self, target: Target, visit: Visit) -> None:
        """Take the target off the queue.

        A target that has meanwhile moved to https stays there, under its new URL.
        """
        with self._engine.begin() as db:
            this = update(frontier).where(self._of(target), frontier.c.url == target.url)
            db.execute(this.values(state=_DONE))

    def counts(self) -> tuple[int, int]:
        """Return how many URLs the run has done, and how many of those it has to do in all are known."""
        query = select(frontier.c.state, func.count()).where(self._mine).group_by(frontier.c.state)
        with self._engine.connect() as db:
            found = {row.state: row[1] for row in db.execute(query)}
        done = found.get(_DONE, 0)
        return done, done + found.get(_NEW, 0) + found.get(_QUEUED, 0)

    def _of(self, target: Target) -> ColumnElement[bool]:
        return self._mine & (frontier.c.key == url_key(target.url))

    @property
    def _mine(self) -> ColumnElement[bool]:
        return frontier.c.portal == self._portal


def _is_upgrade(known: str, target: Target) -> bool:
    """Tell whether a known http URL redirects to itself over https: one page, but another address.

    Never the other way round, so that a portal which sends its visitors to and fro cannot hold us.
    """
    return target.found_on == known and known.startswith("http://") and target.url.startswith("https://")
