"""The whole report of a past run, with every URL: as text, as JSON, as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader

from archive_search.archive.runs import Entry, Report
from archive_search.printing.runs import counts, report_json
from archive_search.records import CaptureKind, Outcome

Json = dict[str, Any]

HEADINGS: Mapping[Outcome, str] = {
    Outcome.FAILED: "Failed",
    Outcome.CHALLENGED: "Challenged: a firewall answered",
    Outcome.REFUSED: "Refused: not asked for",
    Outcome.GONE: "Gone",
    Outcome.ABSENT: "Absent: perhaps gone",
    Outcome.MISSING: "Missing: dead links",
    Outcome.NEW: "New",
    Outcome.CHANGED: "Changed",
    Outcome.DUPLICATE: "Duplicate: held under another address",
    Outcome.REDIRECTED: "Redirected",
    Outcome.STILL_GONE: "Still gone",
    Outcome.UNCHANGED: "Unchanged",
}
"""What a group of URLs is called, what somebody ought to look at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The URLs of a run that had one outcome; articles come before other pages."""

    outcome: Outcome
    heading: str
    entries: tuple[Entry, ...]


def groups(entries: Iterable[Entry]) -> tuple[Group, ...]:
    """Return what a run did with each URL, by outcome, in the order of `HEADINGS`."""
    found: dict[Outcome, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.outcome, []).append(entry)
    return tuple(
        Group(
            outcome=outcome,
            heading=heading,
            entries=tuple(sorted(found[outcome], key=lambda e: e.kind is not CaptureKind.ARTICLE)),
        )
        for outcome, heading in HEADINGS.items()
        if outcome in found
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All of a run: its report, what it did with each URL, and the digest of its line in the manifest."""

    report: Report
    entries: tuple[Entry, ...]
    sealed: str | None = None


def facts(run: Whole) -> tuple[tuple[str, str], ...]:
    """Return what there is to say about a run as a whole, each with its name."""
    report = run.report
    ended = report.finished_at
    took = f"{(ended - report.started_at).total_seconds():.0f} s" if ended else "not finished"
    said = (
        ("begun", f"{report.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("took", took),
        ("machine", report.machine),
        ("kept", f"{report.size / 1e6:.1f} MB"),
        ("articles", counts(report.articles)),
        ("other pages", counts(report.others)),
        ("stopped", report.stopped),
        ("manifest", run.sealed),
    )
    return tuple((name, value) for name, value in said if value)


def title(report: Report) -> str:
    """Return what a run is called."""
    return f"Run {report.run}: {report.kind}" + (f" of {report.portal}" if report.portal else "")


def text(run: Whole) -> str:
    """Return a run's report as text."""
    lines = [title(run.report), *(f"  {name:12}{value}" for name, value in facts(run))]
    lines += [f"  ALARM       {alarm}" for alarm in run.report.alarms]
    for group in groups(run.entries):
        lines += ["", f"{group.heading} ({len(group.entries)})"]
        for entry in group.entries:
            more = " ".join(part for part in (entry.title, f"({entry.reason})" * bool(entry.reason)) if part)
            lines.append(f"  {entry.url}" + (f"  {more}" if more else ""))
    return "\n".join(lines)


def values(run: Whole) -> Json:
    """Return a run's report as JSON values."""
    return {
        **report_json(run.report),
        "manifest": run.sealed,
        "urls": [
            {
                "url": entry.url,
                "kind": entry.kind.value if entry.kind else None,
                "outcome": entry.outcome.value,
                "reason": entry.reason or None,
                "title": entry.title or None,
            }
            for entry in run.entries
        ],
    }


def page(runs: Sequence[Whole]) -> str:
    """Return the reports of runs as one HTML page that needs nothing else."""
    loader = PackageLoader("archive_search", "templates")
    templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    shown = [(run.report, title(run.report), facts(run), groups(run.entries)) for run in runs]
    return templates.get_template("report.html").render(runs=shown, web_address=_web_address)


def _web_address(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))
