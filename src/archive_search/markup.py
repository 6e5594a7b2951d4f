"""From captured bytes to a parsed page: content coding, character set, BeautifulSoup."""

from __future__ import annotations

import codecs
import re
import zlib
from urllib.parse import urljoin

from bs4 import BeautifulSoup

from archive_search.errors import PageUnreadable
from archive_search.records import Capture

MAX_DECODED_BYTES = 50 * 1024 * 1024
"""A page that decodes to more than this is a decompression bomb and not a page."""

_META_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)


def is_html(capture: Capture) -> bool:
    """Tell whether the capture says it is an HTML page, or says nothing and looks like one."""
    kind = (capture.header("Content-Type") or "").split(";")[0].strip().lower()
    if kind:
        return kind in ("text/html", "application/xhtml+xml")
    return capture.payload[:512].lstrip()[:1] == b"<"


def body_bytes(capture: Capture, limit: int = MAX_DECODED_BYTES) -> bytes:
    """Return the payload with its content coding taken off.

    Raises `PageUnreadable` if the coding is unknown or broken, or the result is over `limit` bytes.
    """
    coding = (capture.header("Content-Encoding") or "identity").strip().lower()
    if coding == "identity":
        return capture.payload
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise PageUnreadable(capture.url, f"content coding {coding!r} is not supported")
    # +32: zlib or gzip header, found by itself (zlib.h, inflateInit2).
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 32)
    try:
        data = decoder.decompress(capture.payload, limit + 1)
    except zlib.error as exc:
        raise PageUnreadable(capture.url, f"broken {coding} body") from exc
    if len(data) > limit:
        raise PageUnreadable(capture.url, f"decodes to more than {limit} bytes")
    if not decoder.eof:
        raise PageUnreadable(capture.url, f"the {coding} body is cut off")
    return data


def body_text(capture: Capture) -> str:
    """Return the page as text.

    Strict UTF-8 first (portals that declare another set mostly send UTF-8 all the same), then the
    declared character set of header or `<meta>`, last UTF-8 with U+FFFD for what cannot be read.
    """
    data = body_bytes(capture).removeprefix(codecs.BOM_UTF8)
    for charset in ("utf-8", *_declared(capture, data)):
        try:
            return data.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", errors="replace")


def _declared(capture: Capture, data: bytes) -> tuple[str, ...]:
    header = re.search(r"charset=[\"']?([\w-]+)", capture.header("Content-Type") or "", re.IGNORECASE)
    meta = _META_CHARSET.search(data[:4096])
    found = (header and header[1], meta and meta[1].decode("ascii"))
    return tuple(name for name in found if name)


# bs4 warns of XHTML read as HTML; but that is how its server says it is to be read.
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")


def parse(capture: Capture) -> BeautifulSoup:
    """Return the page as a tree. The parser is named, since bs4 takes whichever is installed."""
    return BeautifulSoup(_XML_DECLARATION.sub("", body_text(capture), count=1), "lxml")


def base_url(soup: BeautifulSoup, url: str) -> str:
    """Return the address that relative links are relative to: of `<base href>`, else the page's."""
    base = soup.find("base", href=True)
    try:
        return urljoin(url, str(base["href"])) if base else url
    except ValueError:  # a <base> that is no address
        return url
