"""How well articles are extracted, measured against the portal's own print views.

    python eval/extraction.py
    python eval/extraction.py --warc ../shared/portal/sotttt-hanoi.warc.gz \
        --print-warc ../shared/portal/sotttt-hanoi-print.warc.gz

The print view of an article holds its text and nothing else, so it says what a page's text is without
anyone's judgement. Read here: title, lead (`p.sapo`) and `.journal-content-article`, by BeautifulSoup alone.
The account that published the page ("admin admin") is left out on both sides, since it is no text of the
article. Tokens are parted by white space after NFC and compared as multisets; figures are means over pages.

The same pages are read with the portal's profile, with the profile switched off, by trafilatura if it is
installed, and by a baseline of 25 lines. Floors hold for the input whose SHA-256 is pinned here; below a
floor the command exits with 1.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

import click
from bs4 import BeautifulSoup
from warcio.archiveiterator import ArchiveIterator

from archive_search.cleaning import clean
from archive_search.errors import PageUnreadable
from archive_search.portals import GENERIC, Profile, load_profile
from archive_search.records import Article, Capture

try:
    import trafilatura
except ImportError:
    trafilatura = None

PAIRS = Path(__file__).parents[1] / "tests" / "data" / "cleaning" / "pairs.warc.gz"
PROFILE = "sotttt-hanoi"

# A floor is what must not be lost again. It stands below the measured figure by more than one page of its
# input can move it; the input is known by the SHA-256 of its files, one after the other.
_BUNDLED = "50de0c043fd39ea135f46639fecfb2c0aad9bc1362122149608750a8f8d0d0a3"
_WHOLE_PORTAL = "ad94d21a9a03a373fd1b522e29e2b976cbb076acb17e407a4406bc7a9138c15a"
_FLOORS = {
    ("profile", "f1"): 0.97,
    ("profile", "body_f1"): 0.97,
    ("profile", "title"): 0.99,
    ("profile", "date"): 0.99,
    ("generic", "f1"): 0.93,
}
FLOORS = {
    _BUNDLED: _FLOORS,
    _WHOLE_PORTAL: {**_FLOORS, ("profile", "f1"): 0.995, ("generic", "f1"): 0.985},
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What the print view shows."""

    title: str
    published: tuple[int, ...] | None
    lead: str
    body: str
    account: str


@dataclass(frozen=True, slots=True)
class Found:
    """What an extractor found; the baselines give text alone."""

    text: str
    body: str | None = None
    title: str | None = None
    published: tuple[int, ...] | None = None


@dataclass(slots=True)
class Scores:
    """The figures of one extractor, a value a page."""

    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    f1: list[float] = field(default_factory=list)
    body_f1: list[float] = field(default_factory=list)
    title: list[bool] = field(default_factory=list)
    date: list[bool] = field(default_factory=list)
    lead: list[bool] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def means(self) -> dict[str, float]:
        """Return the mean of each figure that was measured."""
        names = ("precision", "recall", "f1", "body_f1", "title", "date", "lead", "ms")
        return {name: fmean(values) for name in names if (values := getattr(self, name))}

    def worst(self, count: int = 5) -> list[tuple[float, str]]:
        """Return the pages with the lowest F1."""
        return sorted(zip(self.f1, self.urls, strict=True))[:count]


Extractor = Callable[[Capture], Found]


def captures(path: Path) -> Iterator[Capture]:
    """Yield the responses of a WARC file, one at a time."""
    with path.open("rb") as stream:
        for record in ArchiveIterator(stream):
            if record.rec_type == "response":
                yield Capture(
                    url=record.rec_headers.get_header("WARC-Target-URI"),
                    captured_at=datetime.now(UTC),
                    status=int(record.http_headers.get_statuscode()),
                    headers=tuple(record.http_headers.headers),
                    payload=record.raw_stream.read(),
                    sha256="",
                )


