"""What is asked: a tree of already analysed words that no engine's own query language can leak into.

`parse` reads what a reader types and never raises:

=====================  ==================================================
`thu hồi đất`          all the words (AND)
`"thu hồi đất"`        the phrase
`đất OR nhà`           either
`đất -nhà`, `NOT nhà`  without
`(đất OR nhà) ở`       brackets group
=====================  ==================================================

Typed accents narrow, missing accents widen: a word with marks is that spelling (in either placement of
the tone), a word without marks is every spelling of those letters. What abbreviations and synonyms add
is put into this tree as `Or`, never into the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive_search.records import Filters, Sort
from archive_search.vietnamese.spelling import has_marks, normalise
from archive_search.vietnamese.tokens import Kind, Token, tokenize

__all__ = ["And", "Everything", "Node", "Not", "Nothing", "Or", "Phrase", "Query", "Word", "parse"]

MAX_CHARS = 2000
"""What is typed beyond this is ignored; the longest sentence of the portals we know has 900 characters."""

MAX_WORDS = 48
"""Words beyond this are ignored, so that no query costs more than a second."""

MAX_DEPTH = 8
"""Brackets deeper than this are read as if they were not there."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word: by its exact key if it is `marked`, else by its folded key.

    `parts` are the words that take one place each in the text where this one takes several
    (`59/2019/NĐ-CP`).
    """

    key: str
    folded: str
    marked: bool
    parts: tuple[Word, ...] = ()

    @property
    def units(self) -> tuple[Word, ...]:
        """The words that take one place each: the parts, or the word itself."""
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow one another."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class And:
    """What all children find; words that follow one another here were typed one after another."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any child finds; the best one gives the score."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What the child does not find."""

    child: Node


@dataclass(frozen=True, slots=True)
class Everything:
    """All articles."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No article: something was typed that holds no word."""


Node = Word | Phrase | And | Or | Not | Everything | Nothing


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


def parse(text: str) -> Node:
    """Return the tree of what was typed; the empty text and `*` are `Everything`."""
    typed = normalise(text[:MAX_CHARS]).strip()
    if typed in ("", "*"):
        return Everything()
    return _Parser(typed).node()


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
        anded = [_joined(And, nodes) for nodes in self.alternatives if nodes]
        return _joined(Or, anded) if anded else None


def _joined(kind: type[And | Or], nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else kind(tuple(nodes))


class _Parser:
    def __init__(self, typed: str) -> None:
        self._typed = typed
        self._left = MAX_WORDS
        self._stack = [_Group()]
        self._ignored = 0

    def node(self) -> Node:
        lexemes = _LEXEME.finditer(self._typed)
        for match in lexemes:
            kind = match.lastgroup
            if kind == "quote":
                self._quoted(lexemes)
            elif kind == "open":
                self._open()
            elif kind == "close":
                self._close()
            elif kind == "not":
                self._stack[-1].negated = True
            elif kind == "or":
                self._stack[-1].alternatives.append([])
            elif kind == "text":
                self._text(match[0])
        while len(self._stack) > 1:
            self._close()
        return self._stack[0].closed() or Nothing()

    def _tokens(self, text: str) -> Iterator[Token]:
        for token in tokenize(text):
            if self._left <= 0:
                return
            self._left -= 1
            yield token

    def _text(self, text: str) -> None:
        """Read words; what is negated is all that stands before the next space (`-vắc-xin ở`)."""
        group = self._stack[-1]
        if group.negated:
            first, _, text = text.lstrip().partition(" ")
            self._add_phrase(list(self._tokens(first)))
        for token in self._tokens(text):
            group.add(_word(token))

    def _quoted(self, lexemes: Iterator[re.Match[str]]) -> None:
        """Read up to the closing quotation mark, or to the end where there is none."""
        pieces = []
        for match in lexemes:
            if match.lastgroup == "quote":
                break
            pieces.append(match[0])
        self._add_phrase(list(self._tokens("".join(pieces))))

    def _add_phrase(self, tokens: list[Token]) -> None:
        if len(tokens) == 1:
            self._stack[-1].add(_word(tokens[0]))
        elif tokens:
            units = tuple(_simple(unit) for token in tokens for unit in token.units)
            self._stack[-1].add(phrase_of(units))

    def _open(self) -> None:
        if len(self._stack) > MAX_DEPTH:
            self._ignored += 1
        else:
            self._stack.append(_Group())

    def _close(self) -> None:
        if self._ignored:
            self._ignored -= 1
        elif len(self._stack) > 1:
            node = self._stack.pop().closed()
            self._stack[-1].add(node)


def words_in(text: str) -> tuple[Word, ...]:
    """Return the words of `text` that take one place each."""
    return tuple(_simple(unit) for token in tokenize(normalise(text)) for unit in token.units)


def phrase_of(words: tuple[Word, ...]) -> Word | Phrase:
    """Return the words as a phrase, or the word if it is one only."""
    return words[0] if len(words) == 1 else Phrase(words)


def _simple(token: Token) -> Word:
    return Word(token.key, token.folded, has_marks(token.text))


def _word(token: Token) -> Node:
    """Return the token as a word; a number is also found as its parts, since `3,4` may mean 3 and 4."""
    if not token.parts:
        return _simple(token)
    parts = tuple(_simple(part) for part in token.parts)
    word = Word(token.key, token.folded, has_marks(token.form), parts)
    return Or((word, Phrase(parts))) if token.kind is Kind.NUMBER else word
