import errno
import gzip
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from conftest import make_capture
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive.warc import OWN, WarcWriter, read_capture, read_records
from archive_search.errors import IntegrityError, StorageError, WarcUnreadable
from archive_search.records import head_fields


@pytest.fixture
def writer(tmp_path):
    writer = WarcWriter(tmp_path, software="test", operator="", max_bytes=1_000_000)
    yield writer
    writer.close()


def only_file(folder: Path) -> Path:
    (path,) = folder.glob("*.warc.gz")
    return path


def test_a_capture_comes_back_as_it_was_kept(tmp_path, writer):
    capture = make_capture(
        "http://portal.test/tin?x=1&y=ủy",
        gzip.compress("<p>Huyện ủy</p>".encode()),
        headers=(("Content-Encoding", "gzip"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
    )
    assert read_capture(tmp_path, writer.append(capture)) == capture


def test_a_file_holds_one_gzip_member_a_record_and_other_tools_read_it(tmp_path, writer):
    capture = make_capture()
    writer.append(capture)
    writer.append(capture, revisit_of=(capture.url, capture.captured_at))
    kinds = [record.kind for record in read_records(only_file(tmp_path))]
    assert kinds == ["warcinfo", "response", "revisit"]
    check = [sys.executable, "-m", "warcio.cli", "check", str(only_file(tmp_path))]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_the_request_is_kept_beside_its_response(tmp_path, writer):
    sent = replace(make_capture("http://portal.test/tin?x=1"), request_headers=(("Host", "portal.test"),))
    writer.append(sent)
    text = gzip.decompress(only_file(tmp_path).read_bytes()).decode()
    assert "GET /tin?x=1 HTTP/1.1\r\nHost: portal.test" in text
    assert "WARC-Concurrent-To" in text


def test_what_was_sent_with_a_post_is_kept_with_its_length(tmp_path, writer):
    form = replace(
        make_capture("http://portal.test?trang=2"),
        request_headers=(("Host", "portal.test"),),
        method="POST",
        sent=b"__VIEWSTATE=abc",
    )
    writer.append(form)
    text = gzip.decompress(only_file(tmp_path).read_bytes()).decode()
    request = "POST /?trang=2 HTTP/1.1\r\nHost: portal.test\r\nContent-Length: 15\r\n\r\n__VIEWSTATE=abc"
    assert request in text
    check = [sys.executable, "-m", "warcio.cli", "check", str(only_file(tmp_path))]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("reason", ["length", "time", "disconnect", "unspecified"])
def test_a_truncated_capture_says_so_in_the_words_of_the_standard(tmp_path, writer, reason):
    capture = replace(make_capture(), truncated=reason)
    assert read_capture(tmp_path, writer.append(capture)) == capture
    assert f"WARC-Truncated: {reason}\r\n" in gzip.decompress(only_file(tmp_path).read_bytes()).decode()


def test_what_was_not_insisted_on_is_kept_with_the_response(tmp_path, writer):
    capture = replace(make_capture(), relaxed=("intermediate", "tls-1.0"))
    assert read_capture(tmp_path, writer.append(capture)) == capture


def test_files_are_named_after_their_machine(tmp_path):
    for machine in ("one", "two-b"):
        writer = WarcWriter(tmp_path, software="test", operator="", max_bytes=1, machine=machine)
        writer.append(make_capture())
        writer.close()
    assert sorted(OWN.fullmatch(path.name)["machine"] for path in tmp_path.iterdir()) == ["one", "two-b"]


def test_the_names_of_early_releases_are_still_ours():
    assert OWN.fullmatch("archive-search-20261125034500-00000.warc.gz")["machine"] is None


def test_two_writers_that_begin_in_the_same_second_have_two_files(tmp_path):
    writers = [WarcWriter(tmp_path, software="test", operator="", max_bytes=10**6) for _ in range(2)]
    locations = [writer.append(make_capture()) for writer in writers]
    assert locations[0].file != locations[1].file
    for writer in writers:
        writer.close()


class Full:
    """Takes the first bytes of what is written, and then has no space left, as a disk that fills up."""

    def __init__(self, takes: int) -> None:
        self._left = takes

    def __call__(self, file, data: bytes) -> None:
        file.write(data[: self._left])
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("takes", [0, 5, 300])
def test_half_a_record_is_taken_back_and_nothing_is_written_behind_it(tmp_path, writer, monkeypatch, takes):
    kept = writer.append(make_capture())
    before = only_file(tmp_path).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("archive_search.archive.warc.writing.write_all", Full(takes))
        with pytest.raises(StorageError, match="Free some space"):
            writer.append(make_capture())
    assert only_file(tmp_path).read_bytes() == before
    assert writer.append(make_capture()).file != kept.file


def test_a_file_that_could_not_be_begun_is_removed(tmp_path, writer, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("archive_search.archive.warc.writing.write_all", Full(100))
        with pytest.raises(StorageError):
            writer.append(make_capture())
    assert list(tmp_path.iterdir()) == []


def test_locations_say_where_each_record_stands(tmp_path, writer):
    locations = [writer.append(make_capture(payload=f"<p>{n}</p>".encode())) for n in range(3)]
    found = [record.location for record in read_records(only_file(tmp_path)) if record.capture]
    assert found == locations


def test_a_file_that_is_large_enough_is_followed_by_another(tmp_path):
    writer = WarcWriter(tmp_path, software="test", operator="", max_bytes=1)
    locations = [writer.append(make_capture()) for _ in range(3)]
    writer.close()
    assert len({location.file for location in locations}) == 3
    assert all(read_capture(tmp_path, location) for location in locations)


def test_one_altered_byte_is_found(tmp_path, writer):
    location = writer.append(make_capture())
    data = bytearray(only_file(tmp_path).read_bytes())
    data[location.offset + location.length // 2] ^= 1
    only_file(tmp_path).write_bytes(data)
    with pytest.raises(IntegrityError, match=location.file):
        read_capture(tmp_path, location)


def test_a_missing_file_is_an_integrity_error_that_names_it(tmp_path, writer):
    location = writer.append(make_capture())
    only_file(tmp_path).unlink()
    with pytest.raises(IntegrityError, match=location.file):
        read_capture(tmp_path, location)


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    writer = WarcWriter(tmp_path / "file", software="test", operator="", max_bytes=1)
    with pytest.raises(StorageError):
        writer.append(make_capture())


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_file_that_is_cut_off_is_reported_and_not_read_in_silence(tmp_path, writer, cut):
    writer.append(make_capture())
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(WarcUnreadable, match=path.name):
        list(read_records(path))


@pytest.mark.parametrize("content", [b"no WARC at all\n" * 20, b"\x00" * 100, gzip.compress(b"text " * 50)])
def test_a_file_that_is_no_warc_is_refused_by_name(tmp_path, content):
    path = tmp_path / "something.warc.gz"
    path.write_bytes(content)
    with pytest.raises(WarcUnreadable, match="something"):
        list(read_records(path))


def foreign_warc(path: Path, *, gzipped: bool, headers: list[tuple[str, str]], body: bytes) -> Path:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzipped)
        http = StatusAndHeaders("200 OK", headers, "HTTP/1.1")
        record = writer.create_warc_record(
            "http://portal.test/",
            "response",
            payload=BytesIO(body),
            http_headers=http,
            warc_headers_dict={"WARC-Date": "2022-07-12T03:00:00.5Z"},
        )
        writer.write_record(record)
    return path


@pytest.mark.parametrize("gzipped", [True, False])
def test_files_of_other_tools_are_read_gzipped_or_not(tmp_path, gzipped):
    path = foreign_warc(tmp_path / "a.warc", gzipped=gzipped, headers=[], body=b"<p>tin</p>")
    (record,) = read_records(path)
    assert record.capture.payload == b"<p>tin</p>"
    assert record.capture.captured_at == datetime(2022, 7, 12, 3, 0, tzinfo=UTC)
    assert read_capture(tmp_path, record.location) == record.capture


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ((b"WARC-Date: 2022-07-12T03:00:00.5Z", b"X-Date: 2022"), "no WARC-Date"),
        ((b"WARC-Date: 2022-07-12T03:00:00.5Z", b"WARC-Date: yesterday"), "yesterday"),
        ((b"HTTP/1.1 200 OK", b"HTTP/1.1 OKAY !"), "no HTTP status"),
    ],
)
def test_a_record_that_cannot_be_read_is_told_and_the_next_one_is_read(tmp_path, change, problem):
    path = foreign_warc(tmp_path / "a.warc", gzipped=False, headers=[], body=b"<p>tin</p>")
    whole = path.read_bytes()
    # The length stands in the record's own header and does not count that header.
    path.write_bytes(whole.replace(*change) + whole)
    bad, good = read_records(path)
    assert bad.capture is None
    assert problem in bad.problem
    assert good.capture.payload == b"<p>tin</p>"


@pytest.mark.parametrize("codings", ["chunked", "Chunked ", "gzip, chunked"])
def test_a_body_that_was_stored_in_chunks_is_put_together(tmp_path, codings):
    chunked = [("Transfer-Encoding", codings)]
    path = foreign_warc(
        tmp_path / "a.warc.gz", gzipped=True, headers=chunked, body=b"4\r\n<p>t\r\n2\r\nin\r\n0\r\n\r\n"
    )
    (record,) = read_records(path)
    assert record.capture.payload == b"<p>tin"


HEAD = (
    "HTTP/1.0 404 Khong thay\r\nX-T: Huyện \r\nno header\r\n"
    'Content-Disposition: attachment; filename="kế hoạch.pdf"\r\nX-F: a\r\n  b\r\n\r\n'
).encode()


def test_the_head_is_written_octet_for_octet_and_read_as_it_was_live(tmp_path, writer):
    capture = replace(make_capture(status=404), headers=head_fields(HEAD), head=HEAD)
    location = writer.append(capture)
    assert HEAD + capture.payload in gzip.decompress(only_file(tmp_path).read_bytes())
    assert read_capture(tmp_path, location) == capture
    check = [sys.executable, "-m", "warcio.cli", "check", str(only_file(tmp_path))]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
