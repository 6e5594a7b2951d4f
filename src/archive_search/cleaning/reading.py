"""A walk over an article's elements in reading order: lines of text, pictures, attached files.

What a line is for its reader is decided later, in `blocks`, when its neighbours are known.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from bs4 import Tag

from archive_search.cleaning import links
from archive_search.cleaning.elements import BLOCKS, UNSEEN, classes_of, is_text, text_of
from archive_search.cleaning.text import tidy
from archive_search.records import Attachment, BlockKind

__all__ = ["Line", "Picture", "Reading", "Style", "read"]

_KINDS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BlockKind.HEADING),
    **dict.fromkeys(("figure", "figcaption", "caption"), BlockKind.CAPTION),
    "li": BlockKind.LIST_ITEM,
    "blockquote": BlockKind.QUOTATION,
}
_CAPTION_CLASS = re.compile(r"caption|chu[-_]?thich|(photo|image|img|picture)[-_]?(desc|note|title|text)")
_ALIGN = re.compile(r"text-align\s*:\s*(\w+)")
_ALIGN_CLASS = re.compile(r"\b(?:rte|text-|text-align-|align-?)(center|right|left|justify)\b")
_FLOATS = re.compile(r"float\s*:\s*(left|right)|(pull|align|float)-?(left|right)", re.IGNORECASE)
_WEIGHT = re.compile(r"font-weight\s*:\s*(\w+)")
_BOLD = frozenset(("bold", "bolder", "600", "700", "800", "900"))
_ITEM = re.compile(r"([-–—+•*▪●○]|\d{1,2}[.)/]|[a-zđ][.)]|[IVX]{1,5}[.)])\s*\S")
_ENDS_SENTENCE = (".", ":", ";", "!", "?", "…", "”", '"', ")")
# A frame holds a picture and a few words on it; with more words in it, it is a layout of the page.
_FRAME_WORDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is set: what the elements around it say."""

    kind: BlockKind = BlockKind.PARAGRAPH
    align: str = ""
    bold: bool = False
    italic: bool = False
    linked: bool = False
    classes: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Text that stands by itself, on one line or several."""

    text: str
    style: Style


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, where it stands among the lines; what follows one that `floats` runs beside it."""

    url: str
    alt: str
    floats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything found in an article's elements, in order."""

    items: tuple[Line | Picture, ...]
    attachments: tuple[Attachment, ...]


_Piece = tuple[str, Style]
"""A string of the page with the style it is set in; None stands for a line break."""


@dataclass(slots=True)
class _Run:
    """What was gathered since the last block began or ended."""

    pieces: list[_Piece | None] = field(default_factory=list)
    trailing: list[Picture] = field(default_factory=list)

    def line_has_text(self) -> bool:
        """Tell whether anything visible stands after the last line break."""
        for piece in reversed(self.pieces):
            if piece is None:
                return False
            if not piece[0].isspace():
                return True
        return False


def read(
    roots: Collection[Tag], *, base: str, skip: Collection[int] = (), captions: Collection[int] = ()
) -> Reading:
    """Return what stands in the elements.

    Those whose `id()` is in `skip` are left out; those in `captions` describe pictures.
    """
    reader = _Reader(base, frozenset(skip), frozenset(captions))
    for root in roots:
        if id(root) not in skip:
            reader.read(root)
    return Reading(items=tuple(reader.items), attachments=tuple(dict.fromkeys(reader.attachments)))


class _Reader:
    """The state of one walk. It keeps its own stack: a hostile page can be nested thousands deep."""

    def __init__(self, base: str, skip: frozenset[int], captions: frozenset[int]) -> None:
        self.base = base
        self.skip = skip
        self.captions = captions
        self.items: list[Line | Picture] = []
        self.attachments: list[Attachment] = []
        self.run = _Run()

    def read(self, root: Tag) -> None:
        stack: list[tuple[Iterator[object], Tag, Style]] = [(iter(root.contents), root, Style())]
        while stack:
            children, tag, style = stack[-1]
            node = next(children, None)
            if node is None:
                stack.pop()
                self._flush(tag)
            elif isinstance(node, Tag):
                inner = self._enter(node, style)
                if inner is not None:
                    stack.append((iter(node.contents), node, inner))
            elif is_text(node):
                self.run.pieces.append((re.sub(r"\s", " ", str(node)), style))
        self._flush()

    def _enter(self, tag: Tag, style: Style) -> Style | None:
        """Return the style inside `tag`, or None if there is nothing to read in it."""
        if tag.name in UNSEEN or id(tag) in self.skip:
            return None
        if tag.name == "br":
            self.run.pieces.append(None)
        elif tag.name == "img":
            self._picture(tag)
        elif tag.name == "table" and (rows := _data_rows(tag)):
            self._table(tag, rows)
        else:
            self._flush(tag)
            if tag.name == "a":
                self._link(tag)
            inner = _inside(tag, style)
            return replace(inner, kind=BlockKind.CAPTION) if id(tag) in self.captions else inner
        return None

    def _picture(self, img: Tag) -> None:
        url = links.picture_url(img, self.base)
        if url is None:
            return
        floats = str(img.get("align")).lower() in ("left", "right") or _FLOATS.search(
            f"{img.get('style') or ''} {classes_of(img)}"
        )
        picture = Picture(url, tidy(str(img.get("alt") or "")), bool(floats))
        if self.run.line_has_text():
            self.run.trailing.append(picture)
        else:
            self._flush()
            self.items.append(picture)

    def _table(self, table: Tag, rows: list[list[Tag]]) -> None:
        self._flush()
        if (caption := table.find("caption")) and (text := text_of(caption)):
            self.items.append(Line(text, Style(kind=BlockKind.CAPTION)))
        texts = ("\t".join(text_of(cell) for cell in row) for row in rows)
        text = "\n".join(text for text in texts if text.strip())
        self.items.append(Line(text, Style(kind=BlockKind.TABLE)))
        for link in table.find_all("a", href=True):
            self._link(link)
        for img in table.find_all("img"):
            self._picture(img)

    def _link(self, link: Tag) -> None:
        if file := links.attachment(link, self.base):
            self.attachments.append(file)

    def _flush(self, tag: Tag | None = None) -> None:
        """End the run of text where a block begins or ends."""
        if tag is not None and tag.name not in BLOCKS:
            return
        run, self.run = self.run, _Run()
        if run.pieces:
            self.items.extend(_lines(run.pieces))
        self.items.extend(run.trailing)


