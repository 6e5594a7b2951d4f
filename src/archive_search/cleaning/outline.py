"""A page's blocks as a light tree: how much text and how many links each element holds.

One walk over the page serves all generic rules, which ask for sizes and places again and again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, Tag

from archive_search.cleaning.elements import BLOCKS, UNSEEN, classes_of, is_text
from archive_search.cleaning.links import leads_to_file
from archive_search.cleaning.text import tidy

__all__ = ["Node", "Outline", "make_outline"]

# Parts of a page that are not its article: elements, and the words that class names and ids are made of.
_TRAPPING_TAGS = frozenset(("nav", "aside", "footer", "menu"))
_TRAPPINGS = re.compile(
    r"(?<![a-z])(comments?|binh-?luan|related\w*|lien-?quan|tin-?(khac|cu|moi)|other-?(news|title|posts?)"
    r"|sidebar|menu|nav|navbar|navigation|footer|breadcrumbs?|copyright|pagination|pager)(?![a-z])"
)
# Words that themes also give to the element around an article ("elementor-widget").
_MAYBE_TRAPPINGS = re.compile(
    r"(?<![a-z])(widget|shar(e|ing)|socials?|tags|tag-?(list|cloud)|keywords?|newsletter|subscribe|advert\w*"
    r"|ads?|banner|cookies?|popup|modal|log-?in|toolbar|rating|votes?|polls?|survey|binh-?chon|promo"
    r"|sponsor\w*|hotline|weather)(?![a-z])"
)


@dataclass(slots=True, eq=False)
class Node:
    """A block element: what stands directly in it, and in all that it holds (`total`).

    `place` is its number in document order and `last` that of the last block in it; `trapped` says that
    it is, or is in, a part of the page that is not its article.
    """

    tag: Tag
    parent: Node | None
    place: int
    pieces: list[str] = field(default_factory=list)
    chars: int = 0
    link_chars: int = 0
    total: int = 0
    total_link_chars: int = 0
    links: int = 0
    last: int = 0
    trapped: bool = False

    @property
    def text(self) -> str:
        """The text that stands directly in the element, links included."""
        return tidy("".join(self.pieces))

    @property
    def link_share(self) -> float:
        """The part of the element's text that is links, from 0 to 1."""
        return self.total_link_chars / self.total if self.total else 0.0

    @property
    def is_leaf(self) -> bool:
        """Whether all of the element's text stands directly in it."""
        return self.total == self.chars

    def holds(self, other: Node) -> bool:
        """Tell whether `other` is this node or within it."""
        return self.place <= other.place <= self.last

    def and_around(self) -> Iterator[Node]:
        """Yield this node and those it stands in, from the inside out."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent


@dataclass(frozen=True, slots=True)
class Outline:
    """The blocks of a page in document order."""

    nodes: tuple[Node, ...]
    by_tag: dict[int, Node]

    def block_of(self, tag: Tag) -> Node:
        """Return the block that is `tag`, or that `tag` stands in."""
        for element in (tag, *tag.parents):
            if node := self.by_tag.get(id(element)):
                return node
        return self.nodes[0]

    def within(self, scope: Node) -> tuple[Node, ...]:
        """Return the blocks in `scope`, itself included, in document order."""
        return self.nodes[scope.place : scope.last + 1]


def make_outline(soup: BeautifulSoup) -> Outline:
    """Return the page's blocks with their sizes."""
    nodes = _measured(soup.body or soup)
    for node in reversed(nodes):
        node.last = max(node.last, node.place)
        node.total += node.chars
        node.total_link_chars += node.link_chars
        if node.parent:
            node.parent.last = max(node.parent.last, node.last)
            node.parent.total += node.total
            node.parent.total_link_chars += node.total_link_chars
            node.parent.links += node.links
    for node in nodes:
        node.trapped = _is_trapped(node, nodes[0].total)
    return Outline(tuple(nodes), {id(node.tag): node for node in nodes})


def _is_trapped(node: Node, page_chars: int) -> bool:
    """Tell whether tag, class, id or surroundings say that `node` is none of the article's.

    An element with much of the page's text is no trapping, whatever it is called ("has-sidebar").
    """
    if node.parent and node.parent.trapped:
        return True
    names = f"{classes_of(node.tag)} {str(node.tag.get('id') or '').lower()}"
    if node.tag.name in _TRAPPING_TAGS or _TRAPPINGS.search(names):
        return 2 * node.total < page_chars
    return bool(_MAYBE_TRAPPINGS.search(names)) and 5 * node.total < page_chars


def _measured(root: Tag) -> list[Node]:
    nodes = [Node(root, None, 0)]
    # Children still to visit, the block they stand in, whether they are within a link.
    stack: list[tuple[Iterator[object], Node, bool]] = [(iter(root.contents), nodes[0], False)]
    while stack:
        children, block, linked = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
        elif isinstance(child, Tag) and child.name not in UNSEEN:
            if child.name in BLOCKS:
                block = Node(child, block, len(nodes))
                nodes.append(block)
            # A link to a file is a part of the text, and not a way to other pages.
            if child.name == "a" and (address := child.get("href")) and not leads_to_file(address):
                block.links += 1
                linked = True
            block.pieces.append(" " if child.name == "br" else "")
            stack.append((iter(child.contents), block, linked))
        elif is_text(child):
            _count(block, str(child), linked)
    return nodes


def _count(block: Node, text: str, linked: bool) -> None:
    chars = len(" ".join(text.split()))
    block.pieces.append(text)
    block.chars += chars
    block.link_chars += chars if linked else 0
