"""Taking in what others captured, in each format, whole or broken."""

import gzip
import hashlib
import json
import os
import random
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archive_search.archive import Archive, articles, captures, catalogue
from archive_search.archive.audit import audit
from archive_search.archive.importing import Choices, take
from archive_search.cli import main
from archive_search.errors import IntegrityError, WarcUnreadable
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import import_file, rebuild
from archive_search.records import CaptureKind

PAGE = (
    "<html><head><title>Tin</title></head><body><h1>Huyện ủy họp bàn nhiệm vụ năm {n}</h1>"
    "<p>Chiều 12/7, Huyện ủy Thường Tín tổ chức hội nghị lần thứ {n} bàn về nhiệm vụ trọng tâm của năm, "
    "đồng chí Bí thư Huyện ủy chủ trì và phát biểu kết luận hội nghị.</p>"
    "<p>Các đại biểu đã thảo luận về kinh tế, văn hóa, xã hội và xây dựng nông thôn mới của huyện.</p>"
    "</body></html>"
)
HTML = [("Content-Type", "text/html; charset=UTF-8")]
SAME = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


def page(n: int = 1) -> bytes:
    return PAGE.format(n=n).encode()


def sha1(payload: bytes) -> str:
    return f"sha1:{hashlib.sha1(payload).hexdigest()}"


class Made:
    """A WARC file in the making."""

    def __init__(self, path: Path, *, gzipped: bool = True) -> None:
        self.path = path
        self._file = path.open("wb")
        self._writer = WARCWriter(self._file, gzip=gzipped)

    def add(self, kind: str, url: str, body: bytes = b"", *, status: str = "200 OK", day: int = 1, **fields):
        record = self._writer.create_warc_record(
            url,
            kind,
            payload=BytesIO(body),
            http_headers=StatusAndHeaders(status, HTML, "HTTP/1.1"),
            warc_headers_dict={
                "WARC-Date": f"2022-07-{day:02}T03:00:00Z",
                **{name.replace("_", "-"): value for name, value in fields.items()},
            },
        )
        self._writer.write_record(record)
        return self

    def done(self) -> Path:
        self._file.close()
        return self.path


def response(path: Path, n: int = 1, *, gzipped: bool = True, **how) -> Path:
    return Made(path, gzipped=gzipped).add("response", f"http://portal.test/{n}", page(n), **how).done()


def revisit(path: Path, n: int = 1, *, url: str | None = None, day: int = 9, **fields) -> Path:
    fields = {"WARC_Profile": SAME, "WARC_Payload_Digest": sha1(page(n))} | fields
    return Made(path).add("revisit", url or f"http://portal.test/{n}", day=day, **fields).done()


def rows(archive: Archive) -> list:
    with archive.reading() as db:
        found = db.execute(catalogue.captures.select()).all()
    return sorted(found, key=lambda row: (row.captured_at, row.url, row.warc_file))


def state(archive: Archive) -> list:
    return [(r.url, r.captured_at, r.kind, r.article, r.version, r.reason) for r in rows(archive)]


def current(archive: Archive) -> dict[str, str]:
    with archive.reading() as db:
        return articles.current_versions(db)


def files(archive: Archive) -> list[str]:
    return sorted(path.name for path in archive.config.warc_folder.iterdir())


def is_sound(archive: Archive) -> bool:
    return not audit(archive, lambda *_: None).problems


# --- WARC


