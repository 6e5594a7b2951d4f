"""Tombstones: which articles a portal has withdrawn, by its captures and by the settings alone.

One missing page says little: servers fail, firewalls answer 404, articles come back. Therefore

* an address is absent from the first 404 or 410 after it was last there; a redirect to a listing or to
  a page that says "not found" counts like one. What says nothing of the page, as a 500, a firewall's
  page or a body that broke off, is passed over;
* it is lost by the third such observation, a day or more after the one before, a week or more after
  the first;
* an article is lost with the last of its addresses; one that redirects to an article has moved, and
  does not count;
* an article that is lost gets a tombstone, unless more than half of its portal went absent within a
  month of it: then somebody has to say first that the portal is closed.

All of it is worked out anew from captures, so that a rebuild comes to the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, update

from archive_search.archive.captures import twins
from archive_search.archive.catalogue import articles, captures, moment, timestamp
from archive_search.identity import url_key
from archive_search.records import CaptureKind

GONE = (404, 410)
"""Statuses that say a page is no longer there (RFC 9110, 15.5.5 and 15.5.11)."""

OBSERVATIONS = 3
SPACING = timedelta(days=1)
SPAN = timedelta(days=7)
WINDOW = timedelta(days=30)


class Sight(Enum):
    """What a capture says of an address."""

    PRESENT = "present"
    ABSENT = "absent"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Since when something is not there, and when that had been seen often enough, if it has."""

    since: datetime
    lost_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A portal too much of which is absent at once: how many articles, of how many it had."""

    portal: str
    absent: int
    live: int


class Seen(NamedTuple):
    """When a capture was made, and what it says."""

    at: datetime
    sight: Sight


def absence(seen: Iterable[Seen]) -> Absence | None:
    """Return how an address is absent after these captures, the oldest first; None if it is not."""
    since = last = lost_at = None
    count = 0
    for at, sight in seen:
        if sight is not Sight.ABSENT:
            since = last = lost_at = None
            count = 0
        elif last is None or at - last >= SPACING:
            since, last, count = since or at, at, count + 1
            if lost_at is None and count >= OBSERVATIONS and at - since >= SPAN:
                lost_at = at
    return Absence(since=since, lost_at=lost_at) if since else None


def absence_of_url(db: Connection, url: str, *, before: int | None = None) -> Absence | None:
    """Return how a URL is absent, by its captures (those entered before capture id `before`)."""
    return absence(_sights(db, [url], before).get(url_key(url), ()))


def absence_of_article(db: Connection, urls: Collection[str]) -> Absence | None:
    """Return how an article is absent that was shown at these URLs; None if it still is at one."""
    both = {either for url in urls for either in twins(url)}
    # Not all variants of an address are asked for again; what one of them says holds for the page.
    pages = [seen for seen in _sights(db, both).values() if seen[-1].sight is not Sight.MOVED]
    absences = [absence(seen) for seen in pages]
    found = [one for one in absences if one]
    if not found or len(found) < len(absences):
        return None
    lost = [one.lost_at for one in found if one.lost_at]
    return Absence(
        since=max(one.since for one in found), lost_at=max(lost) if len(lost) == len(found) else None
    )


def _sights(db: Connection, urls: Collection[str], before: int | None = None) -> dict[str, list[Seen]]:
    """Return what captures of the URLs say, the oldest first, by the URL's key."""
    c = captures.c
    query = select(c.url, c.captured_at, c.status, c.kind).where(c.url.in_(sorted(urls)))
    if before is not None:
        query = query.where(c.id < before)
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    # Not by id, which a rebuild gives anew.
    for row in db.execute(query.order_by(c.captured_at, c.warc_file, c.warc_offset)):
        if sight := _sight(row.status, row.kind):
            found[url_key(row.url)].append(Seen(moment(row.captured_at), sight))
    return found


def _sight(status: int, kind: str | None) -> Sight | None:
    """Return what a capture says of its URL, or None for one that says nothing."""
    if kind in (CaptureKind.CHALLENGED, CaptureKind.TRUNCATED):
        return None
    if status in GONE:
        return Sight.ABSENT
    if 300 <= status < 400 and status != 304:
        # Where it leads is known to who settled it.
        return Sight.ABSENT if kind == CaptureKind.ERROR else Sight.MOVED
    return Sight.PRESENT if status in (200, 304) else None


