"""Files that articles link to: captured, read, searched, shown with their article, and exported."""

import json
import re
from contextlib import closing

import pytest
from conftest import make_capture, reply
from crawling import FakeClock
from files import docx, paragraph, pdf
from reading_room import Room, make_document, open_room, paragraphs
from sqlalchemy import update

from archive_search.archive import Archive, articles, captures, catalogue, create, files
from archive_search.archive.exporting import export
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.index.query import Query, parse
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import crawl_portal, rebuild, status, update_index
from archive_search.pipeline.files import fill_texts
from archive_search.portals import parse_profile
from archive_search.records import Attachment, CaptureKind
from archive_search.web import create_app
from archive_search.web.room import close_room

PROFILE = r"""
name = "portal"
label = "Cổng"
hosts = ["portal.test"]
seeds = ["http://portal.test/moi"]
[article]
url = '^/tin/(?P<number>\d+)'
[listing]
url = '^/moi$'
links = "a"
[select]
title = "h1"
body = ".body"
[attachments]
max_files = 5
[politeness]
delay_s = 0
"""
PORTAL = parse_profile(PROFILE, source="test")
PLAN, LIST = "Kho bạc Nhà nước chi trả tiền bồi thường", "Danh sách hộ dân được tái định cư"


class Portal:
    """A portal with one article that links to a PDF and a Word file, an archive of it, and a reader."""

    def __init__(self, web, folder):
        create(folder)
        (folder / "portals").mkdir(exist_ok=True)
        (folder / "portals" / "portal.toml").write_text(PROFILE, encoding="utf-8")
        self.web, self.clock, self.config = web, FakeClock(), load_config(folder)
        self.archive = Archive(self.config, self.clock)
        self.engine = WhooshEngine(self.config.index_folder)
        web.replies["/moi"] = reply(b"<a href=/tin/1>x</a>")
        self.article('<a href="/f/ke-hoach.pdf">Kế hoạch 12</a> <a href="/f/danh-sach.docx">Danh sách</a>')
        self.file("/f/ke-hoach.pdf", pdf([PLAN]), "application/pdf")
        self.file("/f/danh-sach.docx", docx(paragraph(LIST)), "application/octet-stream")

    def article(self, links):
        page = f"<h1>Thông báo của Huyện ủy</h1><div class=body><p>Mời xem tệp.</p><p>{links}</p></div>"
        self.web.replies["/tin/1"] = reply(page.encode(), Content_Type="text/html; charset=utf-8")

    def file(self, path, data, media_type):
        self.web.replies[path] = reply(data, Content_Type=media_type)

    def crawl(self):
        self.clock.sleep(86_400)
        with closing(Fetcher(connect_to={"portal.test": ("127.0.0.1", self.web.port)})) as fetcher:
            crawl_portal(self.archive, PORTAL, fetcher, clock=self.clock, everything=True)
        return update_index(self.archive, self.engine)

    def hits(self, query):
        return self.engine.search(Query(node=parse(query), text=query)).hits

    def document(self):
        with self.archive.reading() as db:
            (document,) = articles.documents(db)
            assert articles.document(db, document.article.id) == document
        return document

    def page(self, path):
        app = create_app(self.config)
        try:
            return app.test_client().get(path).text
        finally:
            close_room(app)

    def close(self):
        self.engine.close()
        self.archive.close()


@pytest.fixture
def portal(web, tmp_path):
    with closing(Portal(web, tmp_path / "archive")) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "name", "text"),
    [(f'"{PLAN}"', "Kế hoạch 12", PLAN), ("ho dan tai dinh cu", "Danh sách", LIST)],
)
def test_what_stands_in_a_file_only_is_found_and_leads_to_its_paragraph(portal, query, name, text):
    portal.crawl()
    (hit,) = portal.hits(query)
    assert hit.snippet.attachment == name
    assert "".join(piece for piece, _ in hit.snippet.pieces) == text
    page = portal.page(f"/a/{hit.id}/{hit.version}")
    assert f'<p id="{hit.snippet.block}" class="passage">{text}</p>' in page


