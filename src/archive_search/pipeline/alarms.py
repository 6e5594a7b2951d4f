"""What somebody ought to look at after a crawl, told from the portal's own past crawls.

::

    Facts of this crawl  ─┐
    Facts of earlier ones ├─> Occasion -> raised() -> one sentence each: what, against what, what to do
    days with new articles┘

A share or a size counts as odd only against what is usual for this portal, so a first crawl raises no
alarm but for what is wrong by itself: hardly anything answered, or another than the portal did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from math import comb
from statistics import median, quantiles
from typing import Any

from archive_search.archive import Archive, facts, runs
from archive_search.archive.captures import StoredCapture
from archive_search.archive.facts import Facts
from archive_search.archive.runs import Report
from archive_search.crawler.discover import LISTING, discover
from archive_search.errors import PageUnreadable, ReadInPart
from archive_search.portals import Profile
from archive_search.records import Target

__all__ = ["Occasion", "attend", "raised", "tet"]

_ENOUGH_PAGES = (3, 10, 25)
"""Pages on which a share rests: those of small crawls are put together until there are so many."""

_LUCK = 1e-6
"""A share that luck brings about more seldom is an alarm."""

_ENOUGH_TEXTS = 12
"""Texts whose middle size is compared: articles are short and long, so a few of them say little."""

_ENOUGH_RUNS = 3
"""Earlier crawls that show what is usual."""

_LISTINGS = 20
"""Listings that are read again to see whether any leads to an article."""

_ENOUGH_GAPS = 2
"""Pauses between days with new articles that show a rhythm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A crawl that has come to its end, with all that tells whether it went as usual.

    `earlier` are the portal's crawls before it and `news` the days that brought new articles, the
    newest first. `article_links` counts the links to articles on the listings that it got, or is None
    if that says nothing.
    """

    portal: str
    today: date
    facts: Facts
    earlier: Sequence[Facts] = ()
    news: Sequence[date] = ()
    article_links: int | None = None
    stopped: str | None = None
    alarm_days: float = 7.0


def attend(archive: Archive, profile: Profile, run: int) -> Report:
    """Enter the alarms of a portal's crawl that has come to its end; return its report with them."""
    links = _article_links(archive, profile, run)
    with archive.writing() as db:
        report = runs.report(db, run)
        occasion = Occasion(
            portal=profile.label or profile.name,
            today=(report.finished_at or report.started_at).date(),
            facts=facts.of_run(db, run),
            earlier=facts.before(db, run),
            news=facts.days_with_news(db, profile.name),
            article_links=links,
            stopped=report.stopped,
            alarm_days=0 if profile.name in archive.config.closed else archive.config.alarm_days,
        )
        # What the crawl itself told stays.
        alarms = (*report.alarms, *raised(occasion))
        runs.alarm(db, run, alarms)
    return replace(report, alarms=alarms)


def _article_links(archive: Archive, profile: Profile, run: int) -> int | None:
    """Return how many links to articles the first listing of a crawl has that has any.

    0 if none has any and one did before, or if a first crawl found no link at all. None if that cannot be
    told: listings may lead to listings only, and one that has not changed leads where it led.
    """
    with archive.reading() as db:
        now = facts.listings(db, run, limit=_LISTINGS)
        before = facts.listings_before(db, run, [capture.url for capture in now], limit=_LISTINGS)
    found = []
    for capture in now:
        found.append(_targets(archive, profile, capture))
        if links := _to_articles(profile, found[-1]):
            return links
    led = any(_to_articles(profile, _targets(archive, profile, capture)) for capture in before)
    return 0 if led or (now and not before and not any(found)) else None


def _targets(archive: Archive, profile: Profile, capture: StoredCapture) -> tuple[Target, ...]:
    try:
        return discover(archive.read(capture), Target(url=capture.url, priority=LISTING), profile)
    except ReadInPart as exc:
        return exc.found
    except PageUnreadable:
        return ()


def _to_articles(profile: Profile, targets: Sequence[Target]) -> int:
    return sum(profile.is_article(target.url) for target in targets)


def raised(occasion: Occasion) -> tuple[str, ...]:
    """Return the alarms that an occasion raises, the gravest first."""
    return tuple(text for rule in _RULES for text in rule(occasion))


def _stopped(on: Occasion) -> Iterator[str]:
    if on.stopped:
        yield f"The crawl stopped before its end: {on.stopped.rstrip('.')}."


