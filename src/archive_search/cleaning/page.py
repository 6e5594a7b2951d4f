"""From a capture to an article: the parts of its page found, read and put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urldefrag

from bs4 import BeautifulSoup, Tag

from archive_search import identity, markup
from archive_search.cleaning import generic, head, links
from archive_search.cleaning.blocks import Body, make_body
from archive_search.cleaning.byline import is_account
from archive_search.cleaning.dates import date_in, formatted_date_in
from archive_search.cleaning.elements import text_of
from archive_search.cleaning.reading import Line, Picture, Reading, read
from archive_search.cleaning.text import letters_of
from archive_search.errors import PageUnreadable
from archive_search.portals import Profile, Selectors
from archive_search.records import Article, Attachment, BlockKind, Capture

__all__ = ["clean"]

# What servers write in place of a page while they answer 200, in few words.
_NO_PAGE = re.compile(
    r"^(http |error |lỗi )*(40[0-9]|50[0-9])\b(?!/)|not found|không tìm thấy|không tồn tại"
    r"|access denied|request rejected|forbidden|đang bảo trì|\berror\b|^lỗi\b",
    re.IGNORECASE,
)
_NO_PAGE_WORDS = 60
_CHALLENGE = re.compile(
    r"_Incapsula_Resource|cf-browser-verification|document\.cookie\s*=[^<]{0,300}location\.reload"
)
_HEAD_LINES = 4
_DATE_LINE_WORDS = 12
_LEAD_WORDS = 12
_LISTING_LINKS = 3
_LISTING_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What was found on a page, and where; `skip` are the ids of elements that are not of the body."""

    title: str
    roots: Sequence[Tag]
    lead: Tag | None
    published_at: datetime | None
    section: str | None
    author: str
    skip: frozenset[int]


def clean(capture: Capture, profile: Profile) -> Article:
    """Return the article that the captured page holds.

    Raises `PageUnreadable`, with the reason, where it holds none.
    """
    soup = _parsed(capture)
    page = generic.Page(soup)
    select = profile.select
    base = markup.base_url(soup, capture.url)
    parts = _found(page, select, capture.url)
    captions = {id(tag) for tag in _all(soup, select.caption)}
    reading = read(parts.roots, base=base, skip=parts.skip, captions=captions)
    if not select.body and _is_listing(reading):
        raise PageUnreadable(capture.url, "a list of links to other pages")
    items = reading.items if select.body else _without_head(reading.items, parts.title)
    lead = text_of(parts.lead) if parts.lead else ""
    if not lead and not select.lead:
        lead, items = _opening(items, page.declared.description)
    body = make_body(items)
    files = tuple(dict.fromkeys((*reading.attachments, *_selected_files(soup, select, base))))
    # A profile's word for where title and body are makes a notice without text an article all the same.
    is_promised = select.title and select.body
    if not (lead or body.blocks or body.images or files or is_promised):
        raise PageUnreadable(capture.url, "the article's body holds no text, picture or file")
    return _article(profile, urldefrag(capture.url).url, parts, lead or None, body, files)


def _is_listing(reading: Reading) -> bool:
    """Tell whether the text is made of links: an article has paragraphs, a listing has headlines.

    Of 500 articles none has more than one line that is all link, of 200 listings and other pages the
    listings have at least a third of such lines.
    """
    lines = [item for item in reading.items if isinstance(item, Line)]
    files = {file.name for file in reading.attachments}
    links = sum(line.style.linked and line.text not in files for line in lines)
    return links >= _LISTING_LINKS and links >= _LISTING_SHARE * len(lines)


def _article(
    profile: Profile, url: str, parts: _Parts, lead: str | None, body: Body, files: tuple[Attachment, ...]
) -> Article:
    number = profile.article_number(url)
    return Article(
        id=identity.article_id(profile.name, number, url),
        version=identity.article_version(parts.title, lead, parts.published_at, body.blocks),
        portal=profile.name,
        number=number,
        url=url,
        urls=(url,),
        title=parts.title,
        lead=lead,
        published_at=parts.published_at,
        byline=body.byline or parts.author or None,
        section=parts.section,
        blocks=body.blocks,
        images=body.images,
        attachments=files,
    )


def _parsed(capture: Capture) -> BeautifulSoup:
    if capture.status != 200:
        raise PageUnreadable(capture.url, f"HTTP status {capture.status}")
    if not capture.payload:
        raise PageUnreadable(capture.url, "an empty page")
    if not markup.is_html(capture):
        raise PageUnreadable(
            capture.url, f"not HTML but {capture.header('Content-Type') or 'something else'}"
        )
    found = markup.decoded(capture)
    if found.doubtful:
        raise PageUnreadable(capture.url, "its character set cannot be told")
    text = found.text
    start = text[:1000].lower()
    if "<" not in text or (start.lstrip().startswith("<?xml") and "<html" not in start):
        raise PageUnreadable(
            capture.url, "not HTML, although it says so" if text.strip() else "an empty page"
        )
    soup = markup.parse(capture)
    seen = text_of(soup).split()
    if len(seen) <= _NO_PAGE_WORDS:
        _refuse_substitutes(capture.url, soup, " ".join(seen), text)
    return soup