def test_the_list_of_hits_says_that_a_passage_stands_in_a_file(portal):
    portal.crawl()
    assert "Trong tệp đính kèm" in portal.page("/?q=kho+bac+chi+tra&lang=vi")


def test_a_changed_file_is_found_by_its_new_text_only_although_the_article_is_the_same(portal):
    portal.crawl()
    before = portal.document()
    portal.file("/f/ke-hoach.pdf", pdf(["Hoãn chi trả sang năm sau"]), "application/pdf")
    assert portal.crawl().indexed == 1
    assert portal.document().article == before.article
    assert len(portal.hits('"hoãn chi trả"')) == 1
    assert portal.hits(f'"{PLAN}"') == ()


def test_an_unchanged_file_is_not_indexed_again(portal):
    portal.crawl()
    assert portal.crawl().indexed == 0


def test_an_index_that_is_up_to_date_is_not_called_behind(portal):
    assert status(portal.archive, portal.engine).behind == 0
    portal.file("/f/ke-hoach.pdf", pdf(["Kế hoạch khác hẳn"]), "application/pdf")
    with closing(Fetcher(connect_to={"portal.test": ("127.0.0.1", portal.web.port)})) as fetcher:
        portal.clock.sleep(86_400)
        crawl_portal(portal.archive, PORTAL, fetcher, clock=portal.clock, everything=True)
    fill_texts(portal.archive)
    assert status(portal.archive, portal.engine).behind == 1


def test_a_file_that_is_linked_later_without_a_word_in_the_text_is_attached(portal):
    portal.article("<a href='/f/ke-hoach.pdf'>Tệp</a>")
    portal.crawl()
    portal.article("<a href='/f/ke-hoach.pdf'>Tệp</a><a href='/f/danh-sach.docx'></a>")
    portal.crawl()
    assert len(portal.document().attached) == 2
    assert len(portal.hits("tái định cư")) == 1


def test_a_file_that_the_portal_lost_stays_attached(portal):
    portal.crawl()
    del portal.web.replies["/f/ke-hoach.pdf"]
    portal.crawl()
    assert len(portal.hits(f'"{PLAN}"')) == 1


def test_a_rebuild_reads_the_same_texts_again(portal):
    portal.crawl()
    portal.file("/f/ke-hoach.pdf", pdf(["Hoãn chi trả sang năm sau"]), "application/pdf")
    portal.crawl()
    before, versions = portal.document(), portal.engine.versions()
    rebuild(portal.archive, portal.engine)
    assert (portal.document(), portal.engine.versions()) == (before, versions)


def test_an_export_has_the_texts_of_files_as_json(portal):
    portal.file("/f/danh-sach.docx", b"%PDF-1.7 broken", "application/pdf")
    portal.crawl()
    plan, broken = json.loads(json.dumps(export(portal.document())))["attachments"]
    assert (plan["name"], plan["media_type"], plan["text"]) == ("Kế hoạch 12", "application/pdf", PLAN)
    assert plan["sha256"] == portal.document().attached[0].sha256
    assert (broken["text"], broken["problem"].split(":")[0]) == (None, "it is broken")


