"""Sort-friendly URLs: the keys by which web archives sort and look up what they hold.

`http://www.Portal.vn/a/B.aspx?y=2&x=1` becomes `vn,portal)/a/b.aspx?x=1&y=2`: the host from its end, no
scheme, no `www`, no session, nothing that only looks different. This is how the Internet Archive's
indexes write a URL; a key is for looking up and never replaces the URL.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_PARTS = re.compile(r"(?i)(https?)://(?:[^/?#@]*@)?([^/?#:]*)(?::(\d*))?([^?#]*)(?:\?([^#]*))?")
_PORTS = {"http": "80", "https": "443"}
_WWW = re.compile(r"^www\d*\.")
_IN_PATH = (
    re.compile(r"(?i)^(.*/)(?:\((?:[a-z]\([0-9a-z]{24}\))+\)/)([^?]+\.aspx.*)$"),
    re.compile(r"(?i)^(.*/)(?:\([0-9a-z]{24}\)/)([^?]+\.aspx.*)$"),
)
_IN_QUERY = (
    re.compile(r"(?i)^(.*)(?:jsessionid=[0-9a-z]{32})(?:&(.*))?$"),
    re.compile(r"(?i)^(.*)(?:phpsessid=[0-9a-z]{32})(?:&(.*))?$"),
    re.compile(r"(?i)^(.*)(?:sid=[0-9a-z]{32})(?:&(.*))?$"),
    re.compile(r"(?i)^(.*)(?:aspsessionid[a-z]{8}=[a-z]{24})(?:&(.*))?$"),
    re.compile(r"(?i)^(.*)(?:cfid=[^&]+&cftoken=[^&]+)(?:&(.*))?$"),
)
# What stays as it is in a path or query: visible ASCII but for % and #.
_KEPT = frozenset(range(0x21, 0x7F)) - set(b"%#")


def surt(url: str) -> str:
    """Return the key of a URL; of what is no http URL, the URL itself."""
    parts = _PARTS.match(re.sub(r"[\r\n\t]", "", url.strip()))
    if not parts:
        return url
    scheme, host, port, path, query = parts.groups()
    key = ",".join(reversed(_host(host).split(".")))
    if port and port != _PORTS[scheme.lower()]:
        key += f":{port}"
    found = _query(query) if query else ""
    return f"{key}){_path(path)}" + (f"?{found}" if found else "")


def _host(host: str) -> str:
    name = re.sub(r"\.{2,}", ".", host.lower()).strip(".")
    if not name.isascii():
        name = name.encode("idna").decode()
    return _WWW.sub("", name)


def _path(path: str) -> str:
    kept: list[str] = []
    for piece in _unescaped(path).split(b"/"):
        if piece == b".." and kept:  # which stays where there is nothing to leave
            kept.pop()
        elif piece not in (b"", b"."):
            kept.append(_escaped(piece))
    whole = "/" + "/".join(kept)
    for pattern in _IN_PATH:
        if found := pattern.match(whole):
            whole = found[1] + found[2]
    return whole.lower()


def _query(query: str) -> str:
    whole = _escaped(_unescaped(query))
    for pattern in _IN_QUERY:
        if found := pattern.match(whole):
            whole = found[1] + (found[2] or "")
    return "&".join(sorted(whole.lower().split("&"), key=lambda pair: pair.split("=", 1))) if whole else ""


def _unescaped(text: str) -> bytes:
    """Return what stands behind percent signs, however often it was escaped."""
    data = text.encode()
    while (plain := unquote_to_bytes(data)) != data:
        data = plain
    return data


def _escaped(data: bytes) -> str:
    return "".join(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in data)
