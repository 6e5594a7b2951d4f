"""Sessions: the meetings of assemblies, committees and congresses that an article reports or names.

A meeting is told by what it is, its number, whose it is and the term of that body, in any order and with
punctuation between them: `Kỳ họp 17 - Ban Chấp hành Đảng bộ huyện khóa XXIV`. Its name is made of these
in one order, short forms written out: an assembly's session is a `Kỳ họp thứ 17`, and so is that of a
local party committee, which is as often called a `Hội nghị`; the Central Committee's is a `Hội nghị lần
thứ 6`; a congress has a Roman number. The term is part of the name if it is told, since numbers begin
anew with each term.

Within an article what is told in part belongs to the only meeting that it fits, and a body without the
name of its district has that of the only one the article names. A meeting told neither by number nor by
body and term (`hội nghị`, `các kỳ họp`) is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from archive_search.cleaning.evidence import texts_of
from archive_search.cleaning.places import NAME
from archive_search.records import Article, Evidence, Place, Session
from archive_search.vietnamese.spelling import fold
from archive_search.vietnamese.tokens import roman_number

__all__ = ["find_sessions"]

_HEAD = re.compile(r"(?<!\w)(?:[Kk][ỳì]\s[Hh]ọp|[Hh]ội\s[Nn]ghị|[Đđ]ại\s[Hh]ội|[Pp]hiên\s[Hh]ọp)(?!\w)")
_ASSEMBLY, _CONFERENCE, _CONGRESS, _SITTING = "Kỳ họp", "Hội nghị", "Đại hội", "Phiên họp"
_HEADS = {"ky hop": _ASSEMBLY, "hoi nghi": _CONFERENCE, "dai hoi": _CONGRESS, "phien hop": _SITTING}

_WORDS = "nhất|hai|ba|tư|bốn|năm|sáu|bảy|bẩy|tám|chín|mười(?: (?:một|hai|ba|bốn|tư|lăm|sáu|bảy|tám|chín))?"
_ONES = {"nhất": 1, "một": 1, "hai": 2, "ba": 3, "tư": 4, "bốn": 4, "năm": 5, "lăm": 5, "sáu": 6}
_ONES |= {"bảy": 7, "bẩy": 7, "tám": 8, "chín": 9, "mười": 10}
_NUMERAL = rf"(?:\d{{1,3}}(?![\d/]|[.,]\d)|[IVX]+|{_WORDS})(?!\w)"
_ORDINAL = rf"(?:[Ll]ần\s(?:thứ\s)?|[Tt]hứ\s|số\s)(?P<number>{_NUMERAL})"
_LEVEL = (
    r"(?P<level>[Tt]hành [Pp]hố|[Tt][Pp]\.?|[Tt]ỉnh|[Hh]uyện|[Qq]uận|[Tt]hị xã|[Tt]hị trấn|[Xx]ã|[Pp]hường)"
    rf"(?!\w)(?:\s?(?P<name>{NAME}))?"
)
_CENTRAL = r"(?:[Tt]rung [Ưư]ơng|TW|TƯ|T\.Ư)"
_PARTY = r"Đảng(?! bộ| ủy| uỷ| viên| các|\w)(?: [Cc]ộng sản Việt Nam)?(?: toàn quốc)?"
_COMMITTEE = r"(?:BCH|[Bb]an [Cc]hấp [Hh]ành|BTV|[Bb]an [Tt]hường [Vv]ụ)"


class _Told(NamedTuple):
    """What a mention tells of a meeting."""

    head: str
    number: int | None = None
    body: str | None = None
    level: str | None = None
    place: str | None = None
    term: str | None = None


class _Mention(NamedTuple):
    """A place that names a meeting: `is_plain` if nothing behind it says that another is meant.

    `is_cited` says that it is named for what it resolved, and is not what the text is about.
    """

    told: _Told
    evidence: Evidence
    is_plain: bool
    is_cited: bool


@dataclass(slots=True)
class _Meeting:
    """What all mentions of a meeting tell together."""

    told: _Told
    mentions: list[_Mention]


def _number(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    if text.isupper():
        return roman_number(text, counted=True)
    return sum(_ONES[word] for word in text.split())


def _take_number(told: _Told, match: re.Match[str]) -> _Told:
    return told._replace(number=_number(match["number"]))


def _take_term(told: _Told, match: re.Match[str]) -> _Told:
    term = match["term"]
    return told._replace(term=_roman(int(term)) if term.isdigit() else term)


def _takes(body: str) -> Callable[[_Told, re.Match[str]], _Told]:
    """Return what takes the body, and the unit and place it is of if the pattern has them."""

    def take(told: _Told, match: re.Match[str]) -> _Told:
        groups = match.groupdict()
        level = _level(groups.get("level") or "")
        place = " ".join((groups.get("name") or "").split())
        return told._replace(body=body, level=level or None, place=place or None)

    return take


def _level(printed: str) -> str:
    words = " ".join(printed.lower().split())
    return "thành phố" if words.startswith("tp") else words


_ORGAN_UNITS = {"thành": "thành phố", "tỉnh": "tỉnh", "huyện": "huyện", "quận": "quận", "thị": "thị xã"}


def _take_organ(told: _Told, match: re.Match[str]) -> _Told:
    """Take `Ban Chấp hành Huyện ủy` as the committee of the district's party."""
    place = " ".join((match["name"] or "").split())
    level = _ORGAN_UNITS[match["organ"].lower()]
    return told._replace(body=_LOCAL_COMMITTEE, level=level, place=place or None)


