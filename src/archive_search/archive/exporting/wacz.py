"""WACZ 1.1.1: captures, their index and a list of pages in one ZIP file that a viewer replays."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from warcio.warcwriter import WARCWriter

import archive_search
from archive_search.archive import Archive
from archive_search.archive.catalogue import captures, versions
from archive_search.archive.exporting.cdxj import Sorter, line
from archive_search.archive.exporting.exchanges import (
    END,
    Choice,
    Exchange,
    Kept,
    exchanges,
    newest,
    plain_length,
    size_of,
)
from archive_search.archive.exporting.files import kept_files, pieces
from archive_search.disk import storage_error, sync
from archive_search.errors import ConfigError
from archive_search.records import CaptureKind

_LINES = 300  # of the index in a block that is packed by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class WaczReport:
    """What a WACZ file holds: files, captures, pages."""

    files: int
    captures: int
    pages: int


def write_wacz(archive: Archive, path: Path, choice: Choice) -> WaczReport:
    """Write the chosen captures to a new WACZ file.

    All captures are the archive's WARC files as they are; some of them are their records, byte for
    byte, in a WARC file of their own. Raises `ConfigError` if there is a file of that name,
    `StorageError` if it cannot be written.
    """
    if path.exists():
        raise ConfigError(f"{path} exists already. Name another file, or move it away.")
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as zipped, archive.reading() as db:
                report = _Package(archive, db, zipped, choice).write()
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)
    except OSError as exc:
        raise storage_error(path, exc) from exc
    finally:
        part.unlink(missing_ok=True)
    return report


class _Package:
    """A WACZ file that is being written."""

    def __init__(self, archive: Archive, db: Connection, zipped: zipfile.ZipFile, choice: Choice) -> None:
        self._archive = archive
        self._db = db
        self._zip = zipped
        self._choice = choice
        self._upto = newest(db)
        self._now = datetime.now(UTC).replace(microsecond=0)
        self._resources: list[dict[str, Any]] = []
        self._captures = 0

    def write(self) -> WaczReport:
        """Write all parts; the description comes last, for it has the digests of the others."""
        entries: list[str] = []
        with Sorter() as lines:
            self._files(lines) if self._choice.is_all else self._extract(lines)
            self._add("indexes/index.cdx.gz", _blocks(lines, entries))
        self._add("indexes/index.idx", (entry.encode() for entry in entries), packed=True)
        files = len(self._resources) - 2
        pages = list(self._pages())
        self._add("pages/pages.jsonl", _json_lines(pages), packed=True)
        self._describe()
        return WaczReport(files=files, captures=self._captures, pages=len(pages) - 1)

    def _files(self, lines: Sorter) -> None:
        """Write the archive's WARC files; add the lines of their index."""
        for kept in kept_files(self._db, self._archive.config.warc_folder, self._upto):
            self._add(f"archive/{kept.path.name}", pieces(kept), size=kept.length)
        for exchange in self._exchanges():
            lines.add(line(exchange, exchange.row.warc_file, exchange.row.warc_offset))

    def _extract(self, lines: Sorter) -> None:
        """Write the records of the chosen captures to one WARC file; add the lines of its index."""
        name = f"extract-{self._now:%Y%m%d%H%M%S}.warc.gz"
        size = size_of(self._db, self._choice, self._upto)
        self._add(f"archive/{name}", self._records(name, lines), size=size)

    def _records(self, name: str, lines: Sorter) -> Iterator[bytes]:
        info = {
            "software": f"archive-search {archive_search.__version__}",
            "format": "WARC File Format 1.1",
            "description": "Records of an archive, each as it stands there",
        }
        packer = WARCWriter(BytesIO(), gzip=True, warc_version="1.1")
        packer.write_record(packer.create_warcinfo_record(name, info))
        yield packer.out.getvalue()
        offset = len(packer.out.getvalue())
        for exchange in self._exchanges():
            packed = [_as_member(kept) for kept in (exchange.response, *exchange.requests)]
            moved = Exchange(
                row=exchange.row,
                response=Kept(packed[0], offset + len(packed[0])),
                requests=exchange.requests,
            )
            lines.add(line(moved, name, offset))
            for data in packed:
                yield data
                offset += len(data)

    def _exchanges(self) -> Iterator[Exchange]:
        folder = self._archive.config.warc_folder
        for exchange in exchanges(self._db, folder, self._choice, self._upto):
            self._captures += 1
            yield exchange

    def _pages(self) -> Iterator[dict[str, str]]:
        """Yield the list's head, then the newest capture of each article that is among the chosen."""
        yield {"format": "json-pages-1.0", "id": "pages", "title": "Articles"}
        title = versions.c.document[("article", "title")].as_string().label("title")
        current = (versions.c.article == captures.c.article) & (versions.c.version == captures.c.version)
        query = select(captures.c.article, captures.c.url, captures.c.captured_at, title)
        query = query.join(versions, current).where(
            captures.c.kind == CaptureKind.ARTICLE.value, captures.c.id <= self._upto
        )
        rows = self._db.execute(query.order_by(captures.c.article, captures.c.captured_at, captures.c.id))
        chosen = (row for row in rows if self._choice.holds(row.url, row.captured_at))
        for article, group in groupby(chosen, key=lambda row: str(row.article)):
            *_, row = group
            yield {"id": article, "url": row.url, "ts": row.captured_at, "title": row.title}

    def _describe(self) -> None:
        created = self._now.strftime("%Y-%m-%dT%H:%M:%SZ")
        package = {
            "profile": "data-package",
            "wacz_version": "1.1.1",
            "title": self._archive.config.site_title,
            "created": created,
            "software": f"archive-search {archive_search.__version__}",
            "resources": self._resources,
        }
        text = json.dumps(package, ensure_ascii=False, indent=2).encode()
        digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(text).hexdigest()}"}
        self._add("datapackage.json", [text], packed=True)
        self._add("datapackage-digest.json", [json.dumps(digest, indent=2).encode()], packed=True)

    def _add(self, name: str, data: Iterable[bytes], *, packed: bool = False, size: int = 0) -> None:
        """Write an entry of the ZIP file, of about that size; note its length and digest."""
        entry = zipfile.ZipInfo(name, self._now.timetuple()[:6])
        # The header of an entry of over 2 GiB has another form, in which viewers do not expect small ones.
        entry.file_size = size
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        entry.external_attr = 0o644 << 16
        digest, length = hashlib.sha256(), 0
        with self._zip.open(entry, "w") as out:
            for piece in data:
                out.write(piece)
                digest.update(piece)
                length += len(piece)
        self._resources.append(
            {
                "name": name.rpartition("/")[2],
                "path": name,
                "hash": f"sha256:{digest.hexdigest()}",
                "bytes": length,
            }
        )


def _as_member(kept: Kept) -> bytes:
    """Return a record as a gzip member: as it is, or packed where it stands unpacked."""
    if kept.data.startswith(b"\x1f\x8b"):
        return kept.data
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    return packer.compress(kept.data[: plain_length(kept.data)] + END) + packer.flush()


def _blocks(lines: Iterable[str], entries: list[str]) -> Iterator[bytes]:
    """Yield the lines in blocks, each a gzip member; note where each begins, as ZipNum does."""
    head = {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}
    entries.append(f"!meta 0 {json.dumps(head)}\n")
    source, offset = iter(lines), 0
    while block := list(islice(source, _LINES)):
        packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
        data = packer.compress("".join(block).encode()) + packer.flush()
        place = {
            "offset": offset,
            "length": len(data),
            "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
        }
        entries.append(f"{block[0].partition('{')[0].strip()} {json.dumps(place)}\n")
        yield data
        offset += len(data)


def _json_lines(values: Iterable[dict[str, str]]) -> Iterator[bytes]:
    for value in values:
        yield json.dumps(value, ensure_ascii=False).encode() + b"\n"
