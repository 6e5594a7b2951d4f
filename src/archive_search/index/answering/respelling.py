"""What a syllable was meant as whose marks were mistyped, by the words that stand beside it in the archive.

`bình đẳng giơi`: `đẳng giơi` stands in hardly any article, `đẳng giới` in many. Only marks are doubted, for
they are what typing slips on most, and only on overwhelming evidence: people and places that differ by a
mark are not mistaken for one another where the archive knows both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from operator import ge

from archive_search.index.answering.occurring import Occurring
from archive_search.index.answering.ranking import Pair, neighbours
from archive_search.index.language.tree import And, Node, Or, Word

__all__ = ["respelled"]

TIMES = 10
"""So many times more articles must hold the other spelling beside the neighbours than the typed one."""

UNSEEN = 0.5
"""What counts, in articles, where none holds the typed one: five with the other are enough."""


def respelled(node: Node, occurring: Occurring) -> Node:
    """Return the tree in which a syllable that was surely mistyped is also searched as it was meant."""
    meant = _meant(node, occurring)
    return _replaced(node, meant) if meant else node


def _meant(node: Node, occurring: Occurring) -> dict[Word, Word]:
    """Return the words that were surely mistyped with what they were meant as."""
    beside: dict[Word, list[Pair]] = defaultdict(list)
    for pair in _pairs(node):
        for word in pair:
            if word.marked and not word.quoted and word.folded.isalpha():
                beside[word].append(pair)
    found = {word: _likeliest(word, pairs, occurring) for word, pairs in beside.items()}
    return {word: other for word, other in found.items() if other != word}


def _likeliest(word: Word, pairs: list[Pair], occurring: Occurring) -> Word:
    """Return the spelling of the word's letters that stands beside its neighbours, or the word itself."""

    def beside(spelt: Word) -> list[int]:
        return [occurring.pair_count(*(spelt if one == word else one for one in pair)) for pair in pairs]

    keys = {key for pair in pairs for key in occurring.spellings_beside(word, pair)}
    others = [Word(key, word.folded, marked=True, text=word.text) for key in sorted(keys - {word.key})]
    best = max(others, key=lambda other: sum(beside(other)), default=word)
    typed, meant = beside(word), beside(best)
    surely = (
        all(map(ge, meant, typed))
        and _outweighs(sum(meant), sum(typed))
        and _outweighs(occurring.word_count(best), occurring.word_count(word))
    )
    return best if surely else word


def _outweighs(meant: int, typed: int) -> bool:
    return meant >= TIMES * (typed + UNSEEN)


def _pairs(node: Node) -> Iterator[Pair]:
    """Yield the pairs of words that were typed side by side."""
    match node:
        case And():
            yield from (ways[0] for ways in neighbours(node.children))
            for child in node.children:
                yield from _pairs(child)
        case Or():
            yield from _pairs(node.children[0])


def _replaced(node: Node, meant: dict[Word, Word]) -> Node:
    match node:
        case Word() if node in meant:
            return Or((node, meant[node]))
        case And():
            return And(tuple(_replaced(child, meant) for child in node.children))
        case Or(children=(first, *others)):
            return Or((_replaced(first, meant), *others))
        case _:
            return node
