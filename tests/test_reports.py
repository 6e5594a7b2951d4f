"""Reports of past runs, and how portals are doing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from conftest import make_capture
from reading_room import make_document
from sqlalchemy import insert, update

from archive_search.archive import Archive, articles, create, health, runs
from archive_search.archive.catalogue import articles as articles_table
from archive_search.archive.catalogue import frontier, hosts, timestamp
from archive_search.cli import main
from archive_search.config import load_config
from archive_search.pipeline import status
from archive_search.printing.health import status as status_text
from archive_search.printing.health import status_json
from archive_search.records import CaptureKind, Outcome

NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def folder(tmp_path):
    """An archive with one run that had every outcome."""
    create(tmp_path / "archive", ("sotttt-hanoi",))
    with Archive(load_config(tmp_path / "archive")) as archive:
        fill(archive)
    return tmp_path / "archive"


def fill(archive):
    with archive.writing() as db:
        run = runs.begin(db, "crawl", "sotttt-hanoi", NOON, machine="may-1")
    document = make_document("1", title=f"Kỳ họp {EVIL}")
    stored = archive.keep(make_capture(document.article.url, b"x" * 1_500_000, captured_at=NOON), run)
    with archive.writing() as db:
        articles.file(db, stored, document, is_print_view=False)
        runs.note(db, run, document.article.url, NOON, Outcome.NEW, kind=CaptureKind.ARTICLE)
        for outcome in Outcome:
            if outcome is not Outcome.NEW:
                runs.note(db, run, f"http://p.test/{outcome.name}", NOON, outcome, reason=f"why {EVIL}")
        runs.note(db, run, "javascript:alert(1)", NOON, Outcome.FAILED)
        end = NOON + timedelta(seconds=754)
        runs.finish(db, run, end, stopped="1000 pages", alarms=["No new article", EVIL])
    return run


def printed(folder, *args, code=0):
    result = CliRunner().invoke(main, ["-C", str(folder), "report", *args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def test_the_report_of_a_run_says_how_it_went_as_a_whole(folder):
    text = printed(folder)
    for part in ("Run 1: crawl of sotttt-hanoi", "754 s", "may-1", "1.5 MB", "1000 pages", "No new article"):
        assert part in text


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.NEW])
def test_the_report_lists_every_url_with_its_reason(folder, outcome):
    assert f"  http://p.test/{outcome.name}  (why {EVIL})\n" in printed(folder) + "\n"


def test_the_report_names_new_articles_by_their_titles(folder):
    assert f"ky-hop.html  Kỳ họp {EVIL}" in printed(folder)


def test_the_report_as_json_holds_every_url(folder):
    (report,) = json.loads(printed(folder, "1", "--format", "json"))
    assert report["bytes"] == 1_500_000
    assert (report["machine"], report["stopped"]) == ("may-1", "1000 pages")
    assert {url["outcome"] for url in report["urls"]} == {outcome.value for outcome in Outcome}
    assert report["urls"][0]["title"] == f"Kỳ họp {EVIL}"


def test_the_report_as_a_page_needs_nothing_else_and_holds_no_script(folder):
    soup = BeautifulSoup(printed(folder, "--format", "html"), "lxml")
    assert not soup.select("script, link, img, iframe, [onclick], [src]")
    assert soup.html["lang"] == "en"
    assert soup.h1.get_text() == "Run 1: crawl of sotttt-hanoi"
    assert EVIL in soup.select_one(".title").get_text()
    assert not [a for a in soup.select("a") if not a["href"].startswith("http")]
    names = {e["id"] for e in soup.select("[id]")}
    assert {e["aria-labelledby"] for e in soup.select("[aria-labelledby]")} <= names


def test_what_needs_a_look_comes_first_in_a_report(folder):
    soup = BeautifulSoup(printed(folder, "--format", "html"), "lxml")
    headings = [heading.get_text() for heading in soup.select("h2")]
    assert headings[:3] == ["Alarms", "Failed (2)", "Challenged: a firewall answered (1)"]
    assert len(headings) == 1 + len(Outcome)


def test_a_run_that_was_never_made_is_a_usage_error(folder):
    assert printed(folder, "99", code=2) == ""


def test_an_archive_without_runs_has_no_report(tmp_path):
    create(tmp_path / "archive")
    assert printed(tmp_path / "archive") == "\n"
    assert json.loads(printed(tmp_path / "archive", "--format", "json")) == []


def test_failures_are_what_failed_or_was_challenged(folder):
    with Archive(load_config(folder)) as archive, archive.reading() as db:
        report = runs.report(db, 1)
    assert report.failures == 3
    assert {problem.outcome for problem in report.problems} == {
        Outcome.FAILED,
        Outcome.CHALLENGED,
        Outcome.REFUSED,
        Outcome.GONE,
        Outcome.ABSENT,
        Outcome.MISSING,
    }


class NoIndex:
    """An engine that has indexed nothing."""

    def versions(self):
        return {}


class At:
    """A clock that stands."""

    def now(self):
        return NOON + timedelta(days=9)


def queue(db, n, **given):
    row = {"portal": "sotttt-hanoi", "key": str(n), "url": f"http://p.test/{n}", "priority": 1}
    db.execute(insert(frontier).values({"state": "done", **row, **given}))


@pytest.fixture
def state(folder):
    with Archive(load_config(folder)) as archive:
        now = At().now()
        with archive.writing() as db:
            queue(db, 1, state="queued")
            queue(db, 2, due_at=timestamp(now - timedelta(hours=1)))
            queue(db, 3, due_at=timestamp(now + timedelta(hours=5)))
            queue(db, 4, due_at=timestamp(now + timedelta(hours=2)))
            row = {"host": "sotttt.hanoi.gov.vn", "not_before": timestamp(now + timedelta(hours=1))}
            db.execute(insert(hosts).values(row))
            db.execute(insert(hosts).values({**row, "host": "other.test"}))
        yield status(archive, NoIndex(), At())


def test_status_says_how_a_portal_is_doing(state):
    (portal,) = status_json(state)["health"]
    assert portal == {
        "portal": "sotttt-hanoi",
        "last_run": 1,
        "last_good": None,
        "last_new_article": "2026-08-03",
        "days_since_new_article": 9,
        "articles": {"live": 1, "absent": 0, "gone": 0},
        "urls": {"known": 4, "due": 2},
        "next_due": "2026-08-12T14:00:00+00:00",
        "waiting": {"sotttt.hanoi.gov.vn": "2026-08-12T13:00:00+00:00"},
        "alarms": ["No new article", EVIL],
    }


def test_status_as_text_says_the_same(state):
    text = status_text(state)
    for part in ("9 days ago", "1 live, 0 absent, 0 gone", "4, of which 2 due now", "ALARM: No new article"):
        assert part in text
    assert "waiting for sotttt.hanoi.gov.vn until 2026-08-12 13:00 UTC" in text


@pytest.mark.parametrize(
    ("column", "held"), [("absent_at", (0, 1, 0)), ("gone_at", (0, 0, 1)), (None, (1, 0, 0))]
)
def test_articles_are_counted_as_live_absent_or_gone(folder, column, held):
    with Archive(load_config(folder)) as archive, archive.writing() as db:
        if column:
            db.execute(update(articles_table).values({column: timestamp(NOON)}))
        found = health.of_portal(db, "sotttt-hanoi", NOON, {})
    assert (found.live, found.absent, found.gone) == held


def test_a_portal_that_was_never_crawled_says_so(tmp_path):
    create(tmp_path / "archive", ("thuongtin",))
    with Archive(load_config(tmp_path / "archive")) as archive:
        assert "thuongtin: not crawled yet" in status_text(status(archive, NoIndex()))
