"""When an article was published: dates as portals print them, in Vietnam's time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["VIETNAM", "date_in", "formatted_date_in", "iso_date_in"]

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_DAY = r"(0?[1-9]|[12]\d|3[01])"
_MONTH = r"(0?[1-9]|1[0-2])"
_YEAR = r"((?:19|20)\d\d)(?!\d)"
_DATES = (
    re.compile(rf"(?<![\d/.-]){_DAY}\s?[/.-]\s?{_MONTH}\s?[/.-]\s?{_YEAR}"),
    re.compile(rf"ngày\s+{_DAY}\s+tháng\s+{_MONTH}\s+năm\s+{_YEAR}", re.IGNORECASE),
)
# SA and CH (sáng, chiều) are how Windows writes AM and PM in Vietnamese; g stands for giờ.
_TIME = r"([01]?\d|2[0-3])\s?[:hg]\s?([0-5]\d)(?::[0-5]\d)?(?:\s?([AP]M|SA|CH)\b)?"
_GAP = r"[\s|,;()–-]{1,5}"
_TIME_AFTER = re.compile(rf"{_GAP}(?:lúc\s+)?{_TIME}", re.IGNORECASE)
_TIME_BEFORE = re.compile(rf"(?<![\d:]){_TIME}{_GAP}(?:ngày\s+)?$", re.IGNORECASE)
_ISO = re.compile(r"\b(?:19|20)\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s?(?:Z|[+-]\d\d:?\d\d)?)?")

_DIRECTIVES = {
    "%d": r"\d{1,2}",
    "%m": r"\d{1,2}",
    "%Y": r"\d{4}",
    "%H": r"\d{1,2}",
    "%I": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}",
    "%p": "[AaPp][Mm]",
}


def formatted_date_in(text: str, formats: Iterable[str]) -> datetime | None:
    """Return the first date in `text` that is written in one of the strptime `formats`."""
    for written in formats:
        if match := _searcher(written).search(text):
            try:
                return datetime.strptime(" ".join(match[0].split()), written).replace(tzinfo=VIETNAM)
            except ValueError:
                continue
    return None


@lru_cache(maxsize=64)
def _searcher(written: str) -> re.Pattern[str]:
    """Return a pattern that finds what the strptime format describes within a longer text."""
    parts = re.split(r"(%[a-zA-Z])|(\s+)", written)
    found = (_DIRECTIVES.get(p, r"\s+" if p.isspace() else re.escape(p)) for p in parts if p)
    return re.compile(rf"(?<!\d){''.join(found)}(?!\d)")


def date_in(text: str) -> datetime | None:
    """Return the first date printed in `text`, day before month, with the time beside it if there is one.

    >>> date_in("Cập nhật lúc 05:12, 18/06/2020").isoformat()
    '2020-06-18T05:12:00+07:00'
    """
    return next(_dates(text), None)


def _dates(text: str) -> Iterator[datetime]:
    found = sorted((m for date in _DATES for m in date.finditer(text)), key=lambda match: match.start())
    for match in found:
        day, month, year = map(int, match.groups())
        try:
            date = datetime(year, month, day, tzinfo=VIETNAM)
        except ValueError:
            continue
        clock = _TIME_AFTER.match(text, match.end()) or _TIME_BEFORE.search(text, 0, match.start())
        yield date.replace(hour=_hour(clock), minute=int(clock[2])) if clock else date


def _hour(clock: re.Match[str]) -> int:
    hour, half = int(clock[1]), (clock[3] or "").upper()
    if half in ("AM", "SA") and hour == 12:
        return 0
    return hour + 12 if half in ("PM", "CH") and hour < 12 else hour


def iso_date_in(text: str) -> datetime | None:
    """Return the first ISO 8601 date in `text`; one without an offset is in Vietnam's time already."""
    for match in _ISO.finditer(text):
        try:
            date = datetime.fromisoformat(match[0].replace(" ", "T", 1).replace(" ", ""))
        except ValueError:
            continue
        date = date.replace(microsecond=0)
        return date.astimezone(VIETNAM) if date.tzinfo else date.replace(tzinfo=VIETNAM)
    return None