def test_the_page_of_an_article_tells_what_each_file_is_and_why_it_has_no_text(portal):
    portal.file("/f/danh-sach.docx", pdf([""]), "application/msword")
    portal.crawl()
    page = portal.page(f"/a/{portal.document().article.id}?lang=en")
    assert len(re.findall(r"PDF, 1 kB, captured on \d+ \w+ 20\d\d<", page)) == 2
    assert "Its text cannot be searched: there is no text in it, perhaps a scan." in page
    assert len(re.findall(r"/archived/\d{14}/http://portal.test/f/", page)) == 2


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("what stands behind page 7 was not read", "những gì sau trang 7 chưa được đọc"),
        ("only the first 20 of its 26 characters were kept", "chỉ giữ 20 trong 26 ký tự đầu"),
        ("it is broken: Unexpected EOF", "tệp bị hỏng (Unexpected EOF)"),
        ("it is encrypted", "tệp được mã hóa"),
        ("a new reason", "a new reason"),
    ],
)
def test_a_problem_is_told_in_the_language_of_the_page(portal, told, shown):
    portal.crawl()
    with portal.archive.writing() as db:
        db.execute(update(catalogue.file_texts).values(text=None, problem=told))
    assert f"Không tìm được trong văn bản của tệp: {shown}." in portal.page(
        f"/a/{portal.document().article.id}"
    )


def test_facets_and_what_is_said_are_the_articles_alone(portal):
    portal.file("/f/ke-hoach.pdf", pdf(["Đồng chí Nguyễn Văn An phát biểu: giao đất."]), "application/pdf")
    portal.crawl()
    results = portal.engine.search(Query(node=parse("giao đất"), text="giao đất"))
    assert results.total == 1
    assert not any(facet.values for facet in results.facets if facet.field == "speaker")
    assert portal.hits("said:đất") == () == portal.hits("title:đất")


# ---------------------------------------------------------------------------- in an archive made by hand

FILE = Attachment(url="http://sotttt.hanoi.gov.vn/documents/1/tep.txt", name="Tệp")


def add(room: Room, number="1", *, attachments=(FILE,), **given):
    return room.add(make_document(number, attachments=attachments, **given))


def keep_file(room: Room, data: bytes, *, url=FILE.url, **given):
    given.setdefault("headers", (("Content-Type", "text/plain"),))
    stored = room.keep(make_capture(url, data, **given))
    with room.archive.writing() as db:
        captures.settle(db, stored.id, CaptureKind.FILE)
    fill_texts(room.archive)
    return stored


def found(room: Room, query):
    engine = WhooshEngine(room.config.index_folder)
    update_index(room.archive, engine)
    return engine.search(Query(node=parse(query), text=query)).hits


@pytest.fixture
def room(tmp_path):
    with open_room(tmp_path) as opened:
        yield opened


def test_a_passage_of_the_article_is_shown_where_the_article_answers(room):
    add(room)
    keep_file(room, "Giải phóng mặt bằng, giải phóng mặt bằng".encode())
    (hit,) = found(room, "giải phóng mặt bằng")
    assert hit.snippet.attachment is None


@pytest.mark.parametrize(
    ("query", "is_in_file"),
    [
        ('"tái định cư"', True),
        ("tái định cư", False),
        ("nhà NEAR/5 cư", True),
        ("định* OR nhà", False),
        ("nha* cư", True),
        ("tái nhà", True),
    ],
)
def test_a_passage_is_a_files_where_the_article_alone_does_not_answer(room, query, is_in_file):
    add(room, blocks=paragraphs("Họp định kỳ, cư dân tái khởi động."))
    keep_file(room, "Nhà tái định cư".encode())
    (hit,) = found(room, query)
    assert (hit.snippet.attachment == "Tệp") == is_in_file


def test_a_match_in_the_article_counts_more_than_one_in_a_file(room):
    plain = add(room, "1", attachments=(), title="Thông báo số 1")
    filed = add(room, "2", title="Thông báo số 2", blocks=paragraphs("Mời xem tệp."))
    keep_file(room, "Giải phóng mặt bằng. ".encode() * 50 + " ".join(map(str, range(900))).encode())
    assert [hit.id for hit in found(room, "giải phóng mặt bằng")] == [plain.id, filed.id]


