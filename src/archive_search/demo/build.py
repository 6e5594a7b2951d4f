"""How the bundled portal was made: `python -m archive_search.demo.build --warc FILE --text FILE`.

Takes 80 pages at most out of the capture of a real portal (August 2022), and lays the text of one more
article out as a page of a sister portal. Article pages are taken byte for byte; listing pages are
shortened to the articles and further listings that are bundled, and one dead link. `README.md` beside
this file says what is whose.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from bs4 import BeautifulSoup
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

HOST = "http://sotttt.hanoi.gov.vn"
SISTER = "http://thuongtin.hanoi.gov.vn"
_PAGER = (
    "?p_p_id=101&p_p_lifecycle=0&p_p_state=normal&p_p_mode=view&p_p_col_id=column-1&p_p_col_pos=1"
    "&p_p_col_count=2&_101_delta={delta}&_101_keywords=&_101_advancedSearch=false"
    "&_101_andOperator=true&p_r_p_564233524_resetCur=false&_101_cur={page}"
)

# Listing pages chosen so that their articles hold people, captions, tables, attachments, text that is
# not in NFC, broken entities, and articles that stand in two sections.
LISTINGS = (
    ("/hoat-ong-ang-oan-the", 10, (2,)),
    ("/vi/tin-tuc-su-kien", 20, (4, 11)),
    ("/vi/bao-chi-xuat-ban", 15, ()),
    ("/vi/buu-chinh-vien-thong", 20, (4,)),
)
PRINT_VIEWS = 4
MAX_PAGES = 80

NEW_IN_SECOND = "view_content/4417996-"
GONE_IN_SECOND = "view_content/696774-"
SEED_PATH = "/dang-doan-the/-/view_content/{number}-{slug}.html"
SEED_SLUG = "ky-hop-17-ban-chap-hanh-ang-bo-huyen-thuong-tin-khoa-xxiv-mo-rong"
# The real number and day of publication are not known; these stand in for them.
SEED_NUMBER = "20220713"
SEED_DATE = "13/07/2022 | 12:00 AM"
_SEED_CORRECTION = ("6 tháng đâu năm 2022", "6 tháng đầu năm 2022")

Pages = dict[str, bytes]


@click.command()
@click.option("--warc", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--text", type=click.Path(exists=True, path_type=Path), required=True)
def main(warc: Path, text: Path) -> None:
    """Write portal.warc.gz beside this file."""
    portal = _pages(warc)
    listings = _listing_urls()
    articles = _articles_on(portal, listings)
    views = [url for url in portal if "/pop_up/" in url and _number(url) in map(_number, articles)]
    chosen = {url: portal[url] for url in (*listings, *articles, *sorted(views)[:PRINT_VIEWS])}
    if len(chosen) > MAX_PAGES:
        raise click.ClickException(f"{len(chosen)} pages are more than {MAX_PAGES}")
    dead = _dead_link(portal, listings, articles)
    first, second = _editions(chosen, listings, dead)
    seed_first, seed_second = _sister_portal(portal[articles[0]], text.read_text(encoding="utf-8"))
    target = Path(__file__).parent / "portal.warc.gz"
    _write(target, first | seed_first, second | seed_second)
    click.echo(f"{target}: {len(chosen)} pages, {target.stat().st_size} bytes", err=True)


def _pages(warc: Path) -> Pages:
    with warc.open("rb") as file:
        return {
            record.rec_headers.get_header("WARC-Target-URI"): record.content_stream().read()
            for record in ArchiveIterator(file)
            if record.rec_type == "response"
        }


def _listing_urls() -> list[str]:
    return [
        HOST + path + query
        for path, delta, pages in LISTINGS
        for query in ("", *(_PAGER.format(delta=delta, page=page) for page in pages))
    ]


def _soup(page: bytes) -> BeautifulSoup:
    return BeautifulSoup(page.decode(), "lxml")


def _links(soup: BeautifulSoup) -> Iterator[str]:
    for link in soup.select(".asset-abstract h3.asset-title a[href]"):
        yield str(link["href"])


def _articles_on(portal: Pages, listings: list[str]) -> list[str]:
    found = dict.fromkeys(link for url in listings for link in _links(_soup(portal[url])))
    return [url for url in found if url in portal]


def _dead_link(portal: Pages, listings: list[str], articles: list[str]) -> str:
    return next(link for url in listings for link in _links(_soup(portal[url])) if link not in articles)


def _number(url: str) -> str:
    match = re.search(r"view_content/(?:pop_up/)?(\d+)-", url)
    return match[1] if match else ""


def _editions(chosen: Pages, listings: list[str], dead: str) -> tuple[Pages, Pages]:
    """Return the portal's pages at first, and those that are different later (b"" for gone)."""
    new = next(url for url in chosen if NEW_IN_SECOND in url)
    gone = next(url for url in chosen if GONE_IN_SECOND in url)
    first: Pages = {}
    second: Pages = {new: chosen[new], gone: b""}
    for url, page in chosen.items():
        if url not in listings:
            if url != new:
                first[url] = page
            continue
        first[url] = _shortened(page, {*chosen, dead} - {new})
        later = _shortened(page, {*chosen, dead} - {gone})
        if later != first[url]:
            second[url] = later
    return first, second


