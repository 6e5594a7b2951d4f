"""Fetching what a Wayback Machine has of a portal, through the `wayback` package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

import archive_search
from archive_search.clock import Clock
from archive_search.errors import ConfigError, FetchFailed
from archive_search.records import Capture

T = TypeVar("T")

WAYBACK = "https://web.archive.org"
"""The Internet Archive's."""

_ASKED_AGAIN = 5
_LONGEST_PAUSE_S = 900.0
_SHORTEST_PAUSE_S = 5.0

# What was on while the body travelled and is off now.
_OF_TRANSFER = ("content-encoding", "transfer-encoding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A capture that the index of a Wayback Machine lists."""

    url: str
    captured_at: datetime
    is_revisit: bool
    source: Any


class WaybackMachine:
    """A Wayback Machine: its index of captures, and the captures themselves.

    The package keeps to the rates that the Internet Archive asks for; `per_second` changes them.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        address: str = WAYBACK,
        clock: Clock | None = None,
        per_second: float | None = None,
    ) -> None:
        try:
            import wayback
        except ImportError as exc:
            raise ConfigError(
                "Fetching from the Wayback Machine needs the package `wayback`: "
                'pip install "archive-search[wayback]"'
            ) from exc
        self._wayback, self._clock = wayback, clock or Clock()
        about = f" (+{contact})" if contact else ""
        rates = (
            {}
            if per_second is None
            else {"search_calls_per_second": per_second, "memento_calls_per_second": per_second}
        )
        self._session = wayback.WaybackSession(
            user_agent=f"archive-search/{archive_search.__version__}{about}", **rates
        )
        if address.rstrip("/") != WAYBACK:
            self._session.mount(f"{WAYBACK}/", _Elsewhere(address.rstrip("/")))
        self._client = wayback.WaybackClient(self._session)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def search(
        self,
        host: str,
        begin: str | None,
        end: str | None,
        *,
        pages_only: bool = False,
        limit: int | None = None,
    ) -> list[Row]:
        """Return the captures of a host between two times (`2015`, `20150131`), by URL and time.

        Raises `FetchFailed` if the index does not answer, or if the host is excluded from it.
        """
        filters = ["mimetype:(text/html|application/xhtml.xml|warc/revisit)"] if pages_only else None

        def ask() -> list[Row]:
            found = self._client.search(
                host, match_type="host", from_date=begin, to_date=end, filter_field=filters
            )
            return [
                Row(
                    url=row.original,
                    captured_at=row.timestamp.replace(microsecond=0),
                    is_revisit=row.mimetype == "warc/revisit",
                    source=row,
                )
                for row in islice(found, limit)
            ]

        rows = self._patiently(host, ask)
        return list({(row.url, row.captured_at): row for row in rows}.values())

    def fetch(self, row: Row) -> Capture:
        """Return a listed capture as it was made; of a revisit, with the payload of its original.

        Raises `FetchFailed` if it cannot be had.
        """

        def ask() -> Capture:
            memento = self._client.get_memento(row.source, exact=True, follow_redirects=False)
            with memento:
                payload: bytes = memento.content
                return Capture(
                    url=row.url,
                    captured_at=row.captured_at,
                    status=memento.status_code,
                    headers=_headers(memento.headers),
                    payload=payload,
                    sha256=hashlib.sha256(payload).hexdigest(),
                )

        return self._patiently(row.url, ask)

    def _patiently(self, url: str, ask: Callable[[], T]) -> T:
        """Ask, and ask again after the pause that is asked for if there were too many requests."""
        for attempt in range(_ASKED_AGAIN):
            try:
                return ask()
            except self._wayback.exceptions.RateLimitError as exc:
                if attempt + 1 == _ASKED_AGAIN:
                    raise FetchFailed(url, "the Wayback Machine asks for pauses again and again") from exc
                pause = max(float(exc.retry_after or 0), _SHORTEST_PAUSE_S)
                self._clock.sleep(min(pause, _LONGEST_PAUSE_S))
            except (self._wayback.exceptions.WaybackException, requests.RequestException, ValueError) as exc:
                raise FetchFailed(url, " ".join(str(exc).split()) or type(exc).__name__) from exc
        raise AssertionError("an attempt returns or raises")


def _headers(found: Any) -> tuple[tuple[str, str], ...]:
    """Return the headers as the portal sent them, but for what no longer holds of the body."""
    return tuple(
        (f"X-Archive-Orig-{name}" if name.lower() in _OF_TRANSFER else _titled(name), str(value))
        for name, value in found.items()
    )


def _titled(name: str) -> str:
    return re.sub(r"(^|-)([a-z])", lambda found: found[0].upper(), name)


class _Elsewhere(HTTPAdapter):
    """Sends what is meant for the Internet Archive to another machine that speaks as it does."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request there; what comes back looks as if it came from the Internet Archive."""
        there = request.copy()
        there.url = self._address + (request.url or "").removeprefix(WAYBACK)
        response = super().send(there, *args, **kwargs)
        response.url, response.request = request.url or "", request
        return response
