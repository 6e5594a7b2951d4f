"""Topics of an article: weighted phrases, damped, so that a few topics stand out of the many touched.

A phrase counts by where it stands (title, lead, body) and by its length: a longer one says more. Its
number is damped, so that one word of every sentence does not outweigh five that belong together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from math import log2
from typing import NamedTuple

from archive_search.records import Article, BlockKind, Topic
from archive_search.vietnamese import lexicon
from archive_search.vietnamese.lexicon import TopicWords
from archive_search.vietnamese.phrases import PhraseBook, syllable_keys

__all__ = ["MAX_TOPICS", "find_topics"]

MAX_TOPICS = 3
"""A yearly report touches fifteen topics; a reader is served by the main ones."""

_TITLE_WEIGHT = 6.0
_LEAD_WEIGHT = 2.5
_HEADING_WEIGHT = 2.0
# The section is where the editor filed the article, often for want of a better place: a mild hint.
_SECTION_WEIGHT = 1.0
_MAX_PHRASES = 6

# Calibrated by eye on forty articles of a department's portal and one of a district's.
_HALF_SCORE = 8.0
_MIN_SCORE = 0.28
_MIN_SHARE = 0.6
# Shorter articles count as if they were as long as this, or a single word would make a topic.
_MIN_SYLLABLES = 150


class _Phrase(NamedTuple):
    slug: str
    text: str
    weight: float


@cache
def _book() -> PhraseBook[_Phrase]:
    """Return the phrases of all topics by their syllables."""
    return PhraseBook(
        (keys, _Phrase(topic.slug, phrase, log2(1 + len(keys))))
        for topic in lexicon.topics()
        for phrase in topic.phrases
        if (keys := syllable_keys(phrase))
    )


def find_topics(article: Article) -> tuple[Topic, ...]:
    """Return the topics of the article, the primary one first."""
    counts: dict[_Phrase, float] = defaultdict(float)
    length = 0
    for weight, keys in _zones(article):
        length += len(keys)
        for phrase in _phrases(keys):
            counts[phrase] += weight
    return _strongest(counts, length)


def _zones(article: Article) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Yield the weight and the syllables of each part of the article."""
    yield _TITLE_WEIGHT, syllable_keys(article.title)
    if article.section:
        yield _SECTION_WEIGHT, syllable_keys(article.section)
    if article.lead:
        yield _LEAD_WEIGHT, syllable_keys(article.lead)
    for block in article.blocks:
        weight = _HEADING_WEIGHT if block.kind is BlockKind.HEADING else 1.0
        yield weight, syllable_keys(block.text)


def _phrases(keys: tuple[str, ...]) -> Iterator[_Phrase]:
    """Yield the longest phrase at each place, left to right, none overlapping another."""
    book = _book()
    free = 0
    for index, key in enumerate(keys):
        if index >= free and key in book:
            for length, phrase in book.at(keys, index):
                free = index + length
                yield phrase
                break


def _strongest(counts: Mapping[_Phrase, float], length: int) -> tuple[Topic, ...]:
    """Return the topics that the counted phrases of a text of `length` syllables speak for."""
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for phrase, count in counts.items():
        shares[phrase.slug][phrase.text] = phrase.weight * log2(1 + count)
    scale = log2(1 + max(length, _MIN_SYLLABLES) / _MIN_SYLLABLES)
    found = [_topic(topic, shares[topic.slug], scale) for topic in lexicon.topics() if topic.slug in shares]
    found.sort(key=lambda topic: -topic.score)
    return tuple(
        topic for topic in found[:MAX_TOPICS] if topic.score >= max(_MIN_SCORE, _MIN_SHARE * found[0].score)
    )


def _topic(words: TopicWords, shares: Mapping[str, float], scale: float) -> Topic:
    strength = sum(shares.values()) / scale
    return Topic(
        slug=words.slug,
        label=words.label,
        score=round(strength / (strength + _HALF_SCORE), 4),
        phrases=tuple(sorted(shares, key=lambda text: -shares[text])[:_MAX_PHRASES]),
    )
