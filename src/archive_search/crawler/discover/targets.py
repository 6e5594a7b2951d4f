"""Addresses in, targets out: which of them a crawl visits, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urldefrag, urljoin

from archive_search.portals import Profile
from archive_search.records import Target

LISTING, ARTICLE, FILE = 0, 1, 2
"""Priorities: a listing first, since what is new stands there; what articles link to comes last."""


def page_targets(addresses: Iterable[str], base: str, found_on: str, profile: Profile) -> Iterator[Target]:
    """Yield the articles and listings of the portal among the addresses, which are relative to `base`."""
    for address in addresses:
        url = in_full(address, base)
        priority = _priority(url, profile) if url else None
        if url and priority is not None:
            yield Target(url=url, priority=priority, found_on=found_on)


def named_targets(addresses: Iterable[str], base: str, found_on: str, profile: Profile) -> Iterator[Target]:
    """Yield the targets among the addresses that a sitemap or a feed names.

    A profile that does not know its articles takes their word for them.
    """
    if profile.article.url:
        yield from page_targets(addresses, base, found_on, profile)
        return
    for address in addresses:
        if (url := in_full(address, base)) and in_scope(url, profile):
            yield Target(url=url, priority=ARTICLE, found_on=found_on)


def in_full(address: str, base: str) -> str | None:
    """Return the address as a URL without a fragment; None unless it is one of the web's."""
    try:
        url = urldefrag(urljoin(base, address.strip())).url
    except ValueError:  # an unclosed "[" where an IPv6 address would stand
        return None
    return url if address.strip() and url.startswith(("http://", "https://")) else None


def in_scope(url: str, profile: Profile) -> bool:
    """Tell whether a page's URL may be visited."""
    return profile.owns(url) and not profile.is_excluded(url)


def _priority(url: str, profile: Profile) -> int | None:
    """Return the priority of a URL that is in scope, or None for one that is not."""
    if not in_scope(url, profile):
        return None
    if profile.is_article(url):
        return ARTICLE
    return LISTING if profile.is_listing(url) or url in profile.seeds else None


def distinct(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the targets in their order, the first of each URL."""
    found: dict[str, Target] = {}
    for target in targets:
        found.setdefault(target.url, target)
    return tuple(found.values())
