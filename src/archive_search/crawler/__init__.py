"""A portal profile in, visits out: each a capture, or the reason why there is none."""

from __future__ import annotations

from archive_search.crawler.fetch import Fetcher
from archive_search.crawler.run import Frontier, Pace, crawl

__all__ = ["Fetcher", "Frontier", "Pace", "crawl"]
