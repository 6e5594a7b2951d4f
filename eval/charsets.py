"""How well pages in old character sets are read.

    python eval/charsets.py
    python eval/charsets.py --warc ../shared/portal/sotttt-hanoi.warc.gz --texts 40

Real articles are set in HTML, encoded in each set, and declared rightly, wrongly (as iso-8859-1, or as
UTF-8 where that is wrong) and not at all: the whole article, 50 syllables and 12 syllables from its middle. A
page counts as read if each of its words comes back with all its marks, upper and lower case aside (the
fonts of TCVN3 have no capitals with tones). Signs that a set does not have are left out beforehand. Beside
ours stand charset-normalizer (`from_bytes(...).best()`) and Beautiful Soup (`UnicodeDammit`, told the
declared set).

Then all pages of the input are read as they are: none may be read otherwise than in strict UTF-8, none may be
doubtful, and none may be called a firewall's. Floors hold for the input whose SHA-256 is pinned here; below a
floor the command exits with 1.
"""

from __future__ import annotations

import hashlib
import html
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path

import charset_normalizer
import click
from bs4 import BeautifulSoup
from bs4.dammit import UnicodeDammit
from extraction import PAIRS, captures

from archive_search.cleaning import clean
from archive_search.cleaning.challenge import challenged
from archive_search.errors import PageUnreadable
from archive_search.markup import decoded
from archive_search.portals import load_profile
from archive_search.records import Capture
from archive_search.vietnamese.lexicon import parse_table
from archive_search.vietnamese.spelling import normalise, tone_key

PROFILE = "sotttt-hanoi"
LENGTHS = {"article": None, "50 syllables": 50, "12 syllables": 12}
DECLARATIONS = ("right", "wrong", "none")

# SHA-256 of the input -> the least share of each row that must be read.
FLOORS: dict[str, float] = {
    "50de0c043fd39ea135f46639fecfb2c0aad9bc1362122149608750a8f8d0d0a3": 0.95,
}


@cache
def table(column: str) -> dict[str, str]:
    """Return what each letter is in a set, as text of Latin-1 that stands for its bytes."""
    text = (resources.files("archive_search.vietnamese") / "data/charsets.tsv").read_text(encoding="utf-8")
    rows = parse_table(text, ("letter", column), source="charsets.tsv")
    return {
        row["letter"]: row[column] if column == "vni" else chr(int(row[column], 16))
        for row in rows
        if column != "tcvn3" or row["letter"].islower()
    }


def by_table(column: str) -> Callable[[str], bytes]:
    return lambda text: "".join(table(column).get(char, char) for char in text).encode("latin-1")


def tcvn3(text: str) -> bytes:
    """Return text for the font .VnTime: small letters stand for the capitals that it lacks."""
    letters = table("tcvn")
    return "".join(
        letters[char] if char in "ĂÂÊÔƠƯĐ" else letters.get(char.lower(), char) for char in text
    ).encode("latin-1")


def windows_1258(text: str) -> bytes:
    return b"".join(map(_in_1258, text))


def _in_1258(char: str) -> bytes:
    try:
        return char.encode("cp1258")
    except UnicodeEncodeError:
        apart = unicodedata.normalize("NFD", char)
        tone = next(mark for mark in apart if mark in "\u0300\u0301\u0303\u0309\u0323")
        return (unicodedata.normalize("NFC", apart.replace(tone, "")) + tone).encode("cp1258")


def twice(text: str) -> bytes:
    shown = text.encode("utf-8").decode("latin-1")
    return "".join(
        bytes([ord(c)]).decode("cp1252", "ignore") or c if "\x80" <= c <= "\x9f" else c for c in shown
    ).encode("utf-8")


def as_utf8(encode: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda text: encode(text).decode("latin-1").encode("utf-8")


ENCODERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "UTF-8": ("utf-8", lambda text: text.encode("utf-8")),
    "UTF-8 with BOM": ("utf-8", lambda text: text.encode("utf-8-sig")),
    "UTF-16 with BOM": ("utf-16", lambda text: b"\xff\xfe" + text.encode("utf-16-le")),
    "UTF-16 without BOM": ("utf-16le", lambda text: text.encode("utf-16-le")),
    "windows-1258": ("windows-1258", windows_1258),
    "VISCII": ("viscii", by_table("viscii")),
    "TCVN 5712 (VN1)": ("tcvn", by_table("tcvn")),
    "TCVN3 (.VnTime)": ("x-user-defined", tcvn3),
    "TCVN3 in UTF-8": ("utf-8", as_utf8(tcvn3)),
    "VNI": ("x-user-defined", by_table("vni")),
    "VNI in UTF-8": ("utf-8", as_utf8(by_table("vni"))),
    "UTF-8 twice": ("utf-8", twice),
}


