"""What is no longer there: absent at first, lost after three spaced observations, doubted in masses."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from conftest import make_capture
from crawling import BEGINNING
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from archive_search.archive import Archive, articles, captures, catalogue, create, gone
from archive_search.archive.gone import Absence, Seen, Sight, absence
from archive_search.config import load_config
from archive_search.pipeline.indexing import rebuild
from archive_search.pipeline.profiles import Profiles
from archive_search.pipeline.receiving import settle
from archive_search.records import CaptureKind, Outcome

DAY = timedelta(days=1)
HOST = "http://portal.test"
PROFILE = """
name = "portal"
label = "Portal"
hosts = ["portal.test"]
seeds = ["http://portal.test/moi"]
[article]
url = '^/tin/(?P<number>\\d+)'
[listing]
url = '^/(?:moi|cu)$'
[select]
title = "h1"
body = ".body"
"""
HTML = ("Content-Type", "text/html; charset=UTF-8")


class Portal:
    """A portal's captures, taken in one by one."""

    def __init__(self, folder, closed=()):
        create(folder)
        (folder / "portals" / "portal.toml").write_text(PROFILE)
        (folder / "archive.toml").write_text(f"closed = {list(closed)}")
        self.archive = Archive(load_config(folder))
        self.profile = Profiles(folder / "portals").of(HOST)

    def take(self, path, day, status=200, text="Huyện ủy họp bàn", to=None, **more):
        """Take in what the server answered on a day of this path; return what that brought."""
        headers = (HTML, ("Location", to)) if to else (HTML,)
        body = f"<h1>Tin số {path[5:6]}</h1><div class=body><p>{text}</p></div>" if status == 200 else ""
        capture = make_capture(
            HOST + path, body.encode(), status=status, headers=headers, captured_at=BEGINNING + day * DAY
        )
        stored = self.archive.keep(capture, None)
        with self.archive.writing() as db:
            return settle(db, stored, capture, self.profile, self.archive.config.closed)

    def judge(self):
        with self.archive.writing() as db:
            return gone.judge(db, self.archive.config.closed)

    def state(self):
        """Return all that is derived of every article."""
        table = catalogue.articles.c
        with self.archive.reading() as db:
            return db.execute(select(table).order_by(table.id)).all()

    def tombstones(self):
        with self.archive.reading() as db:
            shown = {d.article.number: articles.find(db, d.article.id) for d in articles.documents(db)}
        return {number: article.gone_at for number, article in shown.items() if article.gone_at}


@pytest.fixture
def portal(tmp_path):
    """A portal with ten articles, all there on day 0."""
    portal = Portal(tmp_path / "archive")
    for number in range(10):
        portal.take(f"/tin/{number}", 0)
    yield portal
    portal.archive.close()


def articles_absent(portal):
    return {row.url for row in portal.state() if row.absent_at}


def outcomes(portal, path, *days, status=404, **more):
    return [portal.take(path, day, status, **more).outcome.value for day in days]


# ------------------------------------------------------------------------------- one address by itself


def seen(*days, absent=True):
    return [Seen(BEGINNING + day * DAY, Sight.ABSENT if absent else Sight.PRESENT) for day in days]


def lost_after(*days):
    found = absence(seen(*days))
    return None if found.lost_at is None else (found.lost_at - BEGINNING) / DAY


@pytest.mark.parametrize(
    ("days", "lost"),
    [
        ((1,), None),
        ((1, 9), None),  # two
        ((1, 3, 7.9), None),  # three in less than a week
        ((1, 1.5, 1.9, 8), None),  # three on one day are one
        ((1, 3, 8), 8),
        ((1, 2, 3, 4, 5, 6, 7, 8), 8),
        ((1, 3, 8, 20), 8),  # what comes later does not change when
    ],
)
def test_an_address_is_lost_by_the_third_spaced_observation(days, lost):
    assert lost_after(*days) == lost


def test_an_absence_begins_anew_after_the_page_was_there():
    assert absence(seen(1, 5) + seen(6, absent=False) + seen(9)) == Absence(since=BEGINNING + 9 * DAY)
    assert absence(seen(1, 5, 9) + seen(10, absent=False)) is None


