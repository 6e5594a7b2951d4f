"""What HTML elements are to a reader: blocks, breaks, things that are not text; and an element's text."""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import Tag
from bs4.element import NavigableString

from archive_search.cleaning.text import tidy

__all__ = ["BLOCKS", "UNSEEN", "classes_of", "is_text", "text_of"]

BLOCKS = frozenset(
    (
        *(
            "body",
            "main",
            "article",
            "section",
            "header",
            "footer",
            "nav",
            "aside",
            "div",
            "form",
            "fieldset",
        ),
        *("p", "pre", "blockquote", "address", "center", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "hgroup"),
        *("ul", "ol", "li", "dl", "dt", "dd", "menu", "figure", "figcaption", "details", "summary", "dialog"),
        *("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "legend"),
    )
)
"""Elements that begin on a line of their own."""

UNSEEN = frozenset(
    (
        *("head", "title", "script", "style", "noscript", "template"),
        *("button", "input", "select", "optgroup", "option", "textarea"),
        *("audio", "video", "canvas", "svg", "map", "iframe", "object", "embed"),
    )
)
"""Elements whose content is no text of a page: code, controls, media and their substitutes."""


def is_text(node: object) -> bool:
    """Tell whether a node is text; comments, scripts and style sheets are strings of other types."""
    return type(node) is NavigableString


def classes_of(tag: Tag) -> str:
    """Return the element's class names, in lower case, separated by spaces."""
    names = tag.get("class") or ()
    return (names if isinstance(names, str) else " ".join(names)).lower()


def text_of(tag: Tag) -> str:
    """Return the element's text on one line: words are divided by blocks and breaks, not by inline tags."""
    return tidy("".join(_pieces(tag)))


def _pieces(tag: Tag) -> Iterator[str]:
    stack: list[tuple[Iterator[object], bool]] = [(iter(tag.contents), False)]
    while stack:
        children, is_block = stack[-1]
        node = next(children, None)
        if node is None:
            stack.pop()
            yield " " if is_block else ""
        elif isinstance(node, Tag):
            if node.name not in UNSEEN:
                divides = node.name in BLOCKS or node.name == "br"
                yield " " if divides else ""
                stack.append((iter(node.contents), divides))
        elif is_text(node):
            yield str(node)