def texts_of(path: Path, count: int) -> list[list[str]]:
    """Return articles as paragraphs that hold only ASCII and letters of Vietnamese."""
    profile = load_profile(PROFILE)
    found = []
    for capture in captures(path):
        if len(found) == count:
            break
        try:
            article = clean(capture, profile)
        except PageUnreadable:
            continue
        blocks = [article.title, *(block.text for block in article.blocks)]
        paragraphs = [line for line in map(plain, blocks) if line]
        if sum(len(line.split()) for line in paragraphs) >= 60:
            found.append(paragraphs)
    return found


def plain(text: str) -> str:
    known = table("vni")
    kept = "".join(c if c in known or " " <= c <= "~" else " " for c in normalise(text))
    return " ".join(kept.split())


def cut(paragraphs: list[str], syllables: int | None) -> list[str]:
    if syllables is None:
        return paragraphs
    words = " ".join(paragraphs).split()
    start = (len(words) - syllables) // 2
    return [" ".join(words[start : start + syllables])]


def page(paragraphs: list[str], encode: Callable[[str], bytes]) -> bytes:
    lines = "".join(f"<p>{html.escape(line)}</p>\n" for line in paragraphs)
    return encode(f"<html><head></head>\n<body>{lines}</body></html>")


def declared_as(label: str, declaration: str) -> str | None:
    if declaration == "none":
        return None
    return label if declaration == "right" else "iso-8859-1" if label.startswith("utf") else "utf-8"


Reader = Callable[[bytes, str | None], str]


def ours(data: bytes, label: str | None) -> str:
    kind = "text/html" + (f"; charset={label}" if label else "")
    return decoded(
        Capture(
            url="http://portal.test/",
            captured_at=datetime(2022, 7, 12, tzinfo=UTC),
            status=200,
            headers=(("Content-Type", kind),),
            payload=data,
            sha256="",
        )
    ).text


def by_charset_normalizer(data: bytes, label: str | None) -> str:
    best = charset_normalizer.from_bytes(data).best()
    return str(best) if best else ""


def by_dammit(data: bytes, label: str | None) -> str:
    return UnicodeDammit(data, [label] if label else [], is_html=True).unicode_markup or ""


READERS: dict[str, Reader] = {
    "ours": ours,
    "charset-normalizer": by_charset_normalizer,
    "Beautiful Soup": by_dammit,
}


def is_read(text: str, paragraphs: list[str]) -> bool:
    shown = BeautifulSoup(text, "lxml").get_text(" ")
    return keys(shown) == keys(" ".join(paragraphs))


def keys(text: str) -> list[str]:
    return [tone_key(word) for word in re.findall(r"\w+", unicodedata.normalize("NFC", text))]


def shares(texts: list[list[str]], readers: dict[str, Reader]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield set, length, and the share of pages that each reader reads, over all declarations."""
    for name, (label, encode) in ENCODERS.items():
        for length, syllables in LENGTHS.items():
            for_set = ("right",) if name.startswith("TCVN 5712") else DECLARATIONS
            made = [
                (page(cut(text, syllables), encode), declared_as(label, declaration), cut(text, syllables))
                for text in texts
                for declaration in for_set
            ]
            yield (
                name,
                length,
                {
                    reader: sum(is_read(read(data, told), wanted) for data, told, wanted in made) / len(made)
                    for reader, read in readers.items()
                },
            )


def false_alarms(path: Path) -> tuple[int, int, int, int]:
    """Return how many pages there are, and how many are read in another set, doubtful, called a wall."""
    count = changed = doubtful = walls = 0
    for capture in captures(path):
        found = decoded(capture)
        count += 1
        changed += found.charset != "utf-8"
        doubtful += found.doubtful
        walls += challenged(capture) is not None
    return count, changed, doubtful, walls


@click.command()
@click.option("--warc", type=click.Path(exists=True, path_type=Path), default=PAIRS, help="Article pages.")
@click.option("--texts", "count", default=20, help="How many articles are encoded.")
def main(warc: Path, count: int) -> None:
    """Measure how old character sets are read; by default over the bundled pages."""
    texts = texts_of(warc, count)
    key = hashlib.sha256(warc.read_bytes()).hexdigest()
    click.echo(f"{len(texts)} articles. Input {key[:16]}")
    click.echo(f"{'set':20}{'length':14}" + "".join(f"{name:>20}" for name in READERS))
    lowest = 1.0
    for name, length, found in shares(texts, READERS):
        click.echo(f"{name:20}{length:14}" + "".join(f"{found[reader]:20.3f}" for reader in READERS))
        lowest = min(lowest, found["ours"])
    pages, *alarms = false_alarms(warc)
    click.echo(f"{pages} pages as they are: {alarms[0]} read in another set than UTF-8, {alarms[1]} doubtful")
    click.echo(f"{alarms[2]} of them called a firewall's")
    floor = FLOORS.get(key)
    if floor is None:
        click.echo("No floor is pinned to this input.", err=True)
    elif lowest < floor or any(alarms):
        click.echo(f"The lowest share is {lowest:.3f}, the floor {floor}.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
