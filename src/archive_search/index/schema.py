r"""What of a document is indexed: the fields, and the terms that its text becomes.

Three fields hold terms: `words` (all text), `pairs` (words that stand side by side, with the places where
they do; the last word of a text stands beside nothing, so that every word has its place in some pair) and
`title` (words and pairs of the title). Title, lead and every block, captions too, are text;
so is the date, which every portal prints with the article.

A term is its folded key, a tab and, where it differs, the exact key: `thu\tthư`. Terms are sorted, so
all spellings of `thu` stand together and one index answers exact and folded questions: the first takes
one term, the second all with the prefix `thu\t`. (Two fields of their own would take twice the space.)
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from archive_search.index.postings import encode_positions
from archive_search.records import Article, Document
from archive_search.vietnamese.spelling import fold, normalise, tone_key
from archive_search.vietnamese.tokens import Token, tokenize

ANALYSIS_VERSION = 3
"""Raise this when the same text becomes other terms or other facts: old indexes are then rebuilt."""

WORDS, PAIRS, TITLE = TERM_FIELDS = "words", "pairs", "title"
FACTS, PAGE = COLUMNS = "facts", "page"

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

TEXT_GAP = 50
"""Places left free between two texts: no phrase runs from one into the next, and nothing is near across."""

Unit = tuple[str, str]
"""A word as its folded and its exact key."""

_TEXT_END: Unit = ("", "")


def schema_hash() -> str:
    """Return a short name for everything that decides what an index holds."""
    told = [ANALYSIS_VERSION, TERM_FIELDS, COLUMNS, Facts._fields, Page._fields]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]


class Facts(NamedTuple):
    """What is held in memory of every document, to score, sort, filter and count.

    `published` is the minute in Vietnam (`2022-07-11T08:30`) or empty; topics are slugs with labels;
    `spoken` are the places of words from first to before last in which someone speaks: [first, last, name].
    """

    id: str
    version: str
    published: str
    length: int
    title_length: int
    portal: str
    speakers: list[str]
    topics: list[list[str]]
    sessions: list[str]
    places: list[str]
    cited: list[str]
    spoken: list[list[Any]]


class Page(NamedTuple):
    """What is read of a document to show it as a hit; blocks are ids with texts."""

    id: str
    version: str
    portal: str
    number: str | None
    url: str
    title: str
    lead: str | None
    published_at: str | None
    speakers: list[str]
    blocks: list[list[str]]
    spoken: dict[str, list[str]]


def word_prefix(folded: str) -> bytes:
    """Return what the terms of all spellings of a word begin with."""
    return f"{folded}\t".encode()


def pair_prefix(first: str, second: str) -> bytes:
    """Return what the terms of all spellings of two neighbours begin with."""
    return f"{first} {second}\t".encode()


def word_suffix(folded: str, key: str) -> bytes:
    """Return what the term of one spelling of a word ends with."""
    return b"" if key == folded else key.encode()


def pair_suffix(first: Unit, second: Unit) -> bytes:
    """Return what the term of one spelling of two neighbours ends with."""
    plain = first[0] == first[1] and second[0] == second[1]
    return b"" if plain else f"{first[1]} {second[1]}".encode()


@lru_cache(maxsize=1 << 16)
def _unit(form: str) -> Unit:
    return fold(form), tone_key(form)


@lru_cache(maxsize=1 << 16)
def _word_term(unit: Unit) -> bytes:
    return word_prefix(unit[0]) + word_suffix(*unit)


def fields(document: Document) -> dict[str, Any]:
    """Return the document as the values of the fields and columns."""
    article = document.article
    words: dict[Unit, int] = defaultdict(int)
    pairs: dict[tuple[Unit, Unit], list[int]] = defaultdict(list)
    place = length = 0
    spoken, by_block = [], document.spoken
    for block, text in _texts(article):
        count = _count(tokenize(normalise(text)), words, pairs, place)
        spoken += [[place, place + count, name] for name in by_block.get(block, ())]
        place += count + TEXT_GAP
        length += count + 1
    title_words: dict[Unit, int] = defaultdict(int)
    title_pairs: dict[tuple[Unit, Unit], list[int]] = defaultdict(list)
    title_length = _count(tokenize(normalise(article.title)), title_words, title_pairs, 0) + 1
    for form in _date_forms(article.published_at):
        words[_unit(form)] += 1
        title_words[_unit(form)] += 1
    in_title = [(_word_term(unit), freq, b"") for unit, freq in title_words.items()]
    in_title += [
        (_pair_term(*pair), len(places), b"") for pair, places in title_pairs.items() if pair[1] != _TEXT_END
    ]
    return {
        WORDS: [(_word_term(unit), freq, b"") for unit, freq in words.items()],
        PAIRS: [(_pair_term(*pair), len(places), encode_positions(places)) for pair, places in pairs.items()],
        TITLE: in_title,
        FACTS: json.dumps(_facts(document, length, title_length, spoken), ensure_ascii=False).encode(),
        PAGE: zlib.compress(json.dumps(_page(document), ensure_ascii=False).encode()),
    }


def read_facts(data: bytes) -> Facts:
    """Return the facts that `fields` wrote."""
    return Facts(*json.loads(data))


def read_page(data: bytes) -> Page:
    """Return the page that `fields` wrote."""
    return Page(*json.loads(zlib.decompress(data)))


def _texts(article: Article) -> Iterator[tuple[str, str]]:
    yield "title", article.title
    if article.lead:
        yield "lead", article.lead
    for block in article.blocks:
        yield block.id, block.text


def _pair_term(first: Unit, second: Unit) -> bytes:
    return pair_prefix(first[0], second[0]) + pair_suffix(first, second)


def _count(
    tokens: list[Token],
    words: dict[Unit, int],
    pairs: dict[tuple[Unit, Unit], list[int]],
    place: int,
) -> int:
    """Count the words and the neighbours of one text, which begins at `place`; return how many places."""
    begin = place
    before = None
    for token in tokens:
        for form in (token.form, *token.wider) if token.parts else token.wider:
            words[_unit(form)] += 1
        for part in token.parts or (token,):
            unit = _unit(part.form or part.text)
            words[unit] += 1
            if before is not None:
                pairs[before, unit].append(place - 1)
            before = unit
            place += 1
    if before is not None:
        pairs[before, _TEXT_END].append(place - 1)
    return place - begin


def _local(moment: datetime) -> datetime:
    return moment.astimezone(VIETNAM) if moment.tzinfo else moment


def _date_forms(published_at: datetime | None) -> tuple[str, ...]:
    return date_forms(_local(published_at)) if published_at else ()


def date_forms(day: date) -> tuple[str, ...]:
    """Return the words as which a day of publication is indexed, in the text and in the title."""
    return (f"{day.day}/{day.month}/{day.year}", f"{day.month}/{day.year}", str(day.year))


def _facts(document: Document, length: int, title_length: int, spoken: list[list[Any]]) -> Facts:
    article = document.article
    moment = article.published_at
    return Facts(
        id=article.id,
        version=article.version,
        published=_local(moment).isoformat(timespec="minutes")[:16] if moment else "",
        length=length,
        title_length=title_length,
        portal=article.portal,
        speakers=list(document.speakers),
        topics=[[topic.slug, topic.label] for topic in document.topics],
        sessions=[session.name for session in document.sessions],
        places=[place.name for place in document.places],
        cited=[cited.symbol for cited in document.cited],
        spoken=spoken,
    )


def _page(document: Document) -> Page:
    article = document.article
    return Page(
        id=article.id,
        version=article.version,
        portal=article.portal,
        number=article.number,
        url=article.url,
        title=article.title,
        lead=article.lead,
        published_at=article.published_at.isoformat() if article.published_at else None,
        speakers=list(document.speakers),
        blocks=[[block.id, block.text] for block in article.blocks],
        spoken={block: list(names) for block, names in document.spoken.items()},
    )
