"""What is kept: the WARC files (the raw truth) and the catalogue derived from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, OperationalError

import archive_search
from archive_search.archive import captures, catalogue, manifest
from archive_search.archive.captures import StoredCapture
from archive_search.archive.frontier import StoredFrontier
from archive_search.archive.recovery import Recovery, recover
from archive_search.archive.warc import OWN, WarcWriter, read_capture
from archive_search.clock import Clock
from archive_search.config import FILE_NAME, Config, config_text
from archive_search.disk import (
    claim,
    make_folder,
    only_writer,
    require_free,
    storage_error,
    sync,
    write_whole,
)
from archive_search.errors import ConfigError, IntegrityError, StorageError
from archive_search.records import Capture

__all__ = ["Archive", "Recovery", "create"]


def create(folder: Path, portals: tuple[str, ...] = ()) -> None:
    """Make an empty archive in `folder`, its settings naming `portals`.

    Raises `ConfigError` if there is one already, `StorageError` if it cannot be written.
    """
    path = folder / FILE_NAME
    if path.exists():
        raise ConfigError(f"{folder} is an archive already. Edit {path} to change its settings.")
    try:
        for name in ("warc", "portals"):
            make_folder(folder / name)
        # Once more: whoever was killed in here may have left names that are not on disk yet.
        sync(folder)
        sync(folder.parent)
        write_whole(path, config_text(portals))
    except OSError as exc:
        raise storage_error(folder, exc) from exc


class Archive:
    """An open archive: its catalogue, and the WARC files behind it."""

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        self.config = config
        try:
            make_folder(config.warc_folder)
            self.engine: Engine = catalogue.connect(config.catalogue_url)
        except OSError as exc:
            raise storage_error(config.folder, exc) from exc
        except OperationalError as exc:
            raise StorageError(f"The catalogue of {config.folder} cannot be opened: {_advice(exc)}") from exc
        except DatabaseError as exc:
            raise StorageError(
                f"{config.folder}/catalogue.sqlite cannot be opened: {exc.orig}. If it is damaged, move it "
                "away and run `archive-search rebuild`: the catalogue is derived from the WARC files."
            ) from exc
        event.listen(self.engine, "handle_error", self._tell_disk_errors)
        self._writer = WarcWriter(
            config.warc_folder,
            software=f"archive-search {archive_search.__version__}",
            operator=config.contact,
            max_bytes=config.warc_max_mb * 1_000_000,
            machine=config.machine_name,
            clock=clock,
        )

    def _tell_disk_errors(self, context: ExceptionContext) -> None:
        """Raise `StorageError` where the disk under the catalogue failed, whoever was using it."""
        if getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF in _DISK_ERRORS:
            raise StorageError(
                f"The catalogue of {self.config.folder} cannot be written: "
                f"{context.original_exception}. {_CHECK}"
            )

    def close(self) -> None:
        """Close the catalogue and the WARC file that was being written."""
        self._writer.close()
        self.engine.dispose()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reading(self) -> Connection:
        """Return a connection to read with; use it in a `with` statement."""
        return self.engine.connect()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are committed together at the end, or not at all.

        Raises `StorageError` if they cannot be.
        """
        try:
            with self.engine.begin() as db:
                yield db
        except OperationalError as exc:
            raise StorageError(
                f"The catalogue of {self.config.folder} cannot be written: {exc.orig}."
            ) from exc

    def frontier(self, portal: str) -> StoredFrontier:
        """Return the frontier of a portal."""
        return StoredFrontier(self.engine, portal, recheck_days=self.config.recheck_days)

    def warc_files(self) -> list[Path]:
        """Return the WARC files, by name; a copy that was not finished is none."""
        return sorted(path for path in self.config.warc_folder.iterdir() if path.suffix != ".part")

    def keep(
        self, capture: Capture, run: int | None, *, revisit_of: tuple[str, datetime] | None = None
    ) -> StoredCapture:
        """Write a capture to WARC, then enter it in the catalogue; both are on disk at the return.

        Raises `StorageError` if they cannot be, or if the disk would have too little space left.
        """
        with self.keeping(capture, run, revisit_of=revisit_of) as (_, stored):
            return stored

    @contextmanager
    def keeping(
        self, capture: Capture, run: int | None, *, revisit_of: tuple[str, datetime] | None = None
    ) -> Iterator[tuple[Connection, StoredCapture]]:
        """Keep a capture together with what is done in the block: a connection, and the capture's row.

        All is on disk when the block is left. Raises what `keep` does.
        """
        require_free(self.config.warc_folder, self.config.min_free_mb)
        location = self._writer.append(capture, revisit_of=revisit_of)
        try:
            with self.writing() as db:
                stored = captures.register(db, capture, location, run, end=self._writer.end)
                if stored is None:
                    raise IntegrityError(
                        f"The catalogue has a record at byte {location.offset} of {location.file} already, "
                        "and no such file was there. Run `archive-search rebuild`."
                    )
                yield db, stored
        except BaseException:
            # The record may or may not be entered now; nothing is to stand behind it.
            self._writer.close()
            raise

    def read(self, stored: StoredCapture) -> Capture:
        """Return a kept capture with its payload; raises `IntegrityError` if its bytes changed."""
        return read_capture(self.config.warc_folder, stored.location)

    def seal(self, run: int) -> str:
        """Enter a finished run and the files that came to be in the manifest; return its new head.

        The files are those of this machine, and imported ones, that no run before has sealed; the next
        capture begins a new one. Raises `StorageError` if the manifest cannot be written.
        """
        self._writer.close()
        try:
            known = manifest.read(self.config.folder).files
            files = [
                manifest.sealed(path)
                for path in self.warc_files()
                if path.is_file() and path.name not in known and self._is_done(path)
            ]
        except OSError as exc:
            raise storage_error(self.config.folder, exc) from exc
        with self.reading() as db:
            row = db.execute(select(catalogue.runs).where(catalogue.runs.c.id == run)).one()
            count = db.execute(
                select(func.count()).select_from(catalogue.captures).where(catalogue.captures.c.run == run)
            ).scalar_one()
        entry = manifest.Entry(
            run=run,
            kind=row.kind,
            portal=row.portal,
            machine=self.config.machine_name,
            finished_at=row.finished_at,
            captures=count,
            files=tuple(files),
        )
        return manifest.append(self.config.folder, entry)

    def _is_done(self, path: Path) -> bool:
        """Tell whether nobody writes to a file any more, as far as this machine can know."""
        own = OWN.fullmatch(path.name)
        if own and own["machine"] not in (None, self.config.machine_name):
            return False
        with path.open("rb") as file:
            return claim(file)

    @contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[Recovery]:
        """Be the only writer of the archive; give what a crash before made it necessary to mend.

        With `shared`, others who share it may write too: crawlers of a catalogue that keeps them apart by
        leases. Raises `ArchiveLocked` at once if another process holds it otherwise.
        """
        with only_writer(self.config.folder / "lock", shared=shared):
            yield recover(self.config, self.engine)


_DISK_ERRORS = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
)
_CHECK = "Check the disk and the space on it, then run the command again; it goes on where it stopped."

_CHECK_SERVER = "See whether the database runs and lets this machine in, then run the command again."


def _advice(exc: OperationalError) -> str:
    """Return what went wrong with the catalogue, and what to do about it."""
    check = _CHECK if isinstance(exc.orig, sqlite3.Error) else _CHECK_SERVER
    return f"{' '.join(str(exc.orig).split())} {check}"
