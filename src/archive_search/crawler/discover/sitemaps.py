"""Sitemaps (sitemaps.org): XML or text, plain or gzipped, and indexes of them, read as a stream.

`lastmod` is a hint: portals stamp every page with the time at which the sitemap was made, or keep the first
date for ever. It decides the order at most, and never that a page is not fetched.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal
from urllib.parse import urlsplit
from xml.parsers import expat

from archive_search.crawler.discover.targets import LISTING, distinct, in_full, in_scope, named_targets
from archive_search.errors import PageUnreadable, ReadInPart
from archive_search.identity import url_key
from archive_search.markup import body_text
from archive_search.portals import Profile
from archive_search.records import Capture, Target

MAX_BYTES = 100 * 1024 * 1024
"""Of a sitemap, packed or not; the protocol allows half of it, and some portals exceed that."""

MAX_LEVELS = 11
"""How deep indexes of indexes are followed. The protocol knows one level, portals a few more."""

MAX_URLS = 50_000
"""Of one sitemap, as the protocol says."""

MAX_ELEMENTS = 1_000_000
"""Of one sitemap: twenty for each URL. Millions of empty ones would keep us busy for a minute."""

_CHUNK = 64 * 1024
_MAX_TOKEN = 1024 * 1024  # no tag or address is longer; the parser would keep all of it in memory
_MAX_DEPTH = 32
_MAX_URL = 8192
_ROBOTS_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_LEVEL = re.compile(r"#sitemap-level=(\d+)$")
_GZIP = b"\x1f\x8b"
_ENCODING = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]{1,40})["']""", re.ASCII)
# An address pasted into XML as it is: http://portal.vn/?a=1&b=2
_BARE_AMPERSAND = re.compile(rb"&(?!#?\w{1,10};)")
# Nothing is tried twice (`?>`, `*+`): five hundred empty comments could be split in 2^500 ways.
_ROOT = re.compile(
    rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>)*+<(?:\w+:)?(urlset|sitemapindex|rss|feed|RDF)\b",
    re.DOTALL,
)


def is_declared(target: Target, profile: Profile) -> bool:
    """Tell whether the profile, a robots.txt or an index says that the target is a sitemap."""
    return target.url in profile.sitemap_urls or bool(_LEVEL.search(target.found_on or ""))


def moved(target: Target, profile: Profile) -> str:
    """Return on what the address was found to which a sitemap or feed redirects: the level is kept."""
    return _found_on(target.url, _level(target)) if is_declared(target, profile) else target.url


def _found_on(url: str, level: int) -> str:
    # Where a sitemap was found also tells, to whoever reads the frontier, how deep that was.
    return f"{url}#sitemap-level={level}"


def kind(capture: Capture, target: Target, profile: Profile) -> Literal["robots", "sitemap", "feed"] | None:
    """Return what a capture is other than a page: by its root element, else by what the profile says."""
    if urlsplit(capture.url).path == "/robots.txt":
        return "robots"
    root = _ROOT.match(_head(capture))
    if root:
        return "sitemap" if root[1] in (b"urlset", b"sitemapindex") else "feed"
    if is_declared(target, profile):
        return "sitemap"
    return "feed" if target.url in profile.feed_urls else None


def _head(capture: Capture) -> bytes:
    try:
        return next(_decoded(capture), b"")[:4096].removeprefix(codecs.BOM_UTF8)
    except PageUnreadable:
        return b""


def named_in_robots(capture: Capture, profile: Profile) -> tuple[Target, ...]:
    """Return the sitemaps that a robots.txt names, if the profile asks for them."""
    if "robots" not in profile.sitemaps:
        return ()
    lines = _ROBOTS_LINE.findall(body_text(capture))
    urls = (url for line in lines if (url := in_full(line, capture.url)) and in_scope(url, profile))
    found_on = _found_on(capture.url, 1)
    return distinct(Target(url=url, priority=LISTING, found_on=found_on) for url in urls)


