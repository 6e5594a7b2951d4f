"""How Vietnamese is spelt: one Unicode form, one key per syllable, letters without marks.

The rules are those of the normalisation table in `docs/pipeline.md`: NFC first; `ủy` and `uỷ` are one
syllable to a search and two spellings to a reader, so keys are compared and text is shown untouched.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# The five tone marks as NFD writes them; a syllable without one has the level tone (ngang), 0.
_TONES = {"\u0300": "1", "\u0301": "2", "\u0303": "3", "\u0309": "4", "\u0323": "5"}

_STRAY = str.maketrans(
    {
        # Spaces that are not the space bar's, so that "TUV,<NBSP> Bí thư" is words again.
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " "),
        # Zero-width characters and the soft hyphen: they show nothing and split words.
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
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
    return unicodedata.normalize("NFC", text).translate(_STRAY)


@lru_cache(maxsize=1 << 16)
def tone_key(syllable: str) -> str:
    """Return the spelling key: lower case, the tone taken out and put last as a digit.

    >>> tone_key("Ủy") == tone_key("uỷ") == "uy4"
    True
    >>> tone_key("ban")
    'ban'
    """
    tone = ""
    letters = []
    for char in unicodedata.normalize("NFD", syllable.lower()):
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
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    # NFD does not split đ (U+0111): the bar is part of the letter.
    return bare.replace("đ", "d")


def has_marks(text: str) -> bool:
    """Tell whether any letter carries a diacritic, so that the writer has chosen a spelling."""
    return fold(text) != text.lower()
