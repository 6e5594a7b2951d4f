"""Other ways to write words: the bundled tables and the archive's own, by the words that are typed.

Short forms and what they stand for find each other, and so do the forms of a row of synonyms. A short form
that has several readings finds them all when it is typed, but is not looked for by any of them: most of
its places mean another. Nor is one of two letters, and it counts in capitals only; where it is spelt like
a syllable (`DA`, `TU`), only if not all that was typed is in capitals.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archive_search.errors import ConfigError
from archive_search.index.language.tree import Word, words_in
from archive_search.vietnamese.lexicon import Abbreviation, abbreviations, parse_synonyms, synonyms
from archive_search.vietnamese.phrases import is_syllable

__all__ = ["Form", "Run", "Thesaurus", "ThesaurusFile", "bundled", "load_thesaurus", "thesaurus"]

Run = tuple[Word, ...]
Keys = tuple[str, ...]

SHORT_LETTERS = 2
"""A short form of so many letters counts in capitals only; one of a single letter never."""


class Form(NamedTuple):
    """A way to write something: its words, and as it is printed."""

    words: Run
    text: str


class _Way(NamedTuple):
    """That who types one form is also shown another; of `capitals`, only if it is typed so."""

    typed: Form
    other: Form
    capitals: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """A form with the others that it also finds: none if it has no other, whatever the rules say."""

    words: Run
    others: tuple[Form, ...]
    capitals: bool

    def agrees(self, run: Run, *, mixed: bool) -> bool:
        """Tell whether the run is this form: words typed with marks must have those of the form."""
        if any(typed.marked and typed.key != word.key for typed, word in zip(run, self.words, strict=True)):
            return False
        syllable = len(run) == 1 and is_syllable(self.words[0].key)
        return not self.capitals or (
            all(typed.text.isupper() for typed in run) and (mixed or not syllable or len(run) > 1)
        )


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """What may also be written otherwise, by the folded keys of its words."""

    entries: Mapping[Keys, tuple[_Entry, ...]]
    longest: int

    def others(self, run: Run, *, mixed: bool) -> tuple[Form, ...] | None:
        """Return the other forms of a run of words: None if it is not known, none if it has no other.

        Where a form is spelt just as typed, it alone counts. `mixed` says that not all that was typed is
        in capitals, so that capitals mean something.
        """
        known = self.entries.get(tuple(word.folded for word in run), ())
        agreeing = [entry for entry in known if entry.agrees(run, mixed=mixed)]
        just = [entry for entry in agreeing if _keys(entry.words) == _keys(run)]
        if not agreeing:
            return None
        return tuple(dict.fromkeys(form for entry in just or agreeing for form in entry.others))


def thesaurus(
    shorts: Iterable[Abbreviation],
    groups: Iterable[tuple[str, ...]],
    own: Iterable[tuple[str, ...]] = (),
) -> Thesaurus:
    """Return the thesaurus of short forms and groups of synonyms, and of an archive's `own` groups.

    A group of one form takes that form out of all others.
    """
    every = [tuple(map(_form, group)) for group in (*groups, *own)]
    alone = {_keys(group[0].words): group[0] for group in every if len(group) == 1}
    ways = [*_abbreviated(shorts), *(way for group in every for way in _both_ways(group))]
    found: dict[tuple[Keys, bool], dict[Form, None]] = defaultdict(dict)
    words = {key: form.words for key, form in alone.items()}
    for way in ways:
        key = _keys(way.typed.words)
        if key not in alone and _keys(way.other.words) not in alone:
            found[key, way.capitals][way.other] = None
            words[key] = way.typed.words
    for key in alone:
        found[key, False] = {}
    entries: dict[Keys, list[_Entry]] = defaultdict(list)
    for (key, capitals), others in found.items():
        folded = tuple(word.folded for word in words[key])
        entries[folded].append(_Entry(words[key], tuple(others), capitals))
    return Thesaurus({key: tuple(known) for key, known in entries.items()}, max(map(len, entries), default=0))


@cache
def bundled() -> Thesaurus:
    """Return the thesaurus of the bundled tables alone."""
    return thesaurus(abbreviations(), synonyms())


def load_thesaurus(path: Path) -> Thesaurus:
    """Return the bundled thesaurus with the archive's own table in it, if there is one at `path`.

    Raises `ConfigError`, which names file and line, for a table that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return bundled()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}") from exc
    return thesaurus(abbreviations(), synonyms(), parse_synonyms(text, source=str(path)))


class ThesaurusFile:
    """The thesaurus of an archive that is being served: read again when its own table has changed.

    A table that cannot be read is logged, and the bundled ones stand alone until it has changed again.
    Safe to share between threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._read: tuple[int, int] | None = None
        self._thesaurus = bundled()

    def current(self) -> Thesaurus:
        """Return the thesaurus as the file is now; never raises."""
        stamp = self._stamp()
        with self._reading:
            if stamp != self._read:
                self._thesaurus, self._read = self._loaded(), stamp
            return self._thesaurus

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def _loaded(self) -> Thesaurus:
        try:
            return load_thesaurus(self._path)
        except ConfigError as exc:
            logging.getLogger(__name__).error("%s The bundled synonyms are used alone.", exc)
            return bundled()


def _keys(run: Run) -> Keys:
    return tuple(word.key for word in run)


def _form(text: str) -> Form:
    """Return a form that means exactly this spelling: in the tables, no mark is left out."""
    return Form(tuple(replace(word, marked=True) for word in words_in(text)), text)


def _both_ways(group: tuple[Form, ...]) -> Iterator[_Way]:
    for typed in group:
        for other in group:
            if _keys(other.words) != _keys(typed.words):
                yield _Way(typed, other)


def _abbreviated(rows: Iterable[Abbreviation]) -> Iterator[_Way]:
    """Yield the ways from short forms to their readings, and back where there is only one."""
    by_short: dict[Keys, list[Abbreviation]] = defaultdict(list)
    for row in rows:
        by_short[_keys(_form(row.short).words)].append(row)
    shorts: dict[str, list[tuple[Form, bool]]] = defaultdict(list)
    for known in by_short.values():
        short = _form(known[0].short)
        whole = "".join(word.key for word in short.words)
        readings = dict.fromkeys(reading for row in known for reading in (row.expansion, *row.readings))
        single = len(readings) == 1 and not any(row.ambiguous for row in known)
        if single and len(whole) > SHORT_LETTERS:
            # `KT-XH` is looked for as `KTXH`, which the tokeniser makes of it, and not as two words.
            shorts[known[0].expansion].append((short, len(short.words) == 1 or " " in short.text))
            if len(short.words) > 1 and (whole,) not in by_short:
                shorts[known[0].expansion].append((_form(whole), True))
        elif len(whole) >= SHORT_LETTERS:
            yield from (
                _Way(short, _form(reading), len(whole) <= SHORT_LETTERS or is_syllable(whole))
                for reading in readings
            )
    for expansion, forms in shorts.items():
        yield from _one_reading(_form(expansion), forms)


def _one_reading(expansion: Form, shorts: list[tuple[Form, bool]]) -> Iterator[_Way]:
    """Yield the ways between an expansion and its short forms, those that are looked for and those not."""
    for short, _ in shorts:
        yield _Way(short, expansion)
    for typed in (expansion, *(short for short, _ in shorts)):
        for other, looked_for in shorts:
            if looked_for and _keys(other.words) != _keys(typed.words):
                yield _Way(typed, other)
