"""The next page of a listing that has no plain link to it, as the profile's paging rules say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from bs4 import BeautifulSoup, Tag

from archive_search.crawler.discover.targets import LISTING, in_full, in_scope
from archive_search.errors import PageUnreadable
from archive_search.identity import request_url, wire_url
from archive_search.markup import body_text, parse
from archive_search.portals import PagingRule, Profile
from archive_search.records import Capture, Target

_PAGE = "__page"
"""In the URL of a postback the number of the page, which the portal itself keeps in its state only."""

MAX_FORM_BYTES = 1024 * 1024
"""Of a form that is sent; the state of an ASP.NET page has tens of kilobytes, rarely hundreds."""

# What a link of ASP.NET calls, directly or through WebForm_PostBackOptions.
_POSTBACK = re.compile(r"(?:__doPostBack|WebForm_PostBackOptions)\s*\(")
_JS_STRING = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*,?""", re.DOTALL)
_JS_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PERCENT_QUOTE = re.compile("%27|%22|%20", re.IGNORECASE)
_FIELD = re.compile(r"\{([^{}]*)\}")


def rule_of(target: Target, profile: Profile) -> PagingRule | None:
    """Return the rule by which a listing is paged, if there is one."""
    belongs = _sends if target.method == "POST" else _is_on
    return next((rule for rule in profile.paging if belongs(rule, target)), None)


def _is_on(rule: PagingRule, target: Target) -> bool:
    return rule.is_on(wire_url(target.url, target.method))


def _sends(rule: PagingRule, target: Target) -> bool:
    """Tell whether the target is a form of this rule: all that is fixed in it is sent."""
    if rule.kind == "viewstate":
        return _is_on(rule, target)
    sent = parse_qsl(target.body or "", keep_blank_values=True)
    fixed = [field for field in rule.form if not _FIELD.search(field[1])]
    sent_to = wire_url(target.url, target.method)
    return rule.kind == "post" and sent_to == in_full(rule.url, sent_to) and {*fixed} <= {*sent}


def page_number(target: Target, profile: Profile) -> int | None:
    """Return which page of a listing the target is, counted by its rule; None if no rule counts it."""
    rule = rule_of(target, profile)
    return _number(rule, target) if rule else None


def _number(rule: PagingRule, target: Target) -> int:
    if rule.kind == "page":
        match = _page_pattern(rule).search(target.url)
        return int(match["page"]) if match else rule.first
    if target.method != "POST":
        return rule.first
    if rule.kind == "viewstate":
        return int(dict(parse_qsl(urlsplit(target.url).query)).get(_PAGE, rule.first))
    return int(dict(parse_qsl(target.body or "")).get(_page_field(rule), rule.first))


def next_pages(
    rule: PagingRule, page: BeautifulSoup, base: str, target: Target, profile: Profile
) -> Iterator[Target]:
    """Yield the next page of the listing that the target is a page of; nothing after the last."""
    number = _number(rule, target) + rule.step
    if rule.last and number > rule.last:
        return
    match rule.kind:
        case "page":
            found = _next_by_number(rule, number, target)
        case "post":
            found = _next_by_form(rule, number, page, target)
        case _:
            found = _next_by_postback(rule, number, page, base, target)
    if found and in_scope(wire_url(found.url, found.method), profile):
        yield found


def _next_by_number(rule: PagingRule, number: int, target: Target) -> Target | None:
    url = target.url
    match = _page_pattern(rule).search(url)
    if match:
        url = url[: match.start("page")] + str(number) + url[match.end("page") :]
    elif rule.url.startswith("?"):
        url += ("&" if "?" in url else "?") + rule.url[1:].replace("{page}", str(number))
    else:
        listing = url.partition("?")[0].rstrip("/")
        template = rule.url.replace("{listing}", listing).replace("{page}", str(number))
        url = in_full(template, target.url) or ""
    return Target(url=url, priority=LISTING, found_on=target.url) if url else None


def _page_pattern(rule: PagingRule) -> re.Pattern[str]:
    """Return what finds the page's number in a URL that the rule made."""
    start = r"(?<=[?&])" if rule.url.startswith("?") else ""
    before, _, after = rule.url.lstrip("?").partition("{page}")
    before, after = (re.escape(part).replace(r"\{listing\}", "") for part in (before, after))
    end = "(?=&|$)" if rule.url.startswith("?") else "$"
    return re.compile(rf"{start}{before}(?P<page>\d{{1,9}}){after}{end}")


def _page_field(rule: PagingRule) -> str:
    return next(name for name, value in rule.form if value == "{page}")


def _next_by_form(rule: PagingRule, number: int, page: BeautifulSoup, target: Target) -> Target | None:
    if target.method == "POST":
        sent = parse_qsl(target.body or "", keep_blank_values=True)
        fields = [(name, str(number) if name == _page_field(rule) else value) for name, value in sent]
    else:
        values = _read(rule, page)
        if len(values) < len(rule.read):
            return None  # the page does not tell what is to be sent: it is none that is paged so
        values["page"] = str(number)
        fields = [(name, _filled(value, values)) for name, value in rule.form]
    url, body = in_full(rule.url, wire_url(target.url, target.method)), urlencode(fields)
    return _post(url, body, body, target) if url else None


