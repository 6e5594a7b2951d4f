"""Placing files in the WARC folder: all of an import or nothing, under names made from their bytes.

::

    import-<digest of the file>-<name>                        a copy, byte for byte
    import-<digest of the file>-of-<digest of the source>-<name>   made from something else
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import responses
from pathlib import Path
from types import TracebackType
from typing import IO
from uuid import NAMESPACE_URL, uuid5

import archive_search
from archive_search.disk import storage_error, sync
from archive_search.records import Capture

_CHUNK = 1024 * 1024

# File systems allow 255 bytes; the digests and `.part` take up 40 of them.
_LONGEST_NAME = 180


class Staging:
    """Files on their way into the WARC folder: unfinished until `commit`, deleted without it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: dict[Path, Path] = {}
        self._temporary: list[Path] = []
        self._serial = 0

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in (*self._parts, *self._temporary):
            part.unlink(missing_ok=True)
        if isinstance(exc, OSError):
            raise storage_error(self.folder, exc) from exc

    def temporary(self) -> Path:
        """Return a new path in the folder for a file that is deleted in the end."""
        self._serial += 1
        path = self.folder / f"import-{self._serial:05d}.part"
        self._temporary.append(path)
        return path

    def stage(self, part: Path, name: str, *, source: str | None = None) -> Path:
        """Note that a temporary file is whole; return what it is called from `commit` on.

        `source` is the digest of what it was made from, if it is no copy. A file that the folder has
        already, under whichever name, is not staged again.
        """
        digest = file_digest(part)
        found = self.made_from(source, name) if source else self._copy_of(digest)
        if found:
            return found
        origin = f"-of-{source[:12]}" if source else ""
        final = self.folder / f"import-{digest[:12]}{origin}-{safe_name(name)}"
        self._temporary.remove(part)
        self._parts[part] = final
        return final

    def made_from(self, source: str, name: str) -> Path | None:
        """Return the file that was made from something with that digest before, or None."""
        beginning = re.compile(rf"import-[0-9a-f]{{12}}-of-{source[:12]}-")
        return next(
            (p for p in self._files() if beginning.match(p.name) and p.name.endswith(safe_name(name))), None
        )

    def _copy_of(self, digest: str) -> Path | None:
        beginning = re.compile(rf"import-{digest[:12]}-(?!of-[0-9a-f]{{12}}-)")
        return next((p for p in self._files() if beginning.match(p.name)), None)

    def _files(self) -> list[Path]:
        """Return the files that are in the folder or will be."""
        return [*self._parts.values(), *sorted(p for p in self.folder.iterdir() if p.suffix != ".part")]

    def commit(self) -> None:
        """Give the staged files their names, durably."""
        for part in self._parts:
            sync(part)
        for part, final in self._parts.items():
            part.rename(final)
        self._parts.clear()
        sync(self.folder)


def safe_name(name: str) -> str:
    """Return a file's name without what could lead elsewhere, and no longer than file systems allow."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[\x00-\x1f\x7f]", "-", last).strip() or "file"
    while len(cleaned.encode("utf-8", "replace")) > _LONGEST_NAME:
        # The end tells what it is (`.warc.gz`).
        cleaned = cleaned[1:]
    return cleaned + "_" if cleaned.endswith(".part") else cleaned


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(
    source: IO[bytes],
    target: Path,
    *,
    at_most: int | None = None,
    too_much: Callable[[], Exception] = EOFError,
) -> str:
    """Copy a stream into a file; return the SHA-256 of what came.

    Raises what `too_much` makes if more than `at_most` bytes come.
    """
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if at_most is not None and size > at_most:
                raise too_much()
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def record(
    kind: str,
    url: str | None,
    date: datetime,
    content_type: str,
    block: bytes,
    fields: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """Return a WARC 1.1 record as one gzip member; the same record is made of the same content."""
    identity = hashlib.sha256(
        block + "\n".join((kind, url or "", date.isoformat(), *map(str, fields))).encode()
    )
    head = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", f"<{uuid5(NAMESPACE_URL, identity.hexdigest()).urn}>"),
        ("WARC-Date", date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        *([("WARC-Target-URI", url)] if url else []),
        *fields,
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    lines = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in head)
    text = f"WARC/1.1\r\n{lines}\r\n".encode()
    return gzip.compress(text + block + b"\r\n\r\n", mtime=0)


def provenance(date: datetime, **said: str) -> bytes:
    """Return the warcinfo record that says where the other records of a file come from."""
    fields = {"software": f"archive-search {archive_search.__version__}", "format": "WARC File Format 1.1"}
    block = "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in (fields | said).items())
    return record("warcinfo", None, date, "application/warc-fields", block.encode())


def response(capture: Capture, fields: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return a capture as a response record."""
    lines = [f"HTTP/1.1 {capture.status} {responses.get(capture.status, '')}".rstrip()]
    lines += [f"{name}: {' '.join(value.split())}" for name, value in capture.headers]
    block = "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + capture.payload
    media_type = "application/http; msgtype=response"
    return record("response", capture.url, capture.captured_at, media_type, block, fields)
