from dataclasses import replace
from datetime import timedelta

import pytest
from crawling import BEGINNING

from archive_search.archive.intervals import DAY, SWEEP, Plan, plan
from archive_search.records import Outcome, Target, Visit

LISTING = Target(url="http://a/", priority=0)
ARTICLE = Target(url="http://a/1", priority=1)
MONTH = timedelta(days=30)


@pytest.fixture
def frontier(archive):
    return archive.frontier("portal")


def visit(archive, frontier, target, outcome=Outcome.UNCHANGED, now=BEGINNING, **told):
    with archive.writing() as db:
        frontier.observed(db, target, outcome, now, **told)
    frontier.finish(target, Visit(target=target))


def queue(frontier):
    """Return the URLs that are queued, in the order in which they would be visited."""
    urls = []
    while target := frontier.next():
        urls.append(target.url)
        frontier.finish(target, Visit(target=target))
    return urls


# -------------------------------------------------------------------------------------- the frontier


def test_the_frontier_gives_listings_first_and_each_url_once(frontier):
    assert frontier.add([ARTICLE, LISTING, replace(ARTICLE, url="https://a/1#x")]) == 2
    assert queue(frontier) == [LISTING.url, ARTICLE.url]
    assert frontier.counts() == (2, 2)


def test_what_was_never_visited_comes_before_what_is_due_again(archive, frontier):
    frontier.add([ARTICLE])
    visit(archive, frontier, frontier.next())
    frontier.restart(BEGINNING + MONTH)
    frontier.add([Target(url="http://a/2", priority=1), LISTING])
    assert queue(frontier) == ["http://a/", "http://a/2", "http://a/1"]


def test_a_page_that_moved_to_https_is_asked_for_there_and_only_there(frontier):
    new = Target(url="https://a/1", priority=1, found_on=ARTICLE.url)
    frontier.add([ARTICLE])
    for back_and_forth in ([new], [replace(ARTICLE, found_on=new.url)]):
        target = frontier.next()
        frontier.add(back_and_forth)
        frontier.finish(target, Visit(target=target))
    assert target.url == new.url
    assert frontier.next() is None


def test_a_page_is_asked_for_with_the_validators_of_its_last_whole_response(archive, frontier):
    frontier.add([ARTICLE])
    visit(archive, frontier, frontier.next(), validators=('"1"', "Tue"))
    visit(archive, frontier, ARTICLE, Outcome.FAILED)
    frontier.restart(BEGINNING + MONTH)
    again = frontier.next()
    assert (again.etag, again.last_modified) == ('"1"', "Tue")


def test_two_portals_have_two_frontiers(archive):
    archive.frontier("one").add([LISTING])
    assert archive.frontier("two").next() is None
    assert archive.frontier("one").keys() == {"a/"}


def test_a_run_visits_what_is_due_and_leaves_the_rest(archive, frontier):
    other = Target(url="http://a/2", priority=1)
    frontier.add([ARTICLE, other])
    visit(archive, frontier, ARTICLE, Outcome.NEW)
    visit(archive, frontier, other, Outcome.NEW, published_at=BEGINNING - 100 * DAY)
    frontier.restart(BEGINNING + DAY)
    assert frontier.counts() == (0, 1)
    assert queue(frontier) == [ARTICLE.url]


def test_a_run_may_visit_everything(archive, frontier):
    frontier.add([ARTICLE, LISTING])
    for target in (LISTING, ARTICLE):
        visit(archive, frontier, target)
    frontier.restart(BEGINNING, everything=True)
    assert queue(frontier) == [LISTING.url, ARTICLE.url]


def test_a_daily_run_that_comes_some_hours_earlier_visits_daily_pages_all_the_same(archive, frontier):
    frontier.add([ARTICLE])
    visit(archive, frontier, ARTICLE, Outcome.NEW)
    frontier.restart(BEGINNING + timedelta(hours=16))
    assert queue(frontier) == [ARTICLE.url]


def test_known_listings_are_queued_again_only_on_demand_and_once_a_run(archive, frontier):
    frontier.add([LISTING])
    visit(archive, frontier, LISTING)
    frontier.restart(BEGINNING + DAY)
    assert frontier.add([LISTING]) == 0
    assert frontier.next() is None
    for expected in (["http://a/"], []):
        assert frontier.add([LISTING], again=True) == 0
        assert queue(frontier) == expected


