"""The coverage page: captures of each month, and the months without any."""

from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from conftest import make_capture
from reading_room import make_document, open_room

from archive_search.archive.coverage import of_hosts
from archive_search.web.coverage import months_between


@pytest.fixture(scope="module")
def soup(tmp_path_factory):
    with open_room(tmp_path_factory.mktemp("coverage") / "archive") as room:
        for number, month in enumerate([(2022, 7), (2022, 7), (2022, 10), (2023, 1)]):
            room.captured_at = datetime(*month, 1 + number, 20, tzinfo=UTC)
            room.add(make_document(str(number)))
        yield BeautifulSoup(room.client().get("/coverage").text, "lxml").main


def test_the_table_has_a_row_a_year_and_nothing_outside_the_first_and_last_month(soup):
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in soup.select("tbody tr")]
    assert rows == [
        ["2022", *[""] * 6, "2", "0", "0", "1", "0", "0", "3"],
        ["2023", "1", *[""] * 11, "1"],
    ]


def test_gaps_are_named_and_marked(soup):
    said = " ".join(soup.select_one(".notice").get_text().split())
    assert said.endswith("tháng 8/2022 – tháng 9/2022, tháng 11/2022 – tháng 12/2022.")
    assert [len(soup.select(selector)) for selector in ("td.lack", "rect.lack", "rect.bar")] == [4, 4, 3]


def test_the_total_and_the_last_capture_are_said(soup):
    assert [e.get_text() for e in soup.select("dd")] == ["4", "5/1/2023"]


def test_the_drawing_is_for_those_who_see_it_and_the_table_for_all(soup):
    assert soup.svg["aria-hidden"] == "true"
    assert soup.select_one("table caption").get_text()
    assert len(soup.select("thead th[scope=col]")) == 14


def test_whole_years_are_drawn_so_that_a_month_has_the_same_width_everywhere(soup):
    ends = [end.get_text() for end in soup.select(".histogram-ends span")]
    assert ends == ["tháng 1/2022", "tháng 12/2023"]
    assert float(soup.select_one("rect.bar")["width"]) == 720 / 24 * 0.8


def test_months_without_a_gap_are_said_to_be_complete(tmp_path):
    with open_room(tmp_path / "archive") as room:
        for number, month in enumerate([7, 8]):
            room.captured_at = datetime(2022, month, 1, tzinfo=UTC)
            room.add(make_document(str(number)))
        main = BeautifulSoup(room.client().get("/coverage?lang=en").text, "lxml").main
        assert "Something was captured in every month" in main.get_text()
        assert not main.select(".notice")


@pytest.mark.parametrize(
    ("lang", "words"), [("vi", "chưa có bài nào"), ("en", "The archive is empty so far")]
)
def test_an_empty_archive_says_so(tmp_path, lang, words):
    with open_room(tmp_path / "archive") as room:
        assert words in room.client().get(f"/coverage?lang={lang}").text


def test_the_page_is_linked_from_every_page(tmp_path):
    with open_room(tmp_path / "archive") as room:
        links = BeautifulSoup(room.client().get("/about").text, "lxml").select("footer a")
        assert "/coverage" in [link["href"] for link in links]


@pytest.mark.parametrize(
    ("url", "counted"),
    [
        ("http://portal.test/a", 1),
        ("https://portal.test:8443/a", 1),
        ("http://portal.test.evil.test/a", 0),
        ("http://www.portal.test/a", 0),
        ("http://other.test/?http://portal.test/", 0),
    ],
)
def test_captures_belong_to_the_host_they_came_from(archive, url, counted):
    archive.keep(make_capture(url), run=None)
    with archive.reading() as db:
        assert sum(of_hosts(db, ["portal.test"]).months.values()) == counted
        assert of_hosts(db, []).months == {}


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2021-11", "2022-02", ("2021-11", "2021-12", "2022-01", "2022-02")),
        ("2022-07", "2022-07", ("2022-07",)),
        ("", "", ()),
    ],
)
def test_months_are_counted_over_the_turn_of_the_year(first, last, months):
    assert months_between(first, last) == months
