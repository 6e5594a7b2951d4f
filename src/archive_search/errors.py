"""Every error raised on purpose, and the exit code each one ends a command with.

::

    ArchiveSearchError            1  failed
    ├── ConfigError               2  archive.toml, an option or the environment is wrong
    │   ├── NotAnArchive          2  the folder holds no archive.toml
    │   └── ProfileError          2  a portal profile is missing or wrong
    ├── FetchFailed               1  a URL gave no usable response
    │   ├── AddressRefused        1  a host has no address that may be connected to
    │   ├── RobotsUnavailable     1  robots.txt gave no answer, so nothing may be fetched
    │   └── ResponseTooLarge      1  the body is over the size cap
    ├── PageUnreadable            1  a capture yields no article, with the reason
    │   └── ReadInPart            1  a capture leads to more than could be followed
    ├── WarcUnreadable            1  a WARC file or record cannot be read
    ├── IndexUnusable             1  there is no search index, or it cannot be opened
    ├── SearchTooSlow             1  a search was stopped at its deadline
    ├── BadCursor                 2  a cursor is none of ours, or belongs to another order
    ├── Unsupported               1  this engine cannot do what was asked
    ├── IntegrityError            4  stored bytes are not the bytes that were captured
    ├── StorageError              5  disk full or read-only
    └── ArchiveLocked            75  another run holds the lock (EX_TEMPFAIL of sysexits.h)
        └── LeaseLost            75  another machine crawls in this one's place

Exit code 0 means done and 3 means done in part: some pages failed, and the report names them.
"""

from __future__ import annotations

from archive_search.records import Capture, Target

EXIT_PARTIAL = 3


class ArchiveSearchError(Exception):
    """Something went wrong that the reader of the message can understand and act on."""

    exit_code = 1


class ConfigError(ArchiveSearchError):
    """A setting, an option or an environment variable has a value that cannot be used."""

    exit_code = 2


class NotAnArchive(ConfigError):
    """The folder holds no archive."""


class ProfileError(ConfigError):
    """A portal profile is missing, unreadable or wrong."""


class FetchFailed(ArchiveSearchError):
    """A URL gave no usable response; `url` says which, `reason` why in a few words.

    `capture` is what came of a response that broke off, or was broken off; None if no headers came.
    """

    def __init__(self, url: str, reason: str, capture: Capture | None = None) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason
        self.capture = capture


class AddressRefused(FetchFailed):
    """The host is at no public address, and nobody configured another; nothing was sent to it."""


class RobotsUnavailable(FetchFailed):
    """robots.txt gave no answer, so nothing of its host may be fetched (RFC 9309, 2.3.1.4)."""


class ResponseTooLarge(FetchFailed):
    """The body is over the size cap, or decodes to more than it."""


class PageUnreadable(ArchiveSearchError):
    """A capture yields no article; `reason` says why in a few words."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}")
        self.url = url
        self.reason = reason


class ReadInPart(PageUnreadable):
    """A capture leads to more than could be read or may be followed; `found` is what it does lead to."""

    def __init__(self, url: str, reason: str, found: tuple[Target, ...]) -> None:
        super().__init__(url, reason)
        self.found = found


class WarcUnreadable(ArchiveSearchError):
    """A WARC file, or a record in it, cannot be read; `sound` counts the bytes of whole records before."""

    def __init__(self, message: str, sound: int = 0) -> None:
        super().__init__(message)
        self.sound = sound


class IndexUnusable(ArchiveSearchError):
    """There is no search index yet, or it cannot be opened."""


class SearchTooSlow(ArchiveSearchError):
    """A search was stopped at its deadline."""


class BadCursor(ArchiveSearchError):
    """A cursor is none of ours, or belongs to another order."""

    exit_code = 2


class Unsupported(ArchiveSearchError):
    """This engine cannot do what was asked, and does not pretend to."""


class IntegrityError(ArchiveSearchError):
    """Stored bytes are not the bytes that were captured."""

    exit_code = 4


class StorageError(ArchiveSearchError):
    """The archive cannot be written: disk full, read-only, or no permission."""

    exit_code = 5


class ArchiveLocked(ArchiveSearchError):
    """Another run is writing to this archive."""

    exit_code = 75


class LeaseLost(ArchiveLocked):
    """This machine stood still for longer than its lease, and another one crawls in its place."""
