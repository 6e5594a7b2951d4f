"""Names: which candidates are people, with the titles printed beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from archive_search.cleaning.people.candidates import (
    CALLS,
    Candidate,
    behind_call,
    find_candidates,
    is_called,
)
from archive_search.cleaning.people.marked import JOINERS, MarkedText, is_name_syllable, mark_text
from archive_search.cleaning.people.titles import Span, Titles, find_titles
from archive_search.records import Article, BlockKind

__all__ = ["Draft", "Mention", "NameKey", "drafts", "mention_at", "with_new_offices"]

NameKey = tuple[str, ...]

# `đường Lê Lợi`, `xã Tô Hiệu`: what stands directly behind such a word is called after a person.
_NAMESAKES = ("namesake", "place")


@dataclass(frozen=True, slots=True)
class Mention:
    """A person named in a text; positions are indexes of pieces.

    `outer_start` and `outer_end` take in honorific and titles; `key` tells which person it is. `heading`
    is the title that a list is put under: `Các Phó Giám đốc: A, B`.
    """

    key: NameKey
    start: int
    end: int
    outer_start: int
    outer_end: int
    titles: tuple[str, ...]
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A text of an article with what was found in it.

    `credits` are the pieces that name the makers of pictures and texts.
    """

    text: MarkedText
    candidates: list[Candidate]
    titles: Titles
    credits: frozenset[int]
    mentions: tuple[Mention, ...] = ()

    def is_namesake(self, start: int) -> bool:
        """Tell whether what stands at `start` is called after a person."""
        return self.text.ends(start, *_NAMESAKES)


def drafts(article: Article) -> list[Draft]:
    """Return title, lead and blocks of the article with the people that something shows to be people."""
    return [_draft(text) for text in _texts(article)]


def _texts(article: Article) -> Iterator[MarkedText]:
    yield mark_text("title", article.title)
    if article.lead:
        yield mark_text("lead", article.lead)
    for block in article.blocks:
        yield mark_text(block.id, block.text, is_table=block.kind is BlockKind.TABLE)


def _draft(text: MarkedText) -> Draft:
    candidates = find_candidates(text)
    names = {candidate.name for candidate in candidates if candidate.name is not None}
    draft = Draft(text, candidates, find_titles(text, names), _credits(text))
    found: list[Mention] = []
    for candidate in candidates:
        if candidate.name is not None:
            previous = found[-1] if found else None
            mention = mention_at(draft, candidate.name, candidate.end, previous.outer_end if previous else 0)
            if _is_person(draft, mention, previous):
                found.append(mention)
    return replace(draft, mentions=tuple(_with_shared_titles(text, found)))


def _credits(text: MarkedText) -> frozenset[int]:
    """Return the pieces that name makers: behind `Ảnh:` up to the bracket's or the clause's end."""
    found: set[int] = set()
    for mark in text.marks.values():
        is_credit = "credit" in mark.kinds and (text.has(mark.end, ":") or _is_bare_credit(text, mark.end))
        index = mark.end
        while is_credit and index < len(text.pieces) and not text.has(index, ")", ".", ";"):
            is_credit = index not in found
            found.add(index)
            index += 1
    return frozenset(found)


def _is_bare_credit(text: MarkedText, index: int) -> bool:
    """Tell whether a name stands directly behind `Ảnh`, at the end of the text or of a bracket."""
    end = index
    while end < len(text.pieces) and is_name_syllable(text.pieces[end]):
        end += 1
    return 2 <= end - index <= 4 and (end == len(text.pieces) or text.has(end, ")", "."))


def mention_at(draft: Draft, start: int, end: int, floor: int = 0) -> Mention:
    """Return the mention with its honorific and titles, of which none begins before `floor`."""
    text, titles = draft.text, draft.titles
    spans = titles.before(behind_call(text, start), floor)
    outer = spans[0][0] if spans else behind_call(text, start)
    call = text.ending.get(outer)
    if call and call.start >= floor and not call.kinds.isdisjoint(CALLS):
        outer = call.start
    elif not spans:
        outer = start
    heading = _heading(draft, outer, floor)
    if heading:
        spans.insert(0, heading)
        outer = text.ending[heading[0]].start if text.ends(heading[0], "plural", "honorific") else heading[0]
    after = titles.behind(end)
    return Mention(
        key=text.key(start, end),
        start=start,
        end=end,
        outer_start=outer,
        outer_end=after[-1][1] if after else end,
        titles=tuple(text.surface(*span) for span in spans + after),
        heading=(text.surface(*heading),) if heading and text.has(heading[1], ":") else (),
    )


