"""How a long task tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with what is being dealt with, how many are done, and how many are known (0: not yet)."""


def silent(_what: str, _done: int, _known: int) -> None:
    """Report no progress."""
