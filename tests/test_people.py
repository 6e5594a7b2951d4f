"""People: who is named, which titles belong to whom, who spoke, chaired, attended."""

import json
from pathlib import Path

import pytest

from archive_search.cleaning.people import find_people
from archive_search.identity import identified
from archive_search.records import Article, BlockKind, Role

SEED = Path(__file__).parent / "data" / "people" / "thuongtin-ky-hop-17.txt"


def make_article(*paragraphs, title="Tin trong ngày", lead=None, byline=None, kind=BlockKind.PARAGRAPH):
    return Article(
        id="a", version="v", portal="test", number=None, url="http://portal.test/1", urls=(), title=title,
        lead=lead, published_at=None, byline=byline, section=None,
        blocks=identified((kind, text) for text in paragraphs), images=(), attachments=(),
    )  # fmt: skip


def people(*paragraphs, **parts):
    return {person.name: person for person in find_people(make_article(*paragraphs, **parts))}


def role_of(name, *paragraphs):
    return people(*paragraphs)[name].roles[0]


@pytest.fixture(scope="module")
def seed():
    lines = [line.strip().replace("\u00a0", " ") for line in SEED.read_text(encoding="utf-8").split("\n")]
    _, title, *paragraphs, byline = filter(None, lines)
    return make_article(*paragraphs, title=title, byline=byline)


# Names.


@pytest.mark.parametrize(
    "text",
    [
        "Đồng chí Lê Văn Bình cho biết như vậy.",
        "Đ/c Lê Văn Bình dự hội nghị.",
        "Bà con chào ông Lê Văn Bình.",
        "Bí thư Huyện ủy Lê Văn Bình đến thăm xã.",
        "Chủ tịch UBND huyện Lê Văn Bình đến thăm.",
        "Giám đốc Sở Nội vụ Hà Nội Lê Văn Bình đến thăm.",
        "Chủ tịch UBND huyện Gia Lâm Lê Văn Bình đến thăm.",
        "PGS.TS. Lê Văn Bình đến thăm.",
        "Thượng tá Lê Văn Bình đến thăm.",
        "nhà văn trẻ Lê Văn Bình đến thăm.",
        "Lê Văn Bình, Phó Giám đốc Sở, đến thăm.",
        "Lê Văn Bình- Phó Giám đốc Sở đến thăm.",
        "Khi đó, Lê Văn Bình nhấn mạnh vai trò của xã.",
        "Lê Văn Bình (sinh năm 1990, ở Ba Vì) đến thăm.",
        "ông Lê  Văn Bình đến thăm.",
        "ĐỒNG CHÍ: đồng chí Lê Văn Bình",
    ],
)
def test_a_person_is_found(text):
    assert [name for name in people(text) if name] == ["Lê Văn Bình"]


@pytest.mark.parametrize(
    "text",
    [
        "Nhà ở số 5 đường Lê Văn Bình.",
        "Tuyến phố Trần Văn Lâm, Lê Văn Bình thông thoáng.",
        "Trường THCS Lê Văn Bình khai giảng.",
        "Tại xã Lê Bình, mọi nhà đều vui.",
        "Quà của phường Lê Văn Bình đã đến.",
        "Giải thưởng Lê Văn Bình được trao.",
        "Hôm nay trời đẹp. Ảnh: Lê Văn Bình",
        "Toàn cảnh hội nghị (Ảnh: Lê Văn Bình)",
        "Bài, ảnh: Lê Văn Bình",
        "Tác giả: Lê Văn Bình",
        "Lê Văn Bình",
        "Tài khoản Lê Bình đăng tin giả.",
        "Chủ tịch Hồ Chí Minh nói về thi đua.",
        "Đại tướng Võ Nguyên Giáp nhấn mạnh.",
        "Đồng chí Bí thư Huyện ủy nhấn mạnh.",
        "Lãnh đạo thành phố Hồ Chí Minh phát biểu.",
        "Giám đốc Công ty Cổ phần Sách Thái Hà phát biểu.",
        "Đại diện Sở Thông tin và Truyền thông Hà Nội phát biểu.",
        "Bác Hồ nhấn mạnh.",
    ],
)
def test_no_person_is_found(text):
    assert people(text) == {}


