"""Small files made for tests: PDF with its own table of letters, and Word."""

import io
import zipfile
import zlib

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf(*pages, font="Sans", unmapped=False):
    """Return a PDF; a page is lines, each a text or (indent, text). Its letters are numbered as they come."""
    letters = sorted({char for page in pages for _, line in map(placed, page) for char in line})
    codes = {char: f"{number:04x}" for number, char in enumerate(letters, 1)}
    table = "\n".join(f"<{code}> <{char.encode('utf-16-be').hex()}>" for char, code in codes.items())
    to_unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /T def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{table}\nendbfchar endcmap end end"
    )
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{font} /Encoding /Identity-H /DescendantFonts [4 0 R]"
        f"{'' if unmapped else ' /ToUnicode 5 0 R'} >>",
        f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{font} /DW 500"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        f" /FontDescriptor << /Type /FontDescriptor /FontName /{font} /Flags 4 /Ascent 800 /Descent -200"
        " /FontBBox [0 -200 500 800] /ItalicAngle 0 /CapHeight 700 /StemV 80 >> >>",
        stream(to_unicode.encode()),
    ]
    for number, page in enumerate(pages):
        shown = "\n".join(
            f"BT /F1 10 Tf {50 + indent} {750 - 12 * n} Td <{''.join(codes[c] for c in line)}> Tj ET"
            for n, (indent, line) in enumerate(map(placed, page))
        )
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >>"
            f" /Contents {7 + 2 * number} 0 R >>",
            stream(shown.encode()),
        ]
    return assembled(objects)


def placed(line):
    return line if isinstance(line, tuple) else (0, line)


def stream(data):
    packed = zlib.compress(data, 9)
    return b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)


def assembled(objects, extra=""):
    out, starts = b"%PDF-1.7\n", []
    for number, made in enumerate(objects, 1):
        starts.append(len(out))
        body = made if isinstance(made, bytes) else made.encode()
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
    tail += f"<< /Size {len(objects) + 1} /Root 1 0 R {extra}>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + tail.encode()


def paragraph(text, *, font=None):
    run = f'<w:rPr><w:rFonts w:ascii="{font}"/></w:rPr>' if font else ""
    return f"<w:p><w:r>{run}<w:t>{text}</w:t></w:r></w:p>"


def docx(body, **parts):
    """Return a Word file with this body, and other parts by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        for name, xml in {"document": f"<w:body>{body}</w:body>", **parts}.items():
            made.writestr(
                f"word/{name}.xml", xml if "<!DOCTYPE" in xml else f'<w:r0 xmlns:w="{W}">{xml}</w:r0>'
            )
    return buffer.getvalue()
