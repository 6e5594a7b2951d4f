"""Commands that take in what portals publish: init, crawl, import, demo."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from archive_search import pipeline
from archive_search.archive import Archive, create, manifest
from archive_search.archive.leases import Lease
from archive_search.archive.runs import Report
from archive_search.cli.room import Room, as_json, end, main, print_json, serve_site
from archive_search.clock import Clock
from archive_search.config import Config
from archive_search.crawler import Fetcher
from archive_search.errors import ArchiveSearchError, ConfigError, FetchFailed, LeaseLost
from archive_search.portals import Profile, bundled_profiles, load_profile
from archive_search.printing import runs as printing
from archive_search.printing.notices import notice
from archive_search.printing.progress import progress as shown


@main.command()
@click.option("--profile", "profiles", multiple=True, help="A portal to crawl; may be repeated.")
@click.pass_obj
def init(room: Room, profiles: tuple[str, ...]) -> None:
    """Make an empty archive in the archive folder.

    \b
    Example:
      archive-search -C thuongtin init --profile thuongtin
    """
    for name in profiles:
        load_profile(name, room.folder / "portals")
    create(room.folder, profiles)
    click.echo(
        f"An empty archive is in {room.folder}. Its settings: {room.folder / 'archive.toml'}", err=True
    )


@main.command(short_help="Crawl portals and keep what they serve.")
@click.argument("portals", nargs=-1)
@click.option(
    "--all", "every", is_flag=True, help="Crawl all portals that archive.toml names, as without any name."
)
@click.option("--everything", is_flag=True, help="Ask for every known page, also for those not due yet.")
@as_json
@click.pass_obj
def crawl(room: Room, portals: tuple[str, ...], every: bool, everything: bool, as_json: bool) -> None:
    """Crawl the portals named, or all those that archive.toml names, and keep what they serve.

    New pages are fetched, and known ones asked for changes when they are due. A crawl that was
    interrupted goes on. If a portal cannot be crawled, the next one is. Then it is told by mail, webhook
    and ping how it went, if archive.toml says so.

    The exit code is 3 if pages failed, a crawl stopped before its end or raised an alarm, or some of the
    portals could not be crawled; if none could, it is that of the first error. It is 75 if another run is
    at work.

    \b
    Examples:
      archive-search -C thuongtin crawl thuongtin
      archive-search -C thuongtin crawl --all
    """
    if portals and every:
        raise ConfigError("Name portals, or say --all.")
    with room.archive() as archive, archive.locked(shared=archive.config.is_shared):
        for name in portals:
            # A slip in a name is told before anything is fetched.
            _profile(archive.config, name)
        if not (names := portals or archive.config.portals):
            raise ConfigError(
                f"No portal to crawl: name one, or put its profile into {room.folder / 'archive.toml'} "
                f'as portals = ["..."]. Bundled: {", ".join(bundled_profiles())}.'
            )
        reports, errors = _crawl_each(archive, names, everything=everything, as_json=as_json)
    if as_json:
        broken = [{"portal": name, "error": str(error)} for name, error in errors.items()]
        print_json([*(printing.report_json(report) for report in reports), *broken])
    if errors and not reports:
        sys.exit(next(iter(errors.values())).exit_code)
    end(bool(errors) or any(report.failures or report.stopped or report.alarms for report in reports))


def _crawl_each(
    archive: Archive, names: Sequence[str], *, everything: bool, as_json: bool
) -> tuple[list[Report], dict[str, ArchiveSearchError]]:
    """Crawl one portal after another and tell how it went; return reports, and errors by portal."""
    reports: list[Report] = []
    errors: dict[str, ArchiveSearchError] = {}
    profiles = []
    for name in names:
        try:
            profiles.append(_profile(archive.config, name))
        except ConfigError as exc:
            errors[name] = exc
            click.echo(f"{name}: {exc}", err=True)
    with contextlib.closing(pipeline.turns(archive, profiles, Clock())) as turns:
        for profile, lease in turns:
            try:
                reports.append(_crawl_one(archive, profile, everything=everything, lease=lease))
            except (ConfigError, FetchFailed, LeaseLost) as exc:
                errors[profile.name] = exc
                click.echo(f"{profile.name}: {exc}", err=True)
            except ArchiveSearchError as exc:
                # The archive itself is at fault, so the next portal would fare no better.
                _tell(archive.config, reports, {**errors, profile.name: exc})
                raise
            else:
                click.echo(printing.report(reports[-1]), err=as_json)
    _tell(archive.config, reports, errors)
    return reports, errors


def _crawl_one(archive: Archive, profile: Profile, *, everything: bool, lease: Lease | None) -> Report:
    fetcher = Fetcher(contact=archive.config.contact, connect_to=profile.addresses, tls=profile.tls)
    with contextlib.closing(fetcher), shown(profile.label) as progress:
        report = pipeline.crawl_portal(
            archive, profile, fetcher, progress, everything=everything, lease=lease
        )
    return pipeline.attend(archive, profile, report.run)


def _tell(config: Config, reports: Sequence[Report], errors: Mapping[str, ArchiveSearchError]) -> None:
    """Run the hooks; one that fails is told of, and fails nothing."""
    head = None
    with contextlib.suppress(OSError):
        head = manifest.read(config.folder).head
    for failed in pipeline.tell(config, notice(config, reports, errors, Clock().now(), head=head)):
        click.echo(f"Not told: {failed}", err=True)


def _profile(config: Config, name: str) -> Profile:
    profile = load_profile(name, config.profile_folder)
    if not profile.seeds:
        raise ConfigError(f"The profile {name!r} has no seeds, so there is nowhere to start a crawl.")
    return profile


@main.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="archive-search-demo",
    show_default=True,
    help="Where the demo's archive is.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--serve/--no-serve", "serves", default=True, help="Serve the site in the end, or stop before.")
def demo(folder: Path, host: str, port: int, serves: bool) -> None:
    """Crawl a bundled portal over HTTP, index it, and serve the site.

    The portal is served on a free port of this machine. Run it again, and it crawls incrementally: the
    portal has changed a little since.

    \b
    Example:
      archive-search demo
    """
    from archive_search import demo as portal

    room = Room(folder)
    if not (folder / "archive.toml").exists():
        create(folder, portal.PORTALS)
    with room.archive() as archive, archive.locked(), room.engine() as engine:
        edition = 2 if pipeline.was_crawled(archive, portal.PORTALS) else 1
        with portal.serve_portal(edition) as addresses:
            for name in portal.PORTALS:
                bundled = portal.demo_profile(name)
                fetcher = Fetcher(connect_to=addresses)
                with contextlib.closing(fetcher), shown(bundled.label) as progress:
                    report = pipeline.crawl_portal(archive, bundled, fetcher, progress, everything=True)
                click.echo(printing.report(report), err=True)
        indexed = pipeline.update_index(archive, engine)
    click.echo(f"{indexed.indexed} articles indexed, {indexed.total} in all, in {folder}.", err=True)
    if serves:
        serve_site(room.config, host, port)
