"""The files of an article as its page shows them: what each is, our copy, and what can be read of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString, gettext, lazy_gettext
from sqlalchemy import Connection

from archive_search.archive import captures
from archive_search.cleaning.files import problems
from archive_search.identity import file_id
from archive_search.records import AttachedFile, Block, Document
from archive_search.web.capture import capture_url

__all__ = ["ShownFile", "shown_files"]

_OFFICE = "application/vnd.openxmlformats-officedocument."
_KINDS = {
    "application/pdf": "PDF",
    "application/msword": "Word",
    f"{_OFFICE}wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    f"{_OFFICE}spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    f"{_OFFICE}presentationml.presentation": "PowerPoint",
    "application/rtf": "RTF",
    "application/zip": "ZIP",
    "text/plain": lazy_gettext("plain text"),
}
_PROBLEMS = {
    problems.ENCRYPTED: lazy_gettext("it is encrypted"),
    problems.NO_TEXT: lazy_gettext("there is no text in it, perhaps a scan"),
    problems.NO_LETTERS: lazy_gettext("its fonts do not tell which letters they draw"),
    problems.TOO_SLOW: lazy_gettext("reading it takes too long"),
    problems.TOO_LARGE: lazy_gettext("reading it takes too much memory"),
    problems.BROKEN: lazy_gettext("it is broken"),
    problems.OLD_WORD: lazy_gettext("files of Word 97-2003 are not read"),
    problems.RTF: lazy_gettext("RTF files are not read"),
    problems.TABLES: lazy_gettext("spreadsheets are not read"),
    problems.SLIDES: lazy_gettext("slides are not read"),
    problems.OPEN_DOCUMENT: lazy_gettext("OpenDocument files are not read"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file that an article links to; without `captured_at` it was not captured, or not as a file.

    `problem` says why there are no paragraphs, or not all; `omitted` counts the characters left out.
    """

    id: str
    name: str
    url: str
    archived: str | None
    kind: str | LazyString | None = None
    size: str | None = None
    captured_at: datetime | None = None
    paragraphs: tuple[Block, ...] = ()
    omitted: int = 0
    problem: str | LazyString | None = None


def shown_files(db: Connection, document: Document) -> tuple[ShownFile, ...]:
    """Return the files that an article links to, each address once."""
    attached = {file.url: file for file in document.attached}
    files = {file.url: file for file in document.article.attachments}.values()
    return tuple(
        _captured(db, attached[file.url])
        if file.url in attached
        else ShownFile(
            id=file_id(file.url), name=file.name or file.url, url=file.url, archived=_newest(db, file.url)
        )
        for file in files
    )


def _newest(db: Connection, url: str) -> str | None:
    capture = captures.newest_whole(db, url)
    return capture_url(capture) if capture else None


def _captured(db: Connection, file: AttachedFile) -> ShownFile:
    capture = captures.at(db, file.captured_as, file.captured_at)
    return ShownFile(
        id=file_id(file.url),
        name=file.name,
        url=file.url,
        archived=capture_url(capture) if capture else None,
        kind=_KINDS.get(file.media_type or "", file.media_type),
        size=_size(file.size),
        captured_at=file.captured_at,
        paragraphs=file.paragraphs,
        omitted=file.omitted,
        problem=_problem(file.problem),
    )


def _problem(told: str | None) -> str | LazyString | None:
    """Return the problem in the reader's language, and as it is kept where there are no words for it."""
    if told is None:
        return None
    if told in _PROBLEMS:
        return _PROBLEMS[told]
    if pages := re.fullmatch(r"what stands behind page (\d+) was not read", told):
        return gettext("what stands behind page %(page)s was not read", page=pages[1])
    if kept := re.fullmatch(r"only the first (\d+) of its (\d+) characters were kept", told):
        return gettext(
            "only the first %(kept)s of its %(all)s characters were kept", kept=kept[1], all=kept[2]
        )
    known, _, detail = told.partition(": ")
    return f"{_PROBLEMS[known]} ({detail})" if known in _PROBLEMS else told


def _size(count: int) -> str:
    kilobytes = max(1, round(count / 1000))
    return f"{kilobytes} kB" if kilobytes < 1000 else gettext("%(size)s MB", size=round(kilobytes / 1000))