def _heading(draft: Draft, start: int, floor: int) -> Span | None:
    """Return the title that a name is put under: `các Phó Giám đốc: đồng chí A`, `Trưởng ban là ông A`."""
    text = draft.text
    begin = draft.titles.ending.get(start - 1) if text.has(start - 1, ":", "là") else None
    if begin is None or begin < floor:
        return None
    heads_list = text.ends(begin, "plural", "honorific") or not text.is_word(begin - 1)
    return (begin, start - 1) if heads_list or text.has(start - 1, "là") else None


def _is_person(draft: Draft, mention: Mention, previous: Mention | None) -> bool:
    """Tell whether something beside the name shows that it is a person's."""
    if is_called(draft.text, mention.start):
        return not _is_signature(draft.text, mention)
    if draft.is_namesake(mention.start) and not mention.titles:
        return False
    if mention.start in draft.credits:
        return mention.outer_start < mention.start
    if _is_company(draft, mention):
        return False
    if mention.titles or (previous and _is_listed(draft.text, previous, mention)):
        return True
    is_long = mention.end - mention.start >= 3
    has_life = draft.text.begins(mention.end + draft.text.has(mention.end, ",", "("), "life")
    return is_long and (has_life or _speaks(draft.text, mention) or _is_cell(draft.text, mention))


def _is_company(draft: Draft, mention: Mention) -> bool:
    """Tell whether two syllables end a title that names a company: `Giám đốc Công ty Sách Thái Hà`."""
    start = draft.titles.ending.get(mention.start)
    is_short = mention.end - mention.start == 2 and mention.outer_end == mention.end
    return (
        is_short
        and start is not None
        and any(draft.text.begins(index, "namesake") for index in range(start, mention.start))
    )


def _is_signature(text: MarkedText, mention: Mention) -> bool:
    """Tell whether the text is nothing but a label, a colon and the name (`Tác giả: A`)."""
    is_labelled = text.has(mention.start - 1, ":") and text.ends(mention.start - 1, "profession")
    return is_labelled and mention.end + 1 >= len(text.pieces)


def _is_listed(text: MarkedText, previous: Mention, mention: Mention) -> bool:
    """Tell whether only a comma, a semicolon or `và` stands between this name and the one before."""
    between = text.pieces[previous.outer_end : mention.outer_start]
    return 0 < len(between) <= 2 and all(piece.text in JOINERS for piece in between)


def _speaks(text: MarkedText, mention: Mention) -> bool:
    """Tell whether a verb of speech follows a name that begins its clause."""
    index = mention.end
    while text.begins(index, "adverb"):
        index = text.marks[index].end
    mark = text.marks.get(index)
    speaks = mark is not None and mark.verb is not None and mark.verb.role == "spoke" and not mark.verb.noun
    return speaks and not text.is_word(mention.start - 1)


def _is_cell(text: MarkedText, mention: Mention) -> bool:
    """Tell whether the name fills a cell of a table."""
    return text.is_table and (mention.start, mention.end) in text.sentences


def with_new_offices(draft: Draft) -> Draft:
    """Return the draft with the offices that sentences give to people: `A giữ chức Trưởng phòng`."""
    mentions = sorted(draft.mentions, key=lambda mention: mention.start)
    ends = [mention.end for mention in mentions]
    for start, end in draft.titles.starting.items():
        last = bisect_right(ends, start) - 1
        is_given = draft.text.ends(start, "appoints") and end not in draft.titles.names
        if is_given and last >= 0 and draft.text.sentence_end(mentions[last].start) > start:
            titles = (*mentions[last].titles, draft.text.surface(start, end))
            mentions[last] = replace(mentions[last], titles=titles)
    return replace(draft, mentions=tuple(mentions))


def _with_shared_titles(text: MarkedText, mentions: list[Mention]) -> list[Mention]:
    """Return the mentions with the titles that a list has in common.

    `Các Phó Giám đốc: A, B` gives B the title of A, `các đồng chí A và B, đảng viên` gives A that of B.
    """
    shared: list[Mention] = []
    for people in _lists(text, mentions):
        first, last = people[0], people[-1]
        is_plural = text.has(first.outer_start, "các", "hai") and not text.has(first.start - 1, ":")
        if is_plural and not any(person.titles for person in people[:-1]):
            shared.extend(replace(person, titles=last.titles) for person in people)
        else:
            shared.extend(replace(person, titles=person.titles or first.heading) for person in people)
    return shared


def _lists(text: MarkedText, mentions: list[Mention]) -> list[list[Mention]]:
    lists: list[list[Mention]] = []
    for mention in mentions:
        if lists and _is_listed(text, lists[-1][-1], mention):
            lists[-1].append(mention)
        else:
            lists.append([mention])
    return lists