def _take_block(told: _Told, match: re.Match[str]) -> _Told:
    """Take the party of a block of offices, which is called by their names."""
    return told._replace(body=f"Đảng bộ {' '.join(match['block'].split())}")


def _take_nothing(told: _Told, match: re.Match[str]) -> _Told:
    return told


_LOCAL_COMMITTEE = "Ban Chấp hành Đảng bộ"
_CENTRAL_COMMITTEE = "Ban Chấp hành Trung ương Đảng"
_THE_PARTY = "Đảng Cộng sản Việt Nam"

# What may stand behind the word for the meeting, tried in this order; `_take_nothing` is passed over.
_PARTS: tuple[tuple[re.Pattern[str], Callable[[_Told, re.Match[str]], _Told]], ...] = tuple(
    (re.compile(pattern), take)
    for pattern, take in (
        (_ORDINAL, _take_number),
        (r"\(?[Kk]h(?:óa|oá)\s(?P<term>[IVX]+|\d{1,2})(?!\w)\)?", _take_term),
        (rf"(?:HĐND|[Hh]ội đồng [Nn]hân dân)\s{_LEVEL}", _takes("Hội đồng nhân dân")),
        (rf"(?:HĐND|[Hh]ội đồng [Nn]hân dân) (?P<name>{NAME})", _takes("Hội đồng nhân dân")),
        (r"(?:HĐND|[Hh]ội đồng [Nn]hân dân)(?!\scác cấp|\w)", _takes("Hội đồng nhân dân")),
        (r"(?:UBTVQH|(?:UBTV|[ỦU]y ban [Tt]hường vụ) Quốc hội)", _takes("Ủy ban Thường vụ Quốc hội")),
        (r"Quốc hội(?: nước Cộng (?:hòa|hoà) xã hội chủ nghĩa Việt Nam)?", _takes("Quốc hội")),
        (rf"{_COMMITTEE} {_CENTRAL}(?: {_PARTY})?", _takes(_CENTRAL_COMMITTEE)),
        (rf"{_COMMITTEE} [Đđ]ảng bộ {_LEVEL}", _takes(_LOCAL_COMMITTEE)),
        (
            rf"(?:{_COMMITTEE} )?(?P<organ>Thành|Tỉnh|Huyện|Quận|Thị) [ủuỦ][yỷ](?: (?P<name>{NAME}))?",
            _take_organ,
        ),
        (rf"{_CENTRAL}(?: {_PARTY})?(?!\w)", _takes(_CENTRAL_COMMITTEE)),
        (rf"(?:[Đđ]ảng bộ|Đảng) {_LEVEL}", _takes("Đảng bộ")),
        (
            rf"[Đđ]ảng bộ (?P<block>[Kk]hối(?: [Cc]ác [Cc]ơ quan(?: [Tt]hành phố| [Tt]ỉnh)?(?: {NAME})?)?)",
            _take_block,
        ),
        (rf"[Đđ]ảng bộ (?P<name>{NAME})", _takes("Đảng bộ")),
        (_PARTY, _takes(_THE_PARTY)),
        (rf"(?P<number>{_NUMERAL})", _take_number),
        (r"(?:của|đại biểu|toàn quốc|mở rộng|thường kỳ|thường lệ|chuyên đề|bất thường)(?!\w)", _take_nothing),
        (r"(?:đầu năm|giữa năm|cuối năm)(?!\w)", _take_nothing),
        (_HEAD.pattern, _take_nothing),
    )
)
_TERM = _PARTS[1][0]
_ASSEMBLIES = (_PARTS[2], _PARTS[3], _PARTS[4], _PARTS[6])
_GAP = re.compile(r"\s?[-\u2013,(|:]?\s?")
_REACH = 160

