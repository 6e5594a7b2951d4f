"""What a body really is, whatever its server calls it: the WHATWG's MIME sniffing in brief.

Sources: mimesniff.spec.whatwg.org, 6.1 and 7.1; for Office files ECMA-376 and [MS-CFB] 2.2.
"""

from __future__ import annotations

import io
import re
import zipfile

from archive_search.errors import PageUnreadable
from archive_search.markup.bodies import body_bytes, body_head
from archive_search.records import Capture

_HEAD = 1445  # as many bytes as the standard looks at
_HTML = "text/html"
_ZIP = "application/zip"
_CFB = "application/x-cfb"
_OFFICE = "application/vnd.openxmlformats-officedocument."

# What a file begins with; at an offset if it does not stand first.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _CFB),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBPVP", "image/webp"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS\x00", "application/ogg"),
)

# The tags by which the standard knows HTML, and `<meta>` and `<link>`, with which fragments begin.
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!DOCTYPE\s+HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|META|LINK)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)
_ZIP_PARTS = (
    ("word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    ("xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    ("ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
)
# The streams of a compound file by which its program is known, as their names stand in its directory.
_CFB_STREAMS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
_SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream", "text/plain", "unknown/unknown")
_MARKUP = (_HTML, "application/xhtml+xml")
_XML = ("application/xml", "text/xml")


def is_html(capture: Capture) -> bool:
    """Tell whether the capture is an HTML page, by what it says and what it begins with."""
    return media_type(capture) in _MARKUP


def media_type(capture: Capture) -> str:
    """Return what the body is, in lower case: by its first bytes, and where they tell nothing by its header.

    A PDF, picture, archive or Office file is known whatever the server calls it; a page is known where the
    server calls it nothing, a file or plain text. An unknown body without a header is
    `application/octet-stream`.
    """
    declared = (capture.header("Content-Type") or "").split(";")[0].strip().lower()
    head = body_head(capture, _HEAD)
    magic = next((kind for at, sign, kind in _MAGIC if head.startswith(sign, at)), None)
    if magic in (_ZIP, _CFB):
        return _office(capture, magic)
    if magic:
        return magic
    text = _as_ascii(head)
    if declared in _SAYS_NOTHING:
        if _PAGE.match(text) or (not declared and text.lstrip()[:1] == b"<"):
            return _HTML
        return declared or "application/octet-stream"
    if declared in _XML and re.search(rb"<html[\s>]", text, re.IGNORECASE):
        return "application/xhtml+xml"
    return declared


def _as_ascii(head: bytes) -> bytes:
    """Return the head without a byte order mark, and UTF-16 without its zeros."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf")


def _office(capture: Capture, kind: str) -> str:
    try:
        data = body_bytes(capture)
    except PageUnreadable:
        return kind
    if kind == _CFB:
        return next((name for sign, name in _CFB_STREAMS if sign.encode("utf-16-le") in data), kind)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:  # OpenDocument and EPUB name their kind in a file of that name
                return archive.open("mimetype").read(100).decode("ascii", "replace").strip().lower()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, RuntimeError, OSError):
        return kind
    return next((name for part, name in _ZIP_PARTS if part in names), kind)