def _read(rule: PagingRule, page: BeautifulSoup) -> dict[str, str]:
    source = str(page) if rule.read else ""
    found = ((name, re.search(pattern, source)) for name, pattern in rule.read)
    return {name: match[1] for name, match in found if match and match[1]}


def _filled(value: str, values: dict[str, str]) -> str:
    """Return a form's value with what stands in braces filled in, if it is known."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), value)


def _post(url: str, known_by: str, body: str, target: Target) -> Target:
    return Target(
        url=request_url(url, "POST", known_by),
        priority=LISTING,
        found_on=target.url,
        method="POST",
        body=body,
    )


def _next_by_postback(
    rule: PagingRule, number: int, page: BeautifulSoup, base: str, target: Target
) -> Target | None:
    calls = [call for link in page.select(rule.next) if (call := _postback(link))]
    # Of the numbers of a GridView's pager (Page$2 Page$3 ...) one is that of the next page.
    wanted = f"Page${number}" if any(call[1].startswith("Page$") for call in calls) else None
    call = next((call for call in calls if wanted in (None, call[1])), None)
    state = page.find("input", attrs={"name": "__VIEWSTATE"})
    form = state.find_parent("form") if state else None
    if not call or form is None:
        return None
    event = {"__EVENTTARGET": call[0], "__EVENTARGUMENT": call[1]}
    fields = [field for field in _controls(form) if field[0] not in event]
    body = urlencode([*event.items(), *fields])
    if len(body) > MAX_FORM_BYTES:
        raise PageUnreadable(target.url, f"the form for the next page is over {MAX_FORM_BYTES} bytes")
    url = in_full(str(form.get("action") or "") or wire_url(target.url, target.method), base)
    return _post(url, urlencode({**event, _PAGE: number}), body, target) if url else None


def _postback(link: Tag) -> tuple[str, str] | None:
    """Return target and argument of the postback that a link calls."""
    for script in (str(link.get("href") or ""), str(link.get("onclick") or "")):
        script = _PERCENT_QUOTE.sub(lambda found: chr(int(found[0][1:], 16)), script)
        if call := _POSTBACK.search(script):
            event = _JS_STRING.match(script, call.end())
            argument = _JS_STRING.match(script, event.end()) if event else None
            if event:
                return _js_text(event), _js_text(argument) if argument else ""
    return None


def _js_text(literal: re.Match[str]) -> str:
    """Return what a string literal of JavaScript stands for."""
    text = literal[1] if literal[1] is not None else literal[2]
    return _JS_ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else m[3], text)


def _controls(form: Tag) -> Iterator[tuple[str, str]]:
    """Yield what a browser would send of a form, without its buttons (HTML, 4.10.22.4)."""
    for tag in form.find_all(["input", "select", "textarea"]):
        name, kind = str(tag.get("name") or ""), str(tag.get("type") or "text").lower()
        if not name or tag.has_attr("disabled"):
            continue
        if tag.name == "textarea":
            yield name, tag.get_text()
        elif tag.name == "select":
            yield from ((name, value) for value in _chosen(tag))
        elif kind in ("checkbox", "radio"):
            yield from [(name, str(tag.get("value", "on")))] if tag.has_attr("checked") else []
        elif kind not in ("submit", "button", "image", "reset", "file"):
            yield name, str(tag.get("value", ""))


def _chosen(select: Tag) -> Iterator[str]:
    options = select.find_all("option")
    chosen = [option for option in options if option.has_attr("selected")]
    for option in chosen or ([] if select.has_attr("multiple") else options[:1]):
        yield str(option.get("value", option.get_text()))


def answer(capture: Capture, rule: PagingRule) -> tuple[BeautifulSoup, list[str]]:
    """Return what came back for a form: a page with links, and addresses made from a list of items.

    Raises `PageUnreadable` if the rule promises JSON and it is none, or has nothing at the pointers.
    """
    if not rule.fragment and not rule.items:
        return parse(capture), []
    try:
        document = json.loads(body_text(capture))
    except (ValueError, RecursionError) as exc:
        raise PageUnreadable(capture.url, "the answer is no JSON") from exc
    # What is null is empty: that is how some servers say that there is no such page.
    fragment = (_at(document, rule.fragment, capture.url) if rule.fragment else None) or ""
    items = (_at(document, rule.items, capture.url) if rule.items else None) or []
    if not isinstance(fragment, str):
        raise PageUnreadable(capture.url, f"{rule.fragment} of the answer is no HTML")
    if not isinstance(items, list):
        raise PageUnreadable(capture.url, f"{rule.items} of the answer is no list")
    return BeautifulSoup(fragment, "lxml"), [url for item in items if (url := _item_url(rule.item_url, item))]


def _at(document: Any, pointer: str, url: str) -> Any:
    """Return the value at a JSON pointer (RFC 6901)."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise PageUnreadable(url, f"the answer has no {pointer}") from exc
    return document


def _item_url(template: str, item: Any) -> str | None:
    """Return the address that the template makes of an item, None if the item lacks what it names."""
    values = item if isinstance(item, dict) else {"item": item}
    names = _FIELD.findall(template)
    if not all(type(values.get(name)) in (str, int) for name in names):
        return None
    return _FIELD.sub(lambda found: quote(str(values[found[1]]), safe="/:?&=%#~+,;@!$'()*"), template)
