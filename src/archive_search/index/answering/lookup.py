"""Which terms of the index stand for a word, its beginning or two neighbours of a query.

All spellings of a word stand together in the index (see `schema`), so what to look up is a prefix, and
which of the spellings behind it count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archive_search.index.language.tree import Prefix, Word
from archive_search.index.storage.schema import PAIRS, pair_prefix, pair_suffix, word_prefix, word_suffix

MAX_EXPANSIONS = 4096
"""Terms that one prefix stands for, the first in order of the alphabet.

No two letters begin more than a thousand syllables in all spellings; digits begin more than this in a large
archive (`20*`).
"""


class Terms(NamedTuple):
    """What to look up: the terms with a prefix, if `keep` accepts what follows; `name` tells them apart.

    A `limit` takes only so many, the first in order.
    """

    fieldname: str
    prefix: bytes
    keep: Callable[[bytes], bool]
    name: tuple[str, ...]
    limit: int | None = None


def _any(_: bytes) -> bool:
    return True


def word_terms(fieldname: str, word: Word, *, exact: bool) -> Terms:
    """Return what to look up for a word."""
    prefix = word_prefix(word.folded)
    if not exact:
        return Terms(fieldname, prefix, _any, (fieldname, word.folded))
    suffix = word_suffix(word.folded, word.key)
    return Terms(fieldname, prefix, suffix.__eq__, (fieldname, word.folded, word.key))


def prefix_terms(fieldname: str, prefix: Prefix) -> Terms:
    """Return what to look up for all words that begin so."""

    def keep(suffix: bytes) -> bool:
        rest, _, key = suffix.decode().partition("\t")
        folded = prefix.folded + rest
        # The title's words and pairs stand in one field; only pairs have a space.
        return " " not in rest and prefix.begins(folded, key or folded)

    name = (fieldname, prefix.folded, prefix.key if prefix.marked else "", "*")
    return Terms(fieldname, prefix.folded.encode(), keep, name, MAX_EXPANSIONS)


def place_terms(word: Word) -> Terms:
    """Return the pairs that begin with a word: where they stand, it stands."""
    prefix = pair_prefix(word.folded, "").rstrip(b"\t")
    plain = word.key == word.folded
    wanted = word.key.encode()

    def keep(suffix: bytes) -> bool:
        keys = suffix.partition(b"\t")[2]
        return keys.split(b" ")[0] == wanted if keys else plain

    return Terms(PAIRS, prefix, keep if word.marked else _any, (PAIRS, word.folded, word.key, "place"))


def prefix_place_terms(prefix: Prefix) -> Terms:
    """Return the pairs whose first word begins so: where they stand, a word that begins so stands."""

    def keep(suffix: bytes) -> bool:
        rest, _, keys = suffix.decode().partition("\t")
        folded = prefix.folded + rest.partition(" ")[0]
        return prefix.begins(folded, keys.partition(" ")[0] or folded)

    name = (PAIRS, prefix.folded, prefix.key if prefix.marked else "", "*", "place")
    return Terms(PAIRS, prefix.folded.encode(), keep if prefix.marked else _any, name)


def pair_terms(fieldname: str, first: Word, second: Word, *, exact: bool) -> Terms:
    """Return what to look up for two neighbours; `exact` takes words without marks as typed, too."""
    prefix = pair_prefix(first.folded, second.folded)
    fixed = tuple(word.key if exact or word.marked else "" for word in (first, second))
    name = (fieldname, first.folded, second.folded, *fixed)
    if all(fixed):
        suffix = pair_suffix((first.folded, first.key), (second.folded, second.key))
        return Terms(fieldname, prefix, suffix.__eq__, name)
    if not any(fixed):
        return Terms(fieldname, prefix, _any, name)
    plain = f"{first.folded} {second.folded}".encode()
    wanted = [key.encode() for key in fixed]

    def keep(suffix: bytes) -> bool:
        keys = (suffix or plain).split(b" ")
        return all(not want or want == key for want, key in zip(wanted, keys, strict=True))

    return Terms(fieldname, prefix, keep, name)
