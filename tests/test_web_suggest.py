from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from reading_room import MINH, make_document, open_room, paragraphs

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("suggest") / "archive") as room:
        room.add(
            make_document(
                "1", title="Hội nghị & họp báo", blocks=paragraphs(f"{MINH} yêu cầu."), spoke=(MINH,)
            )
        )
        room.add(make_document("2", title=f"Lỗi {HOSTILE}"))
        room.index()
        yield room.client()


def suggestions(client, typed, **given):
    response = client.get("/suggest", query_string={"q": typed, "format": "json", **given})
    assert response.status_code == 200
    return response.json["suggestions"]


def test_a_person_is_suggested_with_the_address_of_what_he_said(client):
    (found,) = suggestions(client, "nguyen ti")
    assert (found["kind"], found["text"], found["count"]) == ("speaker", MINH, 1)
    assert parse_qs(urlsplit(found["url"]).query) == {"speaker": [MINH]}
    assert f"{found['count']} bài" in client.get(found["url"]).text


def test_a_title_is_suggested_with_the_address_of_its_article(client):
    (found,) = suggestions(client, "hoi ngh")
    assert (found["kind"], found["text"]) == ("title", "Hội nghị & họp báo")
    assert BeautifulSoup(client.get(found["url"]).text, "lxml").h1.get_text() == "Hội nghị & họp báo"


def test_kinds_and_addresses_are_in_the_language_asked_for(client):
    (found,) = suggestions(client, "minh", lang="en")
    assert found["label"] == "Speaker"
    assert parse_qs(urlsplit(found["url"]).query)["lang"] == ["en"]
    assert suggestions(client, "minh")[0]["label"] == "Người phát biểu"


@pytest.mark.parametrize(
    ("accept", "form", "mimetype"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", "text/html"),
        ("application/json", "", "application/json"),
        ("*/*", "", "application/json"),
        ("", "", "application/json"),
        ("text/html", "json", "application/json"),
        ("application/json", "html", "text/html"),
        ("text/html", "nonsense", "text/html"),
    ],
)
def test_the_format_is_the_one_named_or_else_the_one_accepted(client, accept, form, mimetype):
    response = client.get(f"/suggest?q=minh&format={form}", headers={"Accept": accept})
    assert response.mimetype == mimetype
    assert "Accept" in response.headers["Vary"]


def test_a_browser_may_keep_suggestions_for_a_minute_and_nobody_else_at_all(client):
    assert client.get("/suggest?q=minh").headers["Cache-Control"] == "private, max-age=60"


def test_the_page_lists_the_same_by_kind(client):
    soup = BeautifulSoup(client.get("/suggest?q=minh&format=html").text, "lxml")
    assert soup.find("input", attrs={"name": "q"})["value"] == "minh"
    assert [heading.get_text() for heading in soup.select(".suggested h2")] == ["Người phát biểu"]
    link = soup.select_one(".suggested li a")
    assert link["href"] == suggestions(client, "minh")[0]["url"]
    assert link.get_text() == MINH


def test_the_page_offers_to_search_for_what_was_typed(client):
    soup = BeautifulSoup(client.get("/suggest?q=xyzzyx&format=html").text, "lxml")
    assert not soup.select(".suggested")
    assert soup.select_one("main p a")["href"] == "/?q=xyzzyx"


def test_the_page_in_the_other_language_keeps_what_was_typed(client):
    soup = BeautifulSoup(client.get("/suggest?q=minh&format=html").text, "lxml")
    address = soup.select_one('nav a[hreflang="en"]')["href"]
    assert parse_qs(urlsplit(address).query) == {"q": ["minh"], "lang": ["en"]}


@pytest.mark.parametrize("form", ["json", "html"])
def test_titles_with_markup_in_them_are_text(client, form):
    response = client.get(f"/suggest?q=lỗi&format={form}")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if form == "html":
        assert HOSTILE not in response.text
    else:
        assert [found["text"] for found in response.json["suggestions"]] == [f"Lỗi {HOSTILE}"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=",
        "q=%00%ff",
        "q=" + "a" * 5000,
        "q=%22(((",
        "q=a&q=b&lang=xx",
        "q=" + "%F0%9F%98%80" * 50,
        "q=*",
    ],
)
@pytest.mark.parametrize("form", ["json", "html"])
def test_hostile_input_is_answered(client, query, form):
    assert client.get(f"/suggest?{query}&format={form}").status_code == 200


def test_only_reading_is_possible(client):
    assert client.post("/suggest?q=minh").status_code == 405


def test_the_search_box_knows_where_to_ask(client):
    soup = BeautifulSoup(client.get("/?lang=en").text, "lxml")
    assert soup.find("input", id="q")["data-suggest"] == "/suggest?lang=en"
    assert soup.select_one('script[src^="/static/suggest.js?v="][defer]')
    assert "connect-src 'self'" in client.get("/").headers["Content-Security-Policy"]


def test_suggestions_are_limited_for_one_client_apart_from_searches(tmp_path):
    with open_room(tmp_path / "archive") as room:
        room.index()
        client = room.client()
        from_afar = {"REMOTE_ADDR": "192.0.2.1"}
        statuses = {client.get("/suggest?q=", environ_overrides=from_afar).status_code for _ in range(301)}
        assert statuses == {200, 429}
        assert client.get("/", environ_overrides=from_afar).status_code == 200


def test_without_an_index_the_box_is_told_so(tmp_path):
    with open_room(tmp_path / "archive") as room:
        assert room.client().get("/suggest?q=minh").status_code == 503
