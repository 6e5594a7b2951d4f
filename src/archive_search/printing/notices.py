"""What is told to the world outside after a crawl of some portals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from archive_search.archive.runs import Report
from archive_search.config import Config
from archive_search.errors import ArchiveSearchError
from archive_search.pipeline.hooks import Notice
from archive_search.printing.runs import report as report_text
from archive_search.printing.runs import report_json


def notice(
    config: Config,
    reports: Sequence[Report],
    errors: Mapping[str, ArchiveSearchError],
    at: datetime,
    *,
    head: str | None = None,
) -> Notice:
    """Return what is to be told of crawls: of those that were done, and of the portals that gave none.

    `head` is that of the run manifest: kept elsewhere, it proves later that nothing before was altered.
    """
    good = {r.portal or "": r.run for r in reports if not r.alarms and not r.stopped}
    failures = sum(report.failures for report in reports)
    alarms = sum(len(report.alarms) for report in reports)
    return Notice(
        at=at,
        subject=_subject(config, len(errors), alarms, failures),
        text=_text(config, reports, errors, head),
        data={
            "folder": str(config.folder),
            "machine": config.machine_name,
            "at": at.isoformat(),
            "manifest": head,
            "reports": [report_json(report) for report in reports],
            "errors": [{"portal": name, "error": str(error)} for name, error in errors.items()],
        },
        problem=bool(errors or alarms or failures),
        good=good,
        all_good=not errors and len(good) == len(reports),
    )


def _subject(config: Config, errors: int, alarms: int, failures: int) -> str:
    counts = ((errors, "not crawled"), (alarms, "alarms"), (failures, "pages failed"))
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    return f"{config.site_title} ({config.folder.name}): {said or 'crawled'}"


def _text(
    config: Config, reports: Sequence[Report], errors: Mapping[str, ArchiveSearchError], head: str | None
) -> str:
    alarms = [f"{report.portal}: {alarm}" for report in reports for alarm in report.alarms]
    parts = [
        "\n".join(f"{name} could not be crawled: {error}" for name, error in errors.items()),
        "\n".join(alarms),
        *(report_text(report) for report in reports),
        f"Every URL is in `archive-search -C {config.folder} report`, on {config.machine_name}.",
        f"Head of the run manifest: {head}" if head else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
