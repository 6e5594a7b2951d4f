"""Which terms of the index stand for a word or for two neighbours of a query.

All spellings of a word stand together in the index (see `schema`), so what to look up is a prefix, and
which of the spellings behind it count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archive_search.index.schema import pair_prefix, pair_suffix, word_prefix, word_suffix
from archive_search.index.tree import Word


class Terms(NamedTuple):
    """What to look up: the terms with a prefix, if `keep` accepts what follows; `name` tells them apart."""

    fieldname: str
    prefix: bytes
    keep: Callable[[bytes], bool]
    name: tuple[str, ...]


def _any(_: bytes) -> bool:
    return True


def word_terms(fieldname: str, word: Word, *, exact: bool) -> Terms:
    """Return what to look up for a word."""
    prefix = word_prefix(word.folded)
    if not exact:
        return Terms(fieldname, prefix, _any, (fieldname, word.folded))
    suffix = word_suffix(word.folded, word.key)
    return Terms(fieldname, prefix, suffix.__eq__, (fieldname, word.folded, word.key))


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
