"""The commands: one for each stage of the pipeline. Data goes to stdout, messages to stderr."""

from __future__ import annotations

from archive_search.cli import capturing, exporting, finding, importing, keeping, profiles, scheduling
from archive_search.cli.room import main

__all__ = ["capturing", "exporting", "finding", "importing", "keeping", "main", "profiles", "scheduling"]
