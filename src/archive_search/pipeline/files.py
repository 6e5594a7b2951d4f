"""The texts of captured files: read before they are indexed.

Not while crawling, which goes on at the pace of the portal and must not wait for a PDF of a thousand pages.
"""

from __future__ import annotations

from archive_search.archive import Archive, files
from archive_search.archive.captures import StoredCapture
from archive_search.cleaning.files import FileReader
from archive_search.errors import IntegrityError, PageUnreadable
from archive_search.markup import body_bytes, media_type
from archive_search.pipeline.progress import Progress, silent
from archive_search.pipeline.receiving import batches
from archive_search.records import FileText

_BATCH = 20
"""Files whose texts are entered at once: what is read again after an interruption."""


def fill_texts(archive: Archive, progress: Progress = silent, *, again: bool = False) -> int:
    """Read the files whose text is not known yet, or all files `again`; return how many there were."""
    with archive.reading() as db:
        pending = list(files.unread(db, again=again))
    done = 0
    with FileReader() as reader:
        for batch in batches(pending, _BATCH):
            found = []
            for stored in batch:
                found.append((stored.sha256, _text_of(archive, stored, reader)))
                done += 1
                progress("reading files", done, len(pending))
            with archive.writing() as db:
                for sha256, text in found:
                    if text:
                        files.keep(db, sha256, text)
    if again:
        with archive.writing() as db:
            files.forget_unheld(db)
    return done


def _text_of(archive: Archive, stored: StoredCapture, reader: FileReader) -> FileText | None:
    """Return the text of a captured file, or None if the capture cannot be had: `audit` says why."""
    try:
        capture = archive.read(stored)
    except IntegrityError:
        return None
    kind = media_type(capture)
    try:
        data = body_bytes(capture)
    except PageUnreadable as exc:
        return FileText(media_type=kind, problem=f"it is broken: {exc.reason}")
    return reader.read(data, kind)
