"""The time, so that a year can be tried in a minute."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The time of the wall, for records; a time that never jumps, for pauses; and pauses.

    Whoever writes down or waits for a time is given a clock; a test gives one of its own.
    """

    def now(self) -> datetime:
        """Return the time of the wall: aware, UTC, in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def monotonic(self) -> float:
        """Return seconds from some moment on, never less than before."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)
