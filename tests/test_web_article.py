import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from reading_room import LAND, MINH, VIETNAM, make_document, open_room, paragraphs

from archive_search.config import load_config
from archive_search.errors import IndexUnusable, SearchTooSlow, Unsupported
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Attachment, BlockKind, Image
from archive_search.web import create_app
from archive_search.web.room import close_room, lasting_url

HOSTILE = "<script>alert(1)</script>"
BLOCKS = [
    (BlockKind.PARAGRAPH, f"Đồng chí {MINH} phát biểu."),
    (BlockKind.HEADING, "Một số chỉ tiêu"),
    (BlockKind.LIST_ITEM, "Thu ngân sách;"),
    (BlockKind.LIST_ITEM, "Chuyển đổi số."),
    (BlockKind.TABLE, "Chỉ tiêu\tNăm 2022\nThu\t2.034"),
    (BlockKind.CAPTION, "Toàn cảnh kỳ họp"),
    (BlockKind.QUOTATION, f"“Phải quyết liệt {HOSTILE}”"),
]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("article") / "archive") as room:
        yield room


@pytest.fixture(scope="module")
def article(room):
    document = make_document(
        "1", blocks=BLOCKS, spoke=(MINH,), topics=(LAND,), lead="Ngày 12/7.", byline="Xuân Tiến"
    )
    caption = document.article.blocks[5].id
    images = (
        Image(url="http://sotttt.hanoi.gov.vn/a.jpg", alt="Hội trường", caption=caption),
        Image(url="javascript:alert(1)", alt="Ảnh lạ", caption=None),
    )
    files = (Attachment(url="http://sotttt.hanoi.gov.vn/nq.pdf", name="Nghị quyết.pdf"),)
    return room.add(replace(document, article=replace(document.article, images=images, attachments=files)))


@pytest.fixture(scope="module")
def client(room, article):
    room.index()
    return room.client()


@pytest.fixture(scope="module")
def page(client, article):
    return soup_of(client, f"/a/{article.id}")


def soup_of(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return BeautifulSoup(response.text, "lxml")


def test_the_newest_and_the_fixed_address_show_the_same_text(client, article, page):
    fixed = soup_of(client, f"/a/{article.id}/{article.version}")
    assert fixed.select_one(".text") == page.select_one(".text")


@pytest.mark.parametrize(
    "address", ["/a/nothere", "/a/nothere/nothere", "/a/{id}/nothere", "/a/{id}/", "/a/"]
)
def test_what_the_archive_has_not_is_404(client, article, address):
    response = client.get(address.format(id=article.id))
    assert response.status_code == 404
    assert "Không có trang này" in response.text


@pytest.mark.parametrize(
    ("number", "name"), [(0, "p"), (1, "h2"), (2, "li"), (4, "div"), (5, "figure"), (6, "blockquote")]
)
def test_each_block_has_its_id_and_the_element_of_its_kind(page, article, number, name):
    assert page.find(id=article.blocks[number].id).name == name


def test_list_items_that_follow_one_another_are_one_list(page, article):
    items = [page.find(id=article.blocks[n].id) for n in (2, 3)]
    assert items[0].parent is items[1].parent
    assert items[0].parent.name == "ul"


def test_a_table_is_a_table(page):
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("table tr")]
    assert rows == [["Chỉ tiêu", "Năm 2022"], ["Thu", "2.034"]]


def test_each_block_has_a_permalink_to_this_version(page, article):
    links = [a["href"] for a in page.select(".body .permalink")]
    assert links == [f"http://localhost/a/{article.id}/{article.version}#{b.id}" for b in article.blocks]


def test_pictures_are_linked_and_never_loaded(page):
    assert [img["src"].split("?")[0] for img in page.select("img")] == ["/static/favicon.svg"]
    assert page.figure.a["href"] == "http://sotttt.hanoi.gov.vn/a.jpg"
    assert page.figcaption.get_text().startswith("Toàn cảnh kỳ họp")


def test_no_link_leads_to_a_script(page):
    assert not [a for a in page.select("a[href]") if a["href"].lower().startswith("javascript")]
    assert "Ảnh lạ" in page.get_text()


def test_markup_in_the_text_is_text(client, article, page):
    assert HOSTILE not in client.get(f"/a/{article.id}").text
    assert HOSTILE in page.blockquote.get_text()


def test_a_person_leads_to_his_speeches_and_to_the_paragraph(page, article):
    person = page.select_one(".people li")
    assert person.select_one(".person-name")["href"].startswith("/?speaker=Nguy")
    assert "Phát biểu" in person.get_text()
    assert f"#{article.blocks[0].id}" in [a["href"] for a in person.select("a")]
    assert page.find(id=article.blocks[0].id).select_one("a.named").get_text() == MINH


