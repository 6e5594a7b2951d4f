"""A crawl on a disk of 3 MB until that is full, and on when there is space; prints what is not as it must be.

    unshare -rm python tests/faults/full_disk.py FOLDER FLOOR

In a mount namespace of its own, so that the disk is gone with it.
"""

import subprocess
import sys
from pathlib import Path

from checks import KEEPER, acknowledged, audited, complaints, config_of

from archive_search.archive import Archive

CAPTURES = 300


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "archive-search", str(folder)], check=True)


def crawl(archive: Path, floor: str) -> subprocess.CompletedProcess:
    command = [
        sys.executable,
        str(KEEPER),
        str(archive),
        "--count",
        str(CAPTURES),
        "--floor",
        floor,
        "--seal",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def wrong(folder: Path, floor: str) -> list[str]:
    mount(folder, "size=3m")
    archive = folder / "archive"
    stopped = crawl(archive, floor)
    found = [] if stopped.returncode == 5 else [f"exit code {stopped.returncode}, not 5"]
    if "space" not in stopped.stderr or "Traceback" in stopped.stderr:
        found.append(f"unclear: {stopped.stderr}")
    kept = acknowledged(stopped.stdout)
    if not 20 < len(kept) < CAPTURES:
        found.append(f"{len(kept)} captures before the disk was full")
    if float(floor):
        with Archive(config_of(archive)) as opened:
            found += audited(opened, "while the disk is full")
    mount(folder, "remount,size=30m")
    found += complaints(archive, kept)
    gone_on = crawl(archive, floor)
    if gone_on.returncode:
        found.append(f"does not go on: {gone_on.stderr}")
    return found + complaints(archive, kept | acknowledged(gone_on.stdout), 1_000_001)


if __name__ == "__main__":
    print("\n".join(wrong(Path(sys.argv[1]), sys.argv[2])))
