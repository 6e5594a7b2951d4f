"""Fetching one URL: the response as it was sent, within a deadline and a size."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import requests
import urllib3.exceptions

import archive_search
from archive_search.crawler.connections import Address, GuardedAdapter, NotPublic, Wire
from archive_search.errors import AddressRefused, FetchFailed, ResponseTooLarge
from archive_search.portals import Politeness
from archive_search.records import Capture, Target

_CHUNK = 64 * 1024

PRODUCT = "archive-search"
"""Our product token: the name that a robots.txt calls us by (RFC 9309, 2.2.1)."""

_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.InvalidURL, urllib3.exceptions.LocationParseError), "no valid URL"),
    ((urllib3.exceptions.NameResolutionError,), "the host's name cannot be resolved"),
    # Up to the headers a timeout is one of requests, which leaves the body to us.
    ((requests.Timeout,), "no answer within the deadline"),
    ((urllib3.exceptions.ReadTimeoutError,), "the body was not there within the deadline"),
    ((ssl.SSLCertVerificationError,), "the server's certificate cannot be verified"),
    ((ssl.SSLError,), "no TLS connection to the server"),
    ((urllib3.exceptions.NewConnectionError,), "no connection to the server"),
    ((http.client.RemoteDisconnected,), "the server closed the connection without an answer"),
    ((http.client.IncompleteRead, urllib3.exceptions.IncompleteRead), "the response broke off"),
    ((http.client.HTTPException, urllib3.exceptions.InvalidHeader), "the answer is not valid HTTP"),
    ((OSError,), "the response broke off"),
)
"""Why a fetch failed, by what is found first, from the top of this table, among the causes."""


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: a redirect is a response like others.

        Told not to follow one, `requests` still reads its body, all of it and decoded, and its target.
        """
        return None


class Fetcher:
    """Fetches URLs over one `requests` session, identifying itself and never following redirects."""

    def __init__(
        self,
        *,
        contact: str = "",
        connect_to: Mapping[str, Address] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = Wire(connect_to or {}, clock)
        self._session = _Session()
        # Neither proxies nor passwords of this machine's environment go to a portal.
        self._session.trust_env = False
        adapter = GuardedAdapter(self._wire)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        about = f"; {contact}" if contact else ""
        self._session.headers.update(
            {
                "User-Agent": f"Mozilla/5.0 (compatible; {PRODUCT}/{archive_search.__version__}{about})",
                "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
                "Accept-Language": "vi,en;q=0.5",
                "Accept-Encoding": "gzip, deflate",
            }
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def fetch(self, target: Target, bounds: Politeness) -> Capture:
        """Return what the server sent for the target's URL, whatever the status.

        Asks only for what changed where the target has validators (RFC 9110, 13.1). Raises
        `ResponseTooLarge` over `bounds.max_bytes`, sent or decoded, `AddressRefused` if the host has no
        public address and none is configured, and `FetchFailed` for all other failures, among them a
        body that is not there within `bounds.deadline_s`.
        """
        self._wire.begin(bounds.deadline_s)
        captured_at = datetime.now(UTC).replace(microsecond=0)
        try:
            request = self._prepared(target)
            response = self._session.send(request, stream=True, allow_redirects=False)
            with response:
                payload = _read(response, target.url, bounds.max_bytes)
        except NotPublic as exc:
            raise AddressRefused(target.url, str(exc)) from exc
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
        ) as exc:
            raise FetchFailed(target.url, _reason(exc)) from exc
        return Capture(
            url=target.url,
            captured_at=captured_at,
            status=response.status_code,
            headers=_headers(response),
            payload=payload,
            sha256=hashlib.sha256(payload).hexdigest(),
            request_headers=tuple(request.headers.items()),
            ip_address=self._wire.peer,
        )

    def _prepared(self, target: Target) -> requests.PreparedRequest:
        request = self._session.prepare_request(
            requests.Request("GET", target.url, headers=_conditions(target))
        )
        # urllib3 would send the same, but where the request is not recorded.
        request.headers["Host"] = _host(str(request.url))
        return request


class _Decoded:
    """The length of a body with its content coding off, told without keeping it."""

    def __init__(self, coding: str) -> None:
        # +32: zlib or gzip header, found by itself (zlib.h, inflateInit2).
        known = coding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._decoder = zlib.decompressobj(zlib.MAX_WBITS + 32) if known else None
        self.length = 0

    def add(self, data: bytes, limit: int) -> None:
        """Count on, until the length is over the limit."""
        while self._decoder and data and self.length <= limit:
            try:
                self.length += len(self._decoder.decompress(data, _CHUNK))
            except zlib.error:
                # A broken body is kept as it was sent; who reads it says what is wrong with it.
                self._decoder = None
                return
            data = self._decoder.unconsumed_tail


def _read(response: requests.Response, url: str, max_bytes: int) -> bytes:
    body = bytearray()
    decoded = _Decoded(response.headers.get("Content-Encoding", ""))
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLarge(url, f"the body is over {max_bytes} bytes")
        decoded.add(chunk, max_bytes)
        if decoded.length > max_bytes:
            raise ResponseTooLarge(url, f"the body decodes to more than {max_bytes} bytes")
    return bytes(body)


def _conditions(target: Target) -> dict[str, str]:
    conditions = {"If-None-Match": target.etag, "If-Modified-Since": target.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _host(url: str) -> str:
    return url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]


def _headers(response: requests.Response) -> tuple[tuple[str, str], ...]:
    """Return the headers as sent, but for the transfer coding, which is off the payload already.

    Its header is renamed, as other crawlers do, so that no reader takes it off a second time.
    """
    renamed = {"transfer-encoding": "X-Archive-Orig-Transfer-Encoding"}
    return tuple((renamed.get(name.lower(), name), value) for name, value in response.raw.headers.items())


def _reason(exc: BaseException) -> str:
    causes = tuple(_causes(exc))
    for kinds, reason in _REASONS:
        if any(isinstance(cause, kinds) for cause in causes):
            return reason
    return f"the response broke off ({type(exc).__name__})"


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield the exception and what it came from: requests wraps urllib3's, which wrap http.client's."""
    while exc:
        yield exc
        exc = exc.__cause__ or exc.__context__
