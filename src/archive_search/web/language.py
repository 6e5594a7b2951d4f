"""The two languages of the site, and how each writes dates and numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, request, url_for
from flask_babel import Babel, get_locale
from markupsafe import Markup

import archive_search
from archive_search.web import state

DEFAULT = "vi"
LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

_TRANSLATIONS = Path(archive_search.__file__).parent / "translations"

# Babel's own `11 thg 7, 2022` is written by nobody in Vietnam.
_FORMS = {
    "day": {"vi": "d/M/y", "en": "d MMMM y"},
    "long_day": {"vi": "d 'tháng' M 'năm' y", "en": "d MMMM y"},
    "cited_day": {"vi": "'ngày' d/M/y", "en": "d MMMM y"},
    "month": {"vi": "'tháng' M/y", "en": "MMMM y"},
    "moment": {"vi": "HH:mm:ss 'ngày' d/M/y", "en": "HH:mm:ss 'on' d MMMM y"},
    "clock": {"vi": "HH:mm", "en": "HH:mm"},
}


def init_app(app: Flask) -> None:
    """Teach the app both languages: `lang` in the query string chooses, and every link keeps it."""
    Babel(
        app,
        default_locale=DEFAULT,
        default_translation_directories=str(_TRANSLATIONS),
        locale_selector=current,
    )
    app.add_template_filter(number)
    for form in (day, long_day, month, moment, clock):
        app.add_template_filter(form)
    app.url_defaults(_keep_language)
    app.context_processor(_language_of_page)


def _language_of_page() -> dict[str, Any]:
    """Return what templates say about language.

    `vi` marks the archive's own words on a page in another language, `ui` the page's words among them.
    """
    foreign = current() != DEFAULT
    return {
        "lang": current(),
        "vi": Markup(' lang="vi"') if foreign else "",
        "ui": Markup(' lang="{}"').format(current()) if foreign else "",
        "other_language": other_language,
    }


def current() -> str:
    """Return the code of the language that the request asks for."""
    if "language" not in g:
        g.language = _asked()
    code: str = g.language
    return code


def _asked() -> str:
    # Below /archived/ the query string belongs to the archived URL.
    if not request or request.endpoint == "capture.download":
        return DEFAULT
    code = request.args.get("lang", DEFAULT)
    return code if code in LANGUAGES else DEFAULT


def _keep_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint in ("static", "capture.download"):
        return
    code = values.setdefault("lang", current() if request else DEFAULT)
    if code == DEFAULT:
        # The default needs no parameter, so that permalinks and citations are short.
        del values["lang"]


def other_language() -> tuple[str, str, str]:
    """Return code, name and address of this page in the other language."""
    code = next(code for code in LANGUAGES if code != current())
    if request.endpoint is None or request.method not in ("GET", "HEAD"):
        return code, LANGUAGES[code], url_for("search.page", lang=code)
    # Only what the search page understands is kept: a parameter named `endpoint` is one of url_for's.
    asked = state.read(request.args).params() if request.endpoint.startswith(("search.", "suggest.")) else {}
    return (
        code,
        LANGUAGES[code],
        url_for(request.endpoint, **{**asked, **(request.view_args or {})}, lang=code),
    )


def _written(form: str, when: datetime, zone: Any) -> str:
    locale = get_locale()
    pattern = _FORMS[form][current()]
    return format_datetime(when, pattern, tzinfo=zone, locale=locale)


def day(when: datetime) -> str:
    """Return the date in Vietnam: `11/7/2022`."""
    return _written("day", when, VIETNAM)


def long_day(when: datetime) -> str:
    """Return the date in Vietnam, in words: `11 tháng 7 năm 2022`."""
    return _written("long_day", when, VIETNAM)


def cited_day(when: datetime) -> str:
    """Return the date in Vietnam as a citation has it: `ngày 11/7/2022`."""
    return _written("cited_day", when, VIETNAM)


def month(value: str) -> str:
    """Return a month given as `2022-07`: `tháng 7/2022`."""
    return _written("month", datetime.fromisoformat(f"{value}-01").replace(tzinfo=VIETNAM), VIETNAM)


def moment(when: datetime, zone: str = "utc") -> str:
    """Return date and time to the second, in UTC or (`vietnam`) in Vietnam."""
    return _written("moment", when, VIETNAM if zone == "vietnam" else UTC)


def clock(when: datetime) -> str:
    """Return the time of day in Vietnam; empty at midnight, which portals print for an unknown time."""
    local = when.astimezone(VIETNAM)
    return "" if (local.hour, local.minute) == (0, 0) else _written("clock", when, VIETNAM)


def number(value: int) -> str:
    """Return a whole number with the language's thousands separator."""
    return format_decimal(value, locale=get_locale())
