"""WACZ: a zip file with WARC files, and a list of what is in it with their digests.

https://specs.webrecorder.net/wacz/1.1.1/
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive_search.archive.importing.formats import UNZIPPABLE
from archive_search.archive.importing.placing import copy
from archive_search.errors import IntegrityError, WarcUnreadable

_LIST = "datapackage.json"
_LIST_DIGEST = "datapackage-digest.json"
_PAGES = re.compile(r"pages/[^/]+\.jsonl")
_WARC = re.compile(r"\.(warc|arc|wacz)(\.gz)?$", re.IGNORECASE)

# WARC files are stored in a WACZ as they are; plain ones may be deflated.
_RATIO = 100
_ALWAYS = 64 * 1024 * 1024
_LIST_AT_MOST = 64 * 1024 * 1024
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A WARC file, or another WACZ, in a WACZ: its name there, and the digest that the list has of it."""

    name: str
    digest: str | None
    size: int


class Wacz:
    """An open WACZ; nothing in it is ever written under a path that it names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except UNZIPPABLE as exc:
            raise WarcUnreadable(f"{path} cannot be read as WACZ: {exc}. Get it again.") from exc
        self._check_members()
        self._digests = self._listed()

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def _check_members(self) -> None:
        names = [info.filename for info in self._zip.infolist()]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(names) < 5000 else []
        if len({*names}) < len(names):
            what = f" ({', '.join(twice[:3])})" if twice else ""
            raise WarcUnreadable(
                f"{self._path} cannot be read as WACZ: two members have the same name{what}, so it does not "
                "say which one is meant."
            )
        if any(info.flag_bits & _ENCRYPTED for info in self._zip.infolist()):
            raise WarcUnreadable(f"{self._path} cannot be read as WACZ: it is encrypted. Decrypt it first.")

    def _listed(self) -> dict[str, str]:
        """Return the digests that the list of contents has, by name; they are checked where they apply."""
        names = self._zip.namelist()
        if _LIST not in names:
            return {}
        text = self._small(_LIST)
        if _LIST_DIGEST in names:
            said = self._parsed(self._small(_LIST_DIGEST), _LIST_DIGEST).get("hash")
            if isinstance(said, str):
                self._compare(_LIST, said, hashlib.sha256(text).hexdigest())
        resources = self._parsed(text, _LIST).get("resources")
        digests = {}
        for resource in resources if isinstance(resources, list) else []:
            path, said = (
                (resource.get("path"), resource.get("hash")) if isinstance(resource, dict) else (None, None)
            )
            if not isinstance(path, str):
                continue
            if path not in names:
                raise IntegrityError(
                    f"{self._path}: {path} is listed in {_LIST} and is missing. Get it again."
                )
            if isinstance(said, str):
                digests[path] = said
        return digests

    def _small(self, name: str) -> bytes:
        if self._zip.getinfo(name).file_size > _LIST_AT_MOST:
            raise WarcUnreadable(f"{self._path} cannot be read as WACZ: {name} is too large.")
        try:
            with self._zip.open(name) as file:
                return file.read(_LIST_AT_MOST)
        except (*UNZIPPABLE, OSError) as exc:
            raise self._broken(name, exc) from exc

    def _parsed(self, text: bytes, name: str) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except ValueError as exc:
            raise WarcUnreadable(f"{self._path} cannot be read as WACZ: {name} is no JSON: {exc}.") from exc
        return value if isinstance(value, dict) else {}

    def members(self) -> Iterator[Member]:
        """Yield the WARC files and the WACZ files in it."""
        for info in self._zip.infolist():
            if _WARC.search(info.filename) and not info.is_dir():
                digest = self._digests.get(info.filename)
                yield Member(name=info.filename, digest=digest, size=info.file_size)

    def pages(self) -> int:
        """Return how many pages its lists of pages name."""
        found = 0
        for name in filter(_PAGES.fullmatch, self._zip.namelist()):
            text = self._checked(name, self._small(name))
            found += sum(b'"url"' in line for line in text.splitlines())
        return found

    def _checked(self, name: str, data: bytes) -> bytes:
        if name in self._digests:
            self._compare(name, self._digests[name], hashlib.sha256(data).hexdigest())
        return data

    def extract(self, member: Member, target: Path) -> None:
        """Write a member's bytes to `target`.

        Raises `IntegrityError` if they are not those that the list of contents tells of.
        """
        limit = max(_ALWAYS, self._path.stat().st_size * _RATIO)

        def too_much() -> Exception:
            return WarcUnreadable(
                f"{self._path} cannot be taken in: {member.name} decompresses to more than {limit:,} bytes, "
                f"over {_RATIO} times the size of the whole."
            )

        if member.size > limit:
            raise too_much()
        try:
            with self._zip.open(member.name) as source:
                digest = copy(source, target, at_most=limit, too_much=too_much)
        except UNZIPPABLE as exc:
            raise self._broken(member.name, exc) from exc
        except OSError as exc:
            if exc.errno != errno.EINVAL:  # a member that is said to stand before the beginning
                raise
            raise self._broken(member.name, exc) from exc
        if member.digest:
            self._compare(member.name, member.digest, digest)

    def _broken(self, name: str, exc: Exception) -> IntegrityError:
        return IntegrityError(f"{self._path}: {name} is broken: {exc}. Nothing was taken in. Get it again.")

    def _compare(self, name: str, said: str, found: str) -> None:
        algorithm, _, value = said.rpartition(":")
        if algorithm.lower() in ("", "sha256", "sha-256") and value.lower() != found:
            raise IntegrityError(
                f"{self._path}: {name} is not what the WACZ says it is: its SHA-256 is {found}, and "
                f"{value.lower()} is written there. Nothing was taken in. Get the file again."
            )
