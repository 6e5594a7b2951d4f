"""Units and crontab lines: what they run, that systemd takes them, that odd folders are quoted."""

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from needing import needed

from archive_search import demo
from archive_search.archive import Archive, create, runs
from archive_search.cli import capturing, main
from archive_search.config import load_config
from archive_search.disk import only_writer
from archive_search.errors import ConfigError, FetchFailed, StorageError
from archive_search.pipeline.hooks import HEARTBEAT
from archive_search.printing import units
from archive_search.printing.units import Plan
from archive_search.records import Outcome

NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)
ANALYZE = shutil.which("systemd-analyze")
ODD = ["kho-luu-tru", "kho lưu trữ", "100% %n", 'a "b" c', "it's", "$HOME ${x}", "back\\slash", ";#"]


def plan(folder="/srv/thuongtin", **given):
    values = {"at": "*-*-* 02:30", "user": "root", "program": ("/usr/bin/env",)} | given
    return Plan(folder=Path(folder), **values)


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def lines(unit, key):
    return [line.partition("=")[2] for line in unit.splitlines() if line.startswith(f"{key}=")]


def test_the_service_crawls_all_portals_and_indexes_with_absolute_paths():
    unit = units.units(plan(program=("/opt/venv/bin/archive-search",)))["archive-search-thuongtin.service"]
    assert lines(unit, "ExecStart") == [
        "/opt/venv/bin/archive-search -C /srv/thuongtin crawl --all",
        "/opt/venv/bin/archive-search -C /srv/thuongtin index",
    ]
    assert lines(unit, "Type") == ["oneshot"]
    assert lines(unit, "SuccessExitStatus") == ["3 75"]


def test_the_timer_makes_up_for_what_it_missed_at_a_time_that_varies():
    unit = units.units(plan(at="Mon 04:00"))["archive-search-thuongtin.timer"]
    assert lines(unit, "OnCalendar") == ["Mon 04:00"]
    assert lines(unit, "Persistent") == ["true"]
    assert lines(unit, "RandomizedDelaySec") == ["30min"]


def test_every_service_may_write_only_its_archive():
    services = [text for name, text in units.units(plan()).items() if name.endswith(".service")]
    assert len(services) == 4
    for unit in services:
        assert lines(unit, "ReadWritePaths") == ["/srv/thuongtin"]
        assert lines(unit, "ProtectSystem") == ["strict"]
        assert lines(unit, "CapabilityBoundingSet") == [""]
        assert lines(unit, "MemoryMax") == ["2G"]


@pytest.mark.parametrize(
    ("folder", "home", "tmp"),
    [("/srv/a", "yes", "yes"), ("/home/lan/a", "read-only", "yes"), ("/var/tmp/a", "yes", "no")],
)
def test_a_folder_in_a_home_or_a_temporary_folder_is_not_hidden(monkeypatch, folder, home, tmp):
    for name in ("prefix", "base_prefix"):
        monkeypatch.setattr(sys, name, "/usr")
    unit = units.units(plan(folder))[f"{plan(folder).name}.service"]
    assert (lines(unit, "ProtectHome"), lines(unit, "PrivateTmp")) == ([home], [tmp])


@pytest.mark.parametrize("name", ODD)
def test_systemd_takes_the_units(tmp_path, name):
    needed(ANALYZE, "systemd-analyze is not installed: apt-get install systemd")
    folder = tmp_path / name
    folder.mkdir()
    run("-C", folder, "init")
    (tmp_path / "units").mkdir()
    run("-C", folder, "schedule", "--write", tmp_path / "units", "--user", "root")
    files = sorted((tmp_path / "units").iterdir())
    assert len(files) == 7
    done = subprocess.run([ANALYZE, "verify", *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("/srv/a-b_c.d", "/srv/a-b_c.d"),
        ("/srv/a b", '"/srv/a b"'),
        ("50%", "50%%"),
        ('a "b"', '"a \\"b\\""'),
        ("a\\b", '"a\\\\b"'),
        ("", '""'),
    ],
)
def test_words_are_quoted_as_systemd_reads_them(word, quoted):
    assert units.quoted(word) == quoted


def test_a_dollar_is_no_variable():
    assert units.command_line(["/bin/a", "$HOME"]) == ':/bin/a "$HOME"'


@pytest.mark.parametrize("value", ["a\nb", "a\x1bb"])
def test_a_folder_that_no_unit_can_name_is_refused(value):
    with pytest.raises(ConfigError):
        plan(f"/srv/{value}")


@pytest.mark.parametrize("name", ODD)
def test_the_crontab_runs_the_commands_in_that_folder(name):
    text = units.crontab(plan(f"/srv/{name}", program=("/opt/a s",)))
    crawl, sample, audit = [line for line in text.splitlines() if not line.startswith("#")]
    assert crawl.startswith("30 2 * * * ")
    # cron takes the backslash off an escaped percent sign, and no other is left.
    assert "%" not in crawl.replace("\\%", "")
    words = shlex.split(crawl.split(" ", 5)[5].replace("\\%", "%").replace("; ", " ; "))
    assert words[:5] == ["/opt/a s", "-C", f"/srv/{name}", "crawl", "--all"]
    assert sample.startswith("30 8 2-31 * * ")
    assert audit.endswith(" audit")


def test_cron_cannot_take_every_time_that_systemd_can(tmp_path):
    run("-C", tmp_path, "init")
    assert "every day" in run("-C", tmp_path, "schedule", "--cron", "--at", "Mon 04:00", code=2).stderr
    assert "\n5 4 * * *" in run("-C", tmp_path, "schedule", "--cron", "--at", "04:05").stdout