def test_a_file_is_kept_byte_for_byte_under_a_name_made_from_its_digest(archive, tmp_path):
    path = response(tmp_path / "a.warc.gz")
    report = import_file(archive, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert files(archive) == [f"import-{digest[:12]}-a.warc.gz"]
    assert (archive.config.warc_folder / files(archive)[0]).read_bytes() == path.read_bytes()
    assert (report.source, report.files, report.records) == (
        "a.warc.gz",
        tuple(files(archive)),
        {"response": 1},
    )


def test_importing_again_changes_nothing_whatever_the_file_is_called(archive, tmp_path):
    path = response(tmp_path / "a.warc.gz")
    import_file(archive, path)
    before = state(archive)
    again = import_file(archive, path.rename(tmp_path / "b.warc.gz"))
    assert (again.known, state(archive), len(files(archive))) == (1, before, 1)


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
def test_all_versions_of_the_format_are_read(archive, tmp_path, version):
    path = response(tmp_path / "a.warc", gzipped=False)
    path.write_bytes(path.read_bytes().replace(b"WARC/1.0", f"WARC/{version}".encode()))
    import_file(archive, path)
    assert [row.kind for row in rows(archive)] == [CaptureKind.ARTICLE]


def test_a_file_that_is_gzipped_as_a_whole_is_recompressed_record_by_record(archive, tmp_path):
    plain = Made(tmp_path / "a.warc", gzipped=False)
    for n in (1, 2):
        plain.add("response", f"http://portal.test/{n}", page(n))
    packed = tmp_path / "a.warc.gz"
    packed.write_bytes(gzip.compress(plain.done().read_bytes()))
    report = import_file(archive, packed)
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    assert f"-of-{digest[:12]}-a.warc.gz" in report.files[0]
    assert digest in gzip.decompress((archive.config.warc_folder / report.files[0]).read_bytes()).decode()
    assert [row.url for row in rows(archive)] == ["http://portal.test/1", "http://portal.test/2"]
    assert import_file(archive, packed).known == 2
    assert is_sound(archive)


def test_a_resource_record_of_the_web_is_a_capture_and_others_are_counted(archive, tmp_path):
    made = Made(tmp_path / "a.warc.gz")
    for url in ("http://portal.test/1", "urn:pageinfo:http://portal.test/1"):
        made._writer.write_record(
            made._writer.create_warc_record(
                url,
                "resource",
                payload=BytesIO(page()),
                warc_content_type="text/html",
                warc_headers_dict={"WARC-Date": "2022-07-01T03:00:00Z"},
            )
        )
    report = import_file(archive, made.done())
    assert report.records == {"resource": 2}
    assert [(row.url, row.kind) for row in rows(archive)] == [("http://portal.test/1", CaptureKind.ARTICLE)]
    assert is_sound(archive)


# --- broken files


def cut(path: Path, kind: str) -> Path:
    """Return a file of two records, in that format, of which the second is cut off."""
    made = Made(path, gzipped=kind == "members")
    made.add("response", "http://portal.test/1", page(1)).add("response", "http://portal.test/2", page(2))
    data = made.done().read_bytes()
    if kind == "whole":
        # Hardly compressed, so that the cut falls into the second record.
        data = gzip.compress(data, 0)
    path.write_bytes(data[:-60])
    return path


@pytest.mark.parametrize("kind", ["members", "plain", "whole"])
def test_a_file_that_is_cut_off_is_refused_and_the_message_says_what_can_be_had(archive, tmp_path, kind):
    with pytest.raises(WarcUnreadable, match="--partial"):
        import_file(archive, cut(tmp_path / "a.warc", kind))
    assert (files(archive), rows(archive)) == ([], [])


@pytest.mark.parametrize("kind", ["members", "plain", "whole"])
def test_of_a_file_that_is_cut_off_the_whole_records_can_be_had(archive, tmp_path, kind):
    path = cut(tmp_path / "a.warc", kind)
    report = import_file(archive, path, choices=Choices(partial=True))
    assert [row.url for row in rows(archive)] == ["http://portal.test/1"]
    (problem,) = report.report.problems
    assert (problem.url, report.report.failures) == ("a.warc", 1)
    assert is_sound(archive)
    again = import_file(archive, path, choices=Choices(partial=True))
    assert (again.known, len(files(archive))) == (1, 1)


def test_a_gzip_bomb_is_refused(archive, tmp_path):
    bomb = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n" * 2
    path = tmp_path / "bomb.warc.gz"
    with gzip.open(path, "wb") as file:
        file.write(bomb)
        for _ in range(80):
            file.write(bytes(1024 * 1024))
    with pytest.raises(WarcUnreadable, match="decompresses to more"):
        import_file(archive, path, choices=Choices(partial=True))
    assert files(archive) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<!DOCTYPE html><p>tin</p>", "HTML"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x28\xb5\x2f\xfd....", "zstd -d"),
        (b"tin.html".ljust(257, b"\0") + b"ustar\0", "tar"),
        (gzip.compress(b"tin.html".ljust(257, b"\0") + b"ustar\0"), "tar"),
        (b"vn,gov,hanoi)/ 20220712030405 {}", "CDX"),
        (b"PK\x03\x04 cut off", "cut off"),
        (b"", "empty"),
    ],
)
def test_what_cannot_be_imported_is_named_for_what_it_is(archive, tmp_path, content, told):
    path = tmp_path / "portal.warc.gz"
    path.write_bytes(content)
    with pytest.raises(WarcUnreadable, match=told) as caught:
        import_file(archive, path)
    assert str(path) in str(caught.value)


# --- revisits


