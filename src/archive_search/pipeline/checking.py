"""Trying a profile on one page."""

from __future__ import annotations

import hashlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from archive_search.cleaning import clean, understand
from archive_search.crawler import Fetcher
from archive_search.errors import ConfigError
from archive_search.pipeline.profiles import Profiles
from archive_search.portals import Profile, load_profile
from archive_search.records import Capture, Document, Target


def check_page(page: str, *, name: str | None, url: str | None, folder: Path) -> tuple[Document, Profile]:
    """Return what a profile makes of a page, and the profile: for `profile check`.

    `page` is a URL or a file's path, `url` the file's address, `name` a profile's name. Raises
    `FetchFailed`, `ProfileError`, or `PageUnreadable` if the page yields no article.
    """
    profile = load_profile(name, folder) if name else Profiles(folder).of(url or page)
    if page.startswith(("http://", "https://")):
        with closing(Fetcher(connect_to=profile.addresses, tls=profile.tls)) as fetcher:
            capture = fetcher.fetch(Target(url=page, priority=0), profile.politeness)
    else:
        capture = _capture_of_file(Path(page), url or f"file:{page}")
    return understand(clean(capture, profile)), profile


def _capture_of_file(path: Path, url: str) -> Capture:
    try:
        payload = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}. Name a file or an http(s) URL.") from exc
    return Capture(
        url=url,
        captured_at=datetime.now(UTC).replace(microsecond=0),
        status=200,
        headers=(("Content-Type", "text/html"),),
        payload=payload,
        sha256=hashlib.sha256(payload).hexdigest(),
    )