def judge(db: Connection, closed: Collection[str]) -> dict[str, Doubt]:
    """Write down which articles have a tombstone; return the portals that are doubted, by name.

    `closed` are the portals of which nothing is doubted.
    """
    lost = select(articles.c.portal).where(articles.c.lost_at.is_not(None)).distinct()
    doubts = {name: judge_portal(db, name, closed) for name in sorted(db.execute(lost).scalars())}
    return {name: doubt for name, doubt in doubts.items() if doubt}


class _Absent(NamedTuple):
    id: str
    since: datetime
    is_lost: bool
    gone_at: str | None


def judge_article(db: Connection, article: str, closed: Collection[str]) -> Doubt | None:
    """Write down that a lost article has a tombstone, or return why it has none.

    It is what `judge_portal` comes to for this article. It costs a few counts and not a look at all others,
    whom that one has still to judge: more absences may bring others into doubt.
    """
    c = articles.c
    row = db.execute(select(c.portal, c.absent_at).where(c.id == article)).one()
    since = moment(row.absent_at)
    doubt = None if row.portal in closed else _doubt_of(db, row.portal, since)
    if doubt is None:
        db.execute(update(articles).where(c.id == article).values(gone_at=row.absent_at))
    return doubt


def _doubt_of(db: Connection, portal: str, since: datetime) -> Doubt | None:
    c = articles.c
    begin, end = timestamp(since - WINDOW), timestamp(since + WINDOW)

    def count(*conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).where(c.portal == portal, *conditions)
        return int(db.execute(query.select_from(articles)).scalar_one())

    absent = count(c.absent_at >= begin, c.absent_at <= end)
    live = count(c.seen_at <= end) - count(c.lost_at.is_not(None), c.absent_at < begin)
    return Doubt(portal=portal, absent=absent, live=live) if 2 * absent > live else None


def judge_portal(db: Connection, portal: str, closed: Collection[str]) -> Doubt | None:
    """Write down which articles of a portal have a tombstone; return why some have none, or None."""
    absent = _absent(db, portal)
    counts = _Counts(absent, _first_seen(db, portal))
    doubts = []
    for one in absent:
        if not one.is_lost:
            continue
        doubt = None if portal in closed else counts.doubt(portal, one.since)
        if doubt:
            doubts.append(doubt)
        gone_at = None if doubt else timestamp(one.since)
        if gone_at != one.gone_at:
            db.execute(update(articles).where(articles.c.id == one.id).values(gone_at=gone_at))
    return max(doubts, key=lambda doubt: doubt.absent, default=None)


def _absent(db: Connection, portal: str) -> list[_Absent]:
    c = articles.c
    query = select(c.id, c.absent_at, c.lost_at, c.gone_at)
    here = query.where(c.portal == portal, c.absent_at.is_not(None)).order_by(c.absent_at, c.id)
    return [
        _Absent(row.id, moment(row.absent_at), row.lost_at is not None, row.gone_at)
        for row in db.execute(here)
    ]


def _first_seen(db: Connection, portal: str) -> list[datetime]:
    at = articles.c.seen_at
    query = select(at).where(articles.c.portal == portal, at.is_not(None)).order_by(at)
    return [moment(written) for written in db.execute(query).scalars()]


class _Counts:
    """A portal's articles in the order of time: when each was first seen, since when each is absent."""

    def __init__(self, absent: Sequence[_Absent], seen: Sequence[datetime]) -> None:
        self._seen = seen
        self._since = [one.since for one in absent]
        self._lost = [one.since for one in absent if one.is_lost]

    def doubt(self, portal: str, since: datetime) -> Doubt | None:
        """Return the doubt about an article that is absent since then, if there is one."""
        begin, end = since - WINDOW, since + WINDOW
        absent = bisect_right(self._since, end) - bisect_left(self._since, begin)
        live = bisect_right(self._seen, end) - bisect_left(self._lost, begin)
        return Doubt(portal=portal, absent=absent, live=live) if 2 * absent > live else None