def test_a_revisit_shows_what_the_capture_with_the_same_payload_shows(archive, tmp_path):
    made = Made(tmp_path / "a.warc.gz").add("response", "http://portal.test/1", page())
    made.add("revisit", "http://portal.test/1", day=9, WARC_Profile=SAME, WARC_Payload_Digest=sha1(page()))
    report = import_file(archive, made.done())
    first, second = rows(archive)
    assert second.kind == CaptureKind.REVISIT
    assert (second.article, second.version) == (first.article, first.version) != (None, None)
    assert report.report.articles == {"new": 1, "unchanged": 1}


def test_a_revisit_may_stand_before_its_original_in_the_file(archive, tmp_path):
    made = Made(tmp_path / "a.warc.gz")
    made.add("revisit", "http://portal.test/1", day=9, WARC_Profile=SAME, WARC_Payload_Digest=sha1(page()))
    report = import_file(archive, made.add("response", "http://portal.test/1", page()).done())
    assert (report.report.failures, report.resolved) == (0, 0)
    assert len({row.article for row in rows(archive)} - {None}) == 1


def test_a_revisit_without_its_original_is_reported_and_resolved_when_that_comes(archive, tmp_path):
    lone = revisit(
        tmp_path / "b.warc.gz",
        WARC_Refers_To_Target_URI="http://portal.test/1",
        WARC_Refers_To_Date="2022-07-01T03:00:00Z",
    )
    (problem,) = import_file(archive, lone).report.problems
    expected = "a revisit of a capture that is not here: http://portal.test/1, 2022-07-01 03:00:00 UTC"
    assert (problem.url, problem.reason) == ("http://portal.test/1", expected)
    report = import_file(archive, response(tmp_path / "a.warc.gz"))
    assert (report.resolved, report.report.failures) == (1, 0)
    original, again = rows(archive)
    assert (again.article, again.reason) == (original.article, None)


def test_a_page_that_was_changed_back_has_its_old_version_again(archive, tmp_path):
    url = "http://portal.test/1"
    made = Made(tmp_path / "a.warc.gz").add("response", url, page(1)).add("response", url, page(2), day=5)
    made.add("revisit", url, day=9, WARC_Profile=SAME, WARC_Payload_Digest=sha1(page(1)))
    import_file(archive, made.done())
    first, second, third = rows(archive)
    assert first.version == third.version != second.version
    assert current(archive)[first.article] == first.version


def test_revisits_that_refer_to_one_another_lead_to_the_original(archive, tmp_path):
    url = "http://portal.test/1"
    made = Made(tmp_path / "a.warc.gz")
    for day in (9, 7, 5):
        place = {"WARC_Refers_To_Target_URI": url, "WARC_Refers_To_Date": f"2022-07-{day - 2:02}T03:00:00Z"}
        made.add("revisit", url, day=day, WARC_Profile=SAME, **place)
    import_file(archive, made.done())
    assert import_file(archive, response(tmp_path / "b.warc.gz", day=3)).resolved == 3
    assert len({row.article for row in rows(archive)}) == 1


def test_a_revisit_under_another_address_is_a_duplicate(archive, tmp_path):
    import_file(archive, response(tmp_path / "a.warc.gz"))
    report = import_file(archive, revisit(tmp_path / "b.warc.gz", url="http://portal.test/vi/1"))
    assert report.report.articles == {"duplicate": 1}


def test_a_digest_in_sha256_is_understood(archive, tmp_path):
    import_file(archive, response(tmp_path / "a.warc.gz"))
    digest = f"sha-256:{hashlib.sha256(page()).hexdigest()}"
    report = import_file(archive, revisit(tmp_path / "b.warc.gz", WARC_Payload_Digest=digest))
    assert report.report.failures == 0


def test_a_place_is_not_believed_against_the_digest(archive, tmp_path):
    import_file(archive, response(tmp_path / "a.warc.gz", 2))
    place = {
        "WARC_Refers_To_Target_URI": "http://portal.test/2",
        "WARC_Refers_To_Date": "2022-07-01T03:00:00Z",
    }
    report = import_file(archive, revisit(tmp_path / "b.warc.gz", 1, **place))
    assert report.report.failures == 1


def test_a_304_shows_what_it_refers_to_and_not_what_was_newest(archive, tmp_path):
    url = "http://portal.test/1"
    made = Made(tmp_path / "a.warc.gz").add("response", url, page(1)).add("response", url, page(2), day=5)
    made.add(
        "revisit",
        url,
        day=9,
        status="304 Not Modified",
        WARC_Profile=SAME.replace("identical-payload-digest", "server-not-modified"),
        WARC_Payload_Digest=sha1(b""),
        WARC_Refers_To_Target_URI=url,
        WARC_Refers_To_Date="2022-07-01T03:00:00Z",
    )
    import_file(archive, made.done())
    first, _, third = rows(archive)
    assert (third.version, current(archive)[first.article]) == (first.version, first.version)


