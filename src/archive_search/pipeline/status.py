"""What an archive holds, and how its last crawls went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archive_search.archive import Archive, articles, captures, runs
from archive_search.archive.runs import Report
from archive_search.index.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What an archive holds. `behind` counts the articles that the index does not hold as they are."""

    folder: Path
    articles: dict[str, int]
    captures: dict[str, int]
    warc_files: int
    indexed: int
    behind: int
    last_crawls: tuple[Report, ...]


def status(archive: Archive, engine: Engine) -> Status:
    """Return what the archive holds, how far the index is behind, and the last crawl of each portal."""
    indexed = engine.versions()
    with archive.reading() as db:
        current = articles.current_versions(db)
        last = [runs.last(db, portal) for portal in archive.config.portals]
        return Status(
            folder=archive.config.folder,
            articles=articles.count_by_portal(db),
            captures=captures.count_by_kind(db),
            warc_files=len(archive.warc_files()),
            indexed=len(indexed),
            behind=len(current.items() ^ indexed.items()),
            last_crawls=tuple(report for report in last if report),
        )


def was_crawled(archive: Archive, portals: Iterable[str]) -> bool:
    """Tell whether a crawl of every one of the portals has come to its end."""
    with archive.reading() as db:
        last = [runs.last(db, portal) for portal in portals]
    return all(report and report.finished_at for report in last)
