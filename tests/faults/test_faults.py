"""Short forms; `python tests/faults all` is the long one, and docs/evaluation.md has its figures."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from injecting import calls, points, torn_archive, try_fault
from kills import kill_rounds
from needing import needed
from power import power_cuts

FULL_DISK = Path(__file__).with_name("full_disk.py")


def works(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def strace():
    needed(works("strace", "-o", "/dev/null", "true"), "strace is not installed, or may not trace")


@pytest.fixture
def disk(tmp_path):
    mounts = ("unshare", "-rm", "mount", "-t", "tmpfs", "none", str(tmp_path))
    needed(works(*mounts), "this user may not mount a file system, not even for itself")
    return tmp_path


def test_nothing_acknowledged_is_lost_when_crawls_are_killed_and_each_next_one_goes_on(tmp_path):
    kept, found = kill_rounds(tmp_path / "archive", 12, 1)
    assert found == []
    assert kept > 20


def test_nothing_acknowledged_is_lost_when_crawls_of_a_portal_are_killed(tmp_path):
    kept, found = kill_rounds(tmp_path / "archive", 4, 2, "--portal", 1)
    assert found == []
    assert kept > 3


def test_a_writer_that_acknowledges_before_it_writes_is_caught_by_kills(tmp_path):
    _, found = kill_rounds(tmp_path / "archive", 12, 1, "--mutant", "early_before_writing")
    assert any("lost" in what for what in found)


def test_a_crawl_makes_every_kind_of_call_that_faults_are_tried_on(strace, tmp_path):
    made = calls(tmp_path / "archive")
    assert {"openat", "write", "pwrite64", "fsync", "fdatasync", "rename"} <= made.keys()
    assert made["fsync"] > made["write"] > 3


def test_nothing_acknowledged_is_lost_and_no_traceback_shown_when_calls_fail(strace, tmp_path):
    some = random.Random(5).sample(points(tmp_path / "archive"), 6)
    for number, point in enumerate(some):
        assert try_fault(tmp_path / str(number), *point) == []


def test_nothing_is_lost_either_when_calls_fail_that_mend_an_archive(strace, tmp_path):
    torn = torn_archive(tmp_path / "torn")
    for number, call in enumerate(["openat", "fsync", "ftruncate"]):
        assert try_fault(tmp_path / str(number), call, 1, "error=EIO", torn) == []


def test_nothing_acknowledged_is_lost_in_a_power_cut(strace, tmp_path):
    assert power_cuts(tmp_path, range(12)) == []


@pytest.mark.parametrize("mutant", ["early_before_writing", "without_sync", "lazy_catalogue"])
def test_a_writer_that_acknowledges_what_is_not_on_disk_is_caught_by_power_cuts(strace, tmp_path, mutant):
    assert any("lost" in what for what in power_cuts(tmp_path, range(6), "--mutant", mutant))


@pytest.mark.parametrize("floor", ["1", "0"], ids=["at the floor", "to the last byte"])
def test_a_full_disk_ends_a_crawl_with_5_and_the_next_goes_on(disk, floor):
    command = ["unshare", "-rm", sys.executable, str(FULL_DISK), str(disk), floor]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