def test_a_revisit_of_a_404_needs_no_original(archive, tmp_path):
    path = revisit(tmp_path / "a.warc.gz", status="404 Not Found")
    import_file(archive, path)
    assert [row.kind for row in rows(archive)] == [CaptureKind.ERROR]


def test_a_rebuild_resolves_revisits_in_whichever_order_the_files_stand(archive, tmp_path):
    import_file(archive, revisit(tmp_path / "a.warc.gz"))
    import_file(archive, response(tmp_path / "b.warc.gz"))
    import_file(archive, revisit(tmp_path / "c.warc.gz", 2))
    before = state(archive), current(archive)
    engine = WhooshEngine(archive.config.index_folder)
    rebuild(archive, engine)
    assert (state(archive), current(archive)) == before
    with archive.writing() as db:
        db.execute(catalogue.captures.delete())
    rebuild(archive, engine)
    engine.close()
    assert (state(archive), current(archive)) == before


# --- ARC

FILEDESC = b"1 0 tool\nURL IP-address Archive-date Content-type Archive-length\n"


def arc(*records: tuple[str, bytes]) -> bytes:
    """Return an ARC file of version 1."""
    parts = [b"filedesc://a.arc 0.0.0.0 20080702230027 text/plain %d\n%s" % (len(FILEDESC), FILEDESC)]
    parts += [f"{head} {len(block)}\n".encode() + block for head, block in records]
    return b"\n".join(parts) + b"\n"


RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type:  text/html; charset=UTF-8\r\n\r\n" + page()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_the_records_of_an_arc_file_are_kept_as_warc_with_their_bytes(archive, tmp_path, pack):
    path = tmp_path / "a.arc.gz"
    path.write_bytes(
        pack(
            arc(
                ("http://portal.test/1 10.0.0.1 20080702230028 text/html", RESPONSE),
                (
                    "dns:portal.test 10.0.0.2 20080702230028 text/dns",
                    b"20080702230028\nportal.test. A 10.0.0.1",
                ),
                (
                    "http://portal.test/a b.jpg 10.0.0.1 20080702230029 image/jpeg",
                    b"HTTP/1.0 200 OK\r\n\r\nx",
                ),
                ("http://portal.test/old - 20080702 text/html", page(2)),
            )
        )
    )
    report = import_file(archive, path)
    assert report.records == {"warcinfo": 1, "metadata": 1, "response": 2, "resource": 2}
    kept = gzip.decompress((archive.config.warc_folder / report.files[0]).read_bytes())
    assert RESPONSE in kept
    assert hashlib.sha256(path.read_bytes()).hexdigest().encode() in kept
    found = {row.url: (row.captured_at, row.kind) for row in rows(archive)}
    assert found["http://portal.test/1"] == ("2008-07-02T23:00:28Z", CaptureKind.ARTICLE)
    assert found["http://portal.test/old"] == ("2008-07-02T00:00:00Z", CaptureKind.ARTICLE)
    assert len(found) == 3
    assert (import_file(archive, path).known, len(files(archive))) == (3, 1)
    assert is_sound(archive)


def test_of_an_arc_file_that_is_cut_off_the_whole_records_can_be_had(archive, tmp_path):
    path = tmp_path / "a.arc"
    path.write_bytes(arc(*(("http://portal.test/1 10.0.0.1 20080702230028 text/html", RESPONSE),) * 2)[:-50])
    with pytest.raises(WarcUnreadable, match="--partial"):
        import_file(archive, path)
    report = import_file(archive, path, choices=Choices(partial=True))
    assert (len(rows(archive)), report.report.failures) == (1, 1)


# --- WACZ


