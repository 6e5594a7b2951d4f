"""The commands: one for each stage of the pipeline. Data goes to stdout, messages to stderr."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import archive_search
from archive_search import pipeline, printing
from archive_search.archive import Archive, articles, create
from archive_search.archive.audit import audit as audited
from archive_search.archive.exporting import export as exported
from archive_search.config import Config, load_config
from archive_search.crawler import Fetcher
from archive_search.errors import EXIT_PARTIAL, ArchiveSearchError, ConfigError, IntegrityError
from archive_search.index.language.thesaurus import load_thesaurus
from archive_search.index.query import Query, Understood, understand
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.portals import Profile, bundled_profiles, load_profile
from archive_search.records import Filters, Sort


class Failure(click.ClickException):
    """What a user sees of an error: one line, and the exit code that belongs to it."""

    def __init__(self, error: ArchiveSearchError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]


class Commands(click.Group):
    """Turns every error raised on purpose into a `Failure`."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ArchiveSearchError as exc:
            raise Failure(exc) from exc


@dataclass(frozen=True, slots=True)
class Room:
    """The archive folder that a command works in."""

    folder: Path

    @property
    def config(self) -> Config:
        """The archive's settings; raises `NotAnArchive` where there is no archive."""
        return load_config(self.folder)

    @contextlib.contextmanager
    def archive(self) -> Iterator[Archive]:
        """Give the open archive."""
        with Archive(self.config) as archive:
            yield archive

    @contextlib.contextmanager
    def engine(self) -> Iterator[WhooshEngine]:
        """Give the open search engine."""
        with contextlib.closing(WhooshEngine(self.config.index_folder)) as engine:
            yield engine


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-C",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    envvar="ARCHIVE_SEARCH_DIR",
    help="The archive folder.  [env: ARCHIVE_SEARCH_DIR; default: the current folder]",
)
@click.version_option(archive_search.__version__)
@click.pass_context
def main(ctx: click.Context, folder: Path) -> None:
    """Keep what portals publish, find it in Vietnamese, cite it for ever.

    \b
    A first archive:
      archive-search -C thuongtin init --profile thuongtin
      archive-search -C thuongtin crawl
      archive-search -C thuongtin index
      archive-search -C thuongtin search "bi thu huyen uy"
      archive-search -C thuongtin serve

    Exit codes: 0 done, 1 failed, 2 usage, 3 done in part, 4 integrity, 5 storage, 75 locked.
    """
    ctx.obj = Room(folder)


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
            with contextlib.closing(fetcher), printing.progress(profile.label) as progress:
                reports.append(pipeline.crawl_portal(archive, profile, fetcher, progress))
            click.echo(printing.report(reports[-1]), err=as_json)
    if as_json:
        _print_json([printing.report_json(report) for report in reports])
    _end(any(report.failures for report in reports))


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
            with printing.progress(path.name) as progress:
                reports.append(pipeline.import_warc(archive, path, progress))
            click.echo(printing.import_report(reports[-1]), err=as_json)
    if as_json:
        _print_json([printing.import_json(report) for report in reports])
    _end(any(report.report.failures for report in reports))


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
        _print_json({"indexed": report.indexed, "removed": report.removed, "total": report.total})
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
    bar = printing.progress("Rebuilding")
    with room.archive() as archive, archive.locked(), room.engine() as engine, bar as progress:
        report = pipeline.rebuild(archive, engine, progress)
    if as_json:
        _print_json(
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
    _end(bool(report.problems))


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
    with room.archive() as archive, printing.progress("Auditing (MB)") as progress:
        found = audited(archive, progress, sample / 100)
    if as_json:
        _print_json(printing.audit_json(found))
    else:
        click.echo(printing.audit(found))
    if found.problems:
        sys.exit(IntegrityError.exit_code)


# What each filter asks of the articles.
_FILTERS = {
    "speaker": "in which this person spoke",
    "session": "on this meeting",
    "topic": "on this topic",
    "place": "that name this place",
    "document": "that cite this legal document",
    "year": "published in this year",
    "portal": "of this portal",
}


def filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each of the filters."""
    for name, asked in reversed(_FILTERS.items()):
        option = click.option(f"--{name}", multiple=True, help=f"Only articles {asked}; repeatable.")
        command = option(command)
    return command


@main.command()
@click.argument("query")
@click.option("--limit", type=click.IntRange(0, 10_000), default=10, show_default=True)
@click.option("--after", help="Show the hits behind this place, as the page before gave it.")
@click.option("--all", "every", is_flag=True, help="Show every hit; with --json, one object a line.")
@click.option("--sort", type=click.Choice([s.value for s in Sort]), default="relevance", show_default=True)
@click.option("--fresh/--no-fresh", default=True, help="Prefer newer articles a little, or do not.")
@click.option("--loose", is_flag=True, help="Ignore the accents of the query, in quotation marks too.")
@click.option("--expand/--no-expand", default=True, help="Search other ways to write the words too, or not.")
@filters
@as_json
@click.pass_obj
def search(
    room: Room,
    /,
    query: str,
    limit: int,
    after: str | None,
    every: bool,
    sort: str,
    fresh: bool,
    loose: bool,
    expand: bool,
    as_json: bool,
    **chosen: tuple[str, ...],
) -> None:
    """Search the articles. Accents may be left out; "..." is an exact phrase, - leaves a word out.

    docs/search.md describes all that can be asked.

    \b
    Examples:
      archive-search search "bi thu huyen uy"
      archive-search search "title:họp từ 7/2022 đến 12/2022"
      archive-search search --year 2022 --speaker "Nguyễn Tiến Minh" --json "giải phóng mặt bằng"
      archive-search search --all --json "said:đất"
    """
    thesaurus = load_thesaurus(room.config.synonyms_file)
    understood = understand(query, loose=loose, expanding=expand, thesaurus=thesaurus)
    _tell(understood)
    asked = Query(
        node=understood.node,
        text=query,
        filters=Filters(**chosen),
        sort=Sort(sort),
        limit=limit,
        after=after,
        fresh=fresh,
    )
    with room.engine() as engine:
        if correction := engine.correct(query):
            click.echo(printing.correction(correction), err=True)
        if every:
            _print_every(engine, asked, as_json=as_json)
        else:
            _print_page(engine, asked, as_json=as_json)


def _tell(understood: Understood) -> None:
    for note in understood.notes:
        click.echo(printing.note(note), err=True)
    for expansion in understood.expansions:
        click.echo(printing.expansion(expansion), err=True)


def _print_page(engine: WhooshEngine, asked: Query, *, as_json: bool) -> None:
    results = engine.search(asked)
    for beginning in results.cut:
        click.echo(printing.cut(beginning), err=True)
    if as_json:
        _print_json(printing.results_json(results))
    else:
        click.echo(printing.results(results))


def _print_every(engine: WhooshEngine, asked: Query, *, as_json: bool) -> None:
    for place, hit in enumerate(engine.every(asked), 1):
        if as_json:
            click.echo(json.dumps(printing.hit_json(hit), ensure_ascii=False))
        else:
            click.echo(printing.hit(place, hit))


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


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.pass_obj
def serve(room: Room, host: str, port: int) -> None:
    """Serve the site until Ctrl-C.

    \b
    Example:
      archive-search -C thuongtin serve --port 8080
    """
    _serve(room.config, host, port)


def _serve(config: Config, host: str, port: int) -> None:
    # Imported here: only the site needs Flask, and the other commands start faster without it.
    from archive_search.web import create_app
    from archive_search.web.server import run

    run(create_app(config), host, port, lambda url: click.echo(f"Serving {url} (Ctrl-C stops)", err=True))


@main.command(short_help="Tell what the archive holds and how the last crawls went.")
@as_json
@click.pass_obj
def status(room: Room, as_json: bool) -> None:
    """Tell what the archive holds, whether the index is up to date, and how the last crawls went.

    \b
    Example:
      archive-search -C thuongtin status --json
    """
    with room.archive() as archive, room.engine() as engine:
        state = pipeline.status(archive, engine)
    if as_json:
        _print_json(printing.status_json(state))
    else:
        click.echo(printing.status(state))


@main.group()
def profile() -> None:
    """Look at portal profiles, and try them on a page."""


@profile.command(name="list")
@click.pass_obj
def list_(room: Room) -> None:
    """List the bundled portal profiles.

    \b
    Example:
      archive-search profile list
    """
    for name in bundled_profiles():
        found = load_profile(name)
        click.echo(f"{name:14} {found.label} ({found.cms}; {found.verified})")


@profile.command()
@click.argument("page")
@click.option("--profile", "name", help="Use this profile, and not the one of the page's host.")
@click.option("--url", help="Where PAGE comes from, if it is a file.")
@as_json
@click.pass_obj
def check(room: Room, page: str, name: str | None, url: str | None, as_json: bool) -> None:
    """Show what a profile extracts from PAGE: a URL, or a file with an HTML page in it.

    \b
    Examples:
      archive-search profile check page.html --url http://thuongtin.hanoi.gov.vn/x/-/view_content/1-a.html
      archive-search profile check https://thuongtin.hanoi.gov.vn/ --profile thuongtin
    """
    folder = room.folder / "portals"
    with contextlib.closing(Fetcher()) as fetcher:
        document, used = pipeline.check_page(page, name=name, url=url, folder=folder, fetcher=fetcher)
    if as_json:
        _print_json({"profile": used.name, **exported(document)})
    else:
        click.echo(printing.document(document, used))


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
                with contextlib.closing(fetcher), printing.progress(bundled.label) as progress:
                    report = pipeline.crawl_portal(archive, bundled, fetcher, progress)
                click.echo(printing.report(report), err=True)
        indexed = pipeline.update_index(archive, engine)
    click.echo(f"{indexed.indexed} articles indexed, {indexed.total} in all, in {folder}.", err=True)
    if serves:
        _serve(room.config, host, port)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def _end(partly: bool) -> None:
    if partly:
        sys.exit(EXIT_PARTIAL)
