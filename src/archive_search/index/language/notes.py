"""What is told about a query as typed: where it was not read as its writer may have meant it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from archive_search.vietnamese.spelling import normalise

__all__ = ["TEXTS", "Message", "Note", "Notes", "whole"]


class Message(StrEnum):
    """What a note says, in `TEXTS`."""

    OPEN_QUOTE = "open-quote"
    OPEN_BRACKET = "open-bracket"
    STRAY_BRACKET = "stray-bracket"
    LONELY_OPERATOR = "lonely-operator"
    NEAR_WHAT = "near-what"
    NEAR_DISTANCE = "near-distance"
    STAR_IGNORED = "star-ignored"
    UNKNOWN_FIELD = "unknown-field"
    EMPTY_FIELD = "empty-field"
    BAD_DATE = "bad-date"
    READ_AS_DATES = "read-as-dates"
    NO_DAY_BETWEEN = "no-day-between"
    ALL_CAPITALS = "all-capitals"
    TOO_LONG = "too-long"
    TOO_MANY_WORDS = "too-many-words"
    TOO_MANY_STARS = "too-many-stars"
    TOO_MANY_NEARS = "too-many-nears"
    TOO_MANY_SAID = "too-many-said"
    TOO_WIDE = "too-wide"
    TOO_DEEP = "too-deep"


def _(text: str) -> str:
    """Mark a text for translation, which is the work of whoever shows it."""
    return text


TEXTS: Mapping[Message, str] = {
    Message.OPEN_QUOTE: _("The quotation mark is not closed: all that follows is read as one phrase."),
    Message.OPEN_BRACKET: _("The bracket is not closed: it is read up to the end."),
    Message.STRAY_BRACKET: _("This bracket closes nothing and is ignored."),
    Message.LONELY_OPERATOR: _("Words are missing beside this operator: it is ignored."),
    Message.NEAR_WHAT: _("NEAR stands between two words or phrases: here it is read as AND."),
    Message.NEAR_DISTANCE: _("NEAR takes a number from 1 to %(distance)s: the nearest of these is used."),
    Message.STAR_IGNORED: _(
        "A star counts only at the end of a word of %(letters)s letters or more, and not in quotation marks."
    ),
    Message.UNKNOWN_FIELD: _(
        "No field has this name, so it is searched as words. "
        "Fields: title, said, speaker, session, topic, place, document, portal, year."
    ),
    Message.EMPTY_FIELD: _(
        "Write a word or a phrase in quotation marks right behind the colon. Now it is searched as words."
    ),
    Message.BAD_DATE: _("The calendar has no such date, so this is searched as words."),
    Message.READ_AS_DATES: _("Read as dates of publication. In quotation marks it is searched as words."),
    Message.NO_DAY_BETWEEN: _("The first date is after the last one, so no article is from this time."),
    Message.ALL_CAPITALS: _(
        "Where all is in capitals, VÀ, HOẶC and KHÔNG are searched as words. AND, OR and NOT connect."
    ),
    Message.TOO_LONG: _("Only the first %(characters)s characters are read, so this is left out."),
    Message.TOO_MANY_WORDS: _("Only the first %(words)s words are searched: what begins here is left out."),
    Message.TOO_MANY_STARS: _("Only the first %(stars)s stars count: this one is ignored."),
    Message.TOO_MANY_NEARS: _("Only the first %(nears)s NEAR count: this one is read as AND."),
    Message.TOO_MANY_SAID: _("Only the first %(said)s said: count: this one is read as words."),
    Message.TOO_WIDE: _(
        "So many words have other forms, such as abbreviations, that only the words as typed are searched."
    ),
    Message.TOO_DEEP: _("Brackets count %(depth)s deep at most: this one is ignored."),
}


class Note(NamedTuple):
    """One message: where in the typed text (in NFC, spaces around it taken off), and about which piece."""

    at: int
    message: Message
    piece: str


def whole(text: str, message: Message) -> Note:
    """Return a note on all that was typed."""
    return Note(0, message, normalise(text[:_PIECE_CHARS]).strip())


class Notes:
    """Gathers notes: of each message the first, so that they are few whatever is typed."""

    def __init__(self) -> None:
        self._first: dict[Message, Note] = {}

    def add(self, at: int, message: Message, piece: str) -> None:
        """Add a note, unless there is one with this message."""
        self._first.setdefault(message, Note(at, message, piece[:_PIECE_CHARS]))

    def in_order(self) -> tuple[Note, ...]:
        """Return the notes by where they stand in the text."""
        return tuple(sorted(self._first.values()))


_PIECE_CHARS = 40
