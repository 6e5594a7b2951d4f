"""Portals as data: one TOML file each, read into a frozen `Profile`.

A profile says where a portal's articles are (for the crawler) and where an article's parts are on its
page (for cleaning). `docs/profiles.md` explains every key; a new portal is a new file, not new code.
"""

from __future__ import annotations

from archive_search.portals.reading import bundled_profiles, load_profile, parse_profile
from archive_search.portals.rules import (
    GENERIC,
    ArticleRule,
    AttachmentRule,
    ListingRule,
    PagingRule,
    Politeness,
    Profile,
    Selectors,
    TlsRule,
)

__all__ = [
    "GENERIC",
    "ArticleRule",
    "AttachmentRule",
    "ListingRule",
    "PagingRule",
    "Politeness",
    "Profile",
    "Selectors",
    "TlsRule",
    "bundled_profiles",
    "load_profile",
    "parse_profile",
]
