"""Fetching one URL: the response as it was sent, within a deadline and a size."""

from __future__ import annotations

import hashlib
import http.client
import re
import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from io import BytesIO

import requests
import urllib3.exceptions

import archive_search
from archive_search.clock import Clock
from archive_search.crawler.connections import Address, GuardedAdapter, NotPublic, Wire, is_chunked
from archive_search.crawler.discover import FILE
from archive_search.crawler.tls import Contexts
from archive_search.errors import AddressRefused, FetchFailed, ResponseTooLarge
from archive_search.identity import host_of, wire_url
from archive_search.markup import decoder_of
from archive_search.portals import Politeness, TlsRule
from archive_search.records import Capture, Target, head_fields, raw_fields

_CHUNK = 64 * 1024

# More than a line of 8 KiB in a request common servers refuse (nginx, Apache), and with it every page.
_MAX_COOKIE = 8000

_TRANSFER = re.compile(rb"^transfer-encoding(?=[ \t]*:)", re.IGNORECASE | re.MULTILINE)
_RENAMED = b"X-Archive-Orig-Transfer-Encoding"

# The one spelling that every reader of WARC files knows.
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] +\d{3}(?: [^\n]*)?\r?\n")

PRODUCT = "archive-search"
"""Our product token: the name that a robots.txt calls us by (RFC 9309, 2.2.1)."""

_FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)
_TOO_LATE = (requests.Timeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)

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
    """Fetches URLs over one `requests` session, identifying itself and never following redirects.

    `roots` is a file of the certificates that all others rest on; by default those that browsers trust.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        connect_to: Mapping[str, Address] | None = None,
        tls: Iterable[TlsRule] = (),
        roots: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._wire = Wire(connect_to or {}, self._clock.monotonic)
        self._contexts = Contexts(tls, roots)
        self._session = _Session()
        # Neither proxies nor passwords of this machine's environment go to a portal.
        self._session.trust_env = False
        adapter = GuardedAdapter(self._wire, self._contexts)
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
        `AddressRefused` if the host has no public address and none is configured, and `FetchFailed` for
        all other failures. Once the headers are there, it carries the capture of what came until then:
        of a body that is not there within `bounds.deadline_s` or breaks off, and with `ResponseTooLarge`
        of one that is over `bounds.max_bytes`, sent or decoded, or that no page has.
        """
        self._wire.begin(bounds.deadline_s)
        captured_at = self._clock.now()
        try:
            request = self._prepared(target)
            response = self._session.send(request, stream=True, allow_redirects=False)
        except NotPublic as exc:
            raise AddressRefused(target.url, str(exc)) from exc
        except _FAILURES as exc:
            raise FetchFailed(target.url, _reason(exc)) from exc
        recorded = _recorded(self._wire.head)
        is_tls = str(request.url).startswith("https:")
        head = Capture(
            url=target.url,
            captured_at=captured_at,
            status=response.status_code,
            headers=head_fields(recorded),
            payload=b"",
            sha256="",
            request_headers=tuple(request.headers.items()),
            ip_address=self._wire.peer,
            method=target.method,
            sent=(target.body or "").encode(),
            relaxed=self._contexts.relaxed(host_of(str(request.url))) if is_tls else (),
            head=recorded if _STATUS_LINE.match(recorded) else None,
        )
        return _with_body(head, response, target, bounds.max_bytes)

    def _prepared(self, target: Target) -> requests.PreparedRequest:
        url = wire_url(target.url, target.method)
        request = self._session.prepare_request(
            requests.Request(target.method, url, headers=_conditions(target), data=target.body)
        )
        if len(request.headers.get("Cookie", "")) > _MAX_COOKIE:
            self._session.cookies.clear()
            del request.headers["Cookie"]
        # urllib3 would send the same, but where the request is not recorded.
        request.headers["Host"] = _host(str(request.url))
        return request


