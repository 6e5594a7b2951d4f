"""Did you mean: what the writer of a query may have meant, from the archive's own words.

This is a noisy channel: of all that the words may have been meant as, that row is taken which is likeliest
both to be written in the archive, by its words and neighbours, and to be mistyped so, by the costs of
`slips`. What was typed is in the race itself and costs nothing; a word that no article holds together with
those around it is not offered.

Only plain words change. Operators, fields, dates, numbers, symbols, stars, words behind a minus and words in
capitals stay as typed, and no words are neighbours across them. A word without marks is every spelling of
its letters already, so it is read as a slip only if the archive has none of them, and as raw keys.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise, starmap

from archive_search.index.language.reading import MAX_CHARS, MAX_WORDS
from archive_search.index.language.tree import Word
from archive_search.index.offering.vocabulary import Vocabulary
from archive_search.records import Correction
from archive_search.vietnamese.slips import KNOWN_MISTAKEN, MISTAKE, RAW_KEYS, folded_slips, mark_cost
from archive_search.vietnamese.spelling import (
    fold,
    has_marks,
    normalise,
    other_i,
    spelt,
    telex_key,
    tone_key,
    unglued,
    vni_key,
)

__all__ = ["correct"]

SOUND = 3
SOUND_SHARE = 0.001
"""Articles, and their share of all, that must hold a word beside its neighbours for it to be beyond doubt.

Slips of the archive's own writers are held by a share of its articles, however many these are.
"""

MAX_DOUBTFUL = 16
"""Words beyond these are not doubted, so that the longest query costs no more than a few short ones."""

_WEIGHED = 24
"""What a word may mean that is weighed beside its neighbours as they were typed, the likeliest by itself."""

_FINALISTS = 5
"""What of it is weighed beside all that the neighbours may mean."""

_SMOOTHING = 20.0
"""How many articles must hold a word for what stands beside it there to count as much as its frequency."""

_AROUND = 4
"""How many words on either side one article must hold together with a word for it to be offered."""

_DISCOUNT = 0.75
"""What is taken off every number of articles: archives hold slips too, each of them rarely."""

_UNSEEN = 0.1
"""What a word counts, in articles, that no article holds."""

_LONGEST = 24
"""Letters of a word that may be mistyped; a longer one is none."""

_CHUNK = re.compile(r'[^\s()"“”„«»,;!?…]+')
_PIECE = re.compile("[^-‐‑–]+")
# Letters; between them, the brackets that are letters on the Telex keyboard.
_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\[\]](?=[\w\[\]]))*")
_VNI_TYPED = re.compile(r"[a-z]+[1-9][a-z1-9]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Typed:
    """A word as it was typed, and where."""

    text: str
    start: int
    word: Word


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a typed word may mean, and what the slip costs; what was typed costs nothing."""

    word: Word
    cost: float = 0.0


def correct(text: str, vocabulary: Vocabulary) -> Correction | None:
    """Return what the writer of a query may have meant, or None if nothing likelier is known."""
    typed = normalise(text).strip()
    changes = [
        (word, meant)
        for row in _rows(typed[:MAX_CHARS])
        for word, meant in zip(row, _Row(row, vocabulary).meant(), strict=True)
        if meant != word.text
    ]
    if not changes:
        return None
    corrected = typed
    for word, meant in reversed(changes):
        corrected = corrected[: word.start] + meant + corrected[word.start + len(word.text) :]
    return Correction(text=corrected, changes=tuple((word.text, meant) for word, meant in changes))


def _rows(typed: str) -> Iterator[list[_Typed]]:
    """Yield the plain words of a query, those together that stand beside one another."""
    row: list[_Typed] = []
    left = MAX_WORDS
    for chunk in _CHUNK.finditer(typed):
        words = _words(chunk[0].rstrip("."), chunk.start())[:left]
        left -= max(1, len(words))
        row += words
        if row and (not words or not left):
            yield row
            row = []
        if left <= 0:
            return
    if row:
        yield row


def _words(chunk: str, start: int) -> list[_Typed]:
    """Return the words of what stands between two spaces, none if it is anything else."""
    pieces = list(_PIECE.finditer(chunk))
    if not chunk[:1].isalpha() or not all(_is_plain_word(piece[0]) for piece in pieces):
        return []
    return [_Typed(piece[0], start + piece.start(), _word(piece[0])) for piece in pieces]


def _word(text: str) -> Word:
    return Word(tone_key(text), fold(text), has_marks(text))


def _is_plain_word(piece: str) -> bool:
    if len(piece) > _LONGEST or (len(piece) > 1 and piece == piece.upper()):
        return False
    return bool(_LETTERS.fullmatch(piece) or _VNI_TYPED.fullmatch(piece))