def test_a_topic_leads_to_its_articles(page):
    assert page.select_one(".topics a")["href"] == "/?topic=dat-dai-gpmb"


def test_the_citation_says_what_when_where_and_ends_with_the_permalink(page, article):
    citation = page.find(id="citation").get_text()
    assert citation == (
        "“Kỳ họp 17 của Huyện ủy” (Xuân Tiến). Sở Thông tin và Truyền thông Hà Nội, ngày 12/7/2022. "
        f"Lưu trữ lúc 03:04:05 ngày 13/7/2022 (UTC) từ <{article.url}>; "
        f"đọc tại http://localhost/a/{article.id}/{article.version}"
    )


def test_the_proof_gives_both_times_the_digest_and_the_capture(client, page):
    proof = page.select_one(".proof")
    assert "03:04:05 ngày 13/7/2022 UTC" in proof.get_text()
    assert "10:04:05 ngày 13/7/2022 giờ Việt Nam" in proof.get_text()
    digest = proof.select_one(".digest").get_text()
    capture = client.get(next(a["href"] for a in proof.select("a") if a["href"].startswith("/archived/")))
    assert capture.status_code == 200
    assert capture.get_etag() == (digest, False)


def test_attachments_are_listed(page):
    assert page.find("a", string="Nghị quyết.pdf")["href"] == "http://sotttt.hanoi.gov.vn/nq.pdf"


def test_an_earlier_version_stays_and_marks_what_is_no_longer_there(room):
    before = room.add(make_document("2", blocks=paragraphs("Giữ nguyên.", "Kết nạp 128 đảng viên.")))
    after = room.add(make_document("2", blocks=paragraphs("Giữ nguyên.", "Kết nạp 129 đảng viên.")))
    client = room.client()
    newest, old = soup_of(client, f"/a/{before.id}"), soup_of(client, f"/a/{before.id}/{before.version}")
    assert "129" in newest.select_one(".body").get_text()
    assert not newest.select(".changed")
    assert [p["id"] for p in old.select(".changed")] == [before.blocks[1].id]
    assert old.select_one(".notice a")["href"] == f"/a/{before.id}"
    versions = [a["href"].rsplit("/", 1)[1] for a in newest.select(".versions a")]
    assert versions == [after.version, before.version]


def test_a_print_view_of_its_own_is_called_one_and_not_an_earlier_version(room):
    article = room.add(make_document("5"))
    view = room.add(make_document("5", blocks=paragraphs("Bản để in.")), is_print_view=True)
    client = room.client()
    notice = soup_of(client, f"/a/{view.id}/{view.version}").select_one(".notice")
    assert notice.get_text(" ", strip=True).startswith("Đây là bản in của bài.")
    assert "bản in" in soup_of(client, f"/a/{article.id}").select_one(".versions").get_text()


def test_an_article_that_its_portal_removed_says_since_when(room):
    article = room.add(make_document("3", title="Bài sẽ mất"))
    day = room.captured_at
    room.lose(article)
    soup = soup_of(room.client(), f"/a/{article.id}")
    assert f"{day.day}/{day.month}/{day.year}" in soup.select_one(".notice").get_text()


def test_an_article_without_text_date_or_people_has_a_page(room):
    bare = make_document("4", title="Chỉ có tiêu đề", published_at=None)
    article = room.add(replace(bare, article=replace(bare.article, blocks=(), version="rong")))
    soup = soup_of(room.client(), f"/a/{article.id}")
    assert "Không rõ ngày đăng" in soup.get_text()
    assert "Bài này không có phần chữ" in soup.get_text()


def test_in_english_the_words_of_the_archive_are_marked_as_vietnamese(client, article):
    soup = soup_of(client, f"/a/{article.id}?lang=en")
    assert soup.html["lang"] == "en"
    assert soup.select_one("article.text")["lang"] == "vi"
    assert soup.select_one(".person-name")["lang"] == "vi"
    assert re.search(r"12 July 2022", soup.select_one(".dateline").get_text())
    assert all("lang=en" in a["href"] for a in soup.select(".topics a, .person-name, .brand"))
    assert "lang=" not in soup.select_one(".citation").get_text()
    assert "lang=" not in soup.select_one("link[rel=canonical]")["href"]


def test_citations_name_the_site_by_the_address_that_it_was_given(tmp_path):
    (tmp_path / "archive.toml").write_text('site_url = "https://luutru.example/"\n', encoding="utf-8")
    app = create_app(load_config(tmp_path))
    with app.test_request_context():
        permalink = lasting_url("article.fixed", article="a", version="b")
    close_room(app)
    assert permalink == "https://luutru.example/a/a/b"


