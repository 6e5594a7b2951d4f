"""From captured bytes to a parsed page: content coding, kind, character set, BeautifulSoup."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from bs4 import BeautifulSoup

from archive_search.errors import PageUnreadable
from archive_search.markup.bodies import MAX_DECODED_BYTES, body_bytes, decoder_of
from archive_search.markup.decoding import Decoded, body_text, decoded
from archive_search.markup.kinds import is_html, media_type
from archive_search.markup.links import absolute, leads_to_file, picture_url
from archive_search.records import Capture

__all__ = [
    "MAX_DECODED_BYTES",
    "Decoded",
    "absolute",
    "base_url",
    "body_bytes",
    "body_text",
    "decoded",
    "decoder_of",
    "is_html",
    "leads_to_file",
    "media_type",
    "parse",
    "picture_url",
]

# bs4 warns of XHTML read as HTML; but that is how its server says it is to be read.
_XML_DECLARATION = re.compile(r"\s*<\?xml[^>]*>")


MAX_TAGS = 300_000
"""Start and end tags of one page. The tree of a page takes a kilobyte of memory for each two of them."""


def parse(capture: Capture) -> BeautifulSoup:
    """Return the page as a tree. The parser is named, since bs4 takes whichever is installed.

    Raises `PageUnreadable` if the body cannot be read, or has over `MAX_TAGS` tags.
    """
    if body_bytes(capture).count(b"<") > MAX_TAGS:
        raise PageUnreadable(capture.url, f"the page has over {MAX_TAGS:,} tags")
    return BeautifulSoup(_XML_DECLARATION.sub("", body_text(capture), count=1), "lxml")


def base_url(soup: BeautifulSoup, url: str) -> str:
    """Return the address that relative links are relative to: of `<base href>`, else the page's."""
    base = soup.find("base", href=True)
    try:
        return urljoin(url, str(base["href"])) if base else url
    except ValueError:  # a <base> that is no address
        return url