@pytest.mark.parametrize("name", ["Nguyễn Tiến Sỹ", "Kim Anh Dũng", "Trần Đăng Khoa", "Nguyễn Thị Thu Hà An"])
def test_words_of_titles_inside_a_name_are_part_of_it(name):
    assert list(people(f"Đồng chí {name}, Phó Giám đốc Sở, phát biểu.")) == [name]


def test_a_name_ends_before_a_place_and_before_small_letters():
    assert list(people("Ông Lê Văn Bình ở xã Khánh Hà đến dự.")) == ["Lê Văn Bình"]


def test_a_foreign_name_needs_an_honorific():
    assert list(people("Ngài Peter Johnson dự. Robert Brown dự.")) == ["Peter Johnson"]


def test_the_names_of_a_list_need_no_honorific_each():
    text = "Tới dự có các đồng chí: Thuận Hữu, Tổng Biên tập; Lê Văn Bình, Bí thư; Trần Thị Mai."
    assert list(people(text)) == ["Thuận Hữu", "Lê Văn Bình", "Trần Thị Mai"]


def test_a_known_name_counts_wherever_it_stands():
    found = people("Ông Lê Văn Bình đến. Quê của Lê Văn Bình ở Ba Vì.", title="LÊ VĂN BÌNH NHẬN GIẢI")
    assert [statement.block for statement in found["Lê Văn Bình"].statements][:1] == ["title"]
    assert len(found["Lê Văn Bình"].statements) == 3


def test_a_known_name_on_a_street_sign_or_under_the_text_does_not_count():
    found = people("Ông Lê Văn Bình đến.", "Phố Lê Văn Bình đẹp.", "Lê Văn Bình", byline="Lê Văn Bình")
    assert len(found["Lê Văn Bình"].statements) == 1


@pytest.mark.parametrize("short", ["đồng chí Bình", "ông Bình", "Ông Văn Bình"])
def test_a_short_name_means_the_one_person_whose_name_ends_so(short):
    found = people("Đồng chí Lê Văn Bình đến.", f"Sau đó, {short} cho biết kết quả.")
    assert list(found) == ["Lê Văn Bình"]
    assert found["Lê Văn Bình"].roles == (Role.SPOKE, Role.MENTIONED)


def test_a_short_name_of_two_people_means_neither():
    found = people("Ông Lê Văn Bình và bà Trần Thị Bình đến.", "Ông Bình cho biết kết quả.")
    assert all(Role.SPOKE not in person.roles for person in found.values())


def test_an_office_alone_means_the_one_who_holds_it_if_it_speaks():
    text = "Đồng chí Lê Văn Bình, Chủ tịch UBND Thành phố Hà Nội đến."
    found = people(text, "Chủ tịch UBND TP yêu cầu các sở báo cáo.", "Quà của Chủ tịch UBND TP.")
    assert [s.surface for s in found["Lê Văn Bình"].statements] == ["Lê Văn Bình", "Chủ tịch UBND TP"]
    assert found["Lê Văn Bình"].roles[0] is Role.SPOKE


def test_spellings_of_one_name_are_one_person():
    assert len(people("Ông Lê Thúy Hòa đến.", "Ông Lê Thuý Hoà đi.")) == 1


def test_a_cell_of_a_table_that_is_a_name_is_a_person():
    table = "TT\tHọ và tên\tĐơn vị\n1\tLê Văn Bình\tPhòng Nội vụ"
    assert list(people(table, kind=BlockKind.TABLE)) == ["Lê Văn Bình"]


