"""Posting lists: where terms stand, as arrays that NumPy reads in one piece.

Packed, a posting list is three arrays, each in the narrowest integers that hold it: the gaps between
document numbers; how often the term stands in each document, left out if once in all; and, if positions
are kept, the gaps between them, document by document.
"""

from __future__ import annotations

import heapq
import marshal
import struct
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Numbers", "PostingPool", "Postings", "decode_positions", "encode_positions", "pack", "unpack"]

Numbers = NDArray[np.int64]

_NARROW = ("<u1", "<u2", "<u4")
_ABSENT = 3
_SINGLE = 0x40
_POSITION = "I"


class Postings(NamedTuple):
    """One term in one segment: document numbers, frequencies and, if kept, gaps between positions."""

    docs: Numbers
    freqs: NDArray[Any]
    gaps: NDArray[Any]

    def positions(self) -> Numbers:
        """Return all positions, document by document, in the order of `docs`."""
        sums = np.cumsum(self.gaps, dtype=np.int64)
        firsts = _firsts(self.freqs)
        before = sums[firsts] - self.gaps[firsts]
        positions: Numbers = sums - np.repeat(before, self.freqs)
        return positions


def encode_positions(positions: Sequence[int]) -> bytes:
    """Return the value that a posting carries through Whoosh's sorting."""
    return array(_POSITION, positions).tobytes()


def decode_positions(postings: Postings) -> list[bytes]:
    """Return the values that these postings carried, document by document."""
    if not len(postings.gaps):
        return [b""] * len(postings.docs)
    data = postings.positions().astype(_POSITION).tobytes()
    sizes = postings.freqs.astype(np.int64) * array(_POSITION).itemsize
    ends = np.cumsum(sizes)
    return [data[start:end] for start, end in zip((ends - sizes).tolist(), ends.tolist(), strict=True)]


def _firsts(freqs: NDArray[Any]) -> Numbers:
    """Return where each document's positions begin, if they stand one document after another."""
    counts = freqs.astype(np.int64)
    return np.cumsum(counts) - counts


def _narrowed(numbers: NDArray[Any]) -> tuple[int, bytes]:
    code = _code(int(numbers.max(initial=0)))
    return code, numbers.astype(_NARROW[code]).tobytes()


def pack(numbers: array[int], positions: array[int]) -> bytes:
    """Return the postings of one term as bytes: a byte of type codes, the count, the arrays.

    `numbers` are documents and frequencies by turns.
    """
    if len(numbers) == 2:
        return _pack_single(numbers[0], numbers[1], positions)
    table = np.array(numbers, dtype=np.int64)
    freqs = table[1::2]
    doc_code, doc_bytes = _narrowed(np.diff(table[::2], prepend=0))
    freq_code, freq_bytes = (_ABSENT, b"") if freqs.max() == 1 else _narrowed(freqs)
    gap_code, gap_bytes = _ABSENT, b""
    if positions:
        places = np.array(positions, dtype=np.int64)
        gaps = np.diff(places, prepend=0)
        firsts = _firsts(freqs)
        gaps[firsts] = places[firsts]
        gap_code, gap_bytes = _narrowed(gaps)
    head = struct.pack("<BI", doc_code | freq_code << 2 | gap_code << 4, len(freqs))
    return b"".join((head, doc_bytes, freq_bytes, gap_bytes))


def _pack_single(doc: int, freq: int, positions: array[int]) -> bytes:
    """Pack a term of one document; half of all terms are such, and NumPy costs ten times as much."""
    doc_code = _code(doc)
    freq_code = _ABSENT if freq == 1 else _code(freq)
    gaps = [after - before for before, after in pairwise((0, *positions))]
    gap_code = _code(max(gaps)) if gaps else _ABSENT
    coded = [(doc_code, doc), (freq_code, freq), *((gap_code, gap) for gap in gaps)]
    head = bytes([doc_code | freq_code << 2 | gap_code << 4 | _SINGLE])
    return head + b"".join(n.to_bytes(1 << code, "little") for code, n in coded if code != _ABSENT)


