"""Commands that take in what was captured elsewhere: import and its sources."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import click

from archive_search import pipeline
from archive_search.archive import Archive
from archive_search.cli.room import Room, as_json, end, main, print_json
from archive_search.crawler.wayback import WAYBACK, WaybackMachine
from archive_search.errors import ArchiveSearchError, ConfigError, StorageError
from archive_search.pipeline.progress import Progress
from archive_search.printing import runs as printing
from archive_search.printing.progress import progress as shown

_EXISTING = click.Path(exists=True, path_type=Path)


class _Sources(click.Group):
    """Takes what is no source's name for a file: `import portal.warc.gz` is `import files portal.warc.gz`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default source before arguments that name none."""
        first = next((arg for arg in args if not arg.startswith("-")), None)
        if first is not None and first not in self.commands:
            args = ["files", *args]
        return super().parse_args(ctx, args)


@main.group(
    name="import",
    cls=_Sources,
    short_help="Take in what was captured elsewhere.",
    subcommand_metavar="[files] FILE... | httrack FOLDER... | wayback HOST",
)
def import_() -> None:
    """Take in what was captured elsewhere, and clean its pages like crawled ones.

    \b
    Examples:
      archive-search -C thuongtin import portal-2022.warc.gz collection.wacz
      archive-search -C thuongtin import httrack ~/mirrors/thuongtin
      archive-search -C thuongtin import wayback thuongtin.hanoi.gov.vn --from 2015 --to 20221231

    What is imported is copied into the archive. Every record is accounted for by kind; importing it
    again changes nothing. The exit code is 3 if some of it could not be taken in; the report names it.
    """


@import_.command(short_help="WARC, ARC and WACZ files.")
@click.argument("files", nargs=-1, required=True, type=_EXISTING)
@click.option("--partial", is_flag=True, help="Take in the whole records of a file that is cut off.")
@as_json
@click.pass_obj
def files(room: Room, files: tuple[Path, ...], partial: bool, as_json: bool) -> None:
    """Take in WARC, ARC and WACZ files; their content tells what they are.

    WARC files that are gzipped record by record are kept byte for byte. ARC files, and WARC files that
    are gzipped as a whole, are made into such. The digests that a WACZ lists are checked; what a revisit
    record refers to is looked for in the whole archive.

    \b
    Example:
      archive-search -C thuongtin import files portal-2022.warc.gz
    """
    choices = pipeline.Choices(partial=partial)
    _import(room, [(path.name, _file(path, choices)) for path in files], as_json=as_json)


@import_.command(short_help="Mirrors by HTTrack or wget, and saved pages.")
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--host", help="The host whose paths the folder has, where its pages do not tell.")
@click.option(
    "--scheme",
    type=click.Choice(["http", "https"]),
    default="http",
    show_default=True,
    help="Of URLs that are written down without one.",
)
@as_json
@click.pass_obj
def httrack(room: Room, folders: tuple[Path, ...], host: str | None, scheme: str, as_json: bool) -> None:
    """Take in folders in which a portal was saved: by HTTrack, by wget, from a browser.

    Pages that HTTrack has in its cache are taken as they were sent. Of the others the links are led back
    to where they led; the URL and time come from what the tool wrote into the page, or else from the path.

    \b
    Example:
      archive-search -C thuongtin import httrack ~/mirrors/thuongtin
    """
    choices = pipeline.Choices(host=host, scheme=scheme)
    _import(room, [(path.resolve().name, _file(path, choices)) for path in folders], as_json=as_json)


