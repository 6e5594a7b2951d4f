"""The frontier in the catalogue: a portal's known URLs, and those that a crawl has still to visit."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from archive_search.archive.catalogue import frontier
from archive_search.identity import url_key
from archive_search.records import Capture, Target

_QUEUED, _DONE = "queued", "done"


class StoredFrontier:
    """One portal's frontier. Every change is committed, so an interrupted crawl goes on."""

    def __init__(self, engine: Engine, portal: str) -> None:
        self._engine = engine
        self._portal = portal

    def restart(self) -> None:
        """Queue every known URL again."""
        with self._engine.begin() as db:
            db.execute(update(frontier).where(self._mine).values(state=_QUEUED))

    def add(self, targets: Iterable[Target]) -> int:
        """Queue the targets whose URLs are not known yet; return how many those were."""
        with self._engine.begin() as db:
            return sum(self._add(db, target) for target in targets)

    def _add(self, db: Connection, target: Target) -> bool:
        key = url_key(target.url)
        known = db.execute(select(frontier.c.url).where(self._mine, frontier.c.key == key)).scalar()
        if known is not None:
            if _is_upgrade(known, target):
                queued = {"url": target.url, "state": _QUEUED}
                db.execute(update(frontier).where(self._mine, frontier.c.key == key).values(**queued))
            return False
        db.execute(
            insert(frontier).values(
                portal=self._portal,
                key=key,
                url=target.url,
                priority=target.priority,
                state=_QUEUED,
                found_on=target.found_on,
            )
        )
        return True

    def next(self) -> Target | None:
        """Return the next target: listings first, otherwise in the order they were found."""
        queued = select(frontier).where(self._mine, frontier.c.state == _QUEUED)
        with self._engine.connect() as db:
            row = db.execute(queued.order_by(frontier.c.priority, frontier.c.found)).first()
        if not row:
            return None
        return Target(
            url=row.url,
            priority=row.priority,
            found_on=row.found_on,
            etag=row.etag,
            last_modified=row.last_modified,
        )

    def finish(self, target: Target, capture: Capture | None) -> None:
        """Take the target off the queue, and remember the validators of a full response.

        A target that has meanwhile moved to https stays there, under its new URL.
        """
        values: dict[str, str | None] = {"state": _DONE}
        if capture and capture.status == 200:
            values |= {
                "etag": capture.header("ETag"),
                "last_modified": capture.header("Last-Modified"),
            }
        this = (frontier.c.key == url_key(target.url), frontier.c.url == target.url)
        with self._engine.begin() as db:
            db.execute(update(frontier).where(self._mine, *this).values(**values))

    def counts(self) -> tuple[int, int]:
        """Return how many URLs are done, and how many are known."""
        query = select(frontier.c.state, func.count()).where(self._mine).group_by(frontier.c.state)
        with self._engine.connect() as db:
            found = {row.state: row[1] for row in db.execute(query)}
        return found.get(_DONE, 0), sum(found.values())

    @property
    def _mine(self) -> ColumnElement[bool]:
        return frontier.c.portal == self._portal


def _is_upgrade(known: str, target: Target) -> bool:
    """Tell whether a known http URL redirects to itself over https: one page, but another address.

    Never the other way round, so that a portal which sends its visitors to and fro cannot hold us.
    """
    return target.found_on == known and known.startswith("http://") and target.url.startswith("https://")
