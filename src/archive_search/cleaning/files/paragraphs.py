"""Lines into paragraphs, and paragraphs into a text: what PDF, Word and plain text have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from archive_search.vietnamese.charsets import Piece, mended
from archive_search.vietnamese.spelling import is_well_spelt

__all__ = ["continues", "joined", "made_text", "piece"]

_SOFT_HYPHEN = "\u00ad"
_HYPHENATED = re.compile(r"([^\W\d_]+)-$")
_BEGINS_SMALL = re.compile(r"[^\W\d_]+")
# What XML and terminals do not take: controls, halves of surrogate pairs, and what is no character.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def joined(lines: Iterable[str], *, font: str | None = None) -> str:
    """Return the lines of a paragraph as one; `font` is the set that theirs is made for.

    A word that is divided at the end of a line is made whole. A hyphen between two syllables of Vietnamese
    is the writer's own (`kinh tế-xã hội`), and stays.
    """
    text = ""
    for line in map(str.strip, lines):
        # In a font of TCVN3 it is the letter ư.
        if text.endswith(_SOFT_HYPHEN) and font is None:
            text = text[:-1] + line
        elif (before := _HYPHENATED.search(text)) and line[:1].islower():
            after = _BEGINS_SMALL.match(line)
            syllables = (before[1], after[0] if after else "")
            is_own = all(map(is_well_spelt, syllables))
            text = (text if is_own else text[:-1]) + line
        else:
            text = f"{text} {line}" if text and line else text + line
    return text


def continues(before: str, after: str) -> bool:
    """Tell whether a paragraph goes on behind the end of a page: no sentence ends, and none begins."""
    return before[-1:] not in ".!?:;…" and after[:1].islower()


def piece(text: str, font: str | None) -> Piece:
    """Return a text with the set that its font is made for, where its name tells (`.VnTime`, `VNI-Times`)."""
    name = re.sub(r"^[A-Z]{6}\+", "", font or "")
    if name.startswith("VNI"):
        return Piece(text, "VNI")
    # A name in a PDF can have no dot at its front.
    if re.match(r"[._]?Vn[A-Z3]", name):
        return Piece(text, "TCVN3", capitals=name.endswith("H"))
    return Piece(text)


def made_text(pieces: Iterable[Piece]) -> str:
    """Return paragraphs as a text, one a line: in NFC, with single spaces; tabs divide cells."""
    texts, _ = mended([made._replace(text=_folded(made.text)) for made in pieces])
    return "\n".join(filter(None, map(_without_hyphens, texts)))


def _without_hyphens(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace(_SOFT_HYPHEN, "")).strip()


def _folded(text: str) -> str:
    cells = _NO_TEXT.sub("", text).split("\t")
    return "\t".join(" ".join(cell.split()) for cell in cells).strip()
