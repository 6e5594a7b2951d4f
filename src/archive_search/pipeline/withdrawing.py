"""Redirects that stand for a 404."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from archive_search.identity import host_of, url_key
from archive_search.portals import Profile
from archive_search.records import Capture

_HOME = re.compile(r"/?(?:(?:index|default|home|trang-chu)(?:\.\w+)?/?)?", re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"(?<![^/_.-])(?:404|(?:page)?-?not-?found|khong-tim-thay|khong-ton-tai)(?![^/_.-])", re.IGNORECASE
)


def is_withdrawal(capture: Capture, profile: Profile) -> bool:
    """Tell whether a redirect of an article's URL says that the article is not there.

    It does if it leads to the home page, a listing, a seed, or a page whose address says "not found", on
    a host of the portal. One to an article, to another host, or to anything else says nothing of the kind:
    the article may have moved, or want a login.
    """
    if profile.article.url and not profile.is_article(capture.url):
        return False
    try:
        target = urljoin(capture.url, capture.header("Location") or "")
        path = urlsplit(target).path
    except ValueError:
        return False
    is_ours = profile.owns(target) or host_of(target) == host_of(capture.url)
    if not is_ours or url_key(target) == url_key(capture.url) or profile.is_article(target):
        return False
    leads_to_list = profile.is_listing(target) or target in profile.seeds
    return leads_to_list or bool(_HOME.fullmatch(path) or _NOT_FOUND.search(path))
