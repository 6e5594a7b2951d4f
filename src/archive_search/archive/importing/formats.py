"""What a file is, told by its content and not by its name."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

from archive_search.errors import WarcUnreadable


class Format(StrEnum):
    """What can be taken in."""

    WARC = "warc"
    ARC = "arc"
    WACZ = "wacz"
    FOLDER = "folder"


UNZIPPABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # a compression, or a version of the format, that Python does not know
    RuntimeError,  # encrypted
    ValueError,
)
"""What Python's zipfile raises for files that are broken."""

_PEEK = 4096

_BEGINNINGS = ((b"WARC/", Format.WARC), (b"filedesc:", Format.ARC))

# What people have in hand when they look for a WARC file: what it begins with, what it is, what to do.
_OTHERS = (
    (rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", "compressed with Zstandard", "Unpack it with `zstd -d`."),
    (rb"BZh", "compressed with bzip2", "Unpack it with `bunzip2`."),
    (rb"\xfd7zXZ", "compressed with xz", "Unpack it with `unxz`."),
    (rb"7z\xbc\xaf|Rar!", "a 7z or RAR archive", "Unpack it, then import what is in it."),
    (rb"(?s).{257}ustar", "a tar archive", "Unpack it, then import what is in it."),
    (rb"%PDF-", "a PDF document", "Only whole captures can be imported, with their URL and time."),
    (
        rb"(?is)\s*(<!doctype html|<html|<\?xml|<!--|<head|<script)",
        "an HTML or XML page",
        "A saved page has no place of its own: import the folder that it was saved in.",
    ),
    (rb"(?i)(from: <saved by|mime-version:)", "an MHTML page", "Save the site as WARC or WACZ instead."),
    (rb"\S+ \d{14} https?:|\S+ \d{14} \{| ?CDX ", "a CDX index", "Import the WARC files that it belongs to."),
)


def recognise(path: Path) -> Format:
    """Return what a file or folder is; raises `WarcUnreadable`, naming it, if it cannot be taken in."""
    if path.is_dir():
        return Format.FOLDER
    try:
        with path.open("rb") as file:
            head = file.read(_PEEK)
    except OSError as exc:
        raise WarcUnreadable(f"{path} cannot be read: {exc.strerror or exc}") from exc
    if head.startswith(b"PK"):
        return _zip(path)
    inner = _unpacked(head) if head.startswith(b"\x1f\x8b") else head
    for beginning, found in _BEGINNINGS:
        if inner.startswith(beginning):
            return found
    what, advice = _named(inner)
    raise WarcUnreadable(f"{path} cannot be read as WARC: it is {what}. {advice}")


def _unpacked(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(head, _PEEK)
    except zlib.error:
        return b""


def _zip(path: Path) -> Format:
    if not zipfile.is_zipfile(path):
        raise WarcUnreadable(f"{path} cannot be read: it is a zip file that is cut off. Get it again.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except UNZIPPABLE as exc:
        raise WarcUnreadable(
            f"{path} cannot be read: it is a broken zip file ({exc}). Get it again."
        ) from exc
    if any(re.search(r"\.(warc|arc|wacz)(\.gz)?$", name, re.IGNORECASE) for name in names):
        return Format.WACZ
    raise WarcUnreadable(
        f"{path} cannot be read as WACZ: it is a zip file without WARC files in it. If it is a mirror of "
        "a portal, unpack it and import the folder."
    )


def _named(head: bytes) -> tuple[str, str]:
    if not head:
        return "empty or broken", "Get it again."
    for pattern, what, advice in _OTHERS:
        if re.match(pattern, head):
            return what, advice
    return "of no kind that is known here", "WARC, ARC, WACZ and mirrored folders can be imported."
