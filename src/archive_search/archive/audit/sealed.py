"""The files against the run manifest, and the manifest against itself and a head that was kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from secrets import SystemRandom

from archive_search.archive.audit.report import RESTORE, UNFINISHED, Problem
from archive_search.archive.manifest import FILE_NAME, Chain, SealedFile, sealed

ALTERED = (
    "The manifest was altered, or is of another archive. Restore it from a backup, and the files with it."
)


def broken_chain(chain: Chain, head: str | None) -> Iterator[Problem]:
    """Yield what is wrong with the manifest; `head` is a digest that must occur in it."""
    for number, what in chain.faults:
        yield Problem(what=f"line {number}: {what}", advice=ALTERED, file=FILE_NAME)
    if chain.torn:
        yield Problem(what="its last line was not finished", advice=UNFINISHED, file=FILE_NAME)
    if head and head.lower() not in chain.digests:
        yield Problem(what=f"the head {head} does not occur in it", advice=ALTERED, file=FILE_NAME)


def broken_seals(chain: Chain, folder: Path, share: float) -> Iterator[Problem]:
    """Yield each file that is not as it was when its run was sealed.

    With a `share` below 1, all bytes are read of that part of the files only, chosen by chance.
    """
    chance = SystemRandom()
    first: dict[str, SealedFile] = {}
    for file in (file for entry in chain.entries for file in entry.files):
        if first.setdefault(file.name, file) != file:
            yield Problem(what=f"{file.name} is sealed twice, not alike", advice=ALTERED, file=FILE_NAME)
    for file in first.values():
        what = _broken(file, folder / file.name, is_read=chance.random() < share)
        if what:
            yield Problem(what=what, advice=RESTORE, file=file.name)


def _broken(file: SealedFile, path: Path, *, is_read: bool) -> str | None:
    try:
        length = path.stat().st_size
        if length != file.length:
            return f"has {length} bytes and had {file.length} when it was sealed in the manifest"
        if is_read and sealed(path) != file:
            return "is not the file that was sealed in the manifest: its digest is another"
    except FileNotFoundError:
        return "the file is missing that is sealed in the manifest"
    except OSError as exc:
        return f"cannot be read: {exc.strerror or exc}"
    return None
