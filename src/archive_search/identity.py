"""Stable names: an article's id, its version, its blocks' ids. All are hashes of content."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

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


# Added by advertising and newsletters, read by no portal: they name a visit and not a page.
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|zarsrc)=")


def url_key(url: str) -> str:
    """Return what two URLs of one page have in common: host, path and query.

    Scheme, letter case of the host, default port, fragment and tracking parameters are left out;
    everything else may make a difference to some portal and stays.

    >>> url_key("HTTPS://Example.VN:443/tin?id=3&utm_source=x#top")
    'example.vn/tin?id=3'
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:  # no address: it is like nothing but itself
        return url
    query = "&".join(p for p in parts.query.split("&") if p and not _TRACKING.match(p))
    return f"{parts.hostname or ''}{port}{parts.path or '/'}" + (f"?{query}" if query else "")


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
