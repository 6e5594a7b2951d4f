"""People of an article: who is named, with which titles, and what each does, with the evidence.

Rules and no statistics, in five steps, each a module: `marked` finds the words of the tables in
`vietnamese/data/`, `candidates` the capitalised syllables that may be names, `titles` the offices,
`names` the people among the candidates, `echoes` the places where these are meant again, and `roles`
what each does. Here mentions are joined into persons.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from archive_search.cleaning.people import echoes
from archive_search.cleaning.people.names import Draft, Mention, NameKey, drafts, with_new_offices
from archive_search.cleaning.people.roles import Deed, deeds
from archive_search.records import ROLES, Article, Person, Role, Statement
from archive_search.vietnamese.phrases import syllable_keys

__all__ = ["find_people"]


def find_people(article: Article) -> tuple[Person, ...]:
    """Return the people of the article, in order of appearance."""
    texts = drafts(article)
    known = dict.fromkeys(mention.key for draft in texts for mention in draft.mentions)
    if not known:
        return ()
    meant = echoes.aliases(known)
    texts = [with_new_offices(echoes.with_names(draft, known, meant)) for draft in texts]
    held = echoes.holders(texts)
    people: dict[NameKey, list[Statement]] = {}
    for draft in texts:
        for key, statement in _statements(draft, echoes.offices(draft, held)):
            people.setdefault(meant.get(key, key), []).append(statement)
    return tuple(_person(key, statements) for key, statements in people.items())


def _statements(draft: Draft, by_office: list[Mention]) -> Iterator[tuple[NameKey, Statement]]:
    """Yield the statements of a text; who is meant by office alone counts once, if he speaks or chairs."""
    everyone = sorted([*draft.mentions, *by_office], key=lambda mention: mention.start)
    seen: set[NameKey] = set()
    for mention, deed in zip(everyone, deeds(draft.text, everyone), strict=True):
        if mention in by_office:
            if deed.role not in (Role.SPOKE, Role.CHAIRED) or mention.key in seen:
                continue
            seen.add(mention.key)
        yield mention.key, _statement(draft, mention, deed)


def _statement(draft: Draft, mention: Mention, deed: Deed) -> Statement:
    return Statement(
        surface=draft.text.surface(mention.start, mention.end),
        titles=mention.titles,
        role=deed.role,
        verb=deed.verb,
        block=draft.text.where,
        start=draft.text.pieces[mention.start].start,
        end=draft.text.pieces[mention.end - 1].end,
    )


def _person(key: NameKey, statements: list[Statement]) -> Person:
    roles = {statement.role for statement in statements}
    return Person(
        name=_name(key, statements),
        titles=_distinct(title for statement in statements for title in statement.titles),
        roles=tuple(role for role in ROLES if role in roles),
        statements=tuple(statements),
    )


def _name(key: NameKey, statements: list[Statement]) -> str:
    """Return the spelling of the full name that the article prints most often."""
    surfaces = Counter(" ".join(statement.surface.split()) for statement in statements)
    return max(surfaces, key=lambda surface: (syllable_keys(surface) == key, surfaces[surface]))


def _distinct(titles: Iterable[str]) -> tuple[str, ...]:
    """Return the titles without those that differ from an earlier one only in spelling or spacing."""
    first: dict[tuple[str, ...], str] = {}
    for title in titles:
        first.setdefault(syllable_keys(title), " ".join(title.split()))
    return tuple(first.values())
