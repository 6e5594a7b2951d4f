"""What is asked: the typed text read into a tree, with filters, order and page.

`parse` reads what a reader types and never raises:

=====================  ==================================================
`thu hồi đất`          all the words (AND)
`"thu hồi đất"`        the phrase
`đất OR nhà`           either
`đất -nhà`, `NOT nhà`  without
`(đất OR nhà) ở`       brackets group
=====================  ==================================================

Typed accents narrow, missing accents widen: a word with marks is that spelling (in either placement of
the tone), a word without marks is every spelling of those letters. A symbol of a legal document is one
word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive_search.index.expanding import expand
from archive_search.index.tree import (
    And,
    Everything,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    Word,
    joined,
    phrase_of,
    word_of,
)
from archive_search.records import Filters, Sort
from archive_search.vietnamese.spelling import normalise
from archive_search.vietnamese.tokens import Kind, Token, tokenize

__all__ = ["And", "Everything", "Node", "Not", "Nothing", "Or", "Phrase", "Query", "Word", "parse", "read"]

MAX_CHARS = 2000
"""What is typed beyond this is ignored; the longest sentence of the portals we know has 900 characters."""

MAX_WORDS = 48
"""Words beyond this are ignored, so that no query costs more than a second."""

MAX_DEPTH = 8
"""Brackets deeper than this are read as if they were not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to an engine: the tree and the text it was read from, and which page of hits to show.

    `facet_limit` bounds the values listed of each facet to the largest ones (None lists them all);
    counts are exact either way, and selected values are always listed.
    """

    node: Node
    text: str
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE
    offset: int = 0
    limit: int = 10
    facet_limit: int | None = None


def parse(text: str) -> Node:
    """Return the tree of what was typed, expanded by other ways to write it."""
    return expand(read(text))


def read(text: str) -> Node:
    """Return the tree of what was typed; the empty text and `*` are `Everything`."""
    typed = normalise(text[:MAX_CHARS]).strip()
    if typed in ("", "*"):
        return Everything()
    return _Reader(typed).node()


# A minus negates what stands right behind it, but only at the beginning of a word: not in `2017-2021`.
_LEXEME = re.compile(
    r"""
    (?P<quote> ["“”„«»] )
    | (?P<open> \( ) | (?P<close> \) )
    | (?P<not> (?:(?<=\s)|(?<=\()|^) (?: NOT\b | [-–—−](?=[\w"“„«(]) ) )
    | (?P<or> \b OR \b ) | (?P<and> \b AND \b )
    | (?P<text> (?: (?! \b(?:OR|AND|NOT)\b | (?<=\s)[-–—−] ) [^"“”„«»()] )+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


class _Group:
    """One open bracket: alternatives of conjunctions, and the negation that waits for its operand."""

    def __init__(self) -> None:
        self.alternatives: list[list[Node]] = [[]]
        self.negated = False

    def add(self, node: Node | None) -> None:
        if node is not None:
            self.alternatives[-1].append(Not(node) if self.negated else node)
            self.negated = False

    def closed(self) -> Node | None:
        anded = tuple(joined(And, tuple(nodes)) for nodes in self.alternatives if nodes)
        return joined(Or, anded) if anded else None


class _Reader:
    def __init__(self, typed: str) -> None:
        self._lexemes = _LEXEME.finditer(typed)
        self._words_left = MAX_WORDS
        self._stack = [_Group()]
        self._ignored_brackets = 0

    def node(self) -> Node:
        for match in self._lexemes:
            match match.lastgroup:
                case "quote":
                    self._quoted()
                case "open":
                    self._open()
                case "close":
                    self._close()
                case "not":
                    self._stack[-1].negated = True
                case "or":
                    self._stack[-1].alternatives.append([])
                case "text":
                    self._text(match[0])
        while len(self._stack) > 1:
            self._close()
        return self._stack[0].closed() or Nothing()

    def _tokens(self, text: str) -> Iterator[Token]:
        for token in tokenize(text):
            if self._words_left <= 0:
                return
            self._words_left -= 1
            yield token

    def _text(self, text: str) -> None:
        """Read words; what is negated is all that stands before the next space (`-vắc-xin ở`)."""
        group = self._stack[-1]
        if group.negated:
            first, _, text = text.lstrip().partition(" ")
            self._add_phrase(first)
        for token in self._tokens(text):
            group.add(_word(token))

    def _quoted(self) -> None:
        """Read up to the closing quotation mark, or to the end where there is none."""
        pieces = []
        for match in self._lexemes:
            if match.lastgroup == "quote":
                break
            pieces.append(match[0])
        self._add_phrase("".join(pieces))

    def _add_phrase(self, text: str) -> None:
        words = [word_of(token) for token in self._tokens(text)]
        if len(words) == 1:
            self._stack[-1].add(words[0])
        elif words:
            self._stack[-1].add(phrase_of(tuple(unit for word in words for unit in word.units)))

    def _open(self) -> None:
        if len(self._stack) > MAX_DEPTH:
            self._ignored_brackets += 1
        else:
            self._stack.append(_Group())

    def _close(self) -> None:
        if self._ignored_brackets:
            self._ignored_brackets -= 1
        elif len(self._stack) > 1:
            node = self._stack.pop().closed()
            self._stack[-1].add(node)


def _word(token: Token) -> Node:
    """Return the token as a word; a number is also found as its parts, since `3,4` may mean 3 and 4."""
    word = word_of(token)
    return Or((word, Phrase(word.parts))) if token.kind is Kind.NUMBER else word
