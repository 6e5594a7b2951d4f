"""Legal documents that an article cites, each under one symbol however it is printed.

A symbol is written as the office that issued the document would write it: with the state's slash after
the number (`2034/QĐ-UBND`, `59/2019/NĐ-CP`) or the Party's hyphen (`15-NQ/TU`), numbers below ten with a
zero before them. A document cited without its symbol is named by its kind and number, and by its date if
that is told (`Nghị quyết 14 ngày 30/5/2022`): a number alone is used again each year by every office. It
is the document of that kind and number whose symbol the article tells elsewhere, if there is one. A law
is named by its year (`Luật Đất đai 2013`). The codes are those of `document_codes.tsv`.

No documents to a reader are standards (`QCVN 08:2015/BTNMT`), which have numbers of another form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from archive_search.cleaning.evidence import CAPITALS, either_case, texts_of
from archive_search.records import Article, CitedDocument, Evidence
from archive_search.vietnamese import lexicon
from archive_search.vietnamese.lexicon import DocumentCode
from archive_search.vietnamese.spelling import fold
from archive_search.vietnamese.tokens import Kind, tokenize

__all__ = ["find_cited"]

_DASHES = r"\u2010\u2011\u2013\u2014\u2212\-"
_DIGIT = re.compile(r"\d")
_DATE = r"(?P<day>\d{1,2})\s?[/.-]\s?(?P<month>\d{1,2})\s?[/.-]\s?(?P<of>\d{4})(?!\d)"
_NUMBERED = r"(?:\s[Ss]ố)?\s?:?\s?"

# Where a symbol may begin: a number, then a letter behind a slash or hyphen.
_SYMBOL = re.compile(
    rf"(?<![\w.,:/{_DASHES}])\d{{1,6}}[a-zđ]?(?:\s?/\s?\d{{4}})?\s?[/_{_DASHES}]\s?(?=[^\W\d_])"
)
_LONGEST_SYMBOL = 60
_SEPARATOR = re.compile(rf"[/_{_DASHES}]")
_CODE = re.compile(rf"[{CAPITALS}][{CAPITALS}\d]*|[{CAPITALS}]+[a-z]{{1,2}}[{CAPITALS}]*")
_LOOK_BACK = 60
# A form to fill in has a symbol of the same make (`Mẫu số 02/BC-DN`).
_FORM = re.compile(r"(?:[Mm]ẫu|[Pp]hụ lục)(?:\s[Ss]ố)?\s?$")
_SAYS_NUMBER = re.compile(r"\b[Ss]ố\s?:?\s?$")

_LAW = re.compile(
    r"(?P<law>Bộ\s[Ll]uật|Luật)\s(?P<name>[^\W\d_]+(?:,?\s[^\W\d_]+){0,11}?)"
    r"\s(?:năm\s)?(?P<year>(?:19|20)\d\d)\b"
)
# A law's name holds none of these: what follows them is no longer the name.
_NO_LAW = re.compile(
    r"\b(?:luật|Luật|ngày|tháng|khóa|khoá|kỳ|mới|có|trên|của|tại|trong|từ|đến|này|được|là|thông qua|số)\b"
    r"|^(?:gia|sư)\b|^[Ss]ửa\s"
)
_TREATY = re.compile(r"[Cc]ông ước[^.;,]{0,40}\svề\s$")

# Kinds that are cited by a bare number, without `số`: those whose numbers everyone knows.
_LEGISLATION = frozenset(("Nghị quyết", "Nghị định", "Chỉ thị", "Thông tư"))
_KNOWN_BY_NUMBER = _LEGISLATION | {"Kết luận", "Đề án"}
# Kinds that are nothing else but documents, so that small letters and `số` tell enough.
_ALWAYS_LEGAL = _KNOWN_BY_NUMBER - {"Đề án"} | {"Quyết định", "Công văn"}
_GOVERNMENT = "Nghị định"
# What a number counts that is no document's: `Nghị quyết 10 năm`, `Chỉ thị 100%`.
_COUNTED = r"(?!\w|[.,/:]\d|\s?%|\s(?:năm|tháng|tuần|giờ|phút|người|điểm|triệu|tỷ|nghìn|đồng|vấn)\b)"


class _Symbol(NamedTuple):
    """A symbol in its parts: `codes` tell kind and office, `is_party` the form of the Party."""

    number: str
    year: str
    codes: tuple[str, ...]
    is_party: bool

    def __str__(self) -> str:
        if self.is_party:
            return f"{self.number}-{self.codes[0]}/{'-'.join(self.codes[1:])}"
        return "/".join(filter(None, (self.number, self.year, "-".join(self.codes))))


class _Citation(NamedTuple):
    """A document as one place of the text cites it; `date` is told only for one without a symbol."""

    kind: str | None
    number: str
    year: str
    name: str
    is_symbol: bool
    evidence: Evidence


@dataclass(slots=True)
class _Found:
    """A document with the places that cite it."""

    first: _Citation
    kinds: Counter[str] = field(default_factory=Counter)
    mentions: list[Evidence] = field(default_factory=list)


@cache
def _codes() -> dict[str, DocumentCode]:
    """Return the codes in lower case, and without marks where these tell no code: `QD` means `QĐ`."""
    codes = lexicon.document_codes()
    return {fold(code.code): code for code in codes} | {code.code.lower(): code for code in codes}


def _code(text: str) -> DocumentCode | None:
    return _codes().get(text.lower())


@cache
def _kinds() -> dict[str, str]:
    """Return the kinds of documents by folded name and by code."""
    codes = [code for code in lexicon.document_codes() if code.role == "kind"]
    named = {fold(kind): kind for code in codes for kind in (code.meaning, code.party) if kind}
    return {**named, **{code.code.lower(): code.meaning for code in codes}}


def _kind(printed: str) -> str:
    words = " ".join(printed.split())
    return _kinds().get(words.lower()) or _kinds()[fold(words)]


@cache
def _kind_words() -> str:
    """Return a pattern of the kinds' names, and of the codes in capitals of two letters or more."""
    kinds = [code for code in lexicon.document_codes() if code.role == "kind"]
    names = {name for code in kinds for name in (code.meaning, code.party) if name}
    words = [either_case(name) for name in sorted(names, key=len, reverse=True)]
    codes = [code.code for code in kinds if len(code.code) > 1]
    return "|".join((*words, *sorted(codes, key=len, reverse=True)))


