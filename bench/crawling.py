r"""How fast a portal is captured, beside Scrapy and wget, all on one portal of real pages on loopback.

    pip install '.[bench]'; apt-get install wget
    python bench/crawling.py [--articles 1000] [--rounds 3] [--json]

Politeness is off, robots.txt is obeyed by all. Ours is measured twice: as it captures (fetch, links, WARC,
fsync, catalogue commit), and with cleaning, people, topics and filing as well. Scrapy follows the same links
with its selectors and writes each page to a WARC file with warcio, synced to disk as ours or not. It runs
with one request at a time, as ours does, and with the 8 at a time that it comes with. wget writes a WARC
file, which it does not sync, and follows every link. Each is a process of its own; start-up is counted.
Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click
from portal import HOST, SECTION, served
from warcio.archiveiterator import ArchiveIterator

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What a crawl took: wall and processor seconds, peak memory, and pages in the WARC files it made."""

    seconds: float
    cpu_s: float
    peak_mb: float
    pages: int


def ours(port: int, folder: Path, *, cleaning: bool) -> list[str]:
    return [sys.executable, str(HERE / "crawlers" / "ours.py"), str(port), str(folder), str(int(cleaning))]


def scrapy(port: int, folder: Path, *, at_once: int, synced: bool = False) -> list[str]:
    spider = str(HERE / "crawlers" / "scrapy_spider.py")
    return [sys.executable, spider, str(port), str(folder), str(at_once), str(int(synced))]


def wget(port: int, folder: Path) -> list[str]:
    url = f"http://127.0.0.1:{port}{SECTION}"
    quiet = ["--no-verbose", "--output-file=/dev/null", "--tries=1"]
    kept = [f"--warc-file={folder / 'wget'}", "--delete-after", "--no-directories", "--warc-cdx"]
    follow = ["--recursive", "--level=inf", "--follow-tags=a"]
    scope = "--accept-regex=view_content/[0-9]+-tin|_101_cur"
    return ["wget", *quiet, *kept, *follow, scope, f"--directory-prefix={folder}", url]


CRAWLERS: dict[str, Callable[[int, Path], list[str]]] = {
    "archive-search, capture": lambda port, folder: ours(port, folder, cleaning=False),
    "archive-search, with cleaning": lambda port, folder: ours(port, folder, cleaning=True),
    "Scrapy, one at a time": lambda port, folder: scrapy(port, folder, at_once=1),
    "Scrapy, 8 at a time": lambda port, folder: scrapy(port, folder, at_once=8),
    "Scrapy, 8 at a time, synced": lambda port, folder: scrapy(port, folder, at_once=8, synced=True),
    "wget --warc-file": wget,
}


def installed() -> list[str]:
    there = {"Scrapy": find_spec("scrapy"), "wget": shutil.which("wget")}
    return [name for name in CRAWLERS if there.get(name.replace(",", " ").split()[0], True)]


def measured(command: list[str], folder: Path) -> Cost:
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    # wget ends with 8 when a server said 404 to anything.
    if process.returncode not in (0, 8):
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}")
    pages = sum(map(captured, folder.rglob("*.warc.gz")))
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, pages)


def captured(path: Path) -> int:
    """Return how many articles a WARC file holds."""
    with path.open("rb") as file:
        urls = {
            record.rec_headers.get_header("WARC-Target-URI")
            for record in ArchiveIterator(file)
            if record.rec_type == "response"
        }
    return sum("view_content" in url for url in urls)


@click.command()
@click.option("--articles", default=1000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(articles: int, rounds: int, as_json: bool) -> None:
    costs: dict[str, list[Cost]] = {name: [] for name in installed()}
    for _ in range(rounds):
        # In turns, so that a slow minute of the machine is everybody's.
        for name in costs:
            with served(articles) as port, tempfile.TemporaryDirectory() as scratch:
                costs[name].append(measured(CRAWLERS[name](port, Path(scratch)), Path(scratch)))
    best = {name: min(found, key=lambda cost: cost.seconds) for name, found in costs.items()}
    if as_json:
        click.echo(json.dumps({name: {"pages_per_s": c.pages / c.seconds} for name, c in best.items()}))
        return
    scrapy_rate = [c.pages / c.seconds for name, c in best.items() if name == "Scrapy, 8 at a time"]
    click.echo(f"{articles} articles of {HOST}, best of {rounds} ({len(costs)} crawlers)\n")
    click.echo("| crawler | articles | articles/s | of Scrapy's | spread | cpu s | peak MB |")
    click.echo("|---|---|---|---|---|---|---|")
    for name, cost in best.items():
        rate = cost.pages / cost.seconds
        share = f"{rate / scrapy_rate[0]:.2f}" if scrapy_rate else "-"
        times = [c.seconds for c in costs[name]]
        spread = f"{statistics.median(times) / min(times) - 1:.0%}"
        row = (name, cost.pages, f"{rate:.0f}", share, spread, f"{cost.cpu_s:.1f}", f"{cost.peak_mb:.0f}")
        click.echo(f"| {' | '.join(map(str, row))} |")


if __name__ == "__main__":
    main()
