"""From TOML to a profile: every key known, of the right type, and what it says possible."""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import soupsieve

from archive_search.errors import ProfileError
from archive_search.portals.rules import (
    PAGING_KINDS,
    TLS_RELAXATIONS,
    ArticleRule,
    AttachmentRule,
    ListingRule,
    PagingRule,
    Politeness,
    Profile,
    Selectors,
    TlsRule,
)

T = TypeVar("T")


def bundled_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    folder = resources.files(__package__)
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """Return the profile `name`: of `folder` if it holds `name.toml`, else the bundled one.

    Raises `ProfileError` where there is none, or where it is wrong.
    """
    own = folder / f"{name}.toml" if folder else None
    if own and own.is_file():
        return _read_profile(own, name)
    bundled = resources.files(__package__) / f"{name}.toml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not bundled.is_file():
        known = ", ".join(bundled_profiles())
        raise ProfileError(
            f"There is no portal profile named {name!r}. Known: {known}. "
            f"A profile of your own goes into the archive's portals/ folder as {name}.toml."
        )
    return parse_profile(bundled.read_text(encoding="utf-8"), source=f"{name}.toml")


def _read_profile(path: Path, name: str) -> Profile:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ProfileError(f"{path} cannot be read: {exc}") from exc
    profile = parse_profile(text, source=str(path))
    if profile.name != name:
        # Articles carry the profile's name: under another one they would be other articles.
        raise ProfileError(f"{path}: name is {profile.name!r}; it must be that of the file, {name!r}.")
    return profile


def parse_profile(text: str, *, source: str) -> Profile:
    """Return the profile that the TOML `text` describes; `source` names it in error messages.

    Raises `ProfileError` for broken TOML, unknown keys, wrong types and broken patterns.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ProfileError(f"{source} is not valid TOML: {exc}") from exc
    profile = _record(Profile, table, source)
    for pattern in _patterns(profile):
        try:
            re.compile(pattern)
        except re.error as exc:
            raise ProfileError(f"{source}: {pattern!r} is no regular expression: {exc}") from exc
    for selector in _selectors(profile):
        try:
            soupsieve.compile(selector)
        except soupsieve.SelectorSyntaxError as exc:
            # soupsieve's own message shows the selector over several lines.
            raise ProfileError(f"{source}: {selector!r} is no CSS selector") from exc
    for wrong in _faults(profile):
        raise ProfileError(f"{source}: {wrong}.")
    return profile


def _patterns(profile: Profile) -> tuple[str, ...]:
    return (
        profile.article.url,
        profile.article.print,
        profile.listing.url,
        *profile.exclude,
        *(rule.on for rule in profile.paging),
        *(pattern for rule in profile.paging for _, pattern in rule.read),
    )


def _selectors(profile: Profile) -> Iterator[str]:
    """Yield the CSS selectors of a profile."""
    yield from (s for s in (profile.listing.links, profile.listing.next) if s)
    yield from (rule.next for rule in profile.paging)
    for name in (f.name for f in fields(Selectors) if f.name != "date_formats"):
        yield from getattr(profile.select, name)


def _faults(profile: Profile) -> Iterator[str]:
    """Yield what is wrong with addresses and with paging, in words that name the key."""
    for key, addresses in (("sitemaps", profile.sitemaps), ("feeds", profile.feeds)):
        for address in addresses:
            if address == "robots" and key == "sitemaps":
                continue
            if not address.startswith("/") and not profile.owns(address):
                yield f"{key}: {address!r} is neither a path nor a URL on one of the hosts"
    for rule in profile.paging:
        if fault := _paging_fault(rule):
            yield f"paging: {fault}"
    for tls in profile.tls:
        if fault := _tls_fault(tls, profile):
            yield f"tls: {fault}"
    for host, place in profile.connect_to:
        if not _is_place(place):
            yield f"connect_to: {host} is {place!r}; it must be an IP address, or one with a port"


def _tls_fault(rule: TlsRule, profile: Profile) -> str | None:
    if rule.host not in (*profile.hosts, *profile.media_hosts):
        return f"{rule.host!r} is none of the hosts"
    for name in rule.relax:
        if name not in TLS_RELAXATIONS:
            return f"relax is {name!r}; it must be among {', '.join(TLS_RELAXATIONS)}"
    if rule.relax and not rule.why.strip():
        return f"{rule.host}: relax needs a why"
    if rule.intermediates and not _are_intermediates(rule.intermediates):
        return f"{rule.host}: intermediates are no PEM certificates that another authority has signed"
    return None


def _are_intermediates(pem: str) -> bool:
    """Tell whether all these are certificates of authorities, none of them signed by itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    authorities = context.get_ca_certs()
    is_chained = all(found["subject"] != found["issuer"] for found in authorities)
    return is_chained and len(authorities) == context.cert_store_stats()["x509"] > 0


