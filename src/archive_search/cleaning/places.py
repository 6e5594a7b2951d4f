"""Places that an article names: administrative units, each under one name.

A place's name begins with its unit in small letters: `xã Văn Bình`, `thành phố Hà Nội`, `thôn 7`. It is
one place whether the text says `Huyện Thường Tín`, `Huyện ủy Thường Tín` or, for the names in `places.tsv`,
`Thường Tín` alone. Names that share a unit (`các xã: Văn Bình, Hòa Bình`) have it each. What a person, a
street or a school is called is no place, nor is a unit without a name (`UBND huyện`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from archive_search.cleaning.evidence import CAPITALS, SYLLABLE, either_case, texts_of
from archive_search.records import Article, Evidence, Person, Place
from archive_search.vietnamese import lexicon
from archive_search.vietnamese.lexicon import PlaceWord
from archive_search.vietnamese.phrases import PhraseBook, is_syllable, syllable_keys
from archive_search.vietnamese.spelling import fold

__all__ = ["NAME", "find_places"]

NAME = rf"{SYLLABLE}(?:\s{SYLLABLE}){{0,5}}"
"""A pattern of capitalised syllables, some of which may be the name of a place."""

_MAX_SYLLABLES = 4
_BETWEEN = r",\s?|\s?;\s?|,?\s(?:và|hoặc|cùng)\s"
_NEXT = re.compile(rf"(?P<sep>{_BETWEEN})(?P<name>{NAME}|(?:số\s)?\d{{1,2}}\b)")
_LAST_WORD = re.compile(r"([^\W\d_]+)\s?$")
_LAST_WORDS = re.compile(r"(?:[^\W\d_]+\s){1,3}$")
_LOOK_BACK = 32
_LARGEST = ("tỉnh", "thành phố")
# A word that is not yet at its end: `Ma-lay-si-a`, or letters behind a broken entity.
_GOES_ON = re.compile(r"[-;’']\w")
_OFFICE = re.compile(r"(?:[Tt]ịch|[Tt]hư|[Đđ]ốc|[Tt]rưởng)\s[^,.;:]{0,40}$")
_ABBREVIATION = re.compile(rf"[{CAPITALS}][{CAPITALS}&-]+\s$")
_ADDRESS = re.compile(r",\s(?:(?:TP|Tp)\.?\s?|thành phố\s)?Hà Nội(?!\w)")
_ANY_NAME = re.compile(rf"{NAME}(?:\s?[-\u2013]\s?{NAME})?")
_SYLLABLES = re.compile(r"[\w’']+")
# What may follow a number that is a name, and not a count (`thôn 7 xã Nam Bình`, but `phường 10 người`).
_BEHIND_NUMBER = re.compile(r"\s*(?:$|[^\w\s.]|\.(?!\d)|(?:của|đã|là|và|có|được|thuộc|tại|ở|với|do|cho)\b)")


_COUNTED = re.compile(
    r"\s(?:lần|năm|tháng|ngày|giờ|người|hộ|em|tỷ|triệu|nghìn|đồng|huyện|xã|phường|đơn vị|trường|dự án)(?!\w)"
    r"|[.,]\d|\s?%"
)


class _Named(NamedTuple):
    """A place as one text names it."""

    unit: str
    name: str
    evidence: Evidence


class _Text(NamedTuple):
    """A text, and where the names of people stand in it."""

    where: str
    text: str
    people: tuple[tuple[int, int], ...]


def _words(*kinds: str) -> list[PlaceWord]:
    return [word for word in lexicon.place_words() if word.kind in kinds]


@cache
def _units() -> dict[str, PlaceWord]:
    """Return the units by every way to write one, in lower case with single spaces."""
    return {form.lower(): unit for unit in _words("unit") for form in (unit.word, *unit.forms, *unit.organs)}


def _unit(printed: str) -> PlaceWord:
    return _units()[" ".join(printed.lower().split())]


@cache
def _one_unit() -> re.Pattern[str]:
    return re.compile(_any_of([form for unit in _words("unit") for form in _spellings(unit)]) + r"(?!\w)")


@cache
def _unit_pattern() -> re.Pattern[str]:
    """Return the pattern of one or more units, and the name behind the last."""
    one = _any_of([form for unit in _words("unit") for form in _spellings(unit)])
    short = "|".join(_shorts())
    return re.compile(
        rf"(?P<units>{one}(?:(?:,\s?|\s(?:và|hoặc)\s|\s?/\s?){one}){{0,4}})"
        rf"(?:(?:(?<=\.)|(?!\w))(?P<colon>\s?:)?(?:(?<!\w)|\s)\s?(?P<name>{NAME}|(?:số\s)?\d{{1,2}}\b|(?:{short})\b)"
        rf"|(?P<glued>{short})\b)"
    )


def _any_of(phrases: list[str]) -> str:
    """Return a pattern of whole words that begins with the letters they can begin with.

    By these the search skips most of a text; behind one it tries only the phrases with that letter.
    """
    by_letter: dict[str, list[str]] = {}
    for phrase in sorted(set(phrases), key=len, reverse=True):
        head = phrase[: phrase.index("]") + 1] if phrase[0] == "[" else phrase[0]
        by_letter.setdefault(head, []).append(phrase[len(head) :])
    letters = "".join(head.strip("[]") for head in by_letter)
    branches = (rf"(?<={head})(?:{'|'.join(tails)})" for head, tails in by_letter.items())
    return rf"[{letters}](?<!\w.)(?:{'|'.join(branches)})"


def _spellings(unit: PlaceWord) -> Iterator[str]:
    for form in (unit.word, *unit.forms, *unit.organs):
        is_short = form[-1] == "." or form.lower() in ("tp", "tx", "tdp", "kdc")
        yield re.escape(form) if is_short else either_case(form)


@cache
def _separate_units() -> re.Pattern[str]:
    return re.compile(r"\s?/\s?|,\s?|\s(?:và|hoặc)\s")


@cache
def _known() -> PhraseBook[lexicon.Place]:
    return PhraseBook((syllable_keys(place.name), place) for place in lexicon.places())


@cache
def _known_pattern() -> re.Pattern[str]:
    """Return the pattern of the names that alone mean a unit."""
    names = [place.name for place in lexicon.places() if place.unit]
    spelt = (_spelt(name) for name in names)
    return re.compile(rf"(?:{'|'.join(sorted(spelt, key=len, reverse=True))})(?!\w)")


def _spelt(name: str) -> str:
    """Return a pattern for the name; one of two names has a hyphen between them or none."""
    words = name.replace(" - ", " ").split()
    return (r"\s" if len(words) < 3 else r"(?:\s|\s?[-\u2013]\s?)").join(words)


@cache
def _phrases(*kinds: str) -> frozenset[tuple[str, ...]]:
    """Return the phrases of these kinds in both tables, by tone key."""
    words = [word.word for word in _words(*kinds)]
    words += [word.phrase for word in lexicon.person_words() if word.kind in kinds]
    return frozenset(map(syllable_keys, words))


def find_places(article: Article, people: Iterable[Person]) -> tuple[Place, ...]:
    """Return the places that the article names, in order of appearance; `people` are those it names."""
    masks: dict[str, list[tuple[int, int]]] = {}
    for person in people:
        for statement in person.statements:
            masks.setdefault(statement.block, []).append((statement.start, statement.end))
    found: dict[tuple[str, tuple[str, ...]], list[_Named]] = {}
    for where, text in texts_of(article):
        for named in _in_text(_Text(where, text, tuple(masks.get(where, ())))):
            found.setdefault((named.unit, syllable_keys(named.name)), []).append(named)
    return tuple(map(_place, found.values()))


def _place(mentions: list[_Named]) -> Place:
    """Return the place under the spelling that the article prints most often."""
    spelling = Counter(named.name for named in mentions).most_common(1)[0][0]
    return Place(name=f"{mentions[0].unit} {spelling}", mentions=tuple(named.evidence for named in mentions))


def _in_text(text: _Text) -> list[_Named]:
    """Return what the text names, in order."""
    found: list[_Named] = []
    position = 0
    while match := _unit_pattern().search(text.text, position):
        position = match.end("units")
        if not _is_unit(text.text, match.start()):
            continue
        listed = list(_listed(text, match))
        found += listed
        position = max([position, *(named.evidence.end for named in listed)])
    found += _alone(text, found)
    return sorted(found, key=lambda named: named.evidence.start)


def _is_unit(text: str, start: int) -> bool:
    """Tell whether the word at `start` is a unit and not the end of another (`thông tấn xã`)."""
    if start and (text[start - 1].isalnum() or text[start - 1] in "_@/"):
        return False
    word = _SYLLABLES.match(text, start)
    before = _LAST_WORDS.search(text[max(0, start - _LOOK_BACK) : start])
    keys = syllable_keys((before[0] if before else "") + (word[0] if word else ""))
    return not any(keys[-length:] in _phrases("not_unit") for length in (2, 3))


def _listed(text: _Text, match: re.Match[str]) -> Iterator[_Named]:
    """Yield the place behind a unit, and those that share the unit with it."""
    if match["glued"]:
        yield _named(text, _unit(match["units"]).word, _shorts()[match["glued"]], match.start(), match.end())
        return
    units = [_unit(unit) for unit in _separate_units().split(match["units"])]
    is_list = match["colon"] is not None or len(units) > 1 or _announces_several(text.text, match.start())
    first = _name(text, match.start("name"), match["name"], units, is_first=True)
    if first is None or (match["colon"] and not is_list):
        return
    unit, name, end = first
    is_whole = len(units) == 1 and match["colon"] is None
    yield _named(text, unit, name, match.start("units" if is_whole else "name"), end)
    while following := _NEXT.match(text.text, end):
        if not is_list and (following["sep"].strip() not in ("và", "hoặc") or units[0].size == "large"):
            return
        another = _name(text, following.start("name"), following["name"], units, is_first=False)
        if another is None or _is_other(another, following, units):
            return
        unit, name, end = another
        yield _named(text, unit, name, following.start("name"), end)
        is_list = is_list and following["sep"].strip(" ,") not in ("và", "cùng")


def _is_other(another: tuple[str, str, int], following: re.Match[str], units: list[PlaceWord]) -> bool:
    """Tell whether a name behind a comma is that of the larger unit (`các xã A, B, Thường Tín`)."""
    place = next((place for length, place in _known_at(another[1])), None)
    return bool(
        place
        and place.unit
        and not place.is_name
        and all(unit.size != "large" for unit in units)
        and following["sep"].strip() == ","
    )


def _announces_several(text: str, start: int) -> bool:
    before = text[max(0, start - 8) : start]
    word = _LAST_WORD.search(before)
    return (word is not None and syllable_keys(word[1]) in _phrases("plural")) or bool(
        re.search(r"(?<![\w.,/])\d{1,3}\s$", before)
    )


def _named(text: _Text, unit: str, name: str, start: int, end: int) -> _Named:
    evidence = Evidence(surface=text.text[start:end], block=text.where, start=start, end=end)
    return _Named(unit, name, evidence)


@cache
def _shorts() -> dict[str, str]:
    """Return what the abbreviations of names mean."""
    return {word.word: word.forms[0] for word in _words("short")}


def _name(
    text: _Text, start: int, printed: str, units: list[PlaceWord], *, is_first: bool
) -> tuple[str, str, int] | None:
    """Return unit, name and end of what is printed at `start`, or None if it is no place's name."""
    if printed[-1].isdigit():
        return _number(text.text, start, printed, units)
    if printed in _shorts():
        return units[-1].word, _shorts()[printed], start + len(printed)
    printed = _without_people(text, start, printed)
    syllables = printed.split()
    if not syllables or _begins_otherwise(text.text, start, printed, is_first=is_first):
        return None
    known = _known_name(text.text, start, units)
    if known:
        return known
    if len(units) > 1 or not _is_plausible(text.text, start, syllables, units[0]):
        return None
    return units[0].word, " ".join(syllables), start + len(printed)


