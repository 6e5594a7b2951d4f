"""The raw truth: WARC 1.1 files, one gzip member a record, only ever appended to."""

from __future__ import annotations

from archive_search.archive.warc.reading import (
    plain_records,
    read_capture,
    read_records,
    salvaged_records,
)
from archive_search.archive.warc.records import Location, StoredRecord
from archive_search.archive.warc.writing import OWN, WarcWriter

__all__ = [
    "OWN",
    "Location",
    "StoredRecord",
    "WarcWriter",
    "plain_records",
    "read_capture",
    "read_records",
    "salvaged_records",
]
