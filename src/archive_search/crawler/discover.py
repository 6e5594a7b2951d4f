"""What a captured page leads to: the articles and further listings that its profile points at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urldefrag, urljoin

from archive_search.markup import base_url, is_html, parse
from archive_search.portals import Profile
from archive_search.records import Capture, Target

LISTING, ARTICLE = 0, 1
"""Priorities: a listing first, since what is new stands there."""


def seeds(profile: Profile) -> Iterator[Target]:
    """Yield where a crawl of the portal starts."""
    for url in profile.seeds:
        yield Target(url=url, priority=LISTING)


def discover(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return the targets that a capture leads to, in page order, each once.

    A redirect leads to its Location, a listing to its articles and further listings, an article
    nowhere: its related articles stand on listings too.
    """
    if 300 <= capture.status < 400 and (location := capture.header("Location")):
        return _targets([(capture.url, location)], target, profile)
    if capture.status == 200 and target.priority == LISTING and is_html(capture):
        return _targets(_listed(capture, profile), target, profile)
    return ()


def _listed(capture: Capture, profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the links of a listing, each with the address that it is relative to."""
    page = parse(capture)
    base = base_url(page, capture.url)
    for selector in (profile.listing.links, profile.listing.next):
        for link in page.select(selector) if selector else ():
            if href := str(link.get("href") or "").strip():
                yield base, href


def _targets(links: Iterable[tuple[str, str]], found_on: Target, profile: Profile) -> tuple[Target, ...]:
    found: dict[str, Target] = {}
    for base, href in links:
        try:
            url = urldefrag(urljoin(base, href)).url
        except ValueError:  # an unclosed "[" where an IPv6 address would stand
            continue
        priority = _priority(url, profile)
        if priority is not None:
            found.setdefault(url, Target(url=url, priority=priority, found_on=found_on.url))
    return tuple(found.values())


def _priority(url: str, profile: Profile) -> int | None:
    """Return the priority of a URL that is in scope, or None for one that is not."""
    if not url.startswith(("http://", "https://")) or not profile.owns(url) or profile.is_excluded(url):
        return None
    if profile.is_article(url):
        return ARTICLE
    return LISTING if profile.is_listing(url) or url in profile.seeds else None