def _number(text: str, start: int, printed: str, units: list[PlaceWord]) -> tuple[str, str, int] | None:
    end = start + len(printed)
    unit = units[-1]
    # Districts with numbers are well known, so that only a count is told apart (`quận 3 lần`).
    is_district = unit.size == "large" and not _COUNTED.match(text, end)
    stops = _BEHIND_NUMBER.match(text, end) or _one_unit().match(text, end + 1)
    is_name = unit.numbered and (is_district or stops)
    return (unit.word, str(int(printed.split()[-1])), end) if is_name else None


def _without_people(text: _Text, start: int, printed: str) -> str:
    """Return the part of the name that stands before a person's."""
    end = start + len(printed)
    for begin, stop in text.people:
        if begin < end and stop > start:
            end = max(start, begin)
    return text.text[start:end].rstrip()


def _begins_otherwise(text: str, start: int, printed: str, *, is_first: bool) -> bool:
    """Tell whether an office, a body or the like begins at `start` (`xã Văn hóa`, `Huyện Đoàn`).

    Right behind the unit one syllable of several does not tell it: there are communes called Trường Yên
    and Hội Hợp. In a list it does (`các xã A, B, Sở Tài chính`).
    """
    if any(place.unit for _, place in _known_at(printed)):
        return False
    ahead = syllable_keys(text[start : start + len(printed) + 24])[:6]
    others = _phrases("not_name", "body", "office", "honorific", "degree", "rank")
    shortest = 2 if is_first and len(printed.split()) > 1 else 1
    return any(ahead[:length] in others for length in range(shortest, len(ahead) + 1))


