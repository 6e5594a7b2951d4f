"""Folders in which somebody saved a portal: by HTTrack, by wget, or page by page from a browser."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from archive_search.archive.importing.httrack import LARGEST, Cached, read_cache
from archive_search.archive.importing.links import restored
from archive_search.archive.importing.placing import file_digest, provenance, record, response
from archive_search.records import Capture

_HEAD = 64 * 1024

# What tools write into a page that they save: its URL, and when that was.
_MARKS = (
    re.compile(
        rb"<!--\s*Mirrored from (?P<url>\S+) by HTTrack Website Copier/[^\]]*\],\s*(?P<date>[^>]+?)\s*-->"
    ),
    re.compile(
        rb"<!--\s*Page saved with SingleFile\s+url:\s*(?P<url>\S+)\s+saved date:\s*(?P<date>[^\r\n(]+)"
    ),
    re.compile(rb"<!--\s*saved from url=\(\d+\)(?P<url>\S+)\s*-->"),
)
_LAUNCHED = re.compile(r"launched on (\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8})")
_HOST = re.compile(r"(?i)(?=.*[a-z])[a-z0-9-]+(\.[a-z0-9-]+)+([:+]\d+)?")
_PAGES = (".html", ".htm", ".xhtml", ".shtml", ".asp", ".aspx", ".php", ".jsp")

# What a URL may hold as it is, and the percent sign of what is encoded already.
_AS_IT_IS = "%!$&'()*+,;=:@/?-._~[]"

# HTTrack's own files, in the folder where it worked.
_OF_HTTRACK = ("hts-log.txt", "hts-stop.lock", "backblue.gif", "fade.gif", "cookies.txt", "index.html")


@dataclass(slots=True)
class Saved:
    """What a folder gave: records by type, files that gave none with the reason, and other counts."""

    records: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[str, str]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def folder_digest(folder: Path, host: str | None, scheme: str) -> str:
    """Return a digest of all files in a folder, their names, and how they are to be read."""
    digest = hashlib.sha256(f"{host} {scheme}\n".encode())
    for path in _files(folder):
        digest.update(
            f"{path.relative_to(folder).as_posix()}\n{file_digest(path)}\n".encode("utf-8", "replace")
        )
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    # A link may lead anywhere, and round in a circle.
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def recode_folder(
    folder: Path, target: Path, *, host: str | None, scheme: str, said: dict[str, str]
) -> Saved:
    """Write what a folder holds as WARC: responses from a cache, other files as resources."""
    mirror = _Mirror(folder, host, scheme)
    with target.open("wb") as file:
        file.write(provenance(mirror.made_at, **said))
        mirror.write(file)
    return mirror.saved


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a saved file comes from, and when it was saved."""

    url: str
    at: datetime


