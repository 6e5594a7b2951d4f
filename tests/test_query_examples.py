"""The guide to searching is true: each of its examples finds what it says, and the limits are the code's."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from test_index import make

from archive_search.index.answering import lookup
from archive_search.index.language import reading
from archive_search.index.language.thesaurus import load_thesaurus
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
    make("plain", "ghi thu chi", title="Pho tượng", on=day(2023, 2, 1)),
    make("bi-thu", "bí thu", on=day(2023, 2, 1)),
    make("said", "Ông nói về ngân sách", said=[("Nguyễn Tiến Minh", 0)], on=day(2023, 2, 1)),
    make("other", "Bà nói về sách", "ngân hàng", said=[("Lê Thị Bình", 0)], on=day(2023, 2, 1)),
    make("session", "tin vắn", sessions=["Kỳ họp thứ 17 Hội đồng"], on=day(2023, 2, 1)),
    make("place", "tin vắn", places=["xã Văn Bình"], on=day(2023, 2, 1)),
    make("citing", "tin vắn", cited=["59/2019/NĐ-CP"], on=day(2023, 2, 1)),
    make("vaccine", "tiêm vaccine", on=day(2023, 2, 1)),
    make("member", "Thành ủy viên", on=day(2023, 2, 1)),
    make("project", "dự án mới", on=day(2023, 2, 1)),
    make("skill", "kĩ sư", on=day(2023, 2, 1)),
    make("term", "khoá 24", on=day(2023, 2, 1)),
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
    '"thu"': "plain bi-thu",
    '"bí thu"': "bi-thu",
    '"ngan sach"': "budget budgets said",
    'title:"phó"': "pho",
    "đất OR nhà": "land house both",
    "đất AND nhà": "both",
    "đất -nhà": "land",
    "(đất OR nhà) ở": "land house",
    'họp NEAR/5 "ngân sách"': "budget",
    "title:họp": "gpmb",
    'title:"mặt bằng"': "gpmb",
    "said:ngân": "said",
    'said:"ngân sách"': "said",
    'speaker:"Nguyễn Tiến Minh" said:sách': "said",
    'speaker:"Nguyễn Tiến Minh"': "minh said",
    'session:"kỳ họp thứ 17"': "session",
    "topic:y-te": "health",
    'place:"Văn Bình"': "place",
    "document:59/2019": "citing",
    "portal:thuongtin": "minh",
    "year:2022": "gpmb scattered land",
    "từ 7/2022 đến 12/2022": "gpmb scattered",
    "from:2022-07 to:2022-12": "gpmb scattered",
    "2022-07..2022-12": "gpmb scattered",
    "từ 11/7/2022": "gpmb scattered house both budget budgets it its decree health minh thu thuong thuy "
    "plan until plain bi-thu said other session place citing vaccine member project skill term",
    "đến 2021": "bare",
    '"đến 2021"': "until",
    "quy hoạch đến năm 2030": "plan",
    "TUV": "member",
    "DA mới": "project",
    "vắc xin": "vaccine",
    "kỹ": "skill",
    "khoá XXIV": "term",
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
    "phatbieu:ngân": "said:ngân",
    "said:ngâ*": "said:ngân",
    'kyhop:"thu 17"': 'session:"kỳ họp thứ 17"',
    'diadanh:"xa van binh"': 'place:"Văn Bình"',
    "vanban:59/2019/nd-cp": "document:59/2019",
}
PASSING = {
    "thu*": "thu thuong thuy plain bi-thu",
    "title:phó*": "gpmb pho",
    "title:phó": "pho",
    "công nghệ thông tin": "it its",
}


def rows(heading):
    section = GUIDE.split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return cells[1:]


def examples():
    tables = (
        *("Words", "Exact and loose", "Combined", "Fields"),
        *("Dates of publication", "Other ways to write it"),
    )
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
    assert list(dict.fromkeys(examples())) == list(FOUND)
    assert [text for text in (*ALSO, *PASSING) if f"`{text}`" not in GUIDE] == []


@pytest.mark.parametrize("text", [*FOUND, *ALSO, *PASSING])
def test_an_example_finds_what_the_guide_says(engine, text):
    expected = (FOUND | PASSING).get(text) or FOUND[ALSO[text]]
    assert sorted(found(engine, text)) == sorted(expected.split())


@pytest.mark.parametrize("text", [*FOUND, *ALSO, *PASSING])
def test_no_example_is_misunderstood(text):
    assert {note.message for note in understand(text).notes} <= {"read-as-dates"}


def test_the_guide_says_what_each_search_tells_that_it_added():
    for typed, added in rows("Other ways to write it"):
        (expansion,) = understand(typed.strip("`")).expansions
        assert tuple(re.findall("`(.+?)`", added))[: len(expansion.others)] == expansion.others


def test_the_table_of_the_guide_gives_an_archive_its_own_synonyms(tmp_path):
    table = GUIDE.split("```\n")[1]
    (tmp_path / "synonyms.tsv").write_text(table, encoding="utf-8")
    own = load_thesaurus(tmp_path / "synonyms.tsv")
    assert understand("GPMB", thesaurus=own).expansions[0].others[-1] == "dọn mặt bằng"
    assert understand("CNTT", thesaurus=own).expansions == ()


def test_loose_takes_accents_for_nothing(engine):
    node = understand('"bí thu"', loose=True).node
    hits = engine.search(Query(node=node, text='"bí thu"')).hits
    assert {hit.id for hit in hits} == {"thu", "bi-thu"}
    assert hits[0].id == "bi-thu"


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
        reading.MAX_SAID,
        reading.MAX_COST,
    ]
    assert [int(re.sub(r"\D", "", row[1])) for row in rows("Limits")] == code
