"""Alarms over simulated histories: a portal as it is day by day, and what its crawls make of it."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from conftest import make_capture
from reading_room import make_document
from sqlalchemy import update

from archive_search.archive import articles, facts, runs
from archive_search.archive import captures as kept
from archive_search.archive.catalogue import captures as captures_table
from archive_search.archive.facts import Facts
from archive_search.pipeline.alarms import Occasion, attend, raised, tet
from archive_search.portals import ArticleRule, ListingRule, Profile
from archive_search.records import CaptureKind, Outcome

MONDAY = date(2026, 8, 3)
FIRST = Facts(requests=320, new=300, unseen=310, pages=300, texts=(3000,) * 300, documents=300, unsigned=90)


def crawl(new=3, *, pages=None, texts=None, **changes):
    """Return an ordinary crawl of a portal that has so many new articles."""
    pages = new + 1 if pages is None else pages
    return (
        Facts(
            requests=40,
            new=new,
            unseen=new + 1,
            pages=pages,
            texts=(2000, 4000, 3000, 2500)[: pages % 5] if texts is None else texts,
            documents=pages,
            unsigned=pages // 3,
        )
        if not changes
        else replace(crawl(new, pages=pages, texts=texts), **changes)
    )


class History:
    """The crawls of a portal, one a day, and the alarms of each."""

    def __init__(self, start=MONDAY, first=FIRST):
        self.day = start
        self.crawls = []
        self.news = []
        self.alarms = []
        self.add(first)

    def add(self, found, **more):
        if found.new:
            self.news.insert(0, self.day)
        self.alarms = raised(
            Occasion(
                portal="Thường Tín",
                today=self.day,
                facts=found,
                earlier=tuple(self.crawls[:30]),
                news=tuple(self.news[:21]),
                **({"article_links": 20} | more),
            )
        )
        self.crawls.insert(0, found)
        self.day += timedelta(days=1)
        return self.alarms

    def pass_days(self, count, new=lambda day: 0 if day.weekday() >= 5 else 3):
        return [alarm for _ in range(count) for alarm in self.add(crawl(new(self.day)))]


def test_a_first_crawl_raises_no_alarm():
    assert History().alarms == ()


def test_a_first_crawl_of_a_portal_without_articles_raises_no_alarm_but_for_its_listings():
    empty = Facts(requests=3, unseen=3)
    assert History(first=empty).alarms == ()
    assert "No listing leads" in History().add(empty, article_links=0)[0]


def test_a_year_with_weekends_and_holidays_raises_no_alarm():
    assert History().pass_days(365) == []


def test_a_year_of_a_portal_with_an_article_now_and_then_raises_no_alarm():
    luck = random.Random(1)
    assert History().pass_days(365, lambda day: int(luck.random() < 0.25)) == []


def test_a_silence_that_has_passed_does_not_make_the_next_one_last_longer():
    history = grown()
    history.pass_days(25, lambda day: 0)
    history.pass_days(12)
    days = [history.add(crawl(0)) for _ in range(20)]
    assert next(n for n, alarms in enumerate(days, 1) if alarms) < 15


@pytest.mark.parametrize("year", [2025, 2026, 2027, 2028])
def test_the_lunar_new_year_is_no_silence(year):
    quiet = {tet(year) + timedelta(days=n) for n in range(-4, 9)}
    history = History(start=tet(year) - timedelta(days=45))
    assert history.pass_days(90, lambda day: 0 if day in quiet or day.weekday() >= 5 else 3) == []


@pytest.mark.parametrize(
    ("year", "day"),
    [(2007, "02-17"), (2020, "01-25"), (2024, "02-10"), (2025, "01-29"), (2026, "02-17"), (2034, "02-19")],
)
def test_the_first_day_of_the_lunar_year_is_right_to_a_day(year, day):
    assert abs((tet(year) - date.fromisoformat(f"{year}-{day}")).days) <= 1


def test_silence_is_told_after_so_many_days_and_every_day_until_it_ends():
    history = History()
    history.pass_days(32)
    days = [history.add(crawl(0)) for _ in range(60)]
    told = [n for n, alarms in enumerate(days, 1) if alarms]
    assert told == list(range(7, 61))
    assert "No new article for 7 days, since 2026-09-04" in days[6][0]
    assert history.add(crawl(2)) == ()


def test_silence_counts_against_the_usual_pauses_of_the_portal():
    history = History()
    assert history.pass_days(70, lambda day: int(day.weekday() == 2)) == []
    days = [history.add(crawl(0)) for _ in range(30)]
    assert next(n for n, alarms in enumerate(days, 1) if alarms) in range(8, 15)


def test_silence_is_not_told_where_it_is_switched_off():
    on = Occasion(
        portal="p",
        today=date(2026, 9, 30),
        facts=crawl(0),
        news=[date(2026, 8, 5), date(2026, 8, 4), date(2026, 8, 3)],
    )
    assert raised(on)
    assert raised(replace(on, alarm_days=0)) == ()


def grown(days=40):
    history = History()
    history.pass_days(days)
    return history


@pytest.mark.parametrize(
    ("found", "more", "words"),
    [
        (crawl(0, requests=40, failed=40), {}, "Nothing of Thường Tín could be had: all 40 requests failed"),
        (crawl(0, failed=15), {}, "15 of 40 requests failed (38%; usual is 0%)"),
        (crawl(0, refused=40), {}, "may be fetched: all 40 requests were refused"),
        (crawl(0, challenged=1), {}, "A firewall answered 1 of 40"),
        (crawl(0), {"article_links": 0}, "No listing leads to any article"),
        (crawl(0), {"stopped": "the disk is full"}, "stopped before its end: the disk is full"),
        (crawl(9, pages=10, unreadable=10, texts=()), {}, "10 of the last 10 article pages yielded no text"),
        (crawl(9, pages=10, texts=(120,) * 10), {}, "have 120 characters in the middle; usual are"),
        (crawl(9, pages=10, documents=10, undated=9), {}, "9 of the last 10 articles have no date (90%"),
        (crawl(9, pages=10, documents=10, untitled=8), {}, "have no title"),
        (crawl(9, pages=10, documents=10, unsigned=10), {}, "have no byline (100%; usual is"),
        (crawl(9, texts=(3000,) * 9, unread=300), {}, "300 characters could not be read (1.11% of the text"),
        (crawl(2, requests=900, unseen=800), {}, "800 addresses were new and 2 of them new articles"),
    ],
)
def test_what_goes_wrong_raises_one_alarm_that_says_so(found, more, words):
    alarms = grown().add(found, **more)
    assert [words in alarm for alarm in alarms] == [True]


@pytest.mark.parametrize(
    "found",
    [
        crawl(3, failed=4),
        crawl(0, refused=12),
        crawl(9, pages=10, unreadable=2),
        crawl(9, pages=10, texts=(900,) * 10),
        crawl(9, pages=10, documents=10, undated=3),
        crawl(9, texts=(3000,) * 9, unread=9),
        crawl(60, requests=90, unseen=80),
        crawl(1, requests=1200, pages=1100),
    ],
    ids=[
        "few fail",
        "some refused",
        "two unreadable",
        "short texts",
        "some undated",
        "few unread",
        "many new",
        "all are asked again",
    ],
)
def test_what_varies_raises_no_alarm(found):
    assert grown().add(found) == ()


def test_a_changed_layout_is_told_by_the_crawls_of_a_small_portal_together():
    history = grown()
    broken = [history.add(crawl(0, pages=1, unreadable=1, texts=(), documents=0)) for _ in range(6)]
    told = [n for n, alarms in enumerate(broken, 1) if any("layout has changed" in a for a in alarms)]
    assert told
    assert told[0] <= 5


def test_a_portal_that_recovers_is_quiet_again():
    history = grown()
    for _ in range(3):
        assert history.add(crawl(0, failed=40))
    assert history.pass_days(30) == []


def test_characters_that_were_always_unreadable_are_told_once_they_are_more():
    history = History(first=replace(FIRST, unread=3000))
    for _ in range(10):
        assert history.add(crawl(3, texts=(3000,) * 4, unread=30)) == ()
    assert history.add(crawl(3, texts=(3000,) * 4, unread=300))


# From the catalogue.

NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)


def visit(archive, run, url, outcome, kind=CaptureKind.ARTICLE, at=NOON):
    with archive.writing() as db:
        runs.note(db, run, url, at, outcome, kind=kind)


def begun(archive, at=NOON, portal="sotttt-hanoi"):
    with archive.writing() as db:
        return runs.begin(db, "crawl", portal, at)


def filed(archive, run, number, **given):
    """File an article in a run, as its crawl would."""
    document = make_document(number, **given)
    stored = archive.keep(make_capture(document.article.url, number.encode()), run)
    with archive.writing() as db:
        articles.file(db, stored, document, is_print_view=False)
        size = update(captures_table).where(captures_table.c.id == stored.id)
        db.execute(size.values(text_size=1000, unread=2))
    visit(archive, run, document.article.url, Outcome.NEW)


def test_the_facts_of_a_run_are_counted_from_the_catalogue(archive):
    run = begun(archive)
    filed(archive, run, "1")
    filed(archive, run, "2", published_at=None, byline="Lan Anh")
    visit(archive, run, "http://p.test/robots.txt", Outcome.NEW, None)
    visit(archive, run, "http://p.test/3", Outcome.FAILED, None)
    visit(archive, run, "http://p.test/4", Outcome.CHALLENGED, None)
    visit(archive, run, "http://p.test/tin", Outcome.NEW, CaptureKind.LISTING)
    with archive.reading() as db:
        assert facts.of_run(db, run) == Facts(
            requests=5,
            new=2,
            unseen=3,
            failed=1,
            challenged=1,
            pages=2,
            unread=4,
            texts=(1000, 1000),
            documents=2,
            undated=1,
            unsigned=1,
        )


def test_a_portal_whose_robots_txt_cannot_be_had_gave_nothing(archive):
    run = begun(archive, portal="p")
    visit(archive, run, "http://p.test/robots.txt", Outcome.FAILED, None)
    with archive.writing() as db:
        runs.finish(db, run, NOON)
    assert "Nothing of Cổng could be had" in attend(archive, PROFILE, run).alarms[0]


def test_sizes_that_nobody_entered_are_left_out(archive):
    run = begun(archive)
    filed(archive, run, "1")
    with archive.writing() as db:
        db.execute(update(captures_table).values(text_size=None, unread=None))
        assert (facts.of_run(db, run).texts, facts.of_run(db, run).unread) == ((), 0)


def test_the_baseline_is_thirty_days_and_ten_runs_of_the_portal_that_ended(archive):
    daily = [begun(archive, NOON + timedelta(days=n)) for n in range(40)]
    begun(archive, NOON, portal="thuongtin")
    with archive.writing() as db:
        for run in daily[:-1]:
            runs.finish(db, run, NOON)
        assert len(facts.before(db, daily[-1])) == 30
        assert len(facts.before(db, daily[5])) == 5


def test_ten_runs_are_compared_even_if_they_are_older(archive):
    weekly = [begun(archive, NOON + timedelta(weeks=n)) for n in range(20)]
    with archive.writing() as db:
        for run in weekly:
            runs.finish(db, run, NOON)
        assert len(facts.before(db, weekly[-1])) == 10


def test_the_days_with_news_are_those_that_brought_articles(archive):
    run = begun(archive)
    visit(archive, run, "http://p.test/1", Outcome.NEW)
    visit(archive, run, "http://p.test/2", Outcome.NEW, at=NOON + timedelta(days=2))
    visit(archive, run, "http://p.test/3", Outcome.UNCHANGED, at=NOON + timedelta(days=3))
    visit(archive, run, "http://p.test/tin", Outcome.NEW, CaptureKind.LISTING, NOON + timedelta(days=4))
    with archive.reading() as db:
        assert facts.days_with_news(db, "sotttt-hanoi") == (date(2026, 8, 5), date(2026, 8, 3))


PROFILE = Profile(
    name="p",
    label="Cổng",
    hosts=("p.test",),
    seeds=("http://p.test/",),
    article=ArticleRule(url=r"/tin/(?P<number>\d+)"),
    listing=ListingRule(url=r"/muc/\d+"),
)
NOTHING = "<p>Trang chủ</p>"
ARTICLES = '<a href="/tin/1">Kỳ họp</a>'
LISTINGS = '<a href="/muc/1">Tin tức</a>'


def crawled(archive, day, html):
    """Attend a crawl that got the portal's front page."""
    at = NOON + timedelta(days=day)
    run = begun(archive, at, portal="p")
    stored = archive.keep(make_capture(PROFILE.seeds[0], html.encode(), captured_at=at), run)
    with archive.writing() as db:
        kept.settle(db, stored.id, CaptureKind.LISTING)
        runs.finish(db, run, at)
    return attend(archive, PROFILE, run)


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ([NOTHING], [True]),
        ([LISTINGS, LISTINGS + NOTHING], [False, False]),
        ([ARTICLES, ARTICLES + NOTHING], [False, False]),
        ([ARTICLES, LISTINGS, NOTHING, ARTICLES], [False, True, True, False]),
        ([LISTINGS, NOTHING], [False, False]),
    ],
)
def test_listings_that_lead_nowhere_are_told_where_they_led_to_articles_before(archive, pages, told):
    reports = [crawled(archive, day, html) for day, html in enumerate(pages)]
    assert [any("No listing leads" in alarm for alarm in report.alarms) for report in reports] == told


def test_the_alarms_of_a_run_are_entered_with_it(archive):
    report = crawled(archive, 0, NOTHING)
    assert len(report.alarms) == 1
    with archive.reading() as db:
        assert runs.report(db, report.run) == report
        assert facts.last_good(db, "p") is None


def test_a_crawl_without_alarms_is_the_last_good_one(archive):
    run = begun(archive, portal="p")
    with archive.writing() as db:
        runs.finish(db, run, NOON)
    assert attend(archive, PROFILE, run).alarms == ()
    with archive.reading() as db:
        assert facts.last_good(db, "p") == NOON
