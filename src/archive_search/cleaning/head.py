"""What stands around the head of an article that no profile describes: lead, date, section, writer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bs4 import Tag

from archive_search.cleaning.byline import AUTHOR_CLASS, are_names
from archive_search.cleaning.dates import date_in, iso_date_in
from archive_search.cleaning.elements import classes_of, text_of
from archive_search.cleaning.generic import LEAD_CLASS, Page
from archive_search.cleaning.outline import Node
from archive_search.cleaning.text import letters_of

__all__ = ["find_author", "find_date", "find_lead", "find_section"]

_LEAD_WORDS = range(6, 151)
_LEAD_WITHIN_CHARS = 300

_DATE_CLASS = re.compile(r"date|time|ngay|publish|meta|created|posted")
_DATE_LABEL = re.compile(
    r"ngày (đăng|viết|tạo|xuất bản|cập nhật)|đăng (ngày|lúc)|cập nhật|xuất bản|publish|posted", re.IGNORECASE
)
_DATE_WORDS = 25
# A page's head, where today's date stands, is farther above the title than its own date.
_DATE_BLOCKS = 15
_NO_DATE = 3

_PATH_CLASS = re.compile(r"bread-?crumb|path-?way|site-?path|duong-?dan")
_HOME_WORDS = frozenset(("trang chủ", "trang nhất", "home", "trangchủ"))


def find_lead(page: Page, roots: Sequence[Tag], title: Tag | None) -> Tag | None:
    """Return the element that its class calls a lead, if it stands at the head of the body."""
    body = max(map(page.outline.block_of, roots), key=lambda root: root.total)
    for tag in _scope(page, body, title).tag.find_all(class_=LEAD_CLASS):
        node = page.outline.block_of(tag)
        if node.trapped or node.holds(body) or len(text_of(tag).split()) not in _LEAD_WORDS:
            continue
        if node.place < body.place or (
            body.holds(node) and _chars_before(page, body, node) <= _LEAD_WITHIN_CHARS
        ):
            return tag
    return None


def _scope(page: Page, first: Node, title: Tag | None) -> Node:
    """Return the smallest block that holds title and body; around a body without title, its parent."""
    heading = page.outline.block_of(title) if title else None
    if heading is None:
        return first.parent or first
    return next(outer for outer in first.and_around() if outer.holds(heading))


def _chars_before(page: Page, first: Node, node: Node) -> int:
    return sum(before.chars for before in page.outline.nodes[first.place : node.place])


def find_date(page: Page, roots: Sequence[Tag], title: Tag | None) -> tuple[datetime | None, Tag | None]:
    """Return the date of publication and the element that prints it, if it prints nothing else.

    What the page declares comes first; then a date near the title, the better if it is labelled, and
    never one beside a link to another article.
    """
    if page.declared.published_at:
        return page.declared.published_at, None
    bodies = [page.outline.block_of(root) for root in roots]
    scope = _scope(page, bodies[0], title)
    start = page.outline.block_of(title).place if title else scope.place
    just_above = page.outline.nodes[max(0, start - _DATE_BLOCKS) : start]
    for nodes in (page.outline.within(scope), reversed(just_above)):
        found = [(_date_rank(node, bodies), node) for node in nodes if _may_date(node, scope)]
        for rank, node in sorted(found, key=lambda pair: pair[0]):
            if rank < _NO_DATE and (date := _date_of(node)):
                return date, node.tag if node.is_leaf else None
    return None, None


def _may_date(node: Node, scope: Node) -> bool:
    if not node.chars or len(node.pieces) > 200 or len(node.text.split()) > _DATE_WORDS:
        return False
    return _date_of(node) is not None and not _beside_links(node, scope)


def _date_of(node: Node) -> datetime | None:
    moment = node.tag if node.tag.name == "time" else node.tag.find("time", datetime=True)
    stated = iso_date_in(str(moment["datetime"])) if moment and moment.get("datetime") else None
    return stated or date_in(node.text) or iso_date_in(node.text)


def _beside_links(node: Node, scope: Node) -> bool:
    """Tell whether the block, or an item around it, is mostly a link: it dates what the link leads to."""
    for outer in node.and_around():
        if outer is scope:
            return False
        if outer.links and outer.link_share > 0.5:
            return True
    return False


def _date_rank(node: Node, bodies: Sequence[Node]) -> int:
    """Return 0 for a date that is labelled, 1 for one of a fitting class, 2 for others; 3 is no date."""
    inside = next((body for body in bodies if body.holds(node)), None)
    if _DATE_LABEL.search(node.text):
        return 0
    names = f"{classes_of(node.tag)} {classes_of(node.tag.parent) if node.tag.parent else ''}"
    if _DATE_CLASS.search(names):
        return 1
    return 2 if inside is None else _NO_DATE


def find_section(page: Page, title: str) -> str | None:
    """Return the section: as declared, else the last step of the path that leads to the article."""
    if page.declared.section:
        return page.declared.section
    path = page.soup.find(class_=_PATH_CLASS) or page.soup.find(id=_PATH_CLASS)
    steps = [text_of(step) for step in path.find_all(["a", "li", "span"])] if isinstance(path, Tag) else []
    named = [step for step in steps if step and step.lower() not in _HOME_WORDS and step != title]
    return named[-1] if named else None


def find_author(page: Page) -> str | None:
    """Return the writer whom the page declares or prints beside the title; the site itself is none."""
    site = letters_of(page.declared.page_title)
    printed = (
        tag for tag in page.soup.find_all(class_=AUTHOR_CLASS) if not page.outline.block_of(tag).trapped
    )
    names = (page.declared.author, *map(text_of, printed))
    return next((name for name in names if are_names(name) and letters_of(name) not in site), None)
