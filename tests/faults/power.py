"""A power cut, simulated: only what was synced is sure to be there afterwards.

strace writes down every change that a crawl makes to files and folders. They are done again up to a random
point, and then of those that were not synced yet any may be missing: writes one by one, whole or torn at any
byte, in whatever order; the names of files; their lengths. What is left is written to a folder.
"""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from checks import KEEPER, acknowledged, complaints

from archive_search.errors import ArchiveSearchError

_TRACED = "openat,write,pwrite64,ftruncate,lseek,fsync,fdatasync,rename,renameat2,unlink,unlinkat,mkdir"


@dataclass(frozen=True)
class Call:
    """A system call that was made: the strings among its arguments, all of them, what it returned."""

    process: str
    name: str
    strings: list[bytes]
    arguments: str
    returned: int

    @property
    def descriptor(self) -> tuple[str, int]:
        return self.process, int(re.match(r"\d+", self.arguments)[0])

    @property
    def last_number(self) -> int:
        return int(self.arguments.rpartition(",")[2])

    @property
    def told(self) -> str:
        """What was written to stdout."""
        is_told = self.name == "write" and self.descriptor[1] == 1
        return self.strings[0].decode() if is_told else ""


def recorded(folder: Path, log: Path, *more: str) -> list[Call]:
    """Crawl into a folder, twice, and return the system calls that were made."""
    found: list[Call] = []
    for first in ("0", "100"):
        command = ["strace", "-f", "-xx", "-s", "10000000", "-e", f"trace={_TRACED}", "-o", str(log)]
        command += [
            sys.executable,
            str(KEEPER),
            str(folder),
            "--from",
            first,
            "--count",
            "5",
            "--seal",
            *more,
        ]
        subprocess.run(command, capture_output=True, check=True)
        found += _parsed(log)
    return found


def _parsed(log: Path) -> Iterator[Call]:
    for line in log.read_text().splitlines():
        made = re.match(r"(\d+) +(\w+)\((.*)\) += (\d+)", line)
        if made:
            process, name, arguments, returned = made.groups()
            strings = [bytes.fromhex(s.replace("\\x", "")) for s in re.findall(r'"((?:\\x..)*)"', arguments)]
            yield Call(process, name, strings, arguments, int(returned))


@dataclass
class File:
    """What a file holds, what of it is sure to be on disk, and the changes that are not."""

    now: bytearray = field(default_factory=bytearray)
    on_disk: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, at: int, data: bytes | None) -> None:
        """Write data at a place, or with None make that the length."""
        _apply(self.now, at, data)
        self.pending.append((at, data))

    def sync(self) -> None:
        self.on_disk = bytearray(self.now)
        self.pending.clear()

    def after_power_cut(self, chance: random.Random) -> bytearray:
        """Return what may be left: of the changes that were not synced some, some of them torn."""
        left = bytearray(self.on_disk)
        for at, data in self.pending:
            fate = chance.choice(["lost", "whole", "torn"])
            if fate == "torn" and data:
                begin, end = sorted(chance.choices(range(len(data) + 1), k=2))
                begin *= chance.randrange(2)  # torn at its end, or at both
                _apply(left, at + begin, data[begin:end])
            elif fate == "whole":
                _apply(left, at, data)
        return left


