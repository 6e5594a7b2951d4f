"""Where an article's parts are on a page that no profile describes.

The body is where the paragraphs are: text scores for the elements around it, links and the trappings of
a page do not (the idea is Readability's). The rest is looked for around its head, in `head`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from bs4 import BeautifulSoup, Tag

from archive_search.cleaning.dates import date_in
from archive_search.cleaning.elements import classes_of
from archive_search.cleaning.metadata import Metadata, read_metadata
from archive_search.cleaning.outline import Node, Outline, make_outline
from archive_search.cleaning.text import letters_of

__all__ = ["LEAD_CLASS", "Page", "find_body", "find_title", "foreign_to"]

_SEPARATOR = re.compile(r"(\s+[-–—|:»·]+\s+|\s*\|\s*)")
_TITLE_CLASS = re.compile(r"title|headline|tieu-?de")
# Headings in the order in which they are believed; an element with a class of titles is second.
_HEADINGS = {"h1": 0, "h2": 2, "h3": 3}
_NO_HEADING = 4
_HOME = re.compile(r"(https?://[^/]+)?/?(index\.\w+|vi/?|trang-chu\S*)?")
_MIN_TITLE_WORDS = 3

# Shorter texts are labels and links as often as sentences.
_MIN_CHARS = 25
# An element scores for text this far below it.
_REACH = 6
_HEAD_CHARS = 300
_DATE_LINE_WORDS = 12
_PROMISING = re.compile(r"article|body|content|detail|entry|post|story|noi-?dung|bai-?viet|chi-?tiet|journal")
_PROMISE = 1.2
# Each element that the title must be left for makes a body less likely to be that title's.
_FARTHER = 0.85
_BEFORE_TITLE = 0.3
_SIBLING_SHARE = 0.2
_SIBLING_CHARS = 80
_SIBLING_LINKS = 0.3
_EXTRA_LINKS = 0.2

LEAD_CLASS = re.compile(
    r"(?<![a-z])(sapo|lead|chapp?eau|standfirst|home-?text|tom-?tat|trich-?(dan|yeu)|summary|teaser|intro(text)?"
    r"|description|descriptions|desc|lv_description\w*|abstract|excerpt)(?![a-z])"
)
_LEAD_CHARS = 1200
# A lead is no body, unless there is nothing else.
_LEAD_WEIGHT = 0.25

_LIST_TAGS = frozenset(("ul", "ol", "dl", "table", "div", "section", "nav"))
_LIST_LINKS = 3
_LIST_SHARE = 0.7
_BOILERPLATE = re.compile(
    r"((số )?(lượt|người) (xem|truy cập|đọc)|view count)\b.*"
    r"|(in|in (trang|bài|ra)( này| viết)?|bản in|print|chia sẻ|share|like|tweet|bình luận|từ khó?a|tags?"
    r"|gửi (e?mail|bài viết|tin|cho bạn bè|ý kiến|bình luận)|quay lại|về đầu trang|trở về|(xem|đọc) thêm"
    r"|(các |những )?(tin|bài)( viết)? (liên quan|khác|cùng chuyên mục|(mới|cũ)( hơn| nhất)?|đã đưa))\W*",
    re.IGNORECASE,
)
_BOILERPLATE_WORDS = 8


class Page:
    """A page under the generic rules; what they all need is worked out once, when first asked for."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self.soup = soup

    @cached_property
    def outline(self) -> Outline:
        """The page's blocks, sized and scored."""
        return make_outline(self.soup)

    @cached_property
    def declared(self) -> Metadata:
        """What the page declares of itself."""
        return read_metadata(self.soup)


def find_title(page: Page) -> tuple[str, Tag | None]:
    """Return the title and the element that prints it: what page and `<title>` agree on, else a heading."""
    declared = page.declared
    printed = _printed(page.outline)
    for letters in _candidates(declared.title, declared.page_title):
        if node := printed.get(letters):
            return node.text, node.tag
    heading = _heading_above(page.outline, find_body(page, None))
    return (heading.text, heading.tag) if heading else (declared.title or declared.page_title, None)


def _heading_above(outline: Outline, roots: Sequence[Tag]) -> Node | None:
    """Return the last heading before the first paragraph of the body."""
    body = outline.within(outline.block_of(roots[0]))
    start = next((node.place for node in body if _is_paragraph(node)), body[0].place)
    above = [
        node
        for node in _headings(outline)
        if node.place < start and node.link_share < 0.5 and len(node.text.split()) >= _MIN_TITLE_WORDS
    ]
    return max(above, key=lambda node: node.place, default=None)


def _is_paragraph(node: Node) -> bool:
    return node.chars - node.link_chars >= _SIBLING_CHARS and _heading_rank(node) == _NO_HEADING


def _printed(outline: Outline) -> dict[str, Node]:
    """Return the blocks by their letters, headings before others."""
    printed: dict[str, Node] = {}
    for node in (*_headings(outline), *outline.nodes):
        if not node.trapped and not _leads_home(node) and node.chars:
            printed.setdefault(letters_of(node.text), node)
    return printed


def _headings(outline: Outline) -> list[Node]:
    headings = [node for node in outline.nodes if not node.trapped and _heading_rank(node) < _NO_HEADING]
    return sorted(headings, key=_heading_rank)


