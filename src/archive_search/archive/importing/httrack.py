"""The cache of an HTTrack mirror: pages as they were sent, before their links were made local.

`hts-cache/new.zip` has a member for each URL. What the server said stands in the member's local extra
field, as lines of an HTTP header, with fields of HTTrack's own (`X-Addr`, `X-Fil`, `X-Save`).
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive_search.archive.importing.formats import UNZIPPABLE

LARGEST = 256 * 1024 * 1024
"""A file of a mirror that is larger than this is not taken in."""

_KEPT = ("Content-Type", "Last-Modified", "Etag", "Location", "Content-Disposition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """What the cache knows of a URL; `body` is None where only the saved file has it."""

    address: str
    saved_as: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


def read_cache(folder: Path) -> Iterator[Cached | str]:
    """Yield what the mirror's cache holds, and the reason for each member that cannot be read."""
    path = next(
        (p for p in (folder / "hts-cache" / "new.zip", folder / "hts-cache" / "old.zip") if p.exists()), None
    )
    if path is None:
        return
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            for info in archive.infolist():
                file.seek(info.header_offset + 26)
                name_length, extra_length = struct.unpack("<HH", file.read(4))
                file.seek(name_length, 1)
                yield _member(archive, info, file.read(extra_length))
    except (*UNZIPPABLE, OSError) as exc:
        yield f"the cache {path.name} cannot be read: {exc}"


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, said: bytes) -> Cached | str:
    fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*?)\r?$", _text(said)))
    address = fields.get("X-Addr", "") + fields.get("X-Fil", "") or info.filename
    if not fields.get("X-StatusCode", "").isdigit():
        return f"the cache does not say what the server answered for {address}"
    body = None
    if fields.get("X-In-Cache") != "0":
        body = _body(archive, info)
        if body is None:
            return f"the cached page of {address} is broken or over {LARGEST // 1_000_000} MB"
    headers = tuple((name, fields[name]) for name in _KEPT if fields.get(name))
    charset = fields.get("X-Charset")
    if charset:
        headers = tuple(
            (
                name,
                f"{value}; charset={charset}" if name == "Content-Type" and "charset" not in value else value,
            )
            for name, value in headers
        )
    return Cached(
        address=address,
        saved_as=fields.get("X-Save", "").replace("\\", "/"),
        status=int(fields["X-StatusCode"]),
        headers=headers,
        body=body,
    )


def _body(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    try:
        with archive.open(info) as file:
            body = file.read(LARGEST + 1)
    except (*UNZIPPABLE, OSError):
        return None
    return body if len(body) <= LARGEST else None


def _text(said: bytes) -> str:
    try:
        return said.decode()
    except UnicodeDecodeError:
        return said.decode("latin-1")
