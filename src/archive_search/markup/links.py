"""Addresses on a page: which lead to files, where its pictures are."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import Tag

_FILES = frozenset(
    (
        *(".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".xls", ".xlsx", ".ods", ".csv", ".ppt", ".pptx"),
        *(".zip", ".rar", ".7z", ".mp3", ".mp4"),
    )
)
_PICTURES = frozenset((".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".svg", ".tif", ".tiff"))
# Liferay serves its document library there, with or without an extension.
_LIBRARY = re.compile(r"/documents/\d+/")
# Where pages that load pictures late keep the address, the real one first.
_PICTURE_SOURCES = ("data-original", "data-src", "src")
_ICON_PX = 20


def leads_to_file(address: object) -> bool:
    """Tell whether an address is a file's by its extension, or by where Liferay keeps files."""
    path = unquote(re.split("[?#]", str(address or ""), maxsplit=1)[0])
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in _FILES or (bool(_LIBRARY.search(path)) and suffix not in _PICTURES)


def picture_url(img: Tag, base: str) -> str | None:
    """Return the picture's address, or None for icons and for what only the author's computer held."""
    if any(_pixels(img.get(side)) <= _ICON_PX for side in ("width", "height")):
        return None
    found = (absolute(img.get(source), base) for source in _PICTURE_SOURCES)
    return next((url for url in found if url), None)


def absolute(address: object, base: str) -> str | None:
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
