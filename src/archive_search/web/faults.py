"""Pages for what went wrong: what happened, and what the reader can do next."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, render_template
from flask_babel import LazyString, lazy_gettext
from werkzeug.exceptions import HTTPException

from archive_search.errors import (
    ArchiveSearchError,
    BadCursor,
    IndexUnusable,
    IntegrityError,
    SearchTooSlow,
    StorageError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How a fault is told: status code, heading, explanation, and a command for whoever runs the site."""

    status: int
    title: LazyString
    text: LazyString
    command: str = ""


_NOT_FOUND = Fault(
    status=404,
    title=lazy_gettext("There is no such page"),
    text=lazy_gettext(
        "The address may have been cut off when it was copied. Permalinks of this archive never change: "
        "check the address, or search for words of the title."
    ),
)

_TOO_MANY = Fault(
    status=429,
    title=lazy_gettext("Too many searches in a short time"),
    text=lazy_gettext("Wait a minute, then go on. Nothing you were reading is lost."),
)

_BROKEN = Fault(
    status=500,
    title=lazy_gettext("Something went wrong here"),
    text=lazy_gettext(
        "The fault is ours and has been written to the log. Try again; if it stays, tell the archive's staff "
        "the address of this page."
    ),
)

_BAD_REQUEST = Fault(
    status=400,
    title=lazy_gettext("This request cannot be read"),
    text=lazy_gettext("Something in the address is not as it should be. Start again from the search page."),
)

_BY_STATUS = {fault.status: fault for fault in (_NOT_FOUND, _TOO_MANY, _BROKEN)}

_BY_ERROR: dict[type[ArchiveSearchError], Fault] = {
    IndexUnusable: Fault(
        status=503,
        title=lazy_gettext("The search index is being prepared"),
        text=lazy_gettext(
            "Searching is not possible at the moment. Articles can still be read at their permalinks. "
            "Whoever runs the site can build the index with this command:"
        ),
        command="archive-search rebuild",
    ),
    SearchTooSlow: Fault(
        status=503,
        title=lazy_gettext("This search takes too long"),
        text=lazy_gettext(
            "It was stopped. Leave out its commonest words or the stars, or choose filters first."
        ),
    ),
    BadCursor: _BAD_REQUEST,
    IntegrityError: Fault(
        status=409,
        title=lazy_gettext("This capture is damaged"),
        text=lazy_gettext(
            "Its bytes are not those that were archived, so they are not given out. "
            "Whoever runs the site finds the damage with this command:"
        ),
        command="archive-search audit",
    ),
    StorageError: Fault(
        status=503,
        title=lazy_gettext("The archive cannot be read at the moment"),
        text=lazy_gettext("The storage of the archive does not answer. Try again in a few minutes."),
    ),
}


def init_app(app: Flask) -> None:
    """Answer every error with a page."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(ArchiveSearchError, _ours)


def _ours(error: Exception) -> tuple[str, int]:
    # The message is for whoever runs the site and may name folders, so it goes to the log only.
    current_app.logger.error("%s: %s", type(error).__name__, error)
    return _page(next((f for kind, f in _BY_ERROR.items() if isinstance(error, kind)), _BROKEN))


def _http(error: Exception) -> tuple[str, int, list[tuple[str, str]]]:
    status = getattr(error, "code", None) or 500
    fault = _BY_STATUS.get(status, _BROKEN if status >= 500 else _BAD_REQUEST)
    kept = ("allow", "retry-after")
    headers = [(k, v) for k, v in error.get_headers() if k.lower() in kept]  # type: ignore[attr-defined]
    return _page(fault)[0], status, headers


def _page(fault: Fault) -> tuple[str, int]:
    return render_template("fault.html", fault=fault), fault.status
