"""Links that would lead a crawl on for ever: what gives them away, and a record of those not followed.

====================  =============================================================================
too long, too deep    over 2,083 characters or 20 segments (Heritrix)
repetition            a segment, or a group of them, three times in a row (Heritrix, PathologicalPath)
calendar              of a listing: a year before 1900, or after the next one
redirects             more than ten in a row
nesting               a name that stands below a listing again below a listing of that name, where both
                      list the same articles: `/tin/vi` leads to `/tin/vi/vi`
shuffling             the same segments in another order or number, for the third time
addresses             a ninth address of one article, or one that goes on below another
one listing           more links than `listing.max_links` on one page
one pattern           listings that differ in digits only, when 30 in a row listed what others had
====================  =============================================================================

All of this is seen within one run. What a run before it queued is not a trap any more, but its links are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from archive_search.crawler.discover import ARTICLE, LISTING
from archive_search.identity import url_key
from archive_search.markup import is_html
from archive_search.portals import Profile
from archive_search.records import Capture, Target, Visit

MAX_LENGTH = 2083
MAX_SEGMENTS = 20
MAX_REDIRECTS = 10
FIRST_YEAR = 1900
MAX_SHUFFLED = 2
MAX_ADDRESSES = 8  # on a real portal (Liferay) an article had up to five
MAX_ECHOES = 30

_REPEATED = re.compile(r"(/[^/]+(?:/[^/]+){0,9}?)\1{2}(?=/|$)")
# A year is one where it is called so, begins or ends a date, or stands before a month; `/7749/` is a number.
_YEARS = (
    re.compile(r"[?&](?:[\w-]*year|(?:[\w-]*[_-])?nam)=(\d{4,8})(?!\d)", re.IGNORECASE),
    re.compile(r"[?&][\w-]*(?:date|month|day|ngay|thang)=(\d{4})[-/]\d", re.IGNORECASE),
    re.compile(r"[?&][\w-]*(?:date|day|ngay)=\d\d?[-/]\d\d?[-/](\d{4})(?!\d)", re.IGNORECASE),
    re.compile(r"/(\d{4})/(?:0[1-9]|1[0-2])(?=[/?]|$)"),
)


# Gives the pattern of which a link is one and what is wrong with it, or None. Given are the link, its address
# in parts, and the target on whose page it stands.
_Rule = Callable[[Target, SplitResult, Target], tuple[str, str] | None]


@dataclass(slots=True)
class _Refusals:
    """The links of one pattern that were not followed."""

    first: Target
    reason: str
    keys: set[str] = field(default_factory=set)


class Traps:
    """What one run has seen of a portal's links, and which of them it did not follow."""

    def __init__(self, profile: Profile, year: int) -> None:
        self._profile = profile
        self._last_year = year + 1
        self._refusals: dict[tuple[str, str], _Refusals] = {}
        self._admitted: set[str] = set()
        self._hops: dict[str, int] = {}
        # Of listings: the one above, the names of those below, the articles, who had the same first.
        self._below: dict[str, str] = {}
        self._names: defaultdict[str, set[str]] = defaultdict(set)
        self._listed: dict[str, frozenset[str]] = {}
        self._first: dict[frozenset[str], str] = {}
        self._echoes: Counter[str] = Counter()
        self._shuffled: Counter[str] = Counter()
        self._addresses: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for url in profile.seeds:
            if number := profile.article_number(url):
                self._addresses[number].append(_divided(urlsplit(url).path, number))

    def sift(self, found: tuple[Target, ...], capture: Capture, parent: Target) -> tuple[Target, ...]:
        """Return the links of a capture that may be followed, and keep in mind those that may not."""
        if 300 <= capture.status < 400:
            return tuple(link for link in found if self._may_redirect(link, parent))
        if parent.priority == LISTING and capture.status == 200:
            self._note_listed(found, parent)
        kept: list[Target] = []
        for link in found:
            if is_html(capture) and len(kept) >= self._profile.listing.max_links:
                self._refuse(link, "max_links", parent.url, f"over {len(kept)} links on one listing")
            elif self._may_follow(link, parent):
                kept.append(link)
        return tuple(kept)

    def report(self) -> Iterator[Visit]:
        """Yield a visit for each pattern of links that were not followed: the first, and how many."""
        for refusals in self._refusals.values():
            like_it = len(refusals.keys)
            count = f"; {like_it:,} addresses of this pattern were not followed" if like_it > 1 else ""
            yield Visit(target=refusals.first, refused=f"trap: {refusals.reason}{count}")

    def _may_follow(self, link: Target, parent: Target) -> bool:
        key = url_key(link.url)
        if key in self._admitted or link.url in self._profile.seeds:
            return True
        parts = urlsplit(link.url)
        for rule in self._rules_for(link):
            if found := rule(link, parts, parent):
                self._refuse(link, rule.__name__, *found)
                return False
        self._admit(link, parts, key, parent)
        return True

    def _rules_for(self, link: Target) -> tuple[_Rule, ...]:
        if link.body is not None:
            # What is sent with a POST is part of its URL, and may be long and repeat itself.
            return (self._as_listing,)
        if link.priority == LISTING:
            return (self._by_itself, self._as_listing, self._as_shuffled)
        if link.priority == ARTICLE:
            return (self._as_article, self._by_itself, self._as_shuffled)
        return (self._by_itself,)

    def _may_redirect(self, link: Target, parent: Target) -> bool:
        hops = self._hops[link.url] = self._hops.get(parent.url, 0) + 1
        if hops > MAX_REDIRECTS:
            self._refuse(link, "redirects", _folded(link.url), f"over {MAX_REDIRECTS} redirects in a row")
        elif found := self._by_itself(link, urlsplit(link.url), parent):
            self._refuse(link, "by_itself", *found)
        else:
            return True
        return False

    def _refuse(self, link: Target, rule: str, pattern: str, reason: str) -> None:
        refusals = self._refusals.setdefault((rule, pattern), _Refusals(link, reason))
        refusals.keys.add(url_key(link.url))

    def _admit(self, link: Target, parts: SplitResult, key: str, parent: Target) -> None:
        self._admitted.add(key)
        self._shuffled[_bag(parts)] += 1
        if link.priority == LISTING:
            if name := _name_below(parts.path, urlsplit(parent.url).path):
                self._below[key] = url_key(parent.url)
                self._names[url_key(parent.url)].add(name)
        elif link.priority == ARTICLE and (number := self._profile.article_number(link.url)):
            self._addresses[number].append(_divided(parts.path, number))

    def _note_listed(self, found: tuple[Target, ...], parent: Target) -> None:
        """Keep in mind what a listing lists, by the numbers of the articles, and whether others did too."""
        key, pattern = url_key(parent.url), _folded(parent.url)
        articles = frozenset(
            self._profile.article_number(link.url) or url_key(link.url)
            for link in found
            if link.priority == ARTICLE
        )
        self._listed[key] = articles
        echoes = self._first.setdefault(articles, key) != key
        self._echoes[pattern] = self._echoes[pattern] + 1 if echoes else 0

    def _by_itself(self, link: Target, parts: SplitResult, parent: Target) -> tuple[str, str] | None:
        segments = _segments(parts.path)
        if len(link.url) > MAX_LENGTH:
            return _folded(parent.url), f"over {MAX_LENGTH:,} characters"
        if len(segments) > MAX_SEGMENTS:
            return "/".join(segments[:3]), f"over {MAX_SEGMENTS} segments"
        for path in (parts.path, *(f"/{value}" for _, value in _parameters(parts.query))):
            if found := _REPEATED.search(unquote(path)):
                return " ".join(sorted(set(_segments(found[1])))), f"{found[1]} three times in a row"
        for pattern in _YEARS if link.priority == LISTING else ():
            year = pattern.search(unquote(f"{parts.path}?{parts.query}"))
            if year and not FIRST_YEAR <= int(year[1]) <= self._last_year:
                return _folded(link.url), f"the year {year[1]}"
        return None

    def _as_listing(self, link: Target, parts: SplitResult, parent: Target) -> tuple[str, str] | None:
        above, pattern = url_key(parent.url), _folded(link.url)
        top = self._below.get(above)
        name = _name_below(parts.path, urlsplit(parent.url).path)
        if top and name in self._names[top] and self._listed.get(top) == self._listed.get(above):
            return top, f"/{name} again below a page that lists what the page above it lists"
        if self._echoes[pattern] >= MAX_ECHOES:
            return pattern, f"{MAX_ECHOES} listings of this pattern in a row list what others list"
        return None

    def _as_article(self, link: Target, parts: SplitResult, parent: Target) -> tuple[str, str] | None:
        number = self._profile.article_number(link.url)
        if not number:
            return None
        known = self._addresses[number]
        path, rest = _divided(parts.path, number)
        if rest and any(path == other and rest != others_rest for other, others_rest in known):
            return number, f"an address below that of article {number}"
        if len(known) >= MAX_ADDRESSES:
            return number, f"over {MAX_ADDRESSES} addresses of article {number}"
        return None

    def _as_shuffled(self, link: Target, parts: SplitResult, parent: Target) -> tuple[str, str] | None:
        bag = _bag(parts)
        if self._shuffled[bag] < MAX_SHUFFLED:
            return None
        return bag, f"the same segments in another order or number, over {MAX_SHUFFLED} times"


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [parameter.partition("=") for parameter in query.split("&") if parameter]
    return [(name, unquote(value)) for name, _, value in pairs]


