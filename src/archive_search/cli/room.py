"""What all commands share: the archive folder they work in, how errors and JSON are shown."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import archive_search
from archive_search.archive import Archive
from archive_search.config import Config, load_config
from archive_search.errors import EXIT_PARTIAL, ArchiveSearchError
from archive_search.index.whoosh_engine import WhooshEngine


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


def serve_site(config: Config, host: str, port: int) -> None:
    """Serve the site of an archive until Ctrl-C."""
    # Imported here: only the site needs Flask, and the other commands start faster without it.
    from archive_search.web import create_app
    from archive_search.web.server import run

    run(create_app(config), host, port, lambda url: click.echo(f"Serving {url} (Ctrl-C stops)", err=True))


def print_json(value: object) -> None:
    """Print a value as JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def end(partly: bool) -> None:
    """End the command, with the exit code for work done in part if it was."""
    if partly:
        sys.exit(EXIT_PARTIAL)
