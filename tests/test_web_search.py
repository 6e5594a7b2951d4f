from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from reading_room import LAND, MINH, VIETNAM, make_document, open_room, paragraphs

from archive_search.index.language.notes import Message, Note
from archive_search.index.language.tree import Nothing
from archive_search.index.query import Understood

HEALTH_LABEL = "Y tế, dịch bệnh, dân số"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("search") / "archive") as room:
        room.add(
            make_document(
                "1",
                blocks=paragraphs("Tin vắn.", f"Đồng chí {MINH} yêu cầu giải phóng mặt bằng."),
                spoke=(MINH,),
                topics=(LAND,),
            )
        )
        room.add(make_document("2", title="Họp báo", published_at=datetime(2021, 3, 1, tzinfo=VIETNAM)))
        room.add(
            make_document(
                "3", title=f"Lỗi {HOSTILE}", blocks=paragraphs(f"Đoạn {HOSTILE} kịch bản"), spoke=()
            )
        )
        room.add(make_document("4", title="Bài không ngày", published_at=None))
        for number in range(100, 145):
            room.add(
                make_document(
                    str(number), title=f"Chợ phiên {number}", blocks=paragraphs(f"Chợ phiên {number}")
                )
            )
        room.index()
        yield room.client()


def soup_of(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return BeautifulSoup(response.text, "lxml")


def titles(soup):
    return [a.get_text() for a in soup.select(".hit-title a")]


def state_of(link):
    return parse_qs(urlsplit(link["href"]).query)


def test_the_front_page_invites_and_shows_the_newest(client):
    soup = soup_of(client, "/")
    assert soup.h1.get_text(" ", strip=True).startswith("Ai đã nói gì")
    assert soup.find("label", attrs={"for": "q"})
    assert len(soup.select(".hit")) == 20


def test_every_example_on_the_front_page_finds_something(client):
    examples = soup_of(client, "/").select(".examples a")
    assert examples
    assert all(soup_of(client, a["href"]).select(".hit") for a in examples)


@pytest.mark.parametrize("typed", ["giai phong mat bang", "giải phóng mặt bằng", '"GIẢI PHÓNG mặt bằng"'])
def test_a_search_marks_what_it_found_and_leads_to_the_passage(client, typed):
    soup = soup_of(client, f"/?q={typed} {MINH}")
    hit = soup.select_one(".hit")
    assert "giải phóng mặt bằng" in hit.select_one("p.snippet").get_text()
    assert hit.select("mark")
    passage = client.get(hit.select_one(".hit-ways > a")["href"].split("#")[0])
    assert hit.select_one(".hit-ways > a")["href"].split("#")[1] in passage.text


@pytest.mark.parametrize(
    ("lang", "text"), [("vi", "Ngoặc kép chưa đóng"), ("en", "The quotation mark is not closed")]
)
def test_a_note_says_what_was_not_read_as_typed(client, lang, text):
    (note,) = soup_of(client, f'/?lang={lang}&q=họp "báo').select("[role=note]")
    assert (note.code.get_text(), text in note.get_text()) == ('"báo', True)


@pytest.mark.parametrize("message", Message)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_note_can_be_shown(client, monkeypatch, lang, message):
    note = Note(0, message, HOSTILE)
    monkeypatch.setattr(
        "archive_search.web.search.understand", lambda *_, **__: Understood(Nothing(), (note,), ())
    )
    (shown,) = soup_of(client, f"/?lang={lang}&q=x").select("[role=note]")
    assert shown.code.get_text() == HOSTILE
    assert "%" not in shown.get_text()


def test_fields_and_dates_are_asked_in_the_box(client):
    assert titles(soup_of(client, '/?q=title:"họp báo" đến 2021')) == ["Họp báo"]
    assert titles(soup_of(client, f'/?q=người:"{MINH}"')) == titles(soup_of(client, f"/?speaker={MINH}"))


def test_a_hit_names_portal_date_and_speakers_and_its_title_link_is_clean(client):
    hit = soup_of(client, f'/?q="{MINH}"').select_one(".hit")
    assert "Sở Thông tin và Truyền thông Hà Nội" in hit.get_text()
    assert hit.time["datetime"] == "2022-07-12"
    assert hit.time.get_text() == "12 tháng 7 năm 2022"
    assert hit.select_one(".speakers a").get_text() == MINH
    assert "?" not in hit.select_one(".hit-title a")["href"]


def test_an_article_without_a_date_says_so(client):
    assert "Không rõ ngày đăng" in soup_of(client, "/?q=Bài không ngày").select_one(".hit").get_text()


def test_a_facet_value_is_a_link_that_narrows_and_then_lets_go(client):
    soup = soup_of(client, "/?q=giải phóng")
    link = next(a for a in soup.select(".choice") if LAND.label in a.get_text())
    assert state_of(link) == {"q": ["giải phóng"], "topic": [LAND.slug]}
    narrowed = soup_of(client, link["href"])
    assert titles(narrowed) == ["Kỳ họp 17 của Huyện ủy"]
    chosen = narrowed.select_one('.choice[aria-current="true"]')
    assert "Bỏ:" in chosen.get_text()
    assert state_of(chosen) == {"q": ["giải phóng"]}


def test_chips_let_go_of_one_filter_or_of_all(client):
    soup = soup_of(client, f"/?q=họp&year=2022&speaker={MINH}")
    chips = {a.select("span")[-1].get_text(): state_of(a) for a in soup.select(".chip")}
    assert chips == {
        MINH: {"q": ["họp"], "year": ["2022"]},
        "2022": {"q": ["họp"], "speaker": [MINH]},
    }
    assert state_of(soup.select(".chips li a")[-1]) == {"q": ["họp"]}


def test_a_speaker_in_another_spelling_is_let_go_of_by_his_chip(client):
    chip = soup_of(client, "/?speaker=nguyen tien minh").select_one(".chip")
    assert MINH in chip.get_text()
    assert state_of(chip) == {}


def test_months_are_offered_within_one_year_only(client):
    assert not soup_of(client, "/").select("#facet-month")
    months = soup_of(client, "/?year=2022").select("#facet-month ~ ul .choice-label")
    assert [m.get_text(strip=True) for m in months] == ["tháng 7/2022"]


def test_years_stand_in_the_order_of_time(client):
    years = soup_of(client, "/").select("#facet-year ~ ul .choice-label")
    assert [y.get_text(strip=True) for y in years] == ["2022", "2021"]


def test_a_new_search_keeps_the_filters_and_the_language(client):
    hidden = soup_of(client, "/?q=họp&year=2022&sort=oldest&page=2&lang=en").select(
        'form input[type="hidden"]'
    )
    assert {(i["name"], i["value"]) for i in hidden} == {("year", "2022"), ("sort", "oldest"), ("lang", "en")}


def test_paging_goes_both_ways_and_says_where_one_is(client):
    first = soup_of(client, "/?q=chợ phiên")
    assert not first.select('[rel~="prev"]')
    second = soup_of(client, first.select_one('a[rel="next"]')["href"])
    assert second.select_one(".pages [aria-current]").get_text() == "Trang 2"
    assert second.select_one("ol.hits")["start"] == "21"
    assert not set(titles(first)) & set(titles(second))
    assert state_of(second.select_one('a[rel="prev"]')) == {"q": ["chợ phiên"]}


def test_beyond_the_last_page_stands_the_last_page(client):
    soup = soup_of(client, "/?q=chợ phiên&page=9999")
    assert soup.select_one(".pages [aria-current]").get_text() == "Trang 3"
    assert len(soup.select(".hit")) == 5


def test_orders_are_links_and_one_is_the_present_one(client):
    soup = soup_of(client, "/?q=họp&sort=oldest")
    assert soup.select_one(".orders [aria-current]").get_text() == "Cũ nhất"
    assert titles(soup)[0] == "Họp báo"


def test_nothing_found_helps_on(client):
    soup = soup_of(client, "/?q=xyzzyx&year=2022")
    nothing = soup.select_one(".nothing")
    assert "Không có bài nào" in nothing.get_text()
    assert "/?q=xyzzyx" in [a["href"] for a in nothing.select("a")]
    assert soup.select_one("details.help").has_attr("open")


def test_results_that_hold_most_words_only_are_said_to_be_so(client):
    soup = soup_of(client, "/?q=giải phóng mặt bằng xyzzyx")
    assert "Không có bài nào chứa đủ các từ" in soup.select_one(".notice").get_text()
    assert soup.select(".hit")


def test_all_values_of_a_facet_have_a_page(client):
    soup = soup_of(client, "/values/speaker?q=họp")
    assert [a.select_one(".choice-label").get_text() for a in soup.select(".choice")] == [MINH]
    assert client.get("/values/price").status_code == 404


def test_markup_in_titles_and_texts_is_shown_and_never_run(client):
    for address in (
        "/?q=kịch bản",
        f"/?q={HOSTILE}",
        f"/?speaker={HOSTILE}&portal={HOSTILE}&topic={HOSTILE}",
    ):
        page = client.get(address).text
        assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "alert(1)" in soup_of(client, "/?q=kịch bản").select_one(".snippet").get_text()


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=abc",
        "page=" + "9" * 400,
        "year=<script>",
        "year=2022&month=2021-01",
        "q=" + "a" * 10_000,
        "q=" + "%22(" * 500,
        "q=%00%ff%fe",
        "q=\U0001f600",
        "q={{7*7}}",
        "q=%25(num)s%25s",
        "topic=nope&portal=nope&speaker=nope",
        "endpoint=x&_external=1&_anchor=y&lang=en&lang=vi",
        "lang=zz&lang=en",
        "&".join(f"speaker=ai{n}" for n in range(300)),
        "sort[]=x&q[]=1",
    ],
)
def test_hostile_parameters_get_a_page(client, query):
    response = client.get(f"/?{query}")
    assert response.status_code == 200
    assert "49" not in BeautifulSoup(response.text, "lxml").title.get_text()


