"""Writing so that it lasts: what is on disk, who may write, what a full disk is called."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive_search.errors import ArchiveLocked, StorageError


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable: POSIX promises a new name only after that."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_writer(lock: Path) -> Iterator[None]:
    """Hold a lock file: the kernel lets go of it even if this process is killed.

    Raises `ArchiveLocked` at once if another process holds it, `StorageError` if it cannot be made.
    """
    try:
        file = lock.open("a")
    except OSError as exc:
        raise storage_error(lock, exc) from exc
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise ArchiveLocked(
                f"Another run is writing to {lock.parent}. Wait until it is done, then try again."
            ) from exc
        yield


_ADVICE = {
    errno.ENOSPC: "Free some space and run the command again; it goes on where it stopped.",
    errno.EROFS: "The file system is read-only.",
    errno.EACCES: "Give the user of this process the right to write there.",
}


def storage_error(where: Path, exc: OSError) -> StorageError:
    """Return the error for a write that failed, with what to do about it."""
    advice = _ADVICE.get(exc.errno or 0, "Check the disk.")
    return StorageError(f"{where} cannot be written: {exc.strerror or exc}. {advice}")
