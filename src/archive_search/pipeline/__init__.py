"""The pipeline: joins the stages, which know nothing of one another.

::

    crawl, import -> keep -> clean -> understand -> file   (WARC, then catalogue)
    index                                                  (catalogue -> search index)
    rebuild: WARC -> catalogue -> search index
"""

from __future__ import annotations

from archive_search.pipeline.checking import check_page
from archive_search.pipeline.crawling import crawl_portal
from archive_search.pipeline.importing import ImportReport, import_warc
from archive_search.pipeline.indexing import IndexReport, RebuildReport, rebuild, update_index
from archive_search.pipeline.progress import Progress
from archive_search.pipeline.status import Status, status, was_crawled

__all__ = [
    "ImportReport",
    "IndexReport",
    "Progress",
    "RebuildReport",
    "Status",
    "check_page",
    "crawl_portal",
    "import_warc",
    "rebuild",
    "status",
    "update_index",
    "was_crawled",
]
