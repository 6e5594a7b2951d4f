"""Other ways to write what was asked, put into the tree: short forms and what they stand for, i for y.

`CNTT` also finds `công nghệ thông tin`, and the other way round, as `vắc xin` and `vaccine` do; `kỹ thuật`
also finds `kĩ thuật`, `khoá XXIV` also `khoá 24`. The index holds what was written and nothing else, so that
the tables of abbreviations and synonyms can grow without indexing anew. Short forms that have other readings
are left alone, and so are quoted phrases.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from archive_search.index.tree import And, Node, Not, Or, Phrase, Word, joined, phrase_of, words_in
from archive_search.vietnamese.lexicon import abbreviations, synonyms
from archive_search.vietnamese.tokens import roman_number

MIN_LETTERS = 3
"""A short form of two letters is spelt like a syllable too often (`DA`, `BC`)."""

Run = tuple[Word, ...]

# Where i or y is the whole rime after these initials, both are in use (`kỹ` and `kĩ`, but never `tay`
# for `tai`): rule N07 of the normalisation table.
_I_OR_Y = re.compile(r"(?P<initial>[hklmstv]|qu)(?P<rime>[iy])(?P<tone>[1-5]?)")
_OTHER = {"i": "y", "y": "i"}


def expand(node: Node) -> Node:
    """Return the tree with what its words may also be written as."""
    match node:
        case Word(parts=parts) if parts:
            # The letters of a symbol are a code, in which Đ and D are one.
            return replace(node, marked=False)
        case Word():
            return _expanded((node,))
        case And():
            return joined(And, tuple(_expanded_children(node.children)))
        case Or():
            return Or(tuple(map(expand, node.children)))
        case Not():
            return Not(expand(node.child))
        case _:
            return node


def _expanded_children(children: tuple[Node, ...]) -> Iterator[Node]:
    """Yield the children, the longest runs of words that the table knows as one child each."""
    at = 0
    while at < len(children):
        run = _run(children[at : at + _longest()])
        size = next((size for size in range(len(run), 1, -1) if _others(run[:size]) is not None), 1)
        if run:
            yield from _as_children(_expanded(run[:size], children[at - 1] if at else None))
        else:
            yield expand(children[at])
        at += size


def _as_children(node: Node) -> tuple[Node, ...]:
    return node.children if isinstance(node, And) else (node,)


def _run(children: tuple[Node, ...]) -> Run:
    run: list[Word] = []
    for child in children:
        if not isinstance(child, Word) or child.parts:
            break
        run.append(child)
    return tuple(run)


def _expanded(run: Run, before: Node | None = None) -> Node:
    """Return the run with its other forms; `before` is what was typed before it."""
    typed = joined(And, run)
    others: list[Node] = [phrase_of(form) for form in _others(run) or ()]
    if len(run) == 1:
        others += [*_other_spellings(run[0]), *_as_number(before, run[0])]
    return Or((typed, *others)) if others else typed


def _as_number(before: Node | None, word: Word) -> Iterator[Phrase]:
    """Yield a Roman numeral as a number; what it counts must stand before it, as it does here."""
    number = roman_number(word.key.upper())
    if number and isinstance(before, Word):
        yield Phrase((*before.units, Word(str(number), str(number), marked=False)))


def _other_spellings(word: Word) -> Iterator[Word]:
    match = _I_OR_Y.fullmatch(word.key)
    if match:
        other = _OTHER[match["rime"]]
        key = f"{match['initial']}{other}{match['tone']}"
        yield Word(key, f"{match['initial']}{other}", word.marked)


def _others(run: Run) -> tuple[Run, ...] | None:
    """Return the other forms of a run that the table knows, else None.

    Words typed with marks must have those of the table.
    """
    entry = _table().get(tuple(word.folded for word in run))
    if entry is None:
        return None
    known, *others = entry
    agrees = all(not typed.marked or typed.key == word.key for typed, word in zip(run, known, strict=True))
    return tuple(others) if agrees else None


@cache
def _table() -> dict[tuple[str, ...], tuple[Run, ...]]:
    """Return, by folded keys, each form with the other ways to write it."""
    table: dict[tuple[str, ...], tuple[Run, ...]] = {}
    for forms, typed_only in (*_abbreviated(), *((tuple(map(_exact, group)), set()) for group in synonyms())):
        for form in forms:
            others = (other for other in forms if other != form and other not in typed_only)
            table.setdefault(tuple(word.folded for word in form), (form, *others))
    return table


def _abbreviated() -> Iterator[tuple[tuple[Run, ...], set[Run]]]:
    """Yield each expansion with its short forms, and those of them that are typed but never looked for.

    `KT-XH` is looked for as `KTXH`, which the tokeniser makes of it, and not as two words of few letters.
    """
    listed = {row.short.lower() for row in abbreviations()}
    groups: dict[Run, dict[Run, bool]] = defaultdict(dict)
    for row in abbreviations():
        short, expansion = _exact(row.short), _exact(row.expansion)
        whole = "".join(word.key for word in short)
        if row.ambiguous or len(whole) < MIN_LETTERS:
            continue
        groups[expansion][short] = len(short) > 1 and " " not in row.short
        # Where the short form has a row without its hyphen, that row tells what it means.
        if whole not in listed:
            groups[expansion].setdefault(_exact(whole), False)
    for expansion, shorts in groups.items():
        yield (expansion, *shorts), {short for short, typed_only in shorts.items() if typed_only}


def _exact(text: str) -> Run:
    """Return words that mean exactly this spelling: in the table, no mark is left out."""
    return tuple(replace(word, marked=True) for word in words_in(text))


@cache
def _longest() -> int:
    return max(map(len, _table()))