def wacz(path: Path, members: dict[str, bytes], *, altered: dict[str, bytes] | None = None) -> Path:
    """Return a WACZ that lists its members' digests; `altered` are other bytes than it lists."""
    resources = [
        {"path": name, "hash": f"sha256:{hashlib.sha256(data).hexdigest()}", "bytes": len(data)}
        for name, data in members.items()
    ]
    package = json.dumps(
        {"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}
    ).encode()
    digest = {"path": "datapackage.json", "hash": f"sha256:{hashlib.sha256(package).hexdigest()}"}
    extra = {"datapackage.json": package, "datapackage-digest.json": json.dumps(digest).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**members, **extra, **(altered or {})}.items():
            archive.writestr(name, data)
    return path


def members(tmp_path: Path) -> dict[str, bytes]:
    pages = b'{"format": "json-pages-1.0"}\n{"url": "http://portal.test/1"}\n'
    return {
        "archive/data.warc.gz": response(tmp_path / "data.warc.gz").read_bytes(),
        "pages/pages.jsonl": pages,
    }


def test_the_warc_files_of_a_wacz_are_kept_and_its_pages_counted(archive, tmp_path):
    path = wacz(tmp_path / "a.wacz", members(tmp_path))
    report = import_file(archive, path)
    digest = hashlib.sha256((tmp_path / "data.warc.gz").read_bytes()).hexdigest()
    assert report.files == (f"import-{digest[:12]}-data.warc.gz",)
    assert (report.counts, [row.kind for row in rows(archive)]) == (
        {"pages listed": 1},
        [CaptureKind.ARTICLE],
    )
    assert import_file(archive, path).known == 1
    assert is_sound(archive)


@pytest.mark.parametrize("name", ["archive/data.warc.gz", "pages/pages.jsonl", "datapackage.json"])
def test_a_member_that_is_not_what_the_wacz_lists_is_named_and_nothing_is_taken_in(archive, tmp_path, name):
    other = {
        "archive/data.warc.gz": response(tmp_path / "other.warc.gz", 2).read_bytes(),
        "pages/pages.jsonl": b"{}",
        "datapackage.json": b'{"resources": []}',
    }
    path = wacz(tmp_path / "a.wacz", members(tmp_path), altered={name: other[name]})
    with pytest.raises(IntegrityError, match=name):
        import_file(archive, path)
    assert (files(archive), rows(archive)) == ([], [])


def test_a_member_that_is_listed_and_missing_is_an_integrity_error(archive, tmp_path):
    path = wacz(tmp_path / "a.wacz", members(tmp_path))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.wacz", "w") as new:
        for info in old.infolist():
            if not info.filename.startswith("pages/"):
                new.writestr(info, old.read(info))
    with pytest.raises(IntegrityError, match=r"pages/pages\.jsonl"):
        import_file(archive, tmp_path / "b.wacz")


def test_a_wacz_of_several_is_taken_in_and_a_deeper_one_refused(archive, tmp_path):
    inner = wacz(tmp_path / "inner.wacz", members(tmp_path))
    outer = wacz(tmp_path / "outer.wacz", {"inner.wacz": inner.read_bytes()})
    import_file(archive, outer)
    assert len(rows(archive)) == 1
    deeper = wacz(tmp_path / "deeper.wacz", {"outer.wacz": outer.read_bytes()})
    with pytest.raises(WarcUnreadable, match="WACZ that holds a WACZ"):
        import_file(archive, deeper)


@pytest.mark.parametrize("name", ["../../evil.warc.gz", "/etc/evil.warc.gz", "archive\\..\\evil.warc.gz"])
def test_a_member_is_never_written_where_its_name_leads(archive, tmp_path, name):
    data = response(tmp_path / "data.warc.gz").read_bytes()
    import_file(archive, wacz(tmp_path / "a.wacz", {name: data}))
    (kept,) = files(archive)
    assert kept.endswith("-evil.warc.gz")
    assert list(tmp_path.parent.rglob("evil.warc.gz")) == []


def test_two_members_of_one_name_are_refused(archive, tmp_path):
    data = response(tmp_path / "data.warc.gz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.wacz", "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("archive/data.warc.gz", data)
        file.writestr("archive/data.warc.gz", data)
    with pytest.raises(WarcUnreadable, match="same name"):
        import_file(archive, tmp_path / "a.wacz")


def test_an_encrypted_wacz_is_refused(archive, tmp_path):
    path = wacz(tmp_path / "a.wacz", members(tmp_path))
    data = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    path.write_bytes(data)
    with pytest.raises(WarcUnreadable, match="encrypted"):
        import_file(archive, path)


def test_a_zip_bomb_is_refused_and_leaves_nothing_behind(archive, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.wacz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.warc.gz", bytes(80 * 1024 * 1024))
    with pytest.raises(WarcUnreadable, match="decompresses to more"):
        import_file(archive, tmp_path / "a.wacz")
    assert files(archive) == []


def test_a_zip_bomb_that_lies_about_its_size_is_stopped(archive, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.wacz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.warc.gz", bytes(80 * 1024 * 1024))
    data = (tmp_path / "a.wacz").read_bytes()
    size = (80 * 1024 * 1024).to_bytes(4, "little")
    (tmp_path / "a.wacz").write_bytes(data.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises((WarcUnreadable, IntegrityError)):
        import_file(archive, tmp_path / "a.wacz")
    assert files(archive) == []


# --- saved folders

STAMP = "by HTTrack Website Copier/3.x [XR&CO'2014], Tue, 12 Jul 2022 03:04:05 GMT"


def save(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def mirrored(url: str, body: str) -> str:
    return f"<!DOCTYPE html>\n<html>\n<!-- Mirrored from {url} {STAMP} -->\n<head></head>{body}</html>"


@pytest.fixture
def mirror(tmp_path) -> Path:
    folder = tmp_path / "mirror"
    save(folder, "hts-log.txt", "HTTrack3.49-2 launched on Tue, 12 Jul 2022 03:00:00 at portal.test")
    save(folder, "index.html", "<html>HTTrack's own index</html>")
    links = (
        "<a href=\"tin/1a2b.html#y\">một</a> <a href='tin/hai.html?id=2'>hai</a> "
        '<img src="anh/hop%20bao.jpg">'
    )
    save(folder, "portal.test/index.html", mirrored("portal.test/", links))
    save(folder, "portal.test/tin/1a2b.html", mirrored("portal.test/tin?id=1&amp;x=2", page().decode()))
    save(folder, "portal.test/tin/hai.html", mirrored("portal.test/tin?id=2", '<a href="../index.html">'))
    save(folder, "portal.test/anh/hop bao.jpg", b"\xff\xd8\xff")
    return folder


def payload(archive: Archive, url: str) -> bytes:
    with archive.reading() as db:
        (stored,) = captures.of_url(db, url)
    return archive.read(stored).payload


def test_pages_of_a_mirror_have_the_url_and_time_that_is_written_in_them(archive, mirror):
    report = import_file(archive, mirror)
    found = {row.url: row.captured_at for row in rows(archive)}
    assert set(found) == {
        "http://portal.test/",
        "http://portal.test/tin?id=1&x=2",
        "http://portal.test/tin?id=2",
        "http://portal.test/anh/hop%20bao.jpg",
    }
    assert set(found.values()) == {"2022-07-12T03:04:05Z"}
    assert report.counts == {"files of HTTrack's own": 2}
    assert is_sound(archive)


def test_links_of_a_mirror_lead_where_they_led(archive, mirror):
    import_file(archive, mirror)
    home = payload(archive, "http://portal.test/").decode()
    assert '<a href="http://portal.test/tin?id=1&amp;x=2#y">' in home
    assert "<a href='http://portal.test/tin?id=2'>" in home
    assert '<img src="http://portal.test/anh/hop%20bao.jpg">' in home
    assert '<a href="http://portal.test/">' in payload(archive, "http://portal.test/tin?id=2").decode()


def test_importing_a_mirror_again_changes_nothing(archive, mirror):
    import_file(archive, mirror)
    before = state(archive)
    again = import_file(archive, mirror)
    assert (again.known, state(archive), len(files(archive))) == (4, before, 1)


def test_what_a_mirror_was_made_by_stands_in_its_file(archive, mirror):
    (name,) = import_file(archive, mirror).files
    text = gzip.decompress((archive.config.warc_folder / name).read_bytes()).decode("latin-1")
    assert "reconstructed from the saved folder mirror" in text
    assert "WARC-Type: resource" in text


def cache(folder: Path, *entries: tuple[str, str, bytes]) -> None:
    """Make HTTrack's cache: each entry a name, what stands in its local extra field, and the body."""
    buffer = BytesIO()
    central = []
    for name, said, body in entries:
        info = zipfile.ZipInfo(name)
        at = buffer.tell()
        crc = zipfile.crc32(body)
        extra = said.replace("\n", "\r\n").encode()
        head = b"PK\x03\x04" + b"".join(
            value.to_bytes(size, "little")
            for value, size in (
                (20, 2),
                (0, 2),
                (0, 2),
                (0, 2),
                (33, 2),
                (crc, 4),
                (len(body), 4),
                (len(body), 4),
                (len(name), 2),
                (len(extra), 2),
            )
        )
        buffer.write(head + name.encode() + extra + body)
        info.header_offset, info.CRC, info.compress_size, info.file_size = at, crc, len(body), len(body)
        central.append(info)
    save(folder, "hts-cache/new.zip", buffer.getvalue())
    with zipfile.ZipFile(folder / "hts-cache/new.zip", "a") as file:
        file.filelist.extend(central)
        file.NameToInfo.update({info.filename: info for info in central})
        file.start_dir = len(buffer.getvalue())
        file._didModify = True


def said(fil: str, saved: str, *, status: int = 200, body: bool = True, more: str = "") -> str:
    return (
        f"HTTP/1.1 {status} OK\nX-In-Cache: {int(body)}\nX-StatusCode: {status}\nX-Size: 1\n{more}"
        f"X-Addr: portal.test\nX-Fil: {fil}\nX-Save: /home/an/mirror/{saved}\n"
    )


def test_pages_that_are_in_the_cache_of_a_mirror_are_taken_as_they_were_sent(archive, mirror):
    html = 'Content-Type: text/html\nX-Charset: utf-8\nEtag: "7"\n'
    cache(
        mirror,
        (
            "http://portal.test/tin?id=1&x=2",
            said("/tin?id=1&x=2", "portal.test/tin/1a2b.html", more=html),
            page(7),
        ),
        (
            "http://portal.test/anh/hop bao.jpg",
            said(
                "/anh/h%E1%BB%8Dp.jpg",
                "portal.test/anh/hop bao.jpg",
                body=False,
                more="Content-Type: image/jpeg\n",
            ),
            b"",
        ),
        ("http://portal.test/cu", said("/cu", "", status=301, more="Location: http://portal.test/\n"), b""),
    )
    report = import_file(archive, mirror)
    assert report.records == {"warcinfo": 1, "response": 3, "resource": 2}
    found = {row.url: (row.status, row.captured_at, row.media_type) for row in rows(archive)}
    at = "2022-07-12T03:04:05Z"
    assert found["http://portal.test/tin?id=1&x=2"] == (200, at, "text/html")
    assert found["http://portal.test/anh/h%E1%BB%8Dp.jpg"] == (200, at, "image/jpeg")
    assert found["http://portal.test/cu"][0] == 301
    assert payload(archive, "http://portal.test/tin?id=1&x=2") == page(7)
    assert "http://portal.test/anh/h%E1%BB%8Dp.jpg" in payload(archive, "http://portal.test/").decode()


def test_a_broken_cache_is_reported_and_the_saved_pages_are_taken(archive, mirror):
    save(mirror, "hts-cache/new.zip", b"PK\x03\x04 broken")
    report = import_file(archive, mirror)
    assert (len(rows(archive)), report.report.failures) == (4, 1)


def test_a_page_of_a_mirror_without_a_url_is_reported_and_skipped(archive, mirror):
    save(mirror, "portal.test/lost.html", "<p>tin</p>")
    report = import_file(archive, mirror)
    assert [problem.url for problem in report.report.problems if "URL" in problem.reason] == [
        "portal.test/lost.html"
    ]
    assert report.counts["files without a URL"] == 1


def test_a_folder_that_wget_saved_has_its_urls_in_its_paths(archive, tmp_path):
    folder = tmp_path / "saved"
    for name in ("portal.test/index.html", "portal.test/tin/một.html", "portal.test/tin?id=1"):
        os.utime(save(folder, name, page()), (1657595045, 1657595045))
    import_file(archive, folder)
    found = {row.url: row.captured_at for row in rows(archive)}
    assert set(found) == {
        "http://portal.test/",
        "http://portal.test/tin/m%E1%BB%99t.html",
        "http://portal.test/tin?id=1",
    }
    assert set(found.values()) == {"2022-07-12T03:04:05Z"}


@pytest.mark.parametrize(
    ("mark", "time"),
    [
        ("<!-- saved from url=(0022)https://portal.test/1 -->", None),
        (
            "<!--\n Page saved with SingleFile \n url: https://portal.test/1 \n"
            " saved date: Tue Jul 12 2022 10:04:05 GMT+0700 (Indochina Time)\n-->",
            datetime(2022, 7, 12, 3, 4, 5, tzinfo=UTC),
        ),
    ],
)
def test_pages_that_a_browser_saved_tell_their_url(archive, tmp_path, mark, time):
    path = save(tmp_path / "saved", "Trang chủ.html", mark + page().decode())
    os.utime(path, (1600000000, 1600000000))
    import_file(archive, tmp_path / "saved")
    (row,) = rows(archive)
    expected = time or datetime.fromtimestamp(1600000000, UTC)
    assert (row.url, row.captured_at) == ("https://portal.test/1", f"{expected:%Y-%m-%dT%H:%M:%SZ}")


def test_a_folder_can_be_told_whose_paths_it_has(archive, tmp_path):
    save(tmp_path / "saved", "tin/1.html", page())
    with pytest.raises(WarcUnreadable, match="--host"):
        import_file(archive, tmp_path / "saved")
    import_file(archive, tmp_path / "saved", choices=Choices(host="portal.test", scheme="https"))
    assert [row.url for row in rows(archive)] == ["https://portal.test/tin/1.html"]


def test_a_link_in_a_saved_folder_is_not_followed(archive, tmp_path):
    save(tmp_path / "secret", "portal.test/secret.html", page())
    folder = tmp_path / "saved"
    save(folder, "portal.test/1.html", page())
    (folder / "portal.test/2.html").symlink_to(tmp_path / "secret/portal.test/secret.html")
    import_file(archive, folder)
    assert [row.url for row in rows(archive)] == ["http://portal.test/1.html"]


# --- the command


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result


def test_the_command_takes_files_with_and_without_their_source_named(tmp_path):
    run("-C", tmp_path / "a", "init")
    run("-C", tmp_path / "a", "import", response(tmp_path / "a.warc.gz"))
    result = run("-C", tmp_path / "a", "import", "files", "--json", tmp_path / "a.warc.gz")
    assert json.loads(result.stdout)[0]["known"] == 1


def test_the_command_ends_with_3_after_part_of_a_file_and_with_4_for_other_bytes(tmp_path):
    run("-C", tmp_path / "a", "init")
    path = cut(tmp_path / "a.warc.gz", "members")
    assert "--partial" in run("-C", tmp_path / "a", "import", path, code=1).stderr
    assert "cut off" in run("-C", tmp_path / "a", "import", "--partial", path, code=3).stdout
    bad = wacz(tmp_path / "a.wacz", members(tmp_path), altered={"archive/data.warc.gz": b"WARC/1.0"})
    assert "archive/data.warc.gz" in run("-C", tmp_path / "a", "import", bad, code=4).stderr


def test_the_command_takes_a_mirror(tmp_path, mirror):
    run("-C", tmp_path / "a", "init")
    assert "2 files of HTTrack's own" in run("-C", tmp_path / "a", "import", "httrack", mirror).stdout


# --- anything


@pytest.fixture(scope="module")
def seeds(tmp_path_factory) -> list[tuple[str, bytes]]:
    """Return a small file of each format."""
    folder = tmp_path_factory.mktemp("seeds")
    for gzipped in (True, False):
        made = Made(folder / f"{gzipped}.warc", gzipped=gzipped).add(
            "response", "http://portal.test/1", page()
        )
        made.add(
            "revisit", "http://portal.test/1", WARC_Profile=SAME, WARC_Payload_Digest=sha1(page())
        ).done()
    block = ("http://portal.test/1 10.0.0.1 20080702230028 text/html", RESPONSE)
    (folder / "a.arc").write_bytes(arc(block, block))
    for name in ("False.warc", "a.arc"):
        (folder / f"{name}.gz").write_bytes(gzip.compress((folder / name).read_bytes(), 0))
    wacz(folder / "a.wacz", members(folder))
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_file_holds_is_taken_in_or_refused_by_name(tmp_path, seeds, seed):
    chance = random.Random(seed)
    name, data = seeds[seed % len(seeds)]
    for _ in range(5):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(broken))
            broken[at : at + chance.randrange(3)] = chance.choice(
                [b"", b"\xff", b"9999999999", b"\r\n", b"\0"]
            )
        (tmp_path / name).write_bytes(broken)
        (tmp_path / "warc").mkdir(exist_ok=True)
        try:
            take(tmp_path / name, tmp_path / "warc", Choices(partial=seed % 2 == 0))
        except (WarcUnreadable, IntegrityError) as exc:
            assert str(tmp_path / name) in str(exc)
        assert [path for path in (tmp_path / "warc").iterdir() if path.suffix == ".part"] == []


def test_a_file_that_is_none_stops_no_other(tmp_path):
    run("-C", tmp_path / "a", "init")
    bad = tmp_path / "x.pdf"
    bad.write_bytes(b"%PDF-1.4")
    good = response(tmp_path / "a.warc.gz")
    told = json.loads(run("-C", tmp_path / "a", "import", "files", "--json", bad, good, code=3).stdout)
    assert told[0]["source"] == "x.pdf"
    assert "PDF" in told[0]["error"]
    assert told[1]["records"]["response"] == 1
    alone = run("-C", tmp_path / "a", "import", bad, bad, code=1)
    assert alone.stderr.count("PDF") >= 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--machine", "notaurl"), "is no URL"),
        (("--from", "20229999"), "is no day"),
        (("--from", "2024", "--to", "2020"), "is later than"),
    ],
)
def test_slips_in_what_the_wayback_machine_is_asked_for_are_told_before(tmp_path, asked, said):
    run("-C", tmp_path / "a", "init")
    assert said in run("-C", tmp_path / "a", "import", "wayback", "portal.test", *asked, code=2).stderr
