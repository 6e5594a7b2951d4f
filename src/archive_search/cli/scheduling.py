"""Commands for an archive that is left alone: schedule, report."""

from __future__ import annotations

from pathlib import Path

import click

from archive_search.archive import Archive, manifest, runs
from archive_search.cli.room import Room, main, print_json
from archive_search.disk import storage_error
from archive_search.errors import ConfigError
from archive_search.printing import reports as printing
from archive_search.printing import units
from archive_search.printing.reports import Whole
from archive_search.printing.units import Plan


@main.command(short_help="Print what lets systemd or cron crawl every night.")
@click.option(
    "--at",
    default="*-*-* 02:30",
    show_default=True,
    help="When to crawl, as systemd writes it (man 7 systemd.time).",
)
@click.option("--user", help="Who runs it.  [default: the owner of the archive folder]")
@click.option("--memory", default="2G", show_default=True, help="Memory that a run may take at most.")
@click.option(
    "--write",
    "target",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Write the units into this folder instead, as /etc/systemd/system.",
)
@click.option("--cron", is_flag=True, help="Print lines for crontab instead of systemd's units.")
@click.pass_obj
def schedule(room: Room, at: str, user: str | None, memory: str, target: Path | None, cron: bool) -> None:
    """Print the units with which systemd crawls all portals every night, audits, and serves the site.

    A crawl that was missed because the machine was off is made up for. A small sample of the records is
    audited every night, all of them every month. Or print lines for a crontab, with --cron.

    \b
    Examples:
      archive-search -C thuongtin schedule
      sudo archive-search -C thuongtin schedule --write /etc/systemd/system
      (crontab -l; archive-search -C thuongtin schedule --cron) | crontab -
    """
    folder = room.config.folder.resolve()
    plan = Plan(folder=folder, at=at, user=user or folder.owner(), memory=memory)
    if cron:
        click.echo(units.crontab(plan), nl=False)
        return
    made = units.units(plan)
    if target is None:
        click.echo("\n".join(f"# {name}\n{text}" for name, text in made.items()))
    else:
        _write(target, made)
        timers = " ".join(name for name in made if name.endswith(".timer"))
        click.echo(f"Written: {', '.join(made)}. Start them, as root:", err=True)
        click.echo(f"  systemctl daemon-reload && systemctl enable --now {timers}", err=True)
        sites = " ".join(name for name in made if name.endswith("-site.service"))
        click.echo(f"and for the site: systemctl enable --now {sites}", err=True)
    click.echo("When to crawl can be tried with `systemd-analyze calendar`.", err=True)


def _write(target: Path, made: dict[str, str]) -> None:
    """Write the units, unless those of another archive have their names."""
    try:
        for name, text in made.items():
            path = target / name
            if path.exists() and not _same_place(text, path.read_text(encoding="utf-8", errors="replace")):
                raise ConfigError(
                    f"{path} is there already, for an archive in another folder of that name. "
                    "Move it away, or rename this archive's folder."
                )
        for name, text in made.items():
            (target / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise storage_error(target, exc) from exc


def _same_place(text: str, other: str) -> bool:
    """Tell whether two units are of archives in the same folder; a timer does not tell."""
    places = [
        [line for line in unit.splitlines() if line.startswith("ReadWritePaths=")] for unit in (text, other)
    ]
    return places[0] == places[1]


@main.command(short_help="Print what past runs did with every URL.")
@click.argument("run", type=int, required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "html"]), default="text", show_default=True
)
@click.pass_obj
def report(room: Room, run: int | None, form: str) -> None:
    """Print what a run did with every URL: the run of that number, or the last crawl of each portal.

    The page (--format html) is one file that needs nothing else.

    \b
    Examples:
      archive-search -C thuongtin report
      archive-search -C thuongtin report 17 --format html > run-17.html
    """
    with room.archive() as archive, archive.reading() as db:
        sealed = _sealed(archive)
        found = [
            Whole(report=runs.report(db, n), entries=tuple(runs.entries(db, n)), sealed=sealed.get(n))
            for n in _chosen(archive, run)
        ]
    if form == "json":
        print_json([printing.values(one) for one in found])
    elif form == "html":
        click.echo(printing.page(found), nl=False)
    else:
        click.echo("\n\n".join(printing.text(one) for one in found))


def _sealed(archive: Archive) -> dict[int, str]:
    """Return the digest of each run's line in the manifest; none if the manifest is not whole."""
    try:
        chain = manifest.read(archive.config.folder)
    except OSError:
        return {}
    if chain.faults:
        return {}
    return {entry.run: digest for entry, digest in zip(chain.entries, chain.digests, strict=True)}


def _chosen(archive: Archive, run: int | None) -> list[int]:
    """Return the run that was asked for, else the last crawl of each portal."""
    with archive.reading() as db:
        if run is not None:
            if not runs.exists(db, run):
                raise ConfigError(f"There is no run {run}. `archive-search status` names the last ones.")
            return [run]
        last = [runs.last(db, portal) for portal in archive.config.portals]
    return [report.run for report in last if report]
