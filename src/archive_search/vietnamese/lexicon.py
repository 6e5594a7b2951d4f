"""What the package knows about words: tables of `data/`, read once into frozen records.

Each table is a TSV file: lines beginning with `#` explain it, the first other line names its columns.
`data/README.md` says where the tables come from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from archive_search.errors import ConfigError
from archive_search.vietnamese.spelling import normalise, tone_key
from archive_search.vietnamese.tokens import tokenize

__all__ = [
    "Abbreviation",
    "DocumentCode",
    "PersonWord",
    "Place",
    "PlaceWord",
    "SpeechVerb",
    "Surname",
    "TopicWords",
    "abbreviations",
    "document_codes",
    "historic_figures",
    "parse_synonyms",
    "parse_table",
    "person_words",
    "place_words",
    "places",
    "speech_verbs",
    "surnames",
    "synonyms",
    "topics",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abbreviation:
    """A short form and its likeliest expansion; `ambiguous` says that it may mean something else too.

    `readings` are the other expansions, `note` where they are met.
    """

    short: str
    expansion: str
    category: str
    ambiguous: bool
    readings: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surname:
    """A family name; `ambiguous` says that it is a common word or the first part of a title too."""

    name: str
    ambiguous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechVerb:
    """A phrase that shows what a person does: `spoke`, `chaired`, `attended`, or another `act`.

    `position` is where it stands to the name: `before`, `after` or `both`. `noun` says that it is as
    often a noun ("báo cáo", a report), so that it shows nothing unless it follows its subject.
    """

    phrase: str
    role: str
    subtype: str
    position: str
    noun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonWord:
    """A phrase that shows whether the capitalised words beside it are a person, and in which way."""

    phrase: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place; `is_name` says that people are called so too, as `Thái Bình`.

    `unit` is the kind of unit that the name alone means, empty for countries and regions.
    """

    name: str
    is_name: bool
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWord:
    """A word that shows what the capitalised name behind it is; the table's heading explains its fields."""

    word: str
    kind: str
    forms: tuple[str, ...]
    size: str
    numbered: bool
    organs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCode:
    """A code in the symbols of documents: of a `kind`, or of an office of the `state` or the `party`.

    `party` is the kind that the code means in the Party's symbols, empty where it is the same.
    """

    code: str
    meaning: str
    role: str
    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicWords:
    """A topic and the phrases that speak for it."""

    slug: str
    label: str
    phrases: tuple[str, ...]


