"""The text of captured files: what is read of PDF and Word, and what hostile ones come to."""

import io
import zipfile
from pathlib import Path

import pytest
from files import DOCX, W, assembled, docx, paragraph, pdf, stream

from archive_search.cleaning.files import FileReader, problems, text
from archive_search.cleaning.files.paragraphs import joined

PDF = "application/pdf"
DATA = Path(__file__).parent / "data" / "files"
LINE = "Huyện ủy Thường Tín họp về bồi thường và tái định cư của các hộ"


def lines(data, media_type=PDF):
    found = text.of(data, media_type)
    assert found.text is not None, found.problem
    return found.text.split("\n")


# ---------------------------------------------------------------------------------------- PDF


def test_a_pdf_that_a_browser_printed_in_two_fonts_is_read_letter_by_letter():
    heading, first, second = lines((DATA / "ke-hoach.pdf").read_bytes())
    assert heading == "KẾ HOẠCH BỒI THƯỜNG"
    assert first.startswith("Căn cứ Nghị quyết số 59/2021/NQ-HĐND của Hội đồng nhân dân huyện, Ủy ban")
    assert first.endswith("báo cáo Chủ tịch Ủy ban nhân dân huyện.")
    assert second == "Điều 2. Kho bạc Nhà nước chi trả tiền bồi thường theo danh sách kèm theo."


def test_lines_of_a_pdf_are_joined_where_no_word_had_room():
    assert lines(pdf([LINE, "dân trong xã."])) == [f"{LINE} dân trong xã."]


def test_a_short_line_ends_a_paragraph_of_a_pdf():
    assert lines(pdf([LINE, "dân.", "Kết luận: đồng ý."])) == [f"{LINE} dân.", "Kết luận: đồng ý."]


def test_an_indented_line_begins_a_paragraph_of_a_pdf():
    assert lines(pdf([LINE, (30, LINE[:-7]), "dân."])) == [LINE, f"{LINE[:-7]} dân."]