@pytest.mark.parametrize("url", [FILE.url.replace("http:", "https:"), f"{FILE.url}?utm_source=x"])
def test_a_file_that_was_captured_under_another_address_of_the_same_key_is_attached(room, url):
    article = add(room)
    keep_file(room, "Nội dung của tệp".encode(), url=url)
    with room.archive.reading() as db:
        (document,) = articles.documents(db)
        (one,) = document.attached
        of_one = articles.document(db, article.id)
    assert (one.captured_as, one.paragraphs[0].text) == (url, "Nội dung của tệp")
    assert of_one == document


def test_a_file_that_broke_off_is_not_attached(room):
    add(room)
    stored = room.keep(make_capture(FILE.url, b"", headers=(("Content-Type", "text/plain"),)))
    with room.archive.writing() as db:
        captures.settle(db, stored.id, CaptureKind.FILE)
    assert fill_texts(room.archive) == 0


def test_a_file_whose_capture_is_damaged_is_read_when_it_is_mended(room):
    add(room)
    path = room.config.warc_folder / keep_file(room, b"", status=404).location.file
    stored = room.keep(make_capture(FILE.url, "Hộ dân".encode(), headers=(("Content-Type", "text/plain"),)))
    with room.archive.writing() as db:
        captures.settle(db, stored.id, CaptureKind.FILE)
    sound = path.read_bytes()
    path.write_bytes(sound[: stored.location.offset] + b"x" * stored.location.length)
    assert found(room, "hộ dân") == ()
    path.write_bytes(sound)
    assert len(found(room, "hộ dân")) == 1


def test_a_word_counts_once_in_the_files_of_an_article_however_often_it_stands_there(room):
    often = Attachment(url=f"{FILE.url}.2.txt", name="Tệp")
    add(room, "1", title="Thông báo số 1")
    add(room, "2", title="Thông báo số 2", attachments=(often,))
    keep_file(room, "Hộ dân tái định cư. 59/2019/NĐ-CP".encode())
    keep_file(room, ("Hộ dân tái định cư. 59/2019/NĐ-CP" + "\n").encode() * 50, url=often.url)
    for query in ("tái định cư", "59/2019/NĐ-CP", "ho dan"):
        first, second = found(room, query)
        assert first.score == second.score


def test_merged_segments_keep_what_is_attached(room):
    add(room)
    keep_file(room, "Hộ dân tái định cư".encode())
    before = found(room, "tái định cư")
    for number in range(2, 12):
        add(room, str(number), attachments=())
        after = found(room, "tái định cư")
    assert [hit.snippet for hit in after] == [hit.snippet for hit in before]


def test_a_payload_is_read_once_and_again_when_that_is_asked(room):
    keep_file(room, b"tep")
    keep_file(room, b"tep", url="http://sotttt.hanoi.gov.vn/documents/1/khac.txt")
    assert (fill_texts(room.archive), fill_texts(room.archive, again=True)) == (0, 1)


def test_a_compressed_file_is_read_and_one_that_is_broken_says_so(room):
    add(room)
    headers = (("Content-Type", "text/plain"), ("Content-Encoding", "gzip"))
    keep_file(room, b"no gzip", headers=headers)
    with room.archive.reading() as db:
        (document,) = articles.documents(db)
    assert document.attached[0].problem == "it is broken: broken gzip body"


def test_of_very_long_files_the_beginnings_are_shown_and_how_much_is_left_out_is_told(room, monkeypatch):
    monkeypatch.setattr(files, "ATTACHED_CHARS", 30)
    article = add(room, attachments=(FILE, Attachment(url=f"{FILE.url}.2.txt", name="Sau")))
    keep_file(room, "Dòng thứ nhất\nDòng thứ hai\nDòng thứ ba".encode())
    keep_file(room, "Tệp sau".encode(), url=f"{FILE.url}.2.txt")
    room.index()
    page = room.client().get(f"/a/{article.id}?lang=en").text
    assert "Dòng thứ hai</p>" in page
    assert "12 more characters are in the archived copy only." in page
    assert "Dòng thứ ba" not in page
