"""A time by which a query must be answered; it holds in whichever thread runs the query.

Whoever works through many things asks `check` between two of them. (Python cannot stop a thread, and a
signal reaches the main thread only.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from archive_search.errors import SearchTooSlow

__all__ = ["check", "deadline"]

_UNTIL: ContextVar[float] = ContextVar("until", default=float("inf"))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let `check` raise once so many seconds have passed."""
    token = _UNTIL.set(min(_UNTIL.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def check() -> None:
    """Raise `errors.SearchTooSlow` if the deadline has passed."""
    if time.monotonic() > _UNTIL.get():
        raise SearchTooSlow(
            "The search took too long and was stopped. Leave out its commonest words or stars."
        )
