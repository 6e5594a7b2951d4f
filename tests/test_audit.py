import gzip
import json
import random
import shutil
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from conftest import make_capture
from sqlalchemy import delete, insert, update
from test_archive import NOON, make_document
from test_cli import run
from test_warc import foreign_warc
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive import Archive, articles, catalogue, create
from archive_search.archive.audit import audit
from archive_search.archive.exporting import document_to_json
from archive_search.archive.warc import read_records
from archive_search.archive.warc.members import read_member
from archive_search.config import load_config
from archive_search.disk import only_writer
from archive_search.pipeline import import_file

SENT = (("Host", "portal.test"), ("User-Agent", "archive-search"), ("Accept", "*/*"))


def keep(archive, number, payload=None, **more):
    """Keep a page as the crawler does: with its request, under a URL of its own."""
    url = f"http://portal.test/tin/{number}"
    capture = replace(
        make_capture(url, random.Random(number).randbytes(300) if payload is None else payload, **more),
        request_headers=SENT,
    )
    revisit_of = (url, capture.captured_at) if capture.status == 304 else None
    return archive.keep(capture, None, revisit_of=revisit_of)


def take_in(archive, path: Path, *, gzipped: bool):
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzipped)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "wget"}))
        for n in range(3):
            http = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], "HTTP/1.1")
            url, body = f"http://old.test/{path.name}/{n}", BytesIO(b"<p>tin %d</p>" % n)
            writer.write_record(writer.create_warc_record(url, "response", body, http_headers=http))
    import_file(archive, path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with archive_to_mutate(tmp_path_factory.mktemp("audit")) as archive:
        yield archive


@contextmanager
def archive_to_mutate(folder):
    """Give an archive with three files of its own, two imported ones and an article."""
    create(folder / "archive")
    for numbers in (range(4), range(4, 7)):
        with Archive(load_config(folder / "archive")) as archive:
            for number in numbers:
                keep(archive, number)
            keep(archive, numbers[0], b"", status=304, captured_at=NOON + timedelta(days=1))
    with Archive(load_config(folder / "archive")) as archive:
        document = make_document(url="http://portal.test/tin/9")
        stored = keep(archive, 9)
        with archive.writing() as db:
            articles.file(db, stored, document, is_print_view=False)
        take_in(archive, folder / "a.warc.gz", gzipped=True)
        take_in(archive, folder / "b.warc", gzipped=False)
        # The digests of whole files would find all; here the records have to vouch for themselves.
        (folder / "archive" / "manifest.jsonl").unlink()
        yield archive


@pytest.fixture
def files(kept, tmp_path):
    """The WARC folder, which is as before after the test."""
    folder = kept.config.warc_folder
    shutil.copytree(folder, tmp_path / "warc")
    yield folder
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "warc", folder)


def found(archive):
    return audit(archive, lambda *_: None).problems


def own(files: Path) -> list[Path]:
    return sorted(files.glob("archive-search-*"))


def members(path: Path) -> list[bytes]:
    data = path.read_bytes()
    return [data[r.location.offset :][: r.location.length] for r in read_records(path)]


def test_an_archive_as_it_was_kept_has_no_problems_and_every_byte_was_read(kept):
    report = audit(kept, lambda *_: None)
    assert report.problems == ()
    assert report.files == 5
    assert report.bytes == sum(path.stat().st_size for path in kept.config.warc_folder.iterdir())
    assert report.crc_only == 0


def flip(files, chance):
    path, data = some_file(files, chance)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)


def truncate(files, chance):
    path, data = some_file(files, chance)
    path.write_bytes(data[: chance.randrange(len(data))])


def delete_range(files, chance):
    path, data = some_file(files, chance)
    at = chance.randrange(len(data))
    del data[at : at + chance.choice([1, 10, 1000])]
    path.write_bytes(data)


