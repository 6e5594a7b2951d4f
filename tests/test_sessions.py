"""Sessions: one meeting under one name, made of its number, its body and the body's term."""

import json
from pathlib import Path

import pytest

from archive_search.cleaning import understand
from archive_search.identity import identified
from archive_search.records import Article, BlockKind

DATA = Path(__file__).parent / "data"
SEED = DATA / "people" / "thuongtin-ky-hop-17.txt"


def make_article(*paragraphs, title="", lead=None):
    return Article(
        id="a", version="v", portal="test", number=None, url="http://portal.test/1", urls=(), title=title,
        lead=lead, published_at=None, byline=None, section=None,
        blocks=identified((BlockKind.PARAGRAPH, text) for text in paragraphs), images=(), attachments=(),
    )  # fmt: skip


def sessions(*paragraphs, **parts):
    return list(understand(make_article(*paragraphs, **parts)).sessions)


def names(*paragraphs, **parts):
    return [session.name for session in sessions(*paragraphs, **parts)]


@pytest.fixture(scope="module")
def seed():
    lines = [line.strip().replace("\u00a0", " ") for line in SEED.read_text(encoding="utf-8").split("\n")]
    lines = [line for line in lines if line]
    return understand(make_article(*lines[2:-1], title=lines[1]))


@pytest.mark.parametrize(
    ("text", "name", "number", "body", "term"),
    [
        ("Kỳ họp thứ 5 HĐND huyện khóa XX", "Kỳ họp thứ 5 Hội đồng nhân dân huyện khóa XX", 5,
         "Hội đồng nhân dân huyện", "XX"),
        ("kỳ họp thứ năm, Quốc hội khoá XIV", "Kỳ họp thứ 5 Quốc hội khóa XIV", 5, "Quốc hội", "XIV"),
        ("Hội nghị lần thứ 17 Ban Chấp hành Đảng bộ huyện khóa XXIV",
         "Kỳ họp thứ 17 Ban Chấp hành Đảng bộ huyện khóa XXIV", 17, "Ban Chấp hành Đảng bộ huyện", "XXIV"),
        ("Hội nghị BCH Đảng bộ huyện khóa XXIV", "Hội nghị Ban Chấp hành Đảng bộ huyện khóa XXIV", None,
         "Ban Chấp hành Đảng bộ huyện", "XXIV"),
        ("Hội nghị Trung ương 6 (khóa 12)", "Hội nghị lần thứ 6 Ban Chấp hành Trung ương Đảng khóa XII", 6,
         "Ban Chấp hành Trung ương Đảng", "XII"),
        ("Phiên họp thứ 14 của Ủy ban Thường vụ Quốc hội", "Phiên họp thứ 14 Ủy ban Thường vụ Quốc hội", 14,
         "Ủy ban Thường vụ Quốc hội", None),
        ("Đại hội đại biểu toàn quốc lần thứ XIII của Đảng", "Đại hội Đảng Cộng sản Việt Nam lần thứ XIII",
         13, "Đảng Cộng sản Việt Nam", None),
        ("kỳ họp chuyên đề - kỳ họp thứ 5 HĐND huyện", "Kỳ họp thứ 5 Hội đồng nhân dân huyện", 5,
         "Hội đồng nhân dân huyện", None),
    ],
)  # fmt: skip
def test_a_session_is_named_by_its_parts(text, name, number, body, term):
    (session,) = sessions(f"Tại {text} đã thảo luận.")
    assert (session.name, session.number, session.body, session.term) == (name, number, body, term)


@pytest.mark.parametrize(
    "text",
    [
        "Đại hội đại biểu Đảng bộ huyện Thường Tín lần thứ XXIV",
        "Đại hội Đảng bộ huyện Thường Tín lần thứ 24",
        "Đại hội XXIV Đảng bộ huyện Thường Tín",
        "Đại hội đại biểu lần thứ XXIV của Đảng bộ Huyện Thường Tín",
        "Đại hội đại biểu lần thứ XXIV Đảng bộ Thường Tín",
    ],
)
def test_the_parts_of_a_congress_may_stand_in_any_order(text):
    assert names(f"thực hiện Nghị quyết {text}.") == ["Đại hội Đảng bộ huyện Thường Tín lần thứ XXIV"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Đại hội Công đoàn Việt Nam lần thứ XI", "Đại hội Công đoàn Việt Nam lần thứ XI"),
        ("Đại hội đại biểu Hội Luật gia huyện lần thứ IV", "Đại hội Hội Luật gia huyện lần thứ IV"),
        ("Đại hội MTTQ Việt Nam lần thứ IX", "Đại hội Mặt trận Tổ quốc Việt Nam lần thứ IX"),
    ],
)
def test_a_congress_of_another_organisation_has_its_name(text, name):
    assert names(f"chào mừng {text}.") == [name]