RESOLUTION = [
    "Huyện ủy Thường Tín thông qua nghị quyết về thu hồi đất, giải phóng mặt bằng đường Vành đai 4.",
    "Thường trực Huyện ủy giao các xã niêm yết phương án đền bù trước ngày 30/9 và trả lời từng hộ dân.",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Yield a site over a story that two portals tell, and an article like it."""
    with open_room(tmp_path_factory.mktemp("told") / "archive") as room:
        day = datetime(2022, 9, 1, 8, 0, tzinfo=VIETNAM)
        text = paragraphs(*RESOLUTION)
        room.add(
            make_document("7", blocks=text, title="Nghị quyết mới", published_at=day + timedelta(days=1))
        )
        room.add(
            make_document(
                "8", blocks=text, title="Thông qua nghị quyết", published_at=day, portal="thuongtin"
            )
        )
        room.add(
            make_document(
                "9",
                blocks=paragraphs(
                    "Huyện ủy giao các xã trả lời hộ dân về thu hồi đất, đền bù đường Vành đai 4."
                ),
                title="Đền bù",
            )
        )
        for number in range(10, 16):
            room.add(make_document(str(number), blocks=paragraphs("Đội bóng thắng trận."), title="Bóng đá"))
        room.index()
        yield room.client()


def address_of(client, title):
    hits = soup_of(client, "/").select(".hit-title a")
    return next(a["href"] for a in hits if a.get_text() == title)


def test_the_same_story_elsewhere_is_listed_with_its_first_source(told):
    section = soup_of(told, address_of(told, "Nghị quyết mới")).select_one(".same-story")
    (entry,) = section.select("li")
    assert entry.a["href"] == address_of(told, "Thông qua nghị quyết")
    assert entry.time["datetime"] == "2022-09-01"
    assert entry.select_one(".first-source")
    assert not section.select("p")


def test_the_first_source_itself_says_so(told):
    section = soup_of(told, address_of(told, "Thông qua nghị quyết")).select_one(".same-story")
    assert [a.get_text() for a in section.select("li a")] == ["Nghị quyết mới"]
    assert not section.select(".first-source")
    assert len(section.select("p")) == 1


def test_similar_articles_are_listed_and_not_those_of_the_same_story(told):
    soup = soup_of(told, address_of(told, "Nghị quyết mới"))
    assert [a.get_text() for a in soup.select(".similar li a")] == ["Đền bù"]


def test_a_hit_leads_to_the_first_source_of_its_story(told):
    lines = {
        hit.select_one(".hit-title").get_text(): hit.select_one(".told")
        for hit in soup_of(told, "/").select(".hit")
    }
    assert lines["Nghị quyết mới"].a["href"] == address_of(told, "Thông qua nghị quyết")
    assert lines["Nghị quyết mới"].a.get_text().endswith(", 1/9/2022")
    assert lines["Thông qua nghị quyết"].a is None
    assert lines["Đền bù"] is None


def test_nothing_is_called_first_where_no_date_is_known(tmp_path):
    with open_room(tmp_path / "archive") as room:
        for number in ("7", "8"):
            room.add(make_document(number, blocks=paragraphs(*RESOLUTION), published_at=None))
        room.index()
        client = room.client()
        lines = [line.find("a") for line in soup_of(client, "/").select(".told")]
        section = soup_of(client, soup_of(client, "/").select_one(".hit-title a")["href"]).select_one(
            ".same-story"
        )
    assert lines == [None, None]
    assert len(section.select("li")) == 1
    assert not section.select(".first-source, p")


def test_an_article_that_the_index_does_not_know_has_a_page_without_others(room, client):
    article = room.add(make_document("6", title="Mới thu nhận"))
    assert not soup_of(client, f"/a/{article.id}").select(".related")


@pytest.mark.parametrize("fault", [IndexUnusable("gone"), SearchTooSlow("slow"), Unsupported("no")])
def test_an_article_can_be_read_where_the_engine_tells_nothing(room, client, article, monkeypatch, fault):
    def same_story(engine, article):
        raise fault

    monkeypatch.setattr(WhooshEngine, "same_story", same_story)
    soup = soup_of(client, f"/a/{article.id}")
    assert soup.select_one(".body")
    assert not soup.select(".related")


def test_an_article_can_be_read_before_there_is_an_index(tmp_path):
    with open_room(tmp_path / "archive") as room:
        article = room.add(make_document())
        assert not soup_of(room.client(), f"/a/{article.id}").select(".related")
