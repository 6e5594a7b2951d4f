"""The text of a Word file (DOCX): WordprocessingML, ECMA-376 part 1, clauses 11 and 17.

lxml and zipfile do the work. What python-docx would add is writing; it does not read foot notes and text
boxes, and sets no bound to what a member unpacks to.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from lxml import etree

from archive_search.cleaning.files.paragraphs import piece
from archive_search.cleaning.files.problems import BROKEN, ENCRYPTED, NO_TEXT, TOO_LARGE, Unreadable
from archive_search.vietnamese.charsets import Piece

__all__ = ["docx_pieces"]

_MAX_BYTES = 100_000_000
"""What all parts that are read unpack to, at most."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PARTS = tuple(
    re.compile(rf"word/{name}\.xml")
    for name in ("document", "footnotes", "endnotes", r"header\d*", r"footer\d*")
)
# What stands in a run beside text.
_SIGNS = {"tab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-", "softHyphen": ""}


def docx_pieces(data: bytes) -> list[Piece]:
    """Return the paragraphs of a Word file: text, notes, headers, footers; raises `Unreadable`.

    A row of a table is one paragraph, its cells divided by tabs. Deleted text is none.
    """
    pieces: list[Piece] = []
    left = _MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in _ordered(archive.namelist()):
                part = archive.open(name).read(left + 1)
                left -= len(part)
                if left < 0:
                    raise Unreadable(TOO_LARGE)
                pieces += _in(_root(part))
    except RuntimeError as exc:  # a member is encrypted
        raise Unreadable(ENCRYPTED) from exc
    if not any(made.text.strip() for made in pieces):
        raise Unreadable(NO_TEXT)
    return pieces


def _ordered(names: list[str]) -> list[str]:
    return [name for part in _PARTS for name in sorted(set(names)) if part.fullmatch(name)]


def _root(part: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(part, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(f"{BROKEN}: its XML has a DOCTYPE, which Word's has not")
    return root


def _name(element: etree._Element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.removeprefix(_W).removeprefix(_STRICT)


def _in(element: etree._Element) -> Iterator[Piece]:
    """Yield the paragraphs within an element, in order."""
    for child in element:
        match _name(child):
            case "p":
                font = next((run.get(f"{_W}ascii") for run in child.iter(f"{_W}rFonts")), None)
                yield piece("".join(_text(child)), font)
                yield from _boxes(child)
            case "tbl":
                yield from map(_row, (row for row in child if _name(row) == "tr"))
            case _ if child.tag != _FALLBACK:
                yield from _in(child)


def _row(row: etree._Element) -> Piece:
    cells = [list(_in(cell)) for cell in row if _name(cell) == "tc"]
    first = next((made for cell in cells for made in cell), Piece(""))
    return first._replace(text="\t".join(" ".join(made.text for made in cell) for cell in cells))


def _text(element: etree._Element) -> Iterator[str]:
    """Yield the text of a paragraph, without the text boxes that hang on it."""
    for child in element:
        name = _name(child)
        if name == "t":
            yield child.text or ""
        elif name in _SIGNS:
            yield _SIGNS[name]
        elif name != "txbxContent" and child.tag != _FALLBACK:
            yield from _text(child)


def _boxes(element: etree._Element) -> Iterator[Piece]:
    for child in element:
        if _name(child) == "txbxContent":
            yield from _in(child)
        elif child.tag != _FALLBACK:
            yield from _boxes(child)
