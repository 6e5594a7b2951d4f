"""Vietnamese before Unicode: TCVN 5712 and its fonts, the VNI fonts, VISCII, and UTF-8 encoded twice.

TCVN3 (".VnTime") and VNI are no character sets to a browser but fonts: the page is sound Windows-1252 or
UTF-8, and its text reads `Th­êng TÝn` or `Thöôøng Tín`. So text is judged by how many of its words are
syllables that Vietnamese spelling allows, as it stands and as each of these sets would have it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from archive_search.vietnamese.lexicon import parse_table
from archive_search.vietnamese.spelling import is_well_spelt

__all__ = [
    "Piece",
    "Weight",
    "decode_tcvn",
    "decode_viscii",
    "from_tcvn3",
    "from_utf8_twice",
    "from_vni",
    "mended",
    "weigh",
    "windows_1252_bytes",
]

TCVN3 = "TCVN3"
VNI = "VNI"
TWICE = "UTF-8 twice"


class Piece(NamedTuple):
    """A run of text, and the set its font is made for if the page says so; `.VnTimeH` has only capitals."""

    text: str
    font: str | None = None
    capitals: bool = False


class Weight(NamedTuple):
    """How many words with marks are spelt as Vietnamese is, and how many are not."""

    valid: int
    wrong: int

    @property
    def score(self) -> int:
        """How much better than no Vietnamese at all it reads."""
        # A name or a foreign word is wrong in every reading; the wrong reading makes most words wrong.
        return self.valid - 2 * self.wrong

    @property
    def is_vietnamese(self) -> bool:
        """Whether it cannot be so by chance."""
        return self.valid >= _ENOUGH_WORDS and self.valid >= 4 * self.wrong


# By chance a foreign word turns into a syllable; three of them, and hardly a wrong one beside, do not.
_ENOUGH_WORDS = 3

# A word may hold what another set shows for a letter: signs of Latin-1, C1 controls, U+FFFD.
_WORD = re.compile(r"(?:[^\W\d_]|[\x80-\xbf\xd7\xf7\u0300-\u036f\ufffd])+")
_MARKED = re.compile("[\x80-\u024f\u0300-\u036f\u1e00-\u1eff\ufffd]")
_ROUND_A_WORD = "\xa0«»·°©®™²³ªº§¶¹¡¿\xad"


@lru_cache(maxsize=1 << 16)
def _judged(word: str) -> bool | None:
    """Return whether a word is well spelt, or None if it has no marks to judge by.

    An abbreviation such as `UBMTTQ` or `HĐND` tells nothing. A syllable has one tone, and no capital in its
    midst: `giõÌ` has two tones, and `TÝn` is `Tín` in TCVN3.
    """
    bare = word.strip(_ROUND_A_WORD)
    if not _MARKED.search(bare) or (bare.isupper() and bare.replace("Đ", "").isascii()):
        return None
    if not bare.isupper() and not bare[1:].islower() and len(bare) > 1:
        return False
    tones = sum(char in _TONES for char in unicodedata.normalize("NFD", bare))
    return tones <= 1 and is_well_spelt(bare)


_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def weigh(text: str) -> Weight:
    """Return how much of a text is Vietnamese, by its words with marks alone.

    >>> weigh("Thường Tín, Müller")
    Weight(valid=2, wrong=1)
    """
    judged = [_judged(word) for word in _WORD.findall(text)]
    return Weight(judged.count(True), judged.count(False))


@cache
def _tables() -> tuple[dict[int, str], dict[int, str], dict[int, str], dict[str, str]]:
    """Return TCVN 5712 and VISCII by byte, TCVN3 by what Windows-1252 shows, VNI by its sequences."""
    text = (resources.files(__package__) / "data" / "charsets.tsv").read_text(encoding="utf-8")
    rows = list(parse_table(text, ("letter", "tcvn", "viscii", "vni"), source="charsets.tsv"))
    tcvn = {int(row["tcvn"], 16): row["letter"] for row in rows}
    # The fonts have the small letters and the seven capitals of the alphabet.
    font = {
        code: letter for code, letter in tcvn.items() if code > 0xA0 and (letter.islower() or code <= 0xA7)
    }
    viscii = {int(row["viscii"], 16): row["letter"] for row in rows}
    return tcvn | _TCVN_MARKS, viscii, font, dict(_either_case((row["vni"], row["letter"]) for row in rows))


# TCVN 5712 has the five tones as combining characters too.
_TCVN_MARKS = {0xB0: "\u0300", 0xB1: "\u0309", 0xB2: "\u0303", 0xB3: "\u0301", 0xB4: "\u0323"}


def _either_case(rows: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Yield each VNI sequence; writers set the mark of a capital in the other case too (`Uûy`)."""
    for sequence, letter in rows:
        yield sequence, letter
        if len(sequence) == 2:
            yield sequence[0] + sequence[1].swapcase(), letter


