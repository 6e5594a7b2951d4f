"""Connections that go to public addresses only and keep one deadline from the first byte to the last."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    InsecureRequestWarning,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)

from archive_search.crawler.addresses import not_public
from archive_search.crawler.tls import Contexts
from archive_search.records import raw_fields

_CONNECT_TIMEOUT_S = 15.0

_MAX_HEAD = 1024 * 1024
_MAX_LINE = 256 * 1024
_MAX_HEADERS = 1000
_MAX_INTERIM = 20
_INTERIM = re.compile(rb"HTTP/\S+\s+1(?!01)\d\d\b")
_FRAMING = (b"content-length", b"connection", b"keep-alive", b"proxy-connection")

Address = tuple[str, int]
"""An IP address or a name, and a port; 0 stands for the port of the URL."""

_Socket = tuple[socket.AddressFamily, Any]


class NotPublic(Exception):
    """A host has no address that may be connected to; the message names one and its kind."""


class Wire:
    """What the connections of one fetcher share: where they may go, until when, and where they went.

    It serves one exchange at a time, as a fetcher does.
    """

    def __init__(
        self, connect_to: Mapping[str, Address], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.connect_to = connect_to
        self.clock = clock
        self.deadline = 0.0
        self.peer: str | None = None
        """The address that the latest response came from."""
        self.head = b""
        """The status line and headers of the latest response, as they came."""

    def begin(self, seconds: float) -> None:
        """Start an exchange that may take this long."""
        self.deadline = self.clock() + seconds
        self.peer = None
        self.head = b""

    def left(self) -> float:
        """Return the seconds until the deadline; raises `TimeoutError` when there are none."""
        seconds = self.deadline - self.clock()
        if seconds <= 0:
            raise TimeoutError("past the deadline")
        return seconds


class _Guarded(HTTPConnection):
    """A connection that checks where it goes before it goes there, and tells where it went."""

    def __init__(self, *args: Any, wire: Wire, **kwargs: Any) -> None:
        self._wire = wire
        self._peer: str | None = None
        super().__init__(*args, **kwargs)
        cast(Any, self).response_class = partial(_DeadlinedResponse, wire=wire)

    def _new_conn(self) -> socket.socket:
        try:
            return self._opened(list(self._candidates()))
        except TimeoutError as exc:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from exc
        except OSError as exc:
            raise NewConnectionError(self, f"no connection to {self.host}: {exc}") from exc

    def _candidates(self) -> Iterator[_Socket]:
        """Yield the socket addresses of the host that may be connected to.

        These are connected to as they are. A name that is looked up once for the check and again for the
        connection could have another address the second time.
        """
        mapped = self._wire.connect_to.get(self.host)
        address, port = mapped or (self._dns_host.strip("[]"), self.port)
        found = self._resolved((address, port or self.port))
        refused = []
        for family, address in found:
            kind = None if mapped else not_public(address[0])
            if kind:
                refused.append(f"{address[0]} ({kind})")
            else:
                yield family, address
        if refused and len(refused) == len(found):
            raise NotPublic(f"{self.host} is at {refused[0]}, which is no public address")

    def _resolved(self, address: Address) -> list[_Socket]:
        try:
            found = _looked_up(address, self._wire.left())
        except socket.gaierror as exc:
            raise NameResolutionError(self.host, self, exc) from exc
        except UnicodeError as exc:
            raise LocationParseError(self.host) from exc
        return [(family, socket_address) for family, _, _, _, socket_address in found]

    def _opened(self, candidates: list[_Socket]) -> socket.socket:
        failure = OSError("no address")
        for family, address in candidates:
            try:
                sock = self._connected(family, address)
            except OSError as exc:
                failure = exc
            else:
                self._peer = str(address[0])
                return sock
        raise failure

    def _connected(self, family: socket.AddressFamily, address: Any) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            # A TLS handshake, which comes next, keeps to the socket's timeout as a whole.
            sock.settimeout(min(_CONNECT_TIMEOUT_S, self._wire.left()))
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        return sock

    def getresponse(self) -> Any:
        # A response without a body gives its connection back, and one with `Connection: close` closes
        # it, before a caller could ask for the address.
        self._wire.peer = self._peer
        return super().getresponse()


def _looked_up(address: Address, seconds: float) -> list[Any]:
    """Return what `getaddrinfo` says; raises `TimeoutError` if it, which cannot be stopped, says nothing."""
    answer: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            answer.set_result(socket.getaddrinfo(*address, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            answer.set_exception(exc)

    threading.Thread(target=look_up, daemon=True).start()
    return answer.result(seconds)


class _GuardedTls(_Guarded, HTTPSConnection):
    """The same over TLS."""


class _DeadlinedResponse(HTTPResponse):
    """A response each read of which is over by the deadline of the exchange."""

    def __init__(self, sock: socket.socket, *args: Any, wire: Wire, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Deadlined(raw, sock, wire))
        self._wire = wire

    def begin(self) -> None:
        """Read the head of the final answer, past interim ones (RFC 9110, 15.2).

        http.client gets what says how long the body is. Of all headers it would drop those behind a line
        that is none, and it refuses to read more than a hundred.
        """
        stream = self.fp
        self._wire.head = head = _final_head(stream)
        fields = raw_fields(head)
        self.fp = io.BufferedReader(io.BytesIO(_framing(head, fields)))
        try:
            super().begin()
        finally:
            self.fp = stream
        message = HTTPMessage()
        for name, value in fields:
            message[name.decode("latin-1")] = value.decode("latin-1")
        self.headers = self.msg = message


def _final_head(stream: io.BufferedReader) -> bytes:
    """Return the lines up to the blank one of the first answer that is final."""
    left = _MAX_HEAD
    for _ in range(_MAX_INTERIM + 1):
        head = _head(stream, left)
        if not _INTERIM.match(head):
            return head
        left -= len(head)
    raise HTTPException("too many interim answers")


def _head(stream: io.BufferedReader, most: int) -> bytes:
    lines: list[bytes] = []
    while line := stream.readline(_MAX_LINE + 1):
        most -= len(line)
        if most < 0 or len(line) > _MAX_LINE or len(lines) > _MAX_HEADERS:
            raise HTTPException("the headers are too long, or too many")
        lines.append(line)
        if line in (b"\r\n", b"\n") or not lines[0].startswith(b"HTTP/"):
            break
    return b"".join(lines)


def _framing(head: bytes, fields: list[tuple[bytes, bytes]]) -> bytes:
    """Return a head that says how long the body is and whether the connection stays, and no more."""
    kept = [head.partition(b"\n")[0] + b"\n"] if head else []
    kept += [b"%s: %s\r\n" % field for field in fields if field[0].lower() in _FRAMING]
    if is_chunked(fields):
        # The last coding is what is taken off here; http.client knows no other beside it.
        kept.append(b"Transfer-Encoding: chunked\r\n")
    return b"".join([*kept, b"\r\n"] if head else kept)


def is_chunked(fields: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether chunked is the last transfer coding, which is off the body when it is read."""
    codings = b",".join(value for name, value in fields if name.lower() == b"transfer-encoding")
    return codings.rpartition(b",")[2].strip().lower() == b"chunked"


