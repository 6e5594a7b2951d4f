"""Crawls the bench portal with archive-search: `ours.py PORT FOLDER CLEANING`."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path

from archive_search import pipeline
from archive_search.archive import Archive, create
from archive_search.archive.hosts import StoredHosts
from archive_search.clock import Clock
from archive_search.config import load_config
from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.portals import Politeness, load_profile

port, folder, cleaning = int(sys.argv[1]), Path(sys.argv[2]) / "archive", bool(int(sys.argv[3]))
profile = replace(
    load_profile("sotttt-hanoi"),
    seeds=("http://sotttt.hanoi.gov.vn/vi/tin-tuc-su-kien",),
    politeness=Politeness(delay_s=0.0),
)
create(folder)
fetcher = Fetcher(connect_to={"sotttt.hanoi.gov.vn": ("127.0.0.1", port)})
with contextlib.closing(fetcher), Archive(load_config(folder)) as archive:
    if cleaning:
        pipeline.crawl_portal(archive, profile, fetcher)
    else:
        hosts, frontier = StoredHosts(archive.engine), archive.frontier(profile.name)
        for visit in crawl(profile, fetcher, frontier, hosts=hosts, budget=Budget(), clock=Clock()):
            if visit.capture:
                archive.keep(visit.capture, None)