class _Mirror:
    """A folder of saved files, with what is known of each."""

    def __init__(self, folder: Path, host: str | None, scheme: str) -> None:
        self.saved = Saved()
        self._folder, self._host, self._scheme = folder, host, scheme
        self._is_httrack = (folder / "hts-cache").is_dir() or (folder / "hts-log.txt").exists()
        self._files = {path.relative_to(folder).as_posix(): path for path in _files(folder)}
        self._places: dict[str, _Place] = {}
        for name in [name for name in self._files if self._is_own(name)]:
            self._files.pop(name)
            self.saved.counts["files of HTTrack's own"] += 1
        for name, path in self._files.items():
            if found := self._marked(path):
                self._places[name] = found
        self._is_httrack = self._is_httrack or bool(self._places)
        self.made_at = self._made_at()

    def _is_own(self, name: str) -> bool:
        if not self._is_httrack:
            return False
        return name.startswith("hts-cache/") or (
            name in _OF_HTTRACK and self._marked(self._files[name]) is None
        )

    def _marked(self, path: Path) -> _Place | None:
        """Return what the tool that saved a page wrote into it, or None."""
        with path.open("rb") as file:
            head = file.read(_HEAD)
        for mark in _MARKS:
            if found := mark.search(head):
                url = _url(found["url"], self._scheme)
                groups = found.groupdict()
                date = _date(groups["date"].decode("latin-1")) if groups.get("date") else None
                if url:
                    return _Place(url=url, at=date or _modified(path))
        return None

    def _made_at(self) -> datetime:
        """Return when the folder was made: HTTrack gives its files the time of Last-Modified."""
        if self._places:
            return max(place.at for place in self._places.values())
        log = self._folder / "hts-log.txt"
        if log.exists():
            found = _LAUNCHED.search(log.read_text(encoding="utf-8", errors="replace")[:_HEAD])
            return (_date(found[1]) if found else None) or _modified(log)
        return max((_modified(path) for path in self._files.values()), default=datetime.now(UTC))

    def write(self, file: BinaryIO) -> None:
        """Write the records: what the cache has as it was sent, all else as it was saved."""
        done: set[str] = set()
        cached = list(self._cached())
        for found, name in cached:
            url = _url(found.address.encode(), self._scheme)
            if name and url:
                self._places.setdefault(name, _Place(url=url, at=self.made_at))
        for name in self._files:
            if name not in self._places and (place := self._by_layout(name)):
                self._places[name] = place
        for found, name in cached:
            if data := self._response(found, name):
                file.write(data)
                done.add(name)
        for name in self._files:
            if name not in done and (data := self._resource(name)):
                file.write(data)

    def _cached(self) -> Iterator[tuple[Cached, str]]:
        """Yield what the cache has, with the name of the saved file if there is one."""
        for found in read_cache(self._folder):
            if isinstance(found, str):
                self.saved.problems.append(("hts-cache/new.zip", found))
                continue
            parts = found.saved_as.split("/")
            # The path may be that of another machine, as a whole.
            ends = ("/".join(parts[at:]) for at in range(len(parts)))
            yield found, next((end for end in ends if end in self._files), "")

    def _response(self, found: Cached, name: str) -> bytes | None:
        url = _url(found.address.encode(), self._scheme)
        body = found.body
        if body is None and name and name.lower().endswith(_PAGES):
            return None  # what was saved has other links than what was sent
        if body is None and name:
            body = self._content(name)
        if url is None or body is None:
            return None
        at = self._places[name].at if name else self.made_at
        self.saved.records["response"] += 1
        sha256 = hashlib.sha256(body).hexdigest()
        return response(
            Capture(
                url=url,
                captured_at=at,
                status=found.status,
                headers=found.headers,
                payload=body,
                sha256=sha256,
            )
        )

    def _by_layout(self, name: str) -> _Place | None:
        """Return where a file comes from by its path, in a folder whose paths are those of the portal."""
        is_page = name.lower().endswith(_PAGES)
        if self._is_httrack and is_page:
            return None  # HTTrack renames pages: the path says little
        first, _, rest = name.partition("/")
        if self._host:
            origin, path = self._host, name
        elif rest and _HOST.fullmatch(first):
            origin, path = first.replace("+", ":"), rest
        else:
            return None
        if is_page:
            path = re.sub(r"(^|/)index\.html?$", r"\1", path)
        url = _url(f"{origin}/{path}".encode("utf-8", "surrogateescape"), self._scheme)
        return (
            _Place(url=url, at=self.made_at if self._is_httrack else _modified(self._files[name]))
            if url
            else None
        )

    def _resource(self, name: str) -> bytes | None:
        place = self._places.get(name)
        is_page = name.lower().endswith(_PAGES)
        if place is None:
            self.saved.counts["files without a URL"] += 1
            if is_page:
                self.saved.problems.append(
                    (name, "nothing says which URL this page has; --host tells whose paths these are")
                )
            return None
        content = self._content(name)
        if content is None:
            return None
        media_type = "text/html" if is_page else mimetypes.guess_type(name)[0] or "application/octet-stream"
        if media_type in ("text/html", "application/xhtml+xml"):
            content = restored(content, name, self._url_of)
        self.saved.records["resource"] += 1
        fields = (("Archive-Search-Saved-As", quote(name)),)
        return record("resource", place.url, place.at, media_type, content, fields)

    def _url_of(self, name: str) -> str | None:
        for candidate in (name, f"{name}/index.html"):
            if place := self._places.get(candidate):
                return place.url
        return None

    def _content(self, name: str) -> bytes | None:
        path = self._files[name]
        if path.stat().st_size > LARGEST:
            self.saved.problems.append((name, f"the file is over {LARGEST // 1_000_000} MB"))
            return None
        return path.read_bytes()


def _url(written: bytes, scheme: str) -> str | None:
    """Return a URL as it is captured (ASCII, with a scheme), or None for what is none of the web."""
    try:
        text = written.decode()
    except UnicodeDecodeError:
        text = written.decode("latin-1")
    text = text.replace("&amp;", "&")
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)://", text)
    if found and found[1].lower() not in ("http", "https"):
        return None
    if not found:
        if not re.match(r"[^/?#\s:]+(:\d+)?(/|$)", text):
            return None
        text = f"{scheme}://{text}"
    head, slashes, rest = text.partition("://")
    host, _, path = rest.partition("#")[0].partition("/")
    return f"{head.lower()}{slashes}{host.lower()}/{quote(path, safe=_AS_IT_IS)}" if host else None


def _date(written: str) -> datetime | None:
    """Return a time as mail, HTTP and JavaScript write it, or None."""
    text = re.sub(
        r"^(\w{3}) (\w{3}) (\d+) (\d{4}) (.*?)(GMT)?([+-]\d{4})?\s*$", r"\1, \3 \2 \4 \5 \7", written
    )
    try:
        found = parsedate_to_datetime(text.strip())
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
