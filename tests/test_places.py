"""Places: a unit and a name, one place under one name, and no people or organisations."""

import pytest

from archive_search.cleaning.people import find_people
from archive_search.cleaning.places import find_places
from archive_search.identity import identified
from archive_search.records import Article, BlockKind


def make_article(*paragraphs, title=""):
    return Article(
        id="a", version="v", portal="test", number=None, url="http://portal.test/1", urls=(), title=title,
        lead=None, published_at=None, byline=None, section=None,
        blocks=identified((BlockKind.PARAGRAPH, text) for text in paragraphs), images=(), attachments=(),
    )  # fmt: skip


def places(*paragraphs):
    article = make_article(*paragraphs)
    return [place.name for place in find_places(article, find_people(article))]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("quan tâm xã Văn Bình hơn nữa", "xã Văn Bình"),
        ("Huyện Thường Tín đạt chuẩn", "huyện Thường Tín"),
        ("UBND thị trấn Văn Điển", "thị trấn Văn Điển"),
        ("tại thôn 7 xã", "thôn 7"),
        ("tổ dân phố số 5, phường", "tổ dân phố 5"),
        ("ở Quận 1.", "quận 1"),
        ("phường Trần Hưng Đạo khai trương", "phường Trần Hưng Đạo"),
        ("thành phố Huế, nơi", "thành phố Huế"),
        ("huyện Cư M'gar có", "huyện Cư M'gar"),
    ],
)
def test_a_unit_with_a_name_is_a_place(text, name):
    assert places(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Thành phố Hà Nội",
        "TP.Hà Nội",
        "tp Hà Nội",
        "Thủ đô Hà Nội",
        "Thành ủy Hà Nội",
        "tại Hà Nội",
        "TP. HN",
    ],
)
def test_one_place_has_one_name(text):
    assert places(f"họp cùng {text}.") == ["thành phố Hà Nội"]


@pytest.mark.parametrize("text", ["TP.HCM", "TPHCM", "TP HCM", "Tp. Hồ Chí Minh", "Thành phố Hồ Chí Minh"])
def test_the_short_form_of_a_city_is_written_out(text):
    assert places(f"đoàn {text} đến thăm") == ["thành phố Hồ Chí Minh"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("các xã: Văn Bình, Hòa Bình và Duyên Thái", ["xã Văn Bình", "xã Hòa Bình", "xã Duyên Thái"]),
        ("các huyện Thường Tín, Phú Xuyên đã", ["huyện Thường Tín", "huyện Phú Xuyên"]),
        (
            "tại xã Nguyên Khê và Tiên Dương, huyện Đông Anh",
            ["xã Nguyên Khê", "xã Tiên Dương", "huyện Đông Anh"],
        ),
        ("các quận, huyện, thị xã: Ba Đình, Sơn Tây", ["quận Ba Đình", "thị xã Sơn Tây"]),
        ("các tỉnh, thành phố: Hải Phòng, Nam Định", ["thành phố Hải Phòng", "tỉnh Nam Định"]),
        ("các tỉnh Long An, Đồng Nai và Đà Nẵng", ["tỉnh Long An", "tỉnh Đồng Nai", "thành phố Đà Nẵng"]),
        ("ở xã Trường Yên (Hoa Lư, Ninh Bình)", ["xã Trường Yên", "tỉnh Ninh Bình"]),
        ("xã Khánh Hà, Thường Tín, Hà Nội", ["xã Khánh Hà", "huyện Thường Tín", "thành phố Hà Nội"]),
        ("các xã Văn Bình, Chủ tịch UBND huyện", ["xã Văn Bình"]),
        ("tỉnh Thừa Thiên - Huế và Bà Rịa - Vũng Tàu", ["tỉnh Thừa Thiên Huế", "tỉnh Bà Rịa - Vũng Tàu"]),
    ],
)
def test_a_list_shares_its_unit_as_far_as_it_goes(text, names):
    assert places(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "Huyện ủy, UBND huyện và HĐND xã đã họp",
        "Chủ tịch UBND huyện Nguyễn Văn An phát biểu",
        "đồng chí Bí thư Huyện ủy Nguyễn Tiến Minh",
        "Thông tấn xã Việt Nam, hợp tác xã Hòa Bình, Nhà xuất bản Thanh Niên",
        "Thành phố Thông minh, Thành phố Vì Hòa bình, làng Văn hóa",
        "các tỉnh Tây Nguyên và thành phố Việt Nam",
        "đường Hà Nội, báo Hà Nội mới, Đại học Hà Nội",
        "tấm gương Hồ Chí Minh, khởi nghĩa Hai Bà Trưng",
        "phường 10 người, 12 xã 5 năm, quận 3 lần",
        "kinh tế - xã hội Thủ đô, quần đảo Hoàng Sa",
        "ông Nguyễn Thái Bình trình bày, giải thưởng Hòa Bình",
        "Chương trình Nông thôn Mới",
        "các xã A B, xã, huyện, " + "xã, " * 50,
    ],
)
def test_what_is_no_place_is_not_found(text):
    assert places(text) == []


def test_spellings_of_one_name_are_one_place_under_the_commonest():
    (place,) = find_places(make_article("xã Hoà Thạch.", "xã Hòa Thạch, xã Hòa Thạch."), ())
    assert (place.name, len(place.mentions)) == ("xã Hòa Thạch", 3)


def test_a_name_ends_where_a_person_begins():
    article = make_article("Chủ tịch UBND huyện Gia Lâm Lê Anh Quân phát biểu.")
    assert [place.name for place in find_places(article, find_people(article))] == ["huyện Gia Lâm"]


def test_evidence_points_at_the_words_as_printed():
    article = make_article("Tại các xã: Văn Bình và Hòa Bình.", title="Huyện Thường Tín họp")
    district, first, second = find_places(article, ())
    assert (district.mentions[0].block, district.mentions[0].surface) == ("title", "Huyện Thường Tín")
    for place in (first, second):
        evidence = place.mentions[0]
        assert article.blocks[0].text[evidence.start : evidence.end] == evidence.surface
        assert place.name == f"xã {evidence.surface}"