def insert_bytes(files, chance):
    path, data = some_file(files, chance)
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice([b"\0", b"\n", chance.randbytes(1), chance.randbytes(20)])
    path.write_bytes(data)


def swap_members(files, chance):
    path = chance.choice(own(files))
    parts = members(path)
    a, b = chance.sample(range(len(parts)), 2)
    parts[a], parts[b] = parts[b], parts[a]
    path.write_bytes(b"".join(parts))


def repeat_member(files, chance):
    path = chance.choice(own(files))
    parts = members(path)
    parts.insert(chance.randrange(len(parts) + 1), chance.choice(parts))
    path.write_bytes(b"".join(parts))


def drop_member(files, chance):
    path = chance.choice(own(files)[:2])
    parts = members(path)
    del parts[chance.randrange(len(parts))]
    path.write_bytes(b"".join(parts))


def delete_file(files, chance):
    some_file(files, chance)[0].unlink()


def add_file(files, chance):
    _, data = some_file(files, chance)
    serial = chance.randrange(10, 99999)
    name = chance.choice(
        ["x.warc.gz", "archive-search-20200101000000-%05d.warc.gz", "import-0123456789ab-%d"]
    )
    (files / (name % serial if "%" in name else name)).write_bytes(data)


def swap_files(files, chance):
    a, b = chance.sample(sorted(files.iterdir()), 2)
    one, other = a.read_bytes(), b.read_bytes()
    a.write_bytes(other)
    b.write_bytes(one)


def some_file(files, chance):
    path = chance.choice(sorted(files.iterdir()))
    return path, bytearray(path.read_bytes())


MUTATIONS = (
    flip, truncate, delete_range, insert_bytes, swap_members, repeat_member,
    drop_member, delete_file, add_file, swap_files,
)  # fmt: skip


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_every_mutation_is_found(kept, files, mutate):
    assert missed(kept, mutate, range(30)) == []
    assert found(kept) == ()


def missed(archive, mutate, seeds):
    """Return the seeds of the mutations that an audit does not find; the files are as before then."""
    files = archive.config.warc_folder
    before = {path: path.read_bytes() for path in files.iterdir()}
    unseen = []
    for seed in seeds:
        mutate(files, random.Random(seed))
        if not found(archive):
            unseen.append(seed)
        for path in set(files.iterdir()) - before.keys():
            path.unlink()
        for path, data in before.items():
            path.write_bytes(data)
    return unseen


def test_bits_of_a_request_that_gzip_ignores_are_vouched_for(kept, files):
    """Time, flags and system in the header, and the bits that fill up the last byte of the stream."""
    path = own(files)[0]
    parts = members(path)
    data = path.read_bytes()
    begin, end = len(parts[0] + parts[1]), len(parts[0] + parts[1] + parts[2])
    for at in (*range(begin, begin + 10), *range(end - 10, end)):
        for bit in (0, 7):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            assert found(kept), (at, bit)


def test_a_problem_names_file_byte_and_url_and_says_what_to_do(archive):
    keep(archive, 1)
    stored = keep(archive, 2)
    path = archive.config.warc_folder / stored.location.file
    data = bytearray(path.read_bytes())
    data[stored.location.offset + 50] ^= 1
    path.write_bytes(data)
    (problem,) = found(archive)
    assert (problem.file, problem.offset, problem.url) == (path.name, stored.location.offset, stored.url)
    assert "backup" in problem.advice


def test_a_missing_file_is_one_problem_with_the_number_of_its_records(archive):
    stored = keep(archive, 1)
    keep(archive, 2)
    (archive.config.warc_folder / stored.location.file).unlink()
    (problem,) = found(archive)
    assert problem.file == stored.location.file
    assert "2 records" in problem.what