def read(capture: Capture, target: Target, profile: Profile) -> tuple[Target, ...]:
    """Return what a sitemap names: articles and listings in scope, and other sitemaps if it is an index.

    Raises `PageUnreadable` if that is nothing because it is broken or no sitemap at all, `ReadInPart`
    with what stands before the fault otherwise.
    """
    entries = _Entries()
    try:
        _parse(capture, entries)
        fault = None
    except PageUnreadable as exc:
        fault = exc.reason
    level = _level(target)
    if entries.sitemaps and level >= MAX_LEVELS:
        fault = fault or f"indexes are nested deeper than {MAX_LEVELS} levels"
        entries.sitemaps.clear()
    inner = _inner(entries.sitemaps, capture, target, level, profile)
    pages = named_targets(_newest_first(entries.pages), capture.url, target.url, profile)
    found = distinct((*inner, *pages))
    if fault and not found:
        raise PageUnreadable(capture.url, f"sitemap: {fault}")
    if fault:
        raise ReadInPart(capture.url, f"sitemap: {fault}", found)
    return found


def _level(target: Target) -> int:
    """Return how many indexes lead to a sitemap, and one for itself."""
    found = _LEVEL.search(target.found_on or "")
    return int(found[1]) if found else 1


def _inner(
    addresses: list[str], capture: Capture, target: Target, level: int, profile: Profile
) -> Iterator[Target]:
    """Yield the sitemaps of an index, which may name itself."""
    found_on = _found_on(target.url, level + 1)
    for address in addresses:
        url = in_full(address, capture.url)
        if url and in_scope(url, profile) and url_key(url) != url_key(target.url):
            yield Target(url=url, priority=LISTING, found_on=found_on)


def _newest_first(pages: list[tuple[str, str]]) -> list[str]:
    """Return the addresses, the newest first if their dates say anything at all."""
    if len({lastmod[:10] for _, lastmod in pages if lastmod}) > 1:
        pages = sorted(pages, key=lambda page: page[1][:10], reverse=True)
    return [loc for loc, _ in pages]


class _Entries:
    """What an XML parser finds: addresses of sitemaps, and of pages with their `lastmod`."""

    def __init__(self) -> None:
        self.sitemaps: list[str] = []
        self.pages: list[tuple[str, str]] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._loc = self._lastmod = ""
        self._elements = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Go into an element."""
        name = tag.rpartition("}")[2]
        if not self._path and name not in ("urlset", "sitemapindex"):
            raise _Broken(f"no sitemap but <{name[:40]}>")
        if len(self._path) >= _MAX_DEPTH:
            raise _Broken(f"nested deeper than {_MAX_DEPTH} elements")
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise _Broken(f"more than {MAX_ELEMENTS} elements")
        self._path.append(name)
        self._text = []
        if len(self._path) == 2:
            self._loc = self._lastmod = ""

    def data(self, text: str) -> None:
        """Take a piece of text; more than an address can have is no address."""
        if len(self._path) == 3 and sum(map(len, self._text)) < _MAX_URL:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Leave an element. An image's `loc` is one level deeper, and none of an entry."""
        text = "".join(self._text).strip()
        match self._path[1:]:
            case [_, "loc"]:
                self._loc = text
            case [_, "lastmod"]:
                self._lastmod = text
            case ["url"] if self._loc:
                self.add_page(self._loc, self._lastmod)
            case ["sitemap"] if self._loc:
                self._count()
                self.sitemaps.append(self._loc)
        self._path.pop()

    def add_page(self, loc: str, lastmod: str = "") -> None:
        """Keep the address of a page."""
        self._count()
        self.pages.append((loc, lastmod))

    def _count(self) -> None:
        if len(self.sitemaps) + len(self.pages) >= MAX_URLS:
            raise _Broken(f"more than {MAX_URLS} entries")


class _Broken(Exception):
    """A sitemap cannot be read any further."""