# A congress of another organisation is called by what stands between `Đại hội` and its number.
_OTHER_CONGRESS = re.compile(
    r"\s(?:đại biểu\s)?"
    r"(?P<body>(?:[Hh]ội|Đoàn|Công đoàn|Liên đoàn|Liên hiệp|Mặt trận|MTTQ|Đảng bộ|Chi bộ|Phụ nữ)"
    rf"(?!\w)[^.,;:()\n]{{0,60}}?)(?:\s\([^()]{{1,12}}\))?\s[Ll]ần\s(?:thứ\s)?(?P<number>{_NUMERAL})"
)
# Behind a body that is named before its session: `Quốc hội khóa XIII thông qua tại kỳ họp thứ 9`.
_UNFINISHED = re.compile(r"[^.;]{0,60}\s$")
_ORGANISATION = re.compile(r"\s(?:Hội|Đoàn|Công đoàn|Liên đoàn|Liên hiệp|Mặt trận|MTTQ)\s")
_NO_BODY = re.compile(r"[Đđ]ại hội|cấp")
_SAYS_NO_MORE = re.compile(
    r"\s*(?:$|[^\w\s]|(?:này|đã|được|là|có|cũng|diễn|do|và|kết|biểu|thông|bế|khai|nghe|thảo|vào)(?!\w))"
)
_CITES = re.compile(
    r"(?:[Nn]ghị quyết|[Kk]ết luận|[Kk]ết quả|tinh thần|chào mừng|thành công|hướng tới|tiến tới|phục vụ)"
    r"(?:\s(?:của|các|tại))*\s$"
)
_LOCAL_PARTY = re.compile(rf"Đảng bộ {_LEVEL}")
_PLURAL = re.compile(r"(?<!\w)(?:[Cc]ác|[Nn]hững|[Mm]ỗi|[Mm]ọi|nhiều|từng)\s$")


def find_sessions(article: Article, places: Iterable[Place]) -> tuple[Session, ...]:
    """Return the meetings that the article names, in order of appearance; `places` are those it names."""
    mentions = [mention for where, text in texts_of(article) for mention in _mentions(where, text)]
    if not mentions:
        return ()
    names = [place.name for place in places]
    located = [mention._replace(told=_located(mention.told, names)) for mention in mentions]
    meetings = _gathered(located)
    opening = {"title", "lead", *(block.id for block in article.blocks[:1])}
    _add_plain(meetings, located, opening)
    order = {id(mention.evidence): index for index, mention in enumerate(located)}
    for meeting in meetings:
        meeting.mentions.sort(key=lambda mention: order[id(mention.evidence)])
    meetings.sort(key=lambda meeting: order[id(meeting.mentions[0].evidence)])
    return tuple(_session(meeting) for meeting in meetings)


