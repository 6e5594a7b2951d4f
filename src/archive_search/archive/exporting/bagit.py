"""BagIt 1.0 (RFC 8493): the whole archive in a folder that proves its own completeness."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import archive_search
from archive_search.archive import Archive, articles
from archive_search.archive.exporting.documents import export
from archive_search.archive.exporting.exchanges import newest
from archive_search.archive.exporting.files import kept_files, pieces
from archive_search.config import FILE_NAME
from archive_search.disk import storage_error, sync
from archive_search.errors import ConfigError

ALGORITHMS = ("sha256", "sha512")
EXTRAS = ("synonyms.tsv", "manifest.jsonl")
"""Files beside `archive.toml` that an archive may have."""

_CHUNK = 1024 * 1024
_SECRET = re.compile(r"(?i)password|passwd|secret|token")
_COMMENTED = re.compile(r"(?m)^\s*#.*\b\w*(?i:password|passwd|secret|token)\w*\s*=.*\n?")
# RFC 8493, 2.1.3: what would break a line of a manifest, and the sign of the escape itself.
_ESCAPES = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BagReport:
    """What a bag holds: payload files and their bytes."""

    files: int
    size: int


def write_bag(archive: Archive, folder: Path) -> BagReport:
    """Write the whole archive as a bag into a new folder, without its passwords.

    Raises `ConfigError` if the folder exists, `StorageError` if it cannot be written.
    """
    if folder.exists():
        raise ConfigError(f"{folder} exists already. Name another folder, or move it away.")
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        bag = _Bag(part)
        for name, data in _payload(archive):
            bag.add(f"data/{name}", data)
        report = BagReport(files=len(bag.entries), size=sum(entry.size for entry in bag.entries))
        _describe(bag, archive, report)
        part.rename(folder)
        sync(folder.parent)
    except OSError as exc:
        raise storage_error(folder, exc) from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    size: int
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Bag:
    """A bag that is being written, and what was written of it."""

    folder: Path
    entries: list[_Entry] = field(default_factory=list)

    def add(self, name: str, data: Iterable[bytes]) -> None:
        """Write a file to disk, and note its length and digests."""
        digests = {algorithm: hashlib.new(algorithm) for algorithm in ALGORITHMS}
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for piece in data:
                file.write(piece)
                for digest in digests.values():
                    digest.update(piece)
            size = file.tell()
            file.flush()
            os.fsync(file.fileno())
        sync(path.parent)
        found = {algorithm: digest.hexdigest() for algorithm, digest in digests.items()}
        self.entries.append(_Entry(name=name, size=size, digests=found))

    def manifest(self, algorithm: str, entries: Iterable[_Entry]) -> bytes:
        """Return the lines of a manifest of these files."""
        lines = (f"{entry.digests[algorithm]}  {entry.name.translate(_ESCAPES)}\n" for entry in entries)
        return "".join(lines).encode()


def _payload(archive: Archive) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the names and bytes of what is kept."""
    config = archive.config
    with archive.reading() as db:
        for kept in kept_files(db, config.warc_folder, newest(db)):
            yield f"warc/{kept.path.name}", pieces(kept)
        lines = (
            json.dumps(export(document), ensure_ascii=False) + "\n" for document in articles.documents(db)
        )
        yield "articles.jsonl", (text.encode() for text in lines)
    yield FILE_NAME, [without_secrets((config.folder / FILE_NAME).read_text(encoding="utf-8")).encode()]
    extras = (config.folder / name for name in EXTRAS)
    for path in (*extras, *sorted(config.profile_folder.glob("*.toml"))):
        if path.is_file():
            yield str(path.relative_to(config.folder)), _pieces(path)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece


def _describe(bag: _Bag, archive: Archive, report: BagReport) -> None:
    """Write the tag files: what the bag is, and the digests of its files."""
    payload = list(bag.entries)
    bag.add("bagit.txt", [b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"])
    bag.add("bag-info.txt", [_info(archive, report)])
    for algorithm in ALGORITHMS:
        bag.add(f"manifest-{algorithm}.txt", [bag.manifest(algorithm, payload)])
    tags = bag.entries[len(payload) :]
    for algorithm in ALGORITHMS:
        bag.add(f"tagmanifest-{algorithm}.txt", [bag.manifest(algorithm, tags)])
    sync(bag.folder)


def _info(archive: Archive, report: BagReport) -> bytes:
    config = archive.config
    values = {
        "Source-Organization": config.site_title,
        "Contact-Email": config.contact if "@" in config.contact and ":" not in config.contact else "",
        "External-Description": f"Web archive {config.site_title}: WARC files, settings and articles as JSON",
        "External-Identifier": config.site_url,
        "Bagging-Date": date.today().isoformat(),
        "Bag-Software-Agent": f"archive-search {archive_search.__version__}",
        "Payload-Oxum": f"{report.size}.{report.files}",
    }
    lines = (f"{name}: {' '.join(value.split())}\n" for name, value in values.items() if value)
    return "".join(lines).encode()


def without_secrets(text: str) -> str:
    """Return settings without passwords, those within URLs included.

    Raises `ConfigError` if one is written in such a way that it cannot be taken out.
    """
    secrets = set(_secrets(tomllib.loads(text)))
    for before, secret, behind in secrets:
        for quote in ('"', "'"):
            text = text.replace(
                f"{before or quote}{secret}{behind or quote}", f"{before or quote}REMOVED{behind or quote}"
            )
    text = _COMMENTED.sub("", text)
    if secrets & set(_secrets(tomllib.loads(text))):
        raise ConfigError(f"{FILE_NAME} holds a password with escapes in it; write it without them.")
    return text


def _secrets(value: object, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each secret among settings, between the signs that are around it within its value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, name)
    elif isinstance(value, str) and value:
        if _SECRET.search(name):
            yield "", value, ""
        elif "://" in value and (password := urlsplit(value).password):
            yield ":", password, "@"
