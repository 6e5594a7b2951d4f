"""Suggestions in a real browser: by keyboard, by mouse, for screen readers, and without scripts."""

from pathlib import Path

import pytest

AXE = Path(__file__).parent.parent / "data" / "axe" / "axe.min.js"
MINH = "Nguyễn Tiến Minh"


def box_of(page):
    return page.get_by_role("combobox")


def type_and_wait(page, text):
    box_of(page).press_sequentially(text)
    page.get_by_role("listbox").wait_for()


def test_arrow_and_enter_lead_to_what_a_person_said(reader):
    page = reader.page("/")
    type_and_wait(page, "nguyen tien m")
    assert box_of(page).get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    option = page.get_by_role("option", selected=True)
    assert box_of(page).get_attribute("aria-activedescendant") == option.get_attribute("id")
    assert MINH in option.text_content()
    page.keyboard.press("Enter")
    page.locator(".chip", has_text=MINH).wait_for()
    assert "speaker=Nguy" in page.url


def test_a_click_on_a_title_leads_to_the_article(reader):
    page = reader.page("/")
    type_and_wait(page, "ky hop 17")
    page.get_by_role("group", name="Bài viết").get_by_role("option").first.click()
    page.wait_for_url("**/a/*")
    assert "17" in page.locator("h1").text_content()


def test_the_arrows_go_round_through_the_box_and_escape_closes(reader):
    page = reader.page("/")
    type_and_wait(page, "nguyen tien m")
    page.keyboard.press("ArrowUp")
    options = page.get_by_role("option")
    assert options.last.get_attribute("aria-selected") == "true"
    page.keyboard.press("ArrowDown")
    assert box_of(page).get_attribute("aria-activedescendant") is None
    assert not page.get_by_role("option", selected=True).count()
    page.keyboard.press("Escape")
    page.get_by_role("listbox").wait_for(state="hidden")
    assert box_of(page).get_attribute("aria-expanded") == "false"
    assert box_of(page).input_value() == "nguyen tien m"


def test_enter_in_the_box_itself_searches_for_what_was_typed(reader):
    page = reader.page("/")
    type_and_wait(page, "nguyen tien m")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=nguyen*")
    assert "speaker" not in page.url


def test_the_list_goes_when_the_box_is_left(reader):
    page = reader.page("/")
    type_and_wait(page, "nguyen tien m")
    page.keyboard.press("Tab")
    page.get_by_role("listbox").wait_for(state="hidden")


def test_what_suggests_nothing_shows_no_list(reader):
    page = reader.page("/")
    with page.expect_response("**/suggest?*") as waited:
        box_of(page).press_sequentially("xyzzyx")
    assert waited.value.json() == {"suggestions": []}
    assert not page.get_by_role("listbox").count()


def test_one_question_is_asked_when_the_typing_pauses(reader):
    page = reader.page("/")
    type_and_wait(page, "nguyen tien m")
    assert len([url for url in reader.asked if "/suggest?" in url]) == 1


def test_nothing_is_asked_while_an_input_method_is_composing(reader):
    page = reader.page("/")
    page.clock.install()
    box = box_of(page)
    box.dispatch_event("compositionstart")
    box.fill("nguyễn tiến")
    page.clock.run_for(1000)
    assert not [url for url in reader.asked if "/suggest?" in url]
    with page.expect_response("**/suggest?*"):
        box.dispatch_event("compositionend")
        page.clock.run_for(1000)
    page.get_by_role("listbox").wait_for()


def test_an_answer_that_comes_late_is_not_shown(reader):
    page = reader.page("/")
    held = []
    page.route("**/suggest?*minh*", lambda route: held.append(route))
    with page.expect_request("**/suggest?*minh*"):
        box_of(page).fill("minh")
    box_of(page).fill("ky hop 17")
    page.get_by_role("listbox").wait_for()
    shown = page.get_by_role("listbox").text_content()
    late = {"kind": "title", "label": "Bài viết", "text": "quá muộn", "count": 1, "url": "/"}
    held[0].fulfill(json={"suggestions": [late]})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert "17" in shown
    assert page.get_by_role("listbox").text_content() == shown


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["box", "page"])
def test_axe_finds_nothing_to_complain_of(reader, place, scheme, lang):
    address = f"/?lang={lang}" if place == "box" else f"/suggest?q=minh&lang={lang}"
    page = reader.page(address, color_scheme=scheme, bypass_csp=True)
    if place == "box":
        type_and_wait(page, "nguyen tien")
        page.keyboard.press("ArrowDown")
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    result = page.evaluate("axe.run()")
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in result["violations"]] == []
    assert result["passes"]


@pytest.mark.parametrize("address", ["/", "/suggest?q=hoi"])
def test_suggestions_fit_320_pixels(reader, address):
    page = reader.page(address, viewport={"width": 320, "height": 640})
    if address == "/":
        type_and_wait(page, "ky hop 17")
        assert page.get_by_role("listbox").bounding_box()["width"] <= 320
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_scripts_the_box_searches_and_the_page_suggests(reader):
    page = reader.page("/suggest", java_script_enabled=False)
    page.get_by_role("searchbox").fill("nguyen tien m")
    page.locator(".ask button").click()
    page.locator(".suggested").get_by_role("link", name=MINH).click()
    assert "speaker=Nguy" in page.url
    page.get_by_role("searchbox").fill("hội nghị")
    page.locator(".ask button").click()
    assert page.locator(".hit").count()
