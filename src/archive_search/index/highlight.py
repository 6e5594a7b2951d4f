"""The passage of a hit that answers best, with the words that were found marked.

Offsets are those of the original text, which is shown untouched; only comparison uses keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from archive_search.index.schema import Page
from archive_search.index.tree import Node, Word, words_of
from archive_search.records import Snippet
from archive_search.vietnamese.spelling import fold_aligned, tone_key
from archive_search.vietnamese.tokens import Token, tokenize

SNIPPET_CHARS = 240
"""About three lines of a result page."""

_ELLIPSIS = "…"
_OTHER_SPELLING = 0.3
"""What a word counts towards the choice of a passage if it is not spelt there as it was typed."""


class _Mark(NamedTuple):
    start: int
    end: int
    name: str
    weight: float


class Highlighter:
    """Makes the snippets of one query; `weight` says how much a word tells (its idf)."""

    def __init__(self, node: Node, weight: Callable[[Word], float]) -> None:
        words = tuple(dict.fromkeys(words_of(node)))
        self._weights = {word: weight(word) for word in words}
        self._by_fold: dict[str, list[Word]] = {}
        for word in words:
            self._by_fold.setdefault(word.folded, []).append(word)
        units = {unit.folded for word in words for unit in word.units}
        ordered = sorted(units, key=len, reverse=True)
        self._units = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, ordered))})(?![^\W_])")

    def snippet(self, page: Page) -> Snippet:
        """Return the best passage of the page; of one that holds no word, its beginning."""
        texts = [("lead", page.lead or ""), *((block, text) for block, text in page.blocks)]
        texts = [(block, text) for block, text in texts if text] or [("title", page.title)]
        if not self._weights:
            return Snippet(pieces=_pieces(texts[0][1], (), 0), block=texts[0][0])
        best, score = max(((text, self._promise(text[1])) for text in texts), key=lambda pair: pair[1])
        if not score and self._promise(page.title):
            best = ("title", page.title)
        block, text = best
        marks = tuple(self._marks(text))
        return Snippet(pieces=_pieces(text, marks, _window(marks)), block=block)

    def _promise(self, text: str) -> float:
        """Return how much of the query a text seems to hold, without cutting it into tokens."""
        found: dict[str, float] = {}
        for match in self._units.finditer(fold_aligned(text)):
            unit = match[0]
            for word in self._by_fold.get(unit, ()):
                weight = self._seen(word, text[match.start() : match.end()])
                found[unit] = max(found.get(unit, 0.0), weight)
            found.setdefault(unit, 0.1)
        return sum(found.values())

    def _seen(self, word: Word, text: str) -> float:
        """Return what a word that is spelt `text` counts: nothing if it is not what was asked."""
        if tone_key(text) == word.key:
            return self._weights[word]
        return 0.0 if word.marked else self._weights[word] * _OTHER_SPELLING

    def _marks(self, text: str) -> Iterator[_Mark]:
        for token in tokenize(text):
            whole = next(self._matching(token), None) if token.parts else None
            for found in (token,) if whole else token.units:
                for word in self._matching(found):
                    exact = found.key == word.key
                    weight = self._weights[word] * (1.0 if exact else _OTHER_SPELLING)
                    yield _Mark(found.start, found.end, word.folded, weight)
                    break

    def _matching(self, token: Token) -> Iterator[Word]:
        for form in (token.folded, *token.wider):
            for word in self._by_fold.get(form, ()):
                if not word.marked or token.key == word.key:
                    yield word


def _window(marks: Sequence[_Mark]) -> int:
    """Return where the passage that holds most of the query begins."""
    best, best_start = 0.0, 0
    for first, mark in enumerate(marks):
        inside: dict[str, float] = {}
        for other in marks[first:]:
            if other.end - mark.start > SNIPPET_CHARS * 4 // 5:
                break
            inside[other.name] = max(inside.get(other.name, 0.0), other.weight)
        held = sum(inside.values())
        if held > best:
            best, best_start = held, mark.start
    return best_start


def _pieces(text: str, marks: Sequence[_Mark], start: int) -> tuple[tuple[str, bool], ...]:
    """Return the passage around `start`, cut between words, as pieces that are matched or not."""
    begin, end = _cut(text, start)
    pieces: list[tuple[str, bool]] = []
    if begin:
        pieces.append((_ELLIPSIS, False))
    at = begin
    for mark_start, mark_end in _runs(text, marks):
        if mark_start < begin or mark_end > end:
            continue
        pieces += [(text[at:mark_start], False), (text[mark_start:mark_end], True)]
        at = mark_end
    pieces.append((text[at:end], False))
    if end < len(text):
        pieces.append((_ELLIPSIS, False))
    return tuple(piece for piece in pieces if piece[0])


def _cut(text: str, start: int) -> tuple[int, int]:
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
