"""Text as a reader sees it: entities mended, one Unicode form, single spaces."""

from __future__ import annotations

import html
import re

from archive_search.vietnamese.spelling import normalise

__all__ = ["letters_of", "mend", "tidy"]

# Names of HTML entities that are no word in any language an editor writes here: wherever one stands
# before a semicolon, an ampersand was lost ("Hải Phograve;ng", "ldquo;Học tập").
_NEVER_WORDS = (
    *(f"{vowel}{mark}" for vowel in "aeiouyAEIOUY" for mark in ("grave", "acute", "circ", "tilde", "uml")),
    *("ldquo", "rdquo", "lsquo", "rsquo", "sbquo", "bdquo", "laquo", "raquo", "quot"),
    *("ndash", "mdash", "hellip", "middot", "nbsp", "ETH"),
)
# These are words or abbreviations too, and are mended only where they stick to what is before them
# ("TTamp;TT", ";bull;").
_ALSO_WORDS = ("amp", "bull", "lt", "gt", "deg", "times", "sect", "para", "frac12")

# Editors that drop the ampersand leave nothing in its place, or a semicolon ("quận ;ETH;ống ;ETH;a").
_LOST_AMPERSAND = re.compile(rf";?(?:({'|'.join(_NEVER_WORDS)})|(?<=[^\W_]|;)({'|'.join(_ALSO_WORDS)}));")
_ENTITY = re.compile(r"&#?\w{2,31};")

# Numeric references 128-159 mean windows-1252 (HTML standard, 13.2.5.80), which lxml leaves as controls.
_CONTROLS: dict[int, str | None] = {code: None for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n\r"}
for _code in range(0x80, 0xA0):
    _CONTROLS[_code] = bytes([_code]).decode("cp1252", errors="ignore") or None
# Word's Symbol font keeps its bullet in the private use area.
_CONTROLS[0xF0B7] = "•"


def mend(text: str) -> str:
    """Return `text` with entities that an editor escaped twice, or robbed of their ampersand, decoded.

    >>> mend("H&agrave; Nội, Sở TTamp;TT, Hải Phograve;ng, ldquo;Học tậprdquo;")
    'Hà Nội, Sở TT&TT, Hải Phòng, “Học tập”'
    """
    if ";" not in text:
        return text
    # Twice, since `&amp;agrave;` in the text was escaped three times over.
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return _LOST_AMPERSAND.sub(lambda match: html.unescape(f"&{match[1] or match[2]};"), text)


def tidy(text: str) -> str:
    """Return `text` mended, in NFC, without control characters, its white space single spaces."""
    return " ".join(normalise(mend(text).translate(_CONTROLS)).split())


def letters_of(text: str) -> str:
    """Return the letters and digits of `text` in lower case: what is left when layout is set aside."""
    return "".join(char for char in text.lower() if char.isalnum())