def decode_tcvn(data: bytes) -> str:
    """Return bytes in TCVN 5712:1993 (VN1) as text in NFC."""
    return unicodedata.normalize("NFC", data.decode("latin-1").translate(_tables()[0]))


def decode_viscii(data: bytes) -> str:
    """Return bytes in VISCII (RFC 1456) as text."""
    return data.decode("latin-1").translate(_tables()[1])


# What stands alone in a text of any set, such as the sign before a year and a name.
_SIGN_ALONE = re.compile(r"(?<!\S)[©®±](?!\S)")
_CAPITAL_WORD = re.compile(r"[^\W\d_]*[^\W\d_a-z][^\W\d_]*")


def from_tcvn3(text: str) -> str:
    """Return text set for the fonts .VnTime, .VnArial and their kin.

    >>> from_tcvn3("Uû ban nh©n d©n huyÖn Th­êng TÝn")
    'Uỷ ban nhân dân huyện Thường Tín'
    """
    font = _tables()[2]
    pieces = re.split(f"({_SIGN_ALONE.pattern})", text)
    made = "".join(piece if at % 2 else piece.translate(font) for at, piece in enumerate(pieces))
    return _CAPITAL_WORD.sub(_all_capitals, made)


def _all_capitals(match: re.Match[str]) -> str:
    """Return a word whose plain letters are all capitals in capitals: the fonts hold no `Á` for `BÁO`."""
    word = match[0]
    plain = [letter for letter in word if letter.isascii()]
    small_inside = any(a.islower() and b.isupper() for a, b in pairwise(word))
    return word.upper() if small_inside and all(map(str.isupper, plain)) else word


def from_vni(text: str) -> str:
    """Return text set for the fonts VNI-Times, VNI-Helve and their kin.

    >>> from_vni("Uûy ban nhaân daân huyeän Thöôøng Tín")
    'Ủy ban nhân dân huyện Thường Tín'
    """
    table = _tables()[3]
    return _vni_pattern().sub(lambda match: table[match[0]], text)


@cache
def _vni_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _tables()[3]), key=len, reverse=True)))


