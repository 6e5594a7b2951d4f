"""What a browser is told it may do with our pages, and how often a client may ask."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from flask import Blueprint, Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # What a reader searched for is nobody's business, least of all the portal's that he goes on to.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

SEARCHES = "120 per minute"
"""Searches of one client: two a second, for a minute on end, is no reader."""


SUGGESTIONS = "300 per minute"
"""Suggestions of one client: five a second are those of somebody who never stops typing."""


def init_app(app: Flask) -> None:
    """Send the headers with every response."""
    app.after_request(_send_headers)


def limit_searches(app: Flask, limits: Mapping[Blueprint, str]) -> None:
    """Bound how often one client may call these views; the counts are kept in this process."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    limiter.request_filter(_is_local)
    for views, limit in limits.items():
        limiter.limit(limit)(views)


def _send_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _is_local() -> bool:
    """Tell whether the client is this machine: the demo, tests, or a proxy that names no client."""
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
