"""What an archive holds, and how its last crawls went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from archive_search.archive import Archive, articles, captures, health, runs
from archive_search.archive.health import Health
from archive_search.archive.runs import Report
from archive_search.clock import Clock
from archive_search.index.engine import Engine
from archive_search.pipeline.profiles import Profiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an archive holds. `behind` counts the articles that the index does not hold as they are."""

    folder: Path
    articles: dict[str, int]
    captures: dict[str, int]
    warc_files: int
    indexed: int
    behind: int
    portals: tuple[Health, ...]
    at: datetime

    @property
    def last_crawls(self) -> tuple[Report, ...]:
        """The last crawl of each portal that was crawled."""
        return tuple(portal.last for portal in self.portals if portal.last)


def status(archive: Archive, engine: Engine, clock: Clock | None = None) -> Status:
    """Return what the archive holds, how far the index is behind, and how each portal is doing."""
    indexed = engine.versions()
    now = (clock or Clock()).now()
    with archive.reading() as db:
        current = articles.current_editions(db)
        return Status(
            folder=archive.config.folder,
            articles=articles.count_by_portal(db),
            captures=captures.count_by_kind(db),
            warc_files=len(archive.warc_files()),
            indexed=len(indexed),
            behind=len({article for article, _ in current.items() ^ indexed.items()}),
            portals=_portals(archive, db, now),
            at=now,
        )


def _portals(archive: Archive, db: Connection, now: datetime) -> tuple[Health, ...]:
    waiting: dict[str, dict[str, datetime]] = {}
    if paused := health.waiting_hosts(db, now):
        profiles = Profiles(archive.config.profile_folder)
        for host, until in paused.items():
            waiting.setdefault(profiles.of(f"http://{host}/").name, {})[host] = until
    return tuple(
        health.of_portal(db, portal, now, waiting.get(portal, {})) for portal in archive.config.portals
    )


def was_crawled(archive: Archive, portals: Iterable[str]) -> bool:
    """Tell whether a crawl of every one of the portals has come to its end."""
    with archive.reading() as db:
        last = [runs.last(db, portal) for portal in portals]
    return all(report and report.finished_at for report in last)
