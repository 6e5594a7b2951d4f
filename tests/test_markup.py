import gzip
import io
import zipfile

import pytest
from conftest import HTML, make_capture

from archive_search.errors import PageUnreadable
from archive_search.markup import body_bytes, body_text, decoded, is_html, media_type

PAGE = "<p>Huyện ủy họp</p>".encode()
PACKED = gzip.compress(PAGE)


def packed(payload, coding="gzip"):
    return make_capture(payload=payload, headers=(*HTML, ("Content-Encoding", coding)))


def test_a_gzipped_page_is_read():
    assert body_text(packed(PACKED)) == PAGE.decode()


@pytest.mark.parametrize(("coding", "payload"), [("gzip, chunked", PACKED), ("chunked", PAGE)])
def test_a_coding_that_the_transfer_left_on_is_taken_off_too(coding, payload):
    headers = (*HTML, ("X-Archive-Orig-Transfer-Encoding", coding))
    assert body_text(make_capture(payload=payload, headers=headers)) == PAGE.decode()


@pytest.mark.parametrize(
    ("capture", "reason"),
    [
        (packed(PACKED[:-12]), "cut off"),
        (packed(b"no gzip"), "broken gzip body"),
        (packed(PAGE, "br"), "'br' is not supported"),
    ],
)
def test_a_body_that_cannot_be_read_whole_is_refused_and_not_read_in_part(capture, reason):
    with pytest.raises(PageUnreadable, match=reason):
        body_bytes(capture)


def test_a_body_that_grows_beyond_the_limit_is_refused():
    with pytest.raises(PageUnreadable, match="more than 1000 bytes"):
        body_bytes(packed(gzip.compress(b"0" * 1_000_000)), limit=1000)


def test_a_declared_character_set_is_used_where_the_page_is_no_utf8():
    capture = make_capture(
        payload="Thường".encode("utf-16"), headers=(("Content-Type", "text/html; charset=utf-16"),)
    )
    assert body_text(capture) == "Thường"


def page(payload, kind="text/html"):
    return make_capture(payload=payload, headers=(("Content-Type", kind),) if kind else ())


SENTENCE = "<p>Ủy ban nhân dân huyện Thường Tín họp về giải phóng mặt bằng</p>"


@pytest.mark.parametrize(
    ("payload", "kind", "charset"),
    [
        (SENTENCE.encode(), "text/html; charset=iso-8859-1", "utf-8"),
        (b"\xef\xbb\xbf" + SENTENCE.encode(), "text/html; charset=windows-1258", "utf-8"),
        (b"\xff\xfe" + SENTENCE.encode("utf-16-le"), "text/html; charset=utf-8", "utf-16-le"),
        (SENTENCE.encode("utf-16-be"), "text/html", "utf-16-be"),
        (SENTENCE.encode().decode("latin-1").encode(), "text/html", "utf-8, UTF-8 twice"),
    ],
)
def test_the_bytes_say_more_than_the_header(payload, kind, charset):
    found = decoded(page(payload, kind))
    assert (found.text, found.charset, found.unread, found.doubtful) == (SENTENCE, charset, 0, False)


def test_a_declared_western_set_is_read_as_browsers_read_it():
    found = decoded(page(b"<p>It\x92s a caf\xe9</p>", "text/html; charset=iso-8859-1"))
    assert (found.text, found.charset) == ("<p>It’s a café</p>", "windows-1252")


def test_a_declared_eastern_set_is_read():
    text = "<p>河内市常信县人民委员会</p>"
    assert decoded(page(text.encode("gbk"), "text/html; charset=gb2312")).text == text


def test_the_meta_element_declares_a_set_too():
    text = '<meta charset="windows-1251"><p>народного комитета</p>'
    assert decoded(page(text.encode("windows-1251"))).text == text


def test_a_letter_cut_in_half_is_told_and_costs_no_other():
    found = decoded(page(SENTENCE.encode().replace("ặ".encode(), "ặ".encode()[:2]), "text/html"))
    assert found.text == SENTENCE.replace("ặ", "\ufffd")
    assert (found.charset, found.unread, found.doubtful) == ("utf-8", 1, False)


