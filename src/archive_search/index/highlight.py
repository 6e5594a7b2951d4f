"""The passage of a hit that answers best, with the words that were found marked.

Offsets are those of the original text, which is shown untouched; only comparison uses keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from archive_search.index.language.tree import (
    And,
    Near,
    Node,
    Or,
    Phrase,
    Prefix,
    Word,
    leaves,
    said_in,
    words_of,
)
from archive_search.index.storage.schema import Page
from archive_search.records import Snippet
from archive_search.vietnamese.spelling import fold, fold_aligned, tone_key
from archive_search.vietnamese.tokens import Token, tokenize

SNIPPET_CHARS = 240
"""About three lines of a result page."""

_ELLIPSIS = "…"

_OTHER_SPELLING = 0.3
"""What a word counts towards the choice of a passage if it is not spelt there as it was typed."""

_PART = 0.1
"""What a piece of a symbol, date or number counts: they are read exactly in the chosen block only."""


class _Mark(NamedTuple):
    start: int
    end: int
    name: str
    weight: float


class Highlighter:
    """Makes the snippets of one query; `weight` says how much a word tells (its idf)."""

    def __init__(self, node: Node, weight: Callable[[Word | Prefix], float]) -> None:
        self._node = node
        words = tuple(dict.fromkeys(words_of(node)))
        asked = tuple(leaves(node))
        self._weights = {word: weight(word) for word in words}
        self._prefixes = {leaf: weight(leaf) for leaf in asked if isinstance(leaf, Prefix)}
        self._phrases = {tuple(w.folded for w in leaf.words) for leaf in asked if isinstance(leaf, Phrase)}
        free = {unit.folded for leaf in asked if isinstance(leaf, Word) for unit in (leaf, *leaf.units)}
        self._bound = {name for phrase in self._phrases for name in phrase} - free
        self._said = tuple(said_in(node))
        self._by_fold: dict[str, list[Word]] = {}
        for word in words:
            self._by_fold.setdefault(word.folded, []).append(word)
        # What a token may be written as has other letters only where it has digits (`2.034`, `2034`).
        letters = [*(word.folded for word in words), *(prefix.folded for prefix in self._prefixes)]
        self._needs_tokens = any(char.isdigit() for char in "".join(letters))
        self._parts = {unit.folded for word in words for unit in word.units}
        units = sorted(self._parts, key=len, reverse=True)
        patterns = [*map(re.escape, units), *(rf"{re.escape(p.folded)}[^\W_]*" for p in self._prefixes)]
        self._units = re.compile(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])")

    def snippet(self, page: Page) -> Snippet:
        """Return the best passage of the page; of one that holds no word, its beginning.

        It is one of a file only if the article itself does not answer, and the file holds what it lacks.
        """
        texts = [("lead", page.lead or ""), *((block, text) for block, text in page.blocks)]
        texts = [(block, text) for block, text in texts if text] or [("title", page.title)]
        if not self._weights and not self._prefixes:
            return _snippet(page, texts[0][0], _pieces(texts[0][1], (), 0))
        marks = self._marks_by_text([text for _, text in texts])
        said = [
            self._is_said(page.spoken.get(block, ()), found)
            for (block, _), found in zip(texts, marks, strict=True)
        ]
        if page.attached and (inside := self._in_files(page, marks)):
            return inside
        best = max(range(len(texts)), key=lambda number: (said[number], _held(marks[number])))
        (block, text), found = texts[best], marks[best]
        if not found and (in_title := self._standing(page.title, self._unit_marks(page.title))):
            block, text, found = "title", page.title, in_title
        if self._needs_tokens:
            found = self._standing(text, list(self._token_marks(text)))
        elif not found:
            block, text, found = self._first_with_form(texts) or (block, text, found)
        return _snippet(page, block, _pieces(text, found, _window(found)))

    def _in_files(self, page: Page, marks: Iterable[Sequence[_Mark]]) -> Snippet | None:
        """Return the passage of a file that holds most of what the article lacks, if that is anything."""
        in_title = self._standing(page.title, self._unit_marks(page.title))
        own = {mark.name for found in (*marks, in_title) for mark in found}
        if _holds(self._node, own):
            return None
        most, best = 0.0, None
        for name, blocks in page.attached:
            found = self._marks_by_text([text for _, text in blocks])
            for (block, text), inside in zip(blocks, found, strict=True):
                held = _held(mark for mark in inside if mark.name not in own)
                if held > most:
                    most, best = held, (name, block, text, inside)
        if best is None:
            return None
        name, block, text, inside = best
        if self._needs_tokens:
            inside = self._standing(text, list(self._token_marks(text)))
        return Snippet(pieces=_pieces(text, inside, _window(inside)), block=block, attachment=name)

    def _is_said(self, speakers: Sequence[str], marks: Iterable[_Mark]) -> bool:
        """Tell whether a text in which these people speak holds what was asked to be said."""
        found = {mark.name for mark in marks}
        return any(
            _speaks(speakers, said.speaker)
            and (isinstance(said.child, Prefix) or found.issuperset(w.folded for w in words_of(said.child)))
            for said in self._said
        )

    def _first_with_form(self, texts: Sequence[tuple[str, str]]) -> tuple[str, str, list[_Mark]] | None:
        """Return the first text that holds what was asked in another form only (`HĐND` in `HĐ-ND`)."""
        marked = ((block, text, list(self._token_marks(text))) for block, text in texts)
        return next((found for found in marked if found[2]), None)

    def _marks_by_text(self, texts: Sequence[str]) -> list[list[_Mark]]:
        """Return what is found in each of the texts; one search through all costs least."""
        by_text: list[list[_Mark]] = [[] for _ in texts]
        number = begin = 0
        for mark in self._unit_marks("\n".join(texts)):
            while mark.start >= begin + len(texts[number]):
                begin += len(texts[number]) + 1
                number += 1
            by_text[number].append(mark._replace(start=mark.start - begin, end=mark.end - begin))
        return [self._standing(text, marks) for text, marks in zip(texts, by_text, strict=True)]

    def _standing(self, text: str, marks: list[_Mark]) -> list[_Mark]:
        """Return the marks without words that were asked in a phrase only, where that does not stand."""
        kept = {number for number, mark in enumerate(marks) if not self._is_bound(mark)}
        if len(kept) == len(marks):
            return marks
        for phrase in self._phrases:
            for first in range(len(marks) - len(phrase) + 1):
                run = marks[first : first + len(phrase)]
                if tuple(mark.name for mark in run) == phrase and _is_run(text, run):
                    kept.update(range(first, first + len(phrase)))
        return [marks[number] for number in sorted(kept)]

    def _is_bound(self, mark: _Mark) -> bool:
        begun = any(mark.name.startswith(prefix.folded) for prefix in self._prefixes)
        return mark.name in self._bound and not begun

    def _unit_marks(self, text: str) -> list[_Mark]:
        """Return what single words are found in a text, by its letters alone."""
        found = []
        for match in self._units.finditer(fold_aligned(text)):
            start, end = match.span()
            weight = self._worth(match[0], tone_key(text[start:end]))
            if weight:
                found.append(_Mark(start, end, match[0], weight))
        return found

    def _worth(self, folded: str, key: str) -> float:
        """Return what a word that is spelt so counts: nothing if it is not what was asked."""
        worths = [weight for prefix, weight in self._prefixes.items() if prefix.begins(folded, key)]
        for word in self._by_fold.get(folded, ()):
            if word.key == key:
                worths.append(self._weights[word])
            elif not word.marked:
                worths.append(self._weights[word] * _OTHER_SPELLING)
        return max(worths, default=_PART if self._is_part(folded) else 0)

    def _is_part(self, folded: str) -> bool:
        return folded not in self._by_fold and folded in self._parts

    def _token_marks(self, text: str) -> Iterator[_Mark]:
        """Yield what is found in a text: symbols, dates and numbers as a whole, else their parts."""
        for token in tokenize(text):
            whole = self._token_weight(token) if token.parts else 0
            for found in (token,) if whole else token.units:
                weight = self._token_weight(found)
                if weight:
                    yield _Mark(found.start, found.end, found.folded, weight)

    def _token_weight(self, token: Token) -> float:
        forms = [(token.folded, token.key), *((fold(form), tone_key(form)) for form in token.wider)]
        return max(0 if self._is_part(form[0]) else self._worth(*form) for form in forms)


def _holds(node: Node, names: set[str]) -> bool:
    """Tell whether an article with these words answers, as far as words tell."""
    match node:
        case Word():
            return node.folded in names or all(unit.folded in names for unit in node.units)
        case Phrase():
            return all(word.folded in names for word in node.words)
        case Prefix():
            return any(name.startswith(node.folded) for name in names)
        case Near():
            return _holds(node.left, names) and _holds(node.right, names)
        case And():
            return all(_holds(child, names) for child in node.children)
        case Or():
            return any(_holds(child, names) for child in node.children)
        case _:
            return True


def _is_run(text: str, marks: Sequence[_Mark]) -> bool:
    """Tell whether no word stands between the marks."""
    return not any(char.isalnum() for one, two in pairwise(marks) for char in text[one.end : two.start])


def _speaks(speakers: Sequence[str], wanted: str | None) -> bool:
    """Tell whether the person who is wanted, or anyone, is among the speakers."""
    return any(wanted is None or fold(name) == fold(wanted) for name in speakers)


def _snippet(page: Page, block: str, pieces: tuple[tuple[str, bool], ...]) -> Snippet:
    return Snippet(pieces=pieces, block=block, speakers=tuple(page.spoken.get(block, ())))


def _held(marks: Iterable[_Mark]) -> float:
    """Return how much of the query stands in a text."""
    best: dict[str, float] = {}
    for mark in marks:
        best[mark.name] = max(best.get(mark.name, 0.0), mark.weight)
    return sum(best.values())


def _window(marks: Sequence[_Mark]) -> int:
    """Return where the passage that holds most of the query begins."""
    best, best_start = 0.0, 0
    for first, mark in enumerate(marks):
        last = mark.start + SNIPPET_CHARS * 4 // 5
        held = _held(other for other in marks[first : first + SNIPPET_CHARS // 4] if other.end <= last)
        if held > best:
            best, best_start = held, mark.start
    return best_start


def _pieces(text: str, marks: Iterable[_Mark], start: int) -> tuple[tuple[str, bool], ...]:
    """Return the passage around `start`, cut between words, as pieces that are matched or not."""
    begin, end = _cut(text, start)
    pieces = [(_ELLIPSIS, False)] if begin else []
    at = begin
    for mark_start, mark_end in _runs(text, marks):
        if begin <= mark_start and mark_end <= end:
            pieces += [(text[at:mark_start], False), (text[mark_start:mark_end], True)]
            at = mark_end
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append((_ELLIPSIS, False))
    return tuple(piece for piece in pieces if piece[0])


def _cut(text: str, start: int) -> tuple[int, int]:
    """Return where the passage around `start` begins and ends; a little over the length is all right."""
    if len(text) <= SNIPPET_CHARS + 20:
        return 0, len(text)
    begin = max(0, min(start - SNIPPET_CHARS // 6, len(text) - SNIPPET_CHARS))
    if begin:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    end = min(len(text), begin + SNIPPET_CHARS)
    if end < len(text):
        space = text.rfind(" ", begin + SNIPPET_CHARS // 2, end)
        end = space if space >= 0 else end
    return begin, end


def _runs(text: str, marks: Iterable[_Mark]) -> Iterator[tuple[int, int]]:
    """Yield the marked stretches; words with only a space or a hyphen between them make one."""
    run: tuple[int, int] | None = None
    for mark in marks:
        if run and text[run[1] : mark.start] in (" ", "-"):
            run = (run[0], mark.end)
            continue
        if run:
            yield run
        run = (mark.start, mark.end)
    if run:
        yield run
