"""The nouns of a query: a tree of analysed words that no engine's own query language can leak into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archive_search.vietnamese.spelling import has_marks, normalise
from archive_search.vietnamese.tokens import Token, tokenize

__all__ = [
    "And",
    "Everything",
    "HasValue",
    "InTitle",
    "Near",
    "Node",
    "Not",
    "Nothing",
    "Or",
    "Phrase",
    "Prefix",
    "Published",
    "Word",
    "joined",
    "phrase_of",
    "prefixes_of",
    "typed_words",
    "word_of",
    "words_in",
    "words_of",
]


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
class Prefix:
    """All words that begin so: a `marked` one with these letters and, if it has a tone, that tone.

    `phó*` is `phó` and `phóng`; `thư*` is `thương` and `thường`, since a tone that is not typed is open.
    """

    key: str
    folded: str
    marked: bool

    def begins(self, folded: str, key: str) -> bool:
        """Tell whether the word of these keys begins so."""
        if not self.marked:
            return folded.startswith(self.folded)
        # A key is the letters and then the tone, and folding keeps the number of letters.
        letters, tone = self.key[: len(self.folded)], self.key[len(self.folded) :]
        return key[: len(folded)].startswith(letters) and tone in ("", key[len(folded) :])


@dataclass(frozen=True, slots=True)
class Near:
    """Two words or phrases of one text, in either order, at most `distance` places from start to start."""

    left: Word | Phrase
    right: Word | Phrase
    distance: int


@dataclass(frozen=True, slots=True)
class InTitle:
    """What the title holds."""

    child: Word | Phrase | Prefix


@dataclass(frozen=True, slots=True)
class HasValue:
    """Articles with this value of a facet, named as a filter names it."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Published:
    """Articles published from the first to the last day (`2022-07-01`); an empty day leaves that end open."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class And:
    """What all children find; words that follow one another here were typed one after another."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any child finds; the best one gives the score. Of ways to write one thing, the typed is first."""

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


Node = Word | Phrase | Prefix | Near | InTitle | HasValue | Published | And | Or | Not | Everything | Nothing


def word_of(token: Token) -> Word:
    """Return the token as a word."""
    return Word(token.key, token.folded, has_marks(token.text), tuple(map(word_of, token.parts)))


def words_in(text: str) -> tuple[Word, ...]:
    """Return the words of `text` that take one place each."""
    return tuple(unit for token in tokenize(normalise(text)) for unit in word_of(token).units)


def phrase_of(words: tuple[Word, ...]) -> Word | Phrase:
    """Return the words as a phrase, or the word if it is one only."""
    return words[0] if len(words) == 1 else Phrase(words)


def joined(kind: type[And | Or], nodes: tuple[Node, ...]) -> Node:
    """Return the nodes under one node of that kind, or the node if it is one only."""
    return nodes[0] if len(nodes) == 1 else kind(nodes)


def words_of(node: Node) -> Iterator[Word]:
    """Yield the words that a match may hold, in typed order."""
    match node:
        case Word():
            yield node
        case Phrase():
            yield from node.words
        case Near():
            yield from words_of(node.left)
            yield from words_of(node.right)
        case InTitle():
            yield from words_of(node.child)
        case And() | Or():
            for child in node.children:
                yield from words_of(child)


def prefixes_of(node: Node) -> Iterator[Prefix]:
    """Yield the beginnings of words that a match may hold, in typed order."""
    match node:
        case Prefix():
            yield node
        case InTitle():
            yield from prefixes_of(node.child)
        case And() | Or():
            for child in node.children:
                yield from prefixes_of(child)


def typed_words(node: Node) -> Iterator[Word]:
    """Yield the words that were typed, and none of the other ways to write them."""
    match node:
        case Or():
            yield from typed_words(node.children[0])
        case And():
            for child in node.children:
                yield from typed_words(child)
        case _:
            yield from words_of(node)
