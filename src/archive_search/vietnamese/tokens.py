"""From text to tokens: syllables, numbers, dates and symbols of legal documents, with their offsets.

A Vietnamese word is written as syllables with spaces between them, and a token is one syllable. Hyphens
and dashes separate (`vắc-xin` is `vắc xin`), and syllables written without anything between them are
taken apart (`vắcxin`). Three things are one token although separators stand in them, and keep their
pieces as `parts`, so that each can be found by itself:

========  =====================================================  ==================================
kind      examples                                               key
========  =====================================================  ==================================
number    `2.034`  `105,23`                                      without thousands dots: `2034`
date      `11/07/2022`  `7/2022`  `2/9`  `11 tháng 7 năm 2022`   without zeros: `11/7/2022`
symbol    `59/2019/NĐ-CP`  `05-CT/TW`  `192 /STTTT-BC`           lower case: `5-ct/tw`
========  =====================================================  ==================================

What a token says besides is in `wider`: `XXIV` is 24, the first day of `11,12/7/2022` is `11/7/2022`,
`KT-XH` is `KTXH`.

To teach the tokeniser another form, add a pattern to `_PATTERN` and a function to `_MAKERS`. Text must
be in the form that `spelling.normalise` gives: on decomposed text a syllable would fall apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from archive_search.vietnamese.spelling import fold, fold_aligned, tone_key, unglued

__all__ = ["Kind", "Token", "roman_number", "tokenize"]


class Kind(StrEnum):
    """What a token is; all but words have parts."""

    WORD = "word"
    NUMBER = "number"
    DATE = "date"
    SYMBOL = "symbol"


class Token(NamedTuple):
    """A piece of text with its code point offsets.

    `form` is what its keys are made of where that is not `text` itself. `wider` holds the forms of what
    the token says besides: of a date the month, of a day in a list the date, of a Roman numeral the
    number, of a symbol its number and year, of the first word of `KT-XH` the whole.
    """

    text: str
    start: int
    end: int
    kind: Kind = Kind.WORD
    parts: tuple[Token, ...] = ()
    form: str = ""
    wider: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The exact key: two tokens that are spelt alike share it."""
        return tone_key(self.form or self.text)

    @property
    def folded(self) -> str:
        """The folded key: without diacritics."""
        return fold(self.form or self.text)

    @property
    def units(self) -> tuple[Token, ...]:
        """The tokens that take one place each in the text: the parts, or the token itself."""
        return self.parts or (self,)


# NFC leaves a mark uncomposed where Unicode has no letter for the pair. Each mark is matched in one way
# only, so that no row of them costs more than its length.
_MARK = r"[\u0300-\u036f]"
_REST = rf"[^\W_]*(?:{_MARK}[^\W_]*)*"
_CODE = rf"[^\W\d_]{_REST}"

# Only capitals tell a symbol that is printed with spaces in it from prose.
_CAPITALS = r"(?-i:[A-ZĐƯ]{2})"
_SLASH = rf"(?:/|\ ?/\ ?(?={_CAPITALS}))"
_DASH = r"[-\u2010\u2011\u2013\u2014\u2212]"
_HYPHEN = rf"(?:{_DASH}|\ ?{_DASH}\ ?(?={_CAPITALS}))"
_JOINED_CODES = rf"{_CODE} (?:(?:{_DASH}|[_/]){_CODE})*"

_MONTH = r"th[áa]ng"
_YEAR = r"n[ăa]m"
_DAY = r"(?<=ng[àa]y\s)"