@pytest.mark.parametrize("tail", [b"\x1f\x8b\x08torn", None], ids=["torn", "whole"])
def test_what_a_crawl_has_not_entered_yet_is_a_problem_only_when_none_is_running(archive, tail):
    keep(archive, 1)
    (path,) = own(archive.config.warc_folder)
    with path.open("ab") as file:
        file.write(tail or members(path)[1])
    assert "the next one" in found(archive)[-1].advice
    with only_writer(archive.config.folder / "lock"):
        assert found(archive) == ()


def test_a_running_crawl_excuses_nothing_before_its_last_entered_record(archive):
    keep(archive, 1)
    keep(archive, 2)
    (path,) = own(archive.config.warc_folder)
    parts = members(path)
    path.write_bytes(b"".join([*parts[:2], parts[1], *parts[2:]]))
    with only_writer(archive.config.folder / "lock"):
        assert found(archive)


def test_a_record_that_is_entered_while_the_audit_runs_is_no_problem(archive):
    keep(archive, 1)
    (path,) = own(archive.config.warc_folder)
    late = iter(range(2, 5))

    def progress(*_):
        for number in late:
            keep(archive, number)

    report = audit(archive, progress)
    assert report.problems == ()
    assert report.records == len(members(path))


@pytest.mark.parametrize("name", ["notes.txt", "import-0123456789ab-x.warc.gz.part", "more.warc.gz"])
def test_a_file_that_no_run_made_is_a_problem(archive, name):
    (archive.config.warc_folder / name).write_bytes(b"x")
    (problem,) = found(archive)
    assert problem.file == name


def test_a_copy_in_the_making_is_no_problem_while_an_import_runs(archive):
    (archive.config.warc_folder / "import-0123456789ab-x.warc.gz.part").write_bytes(b"x")
    with only_writer(archive.config.folder / "lock"):
        assert found(archive) == ()


def test_an_imported_response_that_cannot_be_read_is_no_problem(archive, tmp_path):
    path = foreign_warc(tmp_path / "a.warc", gzipped=False, headers=[], body=b"<p>tin</p>")
    broken = path.read_bytes().replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 OKAY !")
    (tmp_path / "b.warc.gz").write_bytes(gzip.compress(broken))
    import_file(archive, tmp_path / "b.warc.gz")
    assert found(archive) == ()


def test_an_imported_response_that_the_catalogue_lost_is_a_problem(kept):
    at = catalogue.captures.c
    with kept.engine.connect() as db:
        row = db.execute(catalogue.captures.select().where(at.warc_file.like("import-%.gz"))).first()
    with kept.writing() as db:
        db.execute(delete(catalogue.captures).where(at.id == row.id))
    (problem,) = found(kept)
    with kept.writing() as db:
        db.execute(insert(catalogue.captures).values(row._asdict()))
    assert (problem.offset, problem.url) == (row.warc_offset, row.url)


CONTRADICTIONS = [
    (update(catalogue.captures).values(url="http://portal.test/other"), "says other things"),
    (update(catalogue.captures).values(sha256="0" * 64), "says other things"),
    (update(catalogue.captures).values(size=1), "says other things"),
    (update(catalogue.captures).values(status=404), "says other things"),
    (update(catalogue.captures).values(warc_offset=7), "no record begins"),
    (update(catalogue.captures).values(record_length=7), "not the one"),
    (update(catalogue.captures).values(warc_file="x.warc.gz"), "file is missing"),
    (update(catalogue.captures).values(version="x"), "whose version has no capture"),
    (update(catalogue.captures).values(article=None), "whose version has no capture"),
    (delete(catalogue.captures), "whose version has no capture"),
    (delete(catalogue.articles), "does not have"),
    (delete(catalogue.versions), "does not have"),
    (update(catalogue.versions).values(document={}), "text is not the one"),
    (update(catalogue.articles).values(version="x"), "whose version has no capture"),
]