@cache
def _before_symbol() -> re.Pattern[str]:
    work = r"(?:\s(?:hành\sđộng|công\stác))?"
    return re.compile(rf"(?<!\w)(?P<kind>{_kind_words()}){work}{_NUMBERED}$")


@cache
def _bare() -> re.Pattern[str]:
    """Return the pattern of a kind, a number and perhaps a year, a date or a code without its slash."""
    codes = "|".join(code.code for code in lexicon.document_codes() if code.role == "kind")
    return re.compile(
        rf"(?<!\w)(?P<kind>{_kind_words()})(?P<so>\s[Ss]ố)?\s?:?\s?(?P<number>\d{{1,4}}[a-zđ]?)"
        rf"(?:/(?P<year>(?:19|20)\d\d)(?![\w/])"
        rf"|\s(?P<code>{codes})\s?[{_DASHES}/]\s?(?P<issuer>[{CAPITALS}]\w+)|{_COUNTED})"
        rf"(?:,?\s?ngày\s{_DATE})?"
    )


def find_cited(article: Article) -> tuple[CitedDocument, ...]:
    """Return the documents that the article cites, in order of appearance."""
    citations: list[_Citation] = []
    for where, text in texts_of(article):
        if _DIGIT.search(text):
            citations += _citations(where, text)
    return _joined(citations)