# --------------------------------------------------------------------------------------- an article


def test_an_article_is_absent_twice_then_gone_then_still_gone(portal):
    assert outcomes(portal, "/tin/1", 1, 5, 9, 12) == ["absent", "absent", "gone", "still gone"]
    assert portal.tombstones() == {"1": BEGINNING + DAY}


def test_410_counts_like_404(portal):
    assert outcomes(portal, "/tin/1", 1, 5, 9, status=410)[-1] == "gone"


def test_an_article_that_is_gone_stays_readable_with_all_its_versions(portal):
    portal.take("/tin/1", 1, text="Đã sửa một lỗi")
    outcomes(portal, "/tin/1", 2, 6, 10)
    with portal.archive.reading() as db:
        (article,) = [d.article for d in articles.documents(db) if d.article.number == "1"]
        versions = {capture.version for capture in captures.of_article(db, article.id)}
    assert article.blocks[0].text == "Đã sửa một lỗi"
    assert len(versions) == 2


def test_an_article_that_reappears_is_live_again_and_its_history_stays(portal):
    outcomes(portal, "/tin/1", 1, 5, 9)
    assert portal.take("/tin/1", 12).outcome is Outcome.UNCHANGED
    assert portal.tombstones() == {}
    assert outcomes(portal, "/tin/1", 13, 17, 21) == ["absent", "absent", "gone"]
    assert portal.tombstones() == {"1": BEGINNING + 13 * DAY}


def test_an_article_is_live_again_when_the_server_says_it_has_not_changed(portal):
    outcomes(portal, "/tin/1", 1, 5, 9)
    assert portal.take("/tin/1", 12, 304).outcome is Outcome.UNCHANGED
    assert portal.tombstones() == {}


@pytest.mark.parametrize("status", [500, 503, 403, 429])
def test_a_server_that_fails_makes_nothing_absent(portal, status):
    assert outcomes(portal, "/tin/1", 1, 5, 9, status=status) == ["failed"] * 3
    assert articles_absent(portal) == set()


def test_a_failure_between_two_observations_is_passed_over(portal):
    outcomes(portal, "/tin/1", 1, 5)
    portal.take("/tin/1", 7, 500)
    assert outcomes(portal, "/tin/1", 9) == ["gone"]


def test_a_firewalls_404_in_the_portals_place_makes_nothing_absent(portal):
    (article,) = [row[0] for row in portal.state() if row.url == f"{HOST}/tin/1"]
    for day in (1, 5, 9):
        capture = make_capture(f"{HOST}/tin/1", b"", status=404, captured_at=BEGINNING + day * DAY)
        stored = portal.archive.keep(capture, None)
        with portal.archive.writing() as db:
            captures.settle(db, stored.id, CaptureKind.CHALLENGED)
            articles.refresh(db, article)
    assert articles_absent(portal) == set()


def test_a_challenge_is_no_page_of_the_portal(portal):
    before = portal.state()
    headers = (HTML, ("cf-mitigated", "challenge"))
    capture = make_capture(f"{HOST}/tin/1", b"", status=403, headers=headers, captured_at=BEGINNING + DAY)
    stored = portal.archive.keep(capture, None)
    with portal.archive.writing() as db:
        receipt = settle(db, stored, capture, portal.profile)
    assert (receipt.kind, receipt.outcome) == (CaptureKind.CHALLENGED, Outcome.CHALLENGED)
    assert portal.state() == before


def test_an_article_with_two_addresses_is_gone_with_the_second(portal):
    portal.take("/tin/1-khac", 0)
    outcomes(portal, "/tin/1", 1, 5, 9)
    assert portal.tombstones() == {}
    assert outcomes(portal, "/tin/1-khac", 2, 6, 10)[-1] == "gone"
    assert portal.tombstones() == {"1": BEGINNING + 2 * DAY}


def test_an_article_seen_over_http_is_gone_when_it_is_over_https(portal):
    capture = make_capture("https://portal.test/tin/1", status=404)
    for day in (1, 5, 9):
        absent = make_capture(capture.url, b"", status=404, captured_at=BEGINNING + day * DAY)
        stored = portal.archive.keep(absent, None)
        with portal.archive.writing() as db:
            receipt = settle(db, stored, absent, portal.profile)
    assert receipt.outcome is Outcome.GONE


