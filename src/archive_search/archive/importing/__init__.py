"""Taking in what others captured: copies of WARC files, and WARC files made from everything else.

::

    recognise -> (copy | recode) -> check -> commit

Whatever comes stands in the WARC folder in the end, every record a member of its own, so that the rest
of the program knows one format.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from archive_search.archive.importing.formats import Format, recognise
from archive_search.archive.importing.mirror import folder_digest, recode_folder
from archive_search.archive.importing.placing import (
    Staging,
    copy,
    file_digest,
    provenance,
    response,
    safe_name,
)
from archive_search.archive.importing.recoding import is_gzipped_whole, recode_arc, recode_warc, unpack
from archive_search.archive.importing.wacz import Wacz
from archive_search.archive.warc import read_records
from archive_search.errors import WarcUnreadable
from archive_search.records import Capture

__all__ = ["Choices", "Taken", "place", "take"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How to take in what is not plain: the whole part of a broken file; whose paths a folder has."""

    partial: bool = False
    host: str | None = None
    scheme: str = "http"


@dataclass(slots=True)
class Taken:
    """What an import brought into the WARC folder.

    `records` counts by type what is in the `files`; `counts` has what else was found, `problems` what
    could not be taken in, each with the reason.
    """

    files: list[Path] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[str, str]] = field(default_factory=list)


def take(path: Path, folder: Path, choices: Choices) -> Taken:
    """Bring a file, or a folder of saved pages, into the WARC folder; return what that was.

    Raises `WarcUnreadable` for what cannot be taken in and `IntegrityError` for what is not what it says
    it is; nothing is taken in then.
    """
    taken = Taken()
    with Staging(folder) as staging:
        _Taking(staging, choices, taken).take(path, path.resolve().name)
        staging.commit()
    taken.files = list(dict.fromkeys(taken.files))
    return taken


def place(
    captures: Sequence[Capture], folder: Path, name: str, said: dict[str, str], made_at: datetime
) -> Taken:
    """Write captures that came from another archive to a WARC file of their own; return what that is."""
    with Staging(folder) as staging:
        part = staging.temporary()
        with part.open("wb") as file:
            file.write(provenance(made_at, **said))
            for capture in captures:
                file.write(response(capture))
        final = staging.stage(part, f"{name}.warc.gz")
        staging.commit()
    return Taken(files=[final], records=Counter(warcinfo=1, response=len(captures)))


class _Taking:
    """One import on its way: what it is told, where it puts things, what it has found."""

    def __init__(self, staging: Staging, choices: Choices, taken: Taken, depth: int = 0) -> None:
        self._staging, self._choices, self._taken, self._depth = staging, choices, taken, depth

    def take(self, path: Path, name: str) -> None:
        """Stage what `path` holds, called `name`, in whichever format it is."""
        takers = {
            Format.WARC: self._warc,
            Format.ARC: self._arc,
            Format.WACZ: self._wacz,
            Format.FOLDER: self._folder,
        }
        takers[recognise(path)](path, name)

    def _warc(self, path: Path, name: str) -> None:
        if is_gzipped_whole(path):
            self._recoded(path, name, "WARC")
            return
        part = self._staging.temporary()
        with path.open("rb") as file:
            copy(file, part)
        try:
            self._stage(part, path, name)
        except WarcUnreadable as exc:
            if not exc.sound:
                raise
            why = str(exc).removeprefix(f"{path} ")
            self._break(path, name, why, f"its first {exc.sound:,} bytes are whole")
            with part.open("r+b") as torn:
                torn.truncate(exc.sound)
            self._stage(part, path, name, source=file_digest(path))

    def _stage(self, part: Path, path: Path, name: str, *, source: str | None = None) -> None:
        """Stage a WARC file that can be read from beginning to end, and count its records.

        It holds what is in `path`, which is named if it cannot be read.
        """
        try:
            records = Counter(record.kind for record in read_records(part))
        except WarcUnreadable as exc:
            raise WarcUnreadable(str(exc).replace(str(part), str(path)), exc.sound) from exc
        self._taken.files.append(self._staging.stage(part, name, source=source))
        self._taken.records += records

    def _break(self, path: Path, name: str, why: str, what_is_whole: str) -> None:
        """Note that a file breaks off; raises `WarcUnreadable` unless it is to be taken in even so."""
        why = why if why.endswith(".") else f"{why}."
        if not self._choices.partial:
            raise WarcUnreadable(
                f"{path} {why} Nothing was taken in; {what_is_whole}, and --partial takes that in."
            )
        self._taken.problems.append((name, f"it {why} What is before that was taken in."))

    def _arc(self, path: Path, name: str) -> None:
        self._recoded(path, name, "ARC")

    def _recoded(self, path: Path, name: str, kind: str) -> None:
        """Stage a WARC file that is made of a WARC or ARC file, which may be compressed."""
        source = file_digest(path)
        plain, torn = path, None
        with path.open("rb") as file:
            is_gzipped = file.read(2) == b"\x1f\x8b"
        if is_gzipped:
            plain = self._staging.temporary()
            torn = unpack(path, plain)
        part = self._staging.temporary()
        recode = recode_arc if kind == "ARC" else recode_warc
        said = {"description": f"made from the {kind} file {name}", "source-sha256": source}
        found = recode(plain, part, said)
        if broken := torn or found.broken:
            why, count = f"cannot be read as {kind}: {broken}", found.records
            if not count:
                raise WarcUnreadable(f"{path} {why}")
            self._break(path, name, why, f"{count} records before that are whole")
        bare = name.removesuffix(".gz").removesuffix(".arc").removesuffix(".warc")
        self._stage(part, path, f"{bare}.warc.gz", source=source)

    def _wacz(self, path: Path, name: str) -> None:
        if self._depth > 1:
            raise WarcUnreadable(f"{path} cannot be read as WACZ: it holds a WACZ that holds a WACZ.")
        inner = _Taking(self._staging, self._choices, self._taken, self._depth + 1)
        with contextlib.closing(Wacz(path)) as wacz:
            if pages := wacz.pages():
                self._taken.counts["pages listed"] += pages
            for member in wacz.members():
                part = self._staging.temporary()
                wacz.extract(member, part)
                try:
                    inner.take(part, safe_name(member.name))
                except WarcUnreadable as exc:
                    raise WarcUnreadable(
                        str(exc).replace(str(part), f"{path}, member {member.name},")
                    ) from exc

    def _folder(self, path: Path, name: str) -> None:
        host, scheme = self._choices.host, self._choices.scheme
        source = folder_digest(path, host, scheme)
        part = self._staging.temporary()
        said = {
            "description": f"reconstructed from the saved folder {name}; in resources, links are restored",
            "source-sha256": source,
        }
        found = recode_folder(path, part, host=host, scheme=scheme, said=said)
        if not found.records:
            raise WarcUnreadable(
                f"{path} cannot be taken in: no file in it has a URL. If its paths are those of a portal, "
                "say which with --host."
            )
        self._stage(part, path, f"{name}.warc.gz", source=source)
        self._taken.counts += found.counts
        self._taken.problems += found.problems
