"""Taking in WARC files that were made elsewhere."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from archive_search.archive import Archive, captures, runs
from archive_search.archive.runs import Report
from archive_search.archive.warc import StoredRecord, read_records
from archive_search.disk import storage_error, sync
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import Receipt, batches, note, settle, settle_pending
from archive_search.records import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import found: records by type, and the report of what its responses brought.

    `known` counts the responses that the archive held already.
    """

    file: str
    records: dict[str, int]
    known: int
    report: Report


def import_warc(archive: Archive, path: Path, progress: Progress = silent) -> ImportReport:
    """Copy a WARC file into the archive and clean what it holds; return what that was.

    Importing a file again changes nothing. Raises `WarcUnreadable` for a file that is no WARC file or
    is cut off, in which case nothing of it is taken in.
    """
    profiles = Profiles(archive.config.profile_folder)
    settle_pending(archive, profiles)
    records: Counter[str] = Counter()
    for record in read_records(path):
        records[record.kind] += 1
        progress("checking", records.total(), 0)
    copy = _copied(path, archive.config.warc_folder)
    with archive.writing() as db:
        run = runs.begin(db, "import", None, datetime.now(UTC))
    known = done = 0
    for batch in batches(read_records(copy), 100):
        with archive.writing() as db:
            known += sum(_is_known(db, run, record, profiles) for record in batch)
        done += len(batch)
        progress("importing", done, records.total())
    with archive.writing() as db:
        runs.finish(db, run, datetime.now(UTC))
        return ImportReport(file=copy.name, records=records, known=known, report=runs.report(db, run))


def _copied(path: Path, folder: Path) -> Path:
    """Copy the file into the folder under a name made from its content, and sync it to disk."""
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    copy = folder / f"import-{digest[:12]}-{path.name}"
    if copy.exists():
        return copy
    part = copy.with_name(copy.name + ".part")
    try:
        shutil.copyfile(path, part)
        sync(part)
        part.rename(copy)
        sync(folder)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise storage_error(folder, exc) from exc
    return copy


def _is_known(db: Connection, run: int, record: StoredRecord, profiles: Profiles) -> bool:
    """Tell whether the archive holds the record's response already; take it in if it does not."""
    if record.capture is None:
        if record.problem:
            failed = Receipt(kind=None, outcome=Outcome.FAILED, reason=record.problem)
            note(db, run, record.url, failed)
        return False
    stored = captures.register(db, record.capture, record.location, run)
    if stored is None:
        return True
    note(db, run, record.url, settle(db, stored, record.capture, profiles.of(record.url)))
    return False