def test_an_assembly_may_be_named_before_its_session():
    text = "Luật được Quốc hội nước Cộng hòa xã hội chủ nghĩa Việt Nam khóa XIII thông qua tại kỳ họp thứ 9."
    assert names(text) == ["Kỳ họp thứ 9 Quốc hội khóa XIII"]


def test_a_body_has_the_place_that_the_article_names():
    assert names("Kỳ họp thứ 5 HĐND huyện diễn ra tại huyện Thường Tín.") == [
        "Kỳ họp thứ 5 Hội đồng nhân dân huyện Thường Tín"
    ]


def test_of_two_districts_neither_is_taken_for_the_bodys():
    text = "Kỳ họp thứ 5 HĐND huyện bàn về huyện Phú Xuyên và huyện Thường Tín."
    assert names(text) == ["Kỳ họp thứ 5 Hội đồng nhân dân huyện"]


def test_later_mentions_that_tell_less_are_the_same_session():
    (session,) = sessions(
        "Chủ tọa khai mạc kỳ họp.",
        "Nghị quyết thông qua tại kỳ họp thứ 5. Kỳ họp đã thành công.",
        title="Kỳ họp thứ 5 HĐND huyện khóa XX",
    )
    surfaces = [mention.surface for mention in session.mentions]
    assert surfaces == ["Kỳ họp thứ 5 HĐND huyện khóa XX", "kỳ họp", "kỳ họp thứ 5", "Kỳ họp"]


def test_a_conference_about_a_congress_is_not_that_congress():
    (session,) = sessions(
        "Hội nghị quán triệt Nghị quyết Đại hội XIII của Đảng.", "Hội nghị đã nghe báo cáo."
    )
    assert [mention.surface for mention in session.mentions] == ["Đại hội XIII của Đảng"]


@pytest.mark.parametrize(
    "text",
    [
        "Hội nghị triển khai nhiệm vụ năm 2022 đã họp",
        "các kỳ họp Quốc hội khóa XV và kỳ họp Hội đồng nhân dân các cấp",
        "Tại cuộc họp, hội nghị, đại hội các chi bộ nhiệm kỳ 2017-2020",
        "Phát biểu tại Hội nghị, Thứ trưởng nêu rõ",
        "duyệt Đại hội từ thứ Hai ngày 09/3/2015",
        "Đại hội thể dục thể thao toàn quốc lần thứ VIII",
        "tiến tới Đại hội đại biểu toàn quốc lần thứ X Hội Nhà báo",
        "Đại hội đồng lần thứ 132 của tổ chức",
        "phiên họp số 21 về dịch bệnh",
    ],
)
def test_a_meeting_that_is_not_told_is_none(text):
    assert names(text) == []


def test_the_seed_reports_one_session_and_names_two(seed):
    assert [session.name for session in seed.sessions] == [
        "Kỳ họp thứ 17 Ban Chấp hành Đảng bộ huyện Thường Tín khóa XXIV",
        "Đại hội Đảng bộ huyện Thường Tín lần thứ XXIV",
        "Kỳ họp thứ 5 Hội đồng nhân dân huyện Thường Tín",
    ]
    assert len(seed.sessions[0].mentions) == 11


def test_the_seed_names_its_district_and_communes(seed):
    communes = ["xã Khánh Hà", "xã Ninh Sở", "xã Thư Phú"]
    assert [place.name for place in seed.places] == ["huyện Thường Tín", *communes]


def test_the_seed_cites_its_six_numbered_documents(seed):
    gold = json.loads(SEED.with_suffix(".gold.json").read_text(encoding="utf-8"))["documents"]
    symbols = {document["id"] for document in gold if "/" in document["id"] and " " not in document["id"]}
    assert {cited.symbol for cited in seed.cited} == symbols | {"Nghị quyết 14 ngày 30/5/2022"}
    assert len(symbols) == 5
