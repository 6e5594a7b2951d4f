import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from conftest import make_capture
from sqlalchemy import update
from test_cli import run

import archive_search
from archive_search.archive import captures, catalogue, manifest, runs
from archive_search.archive.audit import audit
from archive_search.archive.warc import WarcWriter
from archive_search.clock import Clock
from archive_search.disk import claim
from archive_search.errors import StorageError

NOON = datetime(2026, 11, 25, 5, tzinfo=UTC)


def crawl(archive, *numbers):
    """Keep a few captures as a run does, and seal it; return the manifest's head."""
    with archive.writing() as db:
        run = runs.begin(db, "crawl", "portal", NOON)
    for number in numbers:
        archive.keep(make_capture(f"http://portal.test/tin/{number}", b"<p>%d</p>" % number), run)
    with archive.writing() as db:
        runs.finish(db, run, NOON)
    return archive.seal(run)


def chain(archive):
    return manifest.read(archive.config.folder)


def wrong(archive, head=None):
    return [(p.file, p.what) for p in audit(archive, lambda *_: None, head=head).problems]


def test_a_run_is_sealed_with_its_captures_and_the_files_that_came_to_be(archive):
    head = crawl(archive, 1, 2)
    (entry,) = chain(archive).entries
    assert (entry.kind, entry.portal, entry.captures) == ("crawl", "portal", 2)
    assert entry.machine == archive.config.machine_name
    assert entry.files == tuple(manifest.sealed(path) for path in archive.warc_files())
    assert chain(archive).head == head


def test_a_file_is_sealed_once_and_the_next_capture_begins_another(archive):
    crawl(archive, 1)
    crawl(archive, 2)
    crawl(archive)
    assert [len(entry.files) for entry in chain(archive).entries] == [1, 1, 0]
    assert wrong(archive) == []


def test_each_line_holds_the_digest_of_the_line_before(archive):
    heads = [crawl(archive, number) for number in range(3)]
    lines = (archive.config.folder / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["previous"] for line in lines] == [manifest.START, *heads[:2]]
    assert chain(archive).digests == tuple(heads)


def test_files_of_other_machines_and_files_in_use_are_left_to_their_runs(archive):
    name = "archive-search-20260101000000-00000-other.warc.gz"
    (archive.config.warc_folder / name).write_bytes(b"x")
    used = archive.config.warc_folder / "archive-search-20260101000000-00000.warc.gz"
    with used.open("xb") as file:
        assert claim(file)
        crawl(archive, 1)
    assert not {name, used.name} & chain(archive).files.keys()


def test_a_line_that_was_not_finished_is_cut_off_by_the_next(archive):
    first = crawl(archive, 1)
    with (archive.config.folder / "manifest.jsonl").open("a") as file:
        file.write('{"run": 2, "kin')
    assert wrong(archive) == [("manifest.jsonl", "its last line was not finished")]
    second = crawl(archive, 2)
    assert chain(archive).digests == (first, second)
    assert wrong(archive) == []


def test_a_manifest_that_cannot_be_written_is_a_storage_error(archive):
    (archive.config.folder / "manifest.jsonl").mkdir()
    with pytest.raises(StorageError, match="cannot be"):
        crawl(archive, 1)


class At(Clock):
    """A clock that stands still at the time that a file is named after."""

    def __init__(self, name):
        self._now = datetime.strptime(name.split("-")[2], "%Y%m%d%H%M%S").replace(tzinfo=UTC)

    def now(self):
        return self._now


def forge(archive, stored):
    """Put another page in the place of one, and make the catalogue agree, as who may write to both can."""
    path = archive.config.warc_folder / stored.location.file
    path.unlink()
    forged = make_capture(stored.url, b"<p>forged</p>")
    software = f"archive-search {archive_search.__version__}"
    machine = archive.config.machine_name
    writer = WarcWriter(
        path.parent, software=software, operator="", max_bytes=1, machine=machine, clock=At(path.name)
    )
    location = writer.append(forged)
    of_record = {
        "sha256": forged.sha256,
        "size": len(forged.payload),
        "warc_offset": location.offset,
        "record_length": location.length,
        "record_sha256": location.sha256,
        "warc_end": writer.end,
    }
    writer.close()
    with archive.writing() as db:
        at = catalogue.captures.c
        db.execute(update(catalogue.captures).where(at.id == stored.id).values(of_record))


def forge_manifest(archive):
    """Seal the files anew, line by line, as if they had always been so."""
    before = chain(archive).entries
    (archive.config.folder / "manifest.jsonl").unlink()
    for entry in before:
        files = tuple(manifest.sealed(archive.config.warc_folder / file.name) for file in entry.files)
        manifest.append(archive.config.folder, replace(entry, files=files))


def newest(archive):
    with archive.reading() as db:
        return captures.of_url(db, "http://portal.test/tin/1")[-1]


def test_a_forgery_of_file_and_catalogue_together_is_found_by_the_manifest(archive):
    crawl(archive, 1)
    stored = newest(archive)
    forge(archive, stored)
    ((file, what),) = wrong(archive)
    assert file == stored.location.file
    assert "sealed" in what


def test_a_forgery_of_file_catalogue_and_manifest_is_found_by_a_head_kept_elsewhere(archive):
    head = crawl(archive, 1)
    crawl(archive, 2)
    assert wrong(archive, head) == []
    forge(archive, newest(archive))
    forge_manifest(archive)
    assert wrong(archive) == []
    assert wrong(archive, head) == [("manifest.jsonl", f"the head {head} does not occur in it")]


def altered(line):
    return line.replace('"captures": 1', '"captures": 9')


@pytest.mark.parametrize(
    ("alter", "what"),
    [
        (lambda lines: [altered(lines[0]), *lines[1:]], "line 2: the line does not follow"),
        (lambda lines: [lines[0], lines[2]], "line 2: the line does not follow"),
        (lambda lines: [lines[1], lines[0], lines[2]], "line 1: the line does not follow"),
        (lambda lines: [lines[0], "{}", lines[2]], "line 2: the line cannot be read"),
        (lambda lines: lines[1:], "line 1: the line does not follow"),
    ],
)
def test_a_manifest_that_was_altered_is_a_problem(archive, alter, what):
    for number in range(3):
        crawl(archive, number)
    path = archive.config.folder / "manifest.jsonl"
    path.write_text("".join(f"{line}\n" for line in alter(path.read_text().splitlines())))
    assert any(found.startswith(what) for _, found in wrong(archive))


def test_lines_cut_off_the_end_are_found_by_a_head_kept_elsewhere(archive):
    crawl(archive, 1)
    head = crawl(archive, 2)
    path = archive.config.folder / "manifest.jsonl"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert wrong(archive) == []
    assert len(wrong(archive, head)) == 1


def test_a_sealed_file_that_is_missing_or_longer_is_a_problem_in_a_sample_too(archive):
    crawl(archive, 1)
    crawl(archive, 2)
    one, two = archive.warc_files()
    one.unlink()
    two.write_bytes(two.read_bytes() + b"\0")
    sampled = audit(archive, lambda *_: None, 0.001).problems
    assert {problem.file for problem in sampled} == {one.name, two.name}


@pytest.mark.parametrize("head", ["deadbeef", "8db47a20…ef1fcb", "z" * 64])
def test_a_slip_in_a_head_is_not_called_tampering(tmp_path, head):
    run("-C", tmp_path, "init")
    assert "64 hexadecimal digits" in run("-C", tmp_path, "audit", "--head", head, code=2).stderr
