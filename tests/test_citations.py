"""Cited documents: one symbol for one document, and nothing that only looks like one."""

import pytest

from archive_search.cleaning.citations import find_cited
from archive_search.identity import identified
from archive_search.records import Article, BlockKind


def make_article(*paragraphs, title="Tin trong ngày", lead=None):
    return Article(
        id="a", version="v", portal="test", number=None, url="http://portal.test/1", urls=(), title=title,
        lead=lead, published_at=None, byline=None, section=None,
        blocks=identified((BlockKind.PARAGRAPH, text) for text in paragraphs), images=(), attachments=(),
    )  # fmt: skip


def cited(*paragraphs):
    return [(document.symbol, document.kind) for document in find_cited(make_article(*paragraphs))]


@pytest.mark.parametrize(
    ("text", "symbol", "kind"),
    [
        ("theo Nghị định 59/2019/NĐ-CP ngày 01/7/2019", "59/2019/NĐ-CP", "Nghị định"),
        ("Kết luận số 01-KL/TW, ngày 18/5/2021", "01-KL/TW", "Kết luận"),
        ("Nghị quyết số 15-NQ/TU giai đoạn 2021-2025", "15-NQ/TU", "Nghị quyết"),
        ("Quyết định số 2034/QĐ-UBND ngày 5/4/2022", "2034/QĐ-UBND", "Quyết định"),
        ("Thông tư liên tịch số 15/2016/TTLT-BTTTT-BXD", "15/2016/TTLT-BTTTT-BXD", "Thông tư liên tịch"),
        ("Công văn số 680/STTTT-BCXBTT của Sở", "680/STTTT-BCXBTT", "Công văn"),
        ("Luật số 04/2011/QH13 có hiệu lực", "04/2011/QH13", "Luật"),
        ("Chương trình hành động số 21-CTr/TU", "21-CTr/TU", "Chương trình"),
        ("Tờ trình số 12/TTr-UBND", "12/TTr-UBND", "Tờ trình"),
    ],
)
def test_a_symbol_has_the_kind_that_is_told(text, symbol, kind):
    assert cited(text) == [(symbol, kind)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("(26/2016/TT-BTTTT)", "Thông tư"),
        ("04-TT/TU", "Thông tri"),
        ("09-HD/BTCTU", "Hướng dẫn"),
        ("475/UBND-ĐT", None),
    ],
)
def test_without_a_word_the_code_tells_the_kind(text, kind):
    assert [found for _, found in cited(f"ban hành {text} về việc đó")] == [kind]


@pytest.mark.parametrize(
    "printed",
    [
        "Chỉ thị 05-CT/TW",
        "Chỉ thị số: 5-CT/TW",
        "chỉ thị số 05 - CT/TW",
        "Chỉ thị 05–CT/TƯ",
        "Chỉ thị số 05/CT-TW",
        "Chỉ thị 05-ct/tw",
    ],
)
def test_one_document_has_one_symbol_however_it_is_printed(printed):
    assert cited(f"thực hiện {printed} của Bộ Chính trị") == [("05-CT/TW", "Chỉ thị")]


@pytest.mark.parametrize(
    ("printed", "symbol"),
    [
        ("Quyết định số 528/QD-UBND", "528/QĐ-UBND"),
        ("Quyết định số 229 QĐ – TTg", "229/QĐ-TTg"),
        ("kế hoạch số 167 /KH-SXD", "167/KH-SXD"),
        ("Nghị quyết 11-NQ/CP", "11/NQ-CP"),
        ("Nghị định 43/2011/NĐ", "43/2011/NĐ-CP"),
        ("Nghị định số 59/2019", "59/2019/NĐ-CP"),
    ],
)
def test_a_misprinted_symbol_is_put_right(printed, symbol):
    assert [found for found, _ in cited(printed)] == [symbol]


def test_a_document_without_a_symbol_is_named_by_kind_number_and_date():
    text = "theo nghị quyết số 14 ngày 30/5/2022, của BCH đảng bộ huyện"
    assert cited(text) == [("Nghị quyết 14 ngày 30/5/2022", "Nghị quyết")]


def test_a_number_alone_means_the_document_whose_symbol_the_article_tells():
    (found,) = find_cited(make_article("Nghị quyết số 68/NQ-CP của Chính phủ.", "Theo Nghị quyết 68, hỗ trợ"))
    assert (found.symbol, [mention.surface for mention in found.mentions][1]) == ("68/NQ-CP", "Nghị quyết 68")


def test_a_number_that_two_documents_have_is_neither_of_them():
    found = cited("Chỉ thị 05-CT/TW và Chỉ thị số 05/CT-UBND.", "Triển khai Chỉ thị 05.")
    assert [symbol for symbol, _ in found] == ["05-CT/TW", "05/CT-UBND", "Chỉ thị 05"]


@pytest.mark.parametrize(
    ("printed", "symbol"),
    [
        ("Luật Đất đai 2013", "Luật Đất đai 2013"),
        ("Luật đất đai năm 2013", "Luật Đất đai 2013"),
        ("Bộ luật Hình sự năm 2015", "Bộ luật Hình sự 2015"),
        ("Luật Tổ chức chính quyền địa phương 2015", "Luật Tổ chức chính quyền địa phương 2015"),
    ],
)
def test_a_law_is_named_by_its_year(printed, symbol):
    assert [found for found, _ in cited(f"theo quy định của {printed}.")] == [symbol]


@pytest.mark.parametrize(
    "text",
    [
        "ngày 11/7/2022, 12-13/7 và tháng 7/2022",
        "xe 29A-123.45, điện thoại 0969.082.115, 024-3825/3826",
        "bản đồ 1/500, thắng 2-1, tốc độ 60km/h, 281/100.000 dân",
        "theo QCVN 08:2015/BTNMT và TCVN 7957:2008",
        "số tài khoản 0101234567, số nhà 12/B5, Ban Chỉ đạo 389/TP",
        "đạt 7.500.000 đồng/trường hợp, 24/24h, 3 triệu/người",
        "Kế hoạch 5 năm, Nghị quyết 10 năm, chương trình số 1 của đài",
        "Công ước về Luật biển năm 1982, triển khai Luật Thủ đô trong năm 2013, Luật sư năm 2013",
        "theo Mẫu số 02/BC-DN và Phụ lục 01/KH-SYT",
        "kỳ họp thứ 17, ngày 24/7, điểm 8/10, COVID-19/SARS",
    ],
)
def test_what_looks_like_a_document_is_none(text):
    assert cited(text) == []


def test_evidence_points_at_the_words_as_printed():
    article = make_article("Căn cứ Chỉ thị số 05-CT/TW.", title="Về Kế hoạch 12/KH-UBND", lead="Ngày 3/4.")
    first, second = find_cited(article)
    assert (first.mentions[0].block, first.mentions[0].start) == ("title", 3)
    evidence = second.mentions[0]
    assert article.blocks[0].text[evidence.start : evidence.end] == evidence.surface == "Chỉ thị số 05-CT/TW"
