"""How well the people of articles, their titles and their roles are found: `python eval/speakers.py`.

Without options it reads the seed article in tests/data/people. With `--gold` and `--warc` it reads the
annotated articles of a portal from their captures.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from archive_search.archive.warc import read_records
from archive_search.cleaning import clean
from archive_search.cleaning.people import find_people
from archive_search.cleaning.text import tidy
from archive_search.identity import identified
from archive_search.portals import load_profile
from archive_search.records import Article, BlockKind, Person, Role
from archive_search.vietnamese.phrases import syllable_keys

SEED = Path(__file__).parents[1] / "tests/data/people/thuongtin-ky-hop-17.gold.json"

# SHA-256 of a gold file -> the precision and recall that may not be fallen short of. Lowering one needs a
# reason in the commit that does it.
FLOORS = {
    "6359984e2fb4e287e9d67d432267ec52519cfc6c7db5b51af05bcc5eecd03782": {
        "persons": (1.0, 1.0),
        "spoke": (1.0, 1.0),
        "mentions": (1.0, 1.0),
    },
    "230347f0933100a6f7fd60d311e70d1228aa5ffe8c076165a758c09e4c4fe6df": {
        "persons": (0.98, 0.97),
        "spoke": (0.97, 0.97),
        "mentions": (0.97, 0.95),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An article with the persons that an annotator found in it; mentions are (text, offset)."""

    article: Article
    persons: dict[str, dict[str, Any]]
    mentions: dict[tuple[str, int], str]


@dataclass(slots=True)
class Score:
    """Right, wrong and missing answers, and a line for each of the latter two."""

    right: int = 0
    wrong: int = 0
    missing: int = 0
    errors: list[str] = field(default_factory=list)

    def add(self, found: set[Any], gold: set[Any], where: str) -> None:
        """Count what was found in one article against its gold."""
        self.right += len(found & gold)
        self.wrong += len(found - gold)
        self.missing += len(gold - found)
        self.errors += [f"{where}: false {item}" for item in sorted(found - gold)]
        self.errors += [f"{where}: missing {item}" for item in sorted(gold - found)]

    @property
    def precision(self) -> float:
        """Return the share of answers that are right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Return the share of right answers that were given."""
        return self.right / (self.right + self.missing) if self.right + self.missing else 1.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def key(text: str) -> str:
    """Return what names and titles are compared by: their spelling keys."""
    return " ".join(syllable_keys(tidy(text)))


def seed_example(path: Path) -> Example:
    """Return the seed article with its gold; its lines are its blocks, the last its byline."""
    gold = json.loads(path.read_text(encoding="utf-8"))
    raw = path.with_name(gold["source"]).read_text(encoding="utf-8")
    starts, lines = [], []
    offset = 0
    for line in raw.split("\n"):
        if line.strip():
            starts.append(offset + len(line) - len(line.lstrip()))
            lines.append(line.strip().replace("\u00a0", " "))
        offset += len(line) + 1
    blocks = identified((BlockKind.PARAGRAPH, line) for line in lines[2:-1])
    article = Article(
        id="seed", version="", portal="thuongtin", number=None, url="", urls=(), title=lines[1], lead=None,
        published_at=None, byline=lines[-1], section=lines[0], blocks=blocks, images=(), attachments=(),
    )  # fmt: skip
    names = {person["id"]: person["name"] for person in gold["persons"]}
    ids = dict(zip(starts, ["section", "title", *(block.id for block in blocks), "byline"], strict=True))
    mentions = {}
    for mention in gold["mentions"]:
        start = max(start for start in starts if start <= mention["name_start"])
        mentions[ids[start], mention["name_start"] - start] = names[mention["person"]]
    return Example(article=article, persons={key(p["name"]): p for p in gold["persons"]}, mentions=mentions)


def portal_examples(gold: Path, warc: Path, profile_name: str) -> Iterator[Example]:
    """Yield the annotated articles of a portal, cleaned from their captures."""
    profile = load_profile(profile_name)
    records = [json.loads(line) for line in gold.read_text(encoding="utf-8").splitlines()]
    wanted = {record["url"]: record for record in records}
    for stored in read_records(warc):
        record = wanted.pop(stored.url, None) if stored.capture else None
        if record and stored.capture:
            article = clean(stored.capture, profile)
            persons = {key(person["name"]): person for person in record["persons"]}
            yield Example(article=article, persons=persons, mentions=dict(_mentions(article, record)))
    if wanted:
        raise click.ClickException(f"{warc} holds no capture of {', '.join(wanted)}.")


def _texts(article: Article) -> dict[str, str]:
    texts = {"title": article.title, "lead": article.lead or ""}
    return texts | {block.id: block.text for block in article.blocks}