def _known_at(name: str) -> Iterator[tuple[int, lexicon.Place]]:
    """Yield the known names that the name begins with, the longest first."""
    keys = syllable_keys(name)
    if keys and keys[0] in _known():
        yield from _known().at(keys, 0)


def _known_name(text: str, start: int, units: list[PlaceWord]) -> tuple[str, str, int] | None:
    """Return the known place of one of the units, hyphens in its name included."""
    match = _ANY_NAME.match(text, start)
    words = [unit.word for unit in units]
    for length, place in _known_at(match[0]) if match else ():
        # No province is called like one of the cities of its rank: `các tỉnh Long An và Đà Nẵng`.
        is_city = words == ["tỉnh"] and place.unit == "thành phố"
        if place.unit in words or is_city:
            end = start
            for syllable in list(_SYLLABLES.finditer(text, start, start + 40))[:length]:
                end = syllable.end()
            return place.unit, place.name, end
    return None


def _is_plausible(text: str, start: int, syllables: list[str], unit: PlaceWord) -> bool:
    """Tell whether the syllables can be the whole name of a unit that is not in the table."""
    if len(syllables) > _MAX_SYLLABLES or "".join(syllables).isupper():
        return False
    end = start + len(" ".join(syllables))
    if _GOES_ON.match(text, end):
        return False
    if len(syllables) == 1:
        # Cities alone have names of one syllable (Huế, Vinh); what goes on in small letters is a phrase.
        is_end = not re.match(r"\s[^\W\d_]", text[end : end + 2])
        return unit.size == "large" and is_end and is_syllable(syllables[0])
    # Regions: `các tỉnh Tây Nguyên`.
    if unit.word in _LARGEST and any(not place.unit for _, place in _known_at(" ".join(syllables))):
        return False
    # `Phó Chủ tịch UBND huyện Nguyễn Văn A`; communes and wards are called after people.
    has_surname = syllable_keys(syllables[0])[0] in lexicon.surnames()
    is_person = len(syllables) > 2 and (has_surname or _OFFICE.search(text, max(0, start - 48), start))
    return not (is_person and unit.size == "large")


