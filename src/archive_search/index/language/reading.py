"""From typed text to the tree: the lexemes of the query language, and how they are put together.

The language stands in `query`. Nothing typed raises; what is no syntax is words, and notes say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive_search.index.language.notes import Message, Note, Notes
from archive_search.index.language.periods import DATE, period
from archive_search.index.language.tree import (
    And,
    Everything,
    HasValue,
    InTitle,
    Near,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Published,
    Said,
    Word,
    joined,
    phrase_of,
    quoted,
    word_of,
)
from archive_search.index.storage.schema import TEXT_GAP
from archive_search.vietnamese.spelling import has_marks, normalise
from archive_search.vietnamese.tokens import Kind, Token, tokenize

__all__ = [
    "LIMITS",
    "MAX_CHARS",
    "MAX_COST",
    "MAX_DEPTH",
    "MAX_DISTANCE",
    "MAX_NEARS",
    "MAX_PREFIXES",
    "MAX_SAID",
    "MAX_WORDS",
    "MIN_PREFIX",
    "read",
]

MAX_CHARS = 2000
"""What is typed beyond this is ignored; the longest sentence of the portals we know has 900 characters."""

MAX_WORDS = 48
"""Words, fields and periods beyond this are ignored, so that no query costs more than a second.

A symbol, a date or a number is as many words as it has pieces.
"""

MAX_DEPTH = 8
"""Brackets deeper than this are read as if they were not there."""

MIN_PREFIX = 2
"""A star after fewer letters is ignored: too many words begin so."""

MAX_PREFIXES = 4
"""Stars beyond these are ignored; `ranking` bounds the words that one of them stands for."""

MAX_NEARS = 3
"""NEARs beyond these are read as AND: to find the places of a very common word costs a tenth of a second."""

MAX_SAID = 3
"""`said:` beyond these are read as words, for the same reason."""

MAX_COST = 600
"""Other ways to write the words are searched up to this cost (`tree.cost`).

What is typed alone costs less, whatever it is, by the limits above.
"""

MAX_DISTANCE = TEXT_GAP
"""NEAR looks no farther."""

LIMITS = {
    "characters": MAX_CHARS,
    "words": MAX_WORDS,
    "depth": MAX_DEPTH,
    "letters": MIN_PREFIX,
    "stars": MAX_PREFIXES,
    "nears": MAX_NEARS,
    "said": MAX_SAID,
    "distance": MAX_DISTANCE,
}
"""The limits by the names that the texts of the notes have for them."""

_FIELDS = {
    "title": ("title", "tieude", "tiêuđề"),
    "said": ("said", "phatbieu", "phátbiểu"),
    "speaker": ("speaker", "nguoi", "người"),
    "session": ("session", "kyhop", "kỳhọp"),
    "topic": ("topic", "chude", "chủđề"),
    "place": ("place", "diadanh", "địadanh"),
    "document": ("document", "vanban", "vănbản"),
    "portal": ("portal", "cong", "cổng"),
    "year": ("year", "nam", "năm"),
}
_FIELD_OF = {name: field for field, names in _FIELDS.items() for name in names}

# The Vietnamese ones also stand in titles printed in capitals, which readers paste.
_OPERATORS = {"AND": "AND", "OR": "OR", "NOT": "NOT", "VÀ": "AND", "HOẶC": "OR", "KHÔNG": "NOT"}
_IN_TITLES = ("VÀ", "HOẶC", "KHÔNG")

_QUOTES = '"“”„«»'
_OPERATOR = rf"(?<![^\s(){_QUOTES}]) (?: {'|'.join(_OPERATORS)} | NEAR/[0-9]+ ) (?![^\s(){_QUOTES}])"

# The end of a date: not within a symbol, a longer number or a span of years (`2020/QĐ`, `2020-2025`).
_END = r"(?! [\w/%-] | [.,]\w )"
_PERIOD = rf"""
    (?: (?<!\w) (?i: từ|tu ) \s+ {DATE} {_END} (?: \s+ (?i: đến|den ) \s+ {DATE} {_END} )?
      | (?<!\w) (?i: đến|den ) \s+ {DATE} {_END}
      | (?<!\w) (?i: from: ) {DATE} {_END} (?: \s+ (?i: to: ) {DATE} {_END} )?
      | (?<!\w) (?i: to: ) {DATE} {_END}
      | (?<![\w/.-]) {DATE} \.\. {DATE} {_END} )
