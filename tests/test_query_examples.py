"""The guide to searching is true: each of its examples finds what it says, and the limits are the code's."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from test_index import make

from archive_search.index import lookup, reading
from archive_search.index.query import Query, understand
from archive_search.index.whoosh_engine import WhooshEngine

GUIDE = (Path(__file__).parent.parent / "docs" / "search.md").read_text(encoding="utf-8")
VIETNAM = timezone(timedelta(hours=7))


def day(year, month, day):
    return datetime(year, month, day, 8, tzinfo=VIETNAM)


ARTICLES = [
    make("gpmb", "Công tác giải phóng mặt bằng", title="Họp về giải phóng mặt bằng", on=day(2022, 7, 11)),
    make("scattered", "bằng mặt, phóng giải", title="Ý kiến", on=day(2022, 12, 31)),
    make("bare", "giai phong mat bang", on=day(2021, 3, 1)),
    make("pho", "Phó Chủ tịch giải đáp", title="Phó Chủ tịch trả lời", on=None),
    make("land", "đất ở", on=day(2022, 6, 30)),
    make("house", "nhà ở", on=day(2023, 1, 1)),
    make("both", "đất và nhà", on=day(2023, 1, 1)),
    make("budget", "họp để bàn về ngân sách", on=day(2023, 2, 1)),
    make("budgets", "ngân sách. Hôm nay cả xã cùng họp", on=day(2023, 2, 1)),
    make("it", "ứng dụng CNTT", on=day(2023, 2, 1)),
    make("its", "công nghệ thông tin", on=day(2023, 2, 1)),
    make("decree", "Nghị định 59/2019/NĐ-CP", on=day(2023, 2, 1)),
    make("health", "tin vắn", topics=["y-te"], on=day(2023, 2, 1)),
    make("minh", "tin vắn", speakers=["Nguyễn Tiến Minh"], portal="thuongtin", on=day(2023, 2, 1)),
    make("thu", "bí thư", on=day(2023, 2, 1)),
    make("thuong", "ngày thường", on=day(2023, 2, 1)),
    make("thuy", "đường thủy", on=day(2023, 2, 1)),
    make("plan", "quy hoạch đến năm 2030", on=day(2023, 2, 1)),
    make("until", "tính đến 2021", on=day(2023, 2, 1)),
]

FOUND = {
    "giải phóng mặt bằng": "gpmb scattered",
    "giai phong mat bang": "gpmb scattered bare",
    "giải": "gpmb scattered pho",
    "CNTT": "it its",
    "59/2019/NĐ-CP": "decree",
    '"giải phóng mặt bằng"': "gpmb",
    "giải phó*": "gpmb scattered pho",
    "thư*": "thu thuong",
    "đất OR nhà": "land house both",
    "đất AND nhà": "both",
    "đất -nhà": "land",
    "(đất OR nhà) ở": "land house",
    'họp NEAR/5 "ngân sách"': "budget",
    "title:họp": "gpmb",
    'title:"mặt bằng"': "gpmb",
    'speaker:"Nguyễn Tiến Minh"': "minh",
    "topic:y-te": "health",
    "portal:thuongtin": "minh",
    "year:2022": "gpmb scattered land",
    "từ 7/2022 đến 12/2022": "gpmb scattered",
    "from:2022-07 to:2022-12": "gpmb scattered",
    "2022-07..2022-12": "gpmb scattered",
    "từ 11/7/2022": "gpmb scattered house both budget budgets it its decree health minh thu thuong thuy "
    "plan until",
    "đến 2021": "bare",
    '"đến 2021"': "until",
    "quy hoạch đến năm 2030": "plan",
}

# What the guide says to find the same, or names in passing.
ALSO = {
    "đất HOẶC nhà": "đất OR nhà",
    "đất VÀ nhà": "đất AND nhà",
    "đất NOT nhà": "đất -nhà",
    "đất KHÔNG nhà": "đất -nhà",
    "tieude:họp": "title:họp",
    'nguoi:"nguyen tien minh"': 'speaker:"Nguyễn Tiến Minh"',
    'chude:"y tế"': "topic:y-te",
    "cong:thuongtin": "portal:thuongtin",
    "nam:2022": "year:2022",
    "tu 7/2022 den 12/2022": "từ 7/2022 đến 12/2022",
}
PASSING = {"thu*": "thu thuong thuy", "title:phó*": "gpmb pho", "công nghệ thông tin": "it its"}


def rows(heading):
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return cells[1:]


def examples():
    tables = ("Words", "Combined", "Fields", "Dates of publication")
    return [row[0].strip("`") for table in tables for row in rows(table)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = WhooshEngine(tmp_path_factory.mktemp("guide") / "index")
    engine.rebuild(ARTICLES)
    yield engine
    engine.close()


def found(engine, text):
    results = engine.search(Query(node=understand(text).node, text=text, limit=100))
    return [hit.id for hit in results.hits]


def test_every_example_of_the_guide_is_tried():
    assert examples() == list(FOUND)
    assert [text for text in (*ALSO, *PASSING) if f"`{text}`" not in GUIDE] == []


@pytest.mark.parametrize("text", [*FOUND, *ALSO, *PASSING])
def test_an_example_finds_what_the_guide_says(engine, text):
    expected = (FOUND | PASSING).get(text) or FOUND[ALSO[text]]
    assert sorted(found(engine, text)) == sorted(expected.split())


@pytest.mark.parametrize("text", [*FOUND, *ALSO, *PASSING])
def test_no_example_is_misunderstood(text):
    assert {note.message for note in understand(text).notes} <= {"read-as-dates"}


def test_words_that_stand_together_come_first(engine):
    assert found(engine, "giải phóng mặt bằng")[0] == "gpmb"


def test_the_limits_of_the_guide_are_those_of_the_code():
    code = [
        reading.MAX_CHARS,
        reading.MAX_WORDS,
        reading.MAX_DEPTH,
        reading.MIN_PREFIX,
        reading.MAX_PREFIXES,
        lookup.MAX_EXPANSIONS,
        reading.MAX_NEARS,
        reading.MAX_DISTANCE,
    ]
    assert [int(re.sub(r"\D", "", row[1])) for row in rows("Limits")] == code
