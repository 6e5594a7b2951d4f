"""Commands that show what an archive holds: search, serve, status."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

from archive_search import pipeline
from archive_search.cli.room import Room, as_json, main, print_json, serve_site
from archive_search.index.language.thesaurus import load_thesaurus
from archive_search.index.query import Query, Understood, understand
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.printing import found as printing
from archive_search.printing import health
from archive_search.records import Filters, Sort

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
        print_json(printing.results_json(results))
    else:
        click.echo(printing.results(results))


def _print_every(engine: WhooshEngine, asked: Query, *, as_json: bool) -> None:
    for place, hit in enumerate(engine.every(asked), 1):
        if as_json:
            click.echo(json.dumps(printing.hit_json(hit), ensure_ascii=False))
        else:
            click.echo(printing.hit(place, hit))


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
    serve_site(room.config, host, port)


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
        print_json(health.status_json(state))
    else:
        click.echo(health.status(state))
