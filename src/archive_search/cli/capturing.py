"""Commands that take in what portals publish: init, crawl, import, demo."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click

from archive_search import pipeline
from archive_search.archive import create
from archive_search.cli.room import Room, as_json, end, main, print_json, serve_site
from archive_search.config import Config
from archive_search.crawler import Fetcher
from archive_search.errors import ConfigError
from archive_search.portals import Profile, bundled_profiles, load_profile
from archive_search.printing import runs as printing
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
@as_json
@click.pass_obj
def crawl(room: Room, portals: tuple[str, ...], as_json: bool) -> None:
    """Crawl the portals named, or all those that archive.toml names, and keep what they serve.

    Known pages are asked for changes, new ones are fetched. A crawl that was interrupted goes on. The
    exit code is 3 if some pages failed; the report names them.

    \b
    Example:
      archive-search -C thuongtin crawl thuongtin
    """
    with room.archive() as archive, archive.locked():
        chosen = [_profile(archive.config, name) for name in portals or archive.config.portals]
        if not chosen:
            raise ConfigError(
                f"No portal to crawl: name one, or put its profile into {room.folder / 'archive.toml'} "
                f'as portals = ["..."]. Bundled: {", ".join(bundled_profiles())}.'
            )
        reports = []
        for profile in chosen:
            fetcher = Fetcher(contact=archive.config.contact)
            with contextlib.closing(fetcher), shown(profile.label) as progress:
                reports.append(pipeline.crawl_portal(archive, profile, fetcher, progress))
            click.echo(printing.report(reports[-1]), err=as_json)
    if as_json:
        print_json([printing.report_json(report) for report in reports])
    end(any(report.failures for report in reports))


def _profile(config: Config, name: str) -> Profile:
    profile = load_profile(name, config.profile_folder)
    if not profile.seeds:
        raise ConfigError(f"The profile {name!r} has no seeds, so there is nowhere to start a crawl.")
    return profile


@main.command(name="import", short_help="Take in WARC files that were made elsewhere.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@as_json
@click.pass_obj
def import_(room: Room, files: tuple[Path, ...], as_json: bool) -> None:
    """Take in WARC files that were made elsewhere, and clean their pages like crawled ones.

    The files are copied into the archive. Every record is accounted for by kind; importing a file
    again changes nothing.

    \b
    Example:
      archive-search -C thuongtin import portal-2022.warc.gz
    """
    reports = []
    with room.archive() as archive, archive.locked():
        for path in files:
            with shown(path.name) as progress:
                reports.append(pipeline.import_warc(archive, path, progress))
            click.echo(printing.import_report(reports[-1]), err=as_json)
    if as_json:
        print_json([printing.import_json(report) for report in reports])
    end(any(report.report.failures for report in reports))


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
                    report = pipeline.crawl_portal(archive, bundled, fetcher, progress)
                click.echo(printing.report(report), err=True)
        indexed = pipeline.update_index(archive, engine)
    click.echo(f"{indexed.indexed} articles indexed, {indexed.total} in all, in {folder}.", err=True)
    if serves:
        serve_site(room.config, host, port)
