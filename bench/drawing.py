"""Draws the queries from a corpus's own words: classes of them, by the number of articles of each word."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import stored
from asked import Asked, Typed

from archive_search.index.query import parse, read
from archive_search.records import Document
from archive_search.vietnamese.spelling import fold, has_marks, normalise, tone_key
from archive_search.vietnamese.tokens import Kind, tokenize

PER_CLASS = 30

SAMPLED = 5000
"""Articles whose words are counted."""

_COMMON, _MIDDLE = 120, 600
"""Ranks of the last common word, and of the last one that is neither common nor rare."""


def typed(text: str) -> Typed:
    """Return the word: with marks it is that spelling, without it is every one."""
    return Typed(text, "exact", tone_key(text)) if has_marks(text) else Typed(text, "folded", fold(text))


class Words(NamedTuple):
    """The words of a corpus: by the number of articles, the commonest first, and those side by side."""

    ranked: list[tuple[str, int]]
    pairs: list[tuple[str, str]]
    triples: list[tuple[str, str, str]]


def count_words(documents: Iterable[Document]) -> Words:
    """Return the words, the commonest pairs and triples of words with marks."""
    spread: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    triples: Counter[tuple[str, str, str]] = Counter()
    for document in documents:
        for block in document.article.blocks:
            words = [t.text.lower() for t in tokenize(normalise(block.text)) if t.kind is Kind.WORD]
            spread.update(set(words))
            side_by_side = set(pairwise(words))
            pairs.update(side_by_side)
            triples.update({(a, b, c) for (a, b), c in zip(pairwise(words), words[2:], strict=False)})
    return Words(
        [(word, count) for word, count in spread.most_common() if word.isalpha()],
        [pair for pair, _ in pairs.most_common(20 * PER_CLASS) if _plain(pair)],
        [triple for triple, _ in triples.most_common(20 * PER_CLASS) if _plain(triple)],
    )


def _plain(words: Sequence[str]) -> bool:
    """Tell whether all words have marks, so that a phrase of them is of one field."""
    return all(word.isalpha() and has_marks(word) for word in words)


class _Drawn:
    """Draws queries; none that our engine would expand by other ways to write it, which the others cannot."""

    def __init__(self, words: Words, chance: random.Random) -> None:
        self.chance = chance
        by_count = [word for word, _ in words.ranked]
        self.common = self._shuffled(by_count[:_COMMON])
        self.middle = self._shuffled(by_count[_COMMON:_MIDDLE])
        self.rare = self._shuffled(word for word, count in words.ranked if count == 1 and len(word) > 2)
        self.pairs = self._shuffled(words.pairs)
        self.triples = self._shuffled(words.triples)
        self.prefixes = _worst_prefixes(words.ranked)

    def _shuffled(self, values: Iterable[Any]) -> list[Any]:
        drawn = list(values)
        self.chance.shuffle(drawn)
        return drawn

    def queries(self, kind: str, form: str, words: Iterable[Sequence[str]], **wanted: Any) -> Iterator[Asked]:
        """Yield the queries of a class, each with words of its own."""
        count = 0
        for typed_words in words:
            asked = Asked(kind=kind, form=form, words=tuple(map(typed, typed_words)), **wanted)
            if count < PER_CLASS and parse(asked.text) == read(asked.text):
                count += 1
                yield asked


def _worst_prefixes(ranked: Sequence[tuple[str, int]]) -> list[str]:
    """Return the beginnings of two letters that most different words have, the worst first."""
    begun = Counter(start for word, _ in ranked if (start := fold(word)[:2]).isascii() and len(start) == 2)
    return [start for start, _ in begun.most_common(2 * PER_CLASS)]


def queries(
    documents: Iterable[Document], filters: Sequence[tuple[tuple[str, str], ...]], deep: int
) -> list[Asked]:
    """Return the queries; the same documents give the same ones. `deep` is how far down deep pages begin."""
    drawn = _Drawn(count_words(documents), random.Random(1))
    one = [(word,) for word in drawn.common]
    two = [*zip(drawn.common, [*drawn.common[1:], drawn.common[0]], strict=True)]
    bare = [tuple(map(fold, pair)) for pair in reversed(drawn.pairs)]
    make = drawn.queries
    asked = [
        *make("common", "all", one),
        *make("and", "all", two),
        *make("phrase of two", "phrase", drawn.pairs),
        *make("phrase of three", "phrase", drawn.triples),
        *make("rare", "all", [(word,) for word in drawn.rare]),
        *make("prefix", "prefix", [(start,) for start in drawn.prefixes]),
        *make("accent-free", "all", bare),
        *make("or", "any", [*zip(drawn.common, drawn.middle, strict=False)]),
        *make("near", "near", two),
        *make("newest", "all", one, newest=True),
        *make("page", "all", one[::-1], page=True),
        *make("page of two", "all", two[::-1], page=True),
        *make("deep", "all", one, offset=deep),
        *make("cursor", "all", one, after=deep),
        Asked(kind="everything", form="everything", page=True),
    ]
    chosen = make("filtered", "all", one)
    return [*asked, *(replace(query, filters=pair) for query, pair in zip(chosen, filters, strict=False))]


def draw(corpus: Path, articles: int) -> list[Asked]:
    """Return the queries for a corpus; deep pages begin a twentieth down."""
    chance = random.Random(2)
    some = list(islice(stored.rows(corpus, articles), 1000))
    filters = []
    for row in chance.sample(some, min(len(some), PER_CLASS)):
        second = ("topic", row.topics[0]) if row.topics else ("portal", row.portal)
        filters.append((("year", row.year), second))
    return queries(stored.documents(corpus, min(articles, SAMPLED)), filters, max(10, articles // 20))
