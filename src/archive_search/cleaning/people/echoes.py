"""Echoes: how people whom the article names are meant again, without an honorific and a full name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archive_search.cleaning.people.candidates import CALLS
from archive_search.cleaning.people.names import Draft, Mention, NameKey, mention_at
from archive_search.vietnamese.phrases import syllable_keys

__all__ = ["aliases", "full_names", "offices", "short_names"]

# "Thành phố" and "TP" in a title mean the same.
_CITY = ("thanh2", "phô1")
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


def full_names(draft: Draft, known: Iterable[NameKey]) -> list[Mention]:
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


def _taken(mentions: Iterable[Mention]) -> set[int]:
    return {index for mention in mentions for index in range(mention.start, mention.end)}


def _is_repeat(draft: Draft, start: int, key: NameKey) -> bool:
    text, end = draft.text, start + len(key)
    if text.key(start, end) != key or not all(piece.text[0].isupper() for piece in text.pieces[start:end]):
        return False
    is_signature = len(text.pieces) <= len(key) + 1 or text.has(start - 1, "(")
    return not (is_signature or draft.is_namesake(start) or draft.is_credit(start))


def short_names(draft: Draft, meant: Mapping[NameKey, NameKey]) -> list[Mention]:
    """Return where an honorific stands before the end of a known name: `đồng chí Thủy`."""
    taken = _taken(draft.mentions)
    found = []
    for candidate in draft.candidates:
        start, end = candidate.start, candidate.end
        full = meant.get(draft.text.key(start, end))
        if full and start not in taken and draft.text.ends(start, *CALLS):
            outer = draft.text.ending[start].start
            found.append(Mention(full, start, end, outer, end, ()))
    return found


def offices(draft: Draft, titles: Mapping[NameKey, Iterable[str]]) -> list[Mention]:
    """Return where an office that just one of the people holds stands for him.

    `titles` are those of the people; whoever is named in the text is not looked for.
    """
    named = {mention.key for mention in draft.mentions}
    covered = {i for m in draft.mentions for i in range(m.outer_start, m.outer_end)}
    found: list[Mention] = []
    for start, end in draft.titles.starting.items():
        holder = None if start in covered else _holder(draft.text.surface(start, end), titles)
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


def _office_key(title: str) -> str:
    keys = " ".join(syllable_keys(title)) + " "
    return keys.replace(" ".join(_CITY) + " ", "tp ")


def _holder(title: str, titles: Mapping[NameKey, Iterable[str]]) -> NameKey | None:
    """Return the one person whose title is, or begins with, `title`."""
    office = _office_key(title)
    if office.count(" ") < _MIN_OFFICE:
        return None
    holders = [key for key, held in titles.items() if any(_office_key(t).startswith(office) for t in held)]
    return holders[0] if len(holders) == 1 else None