def bars(soup):
    return [link.title.get_text() for link in soup.select(".histogram a")]


def test_a_histogram_shows_the_years_and_within_one_year_the_months(client):
    assert bars(soup_of(client, "/")) == ["2021: 1", "2022: 47"]
    within = soup_of(client, "/?year=2022")
    assert bars(within) == ["tháng 7/2022: 47"]
    assert state_of(within.select_one(".histogram a")) == {"year": ["2022"], "month": ["2022-07"]}


def test_a_histogram_of_one_year_is_not_drawn(client):
    assert not soup_of(client, "/?q=chợ phiên").select(".histogram")


def switches(soup):
    return {link.get_text(): state_of(link) for link in soup.select(".switches a")}


def test_accents_that_are_typed_can_be_ignored_and_minded_again(client):
    loose = switches(soup_of(client, "/?q=giải&page=2"))["Bỏ qua dấu đã gõ"]
    assert loose == {"q": ["giải"], "spelling": ["loose"]}
    back = switches(soup_of(client, "/?q=giải&spelling=loose"))["Phân biệt dấu đã gõ"]
    assert back == {"q": ["giải"]}


def test_without_accents_there_is_nothing_to_ignore(client):
    assert "Bỏ qua dấu đã gõ" not in switches(soup_of(client, "/?q=giai"))


def test_newer_articles_need_not_come_first(client):
    off = switches(soup_of(client, "/?q=giai"))["Không ưu tiên tin mới"]
    assert off == {"q": ["giai"], "fresh": ["0"]}
    assert "Ưu tiên tin mới một chút" in switches(soup_of(client, "/?q=giai&fresh=0"))
    assert not switches(soup_of(client, "/?q=giai&sort=newest"))


def test_a_passage_names_who_speaks_in_it(client):
    assert soup_of(client, "/?q=giải phóng").select_one(".said-by").get_text() == f"{MINH}:"


@pytest.mark.parametrize("query", ["", "year=2022", "sort=newest"])
def test_the_front_page_offers_no_switches(client, query):
    assert not switches(soup_of(client, f"/?{query}"))