@pytest.mark.parametrize(("change", "what"), CONTRADICTIONS)
def test_a_catalogue_that_contradicts_the_files_or_itself_is_a_problem(archive, change, what):
    document = make_document()
    stored = archive.keep(make_capture(document.article.url), None)
    with archive.writing() as db:
        articles.file(db, stored, document, is_print_view=False)
    assert found(archive) == ()
    with archive.writing() as db:
        db.execute(change)
    assert any(what in problem.what for problem in found(archive))


def test_a_text_altered_in_the_catalogue_is_found(archive):
    document = make_document("Huyện ủy họp")
    stored = archive.keep(make_capture(document.article.url), None)
    with archive.writing() as db:
        articles.file(db, stored, document, is_print_view=False)
        altered = document_to_json(make_document("Huyện ủy không họp"))
        db.execute(update(catalogue.versions).values(document=altered))
    (problem,) = found(archive)
    assert document.article.id in problem.what


def test_a_file_packed_by_another_zlib_is_read_by_its_checksums_and_that_is_told(archive, monkeypatch):
    keep(archive, 1)
    monkeypatch.setattr("archive_search.archive.audit.files.is_packed_as_we_do", lambda _: False)
    report = audit(archive, lambda *_: None)
    assert (report.problems, report.crc_only) == ((), 2)


def test_a_record_that_unpacks_to_very_much_is_read_in_little_memory(archive):
    capture = make_capture(payload=b"0" * 30_000_000)
    location = archive.keep(capture, None).location
    with (archive.config.warc_folder / location.file).open("rb") as file:
        tracemalloc.start()
        member = read_member(file, location.offset)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert member.sha256 == location.sha256
    assert peak < 5_000_000


def test_a_sample_reads_some_records_and_finds_what_is_missing_or_shortened(archive):
    stored = [keep(archive, number) for number in range(40)]
    report = audit(archive, lambda *_: None, 0.5)
    assert report.problems == ()
    assert 0 < report.records < len(stored)
    path = archive.config.warc_folder / stored[0].location.file
    path.write_bytes(path.read_bytes()[: stored[-1].location.offset + 9])
    assert [p.url for p in audit(archive, lambda *_: None, 0.01).problems] == [stored[-1].url]


def test_samples_find_an_altered_record_in_time(archive):
    stored = keep(archive, 1)
    path = archive.config.warc_folder / stored.location.file
    data = bytearray(path.read_bytes())
    data[stored.location.offset + 50] ^= 1
    path.write_bytes(data)
    nights = (audit(archive, lambda *_: None, 0.5).problems for _ in range(100))
    assert next(filter(None, nights))[0].url == stored.url


def test_the_command_ends_with_0_and_a_summary_or_with_4_and_the_problems(tmp_path):
    run("-C", tmp_path, "init")
    with Archive(load_config(tmp_path)) as archive:
        stored = keep(archive, 1)
    assert "3 records in 1 WARC files" in run("-C", tmp_path, "audit").stdout
    assert "sample" in run("-C", tmp_path, "audit", "--sample", 50).stdout
    path = tmp_path / "warc" / stored.location.file
    path.write_bytes(path.read_bytes()[:-400])
    told = run("-C", tmp_path, "audit", code=4).stdout
    assert f"{path.name}, byte {stored.location.offset}: " in told
    problems = json.loads(run("-C", tmp_path, "audit", "--json", code=4).stdout)["problems"]
    assert problems[0]["url"] == stored.url


def test_the_command_tells_the_head_of_the_manifest_and_asks_for_one_kept_elsewhere(tmp_path):
    run("-C", tmp_path, "init")
    made = foreign_warc(tmp_path / "a.warc.gz", gzipped=True, headers=[], body=b"<p>tin</p>")
    run("-C", tmp_path, "import", made)
    head = run("-C", tmp_path, "audit").stdout.split()[-1]
    assert head == json.loads(run("-C", tmp_path, "audit", "--json", "--head", head).stdout)["head"]
    assert "does not occur" in run("-C", tmp_path, "audit", "--head", "0" * 64, code=4).stdout
