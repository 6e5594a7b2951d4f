"""Faults at each system call of a crawl, put there by strace."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from checks import KEEPER, acknowledged, complaints
from keeper import Stopped, capture

from archive_search.archive.warc import WarcWriter

KILL = ("signal=SIGKILL",)
NO_SPACE, IO_ERROR = "error=ENOSPC", "error=EIO"
FAULTS = {
    "openat": (*KILL, NO_SPACE, IO_ERROR),
    "mkdir": (*KILL, NO_SPACE),
    "write": (*KILL, NO_SPACE, IO_ERROR),
    "pwrite64": (*KILL, NO_SPACE, IO_ERROR),
    "fsync": (*KILL, NO_SPACE, IO_ERROR),
    "fdatasync": (*KILL, NO_SPACE, IO_ERROR),
    "rename": (*KILL, NO_SPACE, IO_ERROR),
    "ftruncate": (*KILL, NO_SPACE, IO_ERROR),
    "unlink": (*KILL, IO_ERROR),
}
CRAWL = ("--count", "3", "--seal", "--rotate")


@dataclass(frozen=True)
class Begin:
    """What a crawl begins with: the folder of an archive, None for a new one, and what that has kept."""

    archive: Path | None = None
    kept: dict[str, str] = field(default_factory=dict)


NOTHING = Begin()


def torn_archive(folder: Path) -> Begin:
    """Make an archive as a crash may leave it: torn bytes, a torn line, and a record that was not entered."""
    crawl = [sys.executable, str(KEEPER), str(folder), "--count", "3"]
    told = subprocess.run(crawl, capture_output=True, text=True, check=True).stdout
    (written,) = (folder / "warc").iterdir()
    with written.open("ab") as file:
        file.write(written.read_bytes()[:99])
    (folder / "manifest.jsonl").write_text('{"run": 1')
    writer = WarcWriter(
        folder / "warc", software="", operator="", max_bytes=1, machine="test", clock=Stopped()
    )
    writer.append(capture(3))
    writer.close()
    return Begin(folder, acknowledged(told))


def _names(folder: Path) -> Iterator[Path]:
    yield folder
    for name in ("archive.toml", ".archive.toml.part", "lock", "manifest.jsonl", "portals", "warc"):
        yield folder / name
    for end in ("", "-wal", "-shm", "-journal"):
        yield folder / f"catalogue.sqlite{end}"
    for serial in range(8):
        yield folder / "warc" / f"archive-search-20261125000000-{serial:05d}-test.warc.gz"


def _crawl(folder: Path, *options: str) -> subprocess.CompletedProcess:
    paths = [part for name in _names(folder) for part in ("-P", str(name))]
    command = ["strace", "-f", "-o", f"{folder}.log", "-e", f"trace={','.join(FAULTS)}", *paths, *options]
    command += [sys.executable, str(KEEPER), str(folder), *CRAWL]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def calls(folder: Path, begin: Begin = NOTHING) -> Counter:
    """Return how often a crawl makes each system call on the archive's files."""
    if begin.archive:
        shutil.copytree(begin.archive, folder)
    done = _crawl(folder)
    assert done.returncode == 0, done.stderr
    return Counter(re.findall(r"^\d+ +(\w+)\(", Path(f"{folder}.log").read_text(), re.MULTILINE))


def points(folder: Path, begin: Begin = NOTHING) -> list[tuple[str, int, str]]:
    """Return every call, which time it is made, and fault that there is to try."""
    return [
        (call, time, fault)
        for call, times in sorted(calls(folder, begin).items())
        for time in range(1, times + 1)
        for fault in FAULTS[call]
    ]


def try_fault(folder: Path, call: str, time: int, fault: str, begin: Begin = NOTHING) -> list[str]:
    """Let one call of a crawl fail; return what is not as it must be after that."""
    if begin.archive:
        shutil.copytree(begin.archive, folder)
    done = _crawl(folder, "-e", f"inject={call}:{fault}:when={time}")
    found = []
    if "INJECTED" not in Path(f"{folder}.log").read_text() and fault not in KILL:
        found.append("the fault did not happen")
    if fault in KILL and done.returncode != -9:
        found.append(f"was not killed: {done.returncode}")
    # What SQLite can do without, it does without: then the crawl ends as if nothing had happened.
    unread = done.returncode == 2 and "archive.toml cannot be read" in done.stderr
    if fault not in KILL and done.returncode not in (0, 5) and not unread:
        found.append(f"exit code {done.returncode}")
    if done.returncode == 5 and not re.search(r"cannot be (written|opened)", done.stderr):
        found.append(f"unclear: {done.stderr}")
    if "Traceback" in done.stderr:
        found.append(done.stderr)
    found += complaints(folder, begin.kept | acknowledged(done.stdout))
    return [f"{call} {time} {fault}: {what}" for what in found]