def _unanswered(on: Occasion) -> Iterator[str]:
    """Everything failed, or far more of it than usual."""
    got = on.facts
    if got.failed and got.failed == got.requests:
        yield (
            f"Nothing of {on.portal} could be had: all {got.failed} requests failed. See whether a browser "
            "reaches the portal, and read the reasons in the report."
        )
        return
    usual = _usual(on.earlier, lambda f: _share(f.failed, f.requests))
    share = _share(got.failed, got.requests)
    if got.failed >= 5 and share > max(0.2, 3 * usual):
        yield (
            f"{got.failed} of {got.requests} requests failed ({share:.0%}; usual is {usual:.0%}). "
            "Read the reasons in the report; the pages are tried again by the next crawl."
        )


def _forbidden(on: Occasion) -> Iterator[str]:
    if on.facts.refused and on.facts.refused == on.facts.requests:
        yield (
            f"Nothing of {on.portal} may be fetched: all {on.facts.refused} requests were refused. Read its "
            "robots.txt and the reasons in the report, and ask the portal's owner if that is a mistake."
        )


def _challenged(on: Occasion) -> Iterator[str]:
    if on.facts.challenged:
        yield (
            f"A firewall answered {on.facts.challenged} of {on.facts.requests} requests in the portal's "
            "place. Crawl slower, or ask the portal's owner to let the crawler through."
        )


def _silent(on: Occasion) -> Iterator[str]:
    """No new article for longer than this portal ever pauses."""
    gaps = [_counted(later, earlier) for later, earlier in zip(on.news, on.news[1:], strict=False)]
    if not on.alarm_days or len(gaps) < _ENOUGH_GAPS:
        return
    # The longest pause shows how irregular the portal is, unless it was a failure that has passed.
    usual = min(max(gaps), 2.5 * quantiles(gaps, n=4)[-1])
    silent = _counted(on.today, on.news[0])
    if silent >= max(on.alarm_days, 2 * usual):
        yield (
            f"No new article for {(on.today - on.news[0]).days} days, since {on.news[0]}; usual are "
            f"{usual:.0f} at most. See whether the portal has new ones where its profile does not look."
        )


def _links_gone(on: Occasion) -> Iterator[str]:
    if on.article_links == 0:
        yield (
            "No listing leads to any article: the layout of the listings has changed, or their addresses. "
            "Compare them with the profile's [listing] and [article] rules."
        )


def _trapped(on: Occasion) -> Iterator[str]:
    """Far more addresses that nobody knew for each new article than ever before."""
    if len(on.earlier) < _ENOUGH_RUNS:
        return
    most = max(_per_article(f) for f in on.earlier)
    # Five requests an article are the most that querido-diario, a peer with 300 portals, lets pass.
    if on.facts.unseen >= 100 and _per_article(on.facts) > 5 * max(most, 1.0):
        yield (
            f"{on.facts.unseen} addresses were new and {on.facts.new} of them new articles; there were never "
            f"more than {most:.0f} an article. If they are a trap, exclude them in the profile."
        )


def _per_article(seen: Facts) -> float:
    return seen.unseen / max(seen.new, 1)


def _layout_changed(on: Occasion) -> Iterator[str]:
    """Article pages yield no text, or far less of it than usual."""
    if odd := _odd(on, lambda f: f.pages, lambda f: f.unreadable):
        yield f"{odd.count} of the last {odd.of} article pages yielded no text ({odd}). {_REDO}"
    recent, past = _recent(on, lambda f: len(f.texts), _ENOUGH_TEXTS)
    if min(len(recent.texts), len(past.texts)) < _ENOUGH_TEXTS:
        return
    now, usually = median(recent.texts), median(past.texts)
    if now < usually / 5:
        yield (
            f"The texts of the last {len(recent.texts)} articles have {now:.0f} characters in the middle; "
            f"usual are {usually:.0f}. {_REDO}"
        )


_REDO = (
    "The layout has changed. Mend the profile (`archive-search profile test` helps), then run "
    "`archive-search rebuild`: the pages are kept, nothing is lost."
)


def _parts_missing(on: Occasion) -> Iterator[str]:
    """Articles lack a part of their head that they used to have, whatever their text is like."""
    for part, lacking in _PARTS:
        if odd := _odd(on, lambda f: f.documents, lacking):
            yield f"{odd.count} of the last {odd.of} articles have no {part} ({odd}). {_REDO}"