class _Deadlined(io.RawIOBase):
    """A socket's stream. A timeout alone is per read, so that a server that drips never runs into it."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket, wire: Wire) -> None:
        self._stream = stream
        self._sock = sock
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._wire.left())
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


class GuardedAdapter(HTTPAdapter):
    """Makes `requests` use these connections.

    `wire.connect_to` maps hosts to the addresses that they are at, whatever their names resolve to, as
    curl's `--connect-to` does: for a portal whose name is gone and whose server is not, and for the
    bundled demo portal. Only such an address may be one that is not public.
    """

    def __init__(self, wire: Wire, contexts: Contexts) -> None:
        self._wire = wire
        self._contexts = contexts
        super().__init__()

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; what was not insisted on with its host is told by the capture, and not here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureRequestWarning)
            return super().send(*args, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave it to the host's own context how its certificate is verified."""
        if conn.scheme == "https":
            conn.cert_reqs = conn.conn_kw["ssl_context"].verify_mode
            conn.assert_hostname = None if conn.conn_kw["ssl_context"].check_hostname else False

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **kw: Any
    ) -> Any:
        """Return the pool of the URL's host, which makes its connections as this module does."""
        pool: Any = super().get_connection_with_tls_context(request, *args, **kw)
        guarded: type[_Guarded] = _Guarded
        if pool.scheme == "https":
            guarded = _GuardedTls
            pool.conn_kw["ssl_context"] = self._contexts.of(pool.host)
        pool.ConnectionCls = partial(guarded, wire=self._wire)
        return pool