def _mentions(where: str, text: str) -> Iterator[_Mention]:
    """Yield the mentions of meetings in a text, those too that tell nothing."""
    free = 0
    for head in _HEAD.finditer(text):
        if head.start() < free or _PLURAL.search(text, max(0, head.start() - 8), head.start()):
            continue
        told, free = _read(text, head)
        start = head.start()
        yield _Mention(
            told if told.body or not told.number else _with_body_before(text, start, told),
            Evidence(surface=text[start:free], block=where, start=start, end=free),
            is_plain=_SAYS_NO_MORE.match(text, free) is not None,
            is_cited=_CITES.search(text, max(0, start - 32), start) is not None,
        )


def _with_body_before(text: str, start: int, told: _Told) -> _Told:
    """Return what is told with the assembly that is named before its session, and its term."""
    if told.head != _ASSEMBLY:
        return told
    first = max(0, start - 140)
    for pattern, take in _ASSEMBLIES:
        for match in reversed(list(pattern.finditer(text, first, start))):
            found = take(told, match)
            term = _TERM.match(text, match.end() + 1, start)
            if term and told.term is None:
                found = _take_term(found, term)
            if _UNFINISHED.fullmatch(text, term.end() if term else match.end(), start):
                return found
    return told


def _read(text: str, head: re.Match[str]) -> tuple[_Told, int]:
    """Return what is told behind the head, and where the last of it ends."""
    told = _Told(_HEADS[fold(" ".join(head[0].split())).replace("ki ", "ky ")])
    position = end = head.end()
    other = _OTHER_CONGRESS.match(text, end) if told.head == _CONGRESS else None
    is_other = other and not _NO_BODY.search(other["body"]) and not _LOCAL_PARTY.fullmatch(other["body"])
    if other and is_other:
        return told._replace(body=_written_out(other["body"]), number=_number(other["number"])), other.end()
    is_national = False
    while position < head.end() + _REACH:
        gap = _GAP.match(text, position)
        start = gap.end() if gap else position
        part = _part(text, start, told)
        if part is None:
            break
        match, found = part
        position = match.end()
        is_national = is_national or match[0] == "toàn quốc"
        if found != told:
            told, end = found, position
    if is_national and told[:1] == (_CONGRESS,) and not told.body and not _ORGANISATION.match(text, end):
        # The congress that is called national and nothing else is the Party's.
        told = told._replace(body=_THE_PARTY)
    return told, end


def _part(text: str, start: int, told: _Told) -> tuple[re.Match[str], _Told] | None:
    """Return the part that stands at `start`, and what is told with it; none is told twice."""
    for pattern, take in _PARTS:
        match = pattern.match(text, start)
        if match:
            found = take(told, match)
            repeats = any(
                old is not None and old != new for old, new in zip(told[1:4], found[1:4], strict=True)
            )
            return None if repeats else (match, found)
    return None


def _written_out(body: str) -> str:
    return " ".join(body.split()).replace("MTTQ", "Mặt trận Tổ quốc").replace("LHPN", "Liên hiệp Phụ nữ")


def _located(told: _Told, names: list[str]) -> _Told:
    """Return what is told with the place of its unit, if the article names one of them only."""
    if not told.level:
        units = [name.removesuffix(f" {told.place}") for name in names if name.endswith(f" {told.place}")]
        return told._replace(level=units[0]) if len(units) == 1 else told
    if told.place:
        known = [name for name in names if f"{told.level} {told.place}".startswith(name)]
        place = known[0][len(told.level) + 1 :] if known else None
        return told._replace(place=place or told.place)
    same = [name for name in names if name.startswith(f"{told.level} ")]
    return told._replace(place=same[0][len(told.level) + 1 :]) if len(same) == 1 else told


