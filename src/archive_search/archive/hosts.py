"""What the catalogue remembers of hosts, so that a pause holds for the next run too."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select, update

from archive_search.archive.catalogue import hosts, moment, timestamp
from archive_search.records import HostState


class StoredHosts:
    """The states of hosts. Every change is committed, so that it outlives a run that is killed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, host: str) -> HostState:
        """Return what is remembered of a host."""
        with self._engine.connect() as db:
            row = db.execute(select(hosts).where(hosts.c.host == host)).first()
        if row is None:
            return HostState()
        return HostState(
            not_before=moment(row.not_before) if row.not_before else None,
            failures=row.failures,
            delay_s=row.delay_s,
            robots_at=moment(row.robots_at) if row.robots_at else None,
            robots=row.robots,
        )

    def put(self, host: str, state: HostState) -> None:
        """Remember the state of a host; who holds the host is not touched."""
        values = {
            "not_before": timestamp(state.not_before) if state.not_before else None,
            "failures": state.failures,
            "delay_s": state.delay_s,
            "robots_at": timestamp(state.robots_at) if state.robots_at else None,
            "robots": state.robots,
        }
        with self._engine.begin() as db:
            if not db.execute(update(hosts).where(hosts.c.host == host).values(**values)).rowcount:
                db.execute(insert(hosts).values(host=host, **values))