def _inside(tag: Tag, style: Style) -> Style:
    """Return the style of text in `tag`, which is itself in text of `style`."""
    css = str(tag.get("style") or "").lower()
    classes = classes_of(tag)
    kind = _KINDS.get(tag.name, style.kind)
    if _CAPTION_CLASS.search(classes) or (tag.name == "table" and _is_frame(tag)):
        kind = BlockKind.CAPTION
    return replace(
        style,
        kind=kind,
        align=_alignment(tag, css, classes) or style.align,
        bold=_is_bold(tag, css, style.bold),
        italic=style.italic or tag.name in ("i", "em") or "italic" in css,
        linked=style.linked or (tag.name == "a" and tag.get("href") is not None),
        classes=f"{style.classes} {classes}".strip() if classes else style.classes,
    )


def _alignment(tag: Tag, css: str, classes: str) -> str:
    if tag.name == "center":
        return "center"
    if found := _ALIGN.search(css) or _ALIGN_CLASS.search(classes):
        return found[1]
    # On a table or a picture the attribute says where it floats, and not how its text is set.
    return "" if tag.name == "table" else str(tag.get("align") or "").lower()


def _is_bold(tag: Tag, css: str, around: bool) -> bool:
    if found := _WEIGHT.search(css):
        return found[1] in _BOLD
    return around or tag.name in ("b", "strong")


def _data_rows(table: Tag) -> list[list[Tag]]:
    """Return the table's cells by row, or nothing if it only lays out text or pictures.

    Data stands in at least two rows of at least two cells with text; it holds no further table, and
    more texts than pictures.
    """
    if table.find("table"):
        return []
    rows = [list(row.find_all(["td", "th"], recursive=False)) for row in table.find_all("tr")]
    filled = [sum(bool(cell.get_text(strip=True)) for cell in row) for row in rows]
    is_data = sum(count >= 2 for count in filled) >= 2 and sum(filled) > 2 * len(table.find_all("img"))
    return rows if is_data else []


def _is_frame(table: Tag) -> bool:
    pictures = len(table.find_all("img"))
    return pictures > 0 and len(table.get_text(" ").split()) <= _FRAME_WORDS * pictures


def _lines(pieces: list[_Piece | None]) -> Iterator[Line]:
    """Yield a run's text as lines: parted at double breaks, and at single ones where a paragraph ends."""
    paragraph: list[_Piece] = []
    before = ""
    for line in _split(pieces):
        text = tidy("".join(piece for piece, _ in line))
        if paragraph and text and _begins_anew(before, text):
            yield _line(paragraph)
            paragraph = []
        if text:
            paragraph += [(" ", line[0][1]), *line]
        before = text
    if paragraph:
        yield _line(paragraph)


def _split(pieces: list[_Piece | None]) -> Iterator[list[_Piece]]:
    line: list[_Piece] = []
    for piece in pieces:
        if piece is None:
            yield line
            line = []
        else:
            line.append(piece)
    yield line


def _begins_anew(before: str, text: str) -> bool:
    """Tell whether a line is a new paragraph: after a blank line, as an item, or after a full stop."""
    if not before or _ITEM.match(text):
        return True
    return before.endswith(_ENDS_SENTENCE) and not text[0].islower()


def _line(pieces: list[_Piece]) -> Line:
    first = next(style for text, style in pieces if not text.isspace())
    worded = [style for text, style in pieces if any(char.isalnum() for char in text)]
    style = replace(
        first,
        bold=all(style.bold for style in worded),
        italic=all(style.italic for style in worded),
        linked=all(style.linked for style in worded),
    )
    return Line(tidy("".join(text for text, _ in pieces)), style)
