"""What an audit found: problems with what to do about them, and how much was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

RESTORE = "Restore the file from a backup."
REBUILD = "Run `archive-search rebuild`: it derives the catalogue from the WARC files."
UNENTERED = (
    "If a crawl was killed: the next one, or `archive-search index`, enters a whole capture and cuts off "
    "bytes that make none, which were never acknowledged. If nothing was killed, restore the file from a "
    "backup; if the catalogue was lost, run `archive-search rebuild`."
)
UNFINISHED = "If a run was killed: the next one, or `archive-search index`, cuts it off."
FOREIGN = "Move the file away; to take in a WARC file, use `archive-search import`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is not as it was kept: what, in which file, where there, and what to do."""

    what: str
    advice: str
    file: str | None = None
    offset: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit read and found.

    `share` is the part of the records that was to be read, 1 for all; `crc_only` counts those for
    which nothing but gzip's CRC vouches. `sealed` counts the files that stand in the run manifest; `head`
    is the digest of its last line.
    """

    files: int
    records: int
    bytes: int
    crc_only: int
    share: float
    seconds: float
    problems: tuple[Problem, ...]
    sealed: int = 0
    head: str | None = None


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was read so far, and what was found."""

    total: int
    progress: Callable[[str, int, int], None]
    records: int = 0
    bytes: int = 0
    crc_only: int = 0
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, length: int) -> None:
        """Count a record of so many bytes."""
        self.records += 1
        self.bytes += length
        self.progress(name, self.bytes // 1_000_000, self.total // 1_000_000)
