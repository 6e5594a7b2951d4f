"""Backup of a live archive, and its restoration elsewhere.

::

    DIR/backup.json          what the newest whole backup consists of: names, lengths, SHA-256
    DIR/warc/                the WARC files; they only ever grow at their ends, and so do these copies
    DIR/state-20260101T0.../ settings, profiles, synonyms, and the catalogue as JSON lines, of one backup

`backup.json` is replaced last, in one step. Until then the backup before it is whole: its WARC files
are at least as long as it says, and begin with the bytes that it vouches for.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from sqlalchemy import JSON, Connection, Integer, MetaData, Table, func, insert, inspect, select

import archive_search
from archive_search.archive import Archive, catalogue, manifest
from archive_search.archive.catalogue import REVISION
from archive_search.archive.exporting.bagit import EXTRAS
from archive_search.archive.exporting.exchanges import newest
from archive_search.archive.exporting.files import KeptFile, kept_files, pieces
from archive_search.clock import Clock
from archive_search.config import FILE_NAME, Config
from archive_search.disk import make_folder, only_writer, storage_error, sync
from archive_search.errors import ConfigError, IntegrityError

_MANIFEST = "backup.json"
_FORMAT = 1
_CHUNK = 1024 * 1024
_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file of a backup: its name in the archive, where its copy is, how long, its SHA-256."""

    name: str
    path: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup consists of; `revision` is that of the catalogue's schema."""

    made_at: str
    software: str
    revision: str
    files: tuple[Stored, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """What a backup did: the files it consists of, how many were copied, and how many bytes."""

    files: int
    copied: int
    size: int


def back_up(archive: Archive, folder: Path, clock: Clock | None = None) -> BackupReport:
    """Bring the backup in `folder` up to what the archive holds now; a crawl may be running.

    Raises `ConfigError` for a folder that is in the archive, or holds a backup of something else;
    `IntegrityError` if a WARC file no longer begins with what was backed up, and leaves the
    backup as it was; `StorageError` if it cannot be written; `ArchiveLocked` if another backup is.
    """
    kept = archive.config.folder.resolve()
    if kept in (folder.resolve(), *folder.resolve().parents):
        raise ConfigError(f"{folder} is in the archive {kept} itself. Name a folder elsewhere.")
    try:
        make_folder(folder)
        with only_writer(folder / "lock"):
            return _Making(archive, folder, (clock or Clock()).now().strftime("%Y%m%dT%H%M%SZ")).make()
    except OSError as exc:
        raise storage_error(folder, exc) from exc


class _Making:
    """A backup that is being made."""

    def __init__(self, archive: Archive, folder: Path, now: str) -> None:
        self._archive = archive
        self._folder = folder
        self._now = now
        self._before = read_backup(folder) if (folder / _MANIFEST).exists() else None
        self._known = {stored.name: stored for stored in self._before.files} if self._before else {}
        self._copied: list[int] = []

    def make(self) -> BackupReport:
        """Copy what is new, then replace the manifest."""
        self._refuse_another_history()
        state = self._new_state()
        # The manifest of runs first: it must not tell of runs that the catalogue does not know.
        files = list(self._small_files(state))
        with _snapshot(self._archive) as db:
            files += [self._dump(db, table, state) for table in catalogue.metadata.sorted_tables]
            kept = list(kept_files(db, self._archive.config.warc_folder, newest(db)))
        files += [self._warc(file) for file in kept]
        self._publish(tuple(files), state)
        return BackupReport(files=len(files), copied=len(self._copied), size=sum(self._copied))

    def _refuse_another_history(self) -> None:
        """Raise `ConfigError` if the backup tells of runs that this archive knows nothing of."""
        held = self._known.get(manifest.FILE_NAME)
        if held is None:
            return
        told = (self._folder / held.path).read_bytes()
        path = self._archive.config.folder / manifest.FILE_NAME
        if not (path.read_bytes() if path.exists() else b"").startswith(told):
            raise ConfigError(
                f"{self._folder} is a backup of another archive, or of a later state of this one: its run "
                "manifest does not continue in this archive's. Name another folder, or restore that backup."
            )

    def _small_files(self, state: Path) -> Iterator[Stored]:
        config = self._archive.config
        extras = (config.folder / name for name in (FILE_NAME, *EXTRAS))
        for path in (*extras, *sorted(config.profile_folder.glob("*.toml"))):
            if path.is_file():
                name = path.relative_to(config.folder).as_posix()
                yield self._written(name, state / name, [path.read_bytes()])

    def _new_state(self) -> Path:
        """Return the folder of this backup's own files, made anew."""
        serial = 0
        while True:
            state = self._folder / f"state-{self._now}-{serial}"
            try:
                state.mkdir()
            except FileExistsError:
                serial += 1
            else:
                return state

    def _dump(self, db: Connection, table: Table, state: Path) -> Stored:
        name = f"catalogue/{table.name}.jsonl.gz"
        return self._written(name, state / name, _packed(_lines(db, table)))

    def _written(self, name: str, path: Path, data: Iterable[bytes]) -> Stored:
        """Write a file to disk and read it back."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, length = hashlib.sha256(), 0
        with path.open("wb") as file:
            for piece in data:
                file.write(piece)
                digest.update(piece)
                length += len(piece)
            file.flush()
            os.fsync(file.fileno())
        _sync_up_to(path.parent, self._folder)
        stored = Stored(
            name=name,
            path=path.relative_to(self._folder).as_posix(),
            length=length,
            sha256=digest.hexdigest(),
        )
        self._read_back(stored)
        return stored

    def _read_back(self, stored: Stored) -> None:
        if problem := _problem(self._folder, stored):
            raise IntegrityError(f"{problem} It was written a moment ago: check the disk.")
        self._copied.append(stored.length)

    def _warc(self, file: KeptFile) -> Stored:
        """Copy a WARC file, unless the copy that there is holds the same."""
        name = f"warc/{file.path.name}"
        known = self._known.get(name)
        sha256 = _digest_of(file, known)
        copy = self._folder / name
        if known and known.sha256 == sha256 and copy.is_file() and copy.stat().st_size >= known.length:
            return known
        part = copy.with_name(copy.name + ".part")
        written = self._written(name, part, pieces(file))
        part.replace(copy)
        sync(copy.parent)
        return Stored(name=name, path=name, length=written.length, sha256=written.sha256)

    def _publish(self, files: tuple[Stored, ...], state: Path) -> None:
        made = Backup(
            made_at=self._now,
            software=f"archive-search {archive_search.__version__}",
            revision=REVISION,
            files=files,
        )
        values = {"format": _FORMAT, **asdict(made)}
        part = self._folder / f"{_MANIFEST}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(values, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / _MANIFEST)
        sync(self._folder)
        for old in self._folder.glob("state-*"):
            if old != state:
                shutil.rmtree(old)


@contextmanager
def _snapshot(archive: Archive) -> Iterator[Connection]:
    """Give a connection that sees the catalogue as it is now, whatever is written meanwhile."""
    if archive.engine.dialect.name == "sqlite":
        with archive.reading() as db:
            # Python's sqlite3 begins no transaction for reading by itself.
            db.exec_driver_sql("BEGIN")
            yield db
        return
    with archive.engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        yield db


def _lines(db: Connection, table: Table) -> Iterator[bytes]:
    query = select(table).order_by(*table.primary_key.columns)
    for row in db.execute(query.execution_options(yield_per=_ROWS)).mappings():
        yield json.dumps(dict(row), ensure_ascii=False).encode() + b"\n"


def _packed(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines packed; the same lines give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packer:
        for line in lines:
            packer.write(line)
            if buffer.tell() > _CHUNK:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue()


def _digest_of(file: KeptFile, known: Stored | None) -> str:
    """Return the SHA-256 of what is meant of a file.

    Raises `IntegrityError` if it does not begin with what was backed up: a damaged file must not take
    the place of its good copy.
    """
    digest, length = hashlib.sha256(), 0
    before = None
    for piece in pieces(file):
        if known and length <= known.length < length + len(piece):
            prefix = digest.copy()
            prefix.update(piece[: known.length - length])
            before = prefix.hexdigest()
        digest.update(piece)
        length += len(piece)
    if known and length == known.length:
        before = digest.hexdigest()
    if known and before != known.sha256:
        raise IntegrityError(
            f"{file.path} does not begin with the {known.length} bytes that were backed up. The backup was "
            "left as it was. `archive-search audit` tells what is damaged; restore the file from the backup."
        )
    return digest.hexdigest()


def _sync_up_to(folder: Path, top: Path) -> None:
    while True:
        sync(folder)
        if folder == top:
            return
        folder = folder.parent


def read_backup(folder: Path) -> Backup:
    """Return what the backup in a folder consists of.

    Raises `ConfigError` if there is none, or one made by a newer program; `IntegrityError` if its list
    is damaged.
    """
    path = folder / _MANIFEST
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.pop("format") != _FORMAT:
            raise ConfigError(f"{folder} was made by a newer archive-search; upgrade this program.")
        files = tuple(Stored(**stored) for stored in values.pop("files"))
        return Backup(**values, files=files)
    except FileNotFoundError as exc:
        raise ConfigError(f"{folder} holds no backup: it has no {_MANIFEST}.") from exc
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        raise IntegrityError(f"{path} cannot be read: {exc}") from exc


def _problem(folder: Path, stored: Stored) -> str | None:
    """Return what is wrong with a file of a backup, or None."""
    path = folder / stored.path
    digest = hashlib.sha256()
    try:
        for piece in pieces(KeptFile(path, stored.length)):
            digest.update(piece)
    except OSError as exc:
        return f"{path} cannot be read: {exc.strerror}."
    except IntegrityError:
        return f"{path} is shorter than the {stored.length} bytes that were backed up."
    return None if digest.hexdigest() == stored.sha256 else f"{path} does not hold what was backed up."


def restore(source: Path, folder: Path) -> Backup:
    """Make an archive in an empty folder out of a backup; the index is still to be made.

    Raises `IntegrityError` with all that is wrong if the backup is damaged, before anything is written;
    `ConfigError` if the folder is not empty, or the backup was made by a newer program.
    """
    made = read_backup(source)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not empty. A backup is restored into a new folder only.")
    if made.revision > REVISION:
        raise ConfigError(f"{source} was made by a newer archive-search; upgrade this program.")
    if problems := [problem for stored in made.files if (problem := _problem(source, stored))]:
        raise IntegrityError("The backup is damaged; nothing was restored.\n" + "\n".join(problems))
    try:
        _restore(source, folder, made)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    return made


def _restore(source: Path, folder: Path, made: Backup) -> None:
    """Copy the files, fill the catalogue, and make the folder an archive by its settings, last of all."""
    for name in ("warc", "portals"):
        make_folder(folder / name)
    settings = None
    tables: dict[str, Path] = {}
    for stored in made.files:
        if stored.name == FILE_NAME:
            settings = stored
        elif stored.name.startswith("catalogue/"):
            tables[PurePosixPath(stored.name).name.removesuffix(".jsonl.gz")] = source / stored.path
        else:
            _copy(source, stored, folder / stored.name)
    if settings is None:
        raise IntegrityError(f"{source} holds no {FILE_NAME}.")
    part = folder / f"{FILE_NAME}.part"
    _copy(source, settings, part)
    _fill(_catalogue_url(part, folder), made.revision, tables)
    part.replace(folder / FILE_NAME)
    sync(folder)


def _copy(source: Path, stored: Stored, target: Path) -> None:
    """Copy a file of a backup to disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        for piece in pieces(KeptFile(source / stored.path, stored.length)):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    sync(target.parent)


def _catalogue_url(settings: Path, folder: Path) -> str:
    """Return where the catalogue of restored settings is."""
    values = tomllib.loads(settings.read_text(encoding="utf-8"))
    return Config(folder=folder, catalogue=values.get("catalogue", "")).catalogue_url


def _fill(url: str, revision: str, tables: dict[str, Path]) -> None:
    """Make the catalogue of that revision, enter the rows, and bring it up to date.

    Raises `ConfigError` if there is a catalogue already that holds anything.
    """
    engine = catalogue.engine_of(url)
    with engine.begin() as db:
        if inspect(db).has_table("alembic_version"):
            raise ConfigError(
                "The database that `catalogue` in archive.toml names holds a catalogue already. Restore "
                "into an empty database."
            )
        catalogue.migrate(db, revision)
        # The tables as they were then, not as this program has them.
        schema = MetaData()
        schema.reflect(db)
        for table in schema.sorted_tables:
            if table.name in tables:
                _enter(db, table, tables[table.name])
    engine.dispose()
    catalogue.connect(url).dispose()


def _enter(db: Connection, table: Table, path: Path) -> None:
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = JSON(none_as_null=True)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines)
        while batch := list(islice(rows, _ROWS)):
            db.execute(insert(table), batch)
    if db.dialect.name == "postgresql":
        _count_on(db, table)


def _count_on(db: Connection, table: Table) -> None:
    """Have PostgreSQL number the rows that come later behind those that there are."""
    for column in table.primary_key.columns:
        if isinstance(column.type, Integer):
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            db.execute(select(func.setval(sequence, func.coalesce(func.max(column), 0) + 1, False)))
