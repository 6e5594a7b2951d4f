"""What commands print: reports, results and status, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from html import escape
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from archive_search import pipeline
from archive_search.archive.audit import AuditReport
from archive_search.archive.runs import Report
from archive_search.index.language.expanding import Expansion
from archive_search.index.language.notes import TEXTS, Note
from archive_search.index.language.reading import LIMITS
from archive_search.portals import Profile
from archive_search.records import BlockKind, Correction, Document, Hit, Outcome, Results, Snippet

Json = dict[str, Any]


@contextmanager
def progress(label: str) -> Iterator[pipeline.Progress]:
    """Show a bar on stderr while the block runs, if that is a terminal; give what moves it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def move(_what: str, done: int, known: int) -> None:
            bar.update(task, completed=done, total=known or None)

        yield move


_ORDER = tuple(outcome.value for outcome in Outcome)


def _counts(counts: dict[str, int]) -> str:
    parts = [f"{counts[outcome]} {outcome}" for outcome in _ORDER if outcome in counts]
    return ", ".join(parts) or "none"


def report(report: Report) -> str:
    """Return a crawl's report as text: articles, other pages, then each problem with its reason."""
    lines = [
        f"{report.portal}: articles: {_counts(report.articles)}",
        f"{' ' * len(report.portal or '')}  other pages: {_counts(report.others)}",
    ]
    lines += [
        f"  {p.outcome.value:8} {p.url}" + (f" ({p.reason})" if p.reason else "") for p in report.problems
    ]
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
    }


def import_report(found: pipeline.ImportReport) -> str:
    """Return an import's report as text: every record accounted for."""
    others = {kind: n for kind, n in sorted(found.records.items()) if kind not in ("response", "revisit")}
    responses = sum(found.records.values()) - sum(others.values())
    lines = [f"{found.file}: {responses} responses"]
    lines += [f"  {count:7} {kind}" for kind, count in sorted(found.report.kinds.items())]
    if found.known:
        lines.append(f"  {found.known:7} held already")
    lines += [f"  {count:7} records of type {kind}" for kind, count in others.items()]
    lines.append(f"  articles: {_counts(found.report.articles)}")
    lines += [f"  {p.outcome.value:8} {p.url} ({p.reason})" for p in found.report.problems]
    return "\n".join(lines)


def import_json(found: pipeline.ImportReport) -> Json:
    """Return an import's report as JSON values."""
    return {
        **report_json(found.report),
        "file": found.file,
        "records": found.records,
        "known": found.known,
    }


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


def results_json(results: Results) -> Json:
    """Return results as JSON values."""
    return {
        "total": results.total,
        "complete": results.complete,
        "next": results.next,
        "cut": list(results.cut),
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            facet.field: [
                {"value": v.value, "label": v.label, "count": v.count, "selected": v.selected}
                for v in facet.values
            ]
            for facet in results.facets
        },
    }


def hit_json(hit: Hit) -> Json:
    """Return a hit as JSON values; the snippet is HTML, escaped, with matches in `<mark>`."""
    return {
        "id": hit.id,
        "number": hit.number,
        "url": hit.url,
        "title": hit.title,
        "published_at": hit.published_at.isoformat() if hit.published_at else None,
        "score": round(hit.score, 4),
        "snippet": _marked(hit.snippet),
        "version": hit.version,
        "portal": hit.portal,
        "block": hit.snippet.block,
        "speakers": list(hit.speakers),
    }


def _marked(snippet: Snippet) -> str:
    return "".join(
        f"<mark>{escape(text)}</mark>" if matched else escape(text) for text, matched in snippet.pieces
    )


def note(note: Note) -> str:
    """Return as text what is told about a query as typed."""
    return f"{note.piece}: {TEXTS[note.message] % LIMITS}"


def expansion(expansion: Expansion) -> str:
    """Return as text what else was searched for words as typed."""
    return f"{expansion.typed}: also {', '.join(expansion.others)}"


def correction(correction: Correction) -> str:
    """Return as text what the writer of a query may have meant."""
    return f"Did you mean: {correction.text}"


def cut(beginning: str) -> str:
    """Return as text that a beginning of words stands for more than were searched."""
    return f"{beginning}: more words begin so than can be searched at once. Only the first ones were."


def results(results: Results) -> str:
    """Return results as text."""
    note = f" ({results.complete} with all the words, the others with most)" if results.relaxed else ""
    lines = [f"{results.total} articles{note}"]
    lines += [f"\n{hit(place, found)}" for place, found in enumerate(results.hits, 1)]
    if results.next:
        lines += ["", f"More: --after {results.next}"]
    return "\n".join(lines)


def hit(place: int, hit: Hit) -> str:
    """Return a hit as text."""
    date = f"{hit.published_at:%d/%m/%Y}" if hit.published_at else "undated"
    text = "".join(piece for piece, _ in hit.snippet.pieces)
    return f"{place}. {hit.title} ({date}, {hit.portal})\n   {text}\n   {hit.id}  {hit.url}"


def document(document: Document, profile: Profile) -> str:
    """Return what was extracted from a page as text, part by part."""
    article = document.article
    lines = [
        f"profile     {profile.name}",
        f"number      {article.number or '-'}",
        f"title       {article.title}",
        f"published   {article.published_at.isoformat() if article.published_at else '-'}",
        f"section     {article.section or '-'}",
        f"byline      {article.byline or '-'}",
        f"lead        {article.lead or '-'}",
        *(f"person      {p.name} ({', '.join(p.roles)}) {'; '.join(p.titles)}" for p in document.people),
        *(f"topic       {topic.label} ({topic.score:.2f})" for topic in document.topics),
        *(f"image       {image.url}" for image in article.images),
        *(f"attachment  {file.name} {file.url}" for file in article.attachments),
        "",
    ]
    for block in article.blocks:
        kind = "" if block.kind is BlockKind.PARAGRAPH else f"[{block.kind.value}] "
        lines.append(f"{kind}{block.text}\n")
    return "\n".join(lines)


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
        lines.append(f"last crawl of {last.portal}: {ended}: {_counts(last.articles)}")
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