def test_what_a_post_sends_is_that_of_the_page_which_asked_for_it_last(archive, frontier):
    url = "http://a/?__wb_method=POST&page=2"
    frontier.add([Target(url=url, priority=0, method="POST", body="page=2&__VIEWSTATE=old")])
    visit(archive, frontier, frontier.next())
    frontier.restart(BEGINNING + DAY)
    frontier.add([Target(url=url, priority=0, method="POST", body="page=2&__VIEWSTATE=new")], again=True)
    assert (frontier.next().method, frontier.next().body) == ("POST", "page=2&__VIEWSTATE=new")


def test_all_listings_are_gone_through_once_a_month(archive, frontier):
    frontier.add([LISTING])
    visit(archive, frontier, LISTING)
    frontier.restart(BEGINNING + SWEEP - DAY)
    assert queue(frontier) == []
    frontier.restart(BEGINNING + SWEEP)
    assert queue(frontier) == [LISTING.url]


def test_a_run_that_is_over_leaves_what_it_had_queued_to_the_next(frontier):
    frontier.add([ARTICLE])
    frontier.restart(BEGINNING)
    assert queue(frontier) == [ARTICLE.url]


def test_hosts_that_rest_are_passed_over(frontier):
    frontier.add([ARTICLE, Target(url="http://b/1", priority=1), Target(url="http://b.c/1", priority=1)])
    assert frontier.next(without=["a"]).url == "http://b/1"
    assert frontier.next(without=["a", "b"]).url == "http://b.c/1"


# --------------------------------------------------------------------------------------- intervals


def after(*outcomes, longest=MONTH, published_at=None):
    """Return the plan after visits with these outcomes, each made when it was due."""
    planned, now = Plan(), BEGINNING
    for outcome in outcomes:
        planned = plan(planned, outcome, now, longest=longest, published_at=published_at)
        last, now = now, planned.due_at
    return planned, now - last


def test_a_new_page_is_visited_again_after_a_day():
    assert after(Outcome.NEW)[1] == DAY


def test_a_page_that_was_old_already_when_it_was_found_is_visited_after_a_tenth_of_its_age():
    assert after(Outcome.NEW, published_at=BEGINNING - 100 * DAY)[1] == 10 * DAY
    assert after(Outcome.NEW, published_at=BEGINNING - 10_000 * DAY)[1] == MONTH
    assert after(Outcome.NEW, published_at=BEGINNING + 100 * DAY)[1] == DAY


def test_the_interval_grows_while_nothing_changes_up_to_the_longest():
    waits = [after(Outcome.NEW, *[Outcome.UNCHANGED] * times)[1] for times in range(12)]
    assert waits == sorted(waits)
    assert waits[1] == 1.5 * DAY
    assert waits[-1] == MONTH


def test_the_interval_shrinks_with_every_change_down_to_a_day():
    calm = [Outcome.NEW, *[Outcome.UNCHANGED] * 12]
    waits = [after(*calm, *[Outcome.CHANGED] * times)[1] for times in range(8)]
    assert waits[:3] == [MONTH, MONTH / 2, MONTH / 4]
    assert waits[-1] == DAY


def test_failures_are_tried_again_ever_later_and_do_not_change_the_interval():
    calm = [Outcome.NEW, Outcome.UNCHANGED]
    waits = [after(*calm, *[Outcome.FAILED] * times)[1] / DAY for times in range(1, 9)]
    assert waits == [1, 1, 1, 1, 2, 4, 8, 8]
    assert after(*calm, Outcome.FAILED, Outcome.UNCHANGED)[0].interval == 1.5 * 1.5 * DAY


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CHALLENGED, Outcome.REFUSED, Outcome.MISSING])
def test_whatever_brings_nothing_is_a_failure(outcome):
    assert after(outcome)[0].failures == 1


def test_an_absent_page_is_looked_at_every_other_day_and_a_tombstone_less_and_less():
    absent = [Outcome.NEW, Outcome.ABSENT]
    waits = [after(*absent, Outcome.GONE, *[Outcome.STILL_GONE] * times)[1] / DAY for times in range(5)]
    assert after(*absent)[1] == after(*absent, Outcome.ABSENT)[1] == 2 * DAY
    assert waits == [4, 8, 16, 30, 30]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_wait_is_longer_than_the_settings_say(outcome):
    assert after(Outcome.NEW, outcome, outcome, outcome, longest=DAY / 2)[1] <= DAY / 2
