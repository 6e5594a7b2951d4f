"""What an audit found and how an archive is, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from archive_search import pipeline
from archive_search.archive.audit import AuditReport
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
    for last in state.last_crawls:
        ended = f"{last.finished_at:%Y-%m-%d %H:%M} UTC" if last.finished_at else "not finished"
        lines.append(f"last crawl of {last.portal}: {ended}: {counts(last.articles)}")
    return "\n".join(lines)


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
    }
