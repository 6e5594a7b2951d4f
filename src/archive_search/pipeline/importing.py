"""Taking in what was captured elsewhere: files, saved folders, the Wayback Machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from archive_search.archive import Archive, captures, gone, runs
from archive_search.archive.captures import StoredCapture
from archive_search.archive.importing import Choices, Taken, place, revisits, take
from archive_search.archive.runs import Report
from archive_search.archive.warc import StoredRecord, read_records
from archive_search.clock import Clock
from archive_search.crawler.wayback import Row, WaybackMachine
from archive_search.disk import require_free
from archive_search.errors import FetchFailed
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import Receipt, batches, note, settle, settle_pending
from archive_search.records import Capture, Outcome

__all__ = ["Choices", "ImportReport", "Wanted", "import_file", "import_wayback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import found: records by type, and the report of what its captures brought.

    `source` is what was imported, `files` where that is now in the WARC folder. `known` counts the
    captures that the archive held already, `resolved` the revisits of earlier imports whose original has
    come by this one; `counts` has what else was found.
    """

    source: str
    files: tuple[str, ...]
    records: dict[str, int]
    known: int
    report: Report
    resolved: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def import_file(
    archive: Archive,
    path: Path,
    progress: Progress = silent,
    *,
    choices: Choices | None = None,
    clock: Clock | None = None,
) -> ImportReport:
    """Bring a file or a saved folder into the archive and clean what it holds; return what that was.

    Importing it again changes nothing. Raises `WarcUnreadable` for what cannot be taken in, and
    `IntegrityError` for what is not what it says it is; nothing of it is taken in then.
    """
    require_free(archive.config.warc_folder, archive.config.min_free_mb)
    settle_pending(archive, Profiles(archive.config.profile_folder))
    progress("checking", 0, 0)
    taken = take(path, archive.config.warc_folder, choices or Choices())
    importing = Importing(archive, clock)
    for url, reason in taken.problems:
        importing.failed(url, reason)
    importing.receive(taken, progress)
    return importing.finish(path.name, taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which captures of a Wayback Machine to fetch: of a host, between two times, so many at most."""

    host: str
    begin: str | None = None
    end: str | None = None
    limit: int | None = None
    pages_only: bool = False


def import_wayback(
    archive: Archive,
    machine: WaybackMachine,
    wanted: Wanted,
    progress: Progress = silent,
    *,
    clock: Clock | None = None,
) -> ImportReport:
    """Fetch what a Wayback Machine has of a host and the archive does not, and clean it.

    An import that was interrupted goes on where it stopped. Raises `FetchFailed` if the index of the
    machine cannot be had.
    """
    settle_pending(archive, Profiles(archive.config.profile_folder))
    rows = machine.search(
        wanted.host, wanted.begin, wanted.end, pages_only=wanted.pages_only, limit=wanted.limit
    )
    with archive.reading() as db:
        missing = [row for row in rows if captures.at(db, row.url, row.captured_at) is None]
    importing = Importing(archive, clock)
    taken = Taken()
    taken.counts["captures listed"] = len(rows)
    if held := len(rows) - len(missing):
        taken.counts["of these held already"] = held
    for batch in _fetched(machine, missing, importing, progress):
        require_free(archive.config.warc_folder, archive.config.min_free_mb)
        importing.keep(batch, f"wayback-{wanted.host}", _FROM_WAYBACK, taken)
    return importing.finish(wanted.host, taken)


_FROM_WAYBACK = {"description": "fetched from a Wayback Machine, in its original mode (id_)"}
_BATCH = 500
_BATCH_BYTES = 64_000_000


def _fetched(
    machine: WaybackMachine, rows: list[Row], importing: Importing, progress: Progress
) -> Iterator[list[Capture]]:
    """Yield the captures in lists that are worth a file; note those that cannot be had."""
    batch: list[Capture] = []
    for done, row in enumerate(rows, 1):
        try:
            batch.append(machine.fetch(row))
        except FetchFailed as exc:
            importing.failed(row.url, f"the capture of {row.captured_at:%Y-%m-%d %H:%M:%S}: {exc.reason}")
        progress(row.url, done, len(rows))
        if len(batch) == _BATCH or sum(len(capture.payload) for capture in batch) > _BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


class Importing:
    """A run that settles the captures of files which stand in the WARC folder now."""

    def __init__(self, archive: Archive, clock: Clock | None = None) -> None:
        self._archive, self._clock = archive, clock or Clock()
        self._profiles = Profiles(archive.config.profile_folder)
        self._known = 0
        # Their originals may stand behind them, or in the next file.
        self._revisits: list[StoredCapture] = []
        with archive.writing() as db:
            machine = archive.config.machine_name
            self._run = runs.begin(db, "import", None, self._clock.now(), machine=machine)

    def failed(self, url: str, reason: str) -> None:
        """Note what could not be taken in."""
        with self._archive.writing() as db:
            failed = Receipt(kind=None, outcome=Outcome.FAILED, reason=reason)
            note(db, self._run, url, failed, self._clock)

    def keep(self, fetched: list[Capture], name: str, said: dict[str, str], taken: Taken) -> None:
        """Write fetched captures to a file of their own and settle them; add that to what was taken."""
        batch = place(fetched, self._archive.config.warc_folder, name, said, self._clock.now())
        self.receive(batch)
        taken.files += batch.files
        taken.records += batch.records

    def receive(self, taken: Taken, progress: Progress = silent) -> None:
        """Enter and settle what the files hold, but for revisits."""
        done = 0
        for path in taken.files:
            for batch in batches(read_records(path), 100):
                with self._archive.writing() as db:
                    for record in batch:
                        self._receive(db, record)
                done += len(batch)
                progress("importing", done, taken.records.total())

    def _receive(self, db: Connection, record: StoredRecord) -> None:
        if record.capture is None:
            if record.problem:
                failed = Receipt(kind=None, outcome=Outcome.FAILED, reason=record.problem)
                note(db, self._run, record.url, failed, self._clock)
            return
        stored = captures.register(db, record.capture, record.location, self._run)
        if stored is None:
            self._known += 1
        elif record.capture.revisit_of:
            self._revisits.append(stored)
        else:
            profile, closed = self._profiles.of(record.url), self._archive.config.closed
            receipt = settle(db, stored, record.capture, profile, closed)
            note(db, self._run, record.url, receipt, self._clock)

    def finish(self, source: str, taken: Taken) -> ImportReport:
        """Settle the revisits and end the run; return its report."""
        archive = self._archive
        ordered = sorted(self._revisits, key=lambda stored: (stored.captured_at, stored.id))
        for batch in batches(ordered, 100):
            with archive.writing() as db:
                for stored in batch:
                    self._settle(db, stored)
        with archive.writing() as db:
            resolved = revisits.resolve_waiting(db, archive.read)
            gone.judge(db, archive.config.closed)
            runs.finish(db, self._run, self._clock.now())
            report = runs.report(db, self._run)
        archive.seal(self._run)
        return ImportReport(
            source=source,
            files=tuple(path.name for path in taken.files),
            records=dict(taken.records),
            known=self._known,
            report=report,
            resolved=resolved,
            counts=dict(taken.counts),
        )

    def _settle(self, db: Connection, stored: StoredCapture) -> None:
        profile, closed = self._profiles.of(stored.url), self._archive.config.closed
        receipt = settle(db, stored, self._archive.read(stored), profile, closed)
        note(db, self._run, stored.url, receipt, self._clock)
