r"""A corpus of any size: articles put together from the paragraphs of real ones.

    python bench/corpus.py --texts ../shared/corpus/vntc-news.jsonl.gz \
        --warc ../shared/portal/sotttt-hanoi.warc.gz --articles 100000 --keep FOLDER

Every paragraph is drawn by itself, so that no two articles are alike, and words are as common and stand
beside one another as in real text. Who speaks, topics, places, sessions and cited documents are drawn by
Zipf's law from pools of plausible values, and stand in the text. Dates are those of working days, mostly,
from 2005 to 2025. The same seed gives the same articles, and a small corpus is the beginning of a large one.

The folder gets files of a thousand articles each, as `Document` for our engine and as `Row` for the others:
analysed by our own functions, so that all engines have the same tokens.
"""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Generic, TypeVar

import click
from stored import BREAK, CHUNK, Row, write_chunk

from archive_search.archive.warc import read_records
from archive_search.cleaning import clean, understand
from archive_search.errors import PageUnreadable
from archive_search.index.storage.schema import VIETNAM, date_forms
from archive_search.portals import load_profile
from archive_search.records import (
    Article,
    Block,
    BlockKind,
    CitedDocument,
    Document,
    Evidence,
    Person,
    Place,
    Role,
    Session,
    Statement,
    Topic,
)
from archive_search.vietnamese.lexicon import surnames, topics
from archive_search.vietnamese.spelling import fold, normalise, tone_key
from archive_search.vietnamese.tokens import tokenize

T = TypeVar("T")

CHARS = 2000
"""No article is shorter."""

PARAGRAPH = range(60, 1200)
"""Characters of a paragraph that is drawn: neither a subtitle nor a whole article in one piece."""

PEOPLE, PLACES, SESSIONS, CITED = 3000, 400, 300, 2000
FIRST_DAY, LAST_DAY = date(2005, 1, 1), date(2025, 12, 31)

_PORTALS = (
    *("thuongtin", "ungoa", "phuxuyen", "thanhoai", "daksong", "caolanh"),
    *("vinhloc", "binhluc", "lacthuy", "yenkhanh", "hoailong", "nuithanh"),
)
_TITLES = ("Bí thư Huyện ủy", "Chủ tịch UBND huyện", "Phó Chủ tịch HĐND huyện", "đồng chí", "ông", "bà")
_VERBS = ("cho biết", "nhấn mạnh", "phát biểu", "yêu cầu", "đề nghị")
_SETTINGS = ("Tại {place}, {session} bàn việc thi hành {cited}", "{session} họp ở {place} theo {cited}")
_SECTIONS = ("Tin tức", "Thời sự", "Kinh tế", "Văn hóa - Xã hội", "Hoạt động của lãnh đạo", "Thông báo")
_KINDS = (
    ("Nghị định", "NĐ-CP"),
    ("Quyết định", "QĐ-UBND"),
    ("Nghị quyết", "NQ-HĐND"),
    ("Thông tư", "TT-BTC"),
)


class Zipf(Generic[T]):
    """Values of which the first is drawn most often, and the n-th an n-th as often."""

    def __init__(self, values: Iterable[T]) -> None:
        self._values = list(values)
        self._sums = list(accumulate(1 / n for n in range(1, len(self._values) + 1)))

    def draw(self, chance: random.Random, at_most: int) -> list[T]:
        """Return different values."""
        return list(dict.fromkeys(chance.choices(self._values, cum_weights=self._sums, k=at_most)))


@dataclass(frozen=True, slots=True)
class Material:
    """What articles are made of: real titles and paragraphs, and the pools of what stands in them."""

    titles: Sequence[str]
    paragraphs: Sequence[str]
    people: Zipf[str]
    topics: Zipf[Topic]
    places: Zipf[str]
    sessions: Zipf[Session]
    cited: Zipf[tuple[str, str]]
    portals: Zipf[str]


