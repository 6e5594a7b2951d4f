"""robots.txt as RFC 9309 says: what a host lets us fetch, and how fast."""

from __future__ import annotations

from protego import Protego

from archive_search.crawler.fetch import PRODUCT
from archive_search.errors import RobotsUnavailable
from archive_search.markup import body_bytes
from archive_search.records import Capture

MAX_REDIRECTS = 5
"""RFC 9309, 2.3.1.2: at least five hops are followed."""

_MAX_BYTES = 500 * 1024  # RFC 9309, 2.5: at least 500 KiB are parsed
_MAX_DELAY_S = 30.0


class Rules:
    """What one host's robots.txt allows us."""

    def __init__(self, text: str) -> None:
        self._rules = Protego.parse(text)

    def can_fetch(self, url: str) -> bool:
        """Tell whether we may fetch the URL."""
        return bool(self._rules.can_fetch(url, PRODUCT))

    @property
    def delay_s(self) -> float:
        """Seconds that the host asks us to wait between requests, 30 at most."""
        return min(float(self._rules.crawl_delay(PRODUCT) or 0), _MAX_DELAY_S)


def read_rules(capture: Capture) -> Rules:
    """Return the rules of a robots.txt response that is no redirect.

    Any 4xx allows everything (RFC 9309, 2.3.1.3); raises `RobotsUnavailable` for a 5xx, which forbids
    everything for now (2.3.1.4).
    """
    if capture.status >= 500:
        raise RobotsUnavailable(capture.url, f"robots.txt answers {capture.status}; nothing may be fetched")
    if capture.status != 200:
        return Rules("")
    return Rules(body_bytes(capture)[:_MAX_BYTES].decode("utf-8", errors="replace"))
