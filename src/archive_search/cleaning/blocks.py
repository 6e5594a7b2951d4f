"""From lines and pictures to blocks: what each line is for its reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from archive_search import identity
from archive_search.cleaning.byline import are_names, find_byline, is_labelled
from archive_search.cleaning.reading import Line, Picture
from archive_search.records import Block, BlockKind, Image

__all__ = ["Body", "make_body"]

Item = Line | Picture

# Longer text is a paragraph, however it is set.
_CAPTION_WORDS = 60
_LABEL_WORDS = 30
_HEADING_WORDS = 40
_BOLD_HEADING_WORDS = 25
# A heading may end in a full stop, and a sentence may be bold: length tells them apart.
_SENTENCE_WORDS = 12
_CREDIT = re.compile(
    r"(^|[(\[.\s])(ảnh|hình|hình ảnh|photo|nguồn)( minh h[oọ]a)?\s*(:|minh h[oọ]a)[^.]{0,60}[.)\]]*$",
    re.IGNORECASE,
)
_PHOTO = re.compile(r"\W{0,2}(ảnh|hình|nguồn)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The blocks, pictures and byline of an article."""

    blocks: tuple[Block, ...]
    images: tuple[Image, ...]
    byline: str | None


def make_body(items: Sequence[Item]) -> Body:
    """Return what the lines and pictures are: headings, captions, the byline, paragraphs."""
    items = _with_captions(items)
    byline, taken = find_byline(items)
    items = _with_headings([item for place, item in enumerate(items) if place not in taken])
    blocks = identity.identified((item.style.kind, item.text) for item in items if isinstance(item, Line))
    return Body(blocks=blocks, images=tuple(_images(items, blocks)), byline=byline)


def _as(kind: BlockKind, line: Line) -> Line:
    return Line(line.text, replace(line.style, kind=kind))


def _with_captions(items: Sequence[Item]) -> list[Item]:
    """Return the items with the lines that describe a picture turned into captions.

    A caption that the page cuts in two is put together again, since its verb may stand in the second half.
    """
    result: list[Item] = []
    for item in items:
        before = result[-1] if result else None
        if isinstance(item, Picture):
            result.append(item)
            continue
        line = _as_caption(item, before)
        if line is not item and isinstance(before, Line) and _is_rest_of(before, line):
            result[-1] = Line(f"{before.text} {line.text}", before.style)
        else:
            result.append(line)
    return result


def _as_caption(line: Line, before: Item | None) -> Line:
    words = len(line.text.split())
    if line.style.kind is BlockKind.CAPTION:
        # A layout may wrap the whole article in what is called a caption.
        return line if words <= 3 * _CAPTION_WORDS else _as(BlockKind.PARAGRAPH, line)
    if line.style.kind is not BlockKind.PARAGRAPH or words > _CAPTION_WORDS:
        return line
    return _as(BlockKind.CAPTION, line) if _is_caption(line, before) else line


def _is_caption(line: Line, before: Item | None) -> bool:
    style, text = line.style, line.text
    if not any(map(str.isalnum, text)) or style.align == "right":
        return False
    if is_labelled(text) and not _PHOTO.match(text):
        return False
    set_apart = style.align == "center" or style.italic
    if isinstance(before, Picture) and not before.floats:
        return (set_apart and not _is_banner(line)) or bool(_CREDIT.search(text)) or _is_label(line)
    if isinstance(before, Line) and before.style.kind is BlockKind.CAPTION:
        return set_apart and bool(_PHOTO.match(text) or text[0].islower())
    return style.align == "center" and bool(_CREDIT.search(text))


def _is_rest_of(before: Line, line: Line) -> bool:
    captions = before.style.kind is line.style.kind is BlockKind.CAPTION
    return captions and line.text[0].islower() and before.text[-1] not in ".!?)"


def _is_label(line: Line) -> bool:
    """Tell whether a plain line is neither sentence nor heading nor name, so that it labels a picture."""
    style, text = line.style, line.text
    ended = text.endswith((".", "!", "?", ":", ";", "…", ","))
    return not (ended or style.bold or style.linked or are_names(text)) and len(text.split()) <= _LABEL_WORDS


def _is_banner(line: Line) -> bool:
    return line.style.bold and line.text.isupper()


def _with_headings(items: Sequence[Item]) -> list[Item]:
    """Return the items with short bold lines that head something turned into headings.

    Where most lines are bold, boldness says nothing.
    """
    lines = [item for item in items if isinstance(item, Line)]
    bold_heads = sum(line.style.bold for line in lines) * 2 <= len(lines)
    result: list[Item] = []
    for place, item in enumerate(items):
        if isinstance(item, Line):
            heads = any(isinstance(later, Line) for later in items[place + 1 : place + 4])
            item = _as_heading(item, bold_heads=bold_heads and heads)
        result.append(item)
    return result


def _as_heading(line: Line, *, bold_heads: bool) -> Line:
    words = len(line.text.split())
    if line.style.kind is BlockKind.HEADING:
        return _as(BlockKind.PARAGRAPH, line) if words > _HEADING_WORDS or _is_sentence(line) else line
    is_head = (
        bold_heads
        and line.style.kind is BlockKind.PARAGRAPH
        and line.style.bold
        and words <= _BOLD_HEADING_WORDS
        and not line.text.endswith((",", ";"))
        and not _is_sentence(line)
        and any(char.isalpha() for char in line.text)
    )
    return _as(BlockKind.HEADING, line) if is_head else line


def _is_sentence(line: Line) -> bool:
    return line.text.endswith(".") and len(line.text.split()) > _SENTENCE_WORDS


def _images(items: Sequence[Item], blocks: Sequence[Block]) -> Iterable[Image]:
    """Yield the pictures, each with its caption: of those side by side the nth, else the last, has it."""
    block = iter(blocks)
    pictures: list[Picture] = []
    captions: list[str] = []
    for item in items:
        if isinstance(item, Picture):
            if captions or (pictures and pictures[-1].floats):
                yield from _captioned(pictures, captions)
                pictures, captions = [], []
            pictures.append(item)
            continue
        made = next(block)
        if made.kind is BlockKind.CAPTION:
            captions.append(made.id)
        else:
            yield from _captioned(pictures, captions)
            pictures, captions = [], []
    yield from _captioned(pictures, captions)


def _captioned(pictures: Sequence[Picture], captions: Sequence[str]) -> Iterable[Image]:
    for place, picture in enumerate(pictures):
        caption = captions[min(place, len(captions) - 1)] if captions else None
        yield Image(url=picture.url, alt=picture.alt, caption=caption)