def squeeze(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def read_print_view(capture: Capture) -> Truth:
    """Return what a print view shows; blocks are parted by breaks, and nothing else is interpreted."""
    soup = BeautifulSoup(capture.payload.decode("utf-8", "replace"), "lxml")
    for tag in soup.find_all(["p", "div", "br", "h1", "h2", "h3", "h4", "li", "tr", "td", "th", "table"]):
        tag.insert_before("\n")
        tag.insert_after("\n")
    account = soup.select_one("p.view-content-author")
    account_text = squeeze(account.extract().get_text()) if account else ""
    outer = [
        a
        for a in soup.select(".journal-content-article")
        if not a.find_parent(class_="journal-content-article")
    ]
    return Truth(
        title=squeeze(soup.select_one(".asset-full-content-title").get_text()),
        published=printed_date(soup.select_one(".assetPublishDate").get_text()),
        lead=squeeze(" ".join(p.get_text() for p in soup.select("p.sapo"))),
        body=squeeze("\n".join(article.get_text() for article in outer)),
        account=account_text,
    )


def printed_date(text: str) -> tuple[int, ...] | None:
    """Return year, month, day, hour and minute of a date such as 17/09/2015 | 12:00 AM."""
    match = re.search(r"(\d\d)/(\d\d)/(\d{4}) \| (\d{1,2}):(\d\d) ([AP]M)", text)
    if not match:
        return None
    day, month, year, hour, minute = map(int, match.groups()[:5])
    return year, month, day, hour % 12 + (12 if match[6] == "PM" else 0), minute


def ours(profile: Profile) -> Extractor:
    def extract(capture: Capture) -> Found:
        try:
            article = clean(capture, profile)
        except PageUnreadable:
            return Found(text="", body="", title="")
        body = body_text(article)
        at = article.published_at
        return Found(
            text=f"{article.lead or ''}\n{body}",
            body=body,
            title=article.title,
            published=(at.year, at.month, at.day, at.hour, at.minute) if at else None,
        )

    return extract


def body_text(article: Article) -> str:
    return "\n".join([block.text for block in article.blocks] + [article.byline or ""])


def by_trafilatura(capture: Capture) -> Found:
    html = capture.payload.decode("utf-8", "replace")
    return Found(text=trafilatura.extract(html, include_comments=False) or "")


def by_baseline(capture: Capture) -> Found:
    """Take the container whose paragraphs hold the most text outside links."""
    soup = BeautifulSoup(capture.payload.decode("utf-8", "replace"), "lxml")
    for tag in soup(["script", "style", "noscript", "nav", "header", "footer", "aside", "form"]):
        tag.decompose()
    lengths: Counter[int] = Counter()
    containers = {}
    for tag in soup.find_all(["p", "td", "div"]):
        text = squeeze("".join(tag.find_all(string=True, recursive=tag.name == "p")))
        in_links = sum(len(link.get_text()) for link in tag.find_all("a"))
        if tag.parent is not None and len(text) - in_links > 20:
            lengths[id(tag.parent)] += len(text) - in_links
            containers[id(tag.parent)] = tag.parent
    best = max(containers.values(), key=lambda tag: lengths[id(tag)], default=None)
    return Found(text=best.get_text("\n") if best else "")


def compare(found: str, truth: str) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the tokens found."""
    got, want = Counter(squeeze(found).split()), Counter(truth.split())
    same = (got & want).total()
    precision, recall = same / (got.total() or 1), same / (want.total() or 1)
    return precision, recall, 2 * precision * recall / (precision + recall) if same else 0.0


def without(text: str, account: str) -> str:
    """Return the text without the account's line, which comes last if it is there."""
    head, line, tail = squeeze(text).rpartition(account) if account else ("", "", "")
    return head + tail if line else text


def score(scores: Scores, extractor: Extractor, capture: Capture, truth: Truth) -> None:
    start = time.perf_counter()
    found = extractor(capture)
    scores.ms.append((time.perf_counter() - start) * 1000)
    scores.urls.append(capture.url)
    text = without(found.text, truth.account)
    precision, recall, f1 = compare(text, f"{truth.lead} {truth.body}")
    scores.precision.append(precision)
    scores.recall.append(recall)
    scores.f1.append(f1)
    if truth.lead:
        scores.lead.append(compare(text, truth.lead)[1] >= 0.9)
    if found.body is not None and truth.body:
        scores.body_f1.append(compare(without(found.body, truth.account), truth.body)[2])
    if found.title is not None:
        scores.title.append(found.title == truth.title)
    if found.title is not None and truth.published:
        scores.date.append(found.published == truth.published)


def extractors(profile: Profile) -> dict[str, Extractor]:
    known = {"profile": ours(profile), "generic": ours(GENERIC)}
    if trafilatura:
        known["trafilatura"] = by_trafilatura
    return {**known, "baseline": by_baseline}


def evaluate(warc: Path, print_warc: Path) -> tuple[dict[str, Scores], int]:
    """Return the scores of each extractor, and how many pages were left out because they hold no text."""
    profile = load_profile(PROFILE)
    truths = {
        profile.article_number(capture.url): read_print_view(capture)
        for capture in captures(print_warc)
        if profile.is_print_view(capture.url)
    }
    chosen = extractors(profile)
    results = {name: Scores() for name in chosen}
    empty = 0
    for capture in captures(warc):
        number = profile.article_number(capture.url)
        if profile.is_print_view(capture.url) or number not in truths:
            continue
        truth = truths.pop(number)
        if not (truth.lead or truth.body):
            empty += 1
            continue
        for name, extractor in chosen.items():
            score(results[name], extractor, capture, truth)
    return results, empty


def digest(*paths: Path) -> str:
    """Return the SHA-256 of the files' bytes, one after the other."""
    total = hashlib.sha256()
    for path in dict.fromkeys(paths):
        total.update(path.read_bytes())
    return total.hexdigest()


def below_floor(results: dict[str, Scores], floors: dict[tuple[str, str], float]) -> list[str]:
    """Return a line for each figure that is below its floor."""
    means = {name: scores.means() for name, scores in results.items()}
    return [
        f"{name} {figure}: {means[name].get(figure, 0):.4f} is below the floor of {floor}"
        for (name, figure), floor in floors.items()
        if means[name].get(figure, 0) < floor
    ]


def table(results: dict[str, Scores]) -> Iterator[str]:
    figures = ("precision", "recall", "f1", "body_f1", "title", "date", "lead", "ms")
    yield f"{'extractor':12}" + "".join(f"{figure:>11}" for figure in figures)
    for name, scores in results.items():
        means = scores.means()
        cells = (
            f"{means[f]:>11.1f}" if f == "ms" else f"{means[f]:>11.4f}" if f in means else f"{'-':>11}"
            for f in figures
        )
        yield f"{name:12}" + "".join(cells)
    for name in ("profile", "generic"):
        yield f"\nLowest F1, {name}:"
        yield from (f"  {f1:.3f}  {url}" for f1, url in results[name].worst())


@click.command()
@click.option("--warc", type=click.Path(exists=True, path_type=Path), default=PAIRS, help="Article pages.")
@click.option("--print-warc", type=click.Path(exists=True, path_type=Path), help="Their print views.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(warc: Path, print_warc: Path | None, as_json: bool) -> None:
    """Measure extraction against print views; by default over the bundled pairs."""
    print_warc = print_warc or warc
    results, empty = evaluate(warc, print_warc)
    pages = len(results["profile"].urls)
    key = digest(warc, print_warc)
    if as_json:
        means = {name: scores.means() for name, scores in results.items()}
        click.echo(json.dumps({"pages": pages, "empty": empty, "sha256": key, "means": means}, indent=1))
    else:
        click.echo(f"{pages} pages; {empty} more hold no text. Input {key[:16]}")
        click.echo("\n".join(table(results)))
    if key not in FLOORS:
        click.echo("No floor is pinned to this input.", err=True)
        return
    failures = below_floor(results, FLOORS[key])
    click.echo("\n".join(failures) or "All floors hold.", err=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
