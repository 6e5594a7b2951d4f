"""The nouns of a query: a tree of analysed words that no engine's own query language can leak into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

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
    "Said",
    "Word",
    "cost",
    "joined",
    "leaves",
    "loosened",
    "phrase_of",
    "quoted",
    "said_in",
    "typed_words",
    "word_of",
    "words_in",
    "words_of",
]


@dataclass(frozen=True, slots=True)
class Word:
    """A word: by its exact key if it is `marked`, else by its folded key.

    `parts` are the words that take one place each in the text where this one takes several
    (`59/2019/NĐ-CP`). `text` is how it was written and `quoted` whether in quotation marks, which
    makes no other word of it.
    """

    key: str
    folded: str
    marked: bool
    parts: tuple[Word, ...] = ()
    text: str = field(default="", compare=False)
    quoted: bool = field(default=False, compare=False)

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
    text: str = field(default="", compare=False)

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
class Said:
    """What stands in a block in which someone speaks; in which this `speaker` does, if one is named."""

    child: Word | Phrase | Prefix
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class HasValue:
    """Articles with this value of a facet, or with one whose name holds it (`FieldValues.named`)."""

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


Node = (
    Word
    | Phrase
    | Prefix
    | Near
    | InTitle
    | Said
    | HasValue
    | Published
    | And
    | Or
    | Not
    | Everything
    | Nothing
)

N = TypeVar("N", bound=Node)

_PREFIX_COST = 20
_PLACES_COST = 20
_PREFIX_PLACES_COST = 60


def word_of(token: Token) -> Word:
    """Return the token as a word."""
    parts = tuple(map(word_of, token.parts))
    return Word(token.key, token.folded, has_marks(token.text), parts, token.text)


def quoted(word: Word) -> Word:
    """Return the word as quoted: by its exact key, with marks or without, but for the code of a symbol."""
    return replace(word, quoted=True, marked=word.marked or not word.parts)


def words_in(text: str) -> tuple[Word, ...]:
    """Return the words of `text` that take one place each."""
    return tuple(unit for token in tokenize(normalise(text)) for unit in word_of(token).units)


def phrase_of(words: tuple[Word, ...]) -> Word | Phrase:
    """Return the words as a phrase, or the word if it is one only."""
    return words[0] if len(words) == 1 else Phrase(words)


def joined(kind: type[And | Or], nodes: tuple[Node, ...]) -> Node:
    """Return the nodes under one node of that kind, or the node if it is one only."""
    return nodes[0] if len(nodes) == 1 else kind(nodes)


def leaves(node: Node) -> Iterator[Word | Phrase | Prefix]:
    """Yield what a match may hold, in typed order."""
    match node:
        case Word() | Phrase() | Prefix():
            yield node
        case Near():
            yield from (node.left, node.right)
        case InTitle() | Said():
            yield node.child
        case And() | Or():
            for child in node.children:
                yield from leaves(child)


def words_of(node: Node) -> Iterator[Word]:
    """Yield the words that a match may hold, in typed order."""
    for leaf in leaves(node):
        if not isinstance(leaf, Prefix):
            yield from leaf.words if isinstance(leaf, Phrase) else (leaf,)


def said_in(node: Node) -> Iterator[Said]:
    """Yield what a match may hold in the words of someone."""
    match node:
        case Said():
            yield node
        case And() | Or():
            for child in node.children:
                yield from said_in(child)


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


def loosened(node: N) -> N:
    """Return the node with every word, and every beginning of words, in any spelling."""
    changed: dict[str, Any] = {}
    for part in fields(node):
        value = getattr(node, part.name)
        if part.name == "marked":
            changed[part.name] = False
        elif isinstance(value, tuple):
            changed[part.name] = tuple(map(loosened, value))
        elif isinstance(value, Node):
            changed[part.name] = loosened(value)
    return replace(node, **changed)


def cost(node: Node) -> int:
    """Return about how many lists of documents it takes to match the tree: known before any is read.

    A word is one, and what takes longer is as dear as so many words.
    """
    match node:
        case Word():
            return len(node.units)
        case Phrase():
            return len(node.words)
        case Prefix():
            return _PREFIX_COST
        case Near():
            return _cost_of_places(node.left) + _cost_of_places(node.right)
        case Said():
            return _cost_of_places(node.child)
        case InTitle():
            return cost(node.child)
        case And() | Or():
            return sum(map(cost, node.children))
        case Not():
            return cost(node.child)
        case _:
            return 1


def _cost_of_places(node: Word | Phrase | Prefix) -> int:
    match node:
        case Word():
            return _PLACES_COST
        case Prefix():
            return _PREFIX_PLACES_COST
        case Phrase():
            return 2 * len(node.words)
