"""The text of a PDF, by pdfminer.six: lines where they stand on the page, joined into paragraphs."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator, Sequence

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTChar, LTPage, LTTextContainer, LTTextLine
from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

from archive_search.cleaning.files.paragraphs import continues, joined, piece
from archive_search.cleaning.files.problems import ENCRYPTED, NO_LETTERS, NO_TEXT, Unreadable
from archive_search.vietnamese.charsets import Piece

__all__ = ["MAX_PAGES", "pdf_pieces"]

MAX_PAGES = 2_000

_READING_SECONDS = 30
"""When reading stops between two pages; what was read counts."""

# Boxes in the order in which they stand, and not as their distances are: rows of a table stay together, and
# a page of very many boxes takes no longer than its share.
_LAYOUT = LAParams(boxes_flow=None)

# What pdfminer writes for a sign of which the font does not tell the letter.
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_PAGE_NUMBER = re.compile(r"\W*(?:trang\s+)?\d{1,4}(?:\s*/\s*\d{1,4})?\W*", re.IGNORECASE)


def pdf_pieces(data: bytes) -> tuple[list[Piece], str | None]:
    """Return the paragraphs of a PDF, and what was left out; raises `Unreadable`, or what pdfminer does.

    Of one that is broken behind its first pages, these are returned.
    """
    pieces: list[Piece] = []
    number, left_out = 0, True
    ends_at = time.monotonic() + _READING_SECONDS
    try:
        for page in extract_pages(io.BytesIO(data), maxpages=MAX_PAGES + 1, laparams=_LAYOUT):
            if number == MAX_PAGES or time.monotonic() > ends_at:
                break
            _add(pieces, list(_boxes(page)))
            number += 1
        else:
            left_out = False
    except (PDFEncryptionError, PDFPasswordIncorrect) as exc:
        raise Unreadable(ENCRYPTED) from exc
    except Exception:
        if not pieces:
            raise
    told = f"what stands behind page {number} was not read" if left_out else None
    return _with_letters(pieces), told


def _with_letters(pieces: list[Piece]) -> list[Piece]:
    """Return the paragraphs without the signs that stand for no letter, unless these are many."""
    text = "".join(piece.text for piece in pieces)
    known = sum(map(str.isalnum, _UNMAPPED.sub("", text)))
    unknown = len(_UNMAPPED.findall(text))
    if 4 * unknown > known:
        raise Unreadable(NO_LETTERS)
    if not known:
        raise Unreadable(NO_TEXT)
    return [made._replace(text=_UNMAPPED.sub("\ufffd", made.text)) for made in pieces]


def _add(pieces: list[Piece], boxes: list[list[Piece]]) -> None:
    """Add the paragraphs of a page, but its number; the first of a box may go on with the one before."""
    ends = (0, len(boxes) - 1)
    for number, box in enumerate(boxes):
        if number in ends and len(box) == 1 and _PAGE_NUMBER.fullmatch(box[0].text):
            continue
        first, *others = box
        if pieces and continues(pieces[-1].text, first.text):
            whole = joined((pieces[-1].text, first.text), font=first.font)
            pieces[-1] = pieces[-1]._replace(text=whole)
            pieces += others
        else:
            pieces += box


def _boxes(page: LTPage) -> Iterator[list[Piece]]:
    """Yield the boxes of text on a page in the order of reading, each as its paragraphs."""
    for box in page:
        if isinstance(box, LTTextContainer):
            lines = [line for line in box if isinstance(line, LTTextLine) and line.get_text().strip()]
            if lines:
                yield [_paragraph(run) for run in _runs(lines)]


def _paragraph(lines: Sequence[LTTextLine]) -> Piece:
    made = piece("", _font(lines[0]))
    return made._replace(text=joined((line.get_text() for line in lines), font=made.font))


def _runs(lines: Sequence[LTTextLine]) -> Iterator[list[LTTextLine]]:
    """Yield the lines of each paragraph of a box."""
    run: list[LTTextLine] = []
    left, right = min((line.x0 for line in lines), default=0), max((line.x1 for line in lines), default=0)
    for line in lines:
        if run and _begins(line, run[-1], left, right):
            yield run
            run = []
        run.append(line)
    if run:
        yield run


def _begins(line: LTTextLine, before: LTTextLine, left: float, right: float) -> bool:
    """Tell whether a line begins a paragraph: it is indented, or its first word had had room before."""
    text = line.get_text().strip()
    letter = (line.x1 - line.x0) / len(text)
    word = len(text.split(maxsplit=1)[0]) + 1
    is_indented = line.x0 - left > 2 * letter >= before.x0 - left
    return is_indented or before.x1 + 1.2 * word * letter < right


def _font(line: LTTextLine) -> str | None:
    return next((char.fontname for char in line if isinstance(char, LTChar)), None)
