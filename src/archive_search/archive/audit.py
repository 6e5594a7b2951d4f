"""The audit: every byte of the WARC files against the catalogue, and the catalogue against itself.

What vouches for a byte depends on whose it is::

    a record with a response      SHA-256 and length in the catalogue; its payload's digest as well
    an imported file              the digest in its name, over the whole file
    warcinfo and request records  gzip's CRC, the place where they belong, and that packing their
      of a file of our own        content again gives the same bytes
    the catalogue's rows          the records they name; articles, versions and captures one another

A record that a running crawl has written and not yet entered is no problem: that is what stands
behind the last entered record of the newest file of our own while another process holds the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import SystemRandom
from time import monotonic
from typing import Any, BinaryIO

from sqlalchemy import Connection, Row, and_, func, or_, select, text

from archive_search.archive import Archive
from archive_search.archive.catalogue import articles, captures, timestamp, versions
from archive_search.archive.exporting import document_from_json
from archive_search.archive.warc import Location, read_capture, read_records
from archive_search.errors import ArchiveSearchError, WarcUnreadable
from archive_search.identity import article_version

_CHUNK = 16 * 1024
_BUFFER = 256 * 1024
_HEAD = 1024 * 1024
"""How much of an unpacked record is held; the records that we write beside responses are far smaller."""

_ROWS = 1000
"""Rows read at a time, each time in a short transaction, so that a crawl is not held up."""

_OWN = re.compile(r"archive-search-\d{14}-\d{5}\.warc\.gz")
_IMPORTED = re.compile(r"import-([0-9a-f]{12})-.+", re.DOTALL)

_RESTORE = "Restore the file from a backup."
_REBUILD = "Run `archive-search rebuild`: it derives the catalogue from the WARC files."
_UNENTERED = (
    "If a crawl or an import was killed, `archive-search rebuild` enters whole records. Bytes that make "
    "no record were never acknowledged. If nothing was killed, restore the file from a backup."
)
_FOREIGN = "Move the file away; to take in a WARC file, use `archive-search import`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is not as it was kept: what, in which file, where there, and what to do."""

    what: str
    advice: str
    file: str | None = None
    offset: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit read and found.

    `share` is the part of the records that was to be read, 1 for all; `crc_only` counts those for
    which nothing but gzip's CRC vouches.
    """

    files: int
    records: int
    bytes: int
    crc_only: int
    share: float
    seconds: float
    problems: tuple[Problem, ...]


def audit(archive: Archive, progress: Callable[[str, int, int], None], share: float = 1) -> AuditReport:
    """Read every byte of an archive and return what is not as it was kept.

    With a `share` below 1, only that part of the records in the catalogue is read, chosen by chance;
    all else is as in a whole audit. `progress` is told megabytes. The archive may be written to
    meanwhile.
    """
    began = monotonic()
    paths = sorted(archive.config.warc_folder.iterdir())
    newest = max((path.name for path in paths if _OWN.fullmatch(path.name)), default="")
    tally = _Tally(total=sum(map(_size, paths)), progress=progress)
    for path in paths:
        _audit_file(archive, path, tally, share, is_newest=path.name == newest)
    tally.problems += _missing_files(archive)
    with archive.reading() as db:
        tally.problems += _catalogue_problems(db)
    return AuditReport(
        files=len(paths),
        records=tally.records,
        bytes=tally.bytes,
        crc_only=tally.crc_only,
        share=share,
        seconds=monotonic() - began,
        problems=tuple(tally.problems),
    )


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What was read so far, and what was found."""

    total: int
    progress: Callable[[str, int, int], None]
    records: int = 0
    bytes: int = 0
    crc_only: int = 0
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, length: int) -> None:
        """Count a record of so many bytes."""
        self.records += 1
        self.bytes += length
        self.progress(name, self.bytes // 1_000_000, self.total // 1_000_000)


def _size(path: Path) -> int:
    """Return the size of a file; 0 if it is gone by now, as the copy of an import that was renamed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _audit_file(archive: Archive, path: Path, tally: _Tally, share: float, *, is_newest: bool) -> None:
    entered = _Entered(archive, path.name)
    if not path.is_file() or path.suffix == ".part":
        # The lock first: the copy of an import that is done by now is renamed by now.
        if path.is_dir() or (not _is_locked(archive) and path.exists()):
            tally.problems.append(
                Problem(
                    what="is no WARC file, or a copy that was not finished", advice=_FOREIGN, file=path.name
                )
            )
        return
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            kind = _OwnFile if _OWN.fullmatch(path.name) else _ForeignFile
            audited = kind(archive, path, file, entered, tally, is_newest=is_newest)
            if share < 1 and entered.next():
                audited.sample(share)
            else:
                audited.audit()
    except OSError as exc:
        what = f"cannot be read: {exc.strerror or exc}"
        tally.problems.append(Problem(what=what, advice=_RESTORE, file=path.name))


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
            query = select(captures).where(*of_file).order_by(captures.c.warc_offset).limit(_ROWS)
            with self._archive.reading() as db:
                self._batch = list(db.execute(query))[::-1]
        return self._batch[-1] if self._batch else None

    def take(self) -> None:
        """Go on to the row behind."""
        self._behind = self._batch.pop().warc_offset


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """A gzip member: its bytes' digest, and what it unpacks to, up to `_HEAD`.

    `fault` says why there is none.
    """

    offset: int
    length: int
    sha256: str
    head: bytes
    fault: str | None = None

    def fields(self) -> dict[str, str]:
        """Return the WARC header, with names in lower case; empty where there is none."""
        header = self.head.partition(b"\r\n\r\n")[0].decode(errors="replace")
        if not header.startswith("WARC/"):
            return {}
        pairs = (line.partition(":") for line in header.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}


def _member(file: BinaryIO, offset: int) -> _Member:
    """Read the gzip member (RFC 1952) that begins at `offset`, in memory that does not grow with it."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)
    digest, head, length, fault = hashlib.sha256(), bytearray(), 0, None
    file.seek(offset)
    while not decoder.eof and not fault:
        chunk = file.read(_CHUNK)
        if not chunk:
            fault = "the record is cut off"
        try:
            for piece in _unpacked(decoder, chunk):
                head += piece[: _HEAD - len(head)]
        except zlib.error as exc:
            fault = f"the record is broken: {exc}"
        used = chunk[: len(chunk) - len(decoder.unused_data)]
        digest.update(used)
        length += len(used)
    return _Member(offset=offset, length=length, sha256=digest.hexdigest(), head=bytes(head), fault=fault)


def _unpacked(decoder: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Yield what a chunk unpacks to, a piece at a time, however much it is."""
    piece = decoder.decompress(chunk, _CHUNK)
    yield piece
    # A full piece may have more behind it even where all input is taken.
    while not decoder.eof and (decoder.unconsumed_tail or len(piece) == _CHUNK):
        piece = decoder.decompress(decoder.unconsumed_tail, _CHUNK)
        yield piece


def _is_packed_as_we_do(member: _Member) -> bool:
    """Tell whether packing the content anew gives the same bytes, those that gzip ignores included."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    packed = packer.compress(member.head) + packer.flush()
    return hashlib.sha256(packed).hexdigest() == member.sha256


class _File:
    """The audit of one file of gzip members."""

    def __init__(
        self,
        archive: Archive,
        path: Path,
        file: BinaryIO,
        entered: _Entered,
        tally: _Tally,
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
        self, what: str, advice: str = _RESTORE, *, at: int | None = None, url: str | None = None
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
            member = _member(self.file, offset)
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

    def stray(self, member: _Member, *, is_last: bool) -> None:
        """Add the problem that a record, or what should be one, is not in the catalogue."""
        what = member.fault or "a record that the catalogue does not know"
        url = member.fields().get("warc-target-uri")
        self.problem(what, _UNENTERED if is_last else _RESTORE, at=member.offset, url=url)

    def behind(self, member: _Member, row: Row[Any] | None) -> int:
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

    def check_entered(self, row: Row[Any], member: _Member) -> bool:
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
        if said != is_so:
            what = "the catalogue says other things of this record than the record itself"
            self.problem(what, _REBUILD, at=row.warc_offset, url=row.url)

    def belongs(self, member: _Member) -> bool:
        """Tell whether a record that is not in the catalogue may stand where it does."""
        raise NotImplementedError


class _OwnFile(_File):
    """The audit of a file that a crawl wrote: warcinfo, then responses with their requests."""

    # The response right before, whose request may follow: its id, "" without one, None if unknown.
    _before: str | None = ""
    _place: tuple[int, str] = (0, "")
    _requests = 0
    _without: tuple[int, str] | None = None
    _packs_alike: bool | None = None

    def audit(self) -> None:
        """Find what is not as it was written."""
        self._odd: list[int] = []
        if not self.entered.next() and not self.is_growing() and not self.entered.next():
            self.problem("holds no record that the catalogue knows", _UNENTERED)
        self.walk()
        self._miss_request()
        if self._requests and self._without:
            at, url = self._without
            self.problem("the request of this response is missing", at=at, url=url)
        if self._packs_alike:
            for offset in self._odd:
                self.problem("the record is packed in another way than it was written", at=offset)
        else:
            self.tally.crc_only += len(self._odd)

    def _miss_request(self) -> None:
        """Remember the response before, if it is the first one that has no request behind it."""
        if self._before and not self._without:
            self._without = self._place
        self._before = ""

    def check_entered(self, row: Row[Any], member: _Member) -> bool:
        """Compare a record with its row, and remember it for the request behind it."""
        self._miss_request()
        self._before = None
        if not super().check_entered(row, member):
            return False
        self._before = member.fields().get("warc-record-id", "")
        self._place = (member.offset, row.url)
        if self._packs_alike is None and len(member.head) < _HEAD:
            # Another zlib than the writer's may pack otherwise; the catalogue knows what was written.
            self._packs_alike = _is_packed_as_we_do(member)
        return True

    def belongs(self, member: _Member) -> bool:
        """Accept a warcinfo record at the beginning, and the request of the response before."""
        fields = {} if member.fault else member.fields()
        kind = fields.get("warc-type")
        if kind == "request" and self._before in (fields.get("warc-concurrent-to"), None):
            self._before = ""
            self._requests += 1
        elif kind != "warcinfo" or member.offset or fields.get("warc-filename") != self.path.name:
            return False
        if not _is_packed_as_we_do(member):
            self._odd.append(member.offset)
        return True

    def stray(self, member: _Member, *, is_last: bool) -> None:
        """Add the problem; whose request may follow is not known then."""
        super().stray(member, is_last=is_last)
        self._miss_request()
        self._before = None


class _ForeignFile(_File):
    """The audit of a file that was imported, or put into the folder by hand."""

    def audit(self) -> None:
        """Find what is not as it was taken in."""
        self._strays: dict[int, str] = {}
        named = _IMPORTED.fullmatch(self.path.name)
        if not named and not self.entered.next():
            self.problem("is not a file of this archive", _FOREIGN)
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

    def belongs(self, member: _Member) -> bool:
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
                self.problem(what, f"Import the file again. {_REBUILD}", at=offset, url=self._strays[offset])


def _missing_files(archive: Archive) -> list[Problem]:
    with archive.reading() as db:
        named = db.execute(
            select(captures.c.warc_file, func.count(), func.min(captures.c.url)).group_by(
                captures.c.warc_file
            )
        ).all()
    return [
        Problem(
            what=f"the file is missing; the catalogue has {count} records in it",
            advice=_RESTORE,
            file=file,
            url=url,
        )
        for file, count, url in named
        if not (archive.config.warc_folder / file).exists()
    ]


def _catalogue_problems(db: Connection) -> Iterator[Problem]:
    """Yield what in the catalogue contradicts itself."""
    if db.dialect.name == "sqlite":
        for (found,) in db.execute(text("PRAGMA integrity_check")):
            if found != "ok":
                yield Problem(what=f"the catalogue's database is damaged: {found}", advice=_REBUILD)
    of_version = and_(versions.c.article == captures.c.article, versions.c.version == captures.c.version)
    current = and_(captures.c.article == articles.c.id, captures.c.version == articles.c.version)
    yield from _contradictions(
        "an article whose version has no capture",
        db.execute(
            select(articles.c.id, articles.c.url).outerjoin(captures, current).where(captures.c.id.is_(None))
        ),
    )
    yield from _contradictions(
        "a capture of an article or a version that the catalogue does not have",
        db.execute(
            select(captures.c.article, captures.c.url)
            .outerjoin(versions, of_version)
            .outerjoin(articles, articles.c.id == captures.c.article)
            .where(captures.c.article.is_not(None))
            .where(or_(versions.c.version.is_(None), articles.c.id.is_(None)))
        ),
    )
    yield from _contradictions(
        "a version of which no capture shows anything",
        db.execute(
            select(versions.c.article, versions.c.version)
            .outerjoin(captures, of_version)
            .where(captures.c.id.is_(None))
        ),
    )
    yield from _contradictions("a version whose text is not the one it was named after", _altered(db))


def _contradictions(what: str, rows: Iterable[Any]) -> Iterator[Problem]:
    for article, at in rows:
        yield Problem(what=f"{what}: article {article}", advice=_REBUILD, url=at)


def _altered(db: Connection) -> Iterator[tuple[str, str]]:
    rows = db.execute(select(versions).execution_options(yield_per=_ROWS // 10))
    for row in rows:
        try:
            article = document_from_json(row.document).article
        except (KeyError, TypeError, ValueError):
            yield row.article, row.version
            continue
        made = article_version(article.title, article.lead, article.published_at, article.blocks)
        if (article.id, made) != (row.article, row.version):
            yield row.article, article.url
