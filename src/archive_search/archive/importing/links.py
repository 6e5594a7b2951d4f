"""Links of a page that a mirror made local, led back to where they led."""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

# The attributes that mirrors rewrite. Bytes, so that what is not a link stays as it was saved.
_LINK = re.compile(
    rb"""(?is)(\s(?:href|src|action|background|data|longdesc|cite|poster)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)"""
)
_ABSOLUTE = re.compile(rb"\s*([a-zA-Z][a-zA-Z0-9+.-]*:|//|#|\?)")


def restored(page: bytes, place: str, url_of: Callable[[str], str | None]) -> bytes:
    """Return a page with its local links made URLs again.

    `place` is the page's path in the mirror, with slashes; `url_of` returns the URL of what stands at
    such a path, or None, in which case the link is left alone.
    """

    def restore(found: re.Match[bytes]) -> bytes:
        written = found[2]
        mark = written[:1] if written[:1] in (b'"', b"'") else b""
        value = html.unescape(written.strip(b"\"'").decode("utf-8", "surrogateescape"))
        url = _url(value, place, url_of)
        if url is None:
            return found[0]
        mark = mark or b'"'
        return found[1] + mark + html.escape(url, quote=True).encode() + mark

    return _LINK.sub(restore, page)


def _url(value: str, place: str, url_of: Callable[[str], str | None]) -> str | None:
    raw = value.strip().encode("utf-8", "surrogateescape")
    if not raw or _ABSOLUTE.match(raw):
        return None
    path, mark, fragment = value.strip().partition("#")
    folder = posixpath.dirname(place)
    for candidate in (path, path.partition("?")[0]):
        local = unquote_to_bytes(candidate.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
        if url := url_of(posixpath.normpath(posixpath.join(folder, local))):
            return url + (mark + quote(fragment, safe="%!$&'()*+,;=:@/?-._~") if mark else "")
    return None
