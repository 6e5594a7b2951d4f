"""A record of a WARC file: where it is, what it holds."""

from __future__ import annotations

from dataclasses import dataclass

from archive_search.records import Capture

RELAXED = "Archive-Search-Relaxed"
"""A field of our own in the header of a response record: what was not insisted on, separated by commas."""

SENT = "Archive-Search-Request"
"""Another: of what was sent with a POST that by which the request is known besides its address.

`WARC-Target-URI` is the address. Fields that WARC 1.1 does not know are passed over by others (section 4).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a record is: file name within the WARC folder, byte offset, length and digest there.

    `length` counts the bytes in the file (a gzip member); `sha256` is the hex digest of those bytes.
    """

    file: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record read from a WARC file: its type, target URI, and the capture if it holds one.

    `problem` says why a record that should hold one does not.
    """

    kind: str
    url: str
    location: Location
    capture: Capture | None
    problem: str | None = None
