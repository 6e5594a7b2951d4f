"""Making an archive whole again after a crash, before anything is written to it.

A capture is acknowledged when its row is in the catalogue, and the row tells where the capture ends. So what
stands behind the last such end, in a file that nobody is writing to any more, was never acknowledged, and
it is one capture at most: ::

    a whole response (and its request)   is entered: it was captured, only not told
    bytes that make no record            are cut off
    a file with nothing but its head     is removed
    the copy of an unfinished import     is removed: the source is still where it was

Whatever looks otherwise is no crash's doing; it is left as it is, for the audit to report.
"""

from __future__ import annotations

import logging
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine, Row, select

from archive_search.archive import captures, manifest
from archive_search.archive.catalogue import captures as rows
from archive_search.archive.warc import OWN, Location, read_capture
from archive_search.archive.warc.members import Member, read_member
from archive_search.config import Config
from archive_search.disk import claim, storage_error, sync
from archive_search.errors import ArchiveSearchError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was done: captures entered, bytes cut off, files removed that held no capture, or half a copy."""

    entered: int = 0
    cut: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything had to be done."""
        return bool(self.entered or self.cut or self.removed)

    def __str__(self) -> str:
        """Return what was done, as a sentence."""
        return (
            f"{self.entered} whole captures entered, {self.cut} bytes cut off, {self.removed} files removed "
            "that held no whole capture."
        )

    def __add__(self, other: Recovery) -> Recovery:
        """Return what was done in both."""
        return Recovery(
            entered=self.entered + other.entered,
            cut=self.cut + other.cut,
            removed=self.removed + other.removed,
        )


def recover(config: Config, catalogue: Engine) -> Recovery:
    """Enter or cut off what a crash left behind the last acknowledged captures of this machine's files.

    The caller holds the archive's lock. Raises `StorageError` if the files cannot be written.
    """
    try:
        sync(config.folder)
        sync(config.warc_folder)
        done = Recovery(cut=manifest.mend(config.folder)) + _remove_parts(config.warc_folder)
        known = manifest.read(config.folder).files
        for path in sorted(config.warc_folder.iterdir()):
            own = OWN.fullmatch(path.name)
            if own and own["machine"] in (None, config.machine_name) and path.name not in known:
                done += _recover_file(path, catalogue)
    except OSError as exc:
        raise storage_error(config.folder, exc) from exc
    if done:
        _LOG.warning("%s was mended after a crash: %s", config.folder, done)
    return done


def _remove_parts(folder: Path) -> Recovery:
    parts = list(folder.glob("import-*.part"))
    for part in parts:
        part.unlink()
    return Recovery(removed=len(parts))


def _recover_file(path: Path, catalogue: Engine) -> Recovery:
    with catalogue.connect() as db:
        of_file = select(rows).where(rows.c.warc_file == path.name)
        last = db.execute(of_file.order_by(rows.c.warc_offset.desc())).first()
    begin = _committed_end(last)
    if begin is None or begin >= path.stat().st_size > 0:
        return Recovery()
    with path.open("r+b") as file:
        if not claim(file):
            return Recovery()
        members = _whole_members(file, begin)
        capture = next((m for m in members if _kind(m) in _RESPONSES), None)
        end = _end_of_capture(members, capture) if capture else begin
        if not _is_torn_tail(file, members, end, has_rows=last is not None):
            return Recovery()
        cut = os.fstat(file.fileno()).st_size - end
        if end == 0:
            path.unlink()
            sync(path.parent)
            return Recovery(cut=cut, removed=1)
        os.ftruncate(file.fileno(), end)
        os.fsync(file.fileno())
    return Recovery(entered=_enter(catalogue, path, capture, end) if capture else 0, cut=cut)


def _committed_end(last: Row[Any] | None) -> int | None:
    """Return where the last acknowledged capture of a file ends; None if nobody can tell.

    Rows that a rebuild or an early release made do not tell.
    """
    if last is None:
        return 0
    end: int | None = last.warc_end
    return end


_RESPONSES = ("response", "revisit")


def _kind(member: Member) -> str | None:
    return member.fields().get("warc-type")


def _whole_members(file: BinaryIO, begin: int) -> list[Member]:
    """Return the whole records behind `begin`, up to the first broken one or the second response."""
    found: list[Member] = []
    size, offset = os.fstat(file.fileno()).st_size, begin
    while offset < size and sum(_kind(m) in _RESPONSES for m in found) < 2:
        member = read_member(file, offset)
        if member.fault or _kind(member) is None:
            break
        found.append(member)
        offset += member.length
    return found


def _end_of_capture(members: list[Member], capture: Member) -> int:
    """Return where the capture ends: behind its request if that is there."""
    end = capture.offset + capture.length
    record = capture.fields().get("warc-record-id")
    for member in members:
        if member.offset == end and member.fields().get("warc-concurrent-to") == record:
            return end + member.length
    return end


def _is_torn_tail(file: BinaryIO, members: list[Member], end: int, *, has_rows: bool) -> bool:
    """Tell whether all behind `end` may be what one torn write left."""
    if sum(_kind(m) in _RESPONSES for m in members) > 1:
        return False  # More than one capture at a time is never unacknowledged: the catalogue was lost.
    if has_rows or os.fstat(file.fileno()).st_size == 0:
        return True
    if members and members[0].offset == 0 and _kind(members[0]) != "warcinfo":
        return False
    # Without a row, a damaged file of a lost catalogue looks alike at first; it has records further on.
    torn_at = max(end, sum(m.length for m in members))
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(b"\x1f\x8b\x08", torn_at + 1)
        while at >= 0:
            member = read_member(file, at)
            if not member.fault and _kind(member) in _RESPONSES:
                return False
            at = data.find(b"\x1f\x8b\x08", at + 1)
    return True


def _enter(catalogue: Engine, path: Path, member: Member, end: int) -> int:
    """Enter a whole record; return how many were, 0 for one that cannot be read as a capture."""
    location = Location(file=path.name, offset=member.offset, length=member.length, sha256=member.sha256)
    try:
        capture = read_capture(path.parent, location)
    except (ArchiveSearchError, ValueError) as exc:
        if isinstance(exc.__cause__, OSError):
            raise exc.__cause__ from exc  # It can be read another time, and is not to be passed over now.
        return 0
    with catalogue.begin() as db:
        captures.register(db, capture, location, None, end=end)
    return 1
