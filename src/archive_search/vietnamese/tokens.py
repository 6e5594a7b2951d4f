"""From text to tokens: syllables, numbers, dates and symbols of legal documents, with their offsets.

A Vietnamese word is written as syllables with spaces between them, and a token is one syllable. Hyphens
and dashes separate (`vắc-xin` is `vắc xin`). Three things are one token although separators stand in
them, and keep their pieces as `parts`, so that each can be found by itself:

========  =====================================================  ==================================
kind      examples                                               key
========  =====================================================  ==================================
number    `2.034`  `105,23`                                      without thousands dots: `2034`
date      `11/07/2022`  `7/2022`  `2/9`  `11 tháng 7 năm 2022`   without zeros: `11/7/2022`
symbol    `59/2019/NĐ-CP`  `05-CT/TW`  `192 /STTTT-BC`           lower case: `5-ct/tw`
========  =====================================================  ==================================

To teach the tokeniser another form, add a pattern to `_PATTERN` and a function to `_MAKERS`. Text must
be in the form that `spelling.normalise` gives: on decomposed text a syllable would fall apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from archive_search.vietnamese.spelling import fold, tone_key

__all__ = ["Kind", "Token", "tokenize"]


class Kind(StrEnum):
    """What a token is; all but words have parts."""

    WORD = "word"
    NUMBER = "number"
    DATE = "date"
    SYMBOL = "symbol"


class Token(NamedTuple):
    """A piece of text with its code point offsets.

    `form` is what its keys are made of where that is not `text` itself, and `wider` holds the forms of
    the less exact dates that a date implies: the month of `11/7/2022` is `7/2022`.
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


# NFC leaves a mark uncomposed where Unicode has no letter for the pair.
_MARKS = r"[\u0300-\u036f]*"
_LETTER = rf"[^\W\d_]{_MARKS}"
_REST = rf"(?:[^\W_]{_MARKS})*"
_CODE = rf"{_LETTER}{_REST}"

# A slash of a symbol may have spaces round it in print, but only capitals tell such a symbol from prose.
_SLASH = r"(?:/|\ ?/\ ?(?=[A-ZĐƯ]{2}))"

_PATTERN = re.compile(
    rf"""
    (?P<word>{_LETTER}{_REST})
    | (?P<symbol>
        \d+[a-z]? (?:\ ?/\ ?\d{{4}}(?!\d))? {_SLASH} {_CODE} (?:[-_/]{_CODE})*
        | \d+[a-z]? - {_CODE} (?:[-_]{_CODE})* {_SLASH} {_CODE} (?:[-_/]{_CODE})*
      )
    | (?P<date>
        \d{{1,2}} (?P<sep>[/.-]) \d{{1,2}} (?P=sep) \d{{4}} (?!\d)
        | \d{{1,2}} \s th[áa]ng \s \d{{1,2}} \s n[ăa]m \s \d{{4}} (?!\d)
        | (?<=th[áa]ng\s) \d{{1,2}} \s n[ăa]m \s \d{{4}} (?!\d)
        | \d{{1,2}} [/-] \d{{4}} (?!\d)
        | \d{{1,2}} / \d{{1,2}} (?![\w/])
        | (?<=ng[àa]y\s) \d{{1,2}} \s th[áa]ng \s \d{{1,2}} (?!\d)
      )
    | (?P<number> \d+ (?:[.,]\d+)+ (?![\d/]) )
    | (?P<digits> \d{_REST} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNIT = re.compile(rf"(?:[^\W_]{_MARKS})+")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_YEARS = range(1800, 2200)


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text` in order; only the parts of a token overlap with it.

    >>> [(token.text, token.key) for token in tokenize("Vắc-xin, 2.034 liều")]
    [('Vắc', 'văc2'), ('xin', 'xin'), ('2.034', '2034'), ('liều', 'liêu1')]
    """
    tokens: list[Token] = []
    add = tokens.append
    for match in _PATTERN.finditer(text):
        make = _MAKERS.get(match.lastgroup or "")
        if make is None:
            start, end = match.span()
            add(Token(match[0], start, end))
        else:
            tokens.extend(make(match))
    return tokens


def _parts(match: re.Match[str]) -> tuple[Token, ...]:
    base = match.start()
    return tuple(_digits(part[0], base + part.start()) for part in _UNIT.finditer(match[0]))


def _digits(text: str, start: int) -> Token:
    """Return a word; of one that is a day or month with a zero before it, the form has no zero."""
    form = text[1] if len(text) == 2 and text[0] == "0" and text.isdigit() else ""
    return Token(text, start, start + len(text), form=form)


def _compound(match: re.Match[str], kind: Kind, form: str, wider: tuple[str, ...] = ()) -> Token:
    start, end = match.span()
    return Token(match[0], start, end, kind, _parts(match), form, wider)


def _number(match: re.Match[str]) -> Iterator[Token]:
    form = match[0]
    if _THOUSANDS.fullmatch(form):
        form = form.replace(".", "")
    yield _compound(match, Kind.NUMBER, form.replace(".", ","))


def _symbol(match: re.Match[str]) -> Iterator[Token]:
    form = match[0].replace(" ", "").replace("_", "-")
    yield _compound(match, Kind.SYMBOL, form.lstrip("0") or form)


def _date(match: re.Match[str]) -> Iterator[Token]:
    numbers = [int(digits) for digits in re.findall(r"\d+", match[0])]
    year = numbers.pop() if numbers[-1] > 99 else None
    month = numbers.pop()
    day = numbers.pop() if numbers else None
    if not 1 <= month <= 12 or (day and day > 31) or day == 0 or (year and year not in _YEARS):
        yield from _parts(match)
        return
    known = [n for n in (day, month, year) if n is not None]
    wider = (f"{month}/{year}", f"{day}/{month}") if len(known) == 3 else ()
    yield _compound(match, Kind.DATE, "/".join(map(str, known)), wider)


def _number_word(match: re.Match[str]) -> Iterator[Token]:
    yield _digits(match[0], match.start())


_MAKERS: dict[str, Callable[[re.Match[str]], Iterator[Token]]] = {
    "symbol": _symbol,
    "date": _date,
    "number": _number,
    "digits": _number_word,
}
