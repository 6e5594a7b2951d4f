"""How many captures there are of each month."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, false, func, or_, select

from archive_search.archive.catalogue import captures, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The captures of some hosts, by month (`2022-07`, UTC), and when the newest one was made."""

    months: dict[str, int]
    newest: datetime | None


def of_hosts(db: Connection, hosts: Collection[str]) -> Coverage:
    """Return how many captures of these hosts there are of each month that has some, in order."""
    month = func.substr(captures.c.captured_at, 1, 7)
    is_theirs = or_(false(), *(_is_on(db, host) for host in hosts))
    query = select(month, func.count(), func.max(captures.c.captured_at)).where(is_theirs)
    rows = db.execute(query.group_by(month).order_by(month)).all()
    return Coverage(
        months={row[0]: row[1] for row in rows},
        newest=max((moment(row[2]) for row in rows), default=None),
    )


def _is_on(db: Connection, host: str) -> ColumnElement[bool]:
    """Return the condition that a URL is on a host, as ranges that an index of URLs can find."""
    # SQLite compares bytes. Others compare as a language does, unless they are told not to.
    url = captures.c.url if db.dialect.name == "sqlite" else captures.c.url.collate("C")
    # The next character after "/" is "0", and ";" after the ":" of a port.
    ranges = [(f"{s}://{host}{a}", f"{s}://{host}{b}") for s in ("http", "https") for a, b in ("/0", ":;")]
    return or_(*((url >= first) & (url < behind) for first, behind in ranges))