def _gathered(mentions: list[_Mention]) -> list[_Meeting]:
    """Return the meetings: the fullest mentions first, those that tell less with the one they fit."""
    meetings: list[_Meeting] = []
    for mention in sorted(mentions, key=lambda mention: -_fullness(mention.told)):
        fitting = [meeting for meeting in meetings if _fits(mention.told, meeting.told)]
        if len(fitting) == 1:
            fitting[0].told = _together(fitting[0].told, mention.told)
            fitting[0].mentions.append(mention)
        elif _is_told(mention.told):
            meetings.append(_Meeting(mention.told, [mention]))
    return meetings


def _add_plain(meetings: list[_Meeting], mentions: list[_Mention], opening: set[str]) -> None:
    """Add the mentions by a bare word (`tại kỳ họp`) to the meeting that the article is about.

    That is the only one that its opening names and not for what it resolved.
    """
    reported = [
        meeting
        for meeting in meetings
        if any(mention.evidence.block in opening and not mention.is_cited for mention in meeting.mentions)
    ]
    if len(reported) != 1:
        return
    kinds = {reported[0].told.head, _kind(reported[0].told)}
    if reported[0].told.body == _LOCAL_COMMITTEE:
        kinds |= {_ASSEMBLY, _CONFERENCE}
    for mention in mentions:
        if mention.told.head in kinds and not any(mention.told[1:]) and mention.is_plain:
            reported[0].mentions.append(mention)


def _fullness(told: _Told) -> int:
    return sum(part is not None for part in (told.number, told.body, told.place, told.term))


def _is_told(told: _Told) -> bool:
    """Tell whether one meeting is meant: by its number, or by body and term."""
    if told.head == _CONGRESS or told.head == _SITTING:
        return told.number is not None and told.body is not None
    if told.head == _CONFERENCE and told.body is None:
        return False
    return told.number is not None or (told.body is not None and told.term is not None)


def _kind(told: _Told) -> str:
    """Return what the meeting is, by its body where that has two names for it."""
    if told.head == _CONFERENCE and told.body == _LOCAL_COMMITTEE:
        return _ASSEMBLY
    if told.head == _ASSEMBLY and told.body == _CENTRAL_COMMITTEE:
        return _CONFERENCE
    return told.head


def _fits(told: _Told, other: _Told) -> bool:
    """Tell whether nothing that is told contradicts, and enough is told to mean the other meeting."""
    if told.number is None and (told.body is None or told.term is None):
        return False
    same_kind = _kind(told) == _kind(other) or (
        told.head == _ASSEMBLY and told.body is None and told.head == _kind(other)
    )
    parts = zip(told[1:], other[1:], strict=True)
    return same_kind and all(one is None or two is None or one == two for one, two in parts)


def _together(told: _Told, more: _Told) -> _Told:
    return _Told(
        told.head,
        told.number if told.number is not None else more.number,
        told.body or more.body,
        told.level or more.level,
        told.place or more.place,
        told.term or more.term,
    )


def _session(meeting: _Meeting) -> Session:
    told = meeting.told
    body = " ".join(filter(None, (told.body, told.level, told.place))) or None
    return Session(
        name=_name(told, body),
        number=told.number,
        body=body,
        term=told.term,
        mentions=tuple(mention.evidence for mention in meeting.mentions),
    )


def _name(told: _Told, body: str | None) -> str:
    kind = _kind(told)
    number = told.number
    if kind == _CONGRESS:
        return f"{kind} {body} lần thứ {_roman(number or 0)}"
    if number is None:
        kind = told.head
    ordinal = ("lần thứ " if kind == _CONFERENCE else "thứ ") + str(number) if number is not None else None
    term = f"khóa {told.term}" if told.term else None
    return " ".join(filter(None, (kind, ordinal, body, term)))


def _roman(number: int) -> str:
    tens, ones = divmod(number, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]
