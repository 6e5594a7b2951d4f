"""The WARC files as they stood at one moment, while the archive may be growing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from archive_search.archive.catalogue import captures
from archive_search.archive.exporting.exchanges import Kept, requests_behind
from archive_search.archive.warc import OWN
from archive_search.errors import IntegrityError

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A WARC file, of which the first `length` bytes are meant."""

    path: Path
    length: int


def kept_files(db: Connection, folder: Path, upto: int) -> Iterator[KeptFile]:
    """Yield the WARC files with the captures up to number `upto`, by name, and how much of each is meant.

    A file that is written here is meant up to the end of its last such capture and its requests: what
    is behind may not be whole. Every other file is meant as it is. Raises `IntegrityError` where a file
    is missing or shorter than the catalogue has it.
    """
    last = select(captures.c.warc_file, func.max(captures.c.warc_offset).label("offset"))
    newest = last.where(captures.c.id <= upto).group_by(captures.c.warc_file).subquery()
    place = (newest.c.warc_file == captures.c.warc_file) & (newest.c.offset == captures.c.warc_offset)
    query = select(captures.c.warc_file, captures.c.warc_offset, captures.c.record_length)
    ends = {row.warc_file: row for row in db.execute(query.join(newest, place))}
    others = {path.name for path in folder.iterdir() if path.is_file() and _is_foreign(path)}
    for name in sorted(ends.keys() | others):
        row = ends.get(name)
        yield _kept_file(folder / name, (row.warc_offset, row.record_length) if row else (0, 0))


def _is_foreign(path: Path) -> bool:
    return path.suffix != ".part" and not OWN.fullmatch(path.name)


def _kept_file(path: Path, last: tuple[int, int]) -> KeptFile:
    offset, length = last
    try:
        size = path.stat().st_size
        if size < offset + length:
            raise IntegrityError(
                f"{path} is shorter than the catalogue has it. Restore the file from a backup."
            )
        return KeptFile(path, _end(path, offset, length) if OWN.fullmatch(path.name) else size)
    except OSError as exc:
        raise IntegrityError(f"{path} cannot be read: {exc.strerror}. Restore it from a backup.") from exc


def _end(path: Path, offset: int, length: int) -> int:
    """Return where the last request of a file ends whose last response is there."""
    with path.open("rb") as file:
        file.seek(offset)
        response = Kept(file.read(length), offset + length)
        return max([response.end, *(kept.end for kept in requests_behind(file, response))])


def pieces(kept: KeptFile) -> Iterator[bytes]:
    """Yield the bytes that are meant of a file; raises `IntegrityError` if there are fewer."""
    left = kept.length
    with kept.path.open("rb") as file:
        while left:
            piece = file.read(min(left, _CHUNK))
            if not piece:
                raise IntegrityError(f"{kept.path} has become shorter while it was read.")
            yield piece
            left -= len(piece)
