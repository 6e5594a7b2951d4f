"""The files of an article: what it links to and, if the profile wants them, its pictures."""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from archive_search.crawler.discover.targets import FILE, distinct
from archive_search.errors import ReadInPart
from archive_search.markup import absolute, base_url, leads_to_file, parse, picture_url
from archive_search.portals import Profile
from archive_search.records import Capture, Target


def files_of(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return the files that an article's page leads to.

    Raises `ReadInPart` with the first ones if they are more than the profile allows.
    """
    limit = profile.attachments.max_files
    if not limit:
        return ()
    page = parse(capture)
    addresses = _addresses(page, base_url(page, capture.url), profile)
    found = distinct(
        Target(url=url, priority=FILE, found_on=target.url)
        for url in addresses
        if profile.owns_file(url) and not profile.is_excluded(url) and not profile.is_article(url)
    )
    if len(found) > limit:
        reason = f"links to {len(found)} files, of which {limit} are fetched (attachments: max_files)"
        raise ReadInPart(capture.url, reason, found[:limit])
    return found


def _addresses(page: BeautifulSoup, base: str, profile: Profile) -> Iterator[str]:
    """Yield what cleaning calls attachments: links to files in the body, and those that a selector names."""
    bodies = _selected(page, profile.select.body) or [page]
    for body in bodies:
        for link in body.find_all("a", href=True):
            if leads_to_file(link["href"]) and (url := absolute(link["href"], base)):
                yield url
    for tag in _selected(page, profile.select.attachment):
        for link in [tag] if tag.name == "a" else tag.find_all("a", href=True):
            if url := absolute(link.get("href"), base):
                yield url
    if profile.attachments.images:
        for body in bodies:
            yield from (url for img in body.find_all("img") if (url := picture_url(img, base)))


def _selected(page: BeautifulSoup, selectors: tuple[str, ...]) -> list[Tag]:
    return [tag for selector in selectors for tag in page.select(selector)]
