"""From bytes to text: the character set found, legacy Vietnamese read, and what stays unread told."""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from archive_search.markup.bodies import body_bytes
from archive_search.records import Capture
from archive_search.vietnamese.charsets import (
    Piece,
    Weight,
    decode_tcvn,
    decode_viscii,
    mended,
    weigh,
)

__all__ = ["Decoded", "body_text", "decoded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A page as text, and how it was read.

    `charset` names what the bytes are, and after a comma what parts of the text were read from besides
    (`utf-8, TCVN3`). `unread` counts U+FFFD and C1 controls, which no reader can read. The text is
    `doubtful` where most of its words with marks cannot be words of any language.
    """

    text: str
    charset: str
    unread: int
    doubtful: bool = False


def body_text(capture: Capture) -> str:
    """Return the page as text, read as `decoded` reads it."""
    return decoded(capture).text


def decoded(capture: Capture) -> Decoded:
    """Return the page as text, with the character set it was found to be in.

    A byte order mark decides; then strict UTF-8 (portals that declare another set mostly send UTF-8 all
    the same); then the declared sets and the Vietnamese ones, whichever gives most Vietnamese words,
    and a declared one where none does.
    """
    data = body_bytes(capture)
    text, charset = _with_mark(data) or _utf8(data) or _best(data, _declared(capture, data))
    is_plain = charset == "utf-8" and not _has_signs(data)
    sets: tuple[str, ...] = ()
    if not is_plain and len(text) <= _MENDED_AT_MOST:
        text, sets = _mended_page(text)
    unread = _unread(text, data) if is_plain else len(_UNREAD.findall(text))
    return Decoded(
        text=text,
        charset=", ".join((charset, *sets)),
        unread=unread,
        doubtful=not is_plain and _is_doubtful(text),
    )


# Looking at every word of a body takes a second for so much.
_MENDED_AT_MOST = 4_000_000

_UNREAD = re.compile("[\x80-\x9f\ufffd]")
_C1_IN_UTF8 = re.compile(rb"\xc2[\x80-\x9f]")


def _unread(text: str, data: bytes) -> int:
    return text.count("\ufffd") + len(_C1_IN_UTF8.findall(data))


def _with_mark(data: bytes) -> tuple[str, str] | None:
    """Return a body that says in its first bytes, or by its zeros, in which form of Unicode it is."""
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace"), "utf-8"
    for mark, charset in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return data[2:].decode(charset, "replace"), charset
    head = data[:4096]
    zeros = head.count(0)
    # Half of the bytes of a letter of ASCII are zeros, always on the same side.
    if zeros >= 8 and zeros * 5 >= len(head):
        charset = "utf-16-le" if head[1::2].count(0) * 10 >= zeros * 9 else ""
        charset = charset or ("utf-16-be" if head[::2].count(0) * 10 >= zeros * 9 else "")
        if charset:
            return data.decode(charset, "replace"), charset
    return None


def _utf8(data: bytes) -> tuple[str, str] | None:
    """Return the text of a body in UTF-8, with U+FFFD for the few broken letters that a cut text has."""
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(_BEYOND_ASCII.findall(text)) - broken
    return (text, "utf-8") if whole >= _WHOLE_FOR_BROKEN * broken else None


_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
# By chance a byte of another set is hardly ever followed by what UTF-8 wants next.
_WHOLE_FOR_BROKEN = 10


def _windows_1252(data: bytes) -> str:
    """Return bytes as browsers read Windows-1252: the five that it leaves out are controls."""
    text = data.decode("latin-1")
    return text.translate(_FROM_1252)


_FROM_1252 = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def _windows_1258(data: bytes) -> str:
    return unicodedata.normalize("NFC", data.decode("cp1258", "replace"))


_Decoder = Callable[[bytes], str]
_VIETNAMESE: Mapping[str, _Decoder] = {
    "windows-1258": _windows_1258,
    "viscii": decode_viscii,
    "tcvn-5712": decode_tcvn,
}
# Labels as the WHATWG's Encoding Standard reads them (4.2), and those it does not know of Vietnamese sets.
# `x-user-defined` is what pages in the fonts .VnTime and VNI declared to keep browsers from guessing.
_LABELS = {
    **dict.fromkeys(("windows-1258", "cp1258", "x-cp1258"), "windows-1258"),
    **dict.fromkeys(("viscii", "viscii1.1-1", "csviscii", "x-viet-viscii"), "viscii"),
    **dict.fromkeys(
        ("tcvn", "tcvn3", "tcvn-5712", "tcvn5712", "tcvn5712-1", "x-viet-tcvn", "x-viet-tcvn5712"),
        "tcvn-5712",
    ),
    **dict.fromkeys(
        (
            *("windows-1252", "cp1252", "x-cp1252", "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1"),
            *("ascii", "us-ascii", "ansi_x3.4-1968", "x-user-defined", "x-viet-vni"),
        ),
        "windows-1252",
    ),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "chinese"), "gb18030"),
}
_LABEL = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)


def _declared(capture: Capture, data: bytes) -> list[str]:
    """Return the sets that header and `<meta>` declare, by the names used here."""
    header = _LABEL.search(capture.header("Content-Type") or "")
    meta = _META_CHARSET.search(data[:4096])
    found = (header and header[1], meta and meta[1].decode("ascii", "replace"))
    return [_LABELS.get(name.lower(), name.lower()) for name in found if name]


def _best(data: bytes, declared: list[str]) -> tuple[str, str]:
    """Return a body that is no UTF-8 in the declared set, or in the one that makes it Vietnamese."""
    known = {name: text for name in declared if (text := _as_declared(data, name)) is not None}
    known.setdefault("windows-1252", _windows_1252(data))
    fallback = next(iter(known))
    known |= {
        name: read(data) for name, read in _VIETNAMESE.items() if name not in known and (name != "tcvn-5712")
    }
    known.setdefault("utf-8", data.decode("utf-8", "replace"))
    weights = {name: _weight_of_page(text) for name, text in known.items()}
    best = max(weights, key=lambda name: weights[name].score)
    # Who declares a set that nobody takes by accident is believed, unless it makes no Vietnamese.
    trusted = (name for name in declared if name in _VIETNAMESE and weights[name].is_vietnamese)
    chosen = next(trusted, best if weights[best].is_vietnamese else fallback)
    return known[chosen], chosen


def _as_declared(data: bytes, name: str) -> str | None:
    if name == "windows-1252":
        return _windows_1252(data)
    if name in _VIETNAMESE:
        return _VIETNAMESE[name](data)
    try:
        return data.decode(name)
    # UnicodeError is of ValueError; codecs that are no character sets (`hex`) raise LookupError.
    except (LookupError, ValueError):
        return None


_JUDGED_AT_MOST = 200_000


def _weight_of_page(text: str) -> Weight:
    """Return how Vietnamese a page is, with what the fonts of its parts make of it."""
    text, _ = _mended_page(text[:_JUDGED_AT_MOST])
    return weigh(" ".join(html.unescape(text[start:end]) for start, end, _ in _spans(text)))


# Letters and signs that Vietnamese in Unicode has no use for, and the fonts and doubled UTF-8 have, in
# bytes. Each alternative begins with a fixed byte, which the search finds fast.
_SIGNS = (
    # A sign of Latin-1 right after a letter.
    re.compile(rb"\xc2[\xa8-\xae\xb5-\xb9\xbb-\xbe](?<=[A-Za-z]..)", re.DOTALL),
    # Ä Å Æ Ç Ë Î Ï Ñ Ö × Ø Û Ü Þ ß ä å æ ç ë î ï ñ ö ÷ ø û ü þ ÿ; Ã, á and Ä before another sign.
    re.compile(
        rb"\xc3(?:[\x84-\x87\x8b\x8e\x8f\x91\x96-\x98\x9b\x9c\x9e\x9f\xa4-\xa7\xab\xae\xaf\xb1\xb6-\xb8"
        rb"\xbb\xbc\xbe\xbf]|[\x83\xa1](?=\xc2[\x80-\xbf]))"
    ),
    re.compile(
        rb"&(?:[AEIOUYaeiouy]uml|[Aa]ring|[Nn]tilde|[Oo]slash|[IUiu]circ|AElig|aelig|[Cc]cedil|szlig|micro|para"
        rb"|reg|cedil|sup1|frac\d\d|not|shy|uml|ordf);"
    ),
)
_FONT_SIGNS = (b".Vn", b"VNI-")


def _has_signs(data: bytes) -> bool:
    return any(sign in data for sign in _FONT_SIGNS) or any(sign.search(data) for sign in _SIGNS)


def _mended_page(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the page with its texts read from the sets of their fonts, and the names of these sets."""
    spans = list(_spans(text))
    pieces = [_piece(text[start:end], font) for start, end, font in spans]
    texts, sets = mended(pieces)
    made = []
    done = 0
    for (start, end, _), piece, new in zip(spans, pieces, texts, strict=True):
        if new != piece.text:
            made += [text[done:start], html.escape(new)]
            done = end
    return "".join((*made, text[done:])), sets


def _piece(source: str, font: str | None) -> Piece:
    text = html.unescape(source) if "&" in source else source
    if not font:
        return Piece(text)
    is_vni = font.startswith("VNI")
    return Piece(text, "VNI" if is_vni else "TCVN3", capitals=not is_vni and font.endswith("H"))


# A tag ends where the next begins at the latest, so that looking for its end takes no time.
_TAG = re.compile(r"<(?=[a-zA-Z/!?])([^<>]*)>")
_TAG_NAME = re.compile(r"/?[a-zA-Z][\w:-]*")
_VALUE = re.compile(r"""\s(?:alt|title|content|value)\s*=\s*(?:"([^"]+)"|'([^']+)')""", re.IGNORECASE)
_FONT = re.compile(r"(?:\bface|font-family)\s*[=:]\s*(?:&quot;|[\"'\s])*([^\"';>,&]+)", re.IGNORECASE)
_LEGACY_FONT = re.compile(r"\.Vn|VNI-")
_NO_END = frozenset(("br", "img", "hr", "input", "meta", "link", "col", "area", "base", "wbr"))
_NO_TEXT = ("script", "style")
_DEEPEST = 200


def _spans(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Yield where the texts of a page stand, and the values that readers see, with their legacy fonts."""
    opened: list[tuple[str, str | None]] = []
    done = 0
    for match in _TAG.finditer(text):
        inside = opened[-1] if opened else ("", None)
        if inside[0] not in _NO_TEXT and done < match.start():
            yield done, match.start(), inside[1]
        done = match.end()
        for value in _VALUE.finditer(match[1]) if not match[1].isascii() or "&" in match[1] else ():
            start, end = value.span(1 if value[1] is not None else 2)
            yield match.start(1) + start, match.start(1) + end, None
        _follow(opened, match[1])
    if done < len(text) and (not opened or opened[-1][0] not in _NO_TEXT):
        yield done, len(text), opened[-1][1] if opened else None


def _follow(opened: list[tuple[str, str | None]], tag: str) -> None:
    """Open or close an element on the list of those that are open."""
    named = _TAG_NAME.match(tag)
    name = named[0].lower() if named else ""
    if name.startswith("/"):
        at = next((at for at in range(len(opened) - 1, -1, -1) if opened[at][0] == name[1:]), None)
        if at is not None:
            del opened[at:]
    elif name and name not in _NO_END and not tag.endswith("/") and len(opened) < _DEEPEST:
        font = opened[-1][1] if opened else None
        if own := _FONT.search(tag):
            font = own[1].strip() if _LEGACY_FONT.match(own[1].strip()) else None
        opened.append((name, font))


# A letter, what no alphabet writes inside a word, a letter; the middle dot, the acute accent, the degree
# sign and the soft hyphen are met there.
_BROKEN = re.compile(
    r"[^\W\d_][\x80-\x9f\xa1-\xac\xae\xaf\xb1\xb5\xb6\xb8-\xbf\xd7\xf7\ufffd]+[^\W\d_]|\ufffd"
)
_MARKED_WORD = re.compile(r"[^\W\d_]*[\x80-\u024f\u0300-\u036f\u1e00-\u1eff\ufffd][^\W\d_]*")
_BROKEN_WORDS = 5


def _is_doubtful(text: str) -> bool:
    seen = " ".join(text[start:end] for start, end, _ in _spans(text[:_JUDGED_AT_MOST]))
    broken = len(_BROKEN.findall(seen))
    return broken >= _BROKEN_WORDS and 2 * broken >= len(_MARKED_WORD.findall(seen))
