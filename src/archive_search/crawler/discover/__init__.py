"""What a captured page leads to: the articles, files and further listings that its profile points at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archive_search.crawler.discover import feeds, paging, sitemaps
from archive_search.crawler.discover.attachments import file_targets
from archive_search.crawler.discover.links import listed
from archive_search.crawler.discover.paging import page_number
from archive_search.crawler.discover.targets import (
    ARTICLE,
    FILE,
    LISTING,
    distinct,
    in_full,
    page_targets,
)
from archive_search.identity import wire_url
from archive_search.markup import is_html
from archive_search.portals import Politeness, Profile
from archive_search.records import Capture, Target

__all__ = ["ARTICLE", "FILE", "LISTING", "bounds", "discover", "file_targets", "page_number", "seeds"]


def seeds(profile: Profile) -> Iterator[Target]:
    """Yield where a crawl of the portal starts: its feeds and sitemaps, then its listings."""
    urls = (*profile.feed_urls, *profile.sitemap_urls, *profile.seeds)
    # A crawl asks for robots.txt anyway, before anything else of a host.
    for url in [url for url in urls if not url.endswith("/robots.txt")] or urls:
        yield Target(url=url, priority=LISTING)


def bounds(target: Target, profile: Profile) -> Politeness:
    """Return the bounds on fetching a target: those of the portal, wider for files and sitemaps."""
    if target.priority == FILE:
        rule = profile.attachments
        return replace(profile.politeness, max_bytes=rule.max_bytes, deadline_s=rule.deadline_s)
    if target.priority == LISTING and sitemaps.is_declared(target, profile):
        return replace(profile.politeness, max_bytes=sitemaps.MAX_BYTES)
    return profile.politeness


def discover(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return the targets that a capture leads to, in page order, each once.

    A redirect leads to its Location; a listing, sitemap or feed to its articles and to further ones of its
    kind; an article nowhere, since its related articles stand on listings too, and its files are known to
    who cleans it (`file_targets`). One that did not arrive whole leads nowhere. Raises `PageUnreadable` for
    one that cannot be read, `ReadInPart` if it can up to some place.
    """
    if 300 <= capture.status < 400 and (location := capture.header("Location")):
        return distinct(_redirected(capture, location, target, profile))
    if capture.status != 200 or capture.truncated:
        return ()
    if target.priority == LISTING:
        return distinct(_listed(capture, target, profile))
    return ()


def _listed(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    match sitemaps.kind(capture, target, profile):
        case "robots":
            return sitemaps.named_in_robots(capture, profile)
        case "sitemap":
            return sitemaps.read(capture, target, profile)
        case "feed":
            return feeds.read(capture, target, profile)
    if is_html(capture) or paging.rule_of(target, profile):
        return listed(capture, target, profile)
    return ()


def _redirected(capture: Capture, location: str, target: Target, profile: Profile) -> Iterator[Target]:
    """Yield the target of a redirect; a file, sitemap or feed remains one under its new address."""
    url = in_full(location, wire_url(capture.url, target.method))
    if url and target.priority == FILE:
        if profile.owns_file(url) and not profile.is_excluded(url):
            yield Target(url=url, priority=FILE, found_on=target.url)
    elif url and (sitemaps.is_declared(target, profile) or target.url in profile.feed_urls):
        if profile.owns(url):
            yield Target(url=url, priority=LISTING, found_on=sitemaps.moved(target, profile))
    elif url:
        yield from page_targets([url], url, target.url, profile)