def _with_body(head: Capture, response: requests.Response, target: Target, max_bytes: int) -> Capture:
    """Return the capture with its body; if that does not come whole, raise why, with what there is of it."""
    body = BytesIO()
    try:
        with response:
            _check_head(response, target, max_bytes)
            _read(response, body, target.url, max_bytes)
    except ResponseTooLarge as exc:
        raise ResponseTooLarge(exc.url, exc.reason, _held(head, body, "length")) from exc
    except _FAILURES as exc:
        truncated = "time" if any(isinstance(cause, _TOO_LATE) for cause in _causes(exc)) else "disconnect"
        raise FetchFailed(target.url, _reason(exc), _held(head, body, truncated)) from exc
    return _held(head, body)


def _held(head: Capture, body: BytesIO, truncated: str | None = None) -> Capture:
    # Without a copy: the buffer gives away its own bytes.
    payload = body.getvalue()
    return replace(head, payload=payload, sha256=hashlib.sha256(payload).hexdigest(), truncated=truncated)


def _check_head(response: requests.Response, target: Target, max_bytes: int) -> None:
    """Raise `ResponseTooLarge` if the headers say that the body is not worth waiting for."""
    media_type = response.headers.get("Content-Type", "").strip().lower()
    if target.priority != FILE and media_type.startswith(("audio/", "video/")):
        kind = media_type.partition(";")[0].strip()
        raise ResponseTooLarge(target.url, f"{kind} where a page should be; its body is left out")
    declared = response.raw.length_remaining or 0
    if declared > max_bytes:
        raise ResponseTooLarge(target.url, f"the body would be {declared} bytes, over {max_bytes}")


class _Decoded:
    """The length of a body with its content coding off, told without keeping it."""

    def __init__(self, coding: str) -> None:
        self._is_coded = coding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._decoder: zlib._Decompress | None = None
        self.length = 0

    def add(self, data: bytes, limit: int) -> None:
        """Count on, until the length is over the limit."""
        if self._is_coded and data and self._decoder is None:
            self._decoder = decoder_of(data)
        while self._decoder and self._is_coded and data and self.length <= limit:
            try:
                self.length += len(self._decoder.decompress(data, _CHUNK))
            except zlib.error:
                # A broken body is kept as it was sent; who reads it says what is wrong with it.
                self._is_coded = False
                return
            data = self._decoder.unconsumed_tail


def _read(response: requests.Response, body: BytesIO, url: str, max_bytes: int) -> None:
    """Read the body up to its end, or to `max_bytes` of it; raises `ResponseTooLarge` if there are more."""
    decoded = _Decoded(response.headers.get("Content-Encoding", ""))
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body.write(chunk[: max_bytes - body.tell()])
        decoded.add(chunk, max_bytes)
        if decoded.length > max_bytes:
            raise ResponseTooLarge(url, f"the body decodes to more than {max_bytes} bytes")
        if body.tell() == max_bytes and response.raw.tell() > max_bytes:
            raise ResponseTooLarge(url, f"the body is over {max_bytes} bytes")


def _conditions(target: Target) -> dict[str, str]:
    if target.method != "GET":
        return {"Content-Type": "application/x-www-form-urlencoded"}
    conditions = {"If-None-Match": target.etag, "If-Modified-Since": target.last_modified}
    # What is not ASCII goes back in the octets that it came in, which http.client writes as Latin-1.
    return {name: value.encode().decode("latin-1") for name, value in conditions.items() if value}


def _host(url: str) -> str:
    return url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]


def _recorded(head: bytes) -> bytes:
    """Return the head as sent, but for the transfer coding if it is off the payload already.

    Its header is renamed, as other crawlers do, so that no reader takes it off a second time. A line of
    nothing but blanks is left out: to readers it would be the end of the headers.
    """
    lines = re.findall(rb"[^\n]*\n|[^\n]+", head)
    kept = [line for line in lines[:-1] if line.decode("latin-1").strip()]
    end = lines[-1] if not lines[-1].strip() else lines[-1].rstrip() + b"\r\n\r\n"
    recorded = b"".join([*kept, end])
    return _TRANSFER.sub(_RENAMED, recorded) if is_chunked(raw_fields(head)) else recorded


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
