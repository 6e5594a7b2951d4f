"""What is exported is what other programs expect: theirs are asked."""

import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import bagit
import pytest
import surt as their_surt
from cdxj_indexer.main import CDXJIndexer
from click.testing import CliRunner
from conftest import make_capture
from hypothesis import given
from hypothesis import strategies as st
from needing import needed
from test_cli import run
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive import Archive, create
from archive_search.archive.exporting import cdxj as module
from archive_search.archive.exporting import wacz as wacz_module
from archive_search.archive.exporting.bagit import _Bag, without_secrets, write_bag
from archive_search.archive.exporting.cdxj import cdxj
from archive_search.archive.exporting.exchanges import Choice
from archive_search.archive.exporting.surt import surt
from archive_search.archive.exporting.wacz import write_wacz
from archive_search.cli import main
from archive_search.config import load_config

SENT = (("Host", "portal.test"), ("User-Agent", "archive-search"))
NOON = datetime(2022, 7, 12, 12, tzinfo=UTC)
EVERYTHING = Choice()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder of an archive after the demo's crawl: two portals, with requests and a redirect."""
    folder = tmp_path_factory.mktemp("exporting") / "archive"
    result = CliRunner().invoke(main, ["demo", "--folder", str(folder), "--no-serve"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def crawled(demo):
    with Archive(load_config(demo)) as archive:
        yield archive


def theirs(*files):
    """Return the sorted index of WARC files as cdxj-indexer writes it."""
    out = io.StringIO()
    CDXJIndexer(out, [str(file) for file in files], post_append=True, sort=True).process_all()
    return out.getvalue()


def imported(folder, warc):
    create(folder)
    run("-C", folder, "import", warc)
    return Archive(load_config(folder))


def foreign(path, *pairs, gzipped=True, request_first=False):
    """Write a WARC file of requests and responses: (url, method, media type, what was sent)."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=gzipped, warc_version="1.0")
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "test"}))
        for number, (url, method, kind, sent) in enumerate(pairs):
            date = {"WARC-Date": f"2022-07-12T00:00:{number:02}Z"}
            page = StatusAndHeaders("200 OK", [("Content-Type", "text/html;charset=utf-8")], "HTTP/1.1")
            body = BytesIO(b"<p>%d</p>" % number)
            response = writer.create_warc_record(
                url, "response", body, http_headers=page, warc_headers_dict=date
            )
            heads = [("Host", "portal.test"), ("Content-Type", kind), ("Content-Length", str(len(sent)))]
            line = StatusAndHeaders(f"{method} /x HTTP/1.1", heads, is_http_request=True)
            joined = {"WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"), **date}
            request = writer.create_warc_record(
                url, "request", BytesIO(sent), http_headers=line, warc_headers_dict=joined
            )
            if request_first:
                request.rec_headers.remove_header("WARC-Concurrent-To")
                record_id = request.rec_headers.get_header("WARC-Record-ID")
                response.rec_headers.add_header("WARC-Concurrent-To", record_id)
            for record in (request, response) if request_first else (response, request):
                writer.write_record(record)
    return path


FORM = "application/x-www-form-urlencoded"
PAIRS = (
    ("http://www.Portal.test:80/Tin/Đường?b=2&a=1&", "GET", FORM, b""),
    ("http://portal.test/ds.aspx?trang=1", "POST", FORM, "__EVENTTARGET=ctl00$Trang&q=Thường Tín".encode()),
    ("http://portal.test/ds.aspx", "POST", FORM, b"q=%C4%90%C6%B0%E1%BB%9Dng+s%C3%A1&trang=2"),
    ("http://portal.test/ds.aspx", "POST", FORM, b"\xff\xfe"),
    ("http://portal.test/tep", "PUT", "application/octet-stream", b"\x00\x01"),
    ("http://portal.test/dai", "POST", FORM, b"q=" + b"x" * 5000),
)


def test_the_index_of_a_crawl_is_theirs(crawled):
    lines = list(cdxj(crawled, EVERYTHING))
    assert "".join(lines) == theirs(*crawled.warc_files())
    assert len(lines) > 70
    assert [line.encode() for line in lines] == sorted(line.encode() for line in lines)


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize("request_first", [True, False])
def test_the_index_of_another_tools_file_is_theirs(tmp_path, gzipped, request_first):
    name = "other.warc.gz" if gzipped else "other.warc"
    path = foreign(tmp_path / name, *PAIRS, gzipped=gzipped, request_first=request_first)
    with imported(tmp_path / "archive", path) as archive:
        assert "".join(cdxj(archive, EVERYTHING)) == theirs(*archive.warc_files())


def test_a_revisit_is_indexed_as_theirs(archive):
    first = replace(make_capture(captured_at=NOON), request_headers=SENT)
    archive.keep(first, None)
    later = make_capture(payload=b"", status=304, captured_at=NOON.replace(hour=13))
    archive.keep(replace(later, request_headers=SENT), None, revisit_of=(first.url, NOON))
    lines = list(cdxj(archive, EVERYTHING))
    assert "warc/revisit" in lines[1]
    assert "".join(lines) == theirs(*archive.warc_files())


def test_an_index_that_does_not_fit_in_memory_is_sorted_all_the_same(crawled, monkeypatch):
    whole = list(cdxj(crawled, EVERYTHING))
    monkeypatch.setattr(module, "_MOST", 2000)
    assert list(cdxj(crawled, EVERYTHING)) == whole


@pytest.mark.parametrize(
    "url",
    [
        "http://www.example.com/",
        "https://example.com:443/a//b/../c/./D/?",
        "http://user:pw@www2.example.com:8080/A?b=2&a=1&&a",
        "http://example.com/a%2Fb%20c?q=%C4%91%C6%B0%E1%BB%9Dng&z=%2541",
        "http://example.com/index.aspx?tabid=3&sid=0123456789abcdef0123456789abcdef&x=1",
        "http://example.com/(S(abcdefghijklmnopqrstuvwx))/page.aspx?y=1",
        "http://example.com/../..//%zz?%#mark",
        "http://tên-miền.vn/đường phố",
        "dns:example.com",
    ],
)
def test_a_key_is_theirs(url):
    assert surt(url) == their_surt.surt(url)


@given(st.text("abAB/.?&=%25;:+đ ~()", max_size=30))
def test_a_key_of_any_path_is_theirs(tail):
    url = f"http://example.com/{tail}"
    assert surt(url) == their_surt.surt(url)


def opened(path):
    with zipfile.ZipFile(path) as zipped:
        return {entry.filename: (entry, zipped.read(entry)) for entry in zipped.infolist()}


@pytest.fixture
def package(crawled, tmp_path):
    write_wacz(crawled, tmp_path / "whole.wacz", EVERYTHING)
    return tmp_path / "whole.wacz"


def test_a_wacz_file_holds_the_warc_files_as_they_are(crawled, package):
    parts = opened(package)
    for warc in crawled.warc_files():
        entry, data = parts[f"archive/{warc.name}"]
        assert entry.compress_type == zipfile.ZIP_STORED
        assert data == warc.read_bytes()


def test_a_wacz_file_vouches_for_each_of_its_parts(package):
    parts = opened(package)
    described = json.loads(parts["datapackage.json"][1])
    assert (described["profile"], described["wacz_version"]) == ("data-package", "1.1.1")
    for resource in described["resources"]:
        data = parts[resource["path"]][1]
        assert (len(data), f"sha256:{hashlib.sha256(data).hexdigest()}") == (
            resource["bytes"],
            resource["hash"],
        )
    listed = {resource["path"] for resource in described["resources"]}
    assert parts.keys() - listed == {"datapackage.json", "datapackage-digest.json"}
    digest = json.loads(parts["datapackage-digest.json"][1])["hash"]
    assert digest == f"sha256:{hashlib.sha256(parts['datapackage.json'][1]).hexdigest()}"


def test_the_blocks_of_the_index_are_where_the_index_of_blocks_says(crawled, tmp_path, monkeypatch):
    monkeypatch.setattr(wacz_module, "_LINES", 10)
    write_wacz(crawled, tmp_path / "a.wacz", EVERYTHING)
    parts = opened(tmp_path / "a.wacz")
    packed, (head, *entries) = parts["indexes/index.cdx.gz"][1], parts["indexes/index.idx"][1].splitlines()
    assert head.startswith(b"!meta 0 ")
    assert gzip.decompress(packed).decode() == "".join(cdxj(crawled, EVERYTHING))
    assert len(entries) == -(-len(list(cdxj(crawled, EVERYTHING))) // 10)
    for entry in entries:
        key, _, place = entry.partition(b" {")
        place = json.loads(b"{" + place)
        block = gzip.decompress(packed[place["offset"] :][: place["length"]])
        assert block.startswith(key)


def test_every_article_is_a_page_of_the_package(crawled, package):
    head, *pages = map(json.loads, opened(package)["pages/pages.jsonl"][1].splitlines())
    assert head["format"] == "json-pages-1.0"
    exported = map(json.loads, run("-C", crawled.config.folder, "export").stdout.splitlines())
    assert {(page["id"], page["title"]) for page in pages} == {(a["id"], a["title"]) for a in exported}
    urls = {json.loads(line.partition(" {")[2].join(["{", ""]))["url"] for line in cdxj(crawled, EVERYTHING)}
    assert {page["url"] for page in pages} <= urls


def test_the_entries_have_the_plain_header_that_viewers_expect(package):
    # A ZIP64 field in the header of a small entry makes ReplayWeb.page read it at the wrong place.
    data = package.read_bytes()
    for entry, _ in opened(package).values():
        assert struct.unpack_from("<H", data, entry.header_offset + 28) == (0,)


@pytest.fixture(scope="module")
def validator():
    """The command of Webrecorder's own package, to be run in a process of its own."""
    path = shutil.which("wacz", path=str(Path(sys.executable).parent))
    needed(path, "the package wacz is not installed: pip install '.[dev]'")
    return path


def test_their_validator_accepts_a_package(validator, package, tmp_path):
    def validated(path):
        return subprocess.run(
            [validator, "validate", "-f", path], check=False, capture_output=True
        ).returncode

    assert validated(package) == 0
    shutil.copy(package, tmp_path / "bad.wacz")
    with zipfile.ZipFile(tmp_path / "bad.wacz", "a") as zipped:
        zipped.writestr("archive/more.warc.gz", b"not described")
    assert validated(tmp_path / "bad.wacz") != 0


def test_a_part_of_an_archive_is_its_records_byte_for_byte(crawled, tmp_path):
    host = "thuongtin.hanoi.gov.vn"
    report = write_wacz(crawled, tmp_path / "part.wacz", Choice(hosts=frozenset({host})))
    parts = opened(tmp_path / "part.wacz")
    (name,) = (name for name in parts if name.startswith("archive/"))
    packed = parts[name][1]
    whole = b"".join(path.read_bytes() for path in crawled.warc_files())
    kinds = []
    records = ArchiveIterator(BytesIO(packed))
    for record in records:
        records.read_to_end(record)
        start, length = records.get_record_offset(), records.get_record_length()
        kinds.append(record.rec_type)
        assert record.rec_type == "warcinfo" or packed[start : start + length] in whole
    assert kinds == ["warcinfo"] + ["response", "request"] * report.captures
    assert (report.captures, report.pages) == (4, 1)


def test_the_index_of_a_part_is_theirs(crawled, tmp_path):
    write_wacz(crawled, tmp_path / "part.wacz", Choice(hosts=frozenset({"thuongtin.hanoi.gov.vn"})))
    with zipfile.ZipFile(tmp_path / "part.wacz") as zipped:
        zipped.extractall(tmp_path / "part")
    index = gzip.decompress((tmp_path / "part" / "indexes" / "index.cdx.gz").read_bytes()).decode()
    assert index == theirs(*(tmp_path / "part" / "archive").iterdir())


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [(12, None, [12, 13]), (None, 12, [11]), (12, 13, [12]), (None, None, [11, 12, 13])],
)
def test_captures_are_chosen_by_their_time(archive, since, until, hours):
    for hour in (11, 12, 13):
        archive.keep(make_capture(f"http://portal.test/{hour}", captured_at=NOON.replace(hour=hour)), None)
    choice = Choice(
        since=NOON.replace(hour=since) if since else None, until=NOON.replace(hour=until) if until else None
    )
    assert [line.partition(" ")[0] for line in cdxj(archive, choice)] == [
        f"test,portal)/{hour}" for hour in hours
    ]


def test_unpacked_records_of_another_tool_are_packed_for_a_part(tmp_path):
    path = foreign(tmp_path / "other.warc", *PAIRS, gzipped=False)
    with imported(tmp_path / "archive", path) as archive:
        write_wacz(archive, tmp_path / "a.wacz", Choice(hosts=frozenset({"portal.test"})))
    parts = opened(tmp_path / "a.wacz")
    (packed,) = (data for name, (_, data) in parts.items() if name.startswith("archive/"))
    kinds = [record.rec_type for record in ArchiveIterator(BytesIO(packed))]
    assert kinds == ["warcinfo"] + ["response", "request"] * 5


def test_what_a_crawl_has_not_yet_entered_is_no_part_of_an_export(archive, tmp_path):
    archive.keep(replace(make_capture(), request_headers=SENT), None)
    (path,) = archive.warc_files()
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(whole[:100])
    write_wacz(archive, tmp_path / "a.wacz", EVERYTHING)
    assert opened(tmp_path / "a.wacz")[f"archive/{path.name}"][1] == whole
    write_bag(archive, tmp_path / "bag")
    assert (tmp_path / "bag" / "data" / "warc" / path.name).read_bytes() == whole


def test_a_file_that_is_shorter_than_the_catalogue_has_it_is_not_exported(archive, tmp_path):
    archive.keep(make_capture(), None)
    (path,) = archive.warc_files()
    os.truncate(path, path.stat().st_size - 1)
    result = run(
        "-C", archive.config.folder, "export", "--format", "wacz", "--output", tmp_path / "a", code=4
    )
    assert path.name in result.stderr
    assert not list(tmp_path.glob("a*.part")) and not (tmp_path / "a").exists()


@pytest.mark.parametrize("form", ["wacz", "bagit"])
def test_what_is_there_is_not_overwritten(archive, tmp_path, form):
    (tmp_path / "mine").write_text("mine")
    run("-C", archive.config.folder, "export", "--format", form, "--output", tmp_path / "mine", code=2)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("form", ["wacz", "bagit"])
def test_what_needs_a_name_asks_for_it(archive, form):
    assert "--output" in run("-C", archive.config.folder, "export", "--format", form, code=2).stderr


@pytest.fixture
def bag(crawled, tmp_path):
    (crawled.config.folder / "synonyms.tsv").write_text("a\tb\n")
    write_bag(crawled, tmp_path / "bag")
    yield tmp_path / "bag"
    (crawled.config.folder / "synonyms.tsv").unlink()


def test_their_validator_accepts_a_bag(bag):
    found = bagit.Bag(str(bag))
    assert found.validate()
    assert set(found.algorithms) == {"sha256", "sha512"}
    assert {"data/archive.toml", "data/articles.jsonl", "data/synonyms.tsv"} <= found.entries.keys()


def test_a_bag_holds_every_warc_file(crawled, bag):
    for path in crawled.warc_files():
        assert (bag / "data" / "warc" / path.name).read_bytes() == path.read_bytes()


def test_a_changed_byte_of_a_bag_is_found(bag):
    path = next((bag / "data" / "warc").iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(bag)).validate()


@pytest.mark.parametrize("name", ["100%.txt", "a%0Ab.txt", "two\nlines.txt", "back\r.txt", "tin tức.txt"])
def test_names_that_would_break_a_manifest_are_escaped(tmp_path, name):
    bag = _Bag(tmp_path)
    bag.add(f"data/{name}", [b"x"])
    bag.add("bagit.txt", [b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"])
    bag.add("manifest-sha256.txt", [bag.manifest("sha256", bag.entries[:1])])
    (line,) = (tmp_path / "manifest-sha256.txt").read_bytes().splitlines()
    written = line.decode().partition("  ")[2]
    assert written == "data/" + name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


SECRETS = """
portals = ["thuongtin"]
smtp_password = "hunter2"  # of the mail server
# smtp_password = "older"
catalogue = "postgresql://me:s3cret@db/archive"
[webhook]
token = 't0ken'
"""


def test_a_bag_has_no_passwords():
    text = without_secrets(SECRETS)
    assert not [word for word in ("hunter2", "older", "s3cret", "t0ken") if word in text]
    assert 'portals = ["thuongtin"]' in text and "me:REMOVED@db" in text


def test_a_full_disk_leaves_no_half_export(crawled, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    for form in ("wacz", "bagit"):
        name = tmp_path / form
        run("-C", crawled.config.folder, "export", "--format", form, "--output", name, code=5)
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_everything_refuses_a_choice(archive):
    run("-C", archive.config.folder, "export", "--since", "2022-07-01", code=2)


def test_a_portal_is_chosen_by_its_profile(demo):
    lines = run("-C", demo, "export", "--format", "cdxj", "--portal", "thuongtin").stdout.splitlines()
    assert lines and all(line.startswith("vn,gov,hanoi,thuongtin)/") for line in lines)


@pytest.mark.parametrize("form", ["jsonl", "cdxj"])
def test_a_file_that_is_there_is_not_written_over(demo, tmp_path, form):
    path = tmp_path / "out"
    path.write_text("mine")
    assert "exists" in run("-C", demo, "export", "--format", form, "--output", path, code=2).stderr
    assert path.read_text() == "mine"


@pytest.mark.parametrize("form", ["jsonl", "cdxj"])
def test_a_file_that_cannot_be_made_is_told_of_and_leaves_nothing(demo, tmp_path, form):
    path = tmp_path / "no such folder" / "out"
    assert str(path) in run("-C", demo, "export", "--format", form, "--output", path, code=5).stderr
    assert list(tmp_path.iterdir()) == []
