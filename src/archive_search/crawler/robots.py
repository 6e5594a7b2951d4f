"""robots.txt as RFC 9309 says: what a host lets us fetch, and how fast.

Protego compares patterns with paths. All that it reads more generously than the RFC is settled before: it
gets the rules of one group, ours, line by line, in a spelling that leaves it nothing to guess.

Where Google's matcher and the RFC differ, the RFC holds: `Allow: /index.html` does not allow `/` as well;
429 is a 4xx like any other; `%62` and `b` are the same in rule and URL. As with Google's, what can be read
is used (2.3.1.5): misspellings of `Disallow`, `useragent`, a blank in the place of the colon.
"""

from __future__ import annotations

import codecs
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from protego import Protego

from archive_search.clock import Clock
from archive_search.crawler.fetch import PRODUCT
from archive_search.crawler.pace import Hosts
from archive_search.errors import PageUnreadable, RobotsUnavailable
from archive_search.markup import body_bytes
from archive_search.records import Capture

MAX_REDIRECTS = 5
"""RFC 9309, 2.3.1.2: at least five hops are followed."""

MAX_BYTES = 500 * 1024
"""RFC 9309, 2.5: at least 500 KiB are parsed; what is beyond is ignored."""

MAX_AGE_S = 24 * 3600.0
"""RFC 9309, 2.4: rules are not used for longer than a day."""

RETRY_S = 600.0
"""How long an origin is left alone before a robots.txt that gave no answer is asked for again."""

MAX_DELAY_S = 30.0
"""The longest Crawl-delay that is obeyed to the letter."""

_AGENT, _ALLOW, _DISALLOW, _DELAY = "user-agent", "allow", "disallow", "crawl-delay"
_SPELLINGS = {
    _AGENT: ("user-agent", "useragent", "user agent"),
    _ALLOW: ("allow",),
    _DISALLOW: ("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"),
    _DELAY: ("crawl-delay", "crawl delay"),
}
_FIELDS = {spelling: field for field, spellings in _SPELLINGS.items() for spelling in spellings}
_LINE = re.compile(rf"({'|'.join(_FIELDS)})\s*(?::\s*(.*)|\s(\S+))", re.IGNORECASE | re.ASCII)
_LINE_END = re.compile(r"\r\n?|\n")  # no other, though str.splitlines knows six more
_TOKEN = re.compile(r"\*(?!\S)|[a-z_-]*", re.IGNORECASE | re.ASCII)

# Stands for the end of a URL and for the `$` of a pattern; nothing else is spelt so (see _comparable).
_END = "%03"
# As many octets more than a pattern without `$` has as _END has more than `$`: lengths stay comparable.
_NO_END = "**"


class Rules:
    """What one host's robots.txt allows the crawler that calls itself `product`."""

    def __init__(self, text: str, product: str = PRODUCT) -> None:
        records = _records_for(product.lower(), text)
        delays = [_seconds(value) for field, value in records if field == _DELAY]
        rules = [f"{field}: {_pattern(value)}" for field, value in records if field != _DELAY and value]
        self.asked_s = max(delays, default=0.0)
        """Seconds that the host asks us to wait between requests."""
        self._rules = Protego.parse("\n".join(["user-agent: *", *rules]))

    def can_fetch(self, url: str) -> bool:
        """Tell whether we may fetch the URL, as it is once its dot segments are gone."""
        sent = _without_dots(urlsplit(url).path)
        if sent == "/robots.txt":
            return True
        query = url.partition("#")[0].partition("?")
        path = _comparable(sent + query[1] + query[2])
        return bool(self._rules.can_fetch(f"http://host{path}{_END}", PRODUCT))

    @property
    def delay_s(self) -> float:
        """Seconds that we wait between requests because the host asks for it, 30 at most."""
        return min(self.asked_s, MAX_DELAY_S)


class Answers:
    """What the robots.txt of each origin said, for a day, from one run to the next.

    What it said longer ago is never used, not even while there is no newer answer: an unreachable
    robots.txt MUST be taken to forbid everything (2.3.1.4). That a crawler MAY go back to an old copy, or
    take everything for allowed, when this has lasted for some 30 days is leave that we do not take, for
    nobody can tell an owner who shut crawlers out from one who let a server decay. Nor is a denial kept
    for the next run: it holds for ten minutes.
    """

    def __init__(self, hosts: Hosts, clock: Clock) -> None:
        self._hosts = hosts
        self._clock = clock
        self._read: dict[str, tuple[datetime, Rules]] = {}
        self._denied: dict[str, tuple[float, str]] = {}

    def get(self, origin: str) -> Rules | None:
        """Return the rules, or None if robots.txt is to be asked for."""
        if origin not in self._read:
            kept = self._hosts.get(origin)
            if kept.robots is None or kept.robots_at is None:
                return None
            self._read[origin] = (kept.robots_at, Rules(kept.robots))
        asked_at, rules = self._read[origin]
        # A time to come is one of a clock that has been set back since.
        return rules if 0 <= (self._clock.now() - asked_at).total_seconds() < MAX_AGE_S else None

    def keep(self, origin: str, text: str) -> Rules:
        """Return the rules that a robots.txt of now holds, having kept them."""
        asked_at = self._clock.now()
        self._hosts.put(origin, replace(self._hosts.get(origin), robots_at=asked_at, robots=text))
        self._read[origin] = (asked_at, Rules(text))
        return self._read[origin][1]

    def deny(self, origin: str, why: str) -> None:
        """Leave an origin alone whose robots.txt gave no answer."""
        reason = f"robots.txt of {origin} cannot be had ({why}); nothing may be fetched"
        self._denied[origin] = (self._clock.monotonic() + RETRY_S, reason)

    def denied(self) -> dict[str, str]:
        """Return the origins from which nothing may be fetched now, and why."""
        now = self._clock.monotonic()
        return {origin: reason for origin, (until, reason) in self._denied.items() if now < until}


