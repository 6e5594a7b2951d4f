"""When to visit a URL again: soon after what is new or changes, late after what never does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from archive_search.records import Outcome

DAY = timedelta(days=1)
SWEEP = timedelta(days=30)
"""Between two visits of a listing that nothing new led to."""

# More often than a tombstone needs: whoever looks seldom may meet with a bad day every time.
_ABSENT = timedelta(days=2)
_TOMBSTONE = timedelta(days=4)
# Of a page's age: RFC 9111, 4.2.2, expects one that has not changed for so long to stay so for a tenth.
_SHARE_OF_AGE = 0.1
_FACTORS = {Outcome.NEW: 0.5, Outcome.CHANGED: 0.5, Outcome.STILL_GONE: 2.0}
_SLOWER = 1.5
# A portal that is down for some days is no reason to come late when it is up again.
_PATIENCE = 4
_LONGEST_FAILURE = timedelta(days=8)

_FAILURES = frozenset({Outcome.FAILED, Outcome.CHALLENGED, Outcome.REFUSED, Outcome.MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a URL is visited: the interval between two visits that succeed, failures since the last one."""

    due_at: datetime | None = None
    interval: timedelta | None = None
    failures: int = 0


def plan(
    before: Plan, outcome: Outcome, now: datetime, *, longest: timedelta, published_at: datetime | None = None
) -> Plan:
    """Return when a URL is due after a visit with that outcome; `before` is how it was visited until now.

    Intervals are a day at least and `longest` at most, which may be less.
    """
    if outcome in _FAILURES:
        failures = before.failures + 1
        wait = min(DAY * 2 ** min(max(0, failures - _PATIENCE), 10), _LONGEST_FAILURE, longest)
        return Plan(due_at=now + wait, interval=before.interval, failures=failures)
    if outcome is Outcome.ABSENT:
        return Plan(due_at=now + min(_ABSENT, longest), interval=before.interval)
    interval = min(max(_interval(before, outcome, now, published_at), DAY), longest)
    return Plan(due_at=now + interval, interval=interval)


def _interval(before: Plan, outcome: Outcome, now: datetime, published_at: datetime | None) -> timedelta:
    if outcome is Outcome.GONE:
        return _TOMBSTONE
    if before.interval is None:
        return (now - published_at) * _SHARE_OF_AGE if published_at else DAY
    return before.interval * _FACTORS.get(outcome, _SLOWER)
