"""The run manifest: which files each run left, with their digests, as a chain that only grows.

One JSON object a line in `manifest.jsonl`, one line a finished run. Each line holds the SHA-256 of the line
before, so that the digest of the last one, the head, vouches for all. Whoever keeps a head elsewhere can
tell later that neither files nor catalogue nor manifest were altered since.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from archive_search.disk import storage_error, sync, write_all

FILE_NAME = "manifest.jsonl"
START = "0" * 64
"""What the first line holds in the place of the digest of the line before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """A WARC file that will not change any more."""

    name: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finished run: what it was, how many captures it brought, and the files that came to be."""

    run: int
    kind: str
    portal: str | None
    machine: str
    finished_at: str | None
    captures: int
    files: tuple[SealedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What stands in a manifest: its entries, the digest of each line, and what is wrong with which line.

    `torn` says that the last line has no end, as a power cut may leave it.
    """

    entries: tuple[Entry, ...] = ()
    digests: tuple[str, ...] = ()
    faults: tuple[tuple[int, str], ...] = field(default=())
    torn: bool = False

    @property
    def head(self) -> str | None:
        """The digest of the last line; None while there is none."""
        return self.digests[-1] if self.digests else None

    @property
    def files(self) -> dict[str, SealedFile]:
        """The sealed files by name."""
        return {file.name: file for entry in self.entries for file in entry.files}


def read(folder: Path) -> Chain:
    """Return the manifest of the archive in `folder`; an empty one if there is none.

    Raises `OSError` if it cannot be read.
    """
    try:
        data = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return Chain()
    entries: list[Entry] = []
    digests: list[str] = []
    faults: list[tuple[int, str]] = []
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line)
            previous = values.pop("previous")
            entries.append(_entry(values))
        except (KeyError, TypeError, ValueError, AttributeError):
            faults.append((number, "the line cannot be read"))
        else:
            if previous != (digests[-1] if digests else START):
                faults.append((number, "the line does not follow the one before it"))
        digests.append(hashlib.sha256(line).hexdigest())
    return Chain(entries=tuple(entries), digests=tuple(digests), faults=tuple(faults), torn=bool(rest))


def _entry(values: dict[str, Any]) -> Entry:
    files = tuple(SealedFile(**file) for file in values.pop("files"))
    return Entry(**values, files=files)


def append(folder: Path, entry: Entry) -> str:
    """Add a line for a run, on disk at the return; return its digest, the new head.

    Raises `StorageError` if it cannot be written; the manifest is as before then.
    """
    try:
        with _only_changer(folder) as file:
            end = _mend(file)
            previous = _last_digest(file)
            line = json.dumps(asdict(entry) | {"previous": previous}, ensure_ascii=False).encode()
            try:
                write_all(file, line + b"\n")
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file.fileno(), end)
                raise
            sync(folder)
    except OSError as exc:
        raise storage_error(folder / FILE_NAME, exc) from exc
    return hashlib.sha256(line).hexdigest()


def mend(folder: Path) -> int:
    """Cut off a last line that was not finished, if there is one; return how many bytes were."""
    path = folder / FILE_NAME
    if not path.exists():
        return 0
    with _only_changer(folder) as file:
        return path.stat().st_size - _mend(file)


@contextlib.contextmanager
def _only_changer(folder: Path) -> Iterator[BinaryIO]:
    """Give the file, to read and append to; another machine that shares the folder has to wait."""
    with (folder / FILE_NAME).open("a+b", buffering=0) as file:
        with contextlib.suppress(OSError):  # a file system that knows no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield cast(BinaryIO, file)


def _mend(file: BinaryIO) -> int:
    """Cut off what has no line's end; return the length that is left."""
    file.seek(0)
    data = file.read()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.ftruncate(file.fileno(), end)
        os.fsync(file.fileno())
    return end


def _last_digest(file: BinaryIO) -> str:
    file.seek(0)
    lines = file.read().split(b"\n")[:-1]
    return hashlib.sha256(lines[-1]).hexdigest() if lines else START


def sealed(path: Path) -> SealedFile:
    """Return a file's name, length and digest."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return SealedFile(name=path.name, length=file.tell(), sha256=digest)