def _bag(parts: SplitResult) -> str:
    """Return what addresses have in common that differ in order and number of their segments.

    A number counts with its place: `/2022/07/11` and `/2022/11/07` are two days.
    """
    segments = enumerate(_segments(parts.path))
    path = {f"{place}:{segment}" if segment.isdigit() else segment for place, segment in segments}
    query = {f"{name}={step}" for name, value in _parameters(parts.query) for step in value.split("/")}
    return " ".join((parts.hostname or "", *sorted(path), "?", *sorted(query)))


def _folded(url: str) -> str:
    """Return the pattern of an address: its digits folded, and what is long and has some of them."""
    key = re.sub(
        r"[0-9A-Za-z]{16,}", lambda found: "N" if re.search(r"\d", found[0]) else found[0], url_key(url)
    )
    return re.sub(r"\d+", "N", key)


def _divided(path: str, number: str) -> tuple[str, str]:
    """Return a path up to the segment that an article's number stands in, and what follows that."""
    found = re.match(rf"(.*?/[^/]*(?<!\d){re.escape(number)}(?!\d)[^/]*)(.*)", path)
    return (found[1], found[2]) if found else (path, "")


def _name_below(path: str, above: str) -> str:
    """Return how a path goes on where another one ends; nothing if it does not, or all paths do."""
    above = above.strip("/")
    return path.strip("/").removeprefix(f"{above}/") if path.strip("/").startswith(f"{above}/") else ""
