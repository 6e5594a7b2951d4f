"""The links of a listing: to articles, to further listings, and on to its next page."""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import BeautifulSoup

from archive_search.crawler.discover import paging
from archive_search.crawler.discover.targets import ARTICLE, page_targets
from archive_search.identity import wire_url
from archive_search.markup import base_url, parse
from archive_search.portals import Profile
from archive_search.records import Capture, Target


def listed(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return what a listing leads to; its next page only if it has articles, as the last one has not."""
    rule = paging.rule_of(target, profile)
    if rule and target.method == "POST":
        page, addresses = paging.answer(capture, rule)
    else:
        page, addresses = parse(capture), []
    base = base_url(page, wire_url(capture.url, target.method))
    found = tuple(page_targets((*addresses, *_addresses(page, profile)), base, target.url, profile))
    if rule and any(target.priority == ARTICLE for target in found):
        return (*found, *paging.next_pages(rule, page, base, target, profile))
    return found


def _addresses(page: BeautifulSoup, profile: Profile) -> Iterator[str]:
    for selector in (profile.listing.links, profile.listing.next):
        for link in page.select(selector) if selector else ():
            yield str(link.get("href") or "")
