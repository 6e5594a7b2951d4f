"""Other ways to write what was asked, put into the tree: short forms and what they stand for, i for y.

`CNTT` also finds `công nghệ thông tin`, and the other way round; `kỹ thuật` also finds `kĩ thuật`. The
index holds what was written and nothing else, so that the table of abbreviations can grow without
indexing anew. Short forms that have other readings are left alone, and so are quoted phrases.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from archive_search.index.tree import And, Node, Not, Or, Word, joined, phrase_of, words_in
from archive_search.vietnamese.lexicon import abbreviations

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
        size = next((size for size in range(len(run), 1, -1) if _forms(run[:size])), 1)
        yield _expanded(run[:size]) if run else expand(children[at])
        at += size


def _run(children: tuple[Node, ...]) -> Run:
    run: list[Word] = []
    for child in children:
        if not isinstance(child, Word) or child.parts:
            break
        run.append(child)
    return tuple(run)


def _expanded(run: Run) -> Node:
    typed = joined(And, run)
    others = [phrase_of(form) for form in _forms(run)]
    if len(run) == 1:
        others += _other_spellings(run[0])
    return Or((typed, *others)) if others else typed


def _other_spellings(word: Word) -> Iterator[Word]:
    match = _I_OR_Y.fullmatch(word.key)
    if match:
        other = _OTHER[match["rime"]]
        key = f"{match['initial']}{other}{match['tone']}"
        yield Word(key, f"{match['initial']}{other}", word.marked)


def _forms(run: Run) -> tuple[Run, ...]:
    """Return the other forms of a run; words typed with marks must have those of the table."""
    known, *others = _table().get(tuple(word.folded for word in run), ((),))
    agrees = all(not typed.marked or typed.key == word.key for typed, word in zip(run, known, strict=False))
    return tuple(others) if agrees else ()


@cache
def _table() -> dict[tuple[str, ...], tuple[Run, ...]]:
    """Return, by folded keys, a short form or an expansion with the other ways to write it."""
    groups: dict[Run, list[Run]] = defaultdict(list)
    for row in abbreviations():
        short, expansion = _exact(row.short), _exact(row.expansion)
        if not row.ambiguous and sum(len(word.folded) for word in short) >= MIN_LETTERS:
            groups[expansion].append(short)
    table: dict[tuple[str, ...], tuple[Run, ...]] = {}
    for expansion, shorts in groups.items():
        forms = (expansion, *shorts)
        for form in forms:
            others = (other for other in forms if other != form)
            table.setdefault(tuple(word.folded for word in form), (form, *others))
    return table


def _exact(text: str) -> Run:
    """Return words that mean exactly this spelling: in the table, no mark is left out."""
    return tuple(replace(word, marked=True) for word in words_in(text))


@cache
def _longest() -> int:
    return max(map(len, _table()))
