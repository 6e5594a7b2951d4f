"""The pipeline: joins the stages, which know nothing of one another.

::

    crawl, import -> keep -> clean -> understand -> file   (WARC, then catalogue)
    index                                                  (catalogue -> search index)
    rebuild: WARC -> catalogue -> search index
"""

from __future__ import annotations

from archive_search.pipeline.alarms import attend
from archive_search.pipeline.checking import check_page
from archive_search.pipeline.crawling import crawl_portal
from archive_search.pipeline.hooks import tell
from archive_search.pipeline.importing import (
    Choices,
    ImportReport,
    Wanted,
    import_file,
    import_wayback,
)
from archive_search.pipeline.indexing import IndexReport, RebuildReport, rebuild, update_index
from archive_search.pipeline.progress import Progress
from archive_search.pipeline.sharing import turns
from archive_search.pipeline.status import Status, status, was_crawled

__all__ = [
    "Choices",
    "ImportReport",
    "IndexReport",
    "Progress",
    "RebuildReport",
    "Status",
    "Wanted",
    "attend",
    "check_page",
    "crawl_portal",
    "import_file",
    "import_wayback",
    "rebuild",
    "status",
    "tell",
    "turns",
    "update_index",
    "was_crawled",
]
