"""Echoes: how people whom the article names are meant again, without an honorific and a full name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from archive_search.cleaning.people.candidates import CALLS
from archive_search.cleaning.people.names import Draft, Mention, NameKey, mention_at
from archive_search.vietnamese.phrases import syllable_keys

__all__ = ["aliases", "holders", "offices", "with_names"]

_CITY = re.compile("thành phố", re.IGNORECASE)
# Fewer syllables ("Chủ tịch") are held by too many people.
_MIN_OFFICE = 3


def aliases(known: Iterable[NameKey]) -> dict[NameKey, NameKey]:
    """Return which short names stand for which full one: the ends of names that just one person has."""
    keys = list(known)
    meant: dict[NameKey, set[NameKey]] = {}
    for key in keys:
        for length in range(1, len(key)):
            meant.setdefault(key[-length:], set()).add(key)
    return {short: full.pop() for short, full in meant.items() if len(full) == 1}


def with_names(draft: Draft, known: Iterable[NameKey], meant: Mapping[NameKey, NameKey]) -> Draft:
    """Return the draft with every place where a known name stands, in full or short."""
    everyone = (*draft.mentions, *_full_names(draft, known))
    return replace(draft, mentions=(*everyone, *_short_names(draft, meant, _taken(everyone))))


def _taken(mentions: Iterable[Mention]) -> set[int]:
    return {index for mention in mentions for index in range(mention.start, mention.end)}


def _full_names(draft: Draft, known: Iterable[NameKey]) -> list[Mention]:
    """Return where a known full name stands without anything that shows a person."""
    by_first: dict[str, list[NameKey]] = {}
    for key in known:
        by_first.setdefault(key[0], []).append(key)
    taken = _taken(draft.mentions)
    found: list[Mention] = []
    for index, piece in enumerate(draft.text.pieces):
        for key in by_first.get(piece.key, ()):
            if index not in taken and _is_repeat(draft, index, key):
                found.append(mention_at(draft, index, index + len(key)))
                taken.update(range(index, index + len(key)))
    return found


def _is_repeat(draft: Draft, start: int, key: NameKey) -> bool:
    text, end = draft.text, start + len(key)
    if text.key(start, end) != key or not all(piece.text[0].isupper() for piece in text.pieces[start:end]):
        return False
    is_signature = len(text.pieces) <= len(key) + 1 or text.has(start - 1, "(")
    return not (is_signature or draft.is_namesake(start) or start in draft.credits)


def _short_names(draft: Draft, meant: Mapping[NameKey, NameKey], taken: set[int]) -> list[Mention]:
    """Return where an honorific stands before the end of a known name: `đồng chí Thủy`."""
    found = []
    for candidate in draft.candidates:
        start, end = candidate.start, candidate.end
        full = meant.get(draft.text.key(start, end))
        if full and start not in taken and draft.text.ends(start, *CALLS):
            found.append(Mention(full, start, end, draft.text.ending[start].start, end, ()))
    return found


def holders(drafts: Iterable[Draft]) -> dict[NameKey, NameKey]:
    """Return which offices just one person holds, by their syllables: whole titles and their beginnings."""
    held: dict[NameKey, set[NameKey]] = {}
    for mention in (mention for draft in drafts for mention in draft.mentions):
        for office in map(_office_key, mention.titles):
            for length in range(_MIN_OFFICE, len(office) + 1):
                held.setdefault(office[:length], set()).add(mention.key)
    return {office: people.pop() for office, people in held.items() if len(people) == 1}


def offices(draft: Draft, held: Mapping[NameKey, NameKey]) -> list[Mention]:
    """Return where one of the offices `held` stands for a person whom the text does not name."""
    named = {mention.key for mention in draft.mentions}
    covered = {i for m in draft.mentions for i in range(m.outer_start, m.outer_end)}
    found: list[Mention] = []
    for start, end in draft.titles.starting.items():
        holder = None if start in covered else held.get(_office_key(draft.text.surface(start, end)))
        if holder is None or holder in named:
            continue
        before = found.pop() if found and _continues(draft, found[-1], holder, start) else None
        first = before.start if before else start
        outer = draft.text.ending[first].start if draft.text.ends(first, *CALLS) else first
        found.append(Mention(holder, first, end, outer, end, ()))
    return found


def _continues(draft: Draft, before: Mention, holder: NameKey, start: int) -> bool:
    """Tell whether the title at `start` is a further one of the same person (`Bí thư, Giám đốc`)."""
    return before.key == holder and before.end == start - 1 and draft.text.has(start - 1, ",")


def _office_key(title: str) -> NameKey:
    """Return the syllables of a title, `TP` and `Thành phố` as one."""
    return syllable_keys(_CITY.sub("TP", title))