def test_an_article_that_moved_is_one_article_and_is_not_gone(portal):
    assert outcomes(portal, "/tin/1", 1, status=301, to="/tin/1-moi") == ["redirected"]
    assert portal.take("/tin/1-moi", 1).outcome is Outcome.DUPLICATE
    outcomes(portal, "/tin/1", 5, 9, 13, status=301, to="/tin/1-moi")
    assert portal.tombstones() == {}
    assert len(portal.state()) == 10


def test_an_article_that_moved_and_is_lost_there_is_gone_although_its_old_address_redirects(portal):
    portal.take("/tin/1", 1, 301, to="/tin/1-moi")
    portal.take("/tin/1-moi", 1)
    portal.take("/tin/1", 8, 301, to="/tin/1-moi")
    assert outcomes(portal, "/tin/1-moi", 2, 6, 10)[-1] == "gone"


@pytest.mark.parametrize(
    "to", ["/", "/moi", "/cu", "/index.html", "/loi/404", "http://portal.test/khong-tim-thay"]
)
def test_a_redirect_to_a_listing_or_an_error_page_counts_like_404(portal, to):
    assert outcomes(portal, "/tin/1", 1, 5, 9, status=302, to=to) == ["absent", "absent", "gone"]


@pytest.mark.parametrize(
    "to", ["/tin/1", "https://portal.test/tin/1", "/dang-nhap", "http://new.test/", "http://[", ""]
)
def test_a_redirect_to_anything_else_says_nothing_of_the_article(portal, to):
    assert outcomes(portal, "/tin/1", 1, 5, 9, status=302, to=to) == ["redirected"] * 3
    assert portal.tombstones() == {}


@pytest.mark.parametrize(
    "text", ["", "Không tìm thấy trang bạn yêu cầu.", "Bài viết không tồn tại hoặc đã bị xóa."]
)
def test_a_page_that_says_with_status_200_that_it_is_missing_replaces_no_version(portal, text):
    before = portal.state()
    receipt = portal.take("/tin/1", 1, text=text)
    assert (receipt.kind, receipt.outcome) == (CaptureKind.UNREADABLE, Outcome.FAILED)
    assert portal.state() == before


@pytest.mark.parametrize(
    "text",
    ["Công an không tìm thấy nạn nhân trong đêm.", "Tin " + "rất dài. " * 60 + "Bài viết không tồn tại."],
)
def test_news_of_what_was_not_found_are_news(portal, text):
    assert portal.take("/tin/1", 1, text=text).outcome is Outcome.CHANGED


def test_pages_that_are_no_articles_are_gone_by_the_same_rule(portal):
    portal.take("/moi", 0)
    assert outcomes(portal, "/moi", 1, 5, 9, 12) == ["absent", "absent", "gone", "still gone"]
    assert outcomes(portal, "/cu", 1) == ["missing"]


# ------------------------------------------------------------------------------------- in masses


def test_when_more_than_half_of_a_portal_is_absent_no_tombstone_is_believed(portal):
    for number in range(6):
        outcomes(portal, f"/tin/{number}", 1, 5)
    receipt = portal.take("/tin/0", 9, 404)
    assert receipt.outcome is Outcome.ABSENT
    assert (receipt.doubt.absent, receipt.doubt.live) == (6, 10)
    assert portal.tombstones() == {}
    assert portal.judge()["portal"].absent == 6


def test_half_of_a_portal_may_go(portal):
    for number in range(5):
        outcomes(portal, f"/tin/{number}", 1, 5, 9)
    assert portal.judge() == {}
    assert len(portal.tombstones()) == 5


def test_tombstones_that_were_believed_are_taken_back_when_the_rest_of_the_portal_follows(portal):
    outcomes(portal, "/tin/0", 1, 5, 9)
    assert len(portal.tombstones()) == 1
    for number in range(1, 7):
        outcomes(portal, f"/tin/{number}", 12, 16, 20)
    portal.judge()
    assert portal.tombstones() == {}


