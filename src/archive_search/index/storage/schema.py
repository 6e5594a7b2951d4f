r"""What of a document is indexed: the fields, and the terms that its text becomes.

Three fields hold terms: `words` (all text), `pairs` (words that stand side by side, with the places where
they do; the last word of a text stands beside nothing, so that every word has its place in some pair) and
`title` (words and pairs of the title). Title, lead and every block, captions too, are text;
so is the date, which every portal prints with the article. The texts of attached files stand behind it: each
of their words counts once, however often it stands there, and their pairs have places as all have.

A term is its folded key, a tab and, where it differs, the exact key: `thu\tthư`. Terms are sorted, so
all spellings of `thu` stand together and one index answers exact and folded questions: the first takes
one term, the second all with the prefix `thu\t`. (Two fields of their own would take twice the space.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from archive_search.identity import edition
from archive_search.index.storage.shingles import signature
from archive_search.records import Article, Document
from archive_search.vietnamese.spelling import fold, tone_key

ANALYSIS_VERSION = 6
"""Raise this when the same text becomes other terms or other facts, or is kept in another form.

Old indexes are then rebuilt.
"""

WORDS, PAIRS, TITLE = TERM_FIELDS = "words", "pairs", "title"

SIGNATURE_SIZE = 8

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

TEXT_GAP = 50
"""Places left free between two texts: no phrase runs from one into the next, and nothing is near across."""

Unit = tuple[str, str]
"""A word as its folded and its exact key."""


def schema_hash() -> str:
    """Return a short name for everything that decides what an index holds."""
    told = [ANALYSIS_VERSION, TERM_FIELDS, SIGNATURE_SIZE, Facts._fields, Page._fields]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:8]


class Facts(NamedTuple):
    """What is held in memory of every document, to score, sort, filter and count.

    `published` is the minute in Vietnam (`2022-07-11T08:30`) or empty; topics are slugs with labels;
    `spoken` are the places of words from first to before last in which someone speaks: [first, last, name];
    `signature` has `SIGNATURE_SIZE` numbers of 32 bits, or none where it is not known. `version` is the
    edition: that of the article and of what is attached to it. `attached` counts the different words of its
    files.
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
    signature: list[int]
    attached: int


class Page(NamedTuple):
    """What is read of a document to show it as a hit; blocks are ids with texts, files names with blocks."""

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
    attached: Sequence[tuple[str, list[list[str]]]] = ()


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


def unit(form: str) -> Unit:
    """Return the keys of a word that is written so."""
    return fold(form), tone_key(form)


def page_bytes(document: Document) -> bytes:
    """Return what is shown of the document as one line."""
    return json.dumps(_page(document), ensure_ascii=False, separators=(",", ":")).encode()


def read_page(line: bytes) -> Page:
    """Return the page that `page_bytes` wrote."""
    return Page(*json.loads(line))


def texts(article: Article) -> Iterator[tuple[str, str]]:
    """Yield what is text of an article, the title first, each with the id of its block."""
    yield "title", article.title
    if article.lead:
        yield "lead", article.lead
    for block in article.blocks:
        yield block.id, block.text


def attached_texts(document: Document) -> Iterator[str]:
    """Yield what is text of the files of an article."""
    for file in document.attached:
        yield from (block.text for block in file.paragraphs)


def word_term(unit: Unit) -> bytes:
    """Return the term of a word."""
    return word_prefix(unit[0]) + word_suffix(*unit)


def pair_term(first: Unit, second: Unit) -> bytes:
    """Return the term of two neighbours; the second has empty keys where the first is the last word."""
    return pair_prefix(first[0], second[0]) + pair_suffix(first, second)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(VIETNAM) if moment.tzinfo else moment


def dates_of(article: Article) -> tuple[str, ...]:
    """Return the words of the date that is printed with an article."""
    return date_forms(_local(article.published_at)) if article.published_at else ()


def date_forms(day: date) -> tuple[str, ...]:
    """Return the words as which a day of publication is indexed, in the text and in the title."""
    return (f"{day.day}/{day.month}/{day.year}", f"{day.month}/{day.year}", str(day.year))


def facts(
    document: Document, length: int, title_length: int, spoken: list[list[Any]], attached: int
) -> Facts:
    """Return the facts of a document that has so many words, and in which people speak there."""
    article = document.article
    moment = article.published_at
    return Facts(
        id=article.id,
        version=_edition(document),
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
        signature=signature(text for _, text in texts(article)),
        attached=attached,
    )


def _edition(document: Document) -> str:
    read = (file for file in document.attached if file.paragraphs or file.omitted)
    return edition(document.article.version, ((file.url, file.sha256) for file in read))


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
        attached=[
            (file.name, [[block.id, block.text] for block in file.paragraphs])
            for file in document.attached
            if file.paragraphs
        ],
    )
