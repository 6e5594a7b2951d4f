"""What an audit found and how an archive is, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from archive_search import pipeline
from archive_search.archive.audit import AuditReport
from archive_search.archive.health import Health
from archive_search.printing.runs import counts, report_json

Json = dict[str, Any]


def audit(found: AuditReport) -> str:
    """Return what an audit found as text: each problem with place, URL and advice, then a summary."""
    lines = []
    for problem in found.problems:
        byte = "" if problem.offset is None else f", byte {problem.offset}"
        place = f"{problem.file}{byte}" if problem.file else "catalogue"
        lines.append(f"{place}: {problem.what}")
        lines += [f"  {problem.url}"] if problem.url else []
        lines.append(f"  {problem.advice}")
    lines.append(
        f"{found.records} records in {found.files} WARC files, {found.bytes} bytes, read in "
        f"{found.seconds:.1f} s: {len(found.problems) or 'no'} problems"
    )
    if found.share < 1:
        lines.append(f"A sample of {found.share:.1%} of the records: the others were not read.")
    if found.head:
        lines.append(f"{found.sealed} files are sealed in the run manifest. Its head: {found.head}")
    if found.crc_only:
        lines.append(f"{found.crc_only} of the records are vouched for by gzip's checksum only.")
    return "\n".join(lines)


def audit_json(found: AuditReport) -> Json:
    """Return what an audit found as JSON values."""
    return asdict(found)


def status(state: pipeline.Status) -> str:
    """Return an archive's status as text."""
    lines = [f"{sum(state.articles.values())} articles in {state.folder}"]
    lines += [f"  {count:7} of {portal}" for portal, count in sorted(state.articles.items())]
    lines.append(f"{sum(state.captures.values())} captures in {state.warc_files} WARC files")
    lines += [f"  {count:7} {kind}" for kind, count in sorted(state.captures.items())]
    if state.warc_files and not state.captures:
        lines.append("The catalogue is empty and the WARC files are not: run `archive-search rebuild`.")
    behind = "up to date" if state.behind == 0 else f"{state.behind} behind: run `archive-search index`"
    lines.append(f"{state.indexed} articles in the search index, {behind}")
    for health in state.portals:
        lines += _portal(health, state.at)
    return "\n".join(lines)


def _portal(health: Health, at: datetime) -> list[str]:
    """Return how a portal is doing, line by line."""
    last = health.last
    if not last:
        return [f"{health.portal}: not crawled yet"]
    ended = f"{last.finished_at:%Y-%m-%d %H:%M} UTC" if last.finished_at else "not finished"
    good = f"{health.last_good:%Y-%m-%d %H:%M} UTC" if health.last_good else "none yet"
    news = f"{(at.date() - health.last_news).days} days ago" if health.last_news else "none yet"
    due = f", next at {health.next_due:%Y-%m-%d %H:%M} UTC" if health.next_due else ""
    return [
        f"last crawl of {health.portal}: {ended}: {counts(last.articles)}",
        f"  last good crawl: {good}; last new article: {news}",
        f"  articles: {health.live} live, {health.absent} absent, {health.gone} gone",
        f"  known URLs: {health.known}, of which {health.due} due now{due}",
        *(f"  waiting for {host} until {until:%Y-%m-%d %H:%M} UTC" for host, until in health.waiting.items()),
        *([f"  stopped: {last.stopped}"] if last.stopped else []),
        *(f"  ALARM: {alarm}" for alarm in health.alarms),
    ]


def status_json(state: pipeline.Status) -> Json:
    """Return an archive's status as JSON values."""
    return {
        "folder": str(state.folder),
        "articles": sum(state.articles.values()),
        "portals": state.articles,
        "captures": state.captures,
        "warc_files": state.warc_files,
        "indexed": state.indexed,
        "behind": state.behind,
        "last_crawls": [report_json(last) for last in state.last_crawls],
        "health": [_portal_json(health, state.at) for health in state.portals],
    }


def _portal_json(health: Health, at: datetime) -> Json:
    return {
        "portal": health.portal,
        "last_run": health.last.run if health.last else None,
        "last_good": health.last_good.isoformat() if health.last_good else None,
        "last_new_article": health.last_news.isoformat() if health.last_news else None,
        "days_since_new_article": (at.date() - health.last_news).days if health.last_news else None,
        "articles": {"live": health.live, "absent": health.absent, "gone": health.gone},
        "urls": {"known": health.known, "due": health.due},
        "next_due": health.next_due.isoformat() if health.next_due else None,
        "waiting": {host: until.isoformat() for host, until in health.waiting.items()},
        "alarms": list(health.alarms),
    }
