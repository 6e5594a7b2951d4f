"""The files of an article: which of those that it links to are fetched."""

from __future__ import annotations

from collections.abc import Iterable

from archive_search.crawler.discover.targets import FILE, distinct
from archive_search.portals import Profile
from archive_search.records import Target


def file_targets(
    urls: Iterable[str], article: Target, profile: Profile
) -> tuple[tuple[Target, ...], str | None]:
    """Return the targets among the files of an article; if they are more than are fetched, a word on it."""
    limit = profile.attachments.max_files
    found = distinct(
        Target(url=url, priority=FILE, found_on=article.url)
        for url in urls
        if profile.owns_file(url) and not profile.is_excluded(url) and not profile.is_article(url)
    )
    if not limit or len(found) <= limit:
        return found[:limit], None
    return found[
        :limit
    ], f"links to {len(found)} files, of which {limit} are fetched (attachments: max_files)"
