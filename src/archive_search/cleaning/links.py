"""The pictures and files that an article points to, by absolute addresses."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import Tag

from archive_search.cleaning.elements import text_of
from archive_search.cleaning.text import tidy
from archive_search.records import Attachment

__all__ = ["attachment", "leads_to_file", "picture_url"]

_FILES = frozenset(
    (
        *(".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".xls", ".xlsx", ".ods", ".csv", ".ppt", ".pptx"),
        *(".zip", ".rar", ".7z", ".mp3", ".mp4"),
    )
)
_PICTURES = frozenset((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".svg", ".tif", ".tiff"))
# Liferay serves its document library there, with or without an extension.
_LIBRARY = re.compile(r"/documents/\d+/")
# Liferay puts a file's UUID behind its name, and writes spaces as plus signs.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Words that point at a link instead of naming what it leads to.
_POINTS = re.compile(
    r"(tại đây|ở đây|\bđây|đính kèm|kèm theo|\bnày|tải về|tải xuống|download|here)[\s.,;:/)]*$", re.IGNORECASE
)
# Where pages that load pictures late keep the address, the real one first.
_SOURCES = ("data-original", "data-src", "src")
_ICON_PX = 20


def attachment(link: Tag, base: str, *, whatever: bool = False) -> Attachment | None:
    """Return the file that the link leads to, or None if it leads to a page; `whatever` takes that too."""
    address = link.get("href")
    url = _absolute(address, base) if whatever or leads_to_file(address) else None
    return Attachment(url=url, name=_name(link, url)) if url else None


def leads_to_file(address: object) -> bool:
    """Tell whether an address is a file's by its extension, or by where Liferay keeps files."""
    path = unquote(re.split("[?#]", str(address or ""), maxsplit=1)[0])
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in _FILES or (bool(_LIBRARY.search(path)) and suffix not in _PICTURES)


def _name(link: Tag, url: str) -> str:
    """Return what the link calls the file, or the file's name if the link only points at it."""
    text = text_of(link)
    return text if text and not _POINTS.search(text) else _file_name(url) or text or url


def _file_name(url: str) -> str:
    names = [name for name in unquote(urlsplit(url).path).split("/") if name]
    while len(names) > 1 and _UUID.fullmatch(PurePosixPath(names[-1]).stem):
        names.pop()
    return tidy(names[-1].replace("+", " ")) if names else ""


def picture_url(img: Tag, base: str) -> str | None:
    """Return the picture's address, or None for icons and for what only the author's computer held."""
    if any(_pixels(img.get(side)) <= _ICON_PX for side in ("width", "height")):
        return None
    found = (_absolute(img.get(source), base) for source in _SOURCES)
    return next((url for url in found if url), None)


def _absolute(address: object, base: str) -> str | None:
    """Return the address in full, without a fragment; None unless it is one of the web's."""
    try:
        url = urljoin(base, str(address or "").strip()).partition("#")[0]
        parts = urlsplit(url)
    except ValueError:  # an unclosed "[" where an IPv6 address would stand
        return None
    if not str(address or "").strip() or parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return url


def _pixels(value: object) -> float:
    """Return a width or height as a number; infinite if it says nothing, so that it is no icon's."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*(px)?\s*", str(value or ""))
    return int(match[1]) if match else float("inf")
