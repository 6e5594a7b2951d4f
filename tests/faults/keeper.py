"""A crawl to be killed: keeps captures and tells of each on stdout once the archive has acknowledged it.

    python tests/faults/keeper.py FOLDER --from N --count M [--portal EDITION] [--seal] [--rotate] \
        [--floor MB] [--mutant NAME]
    python tests/faults/keeper.py --nursery

Told are lines `kept URL SHA256`, in the end `done`. In the nursery, lines on stdin say what to do: the
arguments of a crawl begin one in a process of its own, `kill` ends it with SIGKILL; told is `ended STATUS`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import sys
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive_search.archive import Archive, catalogue, create, runs
from archive_search.clock import Clock
from archive_search.config import load_config
from archive_search.errors import ArchiveSearchError
from archive_search.records import Capture

START = datetime(2026, 11, 25, tzinfo=UTC)
SENT = (("Host", "portal.test"), ("User-Agent", "archive-search"))


class Stopped(Clock):
    """A clock that stands still, so that file names are known beforehand."""

    def now(self) -> datetime:
        return START


def capture(number: int) -> Capture:
    """Return a capture that is the same for the same number; every third has a large payload."""
    payload = random.Random(number).randbytes(40_000 if number % 3 == 0 else 700)
    return Capture(
        url=f"http://portal.test/tin/{number}",
        captured_at=START + timedelta(seconds=number),
        status=200,
        headers=(("Content-Type", "text/html"),),
        payload=payload,
        sha256=hashlib.sha256(payload).hexdigest(),
        request_headers=SENT,
    )


def tell(line: str) -> None:
    """Write a line at once, whole."""
    os.write(1, f"{line}\n".encode())


class TellingArchive(Archive):
    """An archive that tells of each capture that it has acknowledged."""

    @contextlib.contextmanager
    def keeping(self, capture, run, *, revisit_of=None):
        with super().keeping(capture, run, revisit_of=revisit_of) as kept:
            yield kept
        tell(f"kept {capture.url} {capture.sha256}")


# Writers that are wrong on purpose: what the tests here are worth is shown by their being caught.


def early_before_writing(patch):
    keeping = Archive.keeping

    def early(self, capture, run, *, revisit_of=None):
        tell(f"kept {capture.url} {capture.sha256}")
        return keeping(self, capture, run, revisit_of=revisit_of)

    patch(TellingArchive, "keeping", early)


def without_sync(patch):
    patch(os, "fsync", lambda _: None)


def lazy_catalogue(patch):
    def lazy(connection, _record):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    patch(catalogue, "_durable", lazy)


MUTANTS = {m.__name__: m for m in (early_before_writing, without_sync, lazy_catalogue)}


def crawl_portal(archive: Archive, edition: int) -> None:
    """Crawl the demo portal through the whole pipeline."""
    from archive_search import pipeline
    from archive_search.crawler import Fetcher
    from archive_search.demo import demo_profile, serve_portal

    with serve_portal(edition) as addresses, contextlib.closing(Fetcher(connect_to=addresses)) as fetcher:
        pipeline.crawl_portal(archive, demo_profile("thuongtin"), fetcher)


def keep_all(archive: Archive, numbers: range, *, seals: bool) -> None:
    """Keep captures, as one run if that is to be sealed."""
    run = None
    if seals:
        with archive.writing() as db:
            run = runs.begin(db, "crawl", "portal", START)
    for number in numbers:
        archive.keep(capture(number), run)
    if run is not None:
        with archive.writing() as db:
            runs.finish(db, run, START)
        archive.seal(run)


def main(arguments: list[str]) -> int:
    """Do what the arguments say; return the exit code that the command would end with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--portal", type=int)
    parser.add_argument("--seal", action="store_true")
    parser.add_argument("--rotate", action="store_true")
    parser.add_argument("--floor", type=float, default=0.0)
    parser.add_argument("--mutant", choices=MUTANTS)
    asked = parser.parse_args(arguments)
    if asked.mutant:
        MUTANTS[asked.mutant](setattr)
    try:
        if not (asked.folder / "archive.toml").exists():
            create(asked.folder)
        config = replace(load_config(asked.folder), machine="test", min_free_mb=asked.floor)
        if asked.rotate:
            config = replace(config, warc_max_mb=0)
        with TellingArchive(config, Stopped()) as archive, archive.locked():
            if asked.portal:
                crawl_portal(archive, asked.portal)
            else:
                keep_all(archive, range(asked.first, asked.first + asked.count), seals=asked.seal)
        tell("done")
    except ArchiveSearchError as exc:
        print(exc, file=sys.stderr)
        tell(f"stopped {exc.exit_code}")
        return exc.exit_code
    return 0


def nursery() -> None:
    """Fork a crawl for each line on stdin: the start of Python is not waited for every time."""
    child = 0
    while line := sys.stdin.readline().strip():
        if line == "kill":
            os.kill(child, signal.SIGKILL)
            tell(f"ended {os.waitpid(child, 0)[1]}")
        elif (child := os.fork()) == 0:
            os._exit(_only_crawl(line.split("\t")))


def _only_crawl(arguments: list[str]) -> int:
    """Return the exit code of a crawl in a forked process, which must not go on as a nursery."""
    try:
        return main(arguments)
    except BaseException:  # noqa: BLE001 - whatever it is, it is told
        traceback.print_exc()
        tell("crashed")
        return 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--nursery"]:
        nursery()
    else:
        sys.exit(main(sys.argv[1:]))
