"""Commands that keep an archive sound: index, rebuild, audit, export."""

from __future__ import annotations

import json
import sys

import click

from archive_search import pipeline
from archive_search.archive import articles
from archive_search.archive.audit import audit as audited
from archive_search.archive.exporting import export as exported
from archive_search.cli.room import Room, as_json, end, main, print_json
from archive_search.errors import IntegrityError
from archive_search.printing import health as printing
from archive_search.printing.progress import progress as shown


@main.command()
@as_json
@click.pass_obj
def index(room: Room, as_json: bool) -> None:
    """Bring the search index up to date with what was crawled and imported.

    \b
    Example:
      archive-search -C thuongtin index
    """
    with room.archive() as archive, archive.locked(), room.engine() as engine:
        report = pipeline.update_index(archive, engine)
    if as_json:
        print_json({"indexed": report.indexed, "removed": report.removed, "total": report.total})
    else:
        click.echo(
            f"{report.indexed} indexed, {report.removed} removed; {report.total} articles in the index."
        )


@main.command(short_help="Derive the catalogue and the index anew.")
@as_json
@click.pass_obj
def rebuild(room: Room, as_json: bool) -> None:
    """Derive the catalogue from the WARC files, and the index from the catalogue, anew.

    For when either was lost or damaged, or when cleaning has become better. Reports of past runs are
    kept if the catalogue is still there. The exit code is 3 if a WARC file cannot be read to its end.

    \b
    Example:
      archive-search -C thuongtin rebuild
    """
    bar = shown("Rebuilding")
    with room.archive() as archive, archive.locked(), room.engine() as engine, bar as progress:
        report = pipeline.rebuild(archive, engine, progress)
    if as_json:
        print_json(
            {
                "files": report.files,
                "captures": report.captures,
                "articles": report.articles,
                "problems": list(report.problems),
            }
        )
    else:
        click.echo(f"{report.captures} captures in {report.files} WARC files: {report.articles} articles.")
    for problem in report.problems:
        click.echo(problem, err=True)
    end(bool(report.problems))


@main.command(short_help="Prove that nothing kept was altered or lost.")
@click.option(
    "--sample",
    type=click.FloatRange(0, 100, min_open=True),
    default=100,
    metavar="PERCENT",
    help="Read only so many of the records, chosen anew each time.",
)
@as_json
@click.pass_obj
def audit(room: Room, sample: float, as_json: bool) -> None:
    """Read every byte of the WARC files, compare them with the catalogue, and the catalogue with itself.

    Nothing is changed; a crawl may be running. The exit code is 4 if anything is not as it was kept;
    each problem is listed with file, byte, URL and what to do.

    \b
    Examples:
      archive-search -C thuongtin audit
      archive-search -C thuongtin audit --sample 2
    """
    with room.archive() as archive, shown("Auditing (MB)") as progress:
        found = audited(archive, progress, sample / 100)
    if as_json:
        print_json(printing.audit_json(found))
    else:
        click.echo(printing.audit(found))
    if found.problems:
        sys.exit(IntegrityError.exit_code)


@main.command(short_help="Print every article as one JSON object a line.")
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True)
@click.pass_obj
def export(room: Room, form: str) -> None:
    """Print every article with its people and topics, as one JSON object a line.

    \b
    Example:
      archive-search -C thuongtin export --format jsonl > articles.jsonl
    """
    with room.archive() as archive, archive.reading() as db:
        for document in articles.documents(db):
            click.echo(json.dumps(exported(document), ensure_ascii=False))
