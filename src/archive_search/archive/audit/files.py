"""One WARC file against the rows that the catalogue has of it, byte by byte."""

from __future__ import annotations

import fcntl
import hashlib
import re
from pathlib import Path
from secrets import SystemRandom
from typing import Any, BinaryIO

from sqlalchemy import Row, select

from archive_search.archive import Archive
from archive_search.archive.audit.report import FOREIGN, REBUILD, RESTORE, UNENTERED, Problem, Tally
from archive_search.archive.catalogue import captures, timestamp
from archive_search.archive.warc import OWN, Location, read_capture, read_records
from archive_search.archive.warc.members import HEAD, Member, is_packed_as_we_do, read_member
from archive_search.errors import ArchiveSearchError, WarcUnreadable

_BUFFER = 256 * 1024

ROWS = 1000
"""Rows read at a time, each time in a short transaction, so that a crawl is not held up."""

IMPORTED = re.compile(r"import-([0-9a-f]{12})-.+", re.DOTALL)


def audit_file(archive: Archive, path: Path, tally: Tally, share: float, *, is_newest: bool) -> None:
    """Add to the tally what is read of a file and found in it; `is_newest` says that it may be growing."""
    entered = _Entered(archive, path.name)
    if not path.is_file() or path.suffix == ".part":
        # The lock first: the copy of an import that is done by now is renamed by now.
        if path.is_dir() or (not _is_locked(archive) and path.exists()):
            tally.problems.append(
                Problem(
                    what="is no WARC file, or a copy that was not finished", advice=FOREIGN, file=path.name
                )
            )
        return
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            kind = _OwnFile if OWN.fullmatch(path.name) else _ForeignFile
            audited = kind(archive, path, file, entered, tally, is_newest=is_newest)
            if share < 1 and entered.next():
                audited.sample(share)
            else:
                audited.audit()
    except OSError as exc:
        what = f"cannot be read: {exc.strerror or exc}"
        tally.problems.append(Problem(what=what, advice=RESTORE, file=path.name))


