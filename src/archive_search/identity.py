"""Stable names: an article's id, its version, its blocks' ids. All are hashes of content."""

from __future__ import annotations

import hashlib
import json
import re
import string
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote, urlsplit

from archive_search.records import Block, BlockKind

# 50 bits: among ten million articles the chance of any collision is 4 %, among one archive's
# hundred thousand 4 in a million; the catalogue refuses a second article under the same id.
_ARTICLE_CHARS = 10
_VERSION_CHARS = 10
_BLOCK_CHARS = 7


def _short_hash(text: str, chars: int) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:chars]


def article_id(portal: str, number: str | None, url: str) -> str:
    """Return the article's id: of the portal and its own number, else of the URL's key."""
    return _short_hash(f"{portal}\n{url_key(url) if number is None else number}", _ARTICLE_CHARS)


# Added by advertising and newsletters, or by a server that knows its visitor by the URL: they name a visit
# and not a page. What could be a page's number (`sid=42`) is one of these only if nobody would write it.
_VISIT = re.compile(
    r"""(?: utm_\w+ | fbclid | gclid | zarsrc                        # where a visitor came from
      | PHPSESSID | ASPSESSIONID[A-Z]{8} | CFID | CFTOKEN            # PHP, classic ASP, ColdFusion
      | p_auth                                                       # Liferay's token against forged forms
      | _afrLoop | _afrWindowMode | _adf\.ctrl-state                 # Oracle ADF: the state of a window
      )= .*
      | (?: sid | sessionid | session_id | jsessionid )= (?=(?:[a-z]*\d){4})(?=\d*[a-z]) [0-9a-z]{20,}
      | _t?= 1\d{12}                                                 # jQuery's way round a cache: the time
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Java's session id stands in the path (Servlet 3.0, 7.1.3).
_VISIT_IN_PATH = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9a-f]{2})", re.IGNORECASE)
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_URL_CHARS = "!#$%&'()*+,/:;=?@[]~"


def url_key(url: str) -> str:
    """Return what two URLs of one page have in common: host, path and query.

    Scheme, default port, fragment, tracking parameters and session ids are left out; host, escapes and
    dot segments are in their normal form (RFC 3986, 6.2.2). Everything else may make a difference to some
    portal and stays, also the order of parameters. A URL is fetched as it was found, not by its key.

    >>> url_key("HTTPS://Example.VN:443/tin?id=3&utm_source=x#top")
    'example.vn/tin?id=3'
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:  # no address: it is like nothing but itself
        return url
    path = _without_dots(_normal(_VISIT_IN_PATH.sub("", parts.path))) or "/"
    query = "&".join(p for p in parts.query.split("&") if p and not _VISIT.fullmatch(p))
    return f"{_ascii_host(parts.hostname or '')}{port}{path}" + (f"?{_normal(query)}" if query else "")


def _ascii_host(host: str) -> str:
    """Return the host as it is asked for in the DNS."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:  # no name that could be registered
        return host


def _normal(text: str) -> str:
    """Return a path or query with every escape in the one spelling that its character has."""
    return _ESCAPE.sub(_normal_escape, quote(text, safe=_URL_CHARS, errors="replace"))


def _normal_escape(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else found[0].upper()


def _without_dots(path: str) -> str:
    """Return the path without its `.` and `..` segments (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept)


_METHOD = "__wb_method"
# What ASP.NET keeps of a page in the page itself: tens of kilobytes, and others at each visit.
_STATE = re.compile(r"__(VIEWSTATE\w*|EVENTVALIDATION|PREVIOUSPAGE)=")


def request_url(url: str, method: str, body: str | None) -> str:
    """Return the URL by which a request is known; of a GET its own, else one that tells what was sent.

    The form is that of pywb and of CDXJ indexes, so that two requests to one address are two pages. What
    ASP.NET notes of its own state is left out.

    >>> request_url("http://portal.vn/api", "POST", "PageIndex=2")
    'http://portal.vn/api?__wb_method=POST&PageIndex=2'
    """
    if method == "GET":
        return url
    sent = [f"{_METHOD}={method}", *(p for p in (body or "").split("&") if p and not _STATE.match(p))]
    return known_by(url, "&".join(sent))


def wire_url(url: str, method: str) -> str:
    """Return the URL that a request known by `url` is sent to: the reverse of `request_url`."""
    return url if method == "GET" else re.split(rf"[?&]{_METHOD}=", url, maxsplit=1)[0]


def sent_with(url: str, method: str) -> str:
    """Return what a request known by `url` is known by besides its address: what `request_url` added."""
    return url[len(wire_url(url, method)) + 1 :]


def known_by(url: str, sent: str) -> str:
    """Return the URL by which a request is known, given its address and what `sent_with` returned."""
    return f"{url}{'&' if '?' in url else '?'}{sent}" if sent else url


def method_of(sent: str) -> str:
    """Return the method of a request, given what `sent_with` returned of it."""
    return sent.split("&", 1)[0].partition("=")[2] or "GET"


def article_version(
    title: str, lead: str | None, published_at: datetime | None, blocks: Iterable[Block]
) -> str:
    """Return the version: a hash of what a reader reads, and of nothing else."""
    content = [
        title,
        lead,
        published_at.isoformat() if published_at else None,
        [[block.kind.value, block.text] for block in blocks],
    ]
    return _short_hash(json.dumps(content, ensure_ascii=False), _VERSION_CHARS)


def edition(version: str, files: Iterable[tuple[str, str]]) -> str:
    """Return what an article's version is together with the texts attached to it, by URL and SHA-256."""
    told = json.dumps([*files])
    return version if told == "[]" else f"{version}+{_short_hash(told, _VERSION_CHARS)}"


def file_id(url: str) -> str:
    """Return by what an attachment is known on the page of its article."""
    return "f" + _short_hash(url, _BLOCK_CHARS)


def host_of(url: str) -> str:
    """Return the host of a URL in lower case; "" where it has none, or is no address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # an unclosed "[" where an IPv6 address would stand
        return ""


def identified(pieces: Iterable[tuple[BlockKind, str]]) -> tuple[Block, ...]:
    """Return the pieces as blocks, each with an id made from its text.

    A text that stands twice gets `-2` the second time, so ids are unique within an article.
    """
    seen: Counter[str] = Counter()
    blocks = []
    for kind, text in pieces:
        name = "p" + _short_hash(text, _BLOCK_CHARS)
        seen[name] += 1
        nth = seen[name]
        blocks.append(Block(id=name if nth == 1 else f"{name}-{nth}", kind=kind, text=text))
    return tuple(blocks)