def test_a_portal_of_which_more_than_half_goes_in_the_course_of_years_is_believed(portal):
    for number in range(8):
        outcomes(portal, f"/tin/{number}", *(100 * number + day for day in (1, 5, 9)))
    assert portal.judge() == {}
    assert len(portal.tombstones()) == 8


def test_articles_that_come_later_do_not_make_a_mass_of_tombstones_credible(portal):
    for number in range(6):
        outcomes(portal, f"/tin/{number}", 1, 5, 9)
    for number in range(50, 90):
        portal.take(f"/tin/{number}", 100)
    assert portal.judge()["portal"].live == 10


def test_a_portal_that_is_known_to_be_closed_may_go_at_once(tmp_path):
    portal = Portal(tmp_path / "archive", closed=["portal"])
    for number in range(3):
        portal.take(f"/tin/{number}", 0)
        outcomes(portal, f"/tin/{number}", 1, 5, 9)
    assert len(portal.tombstones()) == 3
    portal.archive.close()


# -------------------------------------------------------------- the same, worked out anew from captures

ANSWERS = {
    "there": {"status": 200},
    "corrected": {"status": 200, "text": "Đã sửa"},
    "emptied": {"status": 200, "text": ""},
    "not modified": {"status": 304},
    "404": {"status": 404},
    "410": {"status": 410},
    "home": {"status": 302, "to": "/"},
    "elsewhere": {"status": 301, "to": "/tin/1-moi"},
    "500": {"status": 500},
}
# Many more absences than anything else, or hardly any history would hold a tombstone.
EVENT = st.tuples(
    st.integers(1, 60),
    st.sampled_from(["/tin/1", "/tin/2", "/tin/3", "/tin/1-moi"]),
    st.sampled_from([*ANSWERS, *["404", "410", "home"] * 7]),
)
# How many of the articles that may be lost there are beside others that are always there.
OTHERS = st.sampled_from([0, 2, 4])
SEARCH = SimpleNamespace(rebuild=lambda documents: list(documents))


def rebuilt(portal):
    """Return the state of every article after catalogue and index were deleted and derived anew."""
    folder, name = portal.archive.config.folder, "catalogue.sqlite"
    portal.archive.close()
    for path in folder.glob(name + "*"):
        path.unlink()
    portal.archive = Archive(load_config(folder))
    rebuild(portal.archive, SEARCH)
    return portal.state()


@given(
    events=st.lists(EVENT, min_size=8, max_size=40),
    others=OTHERS,
    closed=st.booleans(),
    in_order=st.booleans(),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_rebuild_comes_to_the_same_state_of_every_article(
    tmp_path_factory, events, others, closed, in_order
):
    portal = Portal(tmp_path_factory.mktemp("p") / "archive", closed=["portal"] if closed else [])
    for number in range(4 - others, 4 + others):
        portal.take(f"/tin/{number}", 0)
    # An import brings captures in any order; these two are read by what was there by then.
    events = [e for e in events if in_order or e[2] not in ("not modified", "emptied")]
    for step, (day, path, answer) in enumerate(sorted(events) if in_order else events):
        portal.take(path, day + step / 1000, **ANSWERS[answer])
    portal.judge()
    before = portal.state()
    assert rebuilt(portal) == before
    portal.archive.close()


@pytest.mark.parametrize("status", [204, 206])
def test_an_answer_that_is_not_the_whole_page_is_a_failure_and_no_change(portal, status):
    assert outcomes(portal, "/tin/1", 1, status=status) == ["failed"]


@pytest.mark.parametrize("closed", [(), ("portal",)])
def test_a_lost_article_is_judged_by_itself_as_it_is_with_all_others(tmp_path, closed):
    portal = Portal(tmp_path / "archive", closed)
    for number in range(6):
        portal.take(f"/tin/{number}", 0)
    for number in range(4):
        outcomes(portal, f"/tin/{number}", 1, 5, 9)
        alone = {row.id: row.gone_at for row in portal.state()}
        portal.judge()
        judged = {row.id: row.gone_at for row in portal.state()}
        last = next(row.id for row in portal.state() if row.url.endswith(f"/tin/{number}"))
        assert alone[last] == judged[last]
    portal.archive.close()