def _citations(where: str, text: str) -> list[_Citation]:
    """Return what one text cites, in order, no two overlapping."""
    found = list(_by_symbol(where, text))
    taken = bytearray(len(text))
    for citation in found:
        _take(taken, citation.evidence)
    for citation in (*_by_number(where, text), *_laws(where, text)):
        if not any(taken[citation.evidence.start : citation.evidence.end]):
            _take(taken, citation.evidence)
            found.append(citation)
    return sorted(found, key=lambda citation: citation.evidence.start)


def _take(taken: bytearray, evidence: Evidence) -> None:
    taken[evidence.start : evidence.end] = b"\1" * (evidence.end - evidence.start)


def _by_symbol(where: str, text: str) -> Iterator[_Citation]:
    for match in _SYMBOL.finditer(text):
        start = match.start()
        token = next(iter(tokenize(text[start : start + _LONGEST_SYMBOL])), None)
        if token is None or token.kind is not Kind.SYMBOL:
            continue
        before = text[max(0, start - _LOOK_BACK) : start]
        told = _before_symbol().search(before)
        if _FORM.search(before):
            continue
        symbol = _read(token.text, is_cited=told is not None or _SAYS_NUMBER.search(before) is not None)
        if symbol is None:
            continue
        kind = _kind(told["kind"]) if told else _kind_of(symbol)
        begin = start - len(before) + (told.start() if told else len(before))
        end = start + token.end
        evidence = Evidence(surface=text[begin:end], block=where, start=begin, end=end)
        yield _Citation(kind, symbol.number, symbol.year, str(symbol), True, evidence)


def _read(text: str, *, is_cited: bool) -> _Symbol | None:
    """Return the symbol in its official form, or None if it is something else with a slash (`km/h`)."""
    number, *rest = (part.strip() for part in _SEPARATOR.split(text))
    year = rest.pop(0) if len(rest[0]) == 4 and rest[0].isdigit() else ""
    kind = _code(rest[0])
    has_kind = kind is not None and kind.role == "kind"
    if not all(_CODE.fullmatch(code) or _code(code) for code in rest):
        return None
    if not (is_cited or year or (has_kind and len(rest) > 1) or (len(rest) > 1 and rest[0].isupper())):
        return None
    codes = tuple(_official(code, is_first=index == 0) for index, code in enumerate(rest))
    if codes == ("NĐ",):
        codes = ("NĐ", "CP")
    is_party = not year and len(codes) > 1 and _has_party_form(codes, printed=text)
    return _Symbol(_two_digits(number), year, codes, is_party)


def _official(code: str, *, is_first: bool) -> str:
    """Return the code as it is officially written: `QD` is `QĐ` where the kind stands, `TƯ` is `TW`."""
    if code in ("TƯ", "TW"):
        return "TW"
    known = _code(code)
    is_same = known is not None and known.code.lower() == code.lower()
    if known and (is_same or (is_first and known.role == "kind")):
        return known.code
    return code.upper() if code.islower() else code


def _has_party_form(codes: tuple[str, ...], *, printed: str) -> bool:
    """Tell whether the symbol is one of the Party: by its office, or if that is unknown, as printed."""
    office = _code(codes[1])
    if office and office.role in ("state", "party") and office.code == codes[1]:
        return office.role == "party"
    if codes[1].endswith(("TW", "TU", "HU", "ĐUK")):
        return True
    separator = _SEPARATOR.search(printed)
    return separator is not None and separator[0] != "/"


def _kind_of(symbol: _Symbol) -> str | None:
    code = _code(symbol.codes[0])
    if code is None or code.role != "kind":
        return None
    return code.party if symbol.is_party and code.party else code.meaning


def _two_digits(number: str) -> str:
    """Return the number with a zero before a single digit, as the rules of offices ask."""
    digits = number.rstrip("abcdđefghijklmnopqrstuvwxyz")
    return (digits.lstrip("0") or "0").zfill(2) + number[len(digits) :]


