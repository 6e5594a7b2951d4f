"""Generations of an index: folders side by side, and a pointer to the one that is read.

    index/CURRENT              the name of the generation that is read
    index/1f0c2a9e-000007/     schema hash and number: a Whoosh index

A new generation is built in a folder of its own and promoted by replacing CURRENT, which is atomic: a
reader sees the old one or the new one. Whoosh never calls fsync, so promotion does it, file by file.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive_search import disk
from archive_search.errors import StorageError

_NAME = re.compile(r"(?P<schema>[0-9a-f]{8})-(?P<number>\d{6})")


class Generations:
    """The generations in one folder; `schema` is the hash that ours are named after."""

    def __init__(self, folder: Path, schema: str) -> None:
        self.folder = folder
        self._schema = schema

    def current(self) -> Path | None:
        """Return the generation that is read, or None: there is none, or it has another schema."""
        try:
            name = (self.folder / "CURRENT").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        match = _NAME.fullmatch(name)
        return self.folder / name if match and match["schema"] == self._schema else None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only writer, in this process and others; raises `ArchiveLocked` if another is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with disk.only_writer(self.folder / "LOCK"):
            yield

    def new(self) -> Path:
        """Make the folder of a generation to come, which nobody reads before it is promoted."""
        numbers = [int(match["number"]) for match in map(_NAME.fullmatch, self._names()) if match]
        path = self.folder / f"{self._schema}-{max(numbers, default=0) + 1:06d}"
        path.mkdir()
        return path

    def promote(self, path: Path) -> None:
        """Make the generation at `path` the one that is read, and remove all others."""
        sync(path)
        with written_to(self.folder):
            pointer = self.folder / "CURRENT.new"
            with pointer.open("w", encoding="ascii") as file:
                file.write(path.name + "\n")
                file.flush()
                os.fsync(file.fileno())
            pointer.replace(self.folder / "CURRENT")
            disk.sync(self.folder)
        for name in self._names():
            if _NAME.fullmatch(name) and name != path.name:
                # A reader that has files of it open goes on reading them.
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def _names(self) -> list[str]:
        return [path.name for path in self.folder.iterdir()]


def sync(path: Path) -> None:
    """Have the system write a folder and the files in it to disk."""
    with written_to(path):
        for file in path.iterdir():
            disk.sync(file)
        disk.sync(path)


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Turn what the system raises when it cannot write into `StorageError`."""
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"The search index in {folder} cannot be written: {exc.strerror or exc}. "
            "The index that was read before is unchanged; run `archive-search index` when there is room."
        ) from exc
