"""A backup of a live archive comes back as the archive was, or says why it cannot."""

import gzip
import json
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import make_capture
from postgres import new_database, server
from sqlalchemy import MetaData, insert, select
from test_cli import run

from archive_search.archive import Archive, articles, backup, catalogue, create
from archive_search.archive.catalogue import REVISION
from archive_search.cli import main
from archive_search.config import load_config
from archive_search.disk import only_writer

QUERIES = (
    "huyện ủy Thường Tín",
    "ky hop",
    '"ban chấp hành"',
    "said:minh",
    "Covid-19",
    "sách -phố",
    "viễn thông OR bưu chính",
    "thông tin truyền thông",
    "2022",
    "đại hội chi bộ",
)
SENT = (("Host", "portal.test"),)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backup") / "archive"
    result = CliRunner().invoke(main, ["demo", "--folder", str(folder), "--no-serve"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def folder(demo, tmp_path):
    """A copy of the demo's archive, to change."""
    return shutil.copytree(demo, tmp_path / "archive")


def keep(folder, *numbers):
    with Archive(load_config(folder)) as archive:
        for number in numbers:
            capture = make_capture(f"http://thuongtin.hanoi.gov.vn/tin/{number}", b"<p>tin %d</p>" % number)
            archive.keep(replace(capture, request_headers=SENT), None)


def backed_up(folder, target):
    return json.loads(run("-C", folder, "backup", target, "--json").stdout)


def tables(folder):
    """Return the rows of every table of an archive's catalogue."""
    with closing(sqlite(folder)) as engine, engine.connect() as db:
        found = {table.name: db.execute(select(table)).all() for table in catalogue.metadata.sorted_tables}
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in found.items()}


def sqlite(folder):
    engine = catalogue.connect(f"sqlite:///{folder / 'catalogue.sqlite'}")
    engine.close = engine.dispose
    return engine


def warc_files(folder):
    return {path.name: path.read_bytes() for path in (folder / "warc").iterdir()}


def texts(folder):
    """Return the articles of an archive, with ids, versions and addresses, as they are exported."""
    return run("-C", folder, "export").stdout


def answers(folder):
    return [run("-C", folder, "search", query, "--json").stdout for query in QUERIES]


def test_an_archive_comes_back_as_it_was(folder, tmp_path):
    (folder / "synonyms.tsv").write_text("forms\nCNTT; tin học hóa\n", encoding="utf-8")
    (folder / "portals" / "own.toml").write_text("# mine\n", encoding="utf-8")
    before = tables(folder)
    run("-C", folder, "backup", tmp_path / "backup")
    run("-C", tmp_path / "restored", "restore", tmp_path / "backup")
    assert tables(tmp_path / "restored") == before
    assert warc_files(tmp_path / "restored") == warc_files(folder)
    for name in ("archive.toml", "synonyms.tsv", "portals/own.toml"):
        assert (tmp_path / "restored" / name).read_bytes() == (folder / name).read_bytes()
    assert texts(tmp_path / "restored") == texts(folder)
    assert answers(tmp_path / "restored") == answers(folder)
    assert all(json.loads(answer)["total"] for answer in answers(folder)[:3])
    assert "no problems" in run("-C", tmp_path / "restored", "audit").stdout


def test_an_archive_that_is_being_written_to_comes_back_sound(folder, tmp_path):
    text, found, stop, failed = texts(folder), answers(folder), threading.Event(), []

    def write():
        try:
            with Archive(load_config(folder)) as archive, archive.locked():
                for number in range(10_000):
                    capture = make_capture(f"http://other.test/{number}", b"<p>%d</p>" % number * 500)
                    archive.keep(replace(capture, request_headers=SENT), None)
                    if stop.is_set():
                        return
        except Exception as exc:  # noqa: BLE001 - the test tells of it
            failed.append(exc)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            run("-C", folder, "backup", tmp_path / "backup")
    finally:
        stop.set()
        writer.join()
    assert failed == []
    restored = tmp_path / "restored"
    run("-C", restored, "restore", tmp_path / "backup")
    assert "no problems" in run("-C", restored, "audit").stdout
    live = warc_files(folder)
    for name, data in warc_files(restored).items():
        assert live[name].startswith(data)
    assert texts(restored) == text
    assert answers(restored) == found


def test_only_what_is_new_is_copied(folder, tmp_path):
    first = backed_up(folder, tmp_path)
    assert first["copied"] == first["files"]
    copies = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "warc").iterdir()}
    again = backed_up(folder, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "warc").iterdir()} == copies
    assert again["copied"] == first["files"] - len(copies)
    keep(folder, 1)
    assert backed_up(folder, tmp_path)["copied"] == again["copied"] + 1
    assert {
        path.name: path.stat().st_mtime_ns for path in (tmp_path / "warc").iterdir()
    }.items() > copies.items()
    assert len(list(tmp_path.glob("state-*"))) == 1


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def restored(folder, target, code=0):
    return run("-C", folder, "restore", target, code=code)


