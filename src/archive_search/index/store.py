# mypy: allow-untyped-calls
# (Whoosh is typed in part only.)
"""Whoosh as the store: segments, columns, deletions, commits and merging are its work.

The inverted side is ours. Whoosh's codec writes a posting list as compressed pickles of 128 tuples;
reading a common term then costs milliseconds of Python, and each term 60 bytes beside its postings. A
codec is a part that Whoosh lets one exchange. Ours gives a segment two files:

`.trm`  the keys, sorted by field and term, one after another; where each one ends, here and in `.pst`
`.pst`  the packed postings, term by term

This is the only module that imports Whoosh, and it knows it from inside: whoosh3 is pinned to one
version because of it.
"""

from __future__ import annotations

import json
import mmap
import struct
import threading
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
from whoosh.codec.base import FieldWriter, TermsReader
from whoosh.codec.whoosh3 import W3Codec
from whoosh.columns import VarBytesColumn
from whoosh.fields import COLUMN, FieldType, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Format
from whoosh.index import EmptyIndexError, FileIndex
from whoosh.index import IndexError as WhooshIndexError
from whoosh.matching.mcore import ListMatcher
from whoosh.reading import SegmentReader, TermInfo, TermNotFound
from whoosh.writing import SegmentWriter

from archive_search.errors import IndexUnusable
from archive_search.index.generations import written_to
from archive_search.index.postings import (
    Numbers,
    PostingPool,
    Postings,
    decode_positions,
    pack,
    unpack,
)

__all__ = ["Store", "StoredSegment", "Writer"]

_MAGIC = b"ASTERMS1"
_SIZES = struct.Struct("<QQ")

_POOL_NUMBERS = 16 * 1024 * 1024
"""64 MB: the postings of some 10,000 articles."""


class _Terms(FieldType):
    """A field whose values come analysed: terms with frequencies and encoded positions."""

    def __init__(self) -> None:
        self.format = Format()

    def index(self, value: Iterable[tuple[bytes, int, bytes]], **kwargs: Any) -> Any:
        return ((term, freq, freq, positions) for term, freq, positions in value)


class ArrayCodec(W3Codec):
    """Whoosh's codec with our terms and postings."""

    # Only Whoosh's own scoring needs the shortest and longest length per term.
    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> _ArrayFieldWriter:
        """Return what writes the inverted side of a segment."""
        # Only what Whoosh's own `add_postings` would call is missing.
        return _ArrayFieldWriter(  # type: ignore[abstract]
            segment.create_file(storage, self.TERMS_EXT), segment.create_file(storage, self.POSTS_EXT)
        )

    def terms_reader(self, storage: Any, segment: Any) -> ArrayTermsReader:
        """Return what reads the inverted side of a segment."""
        # Only what Whoosh's own queries would call is missing.
        return ArrayTermsReader(  # type: ignore[abstract]
            _mapped(segment.open_file(storage, self.TERMS_EXT)),
            _mapped(segment.open_file(storage, self.POSTS_EXT)),
        )


def _mapped(file: Any) -> Any:
    """Return the file as memory that the system reads when it is touched, and close the file."""
    with file:
        # The mapping is closed when the last array that looks into it is gone.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


class _ArrayFieldWriter(FieldWriter):
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
        self, schema: Any, lengths: Any, items: Iterable[tuple[str, bytes, array[int], array[int]]]
    ) -> None:
        """Write all postings, in the order in which our pool gives them."""
        write = self._posts.write
        end = len(_MAGIC)
        for field, term, numbers, positions in items:
            data = pack(numbers, positions)
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


class ArrayTermsReader(TermsReader):
    """The terms of one segment, by number in sorted order; safe to read from several threads."""

    def __init__(self, terms: Any, posts: Any) -> None:
        if terms[: len(_MAGIC)] != _MAGIC or posts[: len(_MAGIC)] != _MAGIC:
            raise ValueError("not a file of terms and a file of postings")
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
        if count and (len(posts) != ends[-1] or len(terms) != self._keys_at + self._key_ends[-1]):
            raise ValueError("the file of terms or the file of postings is cut off")

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
            decode_positions(postings),
            format_,
            scorer=scorer,
            term=(fieldname, text),
        )

    def close(self) -> None:
        """Let go of the files; arrays that look into them keep them open."""
        del self._terms, self._posts, self._key_ends


