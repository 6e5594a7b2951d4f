"""The columns of a segment: what is known of every document, and what is shown of it; the file `.doc`.

Each column is one array, or a few, by document. Values that many documents have in common (names, topics,
portals) are kept once, as a list of forms, and pairs of document and number of a form. Pages are compressed
eight by eight, which takes two thirds of the space that they would take one by one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.storage.arrays import Arrays, ArrayWriter
from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.schema import SIGNATURE_SIZE, Facts
from archive_search.index.storage.values import FACET_FIELDS, Column, column, spoken_column

__all__ = ["SPOKEN", "Merged", "column_of", "facts_arrays", "merged_arrays", "page_of", "write"]

SPOKEN = "spoken"

_PLAIN = ("id", "version", "moment", "length", "title_length", "signature", "attached")
_PAGES = 8

UNDATED = np.iinfo(np.int64).min
"""The moment of what has no date; NumPy's own sign for it."""


class Merged(NamedTuple):
    """A segment to be merged: its arrays, and the new number of each document, or -1."""

    arrays: Arrays
    numbers: Numbers


def facts_arrays(rows: Sequence[Facts]) -> dict[str, NDArray[Any]]:
    """Return the columns of these documents."""
    signatures = np.zeros((len(rows), SIGNATURE_SIZE), dtype="<u4")
    for doc, row in enumerate(rows):
        signatures[doc] = row.signature or 0
    spans = [span[:2] for row in rows for span in row.spoken]
    made = {
        "id": np.array([row.id.encode() for row in rows]),
        "version": np.array([row.version.encode() for row in rows]),
        "moment": np.array([row.published or "NaT" for row in rows], "M8[m]").astype("<i8"),
        "length": np.array([row.length for row in rows], "<f4"),
        "title_length": np.array([row.title_length for row in rows], "<f4"),
        "signature": signatures,
        "attached": np.array([row.attached for row in rows], "<u4"),
        f"{SPOKEN}.spans": np.array(spans, dtype="<u4").reshape(-1, 2),
    }
    for name in FACET_FIELDS:
        made |= _column_arrays(name, column(name, rows))
    return made | _column_arrays(SPOKEN, spoken_column(rows))


def _column_arrays(name: str, values: Column) -> dict[str, NDArray[Any]]:
    forms = json.dumps(values.forms, ensure_ascii=False, separators=(",", ":")).encode()
    return {
        f"{name}.forms": np.frombuffer(forms, np.uint8),
        f"{name}.docs": values.docs.astype("<u4"),
        f"{name}.values": values.values.astype("<u4"),
    }


def column_of(arrays: Arrays, name: str) -> Column:
    """Return one column of values."""
    forms = tuple((key, form) for key, form in json.loads(arrays[f"{name}.forms"].tobytes()))
    return Column(forms, arrays[f"{name}.docs"], arrays[f"{name}.values"])


def merged_arrays(parts: Sequence[Merged]) -> dict[str, NDArray[Any]]:
    """Return the columns of all documents that have a new number."""
    kept = [part.numbers >= 0 for part in parts]
    made = {
        name: np.concatenate([part.arrays[name][keep] for part, keep in zip(parts, kept, strict=True)])
        for name in _PLAIN
    }
    spans = [part.arrays[f"{SPOKEN}.spans"][_kept_pairs(part, SPOKEN)] for part in parts]
    made[f"{SPOKEN}.spans"] = np.concatenate(spans)
    for name in (*FACET_FIELDS, SPOKEN):
        made |= _column_arrays(name, _merged_column(name, parts))
    return made


def _kept_pairs(part: Merged, name: str) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = part.numbers[part.arrays[f"{name}.docs"]] >= 0
    return kept


def _merged_column(name: str, parts: Sequence[Merged]) -> Column:
    numbers: dict[tuple[str, str], int] = {}
    docs, values = [], []
    for part in parts:
        old = column_of(part.arrays, name)
        kept = _kept_pairs(part, name)
        used, places = np.unique(old.values[kept], return_inverse=True)
        new = [numbers.setdefault(old.forms[n], len(numbers)) for n in used.tolist()]
        docs.append(part.numbers[old.docs[kept]])
        values.append(np.array(new, dtype=np.int64)[places])
    return Column(tuple(numbers), np.concatenate(docs), np.concatenate(values))


def write(writer: ArrayWriter, columns: Arrays, groups: Iterable[tuple[int, bytes]]) -> None:
    """Write columns, and pages in groups, each with its number of pages."""
    for name, array in columns.items():
        writer.add(name, array)
    counts: list[int] = []

    def packed() -> Iterator[bytes]:
        for count, data in groups:
            counts.append(count)
            yield data

    sizes = writer.add_pieces("pages", packed())
    writer.add("page_groups", np.cumsum([(0, 0), *zip(counts, sizes, strict=True)], axis=0).astype("<u8"))
    writer.close()


def grouped(pages: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield pages in compressed groups, each with its number of pages."""
    held: list[bytes] = []
    for page in pages:
        held.append(page)
        if len(held) == _PAGES:
            yield _packed(held)
            held = []
    if held:
        yield _packed(held)


def _packed(pages: list[bytes]) -> tuple[int, bytes]:
    return len(pages), zlib.compress(b"\n".join(pages))


def merged_pages(parts: Iterable[Merged]) -> Iterator[tuple[int, bytes]]:
    """Yield the groups of pages that are kept; whole groups are not packed anew."""
    held: list[bytes] = []
    for part in parts:
        groups = part.arrays["page_groups"].astype(np.int64)
        for (first, start), (last, end) in zip(groups[:-1].tolist(), groups[1:].tolist(), strict=True):
            data = part.arrays["pages"][start:end].tobytes()
            kept = np.flatnonzero(part.numbers[first:last] >= 0).tolist()
            if len(kept) == _PAGES:
                yield from grouped(held)
                held = []
                yield _PAGES, data
            elif kept:
                pages = zlib.decompress(data).split(b"\n")
                held += [pages[n] for n in kept]
            if len(held) >= _PAGES:
                yield _packed(held[:_PAGES])
                held = held[_PAGES:]
    yield from grouped(held)


def page_of(arrays: Arrays, doc: int) -> bytes:
    """Return the page of a document."""
    firsts, starts = arrays["page_groups"].T
    group = int(np.searchsorted(firsts, doc, side="right")) - 1
    data = zlib.decompress(arrays["pages"][int(starts[group]) : int(starts[group + 1])].tobytes())
    return data.split(b"\n")[doc - int(firsts[group])]