def _code(top: int) -> int:
    return 0 if top < 1 << 8 else 1 if top < 1 << 16 else 2


def unpack(data: Any, at: int = 0) -> Postings:
    """Return the postings that `pack` wrote, from offset `at` of a buffer."""
    codes = data[at]
    at += 1
    count = 1
    if not codes & _SINGLE:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    doc_type = _NARROW[codes & 3]
    docs = np.cumsum(np.frombuffer(data, doc_type, count, at), dtype=np.int64)
    at += count * int(doc_type[-1])
    freqs: NDArray[Any] = np.ones(count, dtype=np.uint8)
    freq_code = codes >> 2 & 3
    if freq_code != _ABSENT:
        freqs = np.frombuffer(data, _NARROW[freq_code], count, at)
        at += count * int(_NARROW[freq_code][-1])
    gap_code = codes >> 4 & 3
    gaps: NDArray[Any] = np.empty(0, dtype=np.uint8)
    if gap_code != _ABSENT:
        gaps = np.frombuffer(data, _NARROW[gap_code], int(freqs.sum(dtype=np.int64)), at)
    return Postings(docs, freqs, gaps)


class PostingPool:
    """Gathers the postings of a segment to be written, term by term, and gives them back sorted.

    It takes the place of Whoosh's own pool, which sorts one Python tuple a posting. Documents come in
    order, so a term's postings are in order as they come. What exceeds `limit` numbers goes to temporary
    files, and is merged in the end.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._runs: list[IO[bytes]] = []
        self._begin()

    def _begin(self) -> None:
        self._size = 0
        # Of each field and term: document and frequency by turns, and the positions.
        self._numbers: dict[str, defaultdict[bytes, array[int]]] = {}
        self._positions: dict[str, defaultdict[bytes, array[int]]] = {}

    def add(self, item: tuple[str, bytes, int, float, bytes]) -> None:
        """Take a posting as Whoosh gives it: field, term, document, frequency, encoded positions."""
        field, term, doc, freq, value = item
        if field not in self._numbers:
            self._numbers[field] = defaultdict(_empty)
            self._positions[field] = defaultdict(_empty)
        numbers = self._numbers[field][term]
        numbers.append(doc)
        numbers.append(int(freq))
        if value:
            self._positions[field][term].frombytes(value)
        self._size += 2 + int(freq)
        if self._size > self._limit:
            self._save()

    def iter_postings(self) -> Iterator[tuple[str, bytes, array[int], array[int]]]:
        """Yield field, term, documents with frequencies by turns, and positions; sorted."""
        merged = heapq.merge(*map(_read_run, self._runs), self._sorted(), key=itemgetter(0, 1))
        for (field, term), group in groupby(merged, key=itemgetter(0, 1)):
            numbers, positions = _empty(), _empty()
            for _, _, more_numbers, more_positions in group:
                numbers += more_numbers
                positions += more_positions
            yield field, term, numbers, positions
        self._begin()

    def cleanup(self) -> None:
        """Remove the temporary files."""
        for run in self._runs:
            run.close()
        self._runs.clear()

    def _sorted(self) -> Iterator[tuple[str, bytes, array[int], array[int]]]:
        for field in sorted(self._numbers):
            positions = self._positions[field]
            for term, numbers in sorted(self._numbers[field].items()):
                yield field, term, numbers, positions.get(term) or _empty()

    def _save(self) -> None:
        # Unnamed, so that nothing of it is left after a crash.
        run = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `cleanup`)
        for field, term, numbers, positions in self._sorted():
            marshal.dump((field, term, numbers.tobytes(), positions.tobytes()), run)
        self._runs.append(run)
        self._begin()


def _empty() -> array[int]:
    return array(_POSITION)


def _read_run(run: IO[bytes]) -> Iterator[tuple[str, bytes, array[int], array[int]]]:
    run.seek(0)
    while True:
        try:
            field, term, numbers, positions = marshal.load(run)  # noqa: S302 (this process wrote it)
        except EOFError:
            return
        yield field, term, array(_POSITION, numbers), array(_POSITION, positions)
