"""Why a file has no text, in the words that are kept with it."""

from __future__ import annotations

ENCRYPTED = "it is encrypted"
NO_TEXT = "no text in it: a scan?"
NO_LETTERS = "its fonts do not tell which letters they draw"
TOO_SLOW = "reading it takes too long"
TOO_LARGE = "reading it takes too much memory"
BROKEN = "it is broken"
OLD_WORD = "Word 97-2003 files are not read"
RTF = "RTF files are not read"
TABLES = "spreadsheets are not read"
SLIDES = "slides are not read"
OPEN_DOCUMENT = "OpenDocument files are not read"


class Unreadable(Exception):
    """A file of which no text can be read; the message says why."""