def _parse(capture: Capture, entries: _Entries) -> None:
    """Read a sitemap into the entries; raises `PageUnreadable` where it breaks off."""
    pieces = _within(_decoded(capture), capture.url)
    # PHP scripts leave blank lines before the XML declaration, which no parser allows.
    first = next(pieces, b"").removeprefix(codecs.BOM_UTF8).lstrip()
    is_xml = first.startswith((b"<", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        (_parse_xml if is_xml else _parse_text)(chain((first,), pieces), entries)
    except (LookupError, ValueError) as exc:
        raise PageUnreadable(capture.url, "in a character set that XML parsers do not know") from exc
    except expat.ExpatError as exc:
        raise PageUnreadable(capture.url, f"broken XML in line {exc.lineno}") from exc
    except _Broken as exc:
        raise PageUnreadable(capture.url, str(exc)) from exc


def _parse_xml(pieces: Iterator[bytes], entries: _Entries) -> None:
    first = next(pieces, b"")
    parser = expat.ParserCreate(_encoding(first), "}")
    parser.StartElementHandler = entries.start
    parser.CharacterDataHandler = entries.data
    parser.EndElementHandler = entries.end
    parser.EntityDeclHandler = _refuse
    rest = b""
    for piece in chain((first,), pieces):
        # Up to the end of a tag, so that no address is handed over in halves.
        whole, end, rest = (rest + piece).rpartition(b">")
        parser.Parse(_mended(whole + end))
        if len(rest) > _MAX_TOKEN:
            raise _Broken(f"no tag ends for {_MAX_TOKEN} bytes")
    parser.Parse(_mended(rest), True)


def _encoding(first: bytes) -> str | None:
    """Return UTF-8 where that is called by a name unknown to the parser; None where it may go by the name."""
    declared = _ENCODING.match(first)
    try:
        is_utf8 = declared is None or codecs.lookup(declared[1].decode()).name == "utf-8"
    except LookupError:
        is_utf8 = True
    return "utf-8" if declared and is_utf8 else None


def _refuse(*declaration: object) -> None:
    """Stop at the declaration of an entity: ten of them can stand for gigabytes, or for a local file."""
    raise _Broken("declares entities, which no sitemap needs")


def _mended(xml: bytes) -> bytes:
    """Return the XML with its bare ampersands escaped, where that can be told from the bytes."""
    if b"\0" in xml or b"<![CDATA[" in xml:
        return xml
    return _BARE_AMPERSAND.sub(b"&amp;", xml)


def _parse_text(pieces: Iterable[bytes], entries: _Entries) -> None:
    """Read a text sitemap, a URL a line."""
    for line in _lines(pieces):
        url = line.decode("utf-8", errors="replace").strip()
        if url.startswith(("http://", "https://")):
            entries.add_page(url)
    if not entries.pages:
        raise _Broken("neither XML nor a list of URLs")


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = re.split(rb"\r\n?|\n", rest + piece)
        yield from lines
        if len(rest) > _MAX_URL:
            raise _Broken(f"a line is over {_MAX_URL} bytes")
    yield rest


def _within(pieces: Iterable[bytes], url: str) -> Iterator[bytes]:
    """Yield the pieces until they are too much."""
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MAX_BYTES:
            raise PageUnreadable(url, f"decodes to more than {MAX_BYTES} bytes")
        yield piece


def _decoded(capture: Capture) -> Iterator[bytes]:
    """Yield the payload in pieces, with the content coding off and unpacked if it is a gzip file."""
    coding = (capture.header("Content-Encoding") or "identity").strip().lower()
    payload = capture.payload
    pieces: Iterator[bytes] = (payload[at : at + _CHUNK] for at in range(0, len(payload), _CHUNK))
    if coding in ("gzip", "x-gzip", "deflate"):
        pieces = _unpacked(pieces, capture.url)
    elif coding != "identity":
        raise PageUnreadable(capture.url, f"content coding {coding!r} is not supported")
    first = next(pieces, b"")
    pieces = chain((first,), pieces)
    # Servers send a .gz file with a content coding of its own, with none, or unpacked already.
    yield from _unpacked(pieces, capture.url) if first.startswith(_GZIP) else pieces


def _unpacked(pieces: Iterable[bytes], url: str) -> Iterator[bytes]:
    """Yield what is packed in gzip or zlib format, a little at a time; a file can have several members."""
    # +32: zlib or gzip header, found by itself (zlib.h, inflateInit2).
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 32)
    for piece in pieces:
        while piece:
            if decoder.eof:
                decoder = zlib.decompressobj(zlib.MAX_WBITS + 32)
            try:
                yield decoder.decompress(piece, _CHUNK)
            except zlib.error as exc:
                raise PageUnreadable(url, "broken gzip data") from exc
            piece = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise PageUnreadable(url, "the gzip data is cut off")
