"""The long forms of the tests here; docs/evaluation.md has their figures.

    python tests/faults kills [--times 500]    python tests/faults power [--times 200]
    python tests/faults sweep                  python tests/faults disk
    python tests/faults audit [--times 1000]   python tests/faults all

Each prints a line of a table, and what is not as it must be; the exit code is 1 if anything is.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import test_audit  # noqa: E402
from injecting import NOTHING, points, torn_archive, try_fault  # noqa: E402
from kills import kill_rounds  # noqa: E402
from power import power_cuts  # noqa: E402

_ROUNDS_AN_ARCHIVE = 25


def kills(folder: Path, times: int) -> tuple[str, list[str]]:
    """Kill crawls, every fifth series of them through the whole pipeline."""
    kept, found = 0, []
    for number in range(-(-times // _ROUNDS_AN_ARCHIVE)):
        more = ("--portal", 1 + number % 2) if number % 5 == 4 else ("--seal",)
        some, wrong = kill_rounds(folder / str(number), _ROUNDS_AN_ARCHIVE, number, *more)
        kept += some
        found += [f"archive {number}, {what}" for what in wrong]
    return f"{_ROUNDS_AN_ARCHIVE * (number + 1)} kills, {kept} captures acknowledged", found


def sweep(folder: Path, _times: int) -> tuple[str, list[str]]:
    """Let every call fail in every way: of a crawl into a new archive, and of one that mends an archive."""
    tried, found = 0, []
    for name, begin in (("new", NOTHING), ("mend", torn_archive(folder / "torn"))):
        for number, point in enumerate(points(folder / name, begin)):
            found += try_fault(folder / f"{name}-{number}", *point, begin)
            tried += 1
    return f"{tried} faults, one a crawl", found


def power(folder: Path, times: int) -> tuple[str, list[str]]:
    """Cut the power."""
    return f"{times} power cuts", power_cuts(folder, range(times))


def disk(folder: Path, _times: int) -> tuple[str, list[str]]:
    """Fill a disk, up to the floor and to the last byte."""
    found = []
    for floor in ("1", "0"):
        command = ["unshare", "-rm", sys.executable, str(HERE / "full_disk.py"), str(folder), floor]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found += (done.stdout + done.stderr).split("\n") if done.stdout.strip() or done.returncode else []
    return "2 full disks of 3 MB", found


def audit(folder: Path, times: int) -> tuple[str, list[str]]:
    """Alter an archive in every way, and audit it unaltered in between."""
    each = -(-times // len(test_audit.MUTATIONS))
    found, alarms = [], 0
    with test_audit.archive_to_mutate(folder) as archive:
        for mutate in test_audit.MUTATIONS:
            unseen = test_audit.missed(archive, mutate, range(each))
            found += [f"{mutate.__name__} {seed} was not found" for seed in unseen]
            alarms += len(test_audit.found(archive))
    found += [f"{alarms} false alarms"] if alarms else []
    return f"{each * len(test_audit.MUTATIONS)} mutations", found


LONG = {
    "kills": (kills, 500),
    "sweep": (sweep, 0),
    "power": (power, 200),
    "disk": (disk, 0),
    "audit": (audit, 1000),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=[*LONG, "all"])
    parser.add_argument("--times", type=int)
    asked = parser.parse_args()
    logging.disable()  # Archives are mended here hundreds of times, and each time it is told.
    failed = False
    for name in LONG if asked.what == "all" else [asked.what]:
        do, times = LONG[name]
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            tried, found = do(Path(folder), asked.times or times)
        print(f"| {name} | {tried} | {len(found)} wrong | {time.monotonic() - began:.0f} s |", flush=True)
        print("".join(f"{what}\n" for what in found), end="", flush=True)
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