_WINDOWS_1252 = {
    bytes([code]).decode("cp1252"): code
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def windows_1252_bytes(text: str) -> bytes | None:
    """Return the bytes that Windows-1252, or Latin-1, shows as this text, or None if there are none."""
    codes = [ord(char) if char < "\u0100" else _WINDOWS_1252.get(char) for char in text]
    return None if None in codes else bytes(code for code in codes if code is not None)


def from_utf8_twice(text: str) -> str:
    """Return the text that was encoded twice, or the text itself if it was not, or not without loss.

    >>> from_utf8_twice("Huyá»‡n á»§y")
    'Huyện ủy'
    """
    data = windows_1252_bytes(text)
    try:
        return data.decode("utf-8") if data else text
    except UnicodeDecodeError:
        return text


_READINGS: Mapping[str, Callable[[str], str]] = {TWICE: from_utf8_twice, TCVN3: from_tcvn3, VNI: from_vni}


class _Judgement(NamedTuple):
    """A piece in its best reading: the set, None if it is best as it stands, and what the words weigh.

    `open_to` are the sets in which it would be Vietnamese as well as it is now.
    """

    best: str | None
    before: Weight
    after: Weight
    open_to: frozenset[str] = frozenset()
    made_for: str | None = None


def mended(pieces: Sequence[Piece]) -> tuple[list[str], tuple[str, ...]]:
    """Return the texts of a page's pieces, read anew where another set makes them Vietnamese, and the sets.

    A set is believed in if the words it mends are enough, and most of those of the page that are wrong.
    Then each piece it makes better is read in it, and of those that are words in both readings (`bé`,
    `bộ`) those that follow such a piece, or whose font is made for it. A piece that has a letter of Unicode's
    own is never touched.
    """
    judgements = [_judge(piece) for piece in pieces]
    believed = frozenset(name for name in _READINGS if _is_believed(name, judgements))
    texts = []
    used: dict[str, None] = {}
    for piece, judged, chosen in zip(pieces, judgements, _chosen(judgements, believed), strict=True):
        text = _READINGS[chosen](piece.text) if chosen else piece.text
        texts.append(text.upper() if piece.capitals and judged.made_for in believed else text)
        if chosen and text != piece.text:
            used[chosen] = None
    return texts, tuple(used)


def _chosen(judgements: Sequence[_Judgement], believed: frozenset[str]) -> Iterator[str | None]:
    """Yield for each piece the set it is to be read in, if any of those that are believed in."""
    # Where the page says which texts are in a font, the others are not.
    by_font = {judged.made_for for judged in judgements if judged.made_for and judged.best == judged.made_for}
    sides = [_side(judged, believed) for judged in judgements]
    last = next((side for side in sides if side is not _OPEN), None)
    for judged, side in zip(judgements, sides, strict=True):
        if side is not _OPEN:
            last = side
            yield side
        elif judged.made_for:
            yield judged.made_for if judged.made_for in judged.open_to & believed else None
        else:
            yield last if last in (judged.open_to & believed) - by_font else None


_OPEN = "open"


def _side(judged: _Judgement, believed: frozenset[str]) -> str | None:
    """Return the set a piece belongs to, None if it is sound as it stands, `_OPEN` if it does not say."""
    if judged.best in believed:
        return judged.best
    return None if judged.before.valid and not judged.open_to & believed else _OPEN


def _judge(piece: Piece) -> _Judgement:
    text = piece.text
    before = weigh(text)
    if text.isascii() or windows_1252_bytes(text) is None:
        return _Judgement(None, before, before, made_for=piece.font if text.isascii() else None)
    weights = {
        name: weigh(made)
        for name, reading in _READINGS.items()
        if (made := reading(text)) != text and (piece.font in (None, name) or name == TWICE)
    }
    better = {
        name: weight
        for name, weight in weights.items()
        if before.wrong and weight.score > before.score and weight.valid >= 4 * weight.wrong and weight.valid
    }
    best = max(better, key=lambda name: better[name].score) if better else None
    open_to = frozenset(name for name, weight in weights.items() if weight.valid and not weight.wrong)
    return _Judgement(best, before, better[best] if best else before, open_to, piece.font)


def _is_believed(name: str, judgements: Sequence[_Judgement]) -> bool:
    mine = sum(judged.before.wrong for judged in judgements if judged.best == name)
    stuck = sum(judged.before.wrong for judged in judgements if judged.best is None)
    if any(judged.made_for == name for judged in judgements):
        fonts = [judged for judged in judgements if judged.made_for == name]
        open_ones = any(name in judged.open_to for judged in fonts)
        return mine >= stuck and (mine > 0 or open_ones)
    return mine >= _ENOUGH_WORDS and mine >= stuck