@import_.command(short_help="What the Wayback Machine has of a host.")
@click.argument("host")
@click.option("--from", "begin", metavar="YYYYMMDD", help="The first day; a year or a month is enough.")
@click.option("--to", "end", metavar="YYYYMMDD", help="The last day; a year or a month is enough.")
@click.option("--limit", type=click.IntRange(1), help="Look at so many captures at most.")
@click.option("--pages-only", is_flag=True, help="Leave out pictures, scripts, documents.")
@click.option(
    "--machine",
    "address",
    default=WAYBACK,
    show_default=True,
    help="Another Wayback Machine, by what stands before /cdx/search/cdx and /web/ there.",
)
@as_json
@click.pass_obj
def wayback(
    room: Room,
    host: str,
    begin: str | None,
    end: str | None,
    limit: int | None,
    pages_only: bool,
    address: str,
    as_json: bool,
) -> None:
    """Fetch what the Wayback Machine has of HOST and the archive does not.

    Every capture keeps its own URL and time. The rates that the Internet Archive asks for are kept to,
    so ten thousand captures take half an hour. An import that was interrupted goes on where it stopped.
    Needs the package `wayback`: pip install "archive-search[wayback]".

    \b
    Example:
      archive-search -C thuongtin import wayback thuongtin.hanoi.gov.vn --from 2015 --to 20221231
    """
    if not re.match(r"https?://[\w.\[]", address):
        raise ConfigError(f"--machine: {address!r} is no URL: write it as in {WAYBACK}.")
    if begin and end and (_moment(begin) or "") > (_moment(end) or "").ljust(14, "9"):
        raise ConfigError(f"--from {begin} is later than --to {end}.")
    wanted = pipeline.Wanted(
        host=_host(host), begin=_moment(begin), end=_moment(end), limit=limit, pages_only=pages_only
    )

    def run(archive: Archive, progress: Progress) -> pipeline.ImportReport:
        machine = WaybackMachine(contact=archive.config.contact, address=address)
        with contextlib.closing(machine):
            return pipeline.import_wayback(archive, machine, wanted, progress)

    _import(room, [(wanted.host, run)], as_json=as_json)


def _host(written: str) -> str:
    """Return the host that was meant, of a URL too."""
    host = re.sub(r"^https?://", "", written.strip().lower()).partition("/")[0]
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", host):
        raise ConfigError(f"{written!r} is no host: write it as in thuongtin.hanoi.gov.vn.")
    return host


def _moment(written: str | None) -> str | None:
    """Return a day, month or year as the index of a Wayback Machine wants it."""
    digits = (written or "").replace("-", "")
    if written and not _is_moment(digits):
        raise ConfigError(f"{written!r} is no day: write it as in 20151231, or a year as in 2015.")
    return digits or None


def _is_moment(digits: str) -> bool:
    """Tell whether the digits are of a year, or of one with a month, a day, a time behind it."""
    if not re.fullmatch(r"[12]\d{3}(\d\d){0,5}", digits):
        return False
    try:
        datetime.strptime(digits + "20000101000000"[len(digits) :], "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True


_Task = Callable[[Archive, Progress], pipeline.ImportReport]


def _file(path: Path, choices: pipeline.Choices) -> _Task:
    def run(archive: Archive, progress: Progress) -> pipeline.ImportReport:
        return pipeline.import_file(archive, path, progress, choices=choices)

    return run


def _import(room: Room, tasks: Sequence[tuple[str, _Task]], *, as_json: bool) -> None:
    """Run one import after another and print what each found; one that fails stops no other."""
    found: list[dict[str, object]] = []
    errors: list[ArchiveSearchError] = []
    partly = False
    with room.archive() as archive, archive.locked():
        for label, task in tasks:
            try:
                with shown(label) as progress:
                    report = task(archive, progress)
            except StorageError:
                raise
            except ArchiveSearchError as exc:
                if len(tasks) == 1:
                    raise
                click.echo(f"Error: {exc}", err=True)
                found.append({"source": label, "error": str(exc)})
                errors.append(exc)
            else:
                click.echo(printing.import_report(report), err=as_json)
                found.append(printing.import_json(report))
                partly |= bool(report.report.failures)
    if as_json:
        print_json(found)
    if len(errors) == len(tasks):
        sys.exit(errors[0].exit_code)
    end(partly or bool(errors))