_PATTERN = re.compile(
    rf"""
    (?P<joined> (?-i:(?![IVX]+\b) [A-ZĐƯ]{{1,9}} (?:[-&.][A-ZĐƯ]{{1,9}}){{1,4}}) (?![^\W_]|{_MARK}) )
    | (?P<roman> (?-i:[IVX]+) (?![^\W_]|{_MARK}) )
    | (?P<word> {_CODE} )
    | (?P<symbol>
        \d+[a-z]? (?:\ ?/\ ?\d{{4}}(?!\d))? {_SLASH} {_JOINED_CODES}
        | \d+[a-z]? {_HYPHEN} {_CODE} (?:(?:{_DASH}|_){_CODE})* {_SLASH} {_JOINED_CODES}
      )
    | (?P<yearly> \d{{1,4}} / \d{{4}} (?![\w/]) )
    | (?P<days>
        (?: {_DAY} (?:\d{{1,2}} (?:\s?(?:,|{_DASH})\s?|\s(?:và|va|đến|den)\s)){{1,9}}
            | (?:\d{{1,2}} (?:,|{_DASH})){{1,9}} (?=\d{{1,2}}/\d{{1,2}}/\d{{4}})
        )
        (?=(?P<last> \d{{1,2}} (?:/|\s{_MONTH}\s) \d{{1,2}} (?:(?:/|\s{_YEAR}\s)\d{{4}})? (?!\d)))
      )
    | (?P<date>
        \d{{1,2}} (?P<sep>[/.-]) \d{{1,2}} (?P=sep) \d{{4}} (?!\d)
        | \d{{1,2}} \s {_MONTH} \s \d{{1,2}} \s {_YEAR} \s \d{{4}} (?!\d)
        | (?<=th[áa]ng\s) \d{{1,2}} \s {_YEAR} \s \d{{4}} (?!\d)
        | \d{{1,2}} - \d{{4}} (?!\d)
        | \d{{1,2}} / \d{{1,2}} (?![\w/])
        | {_DAY} \d{{1,2}} \s {_MONTH} \s \d{{1,2}} (?!\d)
        | {_DAY} \d{{1,2}} \. \d{{1,2}} (?!\d|[.,/-]\d)
      )
    | (?P<number> \d+ (?:[.,]\d+)+ (?![\d/]) )
    | (?P<digits> \d{_REST} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNIT = re.compile(rf"[^\W_]{_REST}")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_YEARS = range(1800, 2200)
_SEPARATOR = re.compile(rf"{_DASH}|_")
_NUMBER = re.compile(r"\d+")

_LOOK_BACK = 16

# What stands, folded, before the number and year of a document.
_CITES = re.compile(
    r"\b(?:so|n[dq]|qd|tt|ttlt|(?:nghi|quyet) dinh|nghi quyet|thong tu|chi thi|cong van|ke hoach)"
    r"(?: so)?:?\s?$"
)
_VOWEL = re.compile("[aeiouyư]")

_ROMAN = re.compile("(?=.)X{0,3}(?:IX|IV|V?I{0,3})")
_ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10}
_SYLLABLES_TOO = frozenset({"VI", "XI"})
# What stands, folded, before a numeral that counts it.
_COUNTS = re.compile(
    r"\b(?:khoa|k[iy]|qu[iy]|thu|lan|chuong|phan|muc|cap|hang|loai|tap|vung|khu|nhom|phu luc|the k[iy])\s?$"
)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text` in order; only the parts of a token overlap with it.

    >>> [(token.text, token.key) for token in tokenize("Vắc-xin, 2.034 liều")]
    [('Vắc', 'văc2'), ('xin', 'xin'), ('2.034', '2034'), ('liều', 'liêu1')]
    """
    tokens: list[Token] = []
    add = tokens.append
    for match in _PATTERN.finditer(text):
        make = _MAKERS.get(match.lastgroup or "")
        if make is not None:
            tokens.extend(make(match))
            continue
        start = match.start()
        for piece in unglued(match[0]):
            end = start + len(piece)
            add(Token(piece, start, end))
            start = end
    return tokens


def _parts(match: re.Match[str]) -> tuple[Token, ...]:
    base = match.start()
    return tuple(_digits(part[0], base + part.start()) for part in _UNIT.finditer(match[0]))


def _digits(text: str, start: int) -> Token:
    """Return a word; of one that is a day or month with a zero before it, the form has no zero."""
    form = text[1] if len(text) == 2 and text[0] == "0" and text.isdigit() else ""
    return Token(text, start, start + len(text), form=form)


def _before(match: re.Match[str]) -> str:
    """Return what stands before a match, folded, as far as a pattern needs to look."""
    return fold_aligned(match.string[max(0, match.start() - _LOOK_BACK) : match.start()])


def _compound(match: re.Match[str], kind: Kind, form: str, wider: tuple[str, ...] = ()) -> Token:
    start, end = match.span()
    return Token(match[0], start, end, kind, _parts(match), form, wider)


def _number(match: re.Match[str]) -> Iterator[Token]:
    form = match[0]
    if _THOUSANDS.fullmatch(form):
        form = form.replace(".", "")
    yield _compound(match, Kind.NUMBER, form.replace(".", ","))


def _symbol(match: re.Match[str]) -> Iterator[Token]:
    form = _SEPARATOR.sub("-", match[0].replace(" ", ""))
    form = form.lstrip("0") or form
    number, year, *codes = form.split("/")
    yield _compound(match, Kind.SYMBOL, form, (_cited(number, year),) if codes and year.isdigit() else ())


def _cited(number: str, year: str) -> str:
    """Return the form of a document cited by number and year alone, which is no month's form."""
    return f"{number}/{year}/"


def _yearly(match: re.Match[str]) -> Iterator[Token]:
    """Yield a document cited by number and year (`NĐ 59/2019`), a month, or words."""
    number, year = map(int, match[0].split("/"))
    if year not in _YEARS or not _CITES.search(_before(match)):
        yield from _date(match)
        return
    month = (f"{number}/{year}",) if 1 <= number <= 12 else ()
    yield _compound(match, Kind.SYMBOL, _cited(str(number), str(year)), month)


def _days(match: re.Match[str]) -> Iterator[Token]:
    """Yield the days that stand before the last one of a list."""
    _, month, *years = map(int, _NUMBER.findall(match["last"]))
    year = years[0] if years else None
    for part in _parts(match):
        day = int(part.text) if part.text.isdecimal() else 0
        yield part._replace(wider=_implied(day, month, year)) if _is_date(day, month, year) else part


def _implied(day: int, month: int, year: int | None) -> tuple[str, ...]:
    if year is None:
        return (f"{day}/{month}",)
    return (f"{day}/{month}/{year}", f"{month}/{year}", f"{day}/{month}")


def _is_date(day: int | None, month: int, year: int | None) -> bool:
    return (day is None or 1 <= day <= 31) and 1 <= month <= 12 and (year is None or year in _YEARS)


def _joined(match: re.Match[str]) -> Iterator[Token]:
    """Yield words; the first of an abbreviation written with signs in it is the whole of it besides.

    What has a vowel in each word is no abbreviation but a heading in capitals.
    """
    first, *others = _parts(match)
    words = [word.text.lower() for word in (first, *others)]
    short = any(not _VOWEL.search(word) for word in words)
    yield first._replace(wider=("".join(words),)) if short else first
    yield from others


def _date(match: re.Match[str]) -> Iterator[Token]:
    numbers = [int(digits) for digits in _NUMBER.findall(match[0])]
    year = numbers.pop() if numbers[-1] > 99 else None
    month = numbers.pop()
    day = numbers.pop() if numbers else None
    if not _is_date(day, month, year):
        yield from _parts(match)
        return
    known = [n for n in (day, month, year) if n is not None]
    wider = _implied(*known)[1:] if len(known) == 3 else ()
    yield _compound(match, Kind.DATE, "/".join(map(str, known)), wider)


def _number_word(match: re.Match[str]) -> Iterator[Token]:
    yield _digits(match[0], match.start())


def _roman(match: re.Match[str]) -> Iterator[Token]:
    """Yield a word that is a number besides, if nothing but a numeral can be meant."""
    number = roman_number(match[0], counted=_COUNTS.search(_before(match)) is not None)
    yield Token(match[0], *match.span(), wider=(str(number),) if number else ())


def roman_number(text: str, *, counted: bool = False) -> int | None:
    """Return the number that a Roman numeral in capitals means, up to 39; None if `text` is none.

    Single letters and syllables (`VI`) are numerals only where a word before them counts something.

    >>> roman_number("XXIV"), roman_number("VI"), roman_number("VI", counted=True)
    (24, None, 6)
    """
    if not _ROMAN.fullmatch(text) or (not counted and (len(text) == 1 or text in _SYLLABLES_TOO)):
        return None
    digits = [_ROMAN_DIGITS[letter] for letter in text]
    return sum(-one if one < two else one for one, two in zip(digits, [*digits[1:], 0], strict=True))


_MAKERS: dict[str, Callable[[re.Match[str]], Iterator[Token]]] = {
    "joined": _joined,
    "roman": _roman,
    "yearly": _yearly,
    "days": _days,
    "symbol": _symbol,
    "date": _date,
    "number": _number,
    "digits": _number_word,
}
