"""Archives of every release that there was open with this one, and lose nothing."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_cli import run

from archive_search.archive import catalogue
from archive_search.archive.catalogue import REVISION
from archive_search.cli import main

DATA = Path(__file__).parent / "data"
RELEASED = sorted(path.name for path in DATA.glob("archive-*"))


@pytest.fixture(params=RELEASED)
def folder(request, tmp_path):
    """An archive as an earlier release left it, to be opened."""
    return shutil.copytree(DATA / request.param, tmp_path / request.param)


def rows(path, columns=None):
    """Return the rows of each table of a catalogue, only the named columns if any are named."""
    with sqlite3.connect(path) as db:
        db.row_factory = sqlite3.Row
        tables = columns or {
            name: "*" for (name,) in db.execute("select name from sqlite_master where type='table'")
        }
        found = {name: db.execute(f"select {names} from {name}").fetchall() for name, names in tables.items()}
    db.close()
    return {name: sorted(map(tuple, of_table), key=repr) for name, of_table in found.items()}


def columns_of(path):
    with sqlite3.connect(path) as db:
        names = [name for (name,) in db.execute("select name from sqlite_master where type='table'")]
        found = {
            name: ", ".join(row[1] for row in db.execute(f"pragma table_info({name})")) for name in names
        }
    db.close()
    return {name: columns for name, columns in found.items() if name != "alembic_version"}


def revision(path):
    return rows(path, {"alembic_version": "version_num"})["alembic_version"][0][0]


def url(folder):
    return f"sqlite:///{folder / 'catalogue.sqlite'}"


def test_there_is_an_archive_of_every_earlier_revision():
    assert {f"archive-{number:04}" for number in range(1, int(REVISION))} == set(RELEASED)


def test_opening_migrates_and_keeps_every_row(folder):
    path = folder / "catalogue.sqlite"
    columns = columns_of(path)
    before = rows(path, columns)
    catalogue.connect(url(folder)).dispose()
    assert revision(path) == REVISION
    assert rows(path, columns) == before


def test_a_migrated_archive_is_sound_searchable_and_tells_its_state(folder):
    assert "no problems" in run("-C", folder, "audit").stdout
    run("-C", folder, "index")
    found = json.loads(run("-C", folder, "search", "huyện ủy Thường Tín", "--json").stdout)
    assert found["hits"][0]["portal"] == "thuongtin"
    assert "thuongtin" in run("-C", folder, "status").stdout


def test_the_catalogue_before_the_upgrade_is_kept(folder):
    before, old = rows(folder / "catalogue.sqlite"), revision(folder / "catalogue.sqlite")
    catalogue.connect(url(folder)).dispose()
    assert rows(folder / f"catalogue-{old}.sqlite") == before
    assert not list(folder.glob("upgrading-*"))


def test_opening_again_changes_nothing(folder):
    for _ in range(2):
        catalogue.connect(url(folder)).dispose()
        after = rows(folder / "catalogue.sqlite")
        names = sorted(path.name for path in folder.iterdir())
    catalogue.connect(url(folder)).dispose()
    assert (rows(folder / "catalogue.sqlite"), sorted(path.name for path in folder.iterdir())) == (
        after,
        names,
    )


KILLED = """
import os, signal, sys
from alembic.operations import Operations
from archive_search.archive import catalogue
def kill(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(Operations, sys.argv[2], kill)
catalogue.connect(sys.argv[1])
"""


@pytest.mark.parametrize("operation", ["batch_alter_table", "create_table", "execute"])
def test_whoever_is_killed_while_migrating_leaves_the_catalogue_as_it_was(folder, operation):
    path = folder / "catalogue.sqlite"
    before = rows(path)
    killed = subprocess.run([sys.executable, "-c", KILLED, url(folder), operation], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert rows(path) == before
    catalogue.connect(url(folder)).dispose()
    assert revision(path) == REVISION


def test_two_that_open_at_once_migrate_once(folder):
    start, failed = threading.Barrier(2), []

    def opened():
        start.wait()
        try:
            catalogue.connect(url(folder)).dispose()
        except Exception as exc:  # noqa: BLE001 - the test tells of it
            failed.append(exc)

    threads = [threading.Thread(target=opened) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert revision(folder / "catalogue.sqlite") == REVISION


def test_a_catalogue_of_a_newer_program_is_refused_and_left_alone(folder):
    catalogue.connect(url(folder)).dispose()
    path = folder / "catalogue.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("update alembic_version set version_num = '9999'")
    db.close()
    before = rows(path)
    result = CliRunner().invoke(main, ["-C", str(folder), "status"])
    assert result.exit_code == 2
    assert "newer archive-search" in result.stderr
    assert "Traceback" not in result.output
    assert rows(path) == before
