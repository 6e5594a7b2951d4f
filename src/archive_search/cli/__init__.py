"""The commands: one for each stage of the pipeline. Data goes to stdout, messages to stderr."""

from __future__ import annotations

from archive_search.cli import capturing, finding, keeping, profiles
from archive_search.cli.room import main

__all__ = ["capturing", "finding", "keeping", "main", "profiles"]