def _shortened(listing: bytes, kept: set[str]) -> bytes:
    soup = _soup(listing)
    for entry in soup.select(".asset-bounddary"):
        if not any(link in kept for link in _links(entry)):  # type: ignore[arg-type]
            entry.decompose()
    for link in soup.select(".lfr-pagination a[href^=http]"):
        if link["href"] not in kept:
            (link.find_parent("li") or link).decompose()
    return soup.encode("utf-8", formatter="minimal")


def _sister_portal(frame: bytes, text: str) -> tuple[Pages, Pages]:
    """Return a listing and one article of the sister portal, laid out in the frame of a real page."""
    section, title, *body = [line.strip() for line in text.splitlines() if line.strip()]
    path = SEED_PATH.format(number=SEED_NUMBER, slug=SEED_SLUG)
    article = _laid_out(frame, section, title, body)
    listing = _listing(frame, section, title, body[0], path)
    wrong, right = _SEED_CORRECTION
    corrected = article.replace(wrong.encode(), right.encode())
    pages = {SISTER + path: article, SISTER + "/dang-doan-the": listing}
    return pages, {SISTER + path: corrected}


def _frame(page: bytes, section: str) -> BeautifulSoup:
    soup = _soup(page.replace(HOST.encode(), SISTER.encode()))
    for part in soup.select(
        "nav, #banner, header#banner, script, .portlet-column-last, footer, .related_asset"
    ):
        part.decompose()
    for crumb in soup.select("span.tintuc"):
        crumb.string = section
    if soup.title:
        soup.title.string = f"{section} - Huyện Thường Tín"
    return soup


def _laid_out(frame: bytes, section: str, title: str, body: list[str]) -> bytes:
    soup = _frame(frame, section)
    _put(soup, ".asset-full-content-title", html.escape(title))
    _put(soup, ".assetPublishDate", f"Ngày đăng {SEED_DATE}")
    _put(soup, "p.sapo", f"<strong>{html.escape(body[0])}</strong>")
    for image in soup.select(".sapo-wrapper img"):
        image.decompose()
    *paragraphs, byline = body[1:]
    pieces = [_paragraph(n, paragraph) for n, paragraph in enumerate(paragraphs)]
    pieces.append(f'<p align="right"><strong>{html.escape(byline)}</strong></p>')
    _put(soup, ".journal-content-article", "\n".join(pieces))
    return soup.encode("utf-8", formatter="minimal")


# A caption of the article stands under a photograph and has no full stop.
_CAPTION = re.compile(r"^(?:Đồng chí|Đại biểu|Các đại biểu|Toàn cảnh)[^.;:]{5,160}$")


def _paragraph(number: int, text: str) -> str:
    if not _CAPTION.match(text):
        return f'<p style="text-align: justify;">{html.escape(text)}</p>'
    image = f'<p align="center"><img alt="" src="/documents/demo/anh-{number}.jpg" /></p>'
    return f'{image}\n<p align="center"><em>{html.escape(text)}</em></p>'


def _listing(frame: bytes, section: str, title: str, lead: str, path: str) -> bytes:
    soup = _frame(frame, section)
    entry = (
        '<div class="asset-bounddary"><div class="asset-abstract"><h3 class="asset-title">'
        f'<a href="{path}">{html.escape(title)}</a></h3>'
        f'<div class="assetPublishDate block_timer">{SEED_DATE}</div>'
        f'<div class="asset-summary">{html.escape(lead)}</div></div></div>'
    )
    content = soup.select_one("#portlet_101 .portlet-body") or soup.select_one(".portlet-body")
    if content is None:
        raise click.ClickException("the frame has no place for a listing")
    content.clear()
    content.append(BeautifulSoup(entry, "lxml").div)  # type: ignore[arg-type]
    return soup.encode("utf-8", formatter="minimal")


def _put(soup: BeautifulSoup, selector: str, markup: str) -> None:
    place = soup.select_one(selector)
    if place is None:
        raise click.ClickException(f"the frame has no {selector}")
    place.clear()
    for piece in list(BeautifulSoup(f"<div>{markup}</div>", "lxml").div.contents):  # type: ignore[union-attr]
        place.append(piece)


def _write(target: Path, first: Pages, second: Pages) -> None:
    with target.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for date, pages in (("2022-08-27T00:00:00Z", first), ("2022-08-28T00:00:00Z", second)):
            for url, page in sorted(pages.items()):
                status = "200 OK" if page else "404 Not Found"
                headers = [("Content-Type", "text/html;charset=UTF-8")]
                record = writer.create_warc_record(
                    url,
                    "response",
                    payload=BytesIO(page),
                    http_headers=StatusAndHeaders(status, headers, "HTTP/1.1"),
                    # Fixed, so that building twice gives the same file.
                    warc_headers_dict={"WARC-Date": date, "WARC-Record-ID": _record_id(url, date)},
                )
                writer.write_record(record)


def _record_id(url: str, date: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, url + date)}>"


if __name__ == "__main__":
    main()
