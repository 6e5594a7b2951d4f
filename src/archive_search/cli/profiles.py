"""Commands on portal profiles."""

from __future__ import annotations

import click

from archive_search import pipeline
from archive_search.archive.exporting import export as exported
from archive_search.cli.room import Room, as_json, main, print_json
from archive_search.portals import bundled_profiles, load_profile
from archive_search.printing import found as printing


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
    document, used = pipeline.check_page(page, name=name, url=url, folder=room.folder / "portals")
    if as_json:
        print_json({"profile": used.name, **exported(document)})
    else:
        click.echo(printing.document(document, used))
