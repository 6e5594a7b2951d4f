"""Portals as data: one TOML file each, read into a frozen `Profile`.

A profile says where a portal's articles are (for the crawler) and where an article's parts are on its
page (for cleaning). `docs/profiles.md` explains every key; a new portal is a new file, not new code.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from archive_search.errors import ProfileError
from archive_search.identity import host_of

T = TypeVar("T")

__all__ = [
    "GENERIC",
    "ArticleRule",
    "ListingRule",
    "Politeness",
    "Profile",
    "Selectors",
    "bundled_profiles",
    "load_profile",
    "parse_profile",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRule:
    """Which URLs are articles. The patterns are regular expressions searched in path and query.

    `url` finds an article page, `print` its print view; a group named `number` in either is the
    portal's own article number, a group named `section` the section's slug.
    """

    url: str = ""
    print: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRule:
    """Which URLs are listings, and what to follow on them.

    `url` is a regular expression; `links` and `next` are CSS selectors of the links to articles and to
    further listing pages; `max_pages` bounds the listing pages of one run.
    """

    url: str = ""
    links: str = "a[href]"
    next: str = ""
    max_pages: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Where an article's parts are on its page: CSS selectors, tried in order, the first that matches.

    `date` names where the date is printed and `date_formats` (strptime) how; `byline` matches within
    the body and is taken out of it; `drop` matches what is not text of the article; `caption` what is a
    caption although its place does not show it. An empty tuple leaves the part to the generic rules.
    """

    title: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()
    attachment: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Politeness:
    """How gently a portal is crawled: seconds between requests, and bounds on one fetch."""

    delay_s: float = 2.0
    deadline_s: float = 60.0
    max_bytes: int = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One portal: who it is, where to start, what its pages are made of.

    `exclude` are regular expressions of URLs never fetched. `verified` says how the profile was
    checked.
    """

    name: str
    label: str
    cms: str = ""
    verified: str = ""
    hosts: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    article: ArticleRule = field(default_factory=ArticleRule)
    listing: ListingRule = field(default_factory=ListingRule)
    select: Selectors = field(default_factory=Selectors)
    politeness: Politeness = field(default_factory=Politeness)

    def owns(self, url: str) -> bool:
        """Tell whether the URL is on one of this portal's hosts."""
        return host_of(url) in self.hosts

    def article_number(self, url: str) -> str | None:
        """Return the portal's own number of the article at `url`, or None if it shows none."""
        for pattern in (self.article.print, self.article.url):
            match = pattern and re.search(pattern, _local(url))
            if match and "number" in match.groupdict():
                number: str | None = match["number"]
                return number
        return None

    def is_article(self, url: str) -> bool:
        """Tell whether `url` is an article page and not a print view."""
        return bool(self.article.url and re.search(self.article.url, _local(url)))

    def is_print_view(self, url: str) -> bool:
        """Tell whether `url` is the print view of an article."""
        return bool(self.article.print and re.search(self.article.print, _local(url)))

    def is_listing(self, url: str) -> bool:
        """Tell whether `url` lists articles."""
        return bool(self.listing.url and re.search(self.listing.url, _local(url)))

    def is_excluded(self, url: str) -> bool:
        """Tell whether the profile says never to fetch `url`."""
        return any(re.search(pattern, _local(url)) for pattern in self.exclude)


GENERIC = Profile(name="generic", label="")
"""The profile of a portal that has none: every part is left to the generic rules."""


def _local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def bundled_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    folder = resources.files(__name__)
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Return the profile `name`: of `folder` if it holds `name.toml`, else the bundled one.

    Raises `ProfileError` where there is none, or where it is wrong.
    """
    own = folder / f"{name}.toml" if folder else None
    if own and own.is_file():
        return _read_profile(own, name)
    bundled = resources.files(__name__) / f"{name}.toml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not bundled.is_file():
        known = ", ".join(bundled_profiles())
        raise ProfileError(
            f"There is no portal profile named {name!r}. Known: {known}. "
            f"A profile of your own goes into the archive's portals/ folder as {name}.toml."
        )
    return parse_profile(bundled.read_text(encoding="utf-8"), source=f"{name}.toml")


def _read_profile(path: Path, name: str) -> Profile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ProfileError(f"{path} cannot be read: {exc}") from exc
    profile = parse_profile(text, source=str(path))
    if profile.name != name:
        # Articles carry the profile's name: under another one they would be other articles.
        raise ProfileError(f"{path}: name is {profile.name!r}; it must be that of the file, {name!r}.")
    return profile


def parse_profile(text: str, *, source: str) -> Profile:
    """Return the profile that the TOML `text` describes; `source` names it in error messages.

    Raises `ProfileError` for broken TOML, unknown keys, wrong types and broken patterns.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ProfileError(f"{source} is not valid TOML: {exc}") from exc
    profile = _record(Profile, table, source)
    for pattern in _patterns(profile):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise ProfileError(f"{source}: {pattern!r} is no regular expression: {exc}") from exc
    return profile


def _patterns(profile: Profile) -> tuple[str, ...]:
    return (
        profile.article.url,
        profile.article.print,
        profile.listing.url,
        *profile.exclude,
    )


def _record(kind: type[T], table: dict[str, Any], source: str) -> T:
    known = {f.name: f.type for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ProfileError(f"{source}: unknown key {key!r}. Known here: {', '.join(known)}.")
        values[key] = _value(str(known[key]), value, f"{source}: {key}")
    try:
        return kind(**values)
    except TypeError as exc:
        raise ProfileError(f"{source}: {exc}") from exc


_TABLES: dict[str, type] = {
    "ArticleRule": ArticleRule,
    "ListingRule": ListingRule,
    "Selectors": Selectors,
    "Politeness": Politeness,
}


def _value(kind: str, value: Any, where: str) -> Any:
    """Return a TOML value as the field's type; a single string stands for a list of one."""
    if kind in _TABLES and isinstance(value, dict):
        return _record(_TABLES[kind], value, where)
    if kind == "tuple[str, ...]" and isinstance(value, str):
        return (value,)
    if kind == "tuple[str, ...]" and isinstance(value, list) and all(type(v) is str for v in value):
        return tuple(value)
    if kind == "float" and type(value) in (int, float):
        return float(value)
    if kind == type(value).__name__:
        return value
    raise ProfileError(f"{where}: expected {kind}, got {value!r}.")