def _heading_rank(node: Node) -> int:
    if node.tag.name in _HEADINGS:
        return _HEADINGS[node.tag.name]
    return 1 if _TITLE_CLASS.search(classes_of(node.tag)) else _NO_HEADING


def _leads_home(node: Node) -> bool:
    link = node.tag.find("a", href=True) if node.links else None
    return link is not None and bool(_HOME.fullmatch(str(link["href"])))


def _candidates(*declared: str) -> Iterator[str]:
    """Yield, as letters, what may be the title of "Title - Section - Site": beginnings first, then ends."""
    for forwards in (True, False):
        for text in declared:
            parts = _SEPARATOR.split(text)
            for count in range(len(parts), 0, -2):
                part = parts[:count] if forwards else parts[-count:]
                if letters := letters_of("".join(part)):
                    yield letters


def find_body(page: Page, title: Tag | None) -> list[Tag]:
    """Return the elements that hold the article's text: the best one, and what belongs to it beside it."""
    nodes = page.outline.nodes
    heading = page.outline.block_of(title) if title else None
    scores = _scores(page.outline, heading)
    if not scores:
        return [heading.parent.tag] if heading and heading.parent else [nodes[0].tag]
    best = nodes[max(scores, key=lambda place: _value(nodes[place], scores[place], heading))]
    whole = _widened(best, heading)
    start = heading.place if heading else 0
    least = _SIBLING_SHARE * scores[whole.place]
    beside = [node for node in nodes if node.parent is whole.parent and node.place > start]
    chosen = [node for node in beside if node is whole or _belongs(node, whole, scores, least)]
    return [node.tag for node in chosen] or [whole.tag]


def _widened(best: Node, heading: Node | None) -> Node:
    """Return the largest block around the best one that adds text to it, and neither title nor links."""
    for outer in best.and_around():
        more = outer.total - best.total
        more_links = outer.total_link_chars - best.total_link_chars
        beyond = outer.holds(heading) if heading else more > _SIBLING_SHARE * best.total
        if outer.parent is None or outer.trapped or beyond or more_links > _EXTRA_LINKS * more:
            break
        best = outer
    return best


def _scores(outline: Outline, heading: Node | None) -> dict[int, float]:
    """Let each block of plain text score for itself and, less and less, for the blocks around it."""
    title = letters_of(heading.text) if heading else ""
    scores: dict[int, float] = defaultdict(float)
    for node in outline.nodes:
        plain = node.chars - node.link_chars
        if node.trapped or plain < _MIN_CHARS or node.link_chars > plain or _is_head(node, title):
            continue
        weight = _LEAD_WEIGHT if _is_lead(node) else 1
        for distance, outer in zip(range(_REACH), node.and_around(), strict=False):
            scores[outer.place] += weight * plain / max(1, distance)
    return scores


def _is_head(node: Node, title: str) -> bool:
    """Tell whether the block only repeats the title, or tells the date."""
    if node.chars > _HEAD_CHARS:
        return False
    text = node.text
    return letters_of(text) == title or (len(text.split()) <= _DATE_LINE_WORDS and date_in(text) is not None)


def _is_lead(node: Node) -> bool:
    """Tell whether the block, or a small one around it, is called a lead."""
    around = (node, node.parent) if node.parent else (node,)
    return any(outer.total <= _LEAD_CHARS and LEAD_CLASS.search(classes_of(outer.tag)) for outer in around)


def _value(node: Node, score: float, heading: Node | None) -> float:
    value = score * (1 - node.link_share)
    if _PROMISING.search(classes_of(node.tag)):
        value *= _PROMISE
    if heading is None:
        return value
    steps = next(step for step, outer in enumerate(heading.and_around()) if outer.holds(node))
    return value * _FARTHER**steps * (_BEFORE_TITLE if node.last < heading.place else 1)


def _belongs(node: Node, body: Node, scores: Mapping[int, float], least: float) -> bool:
    """Tell whether a block beside the body is of it: it scores well, is a paragraph, or a picture on top."""
    if node.trapped or node.link_share > _SIBLING_LINKS:
        return False
    if node.place < body.place and node.tag.find("figcaption"):
        return True
    return scores.get(node.place, 0) >= least or node.chars - node.link_chars >= _SIBLING_CHARS


def foreign_to(page: Page, roots: Sequence[Tag], title: Tag | None) -> set[int]:
    """Return the ids of elements within the body that are none of its text: links, tools, the title."""
    foreign = {id(title)} if title and page.outline.block_of(title).is_leaf else set()
    for root in map(page.outline.block_of, roots):
        for node in page.outline.within(root)[1:]:
            if (node.trapped and not root.trapped) or _is_link_list(node) or _is_boilerplate(node):
                foreign.add(id(node.tag))
    return foreign


def _is_link_list(node: Node) -> bool:
    return node.tag.name in _LIST_TAGS and node.links >= _LIST_LINKS and node.link_share >= _LIST_SHARE


def _is_boilerplate(node: Node) -> bool:
    text = node.text
    short = node.is_leaf and len(text.split()) <= _BOILERPLATE_WORDS
    return short and bool(_BOILERPLATE.fullmatch(text))