class _Row:
    """Words that stand beside one another, weighed together."""

    def __init__(self, typed: list[_Typed], vocabulary: Vocabulary) -> None:
        self._typed = typed
        self._vocabulary = vocabulary
        self._sound = max(SOUND, SOUND_SHARE * vocabulary.articles)
        self._words = [self._as_archived(word.word) for word in typed]

    def meant(self) -> list[str]:
        """Return what each word is likeliest meant as; as typed where it is beyond doubt."""
        doubtful = [at for at in range(len(self._words)) if self._is_doubtful(at)][:MAX_DOUBTFUL]
        columns = [[_Meaning(word)] for word in self._words]
        for at in doubtful:
            columns[at] += self._finalists(at)
        likeliest = self._likeliest(columns) if doubtful else [column[0] for column in columns]
        return [
            _spelt_as(typed.text, meaning.word)
            if meaning.cost and self._is_held(likeliest, at)
            else typed.text
            for at, (typed, meaning) in enumerate(zip(self._typed, likeliest, strict=True))
        ]

    def _is_held(self, meanings: list[_Meaning], at: int) -> bool:
        """Tell whether an article holds a word together with those around it; raw keys tell by themselves."""
        around = meanings[max(0, at - _AROUND) : at + _AROUND + 1]
        return meanings[at].cost == RAW_KEYS or self._vocabulary.stand_together(m.word for m in around)

    def _as_archived(self, word: Word) -> Word:
        """Return the word with i for y, or y for i, where it is found that way too and more often."""
        key = other_i(word.key)
        if key == word.key:
            return word
        other = Word(key, fold(key.rstrip("12345")), word.marked)
        return max(word, other, key=self._vocabulary.count)

    def _is_doubtful(self, at: int) -> bool:
        words = self._words
        glued = list(map(_word, unglued(self._typed[at].text)))
        if len(glued) > 1 and all(self._vocabulary.pair_count(*pair) for pair in pairwise(glued)):
            return False
        if self._vocabulary.count(words[at]) < self._sound:
            return True
        pairs = pairwise(words[max(0, at - 1) : at + 2])
        return any(self._vocabulary.pair_count(*pair) < self._sound for pair in pairs)

    def _finalists(self, at: int) -> list[_Meaning]:
        """Return what a word may mean besides, the likeliest among its neighbours as they were typed."""
        weighed = nlargest(_WEIGHED, self._meanings(self._typed[at]), key=self._by_itself)
        before, after = self._words[:at][-1:], self._words[at + 1 :][:1]

        def beside(meaning: _Meaning) -> float:
            row = [*before, meaning.word, *after]
            first = self._by_itself(_Meaning(row[0]))
            return first + sum(starmap(self._follows, pairwise(row))) - meaning.cost

        return nlargest(_FINALISTS, weighed, key=beside)

    def _meanings(self, typed: _Typed) -> Iterator[_Meaning]:
        """Yield what the word may have been meant as by a slip of marks, of keys or of letters."""
        word = typed.word
        count = self._vocabulary.count(word)
        mistake = KNOWN_MISTAKEN if count >= self._sound else MISTAKE
        for key in (telex_key(typed.text), vni_key(typed.text)):
            meant = Word(key, fold(key.rstrip("12345")), marked=True)
            if key != word.key and self._vocabulary.count(meant):
                yield _Meaning(meant, MISTAKE if count else RAW_KEYS)
        if not word.folded.isalpha():
            return
        if word.marked:
            yield from self._slips(word, word.folded, mistake, 0.0)
        if word.marked or not count:
            for folded, cost in folded_slips(word.folded).items():
                yield from self._slips(word, folded, mistake, cost)

    def _slips(self, word: Word, folded: str, mistake: float, cost: float) -> Iterator[_Meaning]:
        """Yield the spellings of the letters; a slip of letters is not taken together with one of marks."""
        spellings = self._vocabulary.spellings(folded)
        if not word.marked and spellings:
            yield _Meaning(Word(folded, folded, marked=False), mistake + cost)
            return
        for key, _ in spellings:
            marks = mark_cost(word.key, key)
            if key != word.key and not (cost and marks):
                yield _Meaning(Word(key, folded, marked=True), mistake + cost + marks)

    def _likeliest(self, columns: list[list[_Meaning]]) -> list[_Meaning]:
        """Return the likeliest row, one meaning of each column (Viterbi)."""
        paths = [(self._by_itself(meaning), [meaning]) for meaning in columns[0]]
        for column in columns[1:]:
            paths = [self._extended(paths, meaning) for meaning in column]
        return max(paths, key=lambda path: path[0])[1]

    def _extended(
        self, paths: list[tuple[float, list[_Meaning]]], meaning: _Meaning
    ) -> tuple[float, list[_Meaning]]:
        scored = [(score + self._follows(path[-1].word, meaning.word), path) for score, path in paths]
        score, path = max(scored, key=lambda scored_path: scored_path[0])
        return score - meaning.cost, [*path, meaning]

    def _by_itself(self, meaning: _Meaning) -> float:
        return math.log(self._share(meaning.word)) - meaning.cost

    def _share(self, word: Word) -> float:
        return max(self._vocabulary.count(word) - _DISCOUNT, _UNSEEN) / max(self._vocabulary.total, 1)

    def _follows(self, first: Word, second: Word) -> float:
        """Return the logarithm of how likely the second word stands behind the first."""
        seen = max(self._vocabulary.pair_count(first, second) - _DISCOUNT, 0)
        expected = _SMOOTHING * self._share(second)
        return math.log((seen + expected) / (self._vocabulary.count(first) + _SMOOTHING))


def _spelt_as(typed: str, word: Word) -> str:
    spelling = spelt(word.key)
    return spelling[0].upper() + spelling[1:] if typed[0].isupper() else spelling
