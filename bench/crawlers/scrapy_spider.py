"""Crawls the bench portal with Scrapy: `scrapy_spider.py PORT FOLDER AT_ONCE SYNCED`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

port, folder, at_once, synced = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
SECTION = "/vi/tin-tuc-su-kien"


class Portal(scrapy.Spider):
    """Follows the links that our profile names, and keeps what it is sent."""

    name = "portal"

    async def start(self) -> Any:
        """Yield where the crawl starts."""
        self.file = (folder / "scrapy.warc.gz").open("wb")
        self.writer = WARCWriter(self.file, gzip=True, warc_version="1.1")
        yield scrapy.Request(f"http://127.0.0.1:{port}{SECTION}", callback=self.parse)

    def parse(self, response: Any) -> Iterator[Any]:
        """Keep a listing and follow its links."""
        self.keep(response)
        for link in response.css(".asset-abstract h3.asset-title a, .lfr-pagination a"):
            article = "view_content" in link.attrib["href"]
            yield response.follow(link, callback=self.keep if article else self.parse)

    def keep(self, response: Any) -> None:
        """Write a response to the WARC file."""
        headers = [(k.decode(), v.decode()) for k, values in response.headers.items() for v in values]
        head = StatusAndHeaders(f"{response.status} OK", headers, "HTTP/1.1")
        body = BytesIO(response.body)
        self.writer.write_record(
            self.writer.create_warc_record(response.url, "response", payload=body, http_headers=head)
        )
        if synced:
            self.file.flush()
            os.fsync(self.file.fileno())

    def closed(self, _reason: str) -> None:
        """Close the file."""
        self.file.close()


process = CrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS_PER_DOMAIN": at_once,
        "DOWNLOAD_DELAY": 0,
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Portal)
process.start()