def _is_place(place: str) -> bool:
    try:
        parts = urlsplit(f"//{place}")
        ip_address(parts.hostname or "")
        return parts.port != 0 and parts.netloc == place and "@" not in place
    except ValueError:
        return False


def _paging_fault(rule: PagingRule) -> str | None:
    if rule.kind not in PAGING_KINDS:
        return f"kind is {rule.kind!r}; it must be one of {', '.join(PAGING_KINDS)}"
    if rule.step < 1:
        return f"step is {rule.step}; pages go on by 1 or more"
    if rule.kind == "page" and not _is_page_template(rule.url):
        return f"url is {rule.url!r}; it must hold one {{page}}, and begin with ?, /, {{listing}} or http"
    if rule.kind == "post":
        return _post_fault(rule)
    return None


def _is_page_template(url: str) -> bool:
    starts = re.match(r"\?[^&={}]+=\{page\}$|/|\{listing\}|https?://", url)
    return bool(starts) and url.count("{page}") == 1


def _post_fault(rule: PagingRule) -> str | None:
    if not re.match(r"/|https?://", rule.url):
        return f"url is {rule.url!r}; it must be a path or a URL"
    if sum(value == "{page}" for _, value in rule.form) != 1:
        return "form must have one field whose value is {page}"
    if rule.items and not rule.item_url:
        return "items needs item_url"
    return next(
        (
            f"{key} is {pointer!r}; a JSON pointer begins with /"
            for key, pointer in (("fragment", rule.fragment), ("items", rule.items))
            if pointer and not pointer.startswith("/")
        ),
        next(
            (
                f"read: {pattern!r} must have one group"
                for _, pattern in rule.read
                if re.compile(pattern).groups != 1
            ),
            None,
        ),
    )


def _record(kind: type[T], table: dict[str, Any], source: str) -> T:
    known = {f.name: f.type for f in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ProfileError(f"{source}: unknown key {key!r}. Known here: {', '.join(known)}.")
        values[key] = _value(str(known[key]), value, f"{source}: {key}")
    try:
        return kind(**values)
    except TypeError as exc:
        raise ProfileError(f"{source}: {exc}") from exc


_TABLES: dict[str, type] = {
    "ArticleRule": ArticleRule,
    "ListingRule": ListingRule,
    "PagingRule": PagingRule,
    "AttachmentRule": AttachmentRule,
    "Selectors": Selectors,
    "Politeness": Politeness,
    "TlsRule": TlsRule,
}


def _value(kind: str, value: Any, where: str) -> Any:
    """Return a TOML value as the field's type; a single string stands for a list of one."""
    if kind in _TABLES and isinstance(value, dict):
        return _record(_TABLES[kind], value, where)
    if (rule := re.fullmatch(r"tuple\[(\w+Rule), \.\.\.\]", kind)) and isinstance(value, dict | list):
        return tuple(_value(rule[1], one, where) for one in (value if isinstance(value, list) else [value]))
    if kind == "tuple[tuple[str, str], ...]" and isinstance(value, dict):
        return tuple(_pairs(value, where))
    if kind == "tuple[str, ...]" and isinstance(value, str):
        return (value,)
    if kind == "tuple[str, ...]" and isinstance(value, list) and all(type(v) is str for v in value):
        return tuple(value)
    if kind == "float" and type(value) in (int, float):
        return float(value)
    if kind == type(value).__name__:
        return value
    raise ProfileError(f"{where}: expected {kind}, got {value!r}.")


def _pairs(table: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of a table; a list of values stands for the name repeated."""
    for name, value in table.items():
        for one in value if isinstance(value, list) else [value]:
            if type(one) not in (str, int):
                raise ProfileError(f"{where}: {name}: expected a string or a number, got {one!r}.")
            yield name, str(one)
