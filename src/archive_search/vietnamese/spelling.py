"""How Vietnamese is spelt: one Unicode form, one key per syllable, letters without marks.

The rules are those of the normalisation table in `docs/pipeline.md`: NFC first; `ủy` and `uỷ` are one
syllable to a search and two spellings to a reader, so keys are compared and text is shown untouched.
"""

from __future__ import annotations

import re
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


_TELEX_LETTERS = {"aa": "â", "aw": "ă", "ee": "ê", "oo": "ô", "ow": "ơ", "uw": "ư", "dd": "đ", "w": "ư"}
_TELEX_TONES = {"f": "1", "s": "2", "x": "3", "r": "4", "j": "5"}
_TELEX_TONE = re.compile(r"(?<=[aeiouyâăêôơư])([a-zđ]*?)([fsxrj])([a-z]*)$")


def telex_key(syllable: str) -> str:
    """Return the spelling key that the keys of the Telex keyboard typed raw stand for.

    >>> telex_key("rasc") == telex_key("racs") == tone_key("rác")
    True
    """
    typed = re.sub("aa|a?w|ee|o[ow]|uw|dd", lambda match: _TELEX_LETTERS[match[0]], syllable.lower())
    return _TELEX_TONE.sub(lambda match: match[1] + match[3] + _TELEX_TONES[match[2]], typed)


def has_marks(text: str) -> bool:
    """Tell whether any letter carries a diacritic, so that the writer has chosen a spelling."""
    return fold(text) != text.lower()