@pytest.mark.parametrize("change", [flip, Path.unlink, lambda path: path.write_bytes(path.read_bytes()[:-1])])
def test_damage_anywhere_in_a_backup_is_found_and_nothing_restored(folder, tmp_path, change):
    run("-C", folder, "backup", tmp_path / "backup")
    listed = {stored.path for stored in backup.read_backup(tmp_path / "backup").files}
    for path in listed:
        copy = shutil.copytree(tmp_path / "backup", tmp_path / "damaged")
        change(copy / path)
        assert str(copy / path) in restored(tmp_path / "new", copy, code=4).stderr
        assert not (tmp_path / "new").exists()
        shutil.rmtree(copy)
    files = {str(p.relative_to(tmp_path / "backup")) for p in (tmp_path / "backup").rglob("*") if p.is_file()}
    assert files - listed == {"backup.json", "lock"}


def test_every_damage_of_a_backup_is_listed(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    paths = [
        tmp_path / "backup" / stored.path for stored in backup.read_backup(tmp_path / "backup").files[:3]
    ]
    for path in paths:
        flip(path)
    told = restored(tmp_path / "new", tmp_path / "backup", code=4).stderr
    assert all(str(path) in told for path in paths)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": 1, "files": [{}]}', '{"format": 1, "files": 1}']
)
def test_a_damaged_list_is_told(tmp_path, text):
    (tmp_path / "backup.json").write_text(text)
    assert "backup.json" in restored(tmp_path / "new", tmp_path, code=4).stderr


