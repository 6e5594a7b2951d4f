"""When few articles hold all the words: those that hold most of them, and words that were mistyped.

An article that lacks a word is shown on evidence only: which share of the query's words it holds, by what
they tell, and which share of its neighbours stand side by side there too. Words scattered over a text are
little evidence, so a question that the archive cannot answer stays unanswered. Where some article gives
strong evidence, the archive does know of it, and weaker evidence is enough to list others with it. Only
words are relaxed: phrases, beginnings of words, what is near, excluded, or asked of title, facets and dates
must hold.
Nothing is relaxed silently: an answer tells which documents hold all the words.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archive_search.index.answering.ranking import Pair, Ranking, neighbours
from archive_search.index.answering.respelling import respelled
from archive_search.index.language.tree import (
    And,
    InTitle,
    Near,
    Node,
    Or,
    Phrase,
    Said,
    Word,
    loosened,
    typed_words,
    words_of,
)
from archive_search.vietnamese.spelling import fold, telex_key

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

FEW = 30
"""A page and a half: who finds so many articles with all the words need not be shown others."""

MIN_WORDS = 3
"""Of fewer words, "most" would be one."""

MANY_WORDS = 5
"""A shorter query is a name or a term: where any article holds all of it, no other is wanted."""


class Answer(NamedTuple):
    """What a query matches in a snapshot: the tree that was asked in the end, mask and scores.

    `complete` is the part of the mask that holds all the words.
    """

    node: Node
    mask: Mask
    scores: Floats
    complete: Mask


def answer(node: Node, ranking: Ranking, *, fresh: bool = True) -> Answer:
    """Return what the tree matches and, if that is little, what its relaxed form matches.

    With `fresh`, the newer of two articles that answer alike has the higher score.
    """
    strict = ranking.matching.matches(node)
    if np.count_nonzero(strict) >= FEW:
        return Answer(node, strict, ranking.scores(node, fresh=fresh), strict)
    mended = _mended(respelled(node, ranking.occurring), ranking)
    mask = strict | ranking.matching.matches(mended)
    scores = ranking.scores(mended, fresh=fresh)
    if isinstance(mended, And):
        most, share = _holding_most(mended, ranking, MANY_WORDS if strict.any() else MIN_WORDS)
        mask |= most
        scores *= np.where(strict, np.float32(1), share**ranking.weights.incomplete)
    return Answer(mended, mask, scores, strict)


def _holding_most(node: And, ranking: Ranking, min_words: int) -> tuple[Mask, Floats]:
    """Return which documents hold most of the words, if they are enough, and which share.

    What is no word they must match.
    """
    asked = And(tuple(child for child in node.children if _may_lack(child)))
    others = tuple(child for child in node.children if not _may_lack(child))
    if sum(1 for _ in typed_words(asked)) < min_words:
        return ranking.matching.nothing(), np.ones(len(ranking.matching.nothing()), dtype=np.float32)
    share = _share(_words_held(asked, ranking))
    evidence = share + _share(_neighbours_held(asked, ranking))
    if others:
        evidence = evidence * ranking.matching.matches(And(others))
    most = evidence >= ranking.weights.strong_evidence
    if 0 < np.count_nonzero(most) < FEW:
        most = evidence >= ranking.weights.weak_evidence
    return most, share


def _may_lack(node: Node) -> bool:
    """Tell whether an article may lack this: a word, or words of which any was asked."""
    return isinstance(node, Word) or (isinstance(node, Or) and all(map(_is_words, node.children)))


def _is_words(node: Node) -> bool:
    if isinstance(node, And | Or):
        return all(map(_is_words, node.children))
    return isinstance(node, Word | Phrase)


class _Held(NamedTuple):
    """How much each document holds of a total."""

    held: Floats
    total: float


def _share(part: _Held) -> Floats:
    return part.held / max(part.total, 1e-9)


def _sum(parts: list[_Held], ranking: Ranking) -> _Held:
    none = _Held(ranking.matching.nothing().astype(np.float32), 0.0)
    return reduce(lambda one, two: _Held(one.held + two.held, one.total + two.total), parts, none)


def _or_otherwise(typed: _Held, node: Or, ranking: Ranking) -> _Held:
    """Return what is held of the form that was typed, which is all of it where another form stands."""
    others = ranking.matching.matches(Or(node.children[1:]))
    return _Held(np.where(others, np.float32(typed.total), typed.held), typed.total)


def _words_held(node: Node, ranking: Ranking) -> _Held:
    """Return how much of the words each document holds, by what they tell."""
    match node:
        case Word():
            worth = ranking.telling(node)
            return _Held(ranking.matching.matches(node) * np.float32(worth), worth)
        case Phrase():
            worth = sum(map(ranking.telling, node.words))
            return _Held(ranking.matching.matches(node) * np.float32(worth), worth)
        case And():
            return _sum([_words_held(child, ranking) for child in node.children], ranking)
        case Or(children=(Word() as short, *others)):
            # A short form stands for its words, of which an article may hold some.
            typed = _or_otherwise(_words_held(short, ranking), node, ranking)
            spelt_out = (And(way.words) for way in others if isinstance(way, Phrase))
            held = (_share(_words_held(way, ranking)) * typed.total for way in spelt_out)
            return _Held(reduce(np.maximum, held, typed.held), typed.total)
        case Or():
            return _or_otherwise(_words_held(node.children[0], ranking), node, ranking)
        case _:
            return _sum([], ranking)


def _beside(ways: tuple[Pair, ...], ranking: Ranking) -> Mask:
    """Return which documents hold two neighbours side by side, in any of the ways to write them."""
    return reduce(np.logical_or, (ranking.matching.pair_mask(*way) for way in ways))


def _neighbours_held(node: Node, ranking: Ranking) -> _Held:
    """Return how many of the query's neighbours stand side by side in each document too."""
    match node:
        case And():
            inner = [_neighbours_held(child, ranking) for child in node.children]
            pairs = [_beside(ways, ranking) for ways in neighbours(node.children)]
            return _sum([*inner, *(_Held(mask.astype(np.float32), 1.0) for mask in pairs)], ranking)
        case Or():
            return _or_otherwise(_neighbours_held(node.children[0], ranking), node, ranking)
        case _:
            return _sum([], ranking)


def _mended(node: Node, ranking: Ranking) -> Node:
    """Return the tree with words that stand nowhere read as Telex typed raw, or without their marks.

    What is quoted is exact, unless it was typed without any accent and stands nowhere so.
    """
    match node:
        case Word(parts=parts) if parts or (node.quoted and not _is_bare(node)):
            return node
        case Word():
            return node if ranking.matching.matches(node).any() else _mended_word(node, ranking)
        case Phrase() | Near() | InTitle() | Said() if _is_bare(node):
            return node if ranking.matching.matches(node).any() else loosened(node)
        case And():
            return And(tuple(_mended(child, ranking) for child in node.children))
        case _:
            return node


def _is_bare(node: Node) -> bool:
    """Tell whether the node has words, and all without accents."""
    words = list(words_of(node))
    return bool(words) and all(word.key == word.folded for word in words)


def _mended_word(word: Word, ranking: Ranking) -> Word:
    telex = telex_key(word.key)
    candidates = [replace(word, marked=False)]
    if telex != word.key:
        candidates.insert(0, Word(telex, fold(telex.rstrip("12345")), marked=True))
    return next((mended for mended in candidates if ranking.matching.matches(mended).any()), word)