def _alone(text: _Text, found: list[_Named]) -> Iterator[_Named]:
    """Yield the known places that stand without their unit."""
    taken = bytearray(len(text.text))
    for begin, stop in (*((named.evidence.start, named.evidence.end) for named in found), *text.people):
        taken[begin:stop] = b"\1" * (stop - begin)
    last = 0
    for match in _known_pattern().finditer(text.text):
        start, end = match.span()
        if any(taken[start:end]):
            last = end
            continue
        place = next((place for _, place in _known_at(match[0])), None)
        listed = last > 0 and re.fullmatch(_BETWEEN + r"|\s?[-\u2013(]\s?", text.text[last:start]) is not None
        if place and _stands_alone(text, start, end) and (listed or _is_placed(text.text, start, place)):
            last = end
            yield _named(text, place.unit, place.name, start, end)


def _stands_alone(text: _Text, start: int, end: int) -> bool:
    """Tell whether no other capitalised syllable is beside the name, unless a sentence or person begins."""
    whole = text.text
    before = re.search(
        rf"(?:^|(?P<stop>[.!?:;…“\"]\s?)?)\b(?P<word>{SYLLABLE})\s$", whole[max(0, start - 16) : start]
    )
    if start and (whole[start - 1].isalnum() or whole[start - 1] in "_@/."):
        return False
    if before and fold(before["word"]) not in _OPENERS:
        return False
    behind = re.compile(rf"\s({SYLLABLE})|\smới\b").match(whole, end)
    return behind is None or any(begin == behind.start(1) for begin, _ in text.people)


_OPENERS = frozenset(
    ("tai", "o", "tu", "den", "ve", "qua", "nguoi", "va", "cho", "voi", "do", "nhung", "cac")
)


def _is_placed(text: str, start: int, place: lexicon.Place) -> bool:
    """Tell whether the words around the name let it be the place."""
    if place.name in lexicon.historic_figures():
        # In an address the larger place follows: `51 Lê Đại Hành, Hai Bà Trưng, Hà Nội`.
        end = start + len(place.name)
        return place.unit not in _LARGEST and _ADDRESS.match(text, end) is not None
    before = _LAST_WORDS.search(text[max(0, start - _LOOK_BACK) : start])
    keys = syllable_keys(before[0]) if before else ()
    others = _phrases("not_place", "namesake")
    if any(keys[-length:] in others for length in range(1, len(keys) + 1)):
        return False
    if not place.is_name or keys[-1:] in _phrases("locative"):
        return True
    # A body (`UBND Nghệ An`, `Sở TT&TT Hà Tây`), or the end of an address in brackets (`Hoa Lư, Ninh Bình`).
    is_body = _ABBREVIATION.search(text, max(0, start - 12), start) is not None
    in_brackets = text[start + len(place.name) :].startswith(")") and "(" in text[max(0, start - 40) : start]
    return is_body or in_brackets