def test_a_paragraph_goes_on_over_the_page_and_its_number():
    assert lines(pdf([LINE, LINE, "", "", "", "", "1"], ["dân trong xã."])) == [
        f"{LINE} {LINE} dân trong xã."
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("inter-", "national", "international"),
        ("kinh tế-", "xã hội", "kinh tế-xã hội"),
        ("soft\u00ad", "ware", "software"),
        ("Hà Nội -", "Thường Tín", "Hà Nội - Thường Tín"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_is_taken_away_unless_the_writer_put_it(before, after, expected):
    assert joined([before, after]) == expected


def test_a_pdf_in_a_font_of_tcvn3_is_read_in_unicode():
    assert lines(pdf(["Th\u00adêng TÝn tæ chøc héi nghÞ"], font=".VnTime")) == ["Thường Tín tổ chức hội nghị"]


def test_a_pdf_that_is_encrypted_without_a_password_is_read():
    assert lines((DATA / "ma-hoa.pdf").read_bytes()) == ["Huyện ủy họp về đất đai"]


def test_of_a_pdf_of_very_many_pages_the_first_are_read_and_that_is_told(monkeypatch):
    monkeypatch.setattr("archive_search.cleaning.files.pdf.MAX_PAGES", 2)
    found = text.of(pdf(["Trang đầu."], ["Trang sau."], ["Trang cuối."]), PDF)
    assert (found.text, found.problem) == ("Trang đầu.\nTrang sau.", "what stands behind page 2 was not read")


def test_of_a_pdf_that_is_broken_further_on_the_first_pages_are_read():
    before, box, behind = pdf(["Trang đầu."], ["Trang sau."]).rpartition(b"[0 0 600 800]")
    found = text.of(before + b"7".ljust(len(box)) + behind, PDF)
    assert (found.text, found.problem) == ("Trang đầu.", "what stands behind page 1 was not read")


def test_text_is_in_nfc():
    assert lines("Huyện ủy".encode(), "text/plain") == ["Huyện ủy"]


# ---------------------------------------------------------------------------------------- Word


def test_paragraphs_notes_and_headers_of_a_word_file_are_read():
    made = docx(
        paragraph("Điều 1") + paragraph("Điều 2"), footnotes=paragraph("Chú thích"), header1=paragraph("UBND")
    )
    assert lines(made, DOCX) == ["Điều 1", "Điều 2", "Chú thích", "UBND"]


def test_a_row_of_a_table_is_one_paragraph():
    cells = "".join(f"<w:tc>{paragraph(t)}</w:tc>" for t in ("Xã Văn Bình", "12 hộ"))
    assert lines(docx(f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"), DOCX) == ["Xã Văn Bình\t12 hộ"]


def test_deleted_text_of_a_word_file_is_none_and_inserted_text_is():
    deleted, inserted = "<w:r><w:delText>cũ</w:delText></w:r>", "<w:r><w:t>mới</w:t></w:r>"
    made = docx(f"<w:p><w:del>{deleted}</w:del><w:ins>{inserted}</w:ins></w:p>")
    assert lines(made, DOCX) == ["mới"]


def test_a_text_box_is_read_once():
    compat = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = f"<w:txbxContent>{paragraph('Trong khung')}</w:txbxContent>"
    both = f"<m:Choice>{box}</m:Choice><m:Fallback>{box}</m:Fallback>"
    hung = f'<m:AlternateContent xmlns:m="{compat}">{both}</m:AlternateContent>'
    made = docx(f"<w:p><w:r><w:t>Ngoài</w:t>{hung}</w:r></w:p>")
    assert lines(made, DOCX) == ["Ngoài", "Trong khung"]


def test_a_word_file_in_a_font_of_vni_is_read_in_unicode():
    made = docx(paragraph("Huyeän Thöôøng Tín toå chöùc", font="VNI-Times"))
    assert lines(made, DOCX) == ["Huyện Thường Tín tổ chức"]


# ---------------------------------------------------------------------------------------- what has no text


def entities(*declared):
    told = "".join(declared)
    return f'<!DOCTYPE x [{told}]><w:r0 xmlns:w="{W}">{paragraph("&a;")}</w:r0>'


def nested(depth):
    return "<w:x>" * depth + paragraph("Sâu") + "</w:x>" * depth


ENCRYPTED = assembled(
    ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 0 /Kids [] >>"],
    f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<00> <00>] ",
)
SCAN = pdf([""])


@pytest.mark.parametrize(
    ("data", "media_type", "problem"),
    [
        (SCAN, PDF, problems.NO_TEXT),
        (ENCRYPTED, PDF, problems.ENCRYPTED),
        (pdf([LINE], unmapped=True), PDF, problems.NO_LETTERS),
        (b"%PDF-1.7\n", PDF, problems.BROKEN),
        (b"\xd0\xcf\x11\xe0", "application/msword", problems.OLD_WORD),
        (b"PK\x03\x04", DOCX, problems.BROKEN),
        (docx(""), DOCX, problems.NO_TEXT),
        (docx("", document="<w:p>"), DOCX, problems.BROKEN),
        (docx("", document=entities('<!ENTITY a SYSTEM "file:///etc/passwd">')), DOCX, problems.BROKEN),
        (docx("", document=entities('<!ENTITY b "ha">', '<!ENTITY a "&b;&b;&b;">')), DOCX, problems.BROKEN),
        (docx(nested(100_000)), DOCX, problems.BROKEN),
    ],
)
def test_a_file_without_a_text_that_can_be_read_says_why(data, media_type, problem):
    found = text.of(data, media_type)
    assert found.text is None
    assert found.problem.partition(": it")[0].startswith(problem.partition(": ")[0])


def test_a_picture_has_neither_text_nor_problem():
    found = text.of(b"\x89PNG", "image/png")
    assert (found.text, found.problem) == (None, None)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_truncated_pdf_is_read_as_far_as_it_goes_or_says_that_it_is_broken(share):
    whole = pdf([LINE])
    found = text.of(whole[: int(len(whole) * share)], PDF)
    assert found.text == LINE or found.problem


def test_a_pdf_that_is_called_a_word_file_is_broken():
    assert text.of(pdf([LINE]), DOCX).problem.startswith(problems.BROKEN)


def test_a_word_file_that_unpacks_to_very_much_is_not_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", b" " * 110_000_000)
    assert text.of(buffer.getvalue(), DOCX).problem == problems.TOO_LARGE


def test_of_a_very_long_text_the_beginning_is_kept_and_that_is_told(monkeypatch):
    monkeypatch.setattr(text, "MAX_CHARS", 20)
    found = text.of("Dòng thứ nhất\nDòng thứ hai".encode(), "text/plain")
    assert found.text == "Dòng thứ nhất"
    assert found.problem == "only the first 20 of its 26 characters were kept"


# ---------------------------------------------------------------------------------------- the process


def test_the_process_reads_one_file_after_another():
    with FileReader() as reader:
        found = [reader.read(pdf([line]), PDF).text for line in ("Tệp một", "Tệp hai")]
    assert found == ["Tệp một", "Tệp hai"]


def test_a_file_that_takes_all_memory_is_a_problem_and_the_next_one_is_read():
    bomb = assembled(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            stream(b" " * 400_000_000),
        ]
    )
    with FileReader(memory=400_000_000) as reader:
        assert reader.read(bomb, PDF).problem == problems.TOO_LARGE
        assert reader.read(pdf([LINE]), PDF).text == LINE


def test_a_file_that_takes_too_long_is_a_problem_and_the_next_one_is_read():
    with FileReader(seconds=0) as reader:
        assert reader.read(pdf([LINE]), PDF).problem == problems.TOO_SLOW
        reader._seconds = 60
        assert reader.read(pdf([LINE]), PDF).text == LINE


def test_pictures_cost_no_process():
    with FileReader() as reader:
        reader.read(b"GIF89a", "image/gif")
        assert reader._process is None
