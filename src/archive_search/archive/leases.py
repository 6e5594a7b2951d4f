"""Leases on hosts in a catalogue that several machines share: no host is ever crawled by two of them.

A lease runs out by itself, so the hosts of a machine that died are free again after a while. Time is the
database's: the clocks of the machines need not agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from archive_search.archive.catalogue import hosts, timestamp
from archive_search.errors import ArchiveLocked, LeaseLost

LEASE_S = 900.0
"""How long a lease lasts if it is not renewed: longer than the longest pause and fetch of a crawl."""


class Lease:
    """The right of one holder to crawl some hosts; renew it before each request."""

    def __init__(self, engine: Engine, held: Iterable[str], holder: str, seconds: float = LEASE_S) -> None:
        self._engine = engine
        # In one order, so that two who want the same hosts cannot wait for each other.
        self._hosts = sorted(held)
        self._holder = holder
        self._seconds = seconds
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def take(self) -> None:
        """Take all of the hosts, or none; raises `ArchiveLocked` if somebody else holds one of them."""
        with self._engine.begin() as db:
            now = _now(db)
            for host in self._hosts:
                _enter(db, host)
                mine_or_free = or_(
                    hosts.c.holder.is_(None),
                    hosts.c.holder == self._holder,
                    hosts.c.held_until < timestamp(now),
                )
                taken = update(hosts).where(hosts.c.host == host, mine_or_free)
                if not db.execute(taken.values(self._values(now))).rowcount:
                    raise _held(db, host)
        self._set_renewal(now)

    def renew(self) -> None:
        """Keep the hosts for another while, if a third of this one has passed.

        Raises `LeaseLost` if somebody else has them by now: this machine was asleep for too long.
        """
        with self._engine.begin() as db:
            now = _now(db)
            if now < self._renew_at:
                return
            held = update(hosts).where(hosts.c.host.in_(self._hosts), hosts.c.holder == self._holder)
            if db.execute(held.values(self._values(now))).rowcount < len(self._hosts):
                raise LeaseLost(
                    f"{self._holder} no longer holds {', '.join(self._hosts)}: it stood still for longer "
                    "than a lease lasts, and another machine goes on in its place. Nothing is lost."
                )
        self._set_renewal(now)

    def release(self) -> None:
        """Let go of the hosts, of those that are still held."""
        held = update(hosts).where(hosts.c.host.in_(self._hosts), hosts.c.holder == self._holder)
        with self._engine.begin() as db:
            db.execute(held.values(holder=None, held_until=None))

    def _values(self, now: datetime) -> dict[str, str]:
        until = now + timedelta(seconds=self._seconds)
        return {"holder": self._holder, "held_until": timestamp(until)}

    def _set_renewal(self, now: datetime) -> None:
        self._renew_at = now + timedelta(seconds=self._seconds / 3)


@contextmanager
def leased(engine: Engine, held: Iterable[str], holder: str, seconds: float = LEASE_S) -> Iterator[Lease]:
    """Hold the hosts while the block runs; raises `ArchiveLocked` if another holds one of them."""
    lease = Lease(engine, held, holder, seconds)
    lease.take()
    try:
        yield lease
    finally:
        lease.release()


def _now(db: Connection) -> datetime:
    now: datetime = db.execute(select(func.now())).scalar_one()
    return now.astimezone(UTC) if now.tzinfo else now.replace(tzinfo=UTC)


def _enter(db: Connection, host: str) -> None:
    """Make a row for a host that has none, which others may be doing at the same time."""
    insert = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
    db.execute(insert(hosts).values(host=host).on_conflict_do_nothing())


def _held(db: Connection, host: str) -> ArchiveLocked:
    row = db.execute(select(hosts.c.holder, hosts.c.held_until).where(hosts.c.host == host)).one()
    return ArchiveLocked(
        f"{host} is being crawled by {row.holder}, until {row.held_until} at least. Wait, then try again."
    )
