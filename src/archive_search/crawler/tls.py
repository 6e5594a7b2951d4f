"""TLS as a portal's hosts need it: always verified, but for what the profile names, host by host.

A server that sends its own certificate only is helped out with the ones between it and a root. They
complete a chain and begin none: without a root that vouches for them they are worth nothing.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Iterable

import certifi
from urllib3.util.ssl_ import create_urllib3_context

from archive_search.portals import TlsRule

# openssl/x509_vfy.h, X509_V_FLAG_NO_CHECK_TIME; the ssl module has no name for it.
_NO_CHECK_TIME = 0x200000
# openssl/ssl.h, SSL_OP_LEGACY_SERVER_CONNECT; the ssl module has a name for it since Python 3.12.
_LEGACY_SERVER_CONNECT = 0x4

# Level 0 lets old key lengths and SHA-1 in; suites without a key or a certificate are in no DEFAULT.
_ALL_CIPHERS = "DEFAULT:@SECLEVEL=0"


def _weak_ciphers(context: ssl.SSLContext) -> None:
    context.set_ciphers(_ALL_CIPHERS)


def _legacy_renegotiation(context: ssl.SSLContext) -> None:
    context.options |= _LEGACY_SERVER_CONNECT


def _old_versions(context: ssl.SSLContext) -> None:
    # The handshake of TLS 1.0 is signed with MD5 and SHA-1.
    context.set_ciphers(_ALL_CIPHERS)
    with warnings.catch_warnings():
        # That it is out of use is known to whoever wrote this into a profile.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1


def _expired(context: ssl.SSLContext) -> None:
    context.verify_flags |= _NO_CHECK_TIME


def _other_name(context: ssl.SSLContext) -> None:
    context.check_hostname = False


def _unverified(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


_RELAX: dict[str, Callable[[ssl.SSLContext], None]] = {
    "weak-ciphers": _weak_ciphers,
    "legacy-renegotiation": _legacy_renegotiation,
    "tls1.0": _old_versions,
    "expired": _expired,
    "other-name": _other_name,
    "unverified": _unverified,
}


class Contexts:
    """How each host is spoken TLS with; `roots` is a file of the certificates that all others rest on."""

    def __init__(self, rules: Iterable[TlsRule] = (), roots: str | None = None) -> None:
        self._rules = {rule.host: rule for rule in rules}
        self._roots = roots or certifi.where()
        self._made: dict[str, ssl.SSLContext] = {}

    def relaxed(self, host: str) -> tuple[str, ...]:
        """Return what is not insisted on with a host."""
        rule = self._rules.get(host)
        return rule.relax if rule else ()

    def of(self, host: str) -> ssl.SSLContext:
        """Return the context for connections to a host; all hosts without a rule share one."""
        rule = self._rules.get(host)
        name = host if rule else ""
        if name not in self._made:
            self._made[name] = self._context(rule or TlsRule(host=""))
        return self._made[name]

    def _context(self, rule: TlsRule) -> ssl.SSLContext:
        context = create_urllib3_context()
        context.load_verify_locations(self._roots)
        # Set since Python 3.13: with it, a certificate that completes a chain would be as good as a root.
        context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
        if rule.intermediates:
            context.load_verify_locations(cadata=rule.intermediates)
        for relaxation in rule.relax:
            _RELAX[relaxation](context)
        return context
