"""What a page says of itself to machines: meta elements, JSON-LD, microdata."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup, Tag

from archive_search.cleaning.dates import date_in, iso_date_in
from archive_search.cleaning.elements import text_of
from archive_search.cleaning.text import tidy

__all__ = ["Metadata", "read_metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The title, description, date, section and author that a page declares; empty where it does not.

    `page_title` is the `<title>`, which often has the section and the site appended.
    """

    page_title: str
    title: str
    description: str
    published_at: datetime | None
    section: str
    author: str


# Names of meta elements, the most trustworthy first; in lower case, as `name`, `property` or `itemprop`.
_TITLE = ("og:title", "twitter:title", "dc.title", "dcterms.title")
_DESCRIPTION = ("og:description", "description", "twitter:description", "dc.description")
_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "og:published_time",
    "pubdate",
    "publishdate",
    "publish-date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
)
_SECTION = ("article:section",)
_AUTHOR = ("author", "article:author", "dc.creator")


def read_metadata(soup: BeautifulSoup) -> Metadata:
    """Return what the page declares. Of several declarations the first that says anything counts."""
    metas = _metas(soup)
    linked = _linked_data(soup)

    def declared(names: tuple[str, ...], key: str) -> str:
        found = (metas.get(name, "") for name in names)
        return next(filter(None, found), "") or _text(linked.get(key))

    return Metadata(
        page_title=text_of(soup.title) if soup.title else "",
        title=declared(_TITLE, "headline"),
        description=declared(_DESCRIPTION, "description"),
        published_at=_date(declared(_PUBLISHED, "datePublished")) or _time_element(soup),
        section=declared(_SECTION, "articleSection"),
        author=declared(_AUTHOR, "author"),
    )


def _metas(soup: BeautifulSoup) -> dict[str, str]:
    values: dict[str, str] = {}
    for meta in soup.find_all("meta", content=True):
        name = str(meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        values.setdefault(name, tidy(str(meta["content"])))
    return values


_ARTICLES = ("Article", "NewsArticle", "BlogPosting", "Report", "WebPage")


def _linked_data(soup: BeautifulSoup) -> dict[str, Any]:
    """Return the first JSON-LD object that describes an article, else the page, else nothing."""
    objects = [
        thing
        for script in soup.find_all("script", type="application/ld+json")
        for thing in _objects(_json(script.get_text()))
    ]
    kinds = [(kind, thing) for thing in objects for kind in _as_list(thing.get("@type"))]
    return next((thing for wanted in _ARTICLES for kind, thing in kinds if kind == wanted), {})


def _json(text: str) -> Any:
    try:
        # Portals put line breaks into JSON strings, which only the lenient mode reads.
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for thing in _as_list(value):
        if isinstance(thing, dict):
            yield thing
            yield from (inner for inner in _as_list(thing.get("@graph")) if isinstance(inner, dict))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    first = _as_list(value)[0] if value else ""
    return tidy(str(first.get("name", "") if isinstance(first, dict) else first))


def _date(text: str) -> datetime | None:
    return iso_date_in(text) or date_in(text)


def _time_element(soup: BeautifulSoup) -> datetime | None:
    """Return the date of an element marked as the date of publication."""
    for tag in soup.find_all(itemprop="datePublished"):
        if date := _date(_moment(tag)):
            return date
    return None


def _moment(tag: Tag) -> str:
    return str(tag.get("datetime") or tag.get("content") or tag.get("title") or text_of(tag))
