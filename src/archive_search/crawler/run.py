"""One crawl of one portal: visits its frontier politely until nothing is queued, or it has to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterable, Iterator
from dataclasses import replace
from random import Random
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from archive_search.clock import Clock
from archive_search.crawler.discover import LISTING, bounds, discover, seeds
from archive_search.crawler.fetch import Fetcher
from archive_search.crawler.pace import Budget, Hosts, Pace, failure_of
from archive_search.crawler.robots import MAX_BYTES, MAX_REDIRECTS, Answers, Rules, read_text
from archive_search.crawler.traps import Traps
from archive_search.errors import (
    AddressRefused,
    FetchFailed,
    PageUnreadable,
    ReadInPart,
    RobotsUnavailable,
)
from archive_search.identity import host_of, wire_url
from archive_search.portals import Politeness, Profile
from archive_search.records import Capture, Target, Visit

TRIES = 3
"""How often a URL is asked for in one run while its host is too busy, or does not answer."""

# These say that another try may go better; any other error is the page's own.
_PASSING = (429, 502, 503, 504)

# What is fetched of a robots.txt; less than this is parsed of it.
_ROBOTS_MAX_BYTES = 16 * MAX_BYTES


class Frontier(Protocol):
    """The URLs of a portal that are known, and those still to be visited."""

    def add(self, targets: Iterable[Target], *, again: bool = False) -> int:
        """Queue the targets that are not known yet, with `again` also those that this run has not visited.

        Returns how many were not known.
        """

    def next(self, *, without: Collection[str] = ()) -> Target | None:
        """Return the next target on none of the hosts or origins (`http://a`) `without`, or None."""

    def finish(self, target: Target, visit: Visit) -> None:
        """Take a target off the queue; remember what its visit tells of when to come again."""


def crawl(
    profile: Profile,
    fetcher: Fetcher,
    frontier: Frontier,
    *,
    hosts: Hosts,
    budget: Budget,
    clock: Clock,
    sweep: bool = False,
    random: Random | None = None,
) -> Iterator[Visit]:
    """Yield a visit for every URL that is due, robots.txt first, then listings, then articles.

    Before the next visit is made the caller has dealt with the one it got, so that a capture is kept
    before its URL leaves the queue. Raises nothing for a page that fails: its visit says why. A URL whose
    host asks for patience is tried again and yielded once. What was not followed because it looked like a
    trap comes last, a visit for each pattern. `budget.stopped` tells afterwards why the run ended with
    URLs in its queue, if it did. A `sweep` goes through all pages of all listings, known or not.
    """
    random = random or Random()  # noqa: S311 - jitter keeps no secret
    yield from _Crawl(profile, fetcher, frontier, hosts, budget, clock, random, sweep).visits()


class _Crawl:
    """One crawl, with what it keeps in mind between two visits."""

    def __init__(
        self,
        profile: Profile,
        fetcher: Fetcher,
        frontier: Frontier,
        hosts: Hosts,
        budget: Budget,
        clock: Clock,
        random: Random,
        sweep: bool,
    ) -> None:
        self._profile = profile
        self._fetcher = fetcher
        self._frontier = frontier
        self._budget = budget
        self._clock = clock
        self._sweep = sweep
        self._pace = Pace(profile.politeness, hosts, clock, random)
        self._robots = Answers(hosts, clock)
        self._traps = Traps(profile, clock.now().year)
        self._told: set[str] = set()
        self._failed: Counter[tuple[str, str | None]] = Counter()
        self._listings = 0
        self._began = clock.monotonic()

    def visits(self) -> Iterator[Visit]:
        """Yield the visits."""
        self._frontier.add(seeds(self._profile))
        try:
            while target := self._next():
                yield from self._deal_with(target)
            yield from self._traps.report()
        finally:
            self._pace.keep()

    def _next(self) -> Target | None:
        """Return the next target that may be asked for now; if there is none but some queued, say why."""
        resting = self._pace.resting() | self._robots.denied()
        target = self._frontier.next(without=resting)
        if target is None:
            if resting and self._frontier.next():
                self._budget.stop("; ".join(resting.values()))
            return None
        self._budget.check(self._clock.monotonic() - self._began)
        return None if self._budget.stopped else target

    def _deal_with(self, target: Target) -> Iterator[Visit]:
        """Yield the visits to the target and, before it, to its robots.txt; none if it is not its time."""
        if why := self._elsewhere(target):
            strange = Visit(target=target, refused=why)
            yield strange
            self._frontier.finish(target, strange)
            return
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(target.url))
        if why := self._robots.denied().get(origin):
            # A URL so odd that the frontier does not see whose it is.
            denied = Visit(target=target, failed=why)
            yield denied
            self._frontier.finish(target, denied)
            return
        rules = self._robots.get(origin) or (yield from self._ask(origin))
        if rules is None:
            return
        self._pace.ask(host_of(origin), rules.delay_s)
        visit = self._refused(target, rules) or self._visit(target, bounds(target, self._profile))
        if visit is None:
            return
        self._listings += target.priority == LISTING
        yield from self._kept(visit)
        self._frontier.finish(target, visit)

    def _elsewhere(self, target: Target) -> str | None:
        """Return why a target is none of the portal's, not even to ask for its robots.txt, if so."""
        if host_of(target.url) and not self._profile.owns_file(target.url):
            return "its host is none of the portal's"
        return None if self._profile.has_port(target.url) else "its port is none of the portal's"

    def _refused(self, target: Target, rules: Rules) -> Visit | None:
        """Return the visit that is not made, or None if nothing speaks against it."""
        most = self._profile.listing.max_pages
        if not rules.can_fetch(wire_url(target.url, target.method)):
            return Visit(target=target, refused="robots.txt forbids it")
        if target.priority == LISTING and self._listings >= most:
            return Visit(target=target, refused=f"over {most} listing pages in one run")
        return None

    def _visit(self, target: Target, politeness: Politeness) -> Visit | None:
        """Return the visit to a target, or None where it is to be tried another time."""
        host = host_of(target.url)
        pause_s = self._pace.pause_for(host)
        self._budget.check(self._clock.monotonic() - self._began + pause_s)
        if self._budget.stopped or host in self._pace.resting():
            return None
        self._clock.sleep(pause_s)
        asked_at = self._clock.monotonic()
        visit, failure = self._fetch(target, politeness)
        self._pace.answered(host, visit.capture, failure, self._clock.monotonic() - asked_at)
        self._budget.spend(visit.capture)
        return self._settled(visit, failure, host)

    def _settled(self, visit: Visit, failure: str | None, host: str) -> Visit | None:
        """Return the visit if its target is done with for this run, and tell of the tries it took."""
        tried = visit.target.url, visit.target.body
        capture = visit.capture
        if failure and (capture is None or capture.truncated or capture.status in _PASSING):
            self._failed[tried] += 1
            if host in self._pace.resting() or self._failed[tried] < TRIES:
                return None
        times = self._failed.pop(tried, 0)
        if not times or failure:
            return visit
        return _noted(visit, f"tried again after {times} failure{'s' if times > 1 else ''}")

    def _fetch(self, target: Target, politeness: Politeness) -> tuple[Visit, str | None]:
        """Return the visit, and in what way the host failed, if it did and not just this page."""
        try:
            capture = self._fetcher.fetch(target, politeness)
        except AddressRefused as exc:
            return Visit(target=target, refused=exc.reason), None
        except FetchFailed as exc:
            failure = failure_of(exc.capture) if exc.capture else exc.reason
            return Visit(target=target, capture=exc.capture, failed=exc.reason), failure
        return _noted(Visit(target=target, capture=capture), self._let_go(capture)), failure_of(capture)

    def _let_go(self, capture: Capture) -> str | None:
        """Return what was not insisted on with the host of a capture, and why; once in a run."""
        host = host_of(capture.url)
        if not capture.relaxed or host in self._told:
            return None
        self._told.add(host)
        why = next(rule.why for rule in self._profile.tls if rule.host == host)
        return f"not insisted on with {host}: {', '.join(capture.relaxed)} ({why})"

    def _kept(self, visit: Visit) -> Iterator[Visit]:
        """Yield a visit, then queue what its capture leads to.

        Further listing pages are asked for again only if the listing brought something new; one that is
        not known is asked for all the same.
        """
        if visit.capture is None:
            yield visit
            return
        found, fault = self._discovered(visit.capture, visit.target)
        yield _noted(visit, fault)
        found = self._traps.sift(found, visit.capture, visit.target)
        new = self._frontier.add([link for link in found if link.priority != LISTING])
        again = self._sweep or new > 0
        self._frontier.add([link for link in found if link.priority == LISTING], again=again)

    def _discovered(self, capture: Capture, target: Target) -> tuple[tuple[Target, ...], str | None]:
        """Return what a capture leads to, and what could not be read of it."""
        try:
            return discover(capture, target, self._profile), None
        except ReadInPart as exc:
            return exc.found, exc.reason
        except PageUnreadable as exc:
            return (), exc.reason

    def _ask(self, origin: str) -> Generator[Visit, None, Rules | None]:
        """Yield the visits to a host's robots.txt; return its rules, None if nothing may be fetched now.

        Redirects are followed to any host, and what is found there holds for this one; one that redirects
        too often counts as not there (RFC 9309, 2.3.1.2).
        """
        politeness = self._profile.politeness
        politeness = replace(politeness, max_bytes=max(politeness.max_bytes, _ROBOTS_MAX_BYTES))
        url = urljoin(origin, "/robots.txt")
        for _ in range(MAX_REDIRECTS + 1):
            if why := self._pace.resting().get(host_of(url)):
                self._robots.deny(origin, why)
                return None
            visit = self._visit(Target(url=url, priority=LISTING), politeness)
            if visit is None:
                return None
            location = visit.capture.header("Location") if visit.capture else None
            if not (visit.capture and 300 <= visit.capture.status < 400 and location):
                return (yield from self._read(origin, visit))
            yield visit
            url = _redirected(url, location)
            if not (url and self._profile.has_port(url)):
                self._robots.deny(origin, f"it redirects to {location!r}")
                return None
        return self._robots.keep(origin, "")

    def _read(self, origin: str, visit: Visit) -> Generator[Visit, None, Rules | None]:
        """Yield the last visit to a robots.txt with what the report should tell of it; return the rules."""
        capture = visit.capture
        if capture is None or (capture.truncated and capture.status < 400):
            yield visit
            self._robots.deny(origin, str(visit.failed or visit.refused))
            return None
        try:
            text = read_text(capture)
        except RobotsUnavailable as exc:
            yield visit
            self._robots.deny(origin, exc.reason)
            return None
        rules = self._robots.keep(origin, text)
        if rules.asked_s > rules.delay_s:
            asked = f"asks for {rules.asked_s:g} s between requests; {rules.delay_s:g} s are kept"
            visit = _noted(visit, asked)
        yield from self._kept(visit)  # to the sitemaps that it names
        return rules


def _noted(visit: Visit, note: str | None) -> Visit:
    """Return the visit with something else to tell of it."""
    return replace(visit, note="; ".join(filter(None, (visit.note, note))) or None)


def _redirected(url: str, location: str) -> str:
    """Return the URL that a redirect leads to, or nothing if it is none that can be fetched."""
    try:
        url = urljoin(url, location).partition("#")[0]
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""