_PARTS: tuple[tuple[str, Callable[[Facts], int]], ...] = (
    ("date", lambda f: f.undated),
    ("title", lambda f: f.untitled),
    ("byline", lambda f: f.unsigned),
)


def _garbled(on: Occasion) -> Iterator[str]:
    """Too many characters that could not be read."""
    got = on.facts
    usual = _usual(on.earlier, lambda f: _share(f.unread, sum(f.texts)))
    share = _share(got.unread, sum(got.texts))
    if got.unread >= 10 and share > max(0.001, 3 * usual):
        yield (
            f"{got.unread} characters could not be read ({share:.2%} of the text; usual is {usual:.2%}): the "
            "portal sends another character set than it says. The pages are kept as they were sent."
        )


_RULES: tuple[Callable[[Occasion], Iterator[str]], ...] = (
    _stopped,
    _unanswered,
    _forbidden,
    _challenged,
    _links_gone,
    _layout_changed,
    _parts_missing,
    _garbled,
    _trapped,
    _silent,
)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _usual(earlier: Sequence[Facts], measure: Callable[[Facts], float]) -> float:
    return median(measure(f) for f in earlier) if earlier else 0.0


@dataclass(frozen=True, slots=True)
class _Odd:
    """A share that is not what it used to be."""

    count: int
    of: int
    usual: float

    def __str__(self) -> str:
        return f"{self.count / self.of:.0%}; usual is {self.usual:.0%}"


def _odd(on: Occasion, whole: Callable[[Facts], int], part: Callable[[Facts], int]) -> _Odd | None:
    """Return a share of the newest pages if luck cannot explain that it is so much larger than before.

    A few pages are enough where it never happened before; where it often did, it takes more.
    """
    for enough in _ENOUGH_PAGES:
        recent, past = _recent(on, whole, enough)
        count, of, usual = part(recent), whole(recent), _share(part(past), whole(past))
        # Laplace's rule: who has seen little is sure of nothing.
        likely = (part(past) + 1) / (whole(past) + 2)
        if of >= enough and _share(count, of) > usual + 0.3 and _luck(count, of, likely) < _LUCK:
            return _Odd(count, of, usual)
    return None


def _luck(count: int, of: int, likely: float) -> float:
    """Return how likely at least so many are, each of which is that likely (binomial distribution)."""
    return sum(comb(of, n) * likely**n * (1 - likely) ** (of - n) for n in range(count, of + 1))


def _recent(on: Occasion, measure: Callable[[Facts], int], enough: int) -> tuple[Facts, Facts]:
    """Return this crawl, with as many before it as it takes to have enough, and all those before them."""
    crawls = (on.facts, *on.earlier)
    taken = count = 0
    # A crawl that brought nothing has nothing to say, and takes no other one along.
    if measure(on.facts):
        while count < enough and taken < len(crawls):
            count += measure(crawls[taken])
            taken += 1
    return _together(crawls[:taken]), _together(crawls[max(taken, 1) :])


def _together(crawls: Sequence[Facts]) -> Facts:
    """Return the sum of several crawls."""
    sums: dict[str, Any] = {
        f.name: sum(getattr(crawl, f.name) for crawl in crawls) for f in fields(Facts) if f.name != "texts"
    }
    return Facts(**sums, texts=tuple(size for crawl in crawls for size in crawl.texts))


def _counted(later: date, earlier: date) -> int:
    """Return the days from one to another, without those around the Lunar New Year, when nobody works."""
    days = (earlier + timedelta(days=n) for n in range(1, (later - earlier).days + 1))
    return sum(not _is_holiday(day) for day in days)


def _is_holiday(day: date) -> bool:
    return day.month <= 3 and -5 <= (day - tet(day.year)).days <= 10


# A mean new moon (Meeus, Astronomical Algorithms, 49.1) in days from 2000-01-06, and between two of them.
_FIRST_NEW_MOON = date(2000, 1, 6)
_AFTER_FIRST = 0.889
_LUNATION = 29.530588861


def tet(year: int) -> date:
    """Return the first day of the lunar year, to a day: the day of the new moon from 21 January on."""
    days = (date(year, 1, 21) - _FIRST_NEW_MOON).days - _AFTER_FIRST
    moons = -int(-days // _LUNATION)
    return _FIRST_NEW_MOON + timedelta(days=int(_AFTER_FIRST + moons * _LUNATION))
