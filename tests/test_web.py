import re
import threading

import pytest
from bs4 import BeautifulSoup
from reading_room import make_document, open_room

import archive_search
from archive_search.web import create_app
from archive_search.web.room import close_room
from archive_search.web.security import HEADERS


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("web") / "archive") as room:
        room.add(make_document("1"))
        room.index()
        yield room


@pytest.fixture(scope="module")
def client(room):
    return room.client()


PAGES = ["/", "/?q=họp", "/?q=xyzzyx", "/about", "/values/topic", "/a/nothere", "/archived/x/y"]


@pytest.mark.parametrize(
    "address", [*PAGES, "/robots.txt", "/healthz", "/static/style.css", "/opensearch.xml"]
)
def test_every_response_has_the_security_headers_and_sets_no_cookie(client, address):
    response = client.get(address)
    assert HEADERS.items() <= dict(response.headers).items()
    assert "Set-Cookie" not in response.headers
    response.close()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_inline_style_or_script_and_nothing_from_another_host(client, address):
    soup = BeautifulSoup(client.get(address).text, "lxml")
    assert not soup.select("[style], style, script:not([src])")
    assert not [e for e in soup.find_all(True) for name in e.attrs if name.startswith("on")]
    loaded = [
        e.get("src") or e.get("href")
        for e in soup.select("img, script, link[rel=stylesheet], link[rel=icon]")
    ]
    assert all(address.startswith("/static/") for address in loaded)


@pytest.mark.parametrize(
    "address", ["/?", "/?q=họp", "/?q=xyzzyx", "/about?", "/values/topic?", "/a/nothere?"]
)
@pytest.mark.parametrize(("lang", "word"), [("vi", "Giới thiệu"), ("en", "About")])
def test_a_page_is_in_the_language_asked_for(client, address, lang, word):
    soup = BeautifulSoup(client.get(f"{address}&lang={lang}").text, "lxml")
    assert soup.html["lang"] == lang
    assert word in soup.nav.get_text()


def test_the_language_switch_keeps_the_page(client):
    soup = BeautifulSoup(client.get("/?q=họp&year=2022&page=1&lang=en").text, "lxml")
    assert soup.select_one('nav a[lang="vi"]')["href"] == "/?q=h%E1%BB%8Dp&year=2022"


def test_english_is_kept_in_every_link_of_the_site(client):
    soup = BeautifulSoup(client.get("/?q=họp&lang=en").text, "lxml")
    own = [
        a["href"]
        for a in soup.select("a[href^='/']")
        if a.get("lang") != "vi" or "choice" in a.get("class", [])
    ]
    assert own
    assert all("lang=en" in address for address in own)


def test_about_says_what_the_archive_holds(client):
    text = BeautifulSoup(client.get("/about").text, "lxml").main.get_text(" ", strip=True)
    assert "Sở Thông tin và Truyền thông Hà Nội" in text
    assert "12/7/2022" in text
    assert "Trang bài viết" in text


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("kho@example.vn", "mailto:kho@example.vn"),
        ("https://example.vn/lien-he", "https://example.vn/lien-he"),
        ("javascript:alert(1)@x", None),
    ],
)
def test_about_links_to_the_contact_if_it_is_an_address(tmp_path, contact, link):
    with open_room(tmp_path / "archive") as room:
        room.config = type(room.config)(folder=room.config.folder, contact=contact)
        links = BeautifulSoup(room.client().get("/about").text, "lxml").select("main a")
        assert [a["href"] for a in links] == ([link] if link else [])


def test_without_an_index_the_search_says_what_to_do_and_articles_stay_readable(tmp_path):
    with open_room(tmp_path / "archive") as room:
        article = room.add(make_document("1"))
        client = room.client()
        response = client.get("/")
        assert response.status_code == 503
        assert "archive-search rebuild" in response.text
        assert str(tmp_path) not in response.text
        assert client.get(f"/a/{article.id}").status_code == 200
        assert client.get("/about").status_code == 200


def test_an_empty_archive_has_a_front_page(tmp_path):
    with open_room(tmp_path / "archive") as room:
        room.index()
        assert room.client().get("/").status_code == 200
        assert "chưa có bài nào" in room.client().get("/about").text


def test_a_fault_of_ours_is_a_page_that_gives_nothing_away(room, monkeypatch):
    client = room.client()
    monkeypatch.setattr("archive_search.web.search._search", lambda asked: 1 / 0)
    response = client.get("/")
    assert response.status_code == 500
    assert "Trang gặp sự cố" in response.text
    assert "ZeroDivisionError" not in response.text


def test_a_method_that_a_page_has_not_is_refused(client):
    response = client.post("/")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_one_client_may_not_search_for_ever_and_others_are_not_in_its_way(room):
    client = room.client()
    stranger = {"REMOTE_ADDR": "203.0.113.9"}
    codes = [client.get("/", environ_overrides=stranger).status_code for _ in range(121)]
    assert codes == [200] * 120 + [429]
    refused = client.get("/", environ_overrides=stranger)
    assert int(refused.headers["Retry-After"]) <= 60
    assert "Tìm quá nhiều lần" in refused.text
    assert client.get("/about", environ_overrides=stranger).status_code == 200
    assert client.get("/").status_code == 200


def test_static_addresses_change_with_what_is_there(client):
    page = client.get("/").text
    address = re.search(r'href="(/static/style\.css\?v=[0-9a-f]{10})"', page)[1]
    response = client.get(address)
    assert response.headers["Cache-Control"] == "public, max-age=31536000"
    response.close()


def test_robots_may_read_articles_but_not_wander_through_searches(client):
    rules = client.get("/robots.txt").text
    assert "Disallow: /?" in rules
    assert "/a/" not in rules


def test_the_search_describes_itself_to_browsers(client):
    page = client.get("/opensearch.xml")
    assert page.mimetype == "application/opensearchdescription+xml"
    assert 'template="http://localhost/?q={searchTerms}"' in page.text


def test_the_monitor_hears_that_all_is_well(client):
    assert client.get("/healthz").json == {"status": "ok"}


def test_flask_finds_the_site_by_the_environment(room, monkeypatch):
    monkeypatch.setenv("ARCHIVE_SEARCH_DIR", str(room.config.folder))
    app = create_app()
    assert app.test_client().get("/healthz").status_code == 200
    close_room(app)


def test_sixteen_threads_share_one_site(client):
    app = client.application
    codes = []

    def read():
        codes.extend(app.test_client().get(address).status_code for address in ("/?q=họp", "/about") * 5)

    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 160


def test_the_stylesheet_is_small():
    import gzip
    from pathlib import Path

    css = Path(archive_search.__file__).parent / "static" / "style.css"
    assert len(gzip.compress(css.read_bytes())) < 10_000
