"""What is kept: the WARC files (the raw truth) and the catalogue derived from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

import archive_search
from archive_search.archive import captures, catalogue
from archive_search.archive.captures import StoredCapture
from archive_search.archive.frontier import StoredFrontier
from archive_search.archive.warc import WarcWriter, read_capture
from archive_search.config import FILE_NAME, Config, config_text
from archive_search.disk import only_writer, storage_error
from archive_search.errors import ConfigError, IntegrityError, StorageError
from archive_search.records import Capture

__all__ = ["Archive", "create"]


def create(folder: Path, portals: tuple[str, ...] = ()) -> None:
    """Make an empty archive in `folder`, its settings naming `portals`.

    Raises `ConfigError` if there is one already, `StorageError` if it cannot be written.
    """
    path = folder / FILE_NAME
    if path.exists():
        raise ConfigError(f"{folder} is an archive already. Edit {path} to change its settings.")
    try:
        for name in ("warc", "portals"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        path.write_text(config_text(portals), encoding="utf-8")
    except OSError as exc:
        raise storage_error(folder, exc) from exc


class Archive:
    """An open archive: its catalogue, and the WARC files behind it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        try:
            config.warc_folder.mkdir(exist_ok=True)
            self.engine: Engine = catalogue.connect(config.catalogue_url)
        except OSError as exc:
            raise storage_error(config.folder, exc) from exc
        except DatabaseError as exc:
            raise StorageError(
                f"{config.folder}/catalogue.sqlite cannot be opened: {exc.orig}. If it is damaged, move it "
                "away and run `archive-search rebuild`: the catalogue is derived from the WARC files."
            ) from exc
        self._writer = WarcWriter(
            config.warc_folder,
            software=f"archive-search {archive_search.__version__}",
            operator=config.contact,
            max_bytes=config.warc_max_mb * 1_000_000,
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
        return StoredFrontier(self.engine, portal)

    def warc_files(self) -> list[Path]:
        """Return the WARC files, by name; a copy that was not finished is none."""
        return sorted(path for path in self.config.warc_folder.iterdir() if path.suffix != ".part")

    def keep(
        self, capture: Capture, run: int | None, *, revisit_of: tuple[str, datetime] | None = None
    ) -> StoredCapture:
        """Write a capture to WARC, then enter it in the catalogue; both are on disk at the return."""
        location = self._writer.append(capture, revisit_of=revisit_of)
        with self.writing() as db:
            stored = captures.register(db, capture, location, run)
        if stored is None:
            raise IntegrityError(
                f"The catalogue has a record at byte {location.offset} of {location.file} already, and no "
                "such file was there. Run `archive-search rebuild`."
            )
        return stored

    def read(self, stored: StoredCapture) -> Capture:
        """Return a kept capture with its payload; raises `IntegrityError` if its bytes changed."""
        return read_capture(self.config.warc_folder, stored.location)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer of the archive.

        Raises `ArchiveLocked` at once if another process holds it.
        """
        with only_writer(self.config.folder / "lock"):
            yield