def _by_number(where: str, text: str) -> Iterator[_Citation]:
    """Yield the documents cited by kind and number."""
    for match in _bare().finditer(text):
        kind = _kind(match["kind"])
        if not _is_cited(kind, match) or _is_part(text, match):
            continue
        evidence = Evidence(surface=match[0], block=where, start=match.start(), end=match.end())
        number, year = _two_digits(match["number"]), match["year"] or ""
        if match["code"]:
            symbol = _read(f"{number}/{match['code']}-{match['issuer']}", is_cited=True)
            if symbol:
                yield _Citation(kind, number, "", str(symbol), True, evidence)
        elif year and kind == _GOVERNMENT:
            yield _Citation(kind, number, year, f"{number}/{year}/NĐ-CP", True, evidence)
        else:
            yield _Citation(kind, number, year, _name(kind, number, match), False, evidence)


def _is_cited(kind: str, match: re.Match[str]) -> bool:
    """Tell whether kind and number are a citation, and not a count (`chương trình số 1`)."""
    is_capital = match["kind"][0].isupper()
    if match["day"] or match["year"] or match["code"]:
        return True
    if match["so"]:
        return is_capital or kind in _ALWAYS_LEGAL
    is_known = kind in _KNOWN_BY_NUMBER and (is_capital or kind in _LEGISLATION)
    return is_known and 2 <= len(match["number"]) <= 3


def _is_part(text: str, match: re.Match[str]) -> bool:
    """Tell whether a number goes on behind the match (`số 05, 08-CT/TU`, `Kế hoạch 26-KH/ĐUK`)."""
    return (
        text[match.end() : match.end() + 1] in tuple("/_-\u2010\u2011\u2013\u2014\u2212")
        and match["day"] is None
    )


def _name(kind: str, number: str, match: re.Match[str]) -> str:
    if match["year"]:
        return f"{kind} {number}/{match['year']}"
    date = f" ngày {int(match['day'])}/{int(match['month'])}/{match['of']}" if match["day"] else ""
    return f"{kind} {number}{date}"


def _laws(where: str, text: str) -> Iterator[_Citation]:
    """Yield the laws named with their year."""
    for match in _LAW.finditer(text) if "uật " in text else ():
        name = " ".join(match["name"].split())
        if _NO_LAW.search(name) or _TREATY.search(text, max(0, match.start() - _LOOK_BACK), match.start()):
            continue
        kind = "Bộ luật" if match["law"].startswith("Bộ") else "Luật"
        evidence = Evidence(surface=match[0], block=where, start=match.start(), end=match.end())
        name = f"{kind} {name[0].upper()}{name[1:]} {match['year']}"
        yield _Citation(kind, name, match["year"], name, False, evidence)


def _joined(citations: Iterable[_Citation]) -> tuple[CitedDocument, ...]:
    """Return one document for the citations of each."""
    citations = list(citations)
    full = {c.name: c for c in citations if c.is_symbol or " ngày " in c.name}
    found: dict[str, _Found] = {}
    for citation in citations:
        name = citation.name if citation.name in full else _meant(citation, full.values())
        document = found.setdefault(name, _Found(full.get(name, citation)))
        if citation.kind:
            document.kinds[citation.kind] += 1
        document.mentions.append(citation.evidence)
    return tuple(_document(name, document) for name, document in found.items())


def _meant(citation: _Citation, full: Iterable[_Citation]) -> str:
    """Return the name of the only document of that kind and number, or the citation's own."""
    same = {
        other.name
        for other in full
        if (other.kind, other.number) == (citation.kind, citation.number)
        and citation.year in ("", other.year)
    }
    return same.pop() if len(same) == 1 else citation.name


def _document(name: str, found: _Found) -> CitedDocument:
    kinds = found.kinds.most_common(1)
    return CitedDocument(symbol=name, kind=kinds[0][0] if kinds else None, mentions=tuple(found.mentions))
