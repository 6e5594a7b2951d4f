"""The pictures and files that an article points to, by absolute addresses."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from bs4 import Tag

from archive_search.cleaning.elements import text_of
from archive_search.cleaning.text import tidy
from archive_search.markup import absolute, leads_to_file, picture_url
from archive_search.records import Attachment

__all__ = ["attachment", "leads_to_file", "picture_url"]

# Liferay puts a file's UUID behind its name, and writes spaces as plus signs.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Words that point at a link instead of naming what it leads to.
_POINTS = re.compile(
    r"(tại đây|ở đây|\bđây|đính kèm|kèm theo|\bnày|tải về|tải xuống|download|here)[\s.,;:/)]*$", re.IGNORECASE
)


def attachment(link: Tag, base: str, *, whatever: bool = False) -> Attachment | None:
    """Return the file that the link leads to, or None if it leads to a page; `whatever` takes that too."""
    address = link.get("href")
    url = absolute(address, base) if whatever or leads_to_file(address) else None
    return Attachment(url=url, name=_name(link, url)) if url else None


def _name(link: Tag, url: str) -> str:
    """Return what the link calls the file, or the file's name if the link only points at it."""
    text = text_of(link)
    return text if text and not _POINTS.search(text) else _file_name(url) or text or url


def _file_name(url: str) -> str:
    names = [name for name in unquote(urlsplit(url).path).split("/") if name]
    while len(names) > 1 and _UUID.fullmatch(PurePosixPath(names[-1]).stem):
        names.pop()
    return tidy(names[-1].replace("+", " ")) if names else ""
