"""The command that gives out what is kept: export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from archive_search.archive import Archive, articles
from archive_search.archive.exporting import export as exported
from archive_search.archive.exporting.bagit import write_bag
from archive_search.archive.exporting.cdxj import cdxj
from archive_search.archive.exporting.exchanges import Choice
from archive_search.archive.exporting.wacz import write_wacz
from archive_search.cli.room import Room, main
from archive_search.disk import storage_error, sync
from archive_search.errors import ConfigError
from archive_search.portals import load_profile

_DATE = click.DateTime(["%Y-%m-%d"])


@main.command(short_help="Give out articles or captures in forms that others read.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "cdxj", "wacz", "bagit"]),
    default="jsonl",
    show_default=True,
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file, or for bagit the folder, to be made."
)
@click.option("--portal", help="Only captures of this portal (cdxj, wacz).")
@click.option("--since", type=_DATE, help="Only captures of this day (UTC) or later (cdxj, wacz).")
@click.option("--until", type=_DATE, help="Only captures before this day (UTC) (cdxj, wacz).")
@click.pass_obj
def export(
    room: Room,
    form: str,
    output: Path | None,
    portal: str | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Give out what is kept, in a form that other programs read.

    \b
    jsonl  every article with its people and topics, one JSON object a line
    cdxj   an index of the captures, as other web archiving programs use it
    wacz   captures, index and pages in one file that a viewer replays
    bagit  the whole archive in a folder that proves its own completeness

    A crawl may be running. jsonl and cdxj are printed unless --output names a file.

    \b
    Examples:
      archive-search -C thuongtin export --format jsonl > articles.jsonl
      archive-search -C thuongtin export --format wacz --output thuongtin.wacz
      archive-search -C thuongtin export --format wacz --since 2022-07-01 --output july.wacz
      archive-search -C thuongtin export --format bagit --output bag
    """
    with room.archive() as archive:
        choice = _choice(archive, portal, since, until)
        if not choice.is_all and form in ("jsonl", "bagit"):
            raise ConfigError(f"--format {form} gives out everything; leave --portal, --since, --until out.")
        if form in ("jsonl", "cdxj"):
            _print(archive, form, choice, output)
        elif output is None:
            raise ConfigError(f"--format {form} needs --output, the name of what is to be made.")
        elif form == "wacz":
            report = write_wacz(archive, output, choice)
            click.echo(
                f"{report.captures} captures, {report.pages} pages, {report.files} WARC files in {output}.",
                err=True,
            )
        else:
            bag = write_bag(archive, output)
            click.echo(f"{bag.files} files, {bag.size} bytes in {output}.", err=True)


def _choice(archive: Archive, portal: str | None, since: datetime | None, until: datetime | None) -> Choice:
    hosts = frozenset(load_profile(portal, archive.config.profile_folder).hosts) if portal else None
    return Choice(
        hosts=hosts,
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) if until else None,
    )


def _print(archive: Archive, form: str, choice: Choice, output: Path | None) -> None:
    lines = cdxj(archive, choice) if form == "cdxj" else _articles(archive)
    if output is None or str(output) == "-":
        for line in lines:
            click.echo(line, nl=False)
        return
    if output.exists():
        raise ConfigError(f"{output} exists already. Name another file, or move that one away.")
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        sync(part)
        part.rename(output)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise storage_error(output, exc) from exc


def _articles(archive: Archive) -> Iterator[str]:
    with archive.reading() as db:
        for document in articles.documents(db):
            yield json.dumps(exported(document), ensure_ascii=False) + "\n"
