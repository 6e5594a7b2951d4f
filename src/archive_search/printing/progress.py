"""A bar on the terminal for what takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from archive_search import pipeline


@contextmanager
def progress(label: str) -> Iterator[pipeline.Progress]:
    """Show a bar on stderr while the block runs, if that is a terminal; give what moves it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(label, total=None)

        def move(_what: str, done: int, known: int) -> None:
            bar.update(task, completed=done, total=known or None)

        yield move