def read_rules(capture: Capture) -> Rules:
    """Return the rules of a robots.txt response that is no redirect; raises as `read_text` does."""
    return Rules(read_text(capture))


def read_text(capture: Capture) -> str:
    """Return the text of a robots.txt response that is no redirect.

    Any 4xx allows everything (RFC 9309, 2.3.1.3); raises `RobotsUnavailable` for a 5xx, which forbids
    everything for now (2.3.1.4), for any other status that is no 2xx, and for a body whose content coding
    cannot be taken off.
    """
    if 400 <= capture.status < 500:
        return ""
    if not 200 <= capture.status < 300:
        raise RobotsUnavailable(capture.url, f"robots.txt answers {capture.status}; nothing may be fetched")
    try:
        data = body_bytes(capture)
    except PageUnreadable as exc:
        raise RobotsUnavailable(capture.url, f"robots.txt: {exc.reason}; nothing may be fetched") from exc
    # No line says anything by a NUL, and not every database can keep one.
    return _decoded(_whole_lines(data)).replace("\0", "\ufffd")


def _whole_lines(data: bytes) -> bytes:
    """Return what is parsed of the file: a line that is cut could say `Allow: /` for `Allow: /tin`."""
    if len(data) <= MAX_BYTES:
        return data
    head = data[: MAX_BYTES + 1]
    return head[: max(head.rfind(b"\n"), head.rfind(b"\r"), 0)]


def _decoded(data: bytes) -> str:
    """Return the file as text: UTF-8 (RFC 9309, 2.3), but the mark of UTF-16 is believed all the same."""
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if marked else "utf-8", errors="replace")


def _records_for(product: str, text: str) -> list[tuple[str, str]]:
    """Return the records of all groups of the product, of all groups of `*` if it has none (2.2.1)."""
    groups: list[tuple[set[str], list[tuple[str, str]]]] = []
    naming = False
    for field, value in _records(text):
        if field == _AGENT:
            if not naming:
                groups.append((set(), []))
            groups[-1][0].add(_token(value))
            naming = True
        elif groups:
            # Only a rule ends the list of names; Crawl-delay is none of the RFC's (2.2.4).
            naming = naming and field == _DELAY
            groups[-1][1].append((field, value))
    name = product if any(product in names for names, _ in groups) else "*"
    return [record for names, records in groups if name in names for record in records]


def _records(text: str) -> Iterator[tuple[str, str]]:
    """Yield field and value of each line that can be read, without the byte order mark, even a broken one."""
    for line in _LINE_END.split(text.lstrip("\ufeff\ufffd")):
        if match := _LINE.fullmatch(line.partition("#")[0].strip(string.whitespace)):
            field, value, value_without_colon = match.groups()
            yield _FIELDS[field.lower()], value or value_without_colon or ""


def _token(value: str) -> str:
    """Return the product token that the value of a user-agent line begins with, or nothing (2.2.1)."""
    found = _TOKEN.match(value)
    return found[0].lower() if found else ""


def _seconds(value: str) -> float:
    return float(value) if re.fullmatch(r"[0-9]*\.?[0-9]+", value) else 0.0


def _pattern(value: str) -> str:
    """Return the pattern of a rule for Protego, which would take a `$` at its end for itself too (2.2.3)."""
    return _comparable(value.removesuffix("$")) + (_END if value.endswith("$") else _NO_END)


def _without_dots(path: str) -> str:
    """Return a URL's path without dot segments (RFC 3986, 5.2.4), also where the dots are escaped."""
    kept: list[str] = []
    segments = re.sub("%2e", ".", path, flags=re.IGNORECASE).split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _comparable(path: str) -> str:
    """Return a path or pattern in printable ASCII, and a slash in the query in one spelling (2.2.2)."""
    path = re.sub(r"[^!-~]", lambda found: quote(found[0], errors="replace"), path)
    path, mark, query = path.replace(_END, "%2503").partition("?")
    return path + mark + re.sub("%2f", "/", query, flags=re.IGNORECASE)
