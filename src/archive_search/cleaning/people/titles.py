"""Titles: where an office begins, how far it reaches, and whose it is."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from archive_search.cleaning.people.marked import DASHES, MarkedText

__all__ = ["Span", "Titles", "find_titles"]

Span = tuple[int, int]

_SELF_CONTAINED = ("degree", "rank", "profession")
_ENDS_TITLE = ("honorific", "adverb", "appoints", "group", "predicate", "passive", "opener")
# A number before such a word counts, and is not part of a name like `Ban Chỉ đạo 197`.
_COUNTED = ("năm", "tháng", "ngày", "giờ", "người", "đồng", "tuổi", "%", "/")
# A title of more pieces is a sentence that was taken for one.
_MAX_PIECES = 40


@dataclass(frozen=True, slots=True)
class Titles:
    """The titles of a text: end by start, start by end. `names` are where names may begin."""

    text: MarkedText
    names: Container[int]
    starting: dict[int, int]
    ending: dict[int, int]

    def behind(self, name_end: int) -> list[Span]:
        """Return the titles that follow a name: `A, T, T` or `A - T - T`.

        A title directly before another name is that name's.
        """
        found: list[Span] = []
        index = name_end
        while True:
            start = index + self.text.has(index, ",", *DASHES)
            end = self.starting.get(start)
            if end is None and start > index and self._may_follow(start, index):
                end = _title_end(self.text, start, self.names)
            if end is None or self._leads_to_name(end):
                return found
            found.append((start, end))
            index = end

    def before(self, name_start: int, floor: int) -> list[Span]:
        """Return the titles that lead up to a name, `T, T A`, in order; none begins before `floor`."""
        found: list[Span] = []
        index = name_start
        while (start := self.ending.get(index)) is not None and start >= floor:
            found.insert(0, (start, index))
            index = start
            if index > floor and self.text.has(index - 1, ",", ".", "/", *DASHES):
                index -= 1
        return found

    def _may_follow(self, start: int, separator: int) -> bool:
        """Tell whether what is no title elsewhere is one here: a delegate, or `- Cục Báo chí`."""
        if self.text.has(separator, ",") and self.text.begins(start, "delegate"):
            ahead = self.text.pieces[self.text.marks[start].end : self.text.marks[start].end + 1]
            return bool(ahead) and ahead[0].text[0].isupper()
        return self.text.has(separator, *DASHES) and self.text.begins(start, "body")

    def _leads_to_name(self, end: int) -> bool:
        """Tell whether a name stands directly behind `end`, other degrees aside (`GS.TS A`)."""
        while end not in self.names:
            start = end + self.text.has(end, ".")
            if start not in self.starting or not self.text.begins(start, *_SELF_CONTAINED):
                return start in self.names
            end = self.starting[start]
        return True


def find_titles(text: MarkedText, names: Container[int]) -> Titles:
    """Return where titles stand; `names` holds where names may begin, before which a title ends."""
    starting: dict[int, int] = {}
    free = 0
    for mark in text.marks.values():
        if mark.start < free:
            continue
        if "office" in mark.kinds or ("prefix" in mark.kinds and text.begins(mark.end, "office")):
            starting[mark.start] = free = _title_end(text, mark.start, names)
        elif not mark.kinds.isdisjoint(_SELF_CONTAINED):
            starting[mark.start] = free = _qualified_end(text, mark.end, names)
    return Titles(text, names, starting, {end: start for start, end in starting.items()})


def _qualified_end(text: MarkedText, end: int, names: Container[int]) -> int:
    """Return where the degree or profession ends that a word or two qualify before a name."""
    for index in range(end, end + 3):
        if index in names:
            return index
        if index in text.marks or not text.is_word(index):
            break
    return end


def _title_end(text: MarkedText, start: int, names: Container[int]) -> int:
    """Return where the title that begins at `start` ends: before a name, a verb or a clause."""
    limit = min(text.sentence_end(start), start + _MAX_PIECES)
    index = text.marks[start].end
    while index < limit and index not in names:
        step = _step(text, start, index, limit, names)
        if not step:
            break
        index += step
    return index


def _step(text: MarkedText, start: int, index: int, limit: int, names: Container[int]) -> int:
    """Return how many pieces from `index` on still belong to the title, 0 if it ends here."""
    mark = text.marks.get(index)
    if mark:
        return 0 if _ends_title(text, index) else mark.end - mark.start
    piece = text.pieces[index].text
    if piece == "(":
        return _body_in_brackets(text, index, limit)
    if piece in DASHES and index + 1 < limit and not text.gap(index) and not text.gap(index + 1):
        return 1
    if piece == "và" or piece in DASHES:
        return int(_goes_on(text, start, index + 1, limit, names))
    if piece == ",":
        return int(_enumerates(text, start, index + 1, limit, names))
    if piece == ".":
        is_inside = index + 1 < limit and not text.gap(index) and not text.gap(index + 1)
        return int(is_inside and text.pieces[index - 1].text.isupper())
    if piece.isdigit():
        return int(len(piece) <= 4 and not text.has(index + 1, *_COUNTED))
    return int(piece[0].isalnum() or piece in "&/")


def _ends_title(text: MarkedText, index: int) -> bool:
    mark = text.marks[index]
    is_abroad = (
        text.has(index, "tại") and mark.end < len(text.pieces) and text.pieces[mark.end].text[0].isupper()
    )
    return not is_abroad and (mark.verb is not None or not mark.kinds.isdisjoint(_ENDS_TITLE))


def _goes_on(text: MarkedText, start: int, index: int, limit: int, names: Container[int]) -> bool:
    """Tell whether an organisation's name goes on at `index`, behind `và`, a comma or a dash.

    It must have been begun, with more than its first word: `Sở Thông tin và Truyền thông`, but
    `Giám đốc Sở và Tập thể`.
    """
    is_begun = any(text.begins(i, "body") and text.marks[i].end < index - 1 for i in range(start, index - 1))
    if not is_begun or index >= limit or index in names:
        return False
    mark = text.marks.get(index)
    if mark and (_ends_title(text, index) or "office" in mark.kinds or "plural" in mark.kinds):
        return False
    return text.pieces[index].text[0].isupper()


def _enumerates(text: MarkedText, start: int, index: int, limit: int, names: Container[int]) -> bool:
    """Tell whether the comma before `index` stands inside a title: `Phòng X, Sở Y`; `Bộ X, Y và Z`."""
    if (
        index < limit
        and index not in names
        and text.begins(index, "body")
        and not text.begins(index, "office")
    ):
        return True
    if not _goes_on(text, start, index, limit, names):
        return False
    for ahead in range(index, min(index + 6, limit)):
        if text.has(ahead, "và"):
            return _goes_on(text, start, ahead + 1, limit, names)
        if not text.is_word(ahead) or ahead in names:
            return False
    return False


def _body_in_brackets(text: MarkedText, index: int, limit: int) -> int:
    """Return the length of a bracket that names an organisation, 0 for any other."""
    return text.behind_bracket(index, limit) - index if text.begins(index + 1, "body") else 0