def _refuse_substitutes(url: str, soup: BeautifulSoup, seen: str, text: str) -> None:
    """Raise `PageUnreadable` where few words are shown because they are not the page."""
    if _CHALLENGE.search(text):
        raise PageUnreadable(url, "a check for browsers stands in for the page")
    title = text_of(soup.title) if soup.title else ""
    if match := _NO_PAGE.search(title) or _NO_PAGE.match(seen):
        raise PageUnreadable(url, f"an error page ({match[0]!r})")
    if not seen:
        raise PageUnreadable(url, "the page shows no text")


def _found(page: generic.Page, select: Selectors, url: str) -> _Parts:
    """Return the page's parts, by the profile's selectors and where it has none by the generic rules."""
    soup = page.soup
    title, title_tag = _title(page, select)
    if not title:
        raise PageUnreadable(url, f"no title{_looked_for(select.title)}")
    roots = _outermost(_first(soup, select.body)) if select.body else generic.find_body(page, title_tag)
    if not roots:
        raise PageUnreadable(url, f"no article body{_looked_for(select.body)}")
    lead = _first_tag(soup, select.lead) if select.lead else head.find_lead(page, roots, title_tag)
    published_at, date_tag = _date(page, select, roots, title_tag)
    bylines = _first(soup, select.byline)
    skip = {id(tag) for tag in (*_all(soup, select.drop), *bylines)}
    skip |= {id(tag) for tag in (lead, date_tag) if tag}
    if not select.body:
        skip |= generic.foreign_to(page, roots, title_tag)
    section = _selected_text(soup, select.section) if select.section else head.find_section(page, title)
    return _Parts(
        title=title,
        roots=roots,
        lead=lead,
        published_at=published_at,
        section=section or None,
        author=_author(bylines, page, select),
        skip=frozenset(skip),
    )


def _title(page: generic.Page, select: Selectors) -> tuple[str, Tag | None]:
    if not select.title:
        return generic.find_title(page)
    tag = _first_tag(page.soup, select.title)
    return (text_of(tag) if tag else "", tag)


def _date(
    page: generic.Page, select: Selectors, roots: Sequence[Tag], title: Tag | None
) -> tuple[datetime | None, Tag | None]:
    if not select.date:
        return head.find_date(page, roots, title)
    tag = _first_tag(page.soup, select.date)
    text = text_of(tag) if tag else ""
    return formatted_date_in(text, select.date_formats) or date_in(text), tag


def _author(bylines: Iterable[Tag], page: generic.Page, select: Selectors) -> str:
    """Return the writer named outside the text; an account of the portal's staff is none."""
    names = [text_of(tag) for tag in bylines] if select.byline else [head.find_author(page) or ""]
    return ", ".join(name for name in names if name and not is_account(name))


def _first(soup: BeautifulSoup, selectors: Iterable[str]) -> list[Tag]:
    """Return all that the first selector with any match matches."""
    return next((found for found in map(soup.select, selectors) if found), [])


def _first_tag(soup: BeautifulSoup, selectors: Iterable[str]) -> Tag | None:
    """Return the first match with text, of the first selector with any."""
    return next((tag for tag in _first(soup, selectors) if text_of(tag)), None)


def _all(soup: BeautifulSoup, selectors: Iterable[str]) -> list[Tag]:
    return [tag for selector in selectors for tag in soup.select(selector)]


def _outermost(tags: list[Tag]) -> list[Tag]:
    chosen = {id(tag) for tag in tags}
    return [tag for tag in tags if not any(id(outer) in chosen for outer in tag.parents)]


def _selected_text(soup: BeautifulSoup, selectors: Iterable[str]) -> str:
    tag = _first_tag(soup, selectors)
    return text_of(tag) if tag else ""


def _selected_files(soup: BeautifulSoup, select: Selectors, base: str) -> list[Attachment]:
    found = _all(soup, select.attachment)
    anchors = [a for tag in found for a in ([tag] if tag.name == "a" else tag.find_all("a", href=True))]
    files = (links.attachment(anchor, base, whatever=True) for anchor in anchors)
    return [file for file in files if file]


def _looked_for(selectors: Sequence[str]) -> str:
    return f": nothing matches {', '.join(selectors)}" if selectors else ""


def _without_head(items: Sequence[Line | Picture], title: str) -> Sequence[Line | Picture]:
    """Return the items without those lines at the head that repeat the title or only tell the date."""
    repeated = {
        place
        for place, item in enumerate(items[:_HEAD_LINES])
        if isinstance(item, Line) and (_repeats(item, title) or _only_dates(item.text))
    }
    return [item for place, item in enumerate(items) if place not in repeated]


def _repeats(line: Line, title: str) -> bool:
    return line.style.kind is BlockKind.HEADING and letters_of(line.text) == letters_of(title)


def _only_dates(text: str) -> bool:
    return len(text.split()) <= _DATE_LINE_WORDS and date_in(text) is not None


def _opening(items: Sequence[Line | Picture], description: str) -> tuple[str, Sequence[Line | Picture]]:
    """Return the first line as the lead, if it is set as one, and the rest.

    It is if it is bold, or the page's whole description. A description that a CMS has cut from the text
    ends in the middle of it, and proves nothing.
    """
    lines = [item for item in items if isinstance(item, Line) and not is_account(item.text)]
    if len(lines) < 2 or lines[0].style.kind is not BlockKind.PARAGRAPH:
        return "", items
    first = lines[0]
    is_bold = first.style.bold and not lines[1].style.bold and len(first.text.split()) >= _LEAD_WORDS
    if not is_bold and letters_of(first.text) != letters_of(description):
        return "", items
    return first.text, [item for item in items if item is not first]
