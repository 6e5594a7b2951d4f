"""What a test does without something that it needs."""

from __future__ import annotations

import os

import pytest


def needed(is_there: object, what: str) -> None:
    """Skip the test on a reader's machine without something; in CI, where nothing may be missing, fail."""
    if not is_there:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(what)
