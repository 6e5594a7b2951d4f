"""Who wrote an article: the line under its text, or the account that published it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archive_search.cleaning.reading import Line, Picture
from archive_search.records import BlockKind

__all__ = ["AUTHOR_CLASS", "are_names", "find_byline", "is_account", "is_labelled"]

_MAX_WORDS = 14
# The byline is among the last lines: after it come only pictures, captions, sources and accounts.
_LINES_TO_LOOK_AT = 8

# Accounts of a portal's staff, printed where a writer's name would be. Compared without spaces, so
# that "Ad Min" is one; unaccented, so that a printed "Ban Biên tập" is none.
_ACCOUNT = re.compile(
    r"(admin|administrator|quảntrị|quantri|quantrivien|webmaster|editor|(pho)?(truong)?banbientap|bientapvien)+\d*"
)
AUTHOR_CLASS = re.compile(r"author|tac-?gia|byline|but-?danh")
_LABELLED = re.compile(
    r"\W{0,2}((tin|bài|ảnh|video|clip|nguồn|tác giả|người viết|thực hiện|biên tập)[\w\s,&/–-]{0,20}:"
    r"|theo\s|nguồn\s|tổng hợp\b|(nhóm )?pv\b)",
    re.IGNORECASE,
)
_BETWEEN_NAMES = re.compile(r"\s*(?:[-–,;&/]|\bvà\b)\s*")
_REMARK = re.compile(r"\s*\([^()]*\)\s*$")
# A signature stands under an office: "KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC / (Đã ký) / Nguyễn Văn A".
_OFFICE = re.compile(r"\b(TM|KT|TL|TUQ)\.|\bT/M\b|[Đđ]ã ký|Nơi nhận")
_ADDRESS = re.compile(r"(https?://|www\.)\S+")
_DATE = re.compile(r"\bngày\b|\d{1,2}[/-]\d{1,2}[/-]\d{4}", re.IGNORECASE)


def is_account(text: str) -> bool:
    """Tell whether a printed author is an account of the portal's staff."""
    return bool(_ACCOUNT.fullmatch(re.sub(r"[\W_]", "", text.lower())))


def is_labelled(text: str) -> bool:
    """Tell whether a line says itself that it names writer, photographer or source."""
    return bool(_LABELLED.match(text))


def find_byline(items: Sequence[Line | Picture]) -> tuple[str | None, frozenset[int]]:
    """Return the byline below the text, and the positions of the lines that are it, or are accounts."""
    found: list[int] = []
    accounts: list[int] = []
    for place in range(len(items) - 1, max(-1, len(items) - 1 - _LINES_TO_LOOK_AT), -1):
        item = items[place]
        if isinstance(item, Line) and is_account(item.text):
            accounts.append(place)
        elif isinstance(item, Line) and _is_byline(item, is_last=not found):
            found.append(place)
        elif found or not _is_trailer(item):
            break
    if not found or _is_signature(items[: found[-1]]):
        return None, frozenset(accounts)
    return _joined([items[place] for place in reversed(found)]), frozenset(accounts + found)


def _is_byline(line: Line, *, is_last: bool) -> bool:
    style, text = line.style, line.text
    if style.kind in (BlockKind.TABLE, BlockKind.CAPTION) or len(text.split()) > _MAX_WORDS:
        return False
    if _DATE.search(text) or _OFFICE.search(text) or not any(map(str.isalpha, text)):
        return False
    if AUTHOR_CLASS.search(style.classes):
        return True
    if style.align == "right":
        return not text.isupper()
    return is_last and (are_names(text) or (is_labelled(text) and not text.endswith(".")))


def _is_trailer(item: Line | Picture) -> bool:
    if isinstance(item, Picture):
        return True
    return item.style.kind is BlockKind.CAPTION or item.style.linked or bool(_ADDRESS.fullmatch(item.text))


def are_names(text: str) -> bool:
    """Tell whether the text is nothing but names of persons."""
    parts = _BETWEEN_NAMES.split(_REMARK.sub("", text).strip(" ."))
    return all(_is_name(part) for part in parts)


def _is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 5 and all(word.isalpha() and word.istitle() for word in words)


def _is_signature(before: Sequence[Line | Picture]) -> bool:
    """Tell whether the short lines just above are an office, so that the name is one who signed."""
    for item in reversed(before):
        if isinstance(item, Picture) or len(item.text.split()) > _MAX_WORDS:
            return False
        if _OFFICE.search(item.text) or item.text.isupper():
            return True
    return False


def _joined(lines: Sequence[Line | Picture]) -> str:
    texts = [line.text.strip(" ./`'*_") for line in lines if isinstance(line, Line)]
    return re.sub(r", (?=\()", " ", ", ".join(texts))