# Titles.


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        (
            "Đồng chí Lê Văn Bình, Thành ủy viên, Bí thư Huyện uỷ phát biểu",
            ["Thành ủy viên", "Bí thư Huyện uỷ"],
        ),
        ("Đ/c Lê Văn Bình - Bí thư Đảng ủy - Giám đốc Sở phát biểu", ["Bí thư Đảng ủy", "Giám đốc Sở"]),
        ("Đồng chí Bí thư Huyện ủy Lê Văn Bình phát biểu", ["Bí thư Huyện ủy"]),
        ("Ông Lê Văn Bình Phó Chủ tịch xã đã thông tin", ["Phó Chủ tịch xã"]),
        (
            "Thứ trưởng Bộ Văn hóa, Thể thao và Du lịch Lê Văn Bình dự",
            ["Thứ trưởng Bộ Văn hóa, Thể thao và Du lịch"],
        ),
        (
            "Ông Lê Văn Bình, Trưởng phòng Nếp sống, Sở Văn hóa phát biểu",
            ["Trưởng phòng Nếp sống, Sở Văn hóa"],
        ),
        ("Ông Lê Văn Bình, nguyên Phó Thủ tướng Chính phủ, đến dự", ["nguyên Phó Thủ tướng Chính phủ"]),
        ("Ông Lê Văn Bình - Cục Báo chí phát biểu", ["Cục Báo chí"]),
        (
            "Phó Cục trưởng Cục Tin học (Bộ Tài chính) Lê Văn Bình dự",
            ["Phó Cục trưởng Cục Tin học (Bộ Tài chính)"],
        ),
        ("PGS.TS Lê Văn Bình phát biểu", ["PGS", "TS"]),
        ("Trưởng ban là đồng chí Lê Văn Bình", ["Trưởng ban"]),
        ("Đồng chí Lê Văn Bình được bổ nhiệm giữ chức vụ Trưởng phòng Nội vụ", ["Trưởng phòng Nội vụ"]),
        ("Ông Lê Văn Bình và lãnh đạo các sở dự", []),
        ("Ông Lê Văn Bình, người có công, phát biểu", []),
    ],
)
def test_titles_are_split_and_end_where_they_end(text, titles):
    assert list(people(text)["Lê Văn Bình"].titles) == titles


def test_a_title_between_two_names_belongs_to_the_second():
    found = people("Đồng chí Lê Văn Bình, Chủ tịch UBND huyện Trần Văn Nam cùng dự.")
    assert found["Lê Văn Bình"].titles == ()
    assert found["Trần Văn Nam"].titles == ("Chủ tịch UBND huyện",)


@pytest.mark.parametrize(
    "text",
    [
        "Các Phó Giám đốc Sở: đồng chí Lê Văn Bình, đồng chí Trần Văn Nam dự.",
        "Các đồng chí Lê Văn Bình và Trần Văn Nam, Phó Giám đốc Sở dự.",
    ],
)
def test_a_list_shares_its_title(text):
    assert {person.titles for person in people(text).values()} == {("Phó Giám đốc Sở",)}


def test_one_title_in_two_spellings_is_listed_once():
    found = people("Bí thư Huyện ủy Lê Văn Bình đến.", "Bí thư Huyện uỷ Lê Văn Bình về.")
    assert found["Lê Văn Bình"].titles == ("Bí thư Huyện ủy",)


# Roles.


@pytest.mark.parametrize(
    "text",
    [
        "Ông Lê Văn Bình cho biết đường đã xong.",
        "Ông Lê Văn Bình, Bí thư xã, đã nhấn mạnh điều đó.",
        "Phát biểu tại hội nghị, ông Lê Văn Bình hứa hẹn nhiều.",
        "Theo ông Lê Văn Bình, đường đã xong.",
        "Theo Giám đốc Sở Lê Văn Bình, đường đã xong.",
        "Sau phát biểu khai mạc của đồng chí Lê Văn Bình, hội nghị bắt đầu.",
        "Đồng chí Lê Văn Bình phát biểu",
        "Đồng chí Lê Văn Bình báo cáo kết quả.",
        "Các đại biểu nghe đồng chí Lê Văn Bình trình bày dự thảo.",
        "“Đường đã xong”, ông Lê Văn Bình nói.",
        "Ông Lê Văn Bình tại hội nghị đã bày tỏ niềm vui.",
        "Ông Lê Văn Bình trao quà, đồng thời mong muốn các em cố gắng.",
        "Ông Lê Văn Bình đến dự và phát biểu chỉ đạo.",
        "Ông Lê Văn Bình và các ngành của huyện đã giải đáp ý kiến cử tri.",
        "Ông Lê Văn Bình (giữa) chia sẻ kinh nghiệm.",
        "Ông Lê Văn Bình thay mặt lãnh đạo xã cảm ơn đoàn.",
        "Ông Lê Văn Bình thông qua nội dung báo cáo.",
    ],
)
def test_who_speaks_spoke(text):
    assert role_of("Lê Văn Bình", text) is Role.SPOKE


