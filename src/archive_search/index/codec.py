"""How Whoosh keeps our terms and postings: sorted keys and arrays that NumPy reads in one piece.

Whoosh's own codec writes a posting list as compressed pickles of 128 tuples; reading a common term costs
milliseconds of Python, and each term costs 60 bytes beside its postings. A codec is a part that Whoosh
lets one exchange. This one takes over the inverted side and leaves documents, columns, deletions,
segments and merging to Whoosh. A segment has two files of it:

`.trm`  the keys, sorted by field and term, one after another; where each one ends, here and in `.pst`
`.pst`  a posting list a term: the gaps between document numbers, how often the term stands in each
        document (left out if once in all), and, in fields that keep them, the gaps between positions;
        each in the narrowest integers that hold it

This is the only module that knows Whoosh from inside; whoosh3 is pinned to one version because of it.
"""

from __future__ import annotations

import json
import mmap
import struct
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.base import FieldWriter, TermsReader
from whoosh.codec.whoosh3 import W3Codec
from whoosh.matching import ListMatcher
from whoosh.reading import TermInfo, TermNotFound

__all__ = ["ArrayCodec", "Postings", "delete_added", "deleted_docs", "encode_positions", "matching_postings"]

Ints = NDArray[np.int64]

_MAGIC = b"ASTERMS1"
_SIZES = struct.Struct("<QQ")
_NARROW = ("<u1", "<u2", "<u4")
_ABSENT = 3
_SINGLE = 0x40
_POSITION = "I"


class Postings(NamedTuple):
    """One term in one segment: document numbers, frequencies and, if kept, gaps between positions."""

    docs: Ints
    freqs: NDArray[Any]
    gaps: NDArray[Any]

    def positions(self) -> Ints:
        """Return all positions, document by document, in the order of `docs`."""
        sums = np.cumsum(self.gaps, dtype=np.int64)
        firsts = _firsts(self.freqs)
        before = sums[firsts] - self.gaps[firsts]
        return sums - np.repeat(before, self.freqs)


def encode_positions(positions: Sequence[int]) -> bytes:
    """Return the value that a posting carries through Whoosh's sorting."""
    return array(_POSITION, positions).tobytes()


def _firsts(freqs: NDArray[Any]) -> Ints:
    """Return where each document's positions begin, if they stand one document after another."""
    counts = freqs.astype(np.int64)
    return np.cumsum(counts) - counts


def _narrowed(numbers: NDArray[Any]) -> tuple[int, bytes]:
    top = int(numbers.max(initial=0))
    code = 0 if top < 1 << 8 else 1 if top < 1 << 16 else 2
    return code, numbers.astype(_NARROW[code]).tobytes()


def pack(docs: Sequence[int], freqs: Sequence[float], values: Sequence[bytes]) -> bytes:
    """Return the postings of one term as bytes: a byte of type codes, the count, the arrays."""
    counts = np.array(freqs, dtype=np.int64)
    doc_code, doc_bytes = _narrowed(np.diff(np.array(docs, dtype=np.int64), prepend=0))
    freq_code, freq_bytes = (_ABSENT, b"") if counts.max() == 1 else _narrowed(counts)
    gap_code, gap_bytes = _ABSENT, b""
    if values[0]:
        positions = np.frombuffer(b"".join(values), dtype=_POSITION).astype(np.int64)
        gaps = np.diff(positions, prepend=0)
        firsts = _firsts(counts)
        gaps[firsts] = positions[firsts]
        gap_code, gap_bytes = _narrowed(gaps)
    codes = doc_code | freq_code << 2 | gap_code << 4
    if len(docs) == 1:
        head = bytes([codes | _SINGLE])
    else:
        head = bytes([codes]) + struct.pack("<I", len(docs))
    return b"".join((head, doc_bytes, freq_bytes, gap_bytes))


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


class ArrayCodec(W3Codec):  # type: ignore[misc]
    """Whoosh's codec with our terms and postings."""

    # Only Whoosh's own scoring needs the shortest and longest length per term.
    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> _ArrayFieldWriter:
        """Return what writes the inverted side of a segment."""
        return _ArrayFieldWriter(
            segment.create_file(storage, self.TERMS_EXT), segment.create_file(storage, self.POSTS_EXT)
        )

    def terms_reader(self, storage: Any, segment: Any) -> ArrayTermsReader:
        """Return what reads the inverted side of a segment."""
        return ArrayTermsReader(
            _mapped(segment.open_file(storage, self.TERMS_EXT)),
            _mapped(segment.open_file(storage, self.POSTS_EXT)),
        )


def _mapped(file: Any) -> Any:
    """Return the file as memory that the system reads when it is touched, and close the file."""
    with file:
        # The mapping is closed when the last array that looks into it is gone.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class _ArrayFieldWriter(FieldWriter):  # type: ignore[misc]
    """Writes sorted postings term by term, and the keys at the end."""

    def __init__(self, terms: Any, posts: Any) -> None:
        self._terms = terms
        self._posts = posts
        self._keys = bytearray()
        self._key_ends = array("I")
        self._post_ends = array("Q")
        self._fields: dict[str, int] = {}
        self.is_closed = False
        posts.write(_MAGIC)

    def add_postings(
        self, schema: Any, lengths: Any, items: Iterable[tuple[str, bytes, int, float, bytes]]
    ) -> None:
        """Write all postings; `items` are (field, term, document, frequency, positions), sorted."""
        write = self._posts.write
        end = len(_MAGIC)
        for (field, term), group in groupby(items, key=itemgetter(0, 1)):
            _, _, docs, freqs, values = zip(*group, strict=True)
            data = pack(docs, freqs, values)
            write(data)
            end += len(data)
            self._keys += term
            self._key_ends.append(len(self._keys))
            self._post_ends.append(end)
            self._fields[field] = len(self._key_ends)

    def close(self) -> None:
        """Write the keys; Whoosh calls this once, after the last posting or none."""
        fields = json.dumps(self._fields).encode()
        self._terms.write(_MAGIC + _SIZES.pack(len(self._key_ends), len(fields)))
        for part in (self._post_ends.tobytes(), self._key_ends.tobytes(), fields, bytes(self._keys)):
            self._terms.write(part)
        self._terms.close()
        self._posts.close()
        self.is_closed = True