"""
_FIELD = rf"(?<!\w) (?i: {'|'.join(_FIELD_OF)} ) : (?= [\w{_QUOTES}] )"

# A minus negates what stands right behind it, but only at the beginning of a word: not in `2017-2021`.
_LEXEME = re.compile(
    rf"""
    (?P<quote> [{_QUOTES}] )
    | (?P<open> \( ) | (?P<close> \) )
    | (?P<minus> (?:(?<=\s)|(?<=\()|^) [-–—−](?=[\w"“„«(]) )
    | (?P<operator> {_OPERATOR} )
    | (?P<period> {_PERIOD} )
    | (?P<field> {_FIELD} )
    | (?P<text> (?: (?! {_OPERATOR} | (?<=\s)[-–—−](?=[\w"“„«(]) | {_PERIOD} | {_FIELD} ) [^(){_QUOTES}] )+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTE = re.compile(f"[{_QUOTES}]")
_VALUE = re.compile(rf"[^\s(){_QUOTES}]*")
_FIELD_LIKE = re.compile(r"(?<!\w)(?P<name>[^\W\d_]{2,12}):(?=(?P<behind>\w)|\s|$)")
_STAR = re.compile(r"(?<!\*)\*")


def read(text: str) -> tuple[Node, tuple[Note, ...]]:
    """Return the tree of what was typed and the notes on it; the empty text and `*` are `Everything`."""
    typed = normalise(text[:MAX_CHARS]).strip()
    if typed in ("", "*"):
        return Everything(), ()
    notes = Notes()
    if text[MAX_CHARS:].strip():
        notes.add(len(typed), Message.TOO_LONG, text[MAX_CHARS:].strip())
    node = _Reader(typed, notes).node()
    return node, notes.in_order()


class _Group:
    """One open bracket: alternatives of conjunctions, and the operators that wait for their operand."""

    def __init__(self, notes: Notes, at: int = 0) -> None:
        self.at = at
        self.negated = False
        self._notes = notes
        self._alternatives: list[list[Node]] = [[]]
        self._waiting: list[tuple[int, str]] = []
        self._near = 0

    def negate(self, at: int, typed: str) -> None:
        """Let the next node be negated."""
        self.negated = True
        self._waiting.append((at, typed))

    def connect(self, at: int, typed: str, *, near: int = 0, other: bool = False) -> None:
        """Let the next node stand near the last one, beside it (AND) or, as the `other`, in its place."""
        if not self._alternatives[-1]:
            self._notes.add(at, Message.LONELY_OPERATOR, typed)
        else:
            self._waiting.append((at, typed))
            self._near = near
        if other:
            self._alternatives.append([])

    def add(self, node: Node | None) -> None:
        """Add what stands here."""
        if node is None:
            return
        nodes = self._alternatives[-1]
        near = _near(nodes[-1], node, self._near) if self._near and not self.negated else None
        if near:
            nodes[-1] = near
        else:
            nodes.append(Not(node) if self.negated else node)
        if self._near and not near:
            at, typed = self._waiting[0]
            self._notes.add(at, Message.NEAR_WHAT, typed)
        self.negated, self._near, self._waiting = False, 0, []

    def closed(self) -> Node | None:
        """Return the group as one node, or None if it is empty."""
        for at, typed in self._waiting:
            self._notes.add(at, Message.LONELY_OPERATOR, typed)
        anded = tuple(joined(And, _by_speaker(nodes)) for nodes in self._alternatives if nodes)
        return joined(Or, anded) if anded else None


class _Reader:
    def __init__(self, typed: str, notes: Notes) -> None:
        self._typed = typed
        self._notes = notes
        self._at = 0
        self._words_left = MAX_WORDS
        self._prefixes_left = MAX_PREFIXES
        self._nears_left = MAX_NEARS
        self._said_left = MAX_SAID
        self._stack = [_Group(notes)]
        self._ignored_brackets = 0
        self._in_capitals = typed == typed.upper()

    def node(self) -> Node:
        """Read all that was typed."""
        while match := _LEXEME.match(self._typed, self._at):
            self._at = match.end()
            if match.lastgroup != "other":
                getattr(self, f"_{match.lastgroup}")(match.start(), match[0])
        while len(self._stack) > 1:
            self._notes.add(self._stack[-1].at, Message.OPEN_BRACKET, "(")
            self._pop()
        return self._stack[0].closed() or Nothing()

    # One method for each kind of lexeme, called with where it begins and what it is

    def _quote(self, at: int, _lexeme: str) -> None:
        self._stack[-1].add(self._phrase(*self._quoted(at)))

    def _open(self, at: int, lexeme: str) -> None:
        if len(self._stack) > MAX_DEPTH:
            self._ignored_brackets += 1
            self._notes.add(at, Message.TOO_DEEP, lexeme)
        else:
            self._stack.append(_Group(self._notes, at))

    def _close(self, at: int, lexeme: str) -> None:
        if self._ignored_brackets:
            self._ignored_brackets -= 1
        elif len(self._stack) > 1:
            self._pop()
        else:
            self._notes.add(at, Message.STRAY_BRACKET, lexeme)

    def _minus(self, at: int, lexeme: str) -> None:
        self._stack[-1].negate(at, lexeme)

    def _operator(self, at: int, lexeme: str) -> None:
        group = self._stack[-1]
        if self._in_capitals and lexeme in _IN_TITLES:
            self._notes.add(at, Message.ALL_CAPITALS, lexeme)
            self._text(at, lexeme)
        elif lexeme.startswith("NEAR/"):
            group.connect(at, lexeme, near=self._distance(at, lexeme))
        elif _OPERATORS[lexeme] == "NOT":
            group.negate(at, lexeme)
        else:
            group.connect(at, lexeme, other=_OPERATORS[lexeme] == "OR")

    def _period(self, at: int, lexeme: str) -> None:
        days = [period(typed) for typed in re.findall(DATE, lexeme, re.VERBOSE)]
        if not all(days):
            self._notes.add(at, Message.BAD_DATE, lexeme)
            self._text(at, lexeme)
        elif self._has_word(at):
            only_last = lexeme[0] in "đĐdD" or lexeme[:2].lower() == "to"
            first = days[0].first if days[0] and not only_last else ""
            last = days[-1].last if days[-1] and (only_last or len(days) > 1) else ""
            if not lexeme[0].isdigit() and ":" not in lexeme:
                self._notes.add(at, Message.READ_AS_DATES, lexeme)
            if last and first > last:
                self._notes.add(at, Message.NO_DAY_BETWEEN, lexeme)
            self._stack[-1].add(Published(first, last))

    def _field(self, at: int, lexeme: str) -> None:
        start, value, in_quotes = self._value()
        field = _FIELD_OF[lexeme[:-1].lower()]
        node: Node | None = None
        if field in ("title", "said"):
            child = self._phrase(start, value) if in_quotes else self._joined_word(start, value)
            node = child and (InTitle(child) if field == "title" else self._said(at, lexeme, child))
        elif value.strip() and self._has_word(start):
            node = HasValue(field, " ".join(value.split()))
        if node is None and self._words_left:
            self._notes.add(at, Message.EMPTY_FIELD, lexeme)
            self._words(at, lexeme)
        self._stack[-1].add(node)

    def _said(self, at: int, lexeme: str, child: Word | Phrase | Prefix) -> Node:
        self._said_left -= 1
        if self._said_left < 0:
            self._notes.add(at, Message.TOO_MANY_SAID, lexeme)
            return child
        return Said(child)

    def _text(self, at: int, lexeme: str) -> None:
        """Read words; what is negated is all that stands before the next space (`-vắc-xin ở`)."""
        if self._stack[-1].negated:
            space = len(lexeme) - len(lexeme.lstrip())
            first = lexeme[space:].partition(" ")[0]
            self._stack[-1].add(self._joined_word(at + space, first))
            at, lexeme = at + space + len(first), lexeme[space + len(first) :]
        self._words(at, lexeme)

    # Words

    def _pop(self) -> None:
        node = self._stack.pop().closed()
        self._stack[-1].add(node)

    def _has_word(self, at: int, pieces: int = 1) -> bool:
        """Take one word, or as many as it has pieces, from those that may still be read, if any are left."""
        if self._words_left < pieces:
            self._words_left = 0
            self._notes.add(at, Message.TOO_MANY_WORDS, self._typed[at:])
            return False
        self._words_left -= pieces
        return True

    def _tokens(self, at: int, text: str) -> Iterator[Token]:
        for token in tokenize(text):
            if not self._has_word(at + token.start, len(token.units)):
                return
            yield token

    def _words(self, at: int, text: str) -> None:
        """Read words that stand by themselves."""
        for match in _FIELD_LIKE.finditer(text):
            self._note_field(at + match.start(), match)
        starred = set()
        for token in self._tokens(at, text):
            prefix = self._prefix(at, text, token)
            if prefix:
                starred.add(token.end)
            self._stack[-1].add(prefix or _word(token))
        self._note_stars(at, text, starred)

    def _note_field(self, at: int, match: re.Match[str]) -> None:
        """Note what looks like a field and is none; after an unknown one, a space shows a colon of prose."""
        name, behind = match["name"].lower(), match["behind"]
        if name in ("from", "to"):
            self._notes.add(at, Message.BAD_DATE, f"{match['name']}:")
        elif name in _FIELD_OF:
            self._notes.add(at, Message.EMPTY_FIELD, f"{match['name']}:")
        elif behind:
            self._notes.add(at, Message.UNKNOWN_FIELD, f"{match['name']}:")

    def _joined_word(self, at: int, text: str) -> Word | Phrase | Prefix | None:
        """Return what is written without a space: a word, a beginning of words, or pieces that follow."""
        tokens = list(self._tokens(at, text))
        prefix = self._prefix(at, text, tokens[0]) if len(tokens) == 1 else None
        self._note_stars(at, text, {tokens[0].end} if prefix else set())
        return prefix or _phrase(list(map(word_of, tokens)))

    def _phrase(self, at: int, text: str) -> Word | Phrase | None:
        """Return what is quoted: its words exactly as they are spelt, but for the letters of symbols."""
        self._note_stars(at, text, set())
        return _phrase([quoted(word_of(token)) for token in self._tokens(at, text)])

    def _prefix(self, at: int, text: str, token: Token) -> Prefix | None:
        """Return the token as a beginning of words, if a star stands at its end that counts."""
        if text[token.end : token.end + 1] != "*" or text[token.end + 1 : token.end + 2].isalnum():
            return None
        if token.kind is not Kind.WORD or len(token.folded) < MIN_PREFIX:
            return None
        if self._prefixes_left <= 0:
            self._notes.add(at + token.end, Message.TOO_MANY_STARS, text[token.start : token.end + 1])
            return None
        self._prefixes_left -= 1
        return Prefix(token.key, token.folded, has_marks(token.text), token.text)

    def _note_stars(self, at: int, text: str, used: set[int]) -> None:
        """Note the stars that are not `used`; where there are too many, that has been noted."""
        for match in _STAR.finditer(text):
            if match.start() not in used and self._prefixes_left:
                begin = text.rfind(" ", 0, match.start()) + 1
                self._notes.add(at + begin, Message.STAR_IGNORED, text[begin:].partition(" ")[0])

    def _quoted(self, at: int) -> tuple[int, str]:
        """Return where the quotation that has been opened begins, and what is quoted.

        It ends at the next mark, or with the text where there is none.
        """
        start = self._at
        end = _QUOTE.search(self._typed, start)
        if end is None:
            self._notes.add(at, Message.OPEN_QUOTE, self._typed[at:])
        self._at = end.end() if end else len(self._typed)
        return start, self._typed[start : end.start() if end else None]

    def _value(self) -> tuple[int, str, bool]:
        """Return where a field's value begins, the value, and whether it is quoted."""
        if _QUOTE.match(self._typed, self._at):
            self._at += 1
            return (*self._quoted(self._at - 1), True)
        match = _VALUE.match(self._typed, self._at)
        start, value = self._at, match[0] if match else ""
        self._at += len(value)
        return start, value, False

    def _distance(self, at: int, lexeme: str) -> int:
        """Return how far a NEAR looks, or 0 if it is one too many."""
        self._nears_left -= 1
        if self._nears_left < 0:
            self._notes.add(at, Message.TOO_MANY_NEARS, lexeme)
            return 0
        # Digits beyond a few say no more than that it is too far, and `int` has a limit of its own.
        asked = int(lexeme[5:14])
        if not 1 <= asked <= MAX_DISTANCE:
            self._notes.add(at, Message.NEAR_DISTANCE, lexeme)
        return min(max(asked, 1), MAX_DISTANCE)


def _word(token: Token) -> Node:
    """Return the token as a word; a number is also found as its parts, since `3,4` may mean 3 and 4."""
    word = word_of(token)
    return Or((word, Phrase(word.parts))) if token.kind is Kind.NUMBER else word


def _phrase(words: list[Word]) -> Word | Phrase | None:
    if len(words) < 2:
        return words[0] if words else None
    return phrase_of(tuple(unit for word in words for unit in word.units))


def _by_speaker(nodes: list[Node]) -> tuple[Node, ...]:
    """Return a conjunction in which all that is said is said by the speaker, if it names just one."""
    speakers = set(_speakers(nodes)) or {name for node in nodes for name in _speakers_within(node)}
    return tuple(_said_by(node, *speakers) for node in nodes) if len(speakers) == 1 else tuple(nodes)


def _speakers(nodes: Iterable[Node]) -> Iterator[str]:
    return (node.value for node in nodes if isinstance(node, HasValue) and node.field == "speaker")


def _speakers_within(node: Node) -> Iterator[str]:
    if isinstance(node, And):
        yield from _speakers(node.children)
        for child in node.children:
            yield from _speakers_within(child)


def _said_by(node: Node, speaker: str) -> Node:
    match node:
        case Said(speaker=None):
            return Said(node.child, speaker)
        case Not():
            return Not(_said_by(node.child, speaker))
        case And() | Or():
            return type(node)(tuple(_said_by(child, speaker) for child in node.children))
        case _:
            return node


def _near(left: Node, right: Node, distance: int) -> Near | None:
    """Return two nodes as near each other, or None if either is no word and no phrase."""
    operands = [_operand(node) for node in (left, right)]
    return Near(operands[0], operands[1], distance) if operands[0] and operands[1] else None


def _operand(node: Node) -> Word | Phrase | None:
    match node:
        case Word():
            return phrase_of(node.units)
        case Phrase():
            return node
        case Or((Word() as number, Phrase(parts))) if number.parts == parts:
            return Phrase(parts)
        case _:
            return None