class StoredSegment:
    """One segment, opened for reading; it never changes but for its deletions.

    `base` is the number of its first document among those of all segments.
    """

    def __init__(self, reader: SegmentReader, base: int) -> None:
        self._terms: ArrayTermsReader = reader._terms
        self._reader = reader
        self._columns_lock = threading.Lock()
        self.base = base
        segment: Any = reader.segment()
        self.name: str = segment.segment_id()
        self.deleted: Numbers = np.array(sorted(segment.deleted_docs()), dtype=np.int64)
        # Opened now, since the files of a segment go when a later commit merges it.
        self._columns = {
            name: reader.column_reader(name, translate=False)
            for name, field in reader.schema.items()
            if field.column_type
        }

    def column(self, fieldname: str) -> list[bytes]:
        """Return the values of all documents, deleted ones too."""
        with self._columns_lock:
            return list(self._columns[fieldname])

    def value(self, fieldname: str, doc: int) -> bytes:
        """Return the value of the document of that number within the segment."""
        # Whoosh reads columns with seek and read, which threads must not mix.
        with self._columns_lock:
            value: bytes = self._columns[fieldname][doc]
        return value

    def postings(self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool]) -> Iterator[Postings]:
        """Yield the postings of the terms that begin with `prefix`, if `keep` accepts what follows it."""
        for number in self._terms.numbers_with(fieldname, prefix):
            if keep(self._terms.key(number)[len(prefix) :]):
                yield self._terms.postings(number)


class Writer:
    """Writes one commit."""

    def __init__(self, writer: SegmentWriter, folder: Path) -> None:
        self._writer = writer
        self._folder = folder

    def add(self, values: dict[str, Any]) -> int:
        """Add a document and return its number within the new segment."""
        number: int = self._writer.docnum
        with written_to(self._folder):
            self._writer.add_document(**values)
        return number

    def delete(self, doc: int) -> None:
        """Delete a document that was there before, by its number among all segments."""
        self._writer.delete_document(doc)

    def take_back(self, number: int) -> None:
        """Delete a document that this writer has added."""
        self._writer.newsegment.delete_document(number)


# What reading bytes that are not what Whoosh or we wrote comes to.
_DAMAGE = (
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    KeyError,
    UnpicklingError,
    ValueError,
    WhooshIndexError,
    struct.error,
)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turn what Whoosh raises for an index that is gone or damaged into what we do."""
    try:
        yield
    except EmptyIndexError as exc:
        raise FileNotFoundError(f"{folder} holds no index") from exc
    except _DAMAGE as exc:
        raise IndexUnusable(
            f"The search index in {folder} is damaged ({exc}). Build it anew with `archive-search index`; "
            "it is made from the catalogue."
        ) from exc


class Store:
    """An index in one folder."""

    def __init__(self, folder: Path, index: FileIndex) -> None:
        self.folder = folder
        self._index = index

    @classmethod
    def create(cls, folder: Path, *, terms: Iterable[str], columns: Iterable[str]) -> Store:
        """Make an empty index with these fields of terms, and these columns of bytes, in a new folder."""
        fields: dict[str, FieldType] = {name: _Terms() for name in terms}
        fields.update((name, COLUMN(VarBytesColumn())) for name in columns)
        return cls(folder, FileStorage(str(folder)).create_index(Schema(**fields)))

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the index in `folder`; raises `FileNotFoundError` if it is gone."""
        with _translated(folder):
            return cls(folder, FileStorage(str(folder)).open_index())

    def generation(self) -> int:
        """Return the number of the last commit; -1 if the folder is gone."""
        number: int = self._index.latest_generation()
        return number

    def segments(self) -> tuple[int, list[StoredSegment]]:
        """Open the last commit; return its number, and its segments in order.

        The files stay open as long as anything holds one of the segments.
        """
        with _translated(self.folder):
            reader = self._index.reader()
        leaves = reader.leaf_readers() if reader.doc_count_all() else []
        segments = [StoredSegment(leaf, base) for leaf, base in leaves]
        for segment, (leaf, _) in zip(segments, leaves, strict=True):
            weakref.finalize(segment, leaf.close)
        # An index without documents has a reader that knows no number.
        return reader.generation() or self.generation(), segments

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Write one commit: of all that the block did or, if it raises, of nothing."""
        # Files of their own rather than compound ones, which Whoosh copies into memory when it opens them.
        writer: Any = self._index.writer(codec=ArrayCodec(), compound=False)
        writer.pool = PostingPool(_POOL_NUMBERS)
        try:
            yield Writer(writer, self.folder)
        except BaseException:
            writer.cancel()
            raise
        with written_to(self.folder):
            writer.commit()