def test_an_altered_warc_file_does_not_take_the_place_of_its_copy(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    before = warc_files(tmp_path / "backup")
    name = min(before)
    flip(folder / "warc" / name)
    assert name in run("-C", folder, "backup", tmp_path / "backup", code=4).stderr
    assert warc_files(tmp_path / "backup") == before
    restored(tmp_path / "new", tmp_path / "backup")
    assert warc_files(tmp_path / "new") == before


def test_a_warc_file_that_is_missing_is_told(folder, tmp_path):
    for path in (folder / "warc").iterdir():
        path.unlink()
    run("-C", folder, "backup", tmp_path / "backup", code=4)
    assert not (tmp_path / "backup" / "backup.json").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from archive_search.archive import Archive, backup
from archive_search.config import load_config
folder, target, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
def counted(call):
    def counting(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return counting
with Archive(load_config(folder)) as archive:
    os.fsync, os.rename, os.replace = map(counted, (os.fsync, os.rename, os.replace))
    backup.back_up(archive, target)
"""


def killed(folder, target, step):
    """Kill a backup before its `step`th fsync or rename; tell whether it got that far."""
    call = [sys.executable, "-c", KILLED, str(folder), str(target), str(step)]
    return subprocess.run(call, check=False).returncode == -signal.SIGKILL


def test_a_backup_that_is_killed_leaves_the_one_before_it_whole(folder, tmp_path):
    target = tmp_path / "backup"
    run("-C", folder, "backup", target)
    before, warcs = tables(folder), warc_files(folder)
    keep(folder, 1, 2)
    step, seen = 0, 0
    while killed(folder, target, step):
        if json.loads((target / "backup.json").read_text()) and step % 12 == 0:
            backup.restore(target, tmp_path / f"new-{step}")
            assert (tables(tmp_path / f"new-{step}"), warc_files(tmp_path / f"new-{step}")) == (before, warcs)
            seen += 1
        step += 6
    assert seen > 2
    backup.restore(target, tmp_path / "last")
    assert tables(tmp_path / "last") == tables(folder)
    assert warc_files(tmp_path / "last") == warc_files(folder)


def test_a_full_disk_is_told_and_leaves_the_backup_whole(folder, tmp_path, monkeypatch):
    target = tmp_path / "backup"
    run("-C", folder, "backup", target)
    before = tables(folder)
    keep(folder, 1)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup.os, "fsync", full)
        assert "No space left" in run("-C", folder, "backup", target, code=5).stderr
    backup.restore(target, tmp_path / "new")
    assert tables(tmp_path / "new") == before


def test_two_backups_at_once_are_one_too_many(folder, tmp_path):
    with only_writer(tmp_path / "lock"):
        run("-C", folder, "backup", tmp_path, code=75)


def test_a_crawl_does_not_hinder_a_backup(folder, tmp_path):
    with only_writer(folder / "lock"):
        assert backed_up(folder, tmp_path / "backup")["files"] > 9


def test_only_an_empty_folder_is_restored_into(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    assert "not empty" in restored(folder, tmp_path / "backup", code=2).stderr
    (tmp_path / "empty").mkdir()
    restored(tmp_path / "empty", tmp_path / "backup")


def test_what_is_no_backup_is_told(tmp_path):
    assert "holds no backup" in restored(tmp_path / "new", tmp_path, code=2).stderr


@pytest.mark.parametrize("key", ["format", "revision"])
def test_a_backup_of_a_newer_program_is_refused(folder, tmp_path, key):
    run("-C", folder, "backup", tmp_path / "backup")
    path = tmp_path / "backup" / "backup.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, key: {"format": 2, "revision": "9999"}[key]}), encoding="utf-8")
    assert "newer archive-search" in restored(tmp_path / "new", tmp_path / "backup", code=2).stderr


def test_a_backup_of_an_earlier_release_is_restored_and_migrated(tmp_path):
    old = Path(__file__).parent / "data" / "archive-0001" / "catalogue.sqlite"
    shutil.copy(old, tmp_path / "old.sqlite")
    engine = catalogue.engine_of(f"sqlite:///{tmp_path / 'old.sqlite'}")
    schema, dumps, counts = MetaData(), {}, {}
    with engine.connect() as db:
        schema.reflect(db)
        for table in schema.sorted_tables:
            if table.name != "alembic_version":
                path = dumps[table.name] = tmp_path / f"{table.name}.jsonl.gz"
                lines = list(backup._lines(db, table))
                path.write_bytes(gzip.compress(b"".join(lines)))
                counts[table.name] = len(lines)
    engine.dispose()
    backup._fill(f"sqlite:///{tmp_path / 'catalogue.sqlite'}", "0001", dumps)
    found = tables(tmp_path)
    assert {name: len(rows) for name, rows in found.items() if name in counts} == counts
    assert counts["versions"] == 4


def test_a_database_that_is_in_use_is_not_restored_into(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    engine = catalogue.connect(f"sqlite:///{tmp_path / 'shared.sqlite'}")
    with engine.begin() as db:
        db.execute(insert(catalogue.hosts).values(host="portal.test"))
    engine.dispose()
    with pytest.raises(backup.ConfigError, match="holds a catalogue already"):
        backup._fill(f"sqlite:///{tmp_path / 'shared.sqlite'}", REVISION, {})


def test_ids_and_versions_are_kept_for_permalinks(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    backup.restore(tmp_path / "backup", tmp_path / "new")
    found = []
    for path in (folder, tmp_path / "new"):
        with Archive(load_config(path)) as archive, archive.reading() as db:
            found.append(articles.current_versions(db))
    assert found[0] == found[1] != {}


@pytest.fixture
def databases():
    """The URLs of two empty databases of a PostgreSQL server."""
    with server() as folder:
        yield new_database(folder), new_database(folder)


def rows_at(url):
    engine = catalogue.connect(url)
    with engine.connect() as db:
        found = {
            t.name: sorted(map(tuple, db.execute(select(t))), key=repr)
            for t in catalogue.metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_a_catalogue_in_postgresql_comes_back_and_counts_on(databases, folder, tmp_path):
    one, two = databases
    run("-C", folder, "backup", tmp_path / "from-sqlite")
    dumps = {p.name.removesuffix(".jsonl.gz"): p for p in tmp_path.rglob("*.jsonl.gz")}
    backup._fill(one, REVISION, dumps)
    settings = folder / "archive.toml"
    settings.write_text(f'catalogue = "{one}"\n' + settings.read_text(encoding="utf-8"), encoding="utf-8")
    keep(folder, 1)
    run("-C", folder, "backup", tmp_path / "backup")
    dumps = {p.name.removesuffix(".jsonl.gz"): p for p in (tmp_path / "backup").rglob("*.jsonl.gz")}
    backup._fill(two, REVISION, dumps)
    assert rows_at(two) == rows_at(one)
    assert len(rows_at(two)["captures"]) == len(tables(folder)["captures"]) + 1


@pytest.mark.parametrize("name", [".", "warc", "kho/moi"])
def test_an_archive_is_not_backed_up_into_itself(folder, name):
    assert "in the archive" in run("-C", folder, "backup", folder / name, code=2).stderr
    run("-C", folder, "audit")


def test_a_backup_of_another_history_is_not_written_over(folder, tmp_path):
    run("-C", folder, "backup", tmp_path / "backup")
    held = (tmp_path / "backup" / "backup.json").read_bytes()
    other = tmp_path / "other"
    create(other)
    assert "another archive" in run("-C", other, "backup", tmp_path / "backup", code=2).stderr
    assert (tmp_path / "backup" / "backup.json").read_bytes() == held
