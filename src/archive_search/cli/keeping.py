"""Commands that keep an archive sound: index, rebuild, audit, backup, restore."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from archive_search import pipeline
from archive_search.archive import backup as backups
from archive_search.archive.audit import audit as audited
from archive_search.cli.room import Room, as_json, end, main, print_json
from archive_search.errors import ConfigError, IntegrityError
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
    bar = shown("Reading files")
    with room.archive() as archive, archive.locked(), room.engine() as engine, bar as progress:
        report = pipeline.update_index(archive, engine, progress)
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
@click.option("--head", metavar="DIGEST", help="A head of the run manifest that was kept elsewhere.")
@as_json
@click.pass_obj
def audit(room: Room, sample: float, head: str | None, as_json: bool) -> None:
    """Read every byte of the WARC files, compare them with the catalogue, and the catalogue with itself.

    Nothing is changed; a crawl may be running. The exit code is 4 if anything is not as it was kept;
    each problem is listed with file, byte, URL and what to do. With the head of an earlier audit or report
    it is also proved that nothing was altered since by someone who made all of the archive agree.

    \b
    Examples:
      archive-search -C thuongtin audit
      archive-search -C thuongtin audit --sample 2
      archive-search -C thuongtin audit --head "$(cat head-that-was-kept-elsewhere)"
    """
    if head and not re.fullmatch(r"[0-9a-fA-F]{64}", head.strip()):
        raise ConfigError(
            f"--head: a head is 64 hexadecimal digits, as audit and report print it, not {head!r}."
        )
    with room.archive() as archive, shown("Auditing (MB)") as progress:
        found = audited(archive, progress, sample / 100, head and head.strip())
    if as_json:
        print_json(printing.audit_json(found))
    else:
        click.echo(printing.audit(found))
    if found.problems:
        sys.exit(IntegrityError.exit_code)


@main.command(short_help="Copy the archive to another disk; only what is new.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@as_json
@click.pass_obj
def backup(room: Room, directory: Path, as_json: bool) -> None:
    """Bring the backup in DIRECTORY up to what the archive holds now.

    A crawl may be running. The first time everything is copied, later only what is new; each file is
    read back. A WARC file that was altered since it was backed up is refused with exit code 4, and its
    copy is left as it was. A backup that is interrupted leaves the one before it whole. The index is not
    copied: it is made from the rest.

    \b
    Example:
      archive-search -C thuongtin backup /media/usb/thuongtin
    """
    with room.archive() as archive:
        made = backups.back_up(archive, directory)
    if as_json:
        print_json({"files": made.files, "copied": made.copied, "bytes": made.size})
    else:
        click.echo(f"{made.files} files in the backup, {made.copied} copied ({made.size} bytes).")


@main.command(short_help="Make an archive out of a backup.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def restore(room: Room, directory: Path) -> None:
    """Make an archive in the archive folder, which must be new or empty, out of the backup in DIRECTORY.

    Every file of the backup is read first; if any is damaged, nothing is restored, each is listed, and
    the exit code is 4. In the end the index is built.

    \b
    Example:
      archive-search -C thuongtin restore /media/usb/thuongtin
    """
    made = backups.restore(directory, room.folder)
    with room.archive() as archive, archive.locked(), room.engine() as engine:
        report = pipeline.update_index(archive, engine)
    click.echo(f"The archive of {made.made_at} is in {room.folder}: {report.total} articles.")
