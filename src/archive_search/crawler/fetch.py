"""Fetching one URL: the response as it was sent, within a deadline and a size."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

import archive_search
from archive_search.errors import FetchFailed, ResponseTooLarge
from archive_search.portals import Politeness
from archive_search.records import Capture, Target

_CHUNK = 64 * 1024
_CONNECT_TIMEOUT_S = 15.0

PRODUCT = "archive-search"
"""Our product token: the name that a robots.txt calls us by (RFC 9309, 2.2.1)."""

Address = tuple[str, int]


class _ConnectTo(HTTPAdapter):
    """Connects to another address than a URL's host resolves to; the URL itself stays as it is.

    That is what curl calls `--connect-to`: for a portal whose name is gone and whose server is not,
    and for the bundled demo portal.
    """

    def __init__(self, addresses: Mapping[str, Address]) -> None:
        self._addresses = addresses
        super().__init__()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        host_params: Any
        pool_kwargs: Any
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        host = host_params["host"]
        if host in self._addresses:
            host_params["host"], host_params["port"] = self._addresses[host]
            if host_params["scheme"] == "https":
                # The certificate is still that of the name in the URL.
                pool_kwargs.update(server_hostname=host, assert_hostname=host)
        return host_params, pool_kwargs


class Fetcher:
    """Fetches URLs over one `requests` session, identifying itself and never following redirects."""

    def __init__(
        self,
        *,
        contact: str = "",
        connect_to: Mapping[str, Address] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._session = requests.Session()
        # Neither proxies nor passwords of this machine's environment go to a portal.
        self._session.trust_env = False
        adapter = _ConnectTo(connect_to or {})
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
        `ResponseTooLarge` over `bounds.max_bytes`, `FetchFailed` for all other failures, among them a
        body that is not there within `bounds.deadline_s`.
        """
        deadline = self._clock() + bounds.deadline_s
        timeout = (min(_CONNECT_TIMEOUT_S, bounds.deadline_s), bounds.deadline_s)
        captured_at = datetime.now(UTC).replace(microsecond=0)
        try:
            request = self._prepared(target)
            response = self._session.send(request, stream=True, allow_redirects=False, timeout=timeout)
            with response:
                address = _peer(response)
                payload = self._read(response, target.url, bounds.max_bytes, deadline)
        except (requests.RequestException, HTTPError, OSError) as exc:
            raise FetchFailed(target.url, _reason(exc)) from exc
        return Capture(
            url=target.url,
            captured_at=captured_at,
            status=response.status_code,
            headers=_headers(response),
            payload=payload,
            sha256=hashlib.sha256(payload).hexdigest(),
            request_headers=tuple(request.headers.items()),
            ip_address=address,
        )

    def _prepared(self, target: Target) -> requests.PreparedRequest:
        request = self._session.prepare_request(
            requests.Request("GET", target.url, headers=_conditions(target))
        )
        # urllib3 would name the address connected to; the portal must see its own name.
        request.headers["Host"] = _host(target.url)
        return request

    def _read(self, response: requests.Response, url: str, max_bytes: int, deadline: float) -> bytes:
        # requests' timeout is per read: a server that drips one byte a second never runs into it.
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > max_bytes:
                raise ResponseTooLarge(url, f"the body is over {max_bytes} bytes")
            if self._clock() > deadline:
                raise FetchFailed(url, "the body was not there within the deadline")
        return bytes(body)


def _conditions(target: Target) -> dict[str, str]:
    conditions = {"If-None-Match": target.etag, "If-Modified-Since": target.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _host(url: str) -> str:
    return url.split("://", 1)[1].split("/", 1)[0].split("?", 1)[0].rpartition("@")[2]


def _peer(response: requests.Response) -> str | None:
    connection = getattr(response.raw, "connection", None)
    sock = getattr(connection, "sock", None)
    return str(sock.getpeername()[0]) if sock else None


def _headers(response: requests.Response) -> tuple[tuple[str, str], ...]:
    """Return the headers as sent, but for the transfer coding, which is off the payload already.

    Its header is renamed, as other crawlers do, so that no reader takes it off a second time.
    """
    renamed = {"transfer-encoding": "X-Archive-Orig-Transfer-Encoding"}
    return tuple((renamed.get(name.lower(), name), value) for name, value in response.raw.headers.items())


def _reason(exc: Exception) -> str:
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (requests.exceptions.SSLError, "the server's certificate cannot be verified"),
        ((requests.Timeout, ReadTimeoutError), "no answer within the deadline"),
        (requests.exceptions.InvalidURL, "no valid URL"),
        (requests.ConnectionError, "no connection to the server"),
    )
    for kind, reason in kinds:
        if isinstance(exc, kind):
            return reason
    return f"the response broke off ({type(exc).__name__})"
