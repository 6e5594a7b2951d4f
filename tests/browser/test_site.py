"""The journeys of a reader, and what every page owes to every reader."""

import gzip
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import pytest

AXE = Path(__file__).parent.parent / "data" / "axe" / "axe.min.js"
SESSION = "Kỳ họp 17 - Ban chấp hành Đảng bộ huyện Thường Tín"

SEARCH = "/?q=thông tin truyền thông&year=2022"
NOTHING = "/?q=xyzzyx&year=2022"
PAGES = [
    "front",
    "search",
    "article",
    "earlier version",
    "about",
    "coverage",
    "nothing found",
    "all values",
    "not found",
]


@pytest.fixture(scope="session")
def addresses(browser, site):
    """The pages to look at, by name: those of the article of the 17th session are found by searching."""
    page = browser.new_page()
    page.goto(f'{site}/?q="kỳ họp 17"')
    article = page.locator(".hit-title a").first.get_attribute("href")
    page.goto(site + article)
    earlier = page.locator(".versions a").last.get_attribute("href")
    page.close()
    return {
        "front": "/",
        "search": SEARCH,
        "article": article,
        "earlier version": earlier,
        "about": "/about",
        "coverage": "/coverage",
        "nothing found": NOTHING,
        "all values": "/values/speaker",
        "not found": "/a/nothere",
    }


def in_language(address, lang):
    return f"{address}{'&' if '?' in address else '?'}lang={lang}"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_reader_searches_narrows_reads_cites_and_comes_back(reader, scripts):
    page = reader.page("/", java_script_enabled=scripts)
    page.locator("#q").fill("bi thu huyen uy")
    page.get_by_role("button", name="Tìm").click()
    facet = page.get_by_role("region", name="Người phát biểu")
    facet.locator("summary").click()
    facet.get_by_role("link", name="Nguyễn Tiến Minh").click()
    assert "speaker=Nguy" in page.url
    page.locator(".hit").get_by_role("link", name=SESSION).first.click()
    permalink = page.locator(".body .permalink").nth(4)
    permalink.click()
    block = page.url.split("#")[1]
    assert page.locator(f"[id={block}]:target").is_visible()
    assert page.locator(f"[id={block}]").bounding_box()["y"] < 200
    for _ in range(2):
        page.go_back()
    assert page.locator(".chip", has_text="Nguyễn Tiến Minh").is_visible()


def test_the_citation_and_a_paragraph_with_it_are_copied_by_a_button(reader, addresses):
    page = reader.page(addresses["article"], permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Sao chép trích dẫn").click()
    page.get_by_text("Đã sao chép").wait_for()
    citation = page.evaluate("navigator.clipboard.readText()")
    assert citation == page.locator("#citation").text_content()
    passage = page.locator(".body p.passage").nth(2)
    passage.hover()
    passage.get_by_role("button").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"{citation}#{passage.get_attribute('id')}")
    assert "¶" not in copied


def test_without_scripts_the_citation_is_there_and_no_button_that_does_nothing(reader, addresses):
    page = reader.page(addresses["article"], java_script_enabled=False)
    assert page.locator("#citation").is_visible()
    assert not page.locator("button").filter(visible=True).count()


def test_the_keyboard_reaches_the_content_first_and_sees_every_permalink(reader, addresses):
    page = reader.page(addresses["article"])
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Tới nội dung chính"
    page.keyboard.press("Enter")
    permalink = page.locator(".body .permalink").first
    while not permalink.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
    assert permalink.evaluate("link => getComputedStyle(link).opacity") == "1"


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_to_complain_of(reader, addresses, name, scheme, lang):
    page = reader.page(in_language(addresses[name], lang), color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(content=_axe())
    result = page.evaluate("axe.run()")
    reader.complaints.clear()  # the browser reports a 404 page as such
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in result["violations"]] == []
    assert result["passes"]


@cache
def _axe():
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_at_320_pixels(reader, addresses, name, lang):
    page = reader.page(in_language(addresses[name], lang), viewport={"width": 320, "height": 640})
    reader.complaints.clear()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", PAGES)
def test_a_page_weighs_50_kb_at_most_with_all_that_it_loads(reader, addresses, name):
    reader.page(addresses[name])
    reader.complaints.clear()
    assert (
        sum(_weight(url) for url in set(reader.asked) if name != "not found" or "nothere" not in url)
        <= 50_000
    )


def _weight(url):
    with urlopen(url) as response:
        return len(gzip.compress(response.read()))


def test_in_print_only_what_is_read_is_left(reader, addresses):
    page = reader.page(addresses["article"])
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator("#citation").is_visible()
    assert not page.locator(".masthead nav, .permalink, .cite-tools").filter(visible=True).count()
