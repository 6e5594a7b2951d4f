import errno
from dataclasses import replace

import pytest
from conftest import make_capture
from sqlalchemy import delete, update

from archive_search.archive import Archive, Recovery, catalogue, runs
from archive_search.archive.audit import audit
from archive_search.archive.warc import WarcWriter, read_records
from archive_search.errors import IntegrityError, StorageError

SENT = (("Host", "portal.test"),)


def page(number, sent=SENT):
    return replace(make_capture(f"http://portal.test/tin/{number}"), request_headers=sent)


def append(path, data):
    with path.open("ab") as file:
        file.write(data)


def write_unentered(archive, number, sent=SENT):
    """Write a capture to a file of its own, as a crawl that is killed before it enters it."""
    name = archive.config.machine_name
    writer = WarcWriter(archive.config.warc_folder, software="", operator="", max_bytes=1, machine=name)
    location = writer.append(page(number, sent))
    writer.close()
    return archive.config.warc_folder / location.file, location


def recovered(archive):
    """Open the archive as the next run does; return what was mended."""
    with Archive(archive.config) as opened, opened.locked() as mended:
        return mended


def is_sound(archive):
    return audit(archive, lambda *_: None).problems == ()


@pytest.fixture
def crashed(archive):
    """An archive with one capture, whose writer is gone, and the file that it is in."""
    archive.keep(page(1), None)
    archive.close()
    (path,) = archive.warc_files()
    return archive, path


@pytest.mark.parametrize("sent", [SENT, ()], ids=["with request", "without"])
@pytest.mark.parametrize("tail", [b"\x1f", b"\x1f\x8b\x08torn", b"\0" * 5000])
def test_bytes_that_make_no_record_are_cut_off(archive, sent, tail):
    archive.keep(page(1, sent), None)
    archive.close()
    (path,) = archive.warc_files()
    append(path, tail)
    assert not is_sound(archive)
    assert recovered(archive) == Recovery(cut=len(tail))
    assert is_sound(archive)


@pytest.mark.parametrize("sent", [SENT, ()], ids=["with request", "without"])
def test_a_whole_capture_that_was_not_entered_is_entered(archive, sent):
    path, location = write_unentered(archive, 1, sent)
    assert recovered(archive) == Recovery(entered=1)
    with archive.reading() as db:
        row = db.execute(catalogue.captures.select()).one()
    assert (row.warc_offset, row.record_sha256) == (location.offset, location.sha256)
    assert row.warc_end == path.stat().st_size
    assert is_sound(archive)


def test_a_whole_response_is_entered_though_its_request_is_torn(archive):
    path, location = write_unentered(archive, 1)
    torn = path.stat().st_size - location.offset - location.length - 9
    path.write_bytes(path.read_bytes()[:-9])
    assert recovered(archive) == Recovery(entered=1, cut=torn)
    assert is_sound(archive)


def test_a_capture_that_the_disk_does_not_give_just_now_is_entered_by_the_next_run(archive, monkeypatch):
    write_unentered(archive, 1)
    with monkeypatch.context() as patch:
        patch.setattr("archive_search.archive.recovery.read_capture", unreadable)
        with pytest.raises(StorageError, match="Check the disk"):
            recovered(archive)
    assert recovered(archive) == Recovery(entered=1)


def unreadable(*_):
    raise IntegrityError("cannot be read") from OSError(errno.EIO, "Input/output error")


def test_what_was_mended_is_told(archive, caplog):
    write_unentered(archive, 1)
    recovered(archive)
    assert "1 whole captures entered, 0 bytes cut off, 0 files removed" in caplog.text


@pytest.mark.parametrize("length", [0, 3, 200, 500])
def test_a_file_that_came_to_hold_no_capture_is_removed(archive, length):
    path, _ = write_unentered(archive, 1)
    path.write_bytes(path.read_bytes()[:length])
    assert recovered(archive).removed == 1
    assert is_sound(archive)


def test_the_copy_of_an_import_that_was_killed_is_removed(archive):
    (archive.config.warc_folder / "import-00001.part").write_bytes(b"half")
    assert not is_sound(archive)
    assert recovered(archive) == Recovery(removed=1)
    assert is_sound(archive)


def test_nothing_has_to_be_done_after_a_run_that_came_to_its_end(crashed):
    archive, path = crashed
    before = path.read_bytes()
    assert not recovered(archive)
    assert path.read_bytes() == before


def test_what_a_run_that_is_going_on_writes_is_left_alone(archive):
    archive.keep(page(1), None)
    (path,) = archive.warc_files()
    append(path, b"\x1f\x8b\x08")
    assert not recovered(archive)


def test_a_file_of_another_machine_is_left_alone(archive):
    path, _ = write_unentered(archive, 1)
    path = path.rename(path.with_name("archive-search-20260101000000-00000-other.warc.gz"))
    append(path, b"torn")
    assert not recovered(archive)


def test_a_damaged_request_of_an_acknowledged_capture_is_left_for_the_audit(crashed):
    archive, path = crashed
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert not recovered(archive)
    assert not is_sound(archive)


def test_a_sealed_file_is_left_for_the_audit(archive):
    with archive.writing() as db:
        run = runs.begin(db, "crawl", "portal", page(1).captured_at)
    archive.keep(page(1), run)
    archive.seal(run)
    (path,) = archive.warc_files()
    append(path, b"more")
    assert not recovered(archive)
    assert not is_sound(archive)


@pytest.mark.parametrize("flipped", [9, 400, 1000])
def test_a_damaged_file_of_which_the_catalogue_was_lost_is_left_as_it_is(archive, flipped):
    for number in range(3):
        archive.keep(page(number), None)
    archive.close()
    (path,) = archive.warc_files()
    data = bytearray(path.read_bytes())
    data[flipped] ^= 255
    path.write_bytes(data)
    with archive.writing() as db:
        db.execute(delete(catalogue.captures))
    assert not recovered(archive)
    assert path.read_bytes() == data


def test_nothing_is_cut_where_the_catalogue_does_not_tell_where_captures_end(crashed):
    archive, path = crashed
    with archive.writing() as db:
        db.execute(update(catalogue.captures).values(warc_end=None))
    append(path, b"torn")
    assert not recovered(archive)


def test_a_capture_that_cannot_be_entered_has_nothing_written_behind_it(archive, monkeypatch):
    archive.keep(page(1), None)
    with monkeypatch.context() as patch:
        patch.setattr("archive_search.archive.captures.register", failing)
        with pytest.raises(StorageError):
            archive.keep(page(2), None)
    archive.keep(page(3), None)
    archive.close()
    assert recovered(archive) == Recovery(entered=1)
    assert is_sound(archive)
    assert len(archive.warc_files()) == 2


def failing(*_, **__):
    raise StorageError("The catalogue cannot be written.")


def test_a_disk_with_too_little_space_ends_a_run_before_it_is_full(archive):
    archive.config = replace(archive.config, min_free_mb=1e12)
    with pytest.raises(
        StorageError, match=r"MB free; min_free_mb in archive.toml asks for 1e\+12. Free some"
    ):
        archive.keep(page(1), None)
    assert archive.warc_files() == []


def test_every_record_that_was_entered_late_is_read_like_others(archive):
    path, _ = write_unentered(archive, 7)
    recovered(archive)
    (capture,) = (record.capture for record in read_records(path) if record.capture)
    assert capture.url == "http://portal.test/tin/7"
