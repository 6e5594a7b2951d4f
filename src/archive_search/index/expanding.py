"""Other ways to write what was asked, put into the tree: abbreviations and what they stand for.

`CNTT` also finds `công nghệ thông tin`, and the other way round. The index holds what was written and
nothing else, so that the table of abbreviations can grow without indexing anew. Short forms that have
other readings are left alone, and so are quoted phrases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from archive_search.index.query import And, Node, Not, Or, Phrase, Word, phrase_of, words_in
from archive_search.vietnamese.lexicon import abbreviations

MIN_LETTERS = 3
"""A short form of two letters is spelt like a syllable too often (`DA`, `BC`)."""

Run = tuple[Word, ...]


@cache
def _alternatives() -> dict[tuple[str, ...], tuple[Run, ...]]:
    """Return, by folded keys, the ways to write a short form or an expansion, the asked one first."""
    forms: dict[Run, list[Run]] = defaultdict(list)
    for row in abbreviations():
        short, expansion = words_in(row.short), words_in(row.expansion)
        if not row.ambiguous and sum(len(word.key) for word in short) >= MIN_LETTERS:
            forms[expansion].append(short)
    found: dict[tuple[str, ...], tuple[Run, ...]] = {}
    for expansion, shorts in forms.items():
        group = (expansion, *shorts)
        for run in group:
            found[_folded(run)] = (run, *(other for other in group if other != run))
    return found


def _folded(run: Run) -> tuple[str, ...]:
    return tuple(word.folded for word in run)


def expand(node: Node) -> Node:
    """Return the tree with what its words may also be written as."""
    match node:
        case Word():
            return _expanded((node,))
        case And():
            return _joined(tuple(_expanded_children(node.children)))
        case Or():
            return Or(tuple(map(expand, node.children)))
        case Not():
            return Not(expand(node.child))
        case _:
            return node


def _joined(children: tuple[Node, ...]) -> Node:
    return children[0] if len(children) == 1 else And(children)


def _expanded_children(children: tuple[Node, ...]) -> Iterator[Node]:
    longest = max(map(len, _alternatives()))
    at = 0
    while at < len(children):
        run: list[Word] = []
        for child in children[at : at + longest]:
            if not isinstance(child, Word) or child.parts:
                break
            run.append(child)
        size = next((n for n in range(len(run), 0, -1) if _known(tuple(run[:n]))), 0)
        if size:
            yield _expanded(tuple(run[:size]))
        else:
            yield children[at] if isinstance(children[at], Word) else expand(children[at])
        at += size or 1


def _known(run: Run) -> bool:
    """Tell whether the run is a form of the table; a word typed with marks must have those marks."""
    forms = _alternatives().get(_folded(run))
    return forms is not None and all(
        not typed.marked or typed.key == word.key for typed, word in zip(run, forms[0], strict=True)
    )


def _expanded(run: Run) -> Node:
    typed = _joined(run)
    if not _known(run):
        return typed
    others = (phrase_of(form) for form in _alternatives()[_folded(run)][1:])
    return Or((typed, *others))
