"""Reports of crawls and imports, as text and as JSON."""

from __future__ import annotations

from typing import Any

from archive_search import pipeline
from archive_search.archive.runs import Report
from archive_search.records import Outcome

Json = dict[str, Any]

_ORDER = tuple(outcome.value for outcome in Outcome)


def counts(found: dict[str, int]) -> str:
    """Return outcomes and how many there were of each, as text."""
    parts = [f"{found[outcome]} {outcome}" for outcome in _ORDER if outcome in found]
    return ", ".join(parts) or "none"


def report(report: Report) -> str:
    """Return a crawl's report as text: articles, other pages, then each problem with its reason."""
    lines = [
        f"{report.portal}: articles: {counts(report.articles)}",
        f"{' ' * len(report.portal or '')}  other pages: {counts(report.others)}",
    ]
    lines += [
        f"  {p.outcome.value:8} {p.url}" + (f" ({p.reason})" if p.reason else "") for p in report.problems
    ]
    lines += [f"  stopped: {report.stopped}"] if report.stopped else []
    lines += [f"  ALARM: {alarm}" for alarm in report.alarms]
    return "\n".join(lines)


def report_json(report: Report) -> Json:
    """Return a run's report as JSON values."""
    return {
        "run": report.run,
        "kind": report.kind,
        "portal": report.portal,
        "started_at": report.started_at.isoformat(),
        "finished_at": report.finished_at.isoformat() if report.finished_at else None,
        "articles": report.articles,
        "others": report.others,
        "kinds": report.kinds,
        "problems": [{"url": p.url, "outcome": p.outcome.value, "reason": p.reason} for p in report.problems],
        "bytes": report.size,
        "machine": report.machine,
        "stopped": report.stopped,
        "alarms": list(report.alarms),
    }


def import_report(found: pipeline.ImportReport) -> str:
    """Return an import's report as text: every record accounted for."""
    kept = ("response", "revisit", "resource")
    others = {kind: n for kind, n in sorted(found.records.items()) if kind not in kept}
    responses = sum(found.records.values()) - sum(others.values())
    lines = [f"{found.source}: {responses} responses"]
    lines += [f"  {count:7} {kind}" for kind, count in sorted(found.report.kinds.items())]
    if found.known:
        lines.append(f"  {found.known:7} held already")
    if found.resolved:
        lines.append(f"  {found.resolved:7} revisits of earlier imports have found what they refer to")
    lines += [f"  {count:7} records of type {kind}" for kind, count in others.items()]
    lines += [f"  {count:7} {what}" for what, count in sorted(found.counts.items())]
    lines.append(f"  articles: {counts(found.report.articles)}")
    lines += [f"  {p.outcome.value:8} {p.url} ({p.reason})" for p in found.report.problems]
    return "\n".join(lines)


def import_json(found: pipeline.ImportReport) -> Json:
    """Return an import's report as JSON values."""
    return {
        **report_json(found.report),
        "source": found.source,
        "files": list(found.files),
        "records": found.records,
        "known": found.known,
        "resolved": found.resolved,
        "counts": found.counts,
    }
