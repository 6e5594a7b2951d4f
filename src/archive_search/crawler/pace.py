"""How fast a host is asked: a pause between requests that grows as the host slows down or fails.

===================  ==============================================================================
pause                the profile's or the host's own Crawl-delay, whichever is longer; up to a quarter
                     more at random
slow answers         five times as long as the last answer took (Heritrix), 30 s at most; it falls half
                     way back with each good answer, never with another (AutoThrottle)
429, 5xx, no answer  a random time up to twice, four times, ... the pause (full jitter), 5 min at most
Retry-After          as long as it says, a day at most (RFC 9110, 10.2.3; RFC 6585, 4)
failures in a row    after so many the host rests until the next run
===================  ==============================================================================

A profile whose `delay_s` is 0 is that of a server of one's own: nothing but what the host itself asks
for is waited for then.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import Random
from typing import Protocol

from archive_search.clock import Clock
from archive_search.portals import Politeness
from archive_search.records import Capture, HostState

SLOWNESS = 5.0
"""A pause is so many times as long as the answer took (Heritrix, delayFactor)."""

MAX_SLOWED_S = 30.0
"""The longest pause that slow answers lead to (Heritrix, maxDelayMs)."""

JITTER = 0.25
"""A pause is longer by up to this share, so that no two crawls go in step; never shorter."""

MAX_BACKOFF_S = 300.0
"""The longest pause after a failure of which the host does not say how long it takes."""

MAX_SLEEP_S = 300.0
"""A longer pause is not slept: the host rests, and the next run begins with it."""

MAX_RETRY_AFTER_S = 24 * 3600.0
"""The longest Retry-After that is believed."""

_MAX_CLOCK_ERROR = timedelta(days=1)

_ROUND = 1.25  # a remembered pause is written anew when it has changed by this factor


class Hosts(Protocol):
    """What is remembered of hosts from one run to the next."""

    def get(self, host: str) -> HostState:
        """Return what is remembered of a host."""

    def put(self, host: str, state: HostState) -> None:
        """Remember the state of a host."""


@dataclass(slots=True, kw_only=True)
class Budget:
    """What one run may cost; 0 is no limit. `stopped` tells why the run ended before its queue was empty.

    Whoever else has a reason to end the run calls `stop`: no request goes out after that, and the
    queue stays for the next run.
    """

    pages: float = 0
    bytes: float = 0
    seconds: float = 0
    stopped: str | None = None
    fetched: int = 0
    received: int = 0

    def stop(self, reason: str) -> None:
        """Let the run end before its next request."""
        self.stopped = self.stopped or reason

    def spend(self, capture: Capture | None) -> None:
        """Count one request, and what was received."""
        self.fetched += 1
        if capture:
            self.received += len(capture.payload)

    def check(self, elapsed_s: float) -> None:
        """Stop the run if something is used up, given the seconds since it began."""
        if self.pages and self.fetched >= self.pages:
            self.stop(f"the {self.pages:g} pages that one run may fetch are fetched")
        if self.bytes and self.received >= self.bytes:
            self.stop(f"the {self.bytes / 1_000_000:g} MB that one run may fetch are fetched")
        if self.seconds and elapsed_s >= self.seconds:
            self.stop(f"the {self.seconds / 60:g} minutes that one run may take are over")


class _Host:
    """What is known of one host during a run."""

    def __init__(self, state: HostState, free_at: float) -> None:
        self.state = state
        self.free_at = free_at
        self.asked_s = 0.0  # by the host itself, in robots.txt
        self.pause_s = state.delay_s or 0.0
        self.failures = 0  # in a row in this run
        self.rest: tuple[float, str] | None = None  # until when, and why


class Pace:
    """Keeps the distance in time between one request to a host and the next, for each host by itself."""

    def __init__(self, politeness: Politeness, hosts: Hosts, clock: Clock, random: Random) -> None:
        self._politeness = politeness
        self._kept = hosts
        self._clock = clock
        self._random = random
        self._hosts: dict[str, _Host] = {}

    def resting(self) -> dict[str, str]:
        """Return the hosts that are not asked for now, and why."""
        now = self._clock.monotonic()
        return {name: host.rest[1] for name, host in self._hosts.items() if host.rest and host.rest[0] > now}

    def rest(self, name: str, reason: str, seconds: float = math.inf) -> None:
        """Let a host be for so long, by default for the rest of the run."""
        self._host(name).rest = (self._clock.monotonic() + seconds, reason)

    def pause_for(self, name: str) -> float:
        """Return how many seconds the next request to the host has to wait.

        A host that is to be left alone for longer than is slept rests instead.
        """
        host = self._host(name)
        seconds = max(host.free_at - self._clock.monotonic(), 0.0)
        if seconds > MAX_SLEEP_S:
            until = self._clock.now() + timedelta(seconds=seconds)
            reason = f"{name} wants to be left alone until {until:%Y-%m-%d %H:%M} UTC"
            self.rest(name, reason, seconds)
        return seconds

    def ask(self, name: str, seconds: float) -> None:
        """Keep at least this distance to a host from now on, because its robots.txt asks for it."""
        host = self._host(name)
        # The request for robots.txt has been made before it was known how far apart requests should be.
        host.free_at += max(seconds - max(host.pause_s, host.asked_s), 0.0)
        host.asked_s = seconds

    def answered(self, name: str, answer: Capture | None, failure: str | None, took_s: float) -> None:
        """Begin the pause after a request that took so long, and in which the host may have failed."""
        host = self._host(name)
        self._adapt(host, took_s, better=failure is None and _is_good(answer))
        seconds = host.pause_s * (1 + JITTER * self._random.random())
        if failure is None:
            host.failures = 0
            self._remember(name, replace(host.state, failures=0, not_before=None))
        else:
            host.failures += 1
            seconds = self._backed_off(host, seconds, answer)
            until = self._clock.now() + timedelta(seconds=math.ceil(seconds))
            self._remember(name, replace(host.state, failures=host.state.failures + 1, not_before=until))
            if host.failures >= self._politeness.max_failures:
                self.rest(name, f"{name} failed {host.failures} times in a row, the last time: {failure}")
        host.free_at = self._clock.monotonic() + seconds
        self.pause_for(name)

    def keep(self) -> None:
        """Remember the pauses as they are now."""
        for name, host in self._hosts.items():
            if host.pause_s != (host.state.delay_s or 0.0):
                self._kept.put(name, replace(host.state, delay_s=host.pause_s))

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            state = self._kept.get(name)
            wait_s = (state.not_before - self._clock.now()).total_seconds() if state.not_before else 0.0
            # A clock that was set back must not make a wait of years of it.
            wait_s = min(wait_s, MAX_RETRY_AFTER_S)
            self._hosts[name] = _Host(state, self._clock.monotonic() + wait_s)
        return self._hosts[name]

    def _adapt(self, host: _Host, took_s: float, *, better: bool) -> None:
        floor = max(self._politeness.delay_s, host.asked_s)
        wanted = min(SLOWNESS * took_s, MAX_SLOWED_S) if self._politeness.delay_s else 0.0
        eased = (host.pause_s + wanted) / 2 if better else host.pause_s
        host.pause_s = max(floor, wanted, eased if self._politeness.delay_s else 0.0)

    def _backed_off(self, host: _Host, pause_s: float, answer: Capture | None) -> float:
        """Return the pause after a failure: as the host says, or else longer with each failure."""
        asked_s = retry_after(answer, self._clock.now()) if answer else 0.0
        if asked_s:
            return max(asked_s, pause_s)
        # No power of two is needed that is over the longest pause.
        most_s = min(host.pause_s * 2.0 ** min(host.failures, 16), MAX_BACKOFF_S)
        return min(pause_s + most_s * self._random.random(), max(MAX_BACKOFF_S, pause_s))

    def _remember(self, name: str, state: HostState) -> None:
        """Write down what changed, but not each small step of a pause."""
        host = self._hosts[name]
        kept_s, pause_s = host.state.delay_s or 0.0, host.pause_s
        if pause_s > kept_s * _ROUND or pause_s * _ROUND < kept_s:
            state = replace(state, delay_s=pause_s)
        if state != host.state:
            self._kept.put(name, state)
            host.state = state


def failure_of(answer: Capture) -> str | None:
    """Return in what way the host failed, or None if it answered as a host in good health does."""
    if answer.status == 429 or answer.status >= 500:
        return f"status {answer.status}"
    if answer.truncated in ("time", "disconnect"):
        return f"a response that broke off ({answer.truncated})"
    return None


def retry_after(answer: Capture, now: datetime) -> float:
    """Return the seconds that a Retry-After asks for, a day at most; 0 where there is none to be read.

    Of several the longest counts. A date is measured by the clock of the server that wrote it, if it tells
    the time and is less than a day off ours.
    """
    told = _http_date(answer.header("Date") or "")
    clock = told if told and abs(told - now) <= _MAX_CLOCK_ERROR else now
    fields = [value.strip() for name, value in answer.headers if name.lower() == "retry-after"]
    # A date has a comma of its own.
    values = [part.strip() for field in fields for part in (field, *field.split(","))]
    return min(max((_seconds_of(value, clock) for value in values), default=0.0), MAX_RETRY_AFTER_S)


def _seconds_of(value: str, clock: datetime) -> float:
    """Return the seconds that one value of Retry-After asks for, 0 if it cannot be read."""
    if re.fullmatch(r"[0-9]+", value):
        return float(value)
    # A date has its time of day; `parsedate_to_datetime` finds one in less.
    until = _http_date(value) if ":" in value else None
    return max((until - clock).total_seconds(), 0.0) if until else 0.0


def _http_date(value: str) -> datetime | None:
    """Return the time of any of the three forms of an HTTP-date (RFC 9110, 5.6.7)."""
    try:
        found = parsedate_to_datetime(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_good(capture: Capture | None) -> bool:
    # 304 is what an unchanged page gives; the short way there is the host's own.
    return capture is not None and capture.status in (200, 304)
