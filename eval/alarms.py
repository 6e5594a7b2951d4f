"""How often alarms are false, over simulated years of daily crawls in which nothing goes wrong.

    python eval/alarms.py
    python eval/alarms.py --years 5 --seed 2

A portal publishes at random, at 15 % of its usual rate at weekends and nothing around the Lunar New Year.
Three in a hundred article pages yield no text, four in ten articles have no byline, now and then a request
fails. The sizes of texts are lognormal, with the parameters of 2,011 real articles. Printed is for each rate
of publishing how many alarms began, by kind, and after how many days a layout without text is told.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from datetime import date, timedelta

import click

from archive_search.archive.facts import Facts
from archive_search.pipeline.alarms import Occasion, raised, tet

RATES = (0.2, 0.5, 1.0, 3.0, 10.0)
"""Articles on a working day."""

LOG_MEAN, LOG_DEVIATION = 7.55, 1.13


class Portal:
    """A portal that is crawled every day, with what its crawls found and the days with new articles."""

    def __init__(self, rate: float, luck: random.Random) -> None:
        self.rate = rate
        self.luck = luck
        self.today = date(luck.choice((2024, 2025, 2026)), luck.randrange(1, 13), 1)
        self.crawls: list[Facts] = []
        self.news: list[date] = []
        self.crawl(Facts(requests=320, new=300, unseen=310, pages=300, **self._texts(300)))

    def crawl(self, found: Facts) -> tuple[str, ...]:
        """Return the alarms of a crawl that found this."""
        if found.new:
            self.news.insert(0, self.today)
        on = Occasion(
            portal="p", today=self.today, facts=found, earlier=self.crawls[:30], news=self.news[:21]
        )
        self.crawls.insert(0, found)
        self.today += timedelta(days=1)
        return raised(on)

    def ordinary(self, *, broken: bool = False) -> Facts:
        """Return what a crawl finds today; with a `broken` layout no page yields a text."""
        is_holiday = -4 <= (self.today - tet(self.today.year)).days <= 8
        rate = 0.0 if is_holiday else self.rate * (0.15 if self.today.weekday() >= 5 else 1.0)
        new = self._poisson(rate)
        pages = new + self.luck.randrange(2)
        bad = pages if broken else sum(self.luck.random() < 0.03 for _ in range(pages))
        failed = self.luck.choice((0,) * 20 + (1, 2, 3))
        return Facts(
            requests=40 + pages,
            new=0 if broken else new,
            unseen=pages,
            failed=failed,
            pages=pages,
            unreadable=bad,
            **self._texts(pages - bad),
        )

    def _texts(self, count: int) -> dict[str, object]:
        sizes = (int(self.luck.lognormvariate(LOG_MEAN, LOG_DEVIATION)) for _ in range(count))
        unsigned = sum(self.luck.random() < 0.4 for _ in range(count))
        return {"texts": tuple(sizes), "documents": count, "unsigned": unsigned}

    def _poisson(self, rate: float) -> int:
        count, product = 0, self.luck.random()
        while product > math.exp(-rate):
            count += 1
            product *= self.luck.random()
        return count


def false_alarms(rate: float, years: int, luck: random.Random) -> Counter[str]:
    """Return the alarms that began in so many years, by kind."""
    began: Counter[str] = Counter()
    for _ in range(years):
        portal, before = Portal(rate, luck), set[str]()
        for _ in range(365):
            now = {re.sub(r"[0-9.%]+", "", alarm)[:40] for alarm in portal.crawl(portal.ordinary())}
            began.update(now - before)
            before = now
    return began


def days_until_told(rate: float, luck: random.Random) -> int | None:
    """Return after how many days a layout that yields no text is told of, or None if not within 60."""
    portal = Portal(rate, luck)
    for _ in range(60):
        portal.crawl(portal.ordinary())
    for day in range(1, 61):
        if any("yielded no text" in alarm for alarm in portal.crawl(portal.ordinary(broken=True))):
            return day
    return None


@click.command()
@click.option("--years", default=20, show_default=True, help="Years of each rate.")
@click.option("--seed", default=5, show_default=True)
def main(years: int, seed: int) -> None:
    """Print false alarms, and how soon a broken layout is told of."""
    luck = random.Random(seed)
    for rate in RATES:
        began = false_alarms(rate, years, luck)
        click.echo(f"{rate:g} articles a day, {years} years: {began.total()} false alarms {dict(began)}")
        told = [days_until_told(rate, luck) for _ in range(years)]
        found = sorted(day for day in told if day)
        click.echo(f"  a layout without text: told {len(found)} of {years} times, after {found} days")


if __name__ == "__main__":
    main()