class ArrayTermsReader(TermsReader):  # type: ignore[misc]
    """The terms of one segment, by number in sorted order; safe to read from several threads."""

    def __init__(self, terms: Any, posts: Any) -> None:
        count, fields_size = _SIZES.unpack_from(terms, len(_MAGIC))
        at = len(_MAGIC) + _SIZES.size
        ends = np.frombuffer(terms, "<u8", count, at)
        self._post_starts = np.concatenate(([len(_MAGIC)], ends[:-1])).astype(np.int64)
        at += 8 * count
        self._key_ends = np.frombuffer(terms, "<u4", count, at)
        at += 4 * count
        self._ranges: dict[str, range] = {}
        first = 0
        for field, last in json.loads(terms[at : at + fields_size]).items():
            self._ranges[field] = range(first, last)
            first = last
        self._keys_at = at + fields_size
        self._terms = terms
        self._posts = posts

    def key(self, number: int) -> bytes:
        """Return the term of that number."""
        start = int(self._key_ends[number - 1]) if number else 0
        end = int(self._key_ends[number])
        key: bytes = self._terms[self._keys_at + start : self._keys_at + end]
        return key

    def numbers_from(self, fieldname: str, term: bytes) -> range:
        """Return the numbers of the field's terms that are not before `term`."""
        numbers = self._ranges.get(fieldname, range(0))
        return numbers[bisect_left(numbers, term, key=self.key) :]

    def numbers_with(self, fieldname: str, prefix: bytes) -> Iterator[int]:
        """Yield the numbers of the field's terms that begin with `prefix`."""
        for number in self.numbers_from(fieldname, prefix):
            if not self.key(number).startswith(prefix):
                return
            yield number

    def postings(self, number: int) -> Postings:
        """Return the postings of the term of that number."""
        return unpack(self._posts, int(self._post_starts[number]))

    def _number(self, fieldname: str, term: bytes) -> int:
        for number in self.numbers_from(fieldname, term)[:1]:
            if self.key(number) == term:
                return number
        raise TermNotFound(f"No term {fieldname}:{term!r}")

    # What Whoosh itself asks of a terms reader, above all to merge segments.

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        try:
            return self._number(*term) >= 0
        except TermNotFound:
            return False

    def indexed_field_names(self) -> Iterable[str]:
        """Return the names of the fields that have terms."""
        return self._ranges.keys()

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Yield all terms in order."""
        for field, numbers in self._ranges.items():
            for number in numbers:
                yield field, self.key(number)

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the field's terms that are not before `prefix`."""
        for number in self.numbers_from(fieldname, prefix):
            yield fieldname, self.key(number)

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield all terms with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield the field's terms that are not before `prefix`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Return the term's statistics."""
        docs, freqs, _ = self.postings(self._number(fieldname, text))
        return TermInfo(
            weight=float(freqs.sum(dtype=np.int64)),
            df=len(docs),
            maxweight=float(freqs.max()),
            minid=int(docs[0]),
            maxid=int(docs[-1]),
        )

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ListMatcher:
        """Return a matcher over the term's postings."""
        postings = self.postings(self._number(fieldname, text))
        return ListMatcher(
            postings.docs.tolist(),
            postings.freqs.astype(float).tolist(),
            _values(postings),
            format_,
            scorer=scorer,
            term=(fieldname, text),
        )

    def close(self) -> None:
        """Let go of the files; arrays that look into them keep them open."""
        del self._terms, self._posts, self._key_ends


def _values(postings: Postings) -> list[bytes]:
    if not len(postings.gaps):
        return [b""] * len(postings.docs)
    data = postings.positions().astype(_POSITION).tobytes()
    sizes = postings.freqs.astype(np.int64) * array(_POSITION).itemsize
    ends = np.cumsum(sizes)
    return [data[start:end] for start, end in zip((ends - sizes).tolist(), ends.tolist(), strict=True)]


def matching_postings(
    reader: Any, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]
) -> Iterator[Postings]:
    """Yield the postings, in the segment of `reader`, of the terms that begin with `prefix`.

    `keep` is asked about what follows the prefix.
    """
    terms: ArrayTermsReader = reader._terms
    for number in terms.numbers_with(fieldname, prefix):
        if keep(terms.key(number)[len(prefix) :]):
            yield terms.postings(number)


def deleted_docs(reader: Any) -> Ints:
    """Return the numbers of the deleted documents in the segment of `reader`."""
    return np.array(sorted(reader.segment().deleted_docs()), dtype=np.int64)


def delete_added(writer: Any, doc: int) -> None:
    """Delete a document that this very writer has added and not yet committed."""
    writer.newsegment.delete_document(doc)