def parse_table(text: str, columns: tuple[str, ...], *, source: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a TSV table by column name; cells missing at a row's end are empty.

    Raises `ConfigError` if the heading lacks one of `columns`, a row has too many cells, or its first
    cell is empty.
    """
    return (row for _, row in _numbered_rows(text, columns, source=source))


def _numbered_rows(
    text: str, columns: tuple[str, ...], *, source: str
) -> Iterator[tuple[int, dict[str, str]]]:
    heading: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if not heading:
            heading = cells
            missing = [name for name in columns if name not in heading]
            if missing:
                raise ConfigError(f"{source}, line {number}: no column {', '.join(missing)}.")
            continue
        if len(cells) > len(heading) or not cells[0]:
            raise ConfigError(
                f"{source}, line {number}: expected {heading[0]!r} and at most {len(heading)} cells "
                f"separated by tabs, got {line!r}."
            )
        yield number, dict(zip(heading, cells + [""] * (len(heading) - len(cells)), strict=True))


def _rows(name: str, *columns: str) -> Iterator[dict[str, str]]:
    text = (resources.files(__package__) / "data" / name).read_text(encoding="utf-8")
    return parse_table(text, columns, source=name)


def _one_of(row: dict[str, str], column: str, allowed: frozenset[str], source: str) -> str:
    value = row[column]
    if value not in allowed:
        raise ConfigError(f"{source}: {column} of {row} must be one of {', '.join(sorted(allowed))}.")
    return value


@cache
def abbreviations() -> tuple[Abbreviation, ...]:
    """Return the abbreviations of officialese, one record for each expansion."""
    rows = _rows("abbreviations.tsv", "abbr", "expansion", "category", "flag", "readings", "note")
    return tuple(
        Abbreviation(
            short=row["abbr"],
            expansion=row["expansion"],
            category=row["category"],
            ambiguous=row["flag"] == "AMBIGUOUS",
            readings=_phrases(row["readings"]),
            note=row["note"],
        )
        for row in rows
    )


@cache
def synonyms() -> tuple[tuple[str, ...], ...]:
    """Return the ways to write one thing, a group for each; a group of one has no other way."""
    source = "synonyms.tsv"
    text = (resources.files(__package__) / "data" / source).read_text(encoding="utf-8")
    return parse_synonyms(text, source=source)


def parse_synonyms(text: str, *, source: str) -> tuple[tuple[str, ...], ...]:
    """Return the groups of a table of synonyms.

    Raises `ConfigError`, which names the line, as `parse_table` does, and for a form that holds no word.
    """
    groups = []
    for number, row in _numbered_rows(text, ("forms",), source=source):
        group = _phrases(row["forms"])
        if not group or not all(tokenize(normalise(form)) for form in group):
            raise ConfigError(
                f"{source}, line {number}: expected forms with ; between them, got {row['forms']!r}."
            )
        groups.append(group)
    return tuple(groups)


@cache
def surnames() -> dict[str, Surname]:
    """Return the Vietnamese surnames by tone key."""
    return {
        tone_key(row["surname"]): Surname(name=row["surname"], ambiguous=row["flag"] == "ambiguous")
        for row in _rows("surnames.tsv", "surname", "flag")
    }


_ROLES = frozenset({"spoke", "chaired", "attended", "act"})
_POSITIONS = frozenset({"before", "after", "both"})


@cache
def speech_verbs() -> tuple[SpeechVerb, ...]:
    """Return the phrases that show a role."""
    source = "speech_verbs.tsv"
    return tuple(
        SpeechVerb(
            phrase=row["phrase"],
            role=_one_of(row, "role", _ROLES, source),
            subtype=row["subtype"],
            position=_one_of(row, "position", _POSITIONS, source),
            noun=row["noun"] == "noun",
        )
        for row in _rows(source, "phrase", "role", "subtype", "position", "noun")
    )


# The heading of the table says what each kind means.
_KINDS = frozenset(
    (
        *("honorific", "degree", "rank", "profession", "noun", "office", "prefix", "delegate"),
        *("body", "place", "namesake", "credit", "plural", "opener", "adverb", "appoints"),
        *("group", "life", "predicate", "passive", "proxy", "other"),
    )
)


@cache
def person_words() -> tuple[PersonWord, ...]:
    """Return the phrases that stand beside names."""
    source = "person_words.tsv"
    return tuple(
        PersonWord(phrase=row["phrase"], kind=_one_of(row, "kind", _KINDS, source))
        for row in _rows(source, "phrase", "kind")
    )


@cache
def places() -> tuple[Place, ...]:
    """Return the provinces, districts and countries that may stand before a person's name."""
    return tuple(
        Place(name=row["name"], is_name=row["person"] == "person", unit=row["unit"])
        for row in _rows("places.tsv", "name", "person", "unit")
    )


_PLACE_KINDS = frozenset(
    {"unit", "short", "not_unit", "not_place", "not_name", "locative", "plural"},
)


@cache
def place_words() -> tuple[PlaceWord, ...]:
    """Return the words that stand before the names of places."""
    source = "place_words.tsv"
    return tuple(
        PlaceWord(
            word=row["word"],
            kind=_one_of(row, "kind", _PLACE_KINDS, source),
            forms=_phrases(row["forms"]),
            size=row["size"],
            numbered=row["numbered"] == "numbered",
            organs=_phrases(row["organs"]),
        )
        for row in _rows(source, "word", "kind", "forms", "size", "numbered", "organs")
    )


@cache
def document_codes() -> tuple[DocumentCode, ...]:
    """Return the codes that the symbols of legal and official documents are made of."""
    source = "document_codes.tsv"
    roles = frozenset({"kind", "state", "party"})
    return tuple(
        DocumentCode(
            code=row["code"],
            meaning=row["meaning"],
            role=_one_of(row, "role", roles, source),
            party=row["party"],
        )
        for row in _rows(source, "code", "meaning", "role", "party")
    )


@cache
def historic_figures() -> tuple[str, ...]:
    """Return names of figures of history, who are never people of an article."""
    return tuple(row["name"] for row in _rows("historic_figures.tsv", "name"))


@cache
def topics() -> tuple[TopicWords, ...]:
    """Return the topics with their phrases, in the order of the table."""
    return tuple(
        TopicWords(slug=row["slug"], label=row["label_vi"], phrases=_phrases(row["seed_phrases"]))
        for row in _rows("topics.tsv", "slug", "label_vi", "seed_phrases")
    )


def _phrases(cell: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in cell.split(";") if phrase.strip())
