"""The text of an attached file, as a browser shows it."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import make_capture
from reading_room import make_document, open_room

from archive_search.archive import captures
from archive_search.pipeline.files import fill_texts
from archive_search.records import Attachment, CaptureKind

AXE = Path(__file__).parent.parent / "data" / "axe" / "axe.min.js"
FILE = Attachment(url="http://sotttt.hanoi.gov.vn/documents/1/tep.txt", name="Kế hoạch")


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("files") / "archive") as room:
        room.add(make_document(attachments=(FILE,)))
        text = "\n".join(f"Đoạn {number} của kế hoạch." for number in range(200)) + "\nHộ dân tái định cư."
        stored = room.keep(make_capture(FILE.url, text.encode(), headers=(("Content-Type", "text/plain"),)))
        with room.archive.writing() as db:
            captures.settle(db, stored.id, CaptureKind.FILE)
        fill_texts(room.archive)
        room.index()
        yield room


@pytest.fixture
def open_page(browser, room):
    """Return a page of a site that no server serves: the browser's requests are answered here."""
    client, contexts = room.client(), []

    def answer(route):
        address = urlsplit(route.request.url)
        with client.get(f"{address.path}?{address.query}") as response:
            route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.data)

    def opened(address, **settings):
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        page.route("**/*", answer)
        page.goto(f"http://site.test{address}")
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_hit_in_a_file_leads_to_its_paragraph_without_scripts(open_page):
    page = open_page("/?q=tai dinh cu", java_script_enabled=False)
    page.get_by_role("link", name="Tới đoạn này").click()
    paragraph = page.get_by_text("Hộ dân tái định cư.")
    paragraph.wait_for(state="visible")
    assert 0 <= paragraph.bounding_box()["y"] < page.viewport_size["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_axe_finds_nothing_to_complain_of_in_the_text_of_a_file(open_page, lang, scheme):
    address = f"/a/{make_document().article.id}?lang={lang}"
    page = open_page(address, bypass_csp=True, color_scheme=scheme)
    page.locator(".attached summary").click()
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run()")
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in result["violations"]] == []
    assert result["passes"]
