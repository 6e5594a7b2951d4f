"""Roles: what each person of a sentence does, and the verb that shows it.

The people of a list share the verb before the list or behind it. Of several verbs the strongest role
counts: spoke, chaired, attended, then acts, which leave a person merely mentioned.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archive_search.cleaning.people.marked import DASHES, JOINERS, MarkedText
from archive_search.cleaning.people.names import Mention
from archive_search.records import ROLES, Role
from archive_search.vietnamese.lexicon import SpeechVerb

__all__ = ["Deed", "deeds"]

# Between subject and verb an adverbial may stand ("tại hội nghị đã ..."), but not half a paragraph.
_REACH = 25
# "phát biểu khai mạc hội nghị của đồng chí A": how far before `của` the noun may stand.
_NOUN_REACH = 8
_SPEECHES = ("phát biểu", "tham luận")
_AUXILIARIES = ("đã", "cũng", "sẽ", "vừa")
_DOERS = ("do", "nghe", "được")


class Deed(NamedTuple):
    """What a person does in a clause; `verb` is None where nothing shows it."""

    role: Role
    verb: str | None


class _Verb(NamedTuple):
    """A verb where it stands, from piece `start` up to piece `end`."""

    start: int
    end: int
    entry: SpeechVerb


class _Evidence(NamedTuple):
    role: str
    verb: str


def deeds(text: MarkedText, mentions: Sequence[Mention]) -> list[Deed]:
    """Return the deed of each mention; `mentions` are in the order of the text."""
    result: list[Deed] = []
    starts = [mention.start for mention in mentions]
    for low, high in text.sentences:
        here = mentions[bisect_left(starts, low) : bisect_left(starts, high)]
        if here:
            result.extend(_Sentence(text, low, high, here).deeds())
    return result


def _strongest(evidence: Sequence[_Evidence]) -> Deed:
    for role in (*ROLES, "act"):
        verbs = dict.fromkeys(item.verb for item in evidence if item.role == role)
        if verbs:
            return Deed(Role.MENTIONED if role == "act" else Role(role), "; ".join(verbs))
    return Deed(Role.MENTIONED, None)


class _Sentence:
    """One sentence with its people."""

    def __init__(self, text: MarkedText, low: int, high: int, mentions: Sequence[Mention]) -> None:
        self.text = text
        self.low = low
        self.high = high
        self.mentions = mentions
        self.named = {index for m in mentions for index in range(m.start, m.end)}
        self.subjects = [m.outer_start for m in mentions if self._is_subject(m.outer_start)]

    def deeds(self) -> Iterator[Deed]:
        """Yield the deed of each mention, in order."""
        announced: list[_Evidence] = []
        last = self.low
        for group in self._groups():
            start, end = group[0].outer_start, group[-1].outer_end
            # `Tới dự có A, đại diện các sở, đồng chí B`: the list goes on behind people without a name.
            goes_on = self._is_subject(start) and not any(self._verbs(last, start))
            announced = self._announcing(start) or (announced if goes_on else [])
            evidence = [*(announced or self._before(start)), *self._behind(start, end)]
            deed = _strongest(evidence or (self._heading_sentence(start) if last == self.low else []))
            last = end
            for _ in group:
                yield deed

    def _groups(self) -> list[list[Mention]]:
        """Return the mentions in lists: nothing but separators stands between the names of one."""
        groups: list[list[Mention]] = []
        for mention in self.mentions:
            if groups and self._joins(groups[-1], mention):
                groups[-1].append(mention)
            else:
                groups.append([mention])
        return groups

    def _joins(self, group: list[Mention], mention: Mention) -> bool:
        start = self.text.behind_bracket(group[-1].outer_end, self.high)
        between = [piece.text for piece in self.text.pieces[start : mention.outer_start]]
        if not between or len(between) > 3 or not JOINERS.issuperset(between):
            return False
        # "Trao hoa cho A, B nhấn mạnh": A is done to and B does, unless a list was announced.
        return between[0] not in (",", ";") or self._leads_list(group[0].outer_start)

    def _leads_list(self, start: int) -> bool:
        """Tell whether the name at `start` can be the first of a list."""
        mark = self.text.ending.get(start)
        is_announced = mark is not None and mark.verb is not None and mark.verb.subtype == "attends"
        is_plural = self.text.has(start, "các", "hai")
        return is_announced or is_plural or self._opener(start) < start or self._is_subject(start)

    # Verbs before the name.

    def _before(self, start: int) -> list[_Evidence]:
        return self._governing(start) or self._possessed(start) or self._fronted(start)

    def _heading_sentence(self, start: int) -> list[_Evidence]:
        """Find the verb of a sentence that has no other: `Chủ trì hội nghị đồng chí A`."""
        verb = next(self._verbs(self.low, start), None)
        if verb is None or self._before_adverbs(verb.start) != self.low or verb.entry.position != "both":
            return []
        return [_Evidence(verb.entry.role, verb.entry.phrase)]

    def _governing(self, start: int) -> list[_Evidence]:
        """Find the verb of `theo ông A`, `tới dự có ông A`, `tiếp Đại sứ A`, `Khách mời: A`."""
        marks = [self.text.ending.get(start), self.text.marks.get(start)]
        if self.text.has(start - 1, ":"):
            marks.append(self.text.ending.get(start - 1))
        for mark in marks:
            if mark and mark.verb and (mark.verb.position == "before" or mark.verb.subtype == "reception"):
                return [_Evidence(mark.verb.role, mark.verb.phrase)]
        return []

    def _possessed(self, start: int) -> list[_Evidence]:
        """Find the noun of `phát biểu của đồng chí A`, `dưới sự chủ trì của đồng chí A`."""
        if not self.text.has(start - 1, "của"):
            return []
        for verb in reversed(list(self._verbs(max(self.low, start - _NOUN_REACH), start - 1))):
            is_speech = verb.entry.role == "spoke" and verb.entry.phrase.startswith(_SPEECHES)
            if is_speech or verb.entry.role in ("chaired", "attended"):
                return [_Evidence(verb.entry.role, verb.entry.phrase)]
        return []

    def _announcing(self, start: int) -> list[_Evidence]:
        """Find the verb of `Tới dự lễ có đồng chí A`, `Chủ trì hội nghị có các đồng chí: A; B`."""
        opener = self._opener(start)
        if opener == start:
            return []
        for verb in self._verbs(self.low, opener):
            if verb.entry.role != "act" and verb.entry.position != "after":
                return [_Evidence(verb.entry.role, verb.entry.phrase)]
        if self.text.has(self.low, "về") and self.text.has(self.low + 1, "phía"):
            return [_Evidence(Role.ATTENDED, "về phía ... có")]
        return []

    def _opener(self, start: int) -> int:
        """Return where the words begin that open a list before `start`, or `start`."""
        index = start
        is_opened = False
        while index > self.low:
            at = index - self.text.has(index - 1, ":", ",")
            mark = self.text.ending.get(at)
            if not mark or mark.kinds.isdisjoint(("opener", "plural", "honorific")):
                break
            is_opened = is_opened or "opener" in mark.kinds
            index = mark.start
        return index if is_opened else start

    def _fronted(self, start: int) -> list[_Evidence]:
        """Find the verb of a clause before its subject: `Phát biểu tại hội nghị, đồng chí A ...`."""
        if self.subjects[:1] != [start]:
            return []
        for verb in self._verbs(self.low, start):
            is_speech = verb.entry.role == "spoke" and verb.entry.subtype != "source"
            before = self._before_adverbs(verb.start)
            begins_clause = not verb.entry.noun and not self.text.is_word(before - 1)
            if is_speech and (before == self.low or begins_clause):
                return [_Evidence(verb.entry.role, verb.entry.phrase)]
        return []

    # Verbs behind the name.

    def _behind(self, start: int, end: int) -> list[_Evidence]:
        """Find the verbs of which the people from `start` to `end` are the subject."""
        near = self._behind_adverbs(self._predicate_start(end))
        if near >= self.high or self.text.begins(near, "passive") or self.text.has(near, "là"):
            return []
        head = self._predicate(near)
        if not self._is_subject(start):
            # Of what stands behind an object ("đề nghị đồng chí A ...") only reported speech is its own.
            return (
                [_Evidence(head.entry.role, head.entry.phrase)] if head and head.entry.role == "spoke" else []
            )
        head = head or self._distant_head(near)
        verbs = [head, *self._coordinated(head)] if head else []
        return [_Evidence(verb.entry.role, verb.entry.phrase) for verb in verbs]

    def _predicate_start(self, end: int) -> int:
        index = self.text.behind_bracket(end, self.high)
        return index + self.text.has(index, ",", ":", *DASHES)

    def _predicate(self, index: int) -> _Verb | None:
        mark = self.text.marks.get(index) if index < self.high else None
        if mark is None or mark.verb is None or mark.verb.position == "before":
            return None
        return _Verb(mark.start, mark.end, mark.verb)

    def _distant_head(self, near: int) -> _Verb | None:
        """Return the verb that an adverbial or apposition keeps from its subject."""
        is_proxy = self.text.begins(near, "proxy")
        for index in range(near + 1, min(near + _REACH, self.high)):
            if self.text.has(index, ".", ";", ":") or index in self.named:
                return None
            verb = self._predicate(self._behind_adverbs(index))
            if verb and (is_proxy or self._is_head(verb, index)):
                return verb
        return None

    def _is_head(self, verb: _Verb, index: int) -> bool:
        """Tell whether the verb is a predicate wherever its subject stands.

        It is behind `đã` or `cũng` ("A tại hội nghị đã ..."), with `cùng` ("A và các sở cùng dự"), and if
        it reports words: behind a comma ("A, 50 tuổi, cho biết"), before a colon or comma ("chia sẻ: ...").
        """
        if self.text.has(index - 1, *_AUXILIARIES) or self.text.has(verb.start, "cùng", "đồng"):
            return True
        is_report = verb.entry.role == "spoke" and not verb.entry.noun
        return is_report and (self.text.has(index - 1, ",") or self.text.has(verb.end, ":", ","))

    def _coordinated(self, head: _Verb) -> Iterator[_Verb]:
        """Yield the further verbs of the same subject: `trao quà, đồng thời mong muốn ...`."""
        previous = head
        later = self.subjects[bisect_left(self.subjects, head.end) :][:1]
        for verb in self._verbs(head.end, later[0] if later else self.high):
            before = self._before_adverbs(verb.start)
            if verb.entry.position == "before" or not self.text.has(before - 1, ",", ";", "và"):
                continue
            is_certain = before < verb.start or verb.start - previous.end <= 1
            if is_certain or not verb.entry.noun:
                yield verb
                previous = verb

    # Places in the sentence.

    def _verbs(self, low: int, high: int) -> Iterator[_Verb]:
        for index in range(low, high):
            mark = self.text.marks.get(index)
            if mark and mark.verb:
                yield _Verb(mark.start, mark.end, mark.verb)

    def _is_subject(self, start: int) -> bool:
        """Tell whether nothing that could govern the name stands directly before it."""
        if start <= self.low or not self.text.is_word(start - 1):
            return True
        return self.text.has(start - 1, *_DOERS) or self.text.ends(start, "opener")

    def _behind_adverbs(self, index: int) -> int:
        while index < self.high and self.text.begins(index, "adverb"):
            index = self.text.marks[index].end
        return index

    def _before_adverbs(self, index: int) -> int:
        while index > self.low and self.text.ends(index, "adverb"):
            index = self.text.ending[index].start
        return index
