# mypy: allow-untyped-calls
# (Whoosh is typed in part only.)
"""Whoosh as the store: which segments an index has, and which of their documents are deleted, is its work.

What a segment holds is ours. Whoosh's codec writes a posting list as compressed pickles of 128 tuples, and a
column value by value; reading a common term then costs milliseconds of Python. A codec is a part that Whoosh
lets one exchange. Ours has three files: `.trm` and `.pst` (see `dictionary`), `.doc` (see `columns`).

Whoosh's writer is not used, as it handles one posting at a time: segments are written and merged whole, and
a commit is Whoosh's table of contents, which names them.

This is the only module that imports Whoosh, and it knows it from inside: whoosh3 is pinned to one
version because of it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import starmap
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, NamedTuple

import numpy as np
from whoosh.codec.base import PerDocumentReader, TermsReader
from whoosh.codec.whoosh3 import W3Codec, W3Segment
from whoosh.fields import FieldType, Schema
from whoosh.filedb.filestore import FileStorage
from whoosh.formats import Format
from whoosh.index import TOC, EmptyIndexError, FileIndex, clean_files
from whoosh.index import IndexError as WhooshIndexError
from whoosh.matching.mcore import ListMatcher
from whoosh.reading import SegmentReader, TermInfo, TermNotFound

from archive_search import disk
from archive_search.errors import IndexUnusable
from archive_search.index.storage import arrays, columns
from archive_search.index.storage.arrays import Arrays, ArrayWriter
from archive_search.index.storage.columns import Merged
from archive_search.index.storage.dictionary import Dictionary, DictionaryWriter, Packed, Term, packed
from archive_search.index.storage.generations import written_to
from archive_search.index.storage.inverting import Inverted
from archive_search.index.storage.merging import Range, merged, ranges
from archive_search.index.storage.postings import Lists, Numbers
from archive_search.index.storage.workers import in_processes

__all__ = ["SegmentState", "Store", "StoredSegment", "write_segment"]

_INDEX = "MAIN"
_TERMS, _POSTINGS, _DOCUMENTS = _FILES = ".trm", ".pst", ".doc"


class SegmentState(NamedTuple):
    """A segment as a commit names it: how many documents it has, and which of them are deleted."""

    name: str
    size: int
    deleted: frozenset[int] = frozenset()

    @property
    def living(self) -> int:
        """The number of its documents that are not deleted."""
        return self.size - len(self.deleted)


class _Terms(FieldType):
    """A field that has terms, of which Whoosh is to know no more."""

    def __init__(self) -> None:
        self.format = Format()


class ArrayCodec(W3Codec):
    """Whoosh's codec with our files, for reading."""

    def terms_reader(self, storage: Any, segment: Any) -> ArrayTermsReader:
        """Return what reads the inverted side of a segment."""
        folder = Path(storage.folder)
        # Only what Whoosh's own merging would call is missing.
        return ArrayTermsReader(  # type: ignore[abstract]
            Dictionary(folder / segment.make_filename(_TERMS), folder / segment.make_filename(_POSTINGS))
        )

    def per_document_reader(self, storage: Any, segment: Any) -> ArrayDocumentReader:
        """Return what reads the columns of a segment."""
        held = arrays.read(Path(storage.folder) / segment.make_filename(_DOCUMENTS))
        # Nothing is stored that Whoosh could show.
        return ArrayDocumentReader(segment, held)  # type: ignore[abstract]


class ArrayDocumentReader(PerDocumentReader):
    """The documents of one segment, as far as Whoosh asks about them."""

    def __init__(self, segment: W3Segment, held: Arrays) -> None:
        self._segment = segment
        self.arrays = held
        if len(held["id"]) != segment.doc_count_all():
            raise ValueError("the columns are those of another segment")

    def doc_count(self) -> int:
        """Return the number of living documents."""
        return self.doc_count_all() - int(self._segment.deleted_count())

    def doc_count_all(self) -> int:
        """Return the number of documents."""
        return int(self._segment.doc_count_all())

    def has_deletions(self) -> bool:
        """Tell whether any document is deleted."""
        return bool(self._segment.deleted_count())

    def is_deleted(self, docnum: int) -> bool:
        """Tell whether a document is deleted."""
        return bool(self._segment.is_deleted(docnum))

    def deleted_docs(self) -> Iterable[int]:
        """Return the numbers of deleted documents."""
        return set(self._segment.deleted_docs())

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """Return how many words a document has; no field is told apart."""
        return int(self.arrays["length"][docnum])

    def field_length(self, fieldname: str) -> int:
        """Return how many words all documents have."""
        return int(self.arrays["length"].sum())

    def min_field_length(self, fieldname: str) -> int:
        """Return how many words the shortest document has."""
        return int(self.arrays["length"].min(initial=0))

    def max_field_length(self, fieldname: str) -> int:
        """Return how many words the longest document has."""
        return int(self.arrays["length"].max(initial=0))


