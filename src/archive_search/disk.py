"""Writing so that it lasts: what is on disk, who may write, what a full disk is called."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive_search.errors import ArchiveLocked, StorageError


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable: POSIX promises a new name only after that."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, so that their names are on disk."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is there whole, and on disk, or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    sync(part)
    part.replace(path)
    sync(path.parent)


def write_all(file: BinaryIO, data: bytes) -> None:
    """Write all the bytes to an unbuffered file, which may take them in pieces."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def free_space(path: Path) -> int:
    """Return how many bytes an ordinary user can still write where `path` is."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def require_free(path: Path, floor_mb: float) -> None:
    """Raise `StorageError` if less than so many megabytes are free where `path` is."""
    free_mb = free_space(path) / 1_000_000
    if free_mb < floor_mb:
        raise StorageError(
            f"{path} is on a disk with {free_mb:.1f} MB free; min_free_mb in archive.toml asks for "
            f"{floor_mb:g}. {_ADVICE[errno.ENOSPC]}"
        )


@contextmanager
def only_writer(lock: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock file, alone or with those who share it: the kernel lets go of it even of the killed.

    Raises `ArchiveLocked` at once if another process holds it, `StorageError` if it cannot be made.
    """
    try:
        file = lock.open("a")
    except OSError as exc:
        raise storage_error(lock, exc) from exc
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ArchiveLocked(
                f"Another run is writing to {lock.parent}. Wait until it is done, then try again."
            ) from exc
        yield


def claim(file: BinaryIO) -> bool:
    """Take a file for this process until it closes it; tell whether no other process has it.

    Where the file system knows no locks, every file counts as free.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as exc:
        # The last one is NFS's, for a file that is open to be read only.
        if exc.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EBADF):
            raise
    return True


_ADVICE = {
    errno.ENOSPC: "Free some space and run the command again; it goes on where it stopped.",
    errno.EROFS: "The file system is read-only.",
    errno.EACCES: "Give the user of this process the right to write there.",
}


def storage_error(where: Path, exc: OSError) -> StorageError:
    """Return the error for a write that failed, with what to do about it."""
    advice = _ADVICE.get(exc.errno or 0, "Check the disk.")
    return StorageError(f"{where} cannot be written: {exc.strerror or exc}. {advice}")