def _mentions(article: Article, record: dict[str, Any]) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the gold mentions by text and offset; mending entities may have moved them to the left."""
    for person in record["persons"]:
        for mention in person["mentions"]:
            surface, paragraph = tidy(mention["surface"]), tidy(mention["paragraph"])[:150]
            for where, text in _texts(article).items():
                start = text.rfind(surface, 0, mention["start"] + len(mention["surface"]))
                if text.startswith(paragraph) and start >= 0:
                    yield (where, start), person["name"]
                    break
            else:
                yield (f"not in the text: {paragraph[:40]}", mention["start"]), person["name"]


def found_mentions(article: Article, people: tuple[Person, ...]) -> dict[tuple[str, int], str]:
    """Return the mentions found; in a block that repeats the lead they are not counted again."""
    repeats = {block.id for block in article.blocks if article.lead and block.text == article.lead}
    return {
        (statement.block, statement.start): person.name
        for person in people
        for statement in person.statements
        if statement.block not in repeats
    }


def evaluate(examples: list[Example]) -> dict[str, Score]:
    """Return the scores of persons, speakers, mentions, titles and strongest roles."""
    scores = {name: Score() for name in ("persons", "spoke", "mentions", "titles", "first role")}
    for example in examples:
        people = find_people(example.article)
        found = {key(person.name): person for person in people}
        gold = example.persons
        where = example.article.number or example.article.id
        scores["persons"].add(set(found), set(gold), where)
        scores["spoke"].add(
            {name for name, person in found.items() if Role.SPOKE in person.roles},
            {name for name, person in gold.items() if Role.SPOKE in person["roles"]},
            where,
        )
        scores["mentions"].add(set(found_mentions(example.article, people)), set(example.mentions), where)
        both = found.keys() & gold.keys()
        scores["titles"].add(
            {(name, key(title)) for name in both for title in found[name].titles},
            {(name, key(title)) for name in both for title in gold[name]["titles"]},
            where,
        )
        scores["first role"].add(
            {(name, found[name].roles[0].value) for name in both},
            {(name, first_role(gold[name]["roles"])) for name in both},
            where,
        )
    return scores


def first_role(roles: list[str]) -> str:
    return min(roles, key=[role.value for role in Role].index)


def recall_by_form(gold: Path, examples: list[Example]) -> dict[str, tuple[int, int]]:
    """Return how many mentions of each form (full, short, title) were found, of how many."""
    forms: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    by_number = {example.article.number: example for example in examples}
    for line in gold.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        example = by_number[record["article_id"]]
        found = found_mentions(example.article, find_people(example.article))
        places = list(_mentions(example.article, record))
        marked = [mention["form"] for person in record["persons"] for mention in person["mentions"]]
        for (place, _), form in zip(places, marked, strict=True):
            forms[form] += 1
            hits[form] += place in found
    return {form: (hits[form], total) for form, total in forms.items()}


def shortfalls(scores: dict[str, Score], digest: str) -> list[str]:
    """Return the scores that fall short of the floors pinned for this gold file."""
    return [
        f"{name}: {scores[name].precision:.3f}/{scores[name].recall:.3f}, pinned {precision}/{recall}"
        for name, (precision, recall) in FLOORS.get(digest, {}).items()
        if scores[name].precision < precision or scores[name].recall < recall
    ]


@click.command()
@click.option("--gold", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SEED)
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", default="sotttt-hanoi", show_default=True)
@click.option("--errors", is_flag=True, help="List what is false and what is missing.")
def main(gold: Path, warc: Path | None, profile: str, errors: bool) -> None:
    """Measure people, titles and roles against annotated articles.

    Example: python eval/speakers.py --gold speakers-dev.jsonl --warc portal.warc.gz
    """
    if (gold.suffix == ".jsonl") != (warc is not None):
        raise click.UsageError("A .jsonl gold file needs the captures it annotates: give --warc too.")
    examples = list(portal_examples(gold, warc, profile)) if warc else [seed_example(gold)]
    scores = evaluate(examples)
    click.echo(f"{len(examples)} articles\n{'':12}precision  recall     F1")
    for name, score in scores.items():
        click.echo(f"{name:12}{score.precision:9.3f}{score.recall:8.3f}{score.f1:7.3f}")
        for line in score.errors if errors else ():
            click.echo(f"    {line}")
    for form, (hits, total) in recall_by_form(gold, examples).items() if warc else ():
        click.echo(f"recall of mentions, form {form}: {hits} of {total}")
    digest = hashlib.sha256(gold.read_bytes()).hexdigest()
    if digest not in FLOORS:
        click.echo(f"no floors are pinned for {digest}")
    failed = shortfalls(scores, digest)
    if failed:
        raise click.ClickException("below the floor: " + "; ".join(failed))


if __name__ == "__main__":
    main()