def material(titles: Sequence[str], paragraphs: Sequence[str], named: Iterable[str]) -> Material:
    """Return the material; given names are those of the people `named`."""
    chance = random.Random(7)
    names = [name.split() for name in named if len(name.split()) in (3, 4)]
    given = sorted({tuple(name[1:]) for name in names}) or [("Văn", "An"), ("Thị", "Hòa")]
    places = [f"xã {first} {last}" for first in _syllables(given) for last in _syllables(given)]
    symbols = [
        (kind, f"{n}/{y}/{code}") for kind, code in _KINDS for n in range(1, 99) for y in range(2005, 2026)
    ]
    sessions = [
        Session(
            name=f"Kỳ họp thứ {n} HĐND huyện khóa {term}", number=n, body="HĐND huyện", term=term, mentions=()
        )
        for term in ("XVII", "XVIII", "XIX", "XX", "XXI", "XXII", "XXIII", "XXIV", "XXV", "XXVI")
        for n in range(1, SESSIONS // 10 + 1)
    ]
    return Material(
        titles=titles,
        paragraphs=paragraphs,
        people=Zipf(_people(chance, given)),
        topics=Zipf([Topic(slug=t.slug, label=t.label, score=0.5, phrases=()) for t in topics()]),
        places=Zipf(chance.sample(places, min(PLACES, len(places)))),
        sessions=Zipf(chance.sample(sessions, len(sessions))),
        cited=Zipf(chance.sample(symbols, CITED)),
        portals=Zipf(_PORTALS),
    )


def _syllables(given: Sequence[tuple[str, ...]]) -> list[str]:
    return sorted({name[-1] for name in given})[:60]


def _people(chance: random.Random, given: Sequence[tuple[str, ...]]) -> Iterable[str]:
    """Return names that differ in spelling; the surnames come by frequency, as in the table."""
    family = Zipf([surname.name for surname in surnames().values()])
    names: dict[str, str] = {}
    for _ in range(PEOPLE * 4):
        middle, last = chance.choice(given)[:-1], chance.choice(given)[-1]
        name = " ".join([*family.draw(chance, 1), *middle, last])
        names.setdefault(" ".join(map(tone_key, name.split())), name)
    return list(names.values())[:PEOPLE]


# One article


class _Text:
    """Blocks in the making, with evidence of what stands in them."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.chars = 0

    def add(self, text: str) -> str:
        """Add a paragraph; return the block's id."""
        name = f"p{len(self.blocks)}"
        self.blocks.append(Block(id=name, kind=BlockKind.PARAGRAPH, text=text))
        self.chars += len(text)
        return name


def article(number: int, chance: random.Random, drawn_from: Material) -> Document:
    """Return the article of that number."""
    text = _Text()
    people = _speech(text, chance, drawn_from)
    places, sessions, cited = _setting(text, chance, drawn_from)
    while text.chars < CHARS:
        text.add(chance.choice(drawn_from.paragraphs))
    (portal,) = drawn_from.portals.draw(chance, 1)
    url = f"http://{portal}.example/tin/{number}"
    made = Article(
        id=f"a{number:07}",
        version=f"v{number:07}",
        portal=portal,
        number=str(number),
        url=url,
        urls=(url,),
        title=chance.choice(drawn_from.titles),
        lead=chance.choice(drawn_from.paragraphs) if chance.random() < 0.3 else None,
        published_at=_moment(chance),
        byline=None,
        section=chance.choice(_SECTIONS),
        blocks=tuple(text.blocks),
        images=(),
        attachments=(),
    )
    found = tuple(drawn_from.topics.draw(chance, chance.choice((0, 1, 1, 2, 2, 3))))
    return Document(article=made, people=people, topics=found, places=places, sessions=sessions, cited=cited)


def _speech(text: _Text, chance: random.Random, drawn_from: Material) -> tuple[Person, ...]:
    """Add a paragraph for each of up to four people, of whom two in three speak."""
    people = []
    for name in drawn_from.people.draw(chance, chance.choice((0, 0, 1, 1, 2, 4))):
        title, verb = chance.choice(_TITLES), chance.choice(_VERBS)
        role = Role.SPOKE if chance.random() < 0.7 else Role.MENTIONED
        does = f" {verb}" if role is Role.SPOKE else ""
        block = text.add(f"{title} {name}{does}: {chance.choice(drawn_from.paragraphs)}")
        start = len(title) + 1
        said = Statement(
            surface=name,
            titles=(title,),
            role=role,
            verb=verb if does else None,
            block=block,
            start=start,
            end=start + len(name),
        )
        people.append(Person(name=name, titles=(title,), roles=(role,), statements=(said,)))
    return tuple(people)


def _setting(
    text: _Text, chance: random.Random, drawn_from: Material
) -> tuple[tuple[Place, ...], tuple[Session, ...], tuple[CitedDocument, ...]]:
    """Add, to every other article, the sentence that tells where, at which meeting and after which law."""
    if chance.random() < 0.5:
        return (), (), ()
    (place,), (session,) = drawn_from.places.draw(chance, 1), drawn_from.sessions.draw(chance, 1)
    ((kind, symbol),) = drawn_from.cited.draw(chance, 1)
    words = {"place": place, "session": session.name, "cited": f"{kind} {symbol}"}
    sentence = chance.choice(_SETTINGS).format(**words) + "."
    block = text.add(sentence)

    def seen(surface: str) -> tuple[Evidence, ...]:
        start = sentence.index(surface)
        return (Evidence(surface=surface, block=block, start=start, end=start + len(surface)),)

    reported = Session(
        name=session.name,
        number=session.number,
        body=session.body,
        term=session.term,
        mentions=seen(session.name),
    )
    where = Place(name=place, mentions=seen(place))
    return (where,), (reported,), (CitedDocument(symbol=symbol, kind=kind, mentions=seen(symbol)),)


def _moment(chance: random.Random) -> datetime:
    """Return a minute of office hours; later years have more articles, Saturdays and Sundays few."""
    days = (LAST_DAY - FIRST_DAY).days
    day = FIRST_DAY + timedelta(days=int(days * chance.random() ** 0.6))
    if day.weekday() > 4 and chance.random() < 0.8:
        day -= timedelta(days=2)
    return datetime(
        day.year, day.month, day.day, chance.randrange(7, 18), chance.randrange(60), tzinfo=VIETNAM
    )


# The same as a row


@cache
def analysed(text: str) -> tuple[str, str]:
    """Return the tokens of a text as exact and as folded keys: words in order, then what they say besides."""
    words, besides = [], []
    for token in tokenize(normalise(text)):
        besides += (token.form, *token.wider) if token.parts else token.wider
        words += [part.form or part.text for part in token.units]
    return _keys([*words, *_apart(besides)])


def _apart(forms: Iterable[str]) -> Iterator[str]:
    for form in forms:
        yield BREAK
        yield form


def _keys(forms: Sequence[str]) -> tuple[str, str]:
    return " ".join(map(tone_key, forms)), " ".join(map(fold, forms))


def row(document: Document) -> Row:
    """Return an article as a row: its words are those that our index holds of it, dates included."""
    made = document.article
    moment = made.published_at
    texts = [made.title, *filter(None, [made.lead]), *(block.text for block in made.blocks)]
    parts = [analysed(text) for text in texts]
    if moment:
        parts.append(_keys([*_apart(date_forms(moment))]))
    return Row(
        id=made.id,
        title=made.title,
        exact=f" {BREAK} ".join(exact for exact, _ in parts),
        folded=f" {BREAK} ".join(folded for _, folded in parts),
        published=f"{moment:%Y-%m-%dT%H:%M}" if moment else "",
        portal=made.portal,
        speakers=document.speakers,
        topics=tuple(topic.slug for topic in document.topics),
    )


# Where the material comes from


def read_material(texts: Path, warc: Path, profile: str) -> Material:
    """Return the material of newspaper texts (a JSON object per line) and of a portal's captures."""
    documents = list(documents_of(warc, profile))
    titles = [document.article.title for document in documents]
    paragraphs = [block.text for document in documents for block in document.article.blocks]
    with gzip.open(texts, "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            titles.append(entry["title"].partition(". ")[0][:150])
            paragraphs += entry["body"].split("\n")
    kept = [text for text in map(str.strip, paragraphs) if len(text) in PARAGRAPH]
    return material(titles, kept, sorted({p.name for document in documents for p in document.people}))


def documents_of(path: Path, profile_name: str) -> Iterator[Document]:
    """Yield the articles of a WARC file, each once."""
    profile = load_profile(profile_name)
    seen: set[str] = set()
    for record in read_records(path):
        if record.capture is None or not profile.is_article(record.capture.url):
            continue
        try:
            cleaned = clean(record.capture, profile)
        except PageUnreadable:
            continue
        if cleaned.id not in seen:
            seen.add(cleaned.id)
            yield understand(cleaned)


def write(folder: Path, drawn_from: Material, articles: int, seed: int = 1) -> None:
    """Write a corpus, or what of it the folder does not hold yet, in full files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(-(-articles // CHUNK)):
        if not (folder / f"rows-{number:05}.pickle").exists():
            chance = random.Random(seed * 1_000_000 + number)
            made = [article(number * CHUNK + n, chance, drawn_from) for n in range(CHUNK)]
            write_chunk(folder, number, made, [row(document) for document in made])


def ensure(folder: Path, texts: Path, warc: Path, profile: str, articles: int) -> None:
    """Write a corpus, unless the folder holds so many articles already."""
    if not (folder / f"rows-{(articles - 1) // CHUNK:05}.pickle").exists():
        write(folder, read_material(texts, warc, profile), articles)


@click.command()
@click.option("--texts", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--articles", default=100_000, show_default=True)
@click.option("--keep", "folder", type=click.Path(file_okay=False, path_type=Path), required=True)
def main(texts: Path, warc: Path, profile: str, articles: int, folder: Path) -> None:
    """Write a corpus into a folder."""
    began = time.perf_counter()
    ensure(folder, texts, warc, profile, articles)
    size = sum(file.stat().st_size for file in folder.glob("*.pickle"))
    click.echo(f"{articles} articles, {size / 1e6:.0f} MB, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
