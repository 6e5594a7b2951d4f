"""RSS and Atom feeds, read from the bytes that were captured."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.sax import SAXException

import feedparser

from archive_search.crawler.discover.targets import distinct, named_targets
from archive_search.errors import PageUnreadable
from archive_search.markup import body_bytes
from archive_search.portals import Profile
from archive_search.records import Capture, Target

MAX_BYTES = 4 * 1024 * 1024
"""A feed tells of the newest articles; one larger than this would take half a minute to read."""

# feedparser keeps most faults to itself and tells them; these slip out of it where a feed is mangled.
_SLIPS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, SAXException)


def read(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return the articles of a feed: RSS 0.9 to 2.0, Atom.

    Raises `PageUnreadable` for what is no feed, and for one that leads nowhere.
    """
    feed = _parsed(capture)
    if not feed.get("version") and not feed.entries:
        raise PageUnreadable(capture.url, f"no feed{_fault(feed)}")
    links = [link for entry in feed.entries for link in _links(entry)]
    if feed.entries and not links:
        raise PageUnreadable(capture.url, f"none of the feed's {len(feed.entries)} entries has a link")
    return distinct(named_targets(links, capture.url, target.url, profile))


def _parsed(capture: Capture) -> Any:
    try:
        return feedparser.parse(
            # In a file object, since of anything else feedparser tries whether it is a URL or a file's name.
            BytesIO(body_bytes(capture, MAX_BYTES)),
            response_headers={"content-type": capture.header("Content-Type") or ""},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except _SLIPS as exc:
        raise PageUnreadable(capture.url, f"no feed: {type(exc).__name__}") from exc


def _links(entry: Any) -> Iterator[str]:
    """Yield the address of an entry's page; in Atom several links can be, in RSS a permanent guid."""
    yield from (
        str(link.get("href") or "") for link in entry.get("links", ()) if link.get("rel") == "alternate"
    )
    if entry.get("link"):
        yield str(entry["link"])


def _fault(feed: Any) -> str:
    """Return what the XML parser said, in a few words."""
    return f": {feed.bozo_exception}" if feed.bozo and str(feed.get("bozo_exception") or "") else ""