class ArrayTermsReader(TermsReader):
    """The terms of one segment, as far as Whoosh asks about them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary

    def _term(self, fieldname: str, key: bytes) -> Term | None:
        found = next(self.dictionary.terms_from(fieldname, key), None)
        return found if found and found.key == key else None

    def _found(self, fieldname: str, key: bytes) -> Term:
        found = self._term(fieldname, key)
        if found is None:
            raise TermNotFound(f"No term {fieldname}:{key!r}")
        return found

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return self._term(*term) is not None

    def indexed_field_names(self) -> Iterable[str]:
        """Return the names of the fields that have terms."""
        return self.dictionary.fields

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Yield all terms in order."""
        for field in self.dictionary.fields:
            yield from self.terms_from(field, b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the field's terms that are not before `prefix`."""
        return ((fieldname, term.key) for term in self.dictionary.terms_from(fieldname, prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield all terms with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield the field's terms that are not before `prefix`, with their statistics."""
        return ((term, self.term_info(*term)) for term in self.terms_from(fieldname, prefix))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Return the term's statistics."""
        _, docs, freqs, _ = self._found(fieldname, text).postings()
        return TermInfo(
            weight=float(freqs.sum(dtype=np.int64)),
            df=len(docs),
            maxweight=float(freqs.max()),
            minid=int(docs[0]),
            maxid=int(docs[-1]),
        )

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ListMatcher:
        """Return a matcher over the term's postings."""
        postings = self._found(fieldname, text).postings()
        return ListMatcher(
            postings.docs.tolist(),
            postings.freqs.astype(float).tolist(),
            format=format_,
            scorer=scorer,
            term=(fieldname, text),
        )


class StoredSegment:
    """One segment, opened for reading; it never changes but for its deletions.

    `base` is the number of its first document among those of all segments.
    """

    def __init__(self, reader: SegmentReader, base: int) -> None:
        terms: Any = reader._terms
        documents: Any = reader._perdoc
        segment: Any = reader.segment()
        self._dictionary: Dictionary = terms.dictionary
        self.arrays: Arrays = documents.arrays
        self.base = base
        self.name: str = segment.segid
        self.count: int = segment.doc_count_all()
        self.deleted: Numbers = np.array(sorted(segment.deleted_docs()), dtype=np.int64)

    @property
    def state(self) -> SegmentState:
        """The segment as the commit names it."""
        return SegmentState(self.name, self.count, frozenset(self.deleted.tolist()))

    def numbers_of(self, ids: Collection[bytes]) -> list[int]:
        """Return the numbers of the documents that have any of these ids."""
        numbers: list[int] = np.flatnonzero(np.isin(self.arrays["id"], [*ids])).tolist() if ids else []
        return numbers

    def page(self, doc: int) -> bytes:
        """Return the page of the document of that number within the segment."""
        return columns.page_of(self.arrays, doc)

    def terms(self, fieldname: str) -> Iterator[tuple[bytes, int]]:
        """Yield the field's terms in order, each with the number of its documents, deleted ones too."""
        return self._dictionary.counted(fieldname)

    def keys(self, fieldname: str, prefix: bytes) -> list[bytes]:
        """Return the terms that begin with `prefix`, in order."""
        return self._dictionary.keys_with(fieldname, prefix)

    def lists(
        self, fieldname: str, prefix: bytes, keep: Callable[[bytes], bool], *, places: bool
    ) -> Iterator[Lists]:
        """Yield the lists of the terms that begin with `prefix`, if `keep` accepts what follows it."""
        return self._dictionary.lists_with(fieldname, prefix, keep, places=places)


@lru_cache(maxsize=1)
def _renumbered(folder: Path, states: tuple[SegmentState, ...]) -> list[tuple[Dictionary, Merged]]:
    """Return what segments hold, with the numbers that their living documents get in one of all."""
    count, found = 0, []
    with _translated(folder):
        for state in states:
            terms, postings, documents = _paths(folder, state)
            numbers = np.full(state.size, -1, dtype=np.int64)
            living = np.setdiff1d(np.arange(state.size), [*state.deleted])
            numbers[living] = np.arange(count, count + len(living))
            count += len(living)
            found.append((Dictionary(terms, postings), Merged(arrays.read(documents), numbers)))
    return found


def _merged(folder: Path, states: tuple[SegmentState, ...], wanted: Range) -> Packed:
    parts = _renumbered(folder, states)
    return packed(merged([(dictionary, part.numbers) for dictionary, part in parts], wanted))


def _paths(folder: Path, state: SegmentState) -> list[Path]:
    segment = _segment(state)
    return [folder / segment.make_filename(suffix) for suffix in _FILES]


def write_segment(folder: Path, name: str, inverted: Inverted) -> SegmentState:
    """Write a segment of these documents, which no commit names yet."""
    with written_to(folder), _files(folder, name) as (dictionary, documents):
        for field in sorted(inverted.fields):
            dictionary.add(field, packed(inverted.fields[field]))
        columns.write(documents, columns.facts_arrays(inverted.facts), columns.grouped(inverted.pages))
    return SegmentState(name, len(inverted.facts))


@contextmanager
def _files(folder: Path, name: str) -> Iterator[tuple[DictionaryWriter, ArrayWriter]]:
    terms, postings, documents = _paths(folder, SegmentState(name, 0))
    with terms.open("wb") as t, postings.open("wb") as p, documents.open("wb") as d:
        dictionary = DictionaryWriter(t, p)
        yield dictionary, ArrayWriter(d)
        dictionary.close()


def _segment(state: SegmentState) -> W3Segment:
    return W3Segment(ArrayCodec(), _INDEX, state.size, state.name, set(state.deleted) or None)


class _DurableStorage(FileStorage):
    """Files whose new names are given to them only when they are on disk."""

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """Rename a file that was just written."""
        disk.sync(Path(self.folder) / oldname)
        super().rename_file(oldname, newname, safe=safe)


# What reading bytes that are not what Whoosh or we wrote comes to.
_DAMAGE = (
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    TypeError,
    UnpicklingError,
    ValueError,
    WhooshIndexError,
    zlib.error,
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
    def create(cls, folder: Path, terms: Iterable[str]) -> Store:
        """Make an empty index with these fields of terms in a new folder."""
        schema = Schema(**{name: _Terms() for name in terms})
        with written_to(folder):
            return cls(folder, _DurableStorage(str(folder)).create_index(schema))

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the index in `folder`; raises `FileNotFoundError` if it is gone."""
        with _translated(folder):
            return cls(folder, _DurableStorage(str(folder)).open_index())

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
        # An index without documents has a reader that knows no number.
        return reader.generation() or self.generation(), segments

    def new_name(self) -> str:
        """Return a name that no segment has."""
        name: str = W3Segment(ArrayCodec(), _INDEX).segid
        return name

    def merge(self, states: Sequence[SegmentState], processes: int = 1) -> SegmentState:
        """Write a segment of the living documents of these, in order, which no commit names yet."""
        parts = _renumbered(self.folder, tuple(states))
        dictionaries, documents = [one for one, _ in parts], [part for _, part in parts]
        calls = [(self.folder, tuple(states), wanted) for wanted in ranges(dictionaries)]
        size = sum(state.living for state in states)
        merging = in_processes(_merged, calls, processes) if processes > 1 else starmap(_merged, calls)
        name = self.new_name()
        try:
            with written_to(self.folder), _files(self.folder, name) as (dictionary, columns_file):
                for (*_, wanted), found in zip(calls, merging, strict=True):
                    dictionary.add(wanted.field, found)
                columns.write(columns_file, columns.merged_arrays(documents), columns.merged_pages(documents))
        finally:
            # The files are let go of.
            _renumbered.cache_clear()
        return SegmentState(name, size)

    def commit(self, states: Sequence[SegmentState]) -> None:
        """Make these segments the whole index, durably, and remove the files of all others."""
        storage, generation = self._index.storage, self.generation() + 1
        segments = [_segment(state) for state in states]
        with written_to(self.folder):
            for state in states:
                for path in _paths(self.folder, state):
                    disk.sync(path)
            TOC(self._index.schema, segments, generation).write(storage, _INDEX)
            disk.sync(self.folder)
        clean_files(storage, _INDEX, generation, segments)

    def clean(self) -> None:
        """Remove the files of segments that the last commit does not name."""
        toc = TOC.read(self._index.storage, _INDEX)
        clean_files(self._index.storage, _INDEX, toc.generation, toc.segments)
