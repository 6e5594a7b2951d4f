"""What a mistyped syllable may have been meant as, and how unlikely each slip is.

A cost is the negative logarithm of how often a writer slips so, as far as that can be told: how the costs
stand to one another is what counts. Syllables are compared by their keys (`spelling.tone_key`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive_search.vietnamese.spelling import fold

__all__ = ["MISTAKE", "RAW_KEYS", "folded_slips", "letters_and_tone", "mark_cost"]

MISTAKE = 4.0
"""What every slip costs: about one typed syllable in fifty is wrong."""

KNOWN_MISTAKEN = 6.0
"""What it costs instead to have typed another word of the archive than was meant."""

RAW_KEYS = 0.5
"""Keys of Telex or VNI left raw, that spell a word of the archive: hardly ever by chance."""

_NO_TONE = 0.0
_WRONG_TONE = 1.0
_NO_MARK = 0.2
_WRONG_MARK = 1.0
_CONFUSED = 1.5
_EDITED = 2.5

# Hỏi and ngã sound alike in the south and the middle of the country.
_SOUND_ALIKE = frozenset({"34", "43"})

# Letters that stand for one sound in some part of the country; longer ones first.
_ONSETS = (
    ("gi", "d", "r", "v"),
    ("s", "x"),
    ("ch", "tr"),
    ("l", "n"),
    ("ngh", "ng"),
    ("gh", "g"),
    ("k", "c", "q"),
)
_FINALS = (("ng", "n", "nh"), ("c", "t", "ch"), ("i", "y"), ("o", "u"))

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_MIN_EDITED = 2
"""Syllables of fewer letters are one edit away from too many others."""

_MAX_EDITED = 16
"""Longer words are none that an edit turns into another."""

_TONE = re.compile("[1-5]$")


def letters_and_tone(key: str) -> tuple[str, str]:
    """Return the letters of a spelling key, and its tone, which is empty for the level one."""
    match = _TONE.search(key)
    return (key[:-1], match[0]) if match else (key, "")


def folded_slips(folded: str) -> dict[str, float]:
    """Return the other folded keys that one slip of letters makes this one of, with the cost of the slip."""
    slips = dict.fromkeys(_edited(folded), _EDITED) if _MIN_EDITED <= len(folded) <= _MAX_EDITED else {}
    slips.update(dict.fromkeys(_confused(folded), _CONFUSED))
    slips.pop(folded, None)
    return slips


def _edited(folded: str) -> Iterator[str]:
    for at in range(len(folded) + 1):
        head, tail = folded[:at], folded[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


def _confused(folded: str) -> Iterator[str]:
    for group in _ONSETS:
        onset = next((onset for onset in group if folded.startswith(onset)), None)
        if onset:
            yield from (other + folded[len(onset) :] for other in group)
    for group in _FINALS:
        final = max((final for final in group if folded.endswith(final)), key=len, default=None)
        if final:
            yield from (folded[: -len(final)] + other for other in group)


def mark_cost(typed: str, meant: str) -> float:
    """Return what it costs to have typed the marks and the tone of one key for those of another.

    Only the letters that both have in the same place, from either end, are compared.
    """
    letters, tone = letters_and_tone(typed)
    others, meant_tone = letters_and_tone(meant)
    return _tone_cost(tone, meant_tone) + _letters_cost(letters, others)


def _tone_cost(typed: str, meant: str) -> float:
    if typed == meant or typed + meant in _SOUND_ALIKE:
        return 0.0
    return _WRONG_TONE if typed else _NO_TONE


def _letters_cost(typed: str, meant: str) -> float:
    plain, plain_meant = fold(typed), fold(meant)
    shorter = min(len(plain), len(plain_meant))
    head = next((n for n in range(shorter) if plain[n] != plain_meant[n]), shorter)
    tail = next((n for n in range(shorter - head) if plain[-1 - n] != plain_meant[-1 - n]), shorter - head)
    pairs = [*zip(typed[:head], meant[:head], strict=True)]
    if tail:
        pairs += zip(typed[-tail:], meant[-tail:], strict=True)
    unlike = [one for one, other in pairs if one != other]
    dropped = sum(fold(letter) == letter for letter in unlike)
    return (_NO_MARK if dropped else 0.0) + _WRONG_MARK * (len(unlike) - dropped)
