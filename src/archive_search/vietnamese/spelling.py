"""How Vietnamese is spelt: one Unicode form, one key per syllable, letters without marks.

The rules are those of `data/normalisation.tsv`: NFC first; `ủy` and `uỷ` are one syllable to a search and two
spellings to a reader, so keys are compared and text is shown untouched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# The five tone marks as NFD writes them; a syllable without one has the level tone (ngang), 0.
_TONES = {"\u0300": "1", "\u0301": "2", "\u0303": "3", "\u0309": "4", "\u0323": "5"}

_STRAY = str.maketrans(
    {
        # Spaces that are not the space bar's, so that "TUV,<NBSP> Bí thư" is words again.
        **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
        **{chr(code): " " for code in range(0x2000, 0x200B)},
        # Zero-width characters, direction marks and the soft hyphen: they show nothing and split words.
        **dict.fromkeys("\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad", None),
        # Look-alikes of Đ (eth and African d), common in texts typed with other keyboards.
        "\u00d0": "Đ",
        "\u0189": "Đ",
        "\u00f0": "đ",
        "\u0256": "đ",
    }
)


def normalise(text: str) -> str:
    """Return `text` in NFC with plain spaces, no invisible characters and a true Đ.

    >>> normalise("Hu\u0079e\u0323\u0302n\u00a0u\u0309y")
    'Huyện ủy'
    """
    # Composed last, since an invisible character may stand between a letter and its mark.
    return unicodedata.normalize("NFC", text.translate(_STRAY))


# The one pair of words that only the place of the tone tells apart: "giạ", a measure of rice, and the
# "gịa" of "giặt gịa", to wash. This one is its own key, which no other can be, having a tone mark.
_KEPT_APART = "gịa"


@lru_cache(maxsize=1 << 16)
def tone_key(syllable: str) -> str:
    """Return the spelling key: lower case, the tone taken out and put last as a digit.

    >>> tone_key("Ủy") == tone_key("uỷ") == "uy4"
    True
    >>> tone_key("ban")
    'ban'
    """
    if unicodedata.normalize("NFC", syllable.lower()) == _KEPT_APART:
        return _KEPT_APART
    tone = ""
    letters = []
    # The K forms also take apart what only looks like one character: m², ﬁ, full-width letters.
    for char in unicodedata.normalize("NFKD", syllable.lower()):
        if char in _TONES:
            tone = _TONES[char]
        else:
            letters.append(char)
    return unicodedata.normalize("NFC", "".join(letters)) + tone


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return `text` in lower case without any diacritics.

    >>> fold("Đảng bộ Huyện")
    'dang bo huyen'
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    # NFD does not split đ (U+0111): the bar is part of the letter.
    return bare.replace("đ", "d")


def _aligned_table() -> dict[int, str]:
    # The blocks that hold every precomposed letter of Vietnamese and of the Latin alphabets around it.
    latin = (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00))
    folded = ((code, fold.__wrapped__(chr(code))) for code in latin)
    return {code: letter for code, letter in folded if len(letter) == 1}


_ALIGNED = _aligned_table()


def fold_aligned(text: str) -> str:
    """Return NFC `text` folded letter by letter, so that every offset stays where it is.

    >>> fold_aligned("Đảng ủy")
    'dang uy'
    """
    return text.translate(_ALIGNED)


_I_OR_Y = re.compile("(?P<initial>[hklmstv]|qu)(?P<rime>[iy])(?P<tone>[1-5]?)")


def other_i(key: str) -> str:
    """Return the spelling key with i for y or y for i where both are in use, else the key itself.

    >>> other_i("ky3"), other_i("tay")
    ('ki3', 'tay')
    """
    match = _I_OR_Y.fullmatch(key)
    return f"{match['initial']}{'i' if match['rime'] == 'y' else 'y'}{match['tone']}" if match else key


class _Keyboard(NamedTuple):
    """What keys mean that are no letters of their own: tones, marks on a letter typed before, letters."""

    tones: dict[str, str]
    marks: dict[str, dict[str, str]]
    letters: dict[str, str]


_TELEX = _Keyboard(
    tones={"f": "1", "s": "2", "x": "3", "r": "4", "j": "5"},
    marks={
        "a": {"a": "â"},
        "e": {"e": "ê"},
        "o": {"o": "ô"},
        "d": {"d": "đ"},
        "w": {"a": "ă", "o": "ơ", "u": "ư"},
    },
    letters={"w": "ư", "[": "ơ", "]": "ư"},
)
_VNI = _Keyboard(
    tones={"1": "2", "2": "1", "3": "4", "4": "3", "5": "5"},
    marks={
        "6": {"a": "â", "e": "ê", "o": "ô"},
        "7": {"o": "ơ", "u": "ư"},
        "8": {"a": "ă"},
        "9": {"d": "đ"},
    },
    letters={},
)

# One key for the horn marks both letters of ươ, and the one of ưa wherever it is typed.
_HORNS = ((re.compile("uơ(?=[a-z])|ưo(?=[a-z])"), "ươ"), (re.compile("uă$"), "ưa"))


def telex_key(syllable: str) -> str:
    """Return the spelling key that the keys of the Telex keyboard typed raw stand for.

    Keys of tones and marks may come late, as writers type them.

    >>> telex_key("rasc") == telex_key("racs") == tone_key("rác")
    True
    >>> telex_key("nghieepj") == telex_key("nghiepej") == tone_key("nghiệp")
    True
    """
    return _keyed(syllable, _TELEX)


def vni_key(syllable: str) -> str:
    """Return the spelling key that the keys of the VNI keyboard typed raw stand for.

    >>> vni_key("huye6n5") == vni_key("huyen65") == tone_key("huyện")
    True
    """
    return _keyed(syllable, _VNI)


def _keyed(typed: str, keyboard: _Keyboard) -> str:
    letters: list[str] = []
    tone = ""
    for key in typed.lower():
        marks = keyboard.marks.get(key, {})
        bare = [at for at, letter in enumerate(letters) if letter in marks] if marks else []
        if bare:
            letters[bare[-1]] = marks[letters[bare[-1]]]
        elif key in keyboard.tones and any(fold(letter) in _VOWELS for letter in letters):
            tone = keyboard.tones[key]
        else:
            letters.append(keyboard.letters.get(key, key))
    made = "".join(letters)
    for pattern, horned in _HORNS:
        made = pattern.sub(horned, made)
    return made + tone


_TONE_MARKS = {digit: mark for mark, digit in _TONES.items()}
_TONED = re.compile(
    "(?P<onset>gi(?=[aăâeêioôơuưy])|qu)?(?P<before>.*?)(?P<vowels>[aăâeêioôơuưy]+)(?P<end>[^aeiouy]*)"
)
_BEARER = re.compile("[ăâêôơư]")


def spelt(key: str) -> str:
    """Return how a spelling key is written: `ủy`, and not `uỷ`, as the portals do.

    >>> spelt("uy4"), spelt("huyên5"), spelt("khoe4"), spelt("ngươi1"), spelt("gia1"), spelt("ban")
    ('ủy', 'huyện', 'khỏe', 'người', 'già', 'ban')
    """
    mark = _TONE_MARKS.get(key[-1:])
    match = _TONED.fullmatch(key[:-1]) if mark else None
    if not mark or match is None:
        return key
    start = match.start("vowels")
    at = start + _bearer(match["vowels"], closed=bool(match["end"])) + 1
    return unicodedata.normalize("NFC", key[:at] + mark + key[at:-1])


def _bearer(vowels: str, *, closed: bool) -> int:
    """Return which vowel bears the tone: the marked one, the last before a consonant, or the middle one."""
    marked = [match.start() for match in _BEARER.finditer(vowels)]
    if marked:
        return marked[-1]
    return len(vowels) - 1 if closed else (len(vowels) - 1) // 2


_ONSET = "ngh?|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx]"
_CLOSED = "(?:o?[aăe]|u?[âê]|[ioôơuưy]|uy|u?yê|iê|uô|ươ|oo)"
_OPEN = "[aeêioôơuưy]|i?a|[uo]a|ưa|oe|u[êơy]|u?ya"
_GLIDE = "[aoôơuư]i|uôi|ươi|oai|[aeo]o|oeo|[aâêiư]u|[iy]êu|ươu|[oaâ]y|oay|uây|uyu"
# What a syllable's key can be; one that ends in a stop has the tone sắc or nặng.
_RIME = f"{_CLOSED}(?:(?:ng|nh|[mn])[1-5]?|(?:ch|[cpt])[25])|(?:{_OPEN}|{_GLIDE})[1-5]?"
_SYLLABLE = re.compile(f"(?:{_ONSET})?(?:{_RIME})")
_LONGEST_SYLLABLE = 7  # "nghiêng"
_LONGEST_GLUED = 21
_VOWELS = "aeiouy"


@lru_cache(maxsize=1 << 16)
def unglued(word: str) -> tuple[str, ...]:
    """Return the syllables that were written without a space between them, or the word itself.

    A word is taken apart if its marks show that it is Vietnamese, it is no syllable, and there is only
    one way to read it as the fewest syllables.

    >>> unglued("vắcxin"), unglued("thànhuỷ")
    (('vắc', 'xin'), ('thànhuỷ',))
    """
    plain = fold(word) == word.lower().replace("đ", "d")
    if plain or len(word) > _LONGEST_GLUED or is_well_spelt(word):
        return (word,)
    readings: list[tuple[str, ...]] = [()]
    while readings := [found for reading in readings for found in _one_more(reading, word)]:
        whole = [reading for reading in readings if len("".join(reading)) == len(word)]
        if whole:
            return whole[0] if len(whole) == 1 else (word,)
    return (word,)


def _one_more(reading: tuple[str, ...], word: str) -> Iterator[tuple[str, ...]]:
    """Yield the reading with each syllable that can come next.

    Two vowels side by side are no border: `nguời` is `người` mistyped, and not `ngu ời`. A syllable of
    one letter comes first only (`ôtô`).
    """
    start = len("".join(reading))
    if start and fold(word[start]) in _VOWELS and fold(word[start - 1]) in _VOWELS:
        return
    for end in range(start + (2 if start else 1), min(len(word), start + _LONGEST_SYLLABLE) + 1):
        if is_well_spelt(word[start:end]):
            yield (*reading, word[start:end])


def is_well_spelt(text: str) -> bool:
    """Tell whether `text` is a syllable that Vietnamese spelling allows, with its marks and its tone.

    >>> is_well_spelt("Thường"), is_well_spelt("Th­êng"), is_well_spelt("cat")
    (True, False, False)
    """
    return _SYLLABLE.fullmatch(tone_key(text)) is not None


def has_marks(text: str) -> bool:
    """Tell whether any letter carries a diacritic, so that the writer has chosen a spelling."""
    return fold(text) != text.lower()