def test_the_units_are_printed_where_nobody_says_where_to_write_them(tmp_path):
    run("-C", tmp_path, "init")
    text = run("-C", tmp_path, "schedule").stdout
    assert text.count("[Timer]") == 3
    assert f"-C {tmp_path.resolve()} crawl --all" in text


# crawl --all


@pytest.fixture
def folder(tmp_path):
    create(tmp_path / "archive", ("thuongtin", "sotttt-hanoi"))
    return tmp_path / "archive"


def fake_crawls(monkeypatch, answers):
    """Let the crawl of a portal give or raise what is said of it; return the names that were crawled."""
    crawled = []

    def crawl(archive, profile, **_):
        name = profile.name
        crawled.append(name)
        answer = answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return report(archive, name, **(answer or {}))

    monkeypatch.setattr(capturing, "_crawl_one", crawl)
    return crawled


def report(archive, name, failed=0, alarms=(), stopped=None):
    with archive.writing() as db:
        number = runs.begin(db, "crawl", name, NOON)
        for n in range(failed):
            runs.note(db, number, f"http://p.test/{n}", NOON, Outcome.FAILED, reason="timeout")
        runs.finish(db, number, NOON, stopped=stopped, alarms=alarms)
        return runs.report(db, number)


BROKEN = FetchFailed("http://p.test/", "timeout")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, 0),
        ({"thuongtin": {"failed": 1}}, 3),
        ({"sotttt-hanoi": {"alarms": ["No new article."]}}, 3),
        ({"sotttt-hanoi": {"stopped": "budget"}}, 3),
        ({"thuongtin": BROKEN}, 3),
        ({"thuongtin": ConfigError("no seeds"), "sotttt-hanoi": BROKEN}, 2),
        ({"thuongtin": BROKEN, "sotttt-hanoi": ConfigError("no seeds")}, 1),
    ],
)
def test_all_portals_are_crawled_whatever_becomes_of_one(folder, monkeypatch, answers, code):
    crawled = fake_crawls(monkeypatch, answers)
    run("-C", folder, "crawl", "--all", code=code)
    assert crawled == ["thuongtin", "sotttt-hanoi"]


def test_a_crawl_of_a_portal_that_goes_well_is_told_at_the_end(folder, monkeypatch):
    """The whole way, from the portal's server to the heartbeat."""
    with demo.serve_portal(1) as addresses:
        here = tuple((host, f"{address}:{port}") for host, (address, port) in addresses.items())
        served = replace(demo.demo_profile("thuongtin"), connect_to=here)
        monkeypatch.setattr(capturing, "load_profile", lambda name, folder: served)
        run("-C", folder, "crawl", "thuongtin")
    state = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    assert state["portals"]["thuongtin"]["run"] == 1
    health = json.loads(run("-C", folder, "status", "--json").stdout)["health"][0]
    assert health["last_good"]
    assert health["alarms"] == []


def test_a_full_disk_ends_all_crawls_and_is_told(folder, monkeypatch):
    crawled = fake_crawls(monkeypatch, {"thuongtin": StorageError("disk full")})
    told = []
    monkeypatch.setattr(capturing.pipeline, "tell", lambda config, notice: told.append(notice) or ())
    run("-C", folder, "crawl", "--all", code=5)
    assert crawled == ["thuongtin"]
    assert told[0].problem
    assert "disk full" in told[0].text


def test_the_heartbeat_names_the_portals_that_went_well(folder, monkeypatch):
    fake_crawls(monkeypatch, {"thuongtin": {"alarms": ["No new article."]}})
    run("-C", folder, "crawl", code=3)
    state = json.loads((folder / HEARTBEAT).read_text(encoding="utf-8"))
    assert list(state["portals"]) == ["sotttt-hanoi"]


def test_a_hook_that_fails_is_told_on_stderr_and_fails_nothing(folder, monkeypatch):
    fake_crawls(monkeypatch, {})
    with (folder / "archive.toml").open("a", encoding="utf-8") as file:
        file.write('webhook_url = "http://127.0.0.1:1/"\n')
    assert "Not told: webhook:" in run("-C", folder, "crawl", "--all").stderr


def test_names_and_all_exclude_each_other(folder):
    assert "--all" in run("-C", folder, "crawl", "--all", "thuongtin", code=2).stderr


def test_a_slip_in_a_name_is_told_before_anything_is_crawled(folder, monkeypatch):
    crawled = fake_crawls(monkeypatch, {})
    run("-C", folder, "crawl", "thuongtin", "nowhere", code=2)
    assert crawled == []


def test_a_crawl_that_finds_another_at_work_ends_with_75(folder):
    with Archive(load_config(folder)), only_writer(folder / "lock"):
        assert "Another run" in run("-C", folder, "crawl", "--all", code=75).stderr


def test_the_units_of_another_archive_of_that_name_are_not_written_over(tmp_path):
    (tmp_path / "units").mkdir()
    for place, code in (("one", 0), ("one", 0), ("two", 2)):
        folder = tmp_path / place / "kho"
        if not folder.exists():
            run("-C", folder, "init")
        before = sorted(path.read_bytes() for path in (tmp_path / "units").iterdir())
        run("-C", folder, "schedule", "--write", tmp_path / "units", "--user", "root", code=code)
    assert sorted(path.read_bytes() for path in (tmp_path / "units").iterdir()) == before
