"""One crawl of one portal: visits its frontier politely until nothing is queued."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from archive_search.crawler.discover import LISTING, discover, seeds
from archive_search.crawler.fetch import Fetcher
from archive_search.crawler.robots import MAX_BYTES, MAX_REDIRECTS, Answers, Rules, read_rules
from archive_search.errors import AddressRefused, FetchFailed, PageUnreadable, RobotsUnavailable
from archive_search.portals import Profile
from archive_search.records import Capture, Target, Visit

_LOG = logging.getLogger(__name__)

# What is fetched of a robots.txt; less than this is parsed of it.
_ROBOTS_MAX_BYTES = 16 * MAX_BYTES


class Frontier(Protocol):
    """The URLs of a portal that are known, and those still to be visited."""

    def add(self, targets: Iterable[Target]) -> int:
        """Queue the targets that are not known yet."""

    def next(self) -> Target | None:
        """Return the next target, or None when nothing is queued."""

    def finish(self, target: Target, capture: Capture | None) -> None:
        """Take a target off the queue; remember the validators of its capture."""


class Pace:
    """Keeps a distance in time between one request to a portal and the next."""

    def __init__(
        self,
        delay_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.delay_s = delay_s
        self.clock = clock
        self._sleep = sleep
        self._free_at = 0.0

    def wait(self) -> None:
        """Return when the next request may go out."""
        pause = self._free_at - self.clock()
        if pause > 0:
            self._sleep(pause)

    def done(self) -> None:
        """Begin the pause after a request."""
        self._free_at = self.clock() + self.delay_s


def crawl(profile: Profile, fetcher: Fetcher, frontier: Frontier, pace: Pace) -> Iterator[Visit]:
    """Yield a visit for every URL that is due, robots.txt first, then listings, then articles.

    Before the next visit is made the caller has dealt with the one it got, so that a capture is kept
    before its URL leaves the queue. Raises nothing for a page that fails: its visit says why.
    """
    frontier.add(seeds(profile))
    robots = Answers(pace.clock)
    listings = 0
    while target := frontier.next():
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(target.url))
        rules = robots.get(origin)
        if rules is None:
            rules = robots.keep(origin, (yield from _ask(origin, profile, fetcher, pace)))
        listings += target.priority == LISTING
        visit = _refused(target, rules, profile, listings) or _visit(target, profile, fetcher, pace)
        yield visit
        if visit.capture:
            frontier.add(_discovered(visit.capture, target, profile))
        frontier.finish(target, visit.capture)


def _refused(target: Target, rules: Rules | str, profile: Profile, listings: int) -> Visit | None:
    """Return the visit that is not made, or None if nothing speaks against it."""
    if isinstance(rules, str):
        return Visit(target=target, failed=rules)
    if not rules.can_fetch(target.url):
        return Visit(target=target, refused="robots.txt forbids it")
    if target.priority == LISTING and listings > profile.listing.max_pages:
        return Visit(target=target, refused=f"over {profile.listing.max_pages} listing pages in one run")
    return None


def _visit(target: Target, profile: Profile, fetcher: Fetcher, pace: Pace) -> Visit:
    pace.wait()
    try:
        return Visit(target=target, capture=fetcher.fetch(target, profile.politeness))
    except AddressRefused as exc:
        return Visit(target=target, refused=exc.reason)
    except FetchFailed as exc:
        return Visit(target=target, failed=exc.reason)
    finally:
        pace.done()


def _discovered(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    try:
        return discover(capture, target, profile)
    except PageUnreadable:
        # The one who keeps the capture meets the same fault and reports it.
        return ()


def _ask(origin: str, profile: Profile, fetcher: Fetcher, pace: Pace) -> Generator[Visit, None, Rules | str]:
    """Yield the visits to a host's robots.txt; return its rules, or why nothing may be fetched.

    Redirects are followed to any host, and what is found there holds for this one; one that redirects
    too often counts as not there (RFC 9309, 2.3.1.2).
    """
    bounds = replace(profile.politeness, max_bytes=max(profile.politeness.max_bytes, _ROBOTS_MAX_BYTES))
    profile = replace(profile, politeness=bounds)
    url = urljoin(origin, "/robots.txt")
    for _ in range(MAX_REDIRECTS + 1):
        visit = _visit(Target(url=url, priority=LISTING), profile, fetcher, pace)
        yield visit
        if visit.capture is None:
            return f"robots.txt cannot be had ({visit.failed or visit.refused}); nothing may be fetched"
        location = visit.capture.header("Location")
        if not (300 <= visit.capture.status < 400 and location):
            break
        if not (url := _redirected(url, location)):
            return f"robots.txt redirects to {location!r}; nothing may be fetched"
    else:
        return Rules("")
    try:
        rules = read_rules(visit.capture)
    except RobotsUnavailable as exc:
        return exc.reason
    _slow_down(pace, rules, url)
    return rules


def _slow_down(pace: Pace, rules: Rules, url: str) -> None:
    """Keep the distance that a robots.txt asks for, and tell if it asks for more than we keep."""
    if rules.asked_s > rules.delay_s:
        _LOG.warning("%s asks for %g s between requests; %g s are kept", url, rules.asked_s, rules.delay_s)
    pace.delay_s = max(pace.delay_s, rules.delay_s)


def _redirected(url: str, location: str) -> str:
    """Return the URL that a redirect leads to, or nothing if it is none that can be fetched."""
    try:
        url = urljoin(url, location).partition("#")[0]
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""
