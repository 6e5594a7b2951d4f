"""The text of a file by its media type: what the process that reads files does."""

from __future__ import annotations

from collections.abc import Callable

from archive_search.cleaning.files.paragraphs import made_text
from archive_search.cleaning.files.problems import (
    BROKEN,
    NO_TEXT,
    OLD_WORD,
    OPEN_DOCUMENT,
    RTF,
    SLIDES,
    TABLES,
    TOO_LARGE,
    Unreadable,
)
from archive_search.records import FileText
from archive_search.vietnamese.charsets import Piece

__all__ = ["MAX_CHARS", "is_read", "of"]

MAX_CHARS = 2_000_000
"""Characters that are kept of a file: some five hundred pages."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

_UNREAD = {
    "application/msword": OLD_WORD,
    "application/x-cfb": OLD_WORD,
    "application/rtf": RTF,
    "application/vnd.ms-excel": TABLES,
    f"{_OFFICE}spreadsheetml.sheet": TABLES,
    f"{_OPEN}spreadsheet": TABLES,
    "application/vnd.ms-powerpoint": SLIDES,
    f"{_OFFICE}presentationml.presentation": SLIDES,
    f"{_OPEN}presentation": SLIDES,
    f"{_OPEN}text": OPEN_DOCUMENT,
}

Found = tuple[list[Piece], str | None]


def _pdf(data: bytes) -> Found:
    # Takes a tenth of a second to import.
    from archive_search.cleaning.files.pdf import pdf_pieces

    return pdf_pieces(data)


def _docx(data: bytes) -> Found:
    from archive_search.cleaning.files.docx import docx_pieces

    return docx_pieces(data), None


def _plain(data: bytes) -> Found:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("windows-1252", "replace")
    if not text.strip():
        raise Unreadable(NO_TEXT)
    return [Piece(line) for line in text.splitlines()], None


_READERS: dict[str, Callable[[bytes], Found]] = {
    "application/pdf": _pdf,
    f"{_OFFICE}wordprocessingml.document": _docx,
    "text/plain": _plain,
}


def is_read(media_type: str) -> bool:
    """Tell whether the text of such files can be read."""
    return media_type in _READERS


def of(data: bytes, media_type: str) -> FileText:
    """Return the text of a file, or why there is none; a picture has neither."""
    read = _READERS.get(media_type)
    if read is None:
        return FileText(media_type=media_type, problem=_UNREAD.get(media_type))
    try:
        pieces, left_out = read(data)
        text = made_text(pieces)
    except Unreadable as exc:
        return FileText(media_type=media_type, problem=str(exc))
    except (MemoryError, RecursionError):
        return FileText(media_type=media_type, problem=TOO_LARGE)
    except Exception as exc:  # noqa: BLE001 (a broken file makes those who read it raise anything)
        return FileText(media_type=media_type, problem=_broken(exc))
    if len(text) > MAX_CHARS:
        left_out = f"only the first {MAX_CHARS} of its {len(text)} characters were kept"
        text = text[:MAX_CHARS].rpartition("\n")[0] or text[:MAX_CHARS]
    return FileText(media_type=media_type, text=text, problem=left_out)


def _broken(exc: Exception) -> str:
    told = "".join(filter(str.isprintable, " ".join(str(exc).split())))[:120] or type(exc).__name__
    return f"{BROKEN}: {told}"
