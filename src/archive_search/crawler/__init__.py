"""A portal profile in, visits out: each a capture, or the reason why there is none."""

from __future__ import annotations

from archive_search.crawler.fetch import Fetcher
from archive_search.crawler.pace import Budget, Hosts
from archive_search.crawler.run import Frontier, crawl

__all__ = ["Budget", "Fetcher", "Frontier", "Hosts", "crawl"]