def _is_locked(archive: Archive) -> bool:
    """Tell whether another process is writing to the archive.

    A shared lock is asked for, and let go at once: a crawl that starts in that instant would be refused,
    so this is asked only where something was found.
    """
    try:
        with (archive.config.folder / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


class _Entered:
    """The catalogue's rows for one file, in the order of the file, to be looked at one by one."""

    def __init__(self, archive: Archive, file: str) -> None:
        self._archive = archive
        self._file = file
        self._behind = -1
        self._batch: list[Row[Any]] = []

    def next(self) -> Row[Any] | None:
        """Return the next row without taking it; None behind the last one that there is by now."""
        if not self._batch:
            of_file = (captures.c.warc_file == self._file, captures.c.warc_offset > self._behind)
            query = select(captures).where(*of_file).order_by(captures.c.warc_offset).limit(ROWS)
            with self._archive.reading() as db:
                self._batch = list(db.execute(query))[::-1]
        return self._batch[-1] if self._batch else None

    def take(self) -> None:
        """Go on to the row behind."""
        self._behind = self._batch.pop().warc_offset


class _File:
    """The audit of one file of gzip members."""

    def __init__(
        self,
        archive: Archive,
        path: Path,
        file: BinaryIO,
        entered: _Entered,
        tally: Tally,
        *,
        is_newest: bool,
    ) -> None:
        self.archive = archive
        self.path = path
        self.file = file
        self.entered = entered
        self.tally = tally
        self.is_newest = is_newest

    def problem(
        self, what: str, advice: str = RESTORE, *, at: int | None = None, url: str | None = None
    ) -> None:
        """Add a problem of this file."""
        found = Problem(what=what, advice=advice, file=self.path.name, offset=at, url=url)
        self.tally.problems.append(found)

    def sample(self, share: float) -> None:
        """Check some of the records in the catalogue, and of the others that the file is long enough."""
        chance = SystemRandom()  # so that nobody can tell which records tonight's audit will pass over
        while row := self.entered.next():
            self.entered.take()
            if chance.random() < share:
                self.check_row(row)
                self.tally.read(self.path.name, row.record_length)
            elif row.warc_offset + row.record_length > self.path.stat().st_size:
                self.problem("the file ends before the end of this record", at=row.warc_offset, url=row.url)

    def walk(self) -> None:
        """Go through the file, record by record, with the catalogue's rows beside them."""
        offset = 0
        # The row is asked for before the size: what is entered is on disk already.
        while (row := self.entered.next()) or offset < self.path.stat().st_size:
            if row and (row.warc_offset < offset or offset >= self.path.stat().st_size):
                what = "no record begins where the catalogue has one; bytes were lost, added or moved"
                self.problem(what, at=row.warc_offset, url=row.url)
                self.entered.take()
                continue
            member = read_member(self.file, offset)
            if row and row.warc_offset == offset:
                self.entered.take()
                self.check_entered(row, member)
            elif not self.belongs(member):
                if row is None and self.is_growing():
                    return
                # Asked after the lock: whoever held it has entered all by now.
                if row is None and self.entered.next():
                    continue
                self.stray(member, is_last=row is None)
            self.tally.read(self.path.name, member.length)
            offset = self.behind(member, row)

    def is_growing(self) -> bool:
        """Tell whether another process may be entering records of this file right now."""
        return self.is_newest and _is_locked(self.archive)

    def stray(self, member: Member, *, is_last: bool) -> None:
        """Add the problem that a record, or what should be one, is not in the catalogue."""
        what = member.fault or "a record that the catalogue does not know"
        url = member.fields().get("warc-target-uri")
        self.problem(what, UNENTERED if is_last else RESTORE, at=member.offset, url=url)

    def behind(self, member: Member, row: Row[Any] | None) -> int:
        """Return where to go on: behind the member, or where the catalogue has the next record."""
        if not member.fault:
            return member.offset + member.length
        following = self.entered.next()
        if row and row.warc_offset == member.offset:
            expected: int = row.warc_offset + row.record_length
            if following is None or expected <= following.warc_offset:
                return max(expected, member.offset + 1)
        # No member can be found again without the catalogue; the rest belongs to what is broken.
        return following.warc_offset if following else self.path.stat().st_size

    def check_entered(self, row: Row[Any], member: Member) -> bool:
        """Compare a record with its row; tell whether it is the one that was written."""
        if member.fault or (member.length, member.sha256) != (row.record_length, row.record_sha256):
            what = member.fault or "the record is not the one that was written there"
            self.problem(what, at=member.offset, url=row.url)
            return False
        self.check_row(row)
        return True

    def check_row(self, row: Row[Any]) -> None:
        """Compare the row with the record that it names, payload and all."""
        location = Location(
            file=row.warc_file,
            offset=row.warc_offset,
            length=row.record_length,
            sha256=row.record_sha256,
        )
        try:
            capture = read_capture(self.archive.config.warc_folder, location)
        except (ArchiveSearchError, ValueError) as exc:
            self.problem(f"the record cannot be read: {exc}", at=row.warc_offset, url=row.url)
            return
        said = (row.url, row.captured_at, row.status, row.sha256, row.size)
        is_so = (
            capture.url,
            timestamp(capture.captured_at),
            capture.status,
            capture.sha256,
            len(capture.payload),
        )
        if said != is_so or row.truncated not in (None, capture.truncated):
            what = "the catalogue says other things of this record than the record itself"
            self.problem(what, REBUILD, at=row.warc_offset, url=row.url)

    def belongs(self, member: Member) -> bool:
        """Tell whether a record that is not in the catalogue may stand where it does."""
        raise NotImplementedError


class _OwnFile(_File):
    """The audit of a file that a crawl wrote: warcinfo, then responses with their requests."""

    # The response right before, whose request may follow: its id, "" without one, None if unknown.
    _before: str | None = ""
    _place: tuple[int, str] = (0, "")
    _requests = 0
    _without: tuple[int, str] | None = None
    # What the catalogue says of its last record: that it has no request, and where the capture ends.
    _is_alone = False
    _end = 0
    _packs_alike: bool | None = None

    def audit(self) -> None:
        """Find what is not as it was written."""
        self._odd: list[int] = []
        if not self.entered.next() and not self.is_growing() and not self.entered.next():
            self.problem("holds no record that the catalogue knows", UNENTERED)
        found_before = len(self.tally.problems)
        self.walk()
        self._miss_request()
        if self._end > self.path.stat().st_size and len(self.tally.problems) == found_before:
            self.problem("the file ends before the end of its last capture", at=self._place[0])
        elif self._requests and self._without:
            at, url = self._without
            self.problem("the request of this response is missing", at=at, url=url)
        if self._packs_alike:
            for offset in self._odd:
                self.problem("the record is packed in another way than it was written", at=offset)
        else:
            self.tally.crc_only += len(self._odd)

    def _miss_request(self) -> None:
        """Remember the response before, if it is the first one that lacks the request it was kept with."""
        if self._before and not self._without and not self._is_alone:
            self._without = self._place
        self._before = ""

    def check_entered(self, row: Row[Any], member: Member) -> bool:
        """Compare a record with its row, and remember it for the request behind it."""
        self._miss_request()
        self._before = None
        if not super().check_entered(row, member):
            return False
        self._before = member.fields().get("warc-record-id", "")
        self._place = (member.offset, row.url)
        self._is_alone = row.warc_end == member.offset + member.length
        self._end = row.warc_end or 0
        if self._packs_alike is None and len(member.head) < HEAD:
            # Another zlib than the writer's may pack otherwise; the catalogue knows what was written.
            self._packs_alike = is_packed_as_we_do(member)
        return True

    def belongs(self, member: Member) -> bool:
        """Accept a warcinfo record at the beginning, and the request of the response before."""
        fields = {} if member.fault else member.fields()
        kind = fields.get("warc-type")
        if kind == "request" and self._before in (fields.get("warc-concurrent-to"), None):
            self._before = ""
            self._requests += 1
        elif kind != "warcinfo" or member.offset or fields.get("warc-filename") != self.path.name:
            return False
        if not is_packed_as_we_do(member):
            self._odd.append(member.offset)
        return True

    def stray(self, member: Member, *, is_last: bool) -> None:
        """Add the problem; whose request may follow is not known then."""
        super().stray(member, is_last=is_last)
        self._miss_request()
        self._before = None


class _ForeignFile(_File):
    """The audit of a file that was imported, or put into the folder by hand."""

    def audit(self) -> None:
        """Find what is not as it was taken in."""
        self._strays: dict[int, str] = {}
        named = IMPORTED.fullmatch(self.path.name)
        if not named and not self.entered.next():
            self.problem("is not a file of this archive", FOREIGN)
            return
        self._counts_crc = not named
        is_whole = named is None or self._digest()[: len(named[1])] == named[1]
        if not is_whole:
            self.problem("is not the file that was imported: its digest is not the one in its name")
        self.file.seek(0)
        if self.file.read(2) == b"\x1f\x8b":
            self.walk()
        else:
            self._check_slices()
        if is_whole and self._strays:
            self._check_strays()

    def _digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _check_slices(self) -> None:
        """Check the records of a file that is not gzipped: they can only be found by the catalogue."""
        rest = self.path.stat().st_size
        while row := self.entered.next():
            self.check_row(row)
            self.entered.take()
            self.tally.read(self.path.name, row.record_length)
            rest -= row.record_length
        # Requests and the like, which only the digest of the whole file has seen.
        self.tally.bytes += max(rest, 0)

    def belongs(self, member: Member) -> bool:
        """Accept every whole record; responses are looked at again in the end."""
        if member.fault:
            return False
        fields = member.fields()
        if fields.get("warc-type") in ("response", "revisit"):
            self._strays[member.offset] = fields.get("warc-target-uri", "")
        self.tally.crc_only += self._counts_crc
        return True

    def _check_strays(self) -> None:
        """Tell responses that should be in the catalogue from those that nobody can read."""
        try:
            readable = {r.location.offset for r in read_records(self.path) if r.capture}
        except WarcUnreadable as exc:
            self.problem(f"cannot be read to its end: {exc}")
            return
        # An import is entered in batches; while one runs, the rest is still to come.
        if not _is_locked(self.archive):
            for offset in sorted(readable & self._strays.keys()):
                what = "a response that the catalogue does not know"
                self.problem(what, f"Import the file again. {REBUILD}", at=offset, url=self._strays[offset])