@pytest.mark.parametrize(
    "text",
    [
        "Theo Quyết định, ông Lê Văn Bình làm Trưởng ban.",
        "Thực hiện Kết luận số 05-KL/TW, ông Lê Văn Bình đi thăm xã.",
        "Ông Lê Văn Bình trao quà cho các em.",
        "Ông Lê Văn Bình ký ban hành Quyết định.",
        "Ông Lê Văn Bình thông qua nghị quyết.",
        "Chủ tịch nhấn mạnh vai trò của ông Lê Văn Bình.",
        "Xã đề nghị đồng chí Lê Văn Bình cố gắng.",
        "Ông Lê Văn Bình được bổ nhiệm.",
        "Ông Lê Văn Bình là người phát biểu hay.",
    ],
)
def test_who_acts_or_is_spoken_about_is_mentioned(text):
    assert role_of("Lê Văn Bình", text) is Role.MENTIONED


@pytest.mark.parametrize(
    "text",
    [
        "Đồng chí Lê Văn Bình chủ trì hội nghị.",
        "Ông Trần Văn Nam và ông Lê Văn Bình đồng chủ trì.",
        "Chủ trì hội nghị có đồng chí Lê Văn Bình.",
        "Hội nghị diễn ra dưới sự chủ trì của ông Lê Văn Bình.",
        "Chủ trì hội nghị đồng chí Lê Văn Bình.",
    ],
)
def test_who_chairs_chaired(text):
    assert role_of("Lê Văn Bình", text) is Role.CHAIRED


@pytest.mark.parametrize(
    "text",
    [
        "Tới dự có đồng chí Lê Văn Bình.",
        "Dự và tiếp đoàn, có các đồng chí: Trần Văn Nam; Lê Văn Bình.",
        "Đoàn do ông Lê Văn Bình làm trưởng đoàn.",
        "Về phía huyện có ông Lê Văn Bình.",
        "Ngày 2/9, Thị trưởng tiếp Đại sứ Lê Văn Bình.",
        "Khách mời: Nhà thơ Lê Văn Bình.",
        "Tới dự lễ có ông Trần Văn Nam, đại diện các sở, ông Lê Văn Bình.",
        "Ông Lê Văn Bình dự và trao quà.",
    ],
)
def test_who_is_present_attended(text):
    assert role_of("Lê Văn Bình", text) is Role.ATTENDED


def test_all_names_of_a_list_share_the_verb_behind_it():
    text = "Đồng chí Lê Văn Bình, Bí thư; đồng chí Trần Văn Nam - Chủ tịch; ông Ngô Văn An cùng chủ trì."
    assert {person.roles for person in people(text).values()} == {(Role.CHAIRED,)}


def test_of_object_and_subject_only_the_subject_speaks():
    found = people("Trao hoa chúc mừng ông Lê Văn Bình, ông Trần Văn Nam khẳng định sẽ giúp xã.")
    assert found["Lê Văn Bình"].roles == (Role.MENTIONED,)
    assert found["Trần Văn Nam"].roles == (Role.SPOKE,)


def test_roles_come_strongest_first_and_the_verb_is_kept():
    person = people("Ông Lê Văn Bình dự lễ.", "Ông Lê Văn Bình chủ trì.", "Ông Lê Văn Bình phát biểu.")
    assert person["Lê Văn Bình"].roles == (Role.SPOKE, Role.CHAIRED, Role.ATTENDED)
    assert [s.verb for s in person["Lê Văn Bình"].statements] == ["dự", "chủ trì", "phát biểu"]


# The seed article.


def test_every_speaker_of_the_seed_is_found_and_nobody_else(seed):
    gold = json.loads(SEED.with_suffix(".gold.json").read_text(encoding="utf-8"))
    found = {person.name: {role.value for role in person.roles} for person in find_people(seed)}
    assert found == {person["name"]: set(person["roles"]) for person in gold["persons"]}


def test_every_offset_points_at_its_surface(seed):
    texts = {"title": seed.title} | {block.id: block.text for block in seed.blocks}
    statements = [s for person in find_people(seed) for s in person.statements]
    assert len(statements) == 18
    assert all(texts[s.block][s.start : s.end] == s.surface for s in statements)


def test_writers_are_no_people_of_the_article(seed):
    with_byline = make_article(*(b.text for b in seed.blocks), "Xuân Tiến - Diệu Hương", byline="Diệu Hương")
    assert not {"Xuân Tiến", "Diệu Hương"} & {person.name for person in find_people(with_byline)}


def test_an_empty_article_has_no_people():
    assert find_people(make_article("", title="")) == ()