def _apply(content: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del content[at:]
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    if data is not None:
        content[at : at + len(data)] = data


class Disk:
    """The files and folders below one that is there already."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folders = {root}
        self.names: dict[Path, File | None] = {}  # None for a folder
        self.on_disk: dict[Path, File | None] = {}
        self.pending: list[tuple[Path | None, Path | None, File | None]] = []  # old name, new name
        self.open: dict[tuple[str, int], list] = {}

    def do(self, call: Call) -> None:
        """Do what a system call did, if it is about these files."""
        act = getattr(self, f"_{call.name}", None)
        if act:
            act(call)

    def _path(self, call: Call, which: int = 0) -> Path | None:
        path = Path(call.strings[which].decode())
        return path if path.is_relative_to(self.root) else None

    def _openat(self, call: Call) -> None:
        self.open.pop((call.process, call.returned), None)
        path = self._path(call)
        if path is None:
            return
        if path not in self.folders and path not in self.names:
            self._name(None, path, File())
        file = self.names.get(path)
        if "O_TRUNC" in call.arguments and file and file.now:
            file.change(0, None)
        is_appending = "O_APPEND" in call.arguments
        self.open[call.process, call.returned] = [path if file is None else file, 0, is_appending]

    def _name(self, old: Path | None, new: Path | None, file: File | None) -> None:
        if old:
            self.names.pop(old, None)
        if new:
            self.names[new] = file
        self.pending.append((old, new, file))

    def _mkdir(self, call: Call) -> None:
        if path := self._path(call):
            self.folders.add(path)
            self._name(None, path, None)

    def _unlink(self, call: Call) -> None:
        if path := self._path(call):
            self._name(path, None, None)

    def _rename(self, call: Call) -> None:
        if (old := self._path(call)) and (new := self._path(call, 1)):
            self._name(old, new, self.names[old])

    def _write(self, call: Call) -> None:
        if handle := self.open.get(call.descriptor):
            file, at, is_appending = handle
            at = len(file.now) if is_appending else at
            file.change(at, call.strings[0][: call.returned])
            handle[1] = at + call.returned

    def _pwrite64(self, call: Call) -> None:
        if handle := self.open.get(call.descriptor):
            handle[0].change(call.last_number, call.strings[0][: call.returned])

    def _ftruncate(self, call: Call) -> None:
        if handle := self.open.get(call.descriptor):
            handle[0].change(call.last_number, None)

    def _lseek(self, call: Call) -> None:
        if handle := self.open.get(call.descriptor):
            handle[1] = call.returned

    def _fsync(self, call: Call) -> None:
        handle = self.open.get(call.descriptor)
        if handle and isinstance(handle[0], File):
            handle[0].sync()
        elif handle:
            rest = [step for step in self.pending if handle[0] != (step[1] or step[0]).parent]
            for step in self.pending:
                if step not in rest:
                    _rename(self.on_disk, *step)
            self.pending = rest

    _fdatasync = _fsync
    _renameat2 = _rename
    _unlinkat = _unlink

    def after_power_cut(self, chance: random.Random) -> dict[Path, bytes | None]:
        """Return the files and folders that may be left; a name that was not synced may be missing."""
        left, lost = dict(self.on_disk), set()
        for old, new, file in self.pending:
            # What happens to a name later is not there without what happened to it before.
            if chance.random() < 0.5 or {old, new} & lost:
                lost |= {old, new} - {None}
            else:
                _rename(left, old, new, file)
        return {
            path: bytes(file.after_power_cut(chance)) if file else None
            for path, file in sorted(left.items())
            # The index of SQLite's log is memory that processes share, and made anew by the first.
            if not path.name.endswith("-shm")
            and all(p in left or p == self.root for p in _above(path, self.root))
        }


def _rename(names: dict, old: Path | None, new: Path | None, file: File | None) -> None:
    if old:
        names.pop(old, None)
    if new:
        names[new] = file


def _above(path: Path, root: Path) -> list[Path]:
    return [folder for folder in path.parents if folder.is_relative_to(root)]


def cut_power(calls: list[Call], root: Path, target: Path, seed: int) -> str:
    """Write what may be left after a power cut at a random moment; return what had been told by then."""
    chance, disk, told = random.Random(seed), Disk(root), ""
    tellings = [number for number, call in enumerate(calls, 1) if "kept" in call.told]
    changes = [number for number, call in enumerate(calls, 1) if call.name not in ("openat", "lseek")]
    # Half of the cuts come right behind an acknowledgement, where most is at stake.
    moment = chance.choice(chance.choice([tellings, changes]))
    for call in calls[:moment]:
        disk.do(call)
        told += call.told
    for path, content in disk.after_power_cut(chance).items():
        place = target / path.relative_to(root)
        if content is None:
            place.mkdir(parents=True)
        else:
            place.write_bytes(content)
    return told


def power_cuts(folder: Path, seeds: range, *more: str) -> list[str]:
    """Cut the power of one crawl once for each seed; return what is not as it must be after that."""
    live, found = folder / "live", []
    live.mkdir()
    calls = recorded(live / "archive", folder / "log", *more)
    for seed in seeds:
        left = folder / str(seed)
        left.mkdir()
        told = cut_power(calls, live, left, seed)
        try:
            wrong = complaints(left / "archive", acknowledged(told))
        except ArchiveSearchError as exc:
            wrong = [f"lost: the archive cannot be opened: {exc}"]
        found += [f"power cut {seed}: {what}" for what in wrong]
    return found
