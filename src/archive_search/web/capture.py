"""Raw captures: the very bytes that a portal sent, as a download that no browser will run."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, Response, abort, make_response, render_template, request
from sqlalchemy import Connection
from werkzeug.http import dump_options_header, http_date
from werkzeug.urls import uri_to_iri

from archive_search.archive import captures
from archive_search.archive.captures import StoredCapture
from archive_search.errors import PageUnreadable
from archive_search.markup import body_bytes
from archive_search.records import Capture
from archive_search.web.room import the_room

views = Blueprint("capture", __name__)

STAMP = "%Y%m%d%H%M%S"
"""How an archived URL writes a time (UTC), as web archives do."""

SANDBOX = "default-src 'none'; sandbox"

# What a URL may hold as it is (RFC 3986, 2.2 and 2.3), and the percent sign of what is encoded already.
_AS_IT_IS = "%!$&'()*+,;=:@/?-._~[]"


def capture_url(capture: StoredCapture) -> str:
    """Return our address of a capture: `/archived/20220712030405/http://...`."""
    stamp = capture.captured_at.astimezone(UTC).strftime(STAMP)
    return f"{request.script_root}/archived/{stamp}/{quote(capture.url, safe=_AS_IT_IS)}"


@views.get("/archived/<stamp>/<path:url>")
def download(stamp: str, url: str) -> Response:
    """Give out a capture's payload exactly as it is stored, or say which captures of the URL there are."""
    targets = _targets(stamp, url)
    archive = the_room().archive
    with archive.reading() as db:
        stored = _at(db, targets, _moment(stamp))
        if stored is None:
            return _others(db, targets)
    return _response(archive.read(stored))


def _moment(stamp: str) -> datetime:
    if not re.fullmatch(r"[0-9]{14}", stamp):
        abort(404)
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        abort(404)


def _targets(stamp: str, url: str) -> tuple[str, ...]:
    """Return the URLs that the address may mean, the most literal first.

    WSGI decodes the path, but servers also hand over the line as it was sent. Browsers encode what a
    portal did not; proxies make one slash of two.
    """
    query = request.query_string.decode("latin-1")
    _, found, sent = request.environ.get("REQUEST_URI", "").partition(f"/archived/{stamp}/")
    literal = sent if found else quote(url, safe=_AS_IT_IS) + (f"?{query}" if query else "")
    mended = re.sub(r"^(https?):/+", r"\1://", literal, flags=re.IGNORECASE)
    return tuple(dict.fromkeys((mended, uri_to_iri(mended), unquote(mended))))


def _at(db: Connection, targets: tuple[str, ...], moment: datetime) -> StoredCapture | None:
    found = (captures.at(db, target, moment) for target in targets)
    return next((capture for capture in found if capture), None)


def _others(db: Connection, targets: tuple[str, ...]) -> Response:
    found = next(filter(None, (captures.of_url(db, target) for target in targets)), ())
    page = render_template("capture.html", url=targets[0], captures=found, capture_url=capture_url)
    return make_response(page, 404)


def _response(capture: Capture) -> Response:
    """Return the stored bytes, a content coding still on them.

    The coding is declared, so that the digest fits what is sent and a browser still saves a readable
    file; one that cannot be taken off is not declared.
    """
    response = Response(capture.payload, mimetype="application/octet-stream")
    digest = base64.b64encode(bytes.fromhex(capture.sha256)).decode()
    coding = capture.header("Content-Encoding")
    if coding and _is_sound(capture):
        response.headers["Content-Encoding"] = coding
    response.headers.update(
        {
            "Content-Disposition": dump_options_header("attachment", {"filename": _file_name(capture)}),
            "Content-Security-Policy": SANDBOX,
            "Repr-Digest": f"sha-256=:{digest}:",
            "Memento-Datetime": http_date(capture.captured_at),
            "Link": f'<{quote(capture.url, safe=_AS_IT_IS)}>; rel="original"',
            "X-Archive-Orig-Status": str(capture.status),
            "X-Archive-Orig-Content-Type": _one_line(capture.header("Content-Type") or "unknown"),
            "X-Robots-Tag": "noindex",
        }
    )
    response.set_etag(capture.sha256)
    response.make_conditional(request)
    return response


def _is_sound(capture: Capture) -> bool:
    try:
        body_bytes(capture)
    except PageUnreadable:
        return False
    return True


def _file_name(capture: Capture) -> str:
    """Return a file name of time and URL that every file system takes and no program runs."""
    parts = urlsplit(capture.url)
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"{parts.hostname or ''}{parts.path}").strip("-.")[-80:]
    stamp = capture.captured_at.astimezone(UTC).strftime(STAMP)
    return f"{stamp}-{name or 'capture'}"


def _one_line(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)