def test_text_of_a_set_that_nobody_declared_is_doubtful():
    text = "河内市常信县人民委员会今天举行会议，讨论经济社会发展计划。" * 3
    assert decoded(page(f"<p>{text}</p>".encode("gbk"))).doubtful


def test_only_the_texts_in_a_legacy_font_are_read_anew():
    source = (
        '<script>var x = "Th­êng TÝn";</script><a title="bé">Trang chủ – Bộ</a>'
        '<font face=".VnTimeH">th«ng b¸o</font> <p style="font-family: \'.VnTime\'">huyÖn <b>Th­êng TÝn</b>'
        '<font face="Arial">café</font></p><p>Bé</p>'
    )
    found = decoded(page(source.encode()))
    assert found.charset == "utf-8, TCVN3"
    assert found.text == (
        '<script>var x = "Th­êng TÝn";</script><a title="bé">Trang chủ – Bộ</a>'
        '<font face=".VnTimeH">THÔNG BÁO</font> <p style="font-family: \'.VnTime\'">huyện <b>Thường Tín</b>'
        '<font face="Arial">café</font></p><p>Bé</p>'
    )


def test_a_legacy_text_may_be_written_in_entities():
    source = "<p>huy&Ouml;n Th&shy;&ecirc;ng T&Yacute;n &amp; x&atilde;</p>"
    assert decoded(page(source.encode())).text == "<p>huyện Thường Tín &amp; xó</p>"


def test_text_that_readers_see_in_attributes_is_read_anew():
    source = '<img alt="huyÖn Th­êng TÝn" src="a.jpg"><p>Uû ban nh©n d©n</p>'
    assert 'alt="huyện Thường Tín"' in decoded(page(source.encode())).text


@pytest.mark.parametrize("source", ["<p" * 100_000, "<!--" * 100_000 + "Th­êng", "<b>é" * 50_000])
def test_broken_markup_takes_no_time_and_stays_as_it_is(source):
    assert decoded(page(source.encode())).text == source


def zipped(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500


@pytest.mark.parametrize(
    ("payload", "kind", "found"),
    [
        (b"%PDF-1.4", "text/html", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "text/html", "image/png"),
        (b"GIF89a", "text/html", "image/gif"),
        (b"\xff\xd8\xff\xe0", None, "image/jpeg"),
        (zipped("word/document.xml"), "text/html", DOCX),
        (zipped("xl/workbook.xml"), "application/octet-stream", XLSX),
        (zipped("a.txt"), "text/html", "application/zip"),
        (b"PK\x03\x04 torn", "text/html", "application/zip"),
        (OLE + "WordDocument".encode("utf-16-le"), "application/octet-stream", "application/msword"),
        (OLE, "application/pdf", "application/x-cfb"),
        (b"\n<!DOCTYPE html><p>", "application/octet-stream", "text/html"),
        (b"<!-- a --><html>", "text/plain", "text/html"),
        (b"\xff\xfe" + "<html>".encode("utf-16-le"), None, "text/html"),
        (b"<p>tin</p>", None, "text/html"),
        (b"tin", None, "application/octet-stream"),
        (b"1 < 2", "text/plain", "text/plain"),
        (b"<?xml version='1.0'?><html xmlns='x'>", "application/xml", "application/xhtml+xml"),
        (b"<?xml version='1.0'?><urlset>", "Application/XML; charset=utf-8", "application/xml"),
        (b"", "text/html", "text/html"),
    ],
)
def test_a_body_is_what_it_begins_with(payload, kind, found):
    assert media_type(page(payload, kind)) == found
    assert is_html(page(payload, kind)) == (found in ("text/html", "application/xhtml+xml"))


def test_the_kind_of_a_packed_body_is_told():
    assert media_type(packed(gzip.compress(b"%PDF-1.4"))) == "application/pdf"
