"""Other ways to write what was asked, put into the tree: short forms and what they stand for, i for y.

`CNTT` also finds `công nghệ thông tin`, and the other way round, as `vắc xin` and `vaccine` do; `kỹ thuật`
also finds `kĩ thuật`, `khoá XXIV` also `khoá 24`. The index holds what was written and nothing else, so that
the tables of abbreviations and synonyms can grow without indexing anew (see `thesaurus`). What is quoted is
left alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from archive_search.index.language.thesaurus import Form, Run, Thesaurus
from archive_search.index.language.tree import (
    And,
    InTitle,
    Node,
    Not,
    Or,
    Phrase,
    Said,
    Word,
    joined,
    phrase_of,
    words_of,
)
from archive_search.vietnamese.spelling import other_i
from archive_search.vietnamese.tokens import roman_number

__all__ = ["Expansion", "expand"]

_I_OR_Y = {"i": "y", "y": "i", "I": "Y", "Y": "I"}


class Expansion(NamedTuple):
    """What is told about words that are also searched as others, all as people write them."""

    typed: str
    others: tuple[str, ...]


def expand(node: Node, thesaurus: Thesaurus) -> tuple[Node, tuple[Expansion, ...]]:
    """Return the tree with what its words may also be written as, and what that is, in typed order."""
    expander = _Expander(thesaurus, mixed=_is_mixed(node))
    expanded = expander.expanded(node)
    return expanded, tuple(Expansion(typed, tuple(others)) for typed, others in expander.told.items())


def _is_mixed(node: Node) -> bool:
    """Tell whether capitals mean something: where a title in capitals was pasted, they do not."""
    words = list(words_of(node))
    return len(words) == 1 or any(word.text != word.text.upper() for word in words)


class _Expander:
    def __init__(self, thesaurus: Thesaurus, *, mixed: bool) -> None:
        self._thesaurus = thesaurus
        self._mixed = mixed
        self.told: dict[str, dict[str, None]] = {}

    def expanded(self, node: Node) -> Node:
        match node:
            case Word(parts=parts) if parts:
                # The letters of a symbol are a code, in which Đ and D are one.
                return replace(node, marked=False)
            case Word(quoted=False):
                return self._run_expanded((node,))
            case InTitle(Word() as word):
                return _each(InTitle, self.expanded(word))
            case Said(Word() as word):
                return _each(lambda child: Said(child, node.speaker), self.expanded(word))
            case And():
                return joined(And, tuple(self._children(node.children)))
            case Or():
                return Or(tuple(map(self.expanded, node.children)))
            case Not():
                return Not(self.expanded(node.child))
            case _:
                return node

    def _children(self, children: tuple[Node, ...]) -> Iterator[Node]:
        """Yield the children, the longest runs of words that the table knows as one child each."""
        at = 0
        while at < len(children):
            run = _run(children[at : at + self._thesaurus.longest])
            size = next((n for n in range(len(run), 1, -1) if self._others(run[:n]) is not None), 1)
            if run:
                yield from _as_children(self._run_expanded(run[:size], children[at - 1] if at else None))
            else:
                yield self.expanded(children[at])
            at += size

    def _others(self, run: Run) -> tuple[Form, ...] | None:
        return self._thesaurus.others(run, mixed=self._mixed)

    def _run_expanded(self, run: Run, before: Node | None = None) -> Node:
        """Return the run with its other forms; `before` is what was typed before it."""
        typed = joined(And, run)
        known = self._others(run)
        text = " ".join(word.text for word in run)
        ways = [(text, form) for form in known or ()]
        if len(run) == 1 and known != ():
            ways += [(text, form) for form in _other_spellings(run[0])]
            ways += _as_number(before, run[0])
        for told, form in ways:
            self.told.setdefault(told, {})[form.text] = None
        return joined(Or, (typed, *(phrase_of(form.words) for _, form in ways)))


def _each(kind: Callable[[Word | Phrase], Node], node: Node) -> Node:
    """Return the ways to write one word as alternatives of that kind."""
    ways = node.children if isinstance(node, Or) else (node,)
    return joined(Or, tuple(kind(way) for way in ways if isinstance(way, Word | Phrase)))


def _as_children(node: Node) -> tuple[Node, ...]:
    return node.children if isinstance(node, And) else (node,)


def _run(children: tuple[Node, ...]) -> Run:
    run: list[Word] = []
    for child in children:
        if not isinstance(child, Word) or child.parts or child.quoted:
            break
        run.append(child)
    return tuple(run)


def _as_number(before: Node | None, word: Word) -> Iterator[tuple[str, Form]]:
    """Yield what was typed and the form in which a Roman numeral is a number behind what it counts."""
    number = str(roman_number(word.key.upper()) or "")
    if number and isinstance(before, Word):
        words = (*before.units, Word(number, number, marked=False))
        yield f"{before.text} {word.text}", Form(words, f"{before.text} {number}")


def _other_spellings(word: Word) -> Iterator[Form]:
    """Yield the word with i for y or y for i: `kỹ` as `kĩ`, but never `tay` as `tai`."""
    key = other_i(word.key)
    if key != word.key:
        text = _swapped(word.text)
        yield Form((Word(key, other_i(word.folded), word.marked, text=text),), text)


def _swapped(text: str) -> str:
    """Return a word of which i or y is the whole rime with the other of them, under the same tone."""
    letters = list(unicodedata.normalize("NFD", text))
    at = max((n for n, letter in enumerate(letters) if letter in _I_OR_Y), default=None)
    if at is not None:
        letters[at] = _I_OR_Y[letters[at]]
    return unicodedata.normalize("NFC", "".join(letters))
