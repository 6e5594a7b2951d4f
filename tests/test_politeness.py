"""How a crawl treats a host that is slow, busy or down: a real server, and a clock that only tests move."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from conftest import make_capture, reply
from crawling import BEGINNING, FakeClock, HostsInMemory, Queue
from hypothesis import given
from hypothesis import strategies as st

from archive_search.crawler import Budget, Fetcher, crawl
from archive_search.crawler.pace import MAX_BACKOFF_S, Pace, failure_of, retry_after
from archive_search.portals import ArticleRule, ListingRule, Politeness, Profile
from archive_search.records import HostState, Target

HOST, OTHER = "portal.test", "other.test"
PAGE = reply(b"<p>tin</p>")
PROFILE = Profile(
    name="portal",
    label="Portal",
    hosts=(HOST, OTHER),
    article=ArticleRule(url=r"^/tin/(?P<number>\d+)"),
    listing=ListingRule(url=r"^/tin$"),
    politeness=Politeness(delay_s=2, deadline_s=5, max_bytes=100_000),
)


class Fixed:
    """A random generator that always gives the same share."""

    def __init__(self, share):
        self.share = share

    def random(self):
        return self.share


class Crawl:
    """Runs of a portal with articles that are known beforehand: what was waited, and what was left."""

    def __init__(self, web):
        here = ("127.0.0.1", web.port)
        self.fetcher = Fetcher(connect_to={HOST: here, OTHER: here})
        self.clock, self.hosts, self.budget = FakeClock(), HostsInMemory(), Budget()
        self.queue = Queue()

    def run(self, *articles, profile=PROFILE, share=0.0):
        """Return the status of each article that was visited, or why it has none."""
        if articles:
            urls = [f"http://{HOST}{path}" if path.startswith("/") else path for path in articles]
            self.queue = Queue(*(Target(url=url, priority=1) for url in urls))
        self.clock.slept.clear()
        self.visits = list(
            crawl(
                profile,
                self.fetcher,
                self.queue,
                hosts=self.hosts,
                budget=self.budget,
                clock=self.clock,
                random=Fixed(share),
            )
        )
        pages = [visit for visit in self.visits if not visit.target.url.endswith("/robots.txt")]
        return [v.capture.status if v.capture else v.refused or v.failed for v in pages]

    def left(self):
        return [target.url.removeprefix(f"http://{HOST}") for target in self.queue.queued]


@pytest.fixture
def crawled(web):
    for number in range(1, 60):
        web.replies[f"/tin/{number}"] = PAGE
    made = Crawl(web)
    yield made
    made.fetcher.close()


def articles(count):
    return [f"/tin/{number}" for number in range(1, count + 1)]


def in_turn(*replies):
    """Return what answers with each reply once, and with the last one from then on."""
    left = list(replies)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def slow(crawled, seconds, status=200):
    """Return what answers after so many seconds."""

    def answer(handler):
        crawled.clock.passed += seconds
        reply(b"<p>tin</p>", status=status)(handler)

    return answer


def hang_up(handler):
    handler.close_connection = True


# ------------------------------------------------------------------------------------ the pause itself


def test_requests_keep_their_distance_and_the_first_one_does_not_wait(crawled):
    crawled.run(*articles(3))
    assert crawled.clock.slept == [2, 2, 2]  # after robots.txt and two articles


@pytest.mark.parametrize(("share", "pause"), [(0.0, 2.0), (0.5, 2.25), (1.0, 2.5)])
def test_a_pause_is_longer_by_a_quarter_at_most_and_never_shorter(crawled, share, pause):
    crawled.run(*articles(2), share=share)
    assert crawled.clock.slept == [pause, pause]


def test_time_that_passes_between_two_requests_counts_as_pause(crawled):
    clock = crawled.clock
    pace = Pace(PROFILE.politeness, crawled.hosts, clock, Fixed(0))
    pace.answered(HOST, make_capture(), None, 0.0)
    clock.passed += 1.5
    assert pace.pause_for(HOST) == 0.5


def test_each_host_has_a_pause_of_its_own(web, crawled):
    crawled.run("/tin/1", f"http://{OTHER}/tin/2")
    assert crawled.clock.slept == [2, 2]  # each between robots.txt and article, none between the hosts


def test_a_pause_of_nothing_is_no_pause_however_slow_the_server(web, crawled):
    web.replies["/tin/1"] = slow(crawled, 9)
    web.replies["/tin/2"] = in_turn(reply(status=503), PAGE)
    free = replace(PROFILE, politeness=replace(PROFILE.politeness, delay_s=0))
    assert crawled.run(*articles(3), profile=free, share=1.0) == [200, 200, 200]
    assert crawled.clock.slept == []


# ---------------------------------------------------------------------------------- slow, and better again


def test_the_crawl_slows_down_as_the_server_slows_and_recovers_by_halves(web, crawled):
    web.replies["/tin/2"] = slow(crawled, 4)
    crawled.run(*articles(6))
    assert crawled.clock.slept == [2, 2, 20, 10, 5, 2.5]


def test_no_answer_is_so_slow_that_the_pause_is_over_thirty_seconds(web, crawled):
    web.replies["/tin/1"] = slow(crawled, 50)
    crawled.run(*articles(2))
    assert crawled.clock.slept == [2, 30]


@pytest.mark.parametrize(("status", "pause"), [(200, 10), (304, 10), (404, 20), (302, 20)])
def test_only_a_good_answer_makes_the_pause_shorter(web, crawled, status, pause):
    web.replies["/tin/1"] = slow(crawled, 4)
    web.replies["/tin/2"] = reply(status=status)
    crawled.run(*articles(3))
    assert crawled.clock.slept == [2, 20, pause]


def test_the_pause_of_a_slow_server_is_that_of_the_next_run_at_first(web, crawled):
    web.replies["/tin/1"] = slow(crawled, 4)
    crawled.run("/tin/1")
    assert crawled.hosts.get(HOST).delay_s == 20
    crawled.run(*articles(3)[1:])
    assert crawled.clock.slept == [10]
    assert crawled.hosts.get(HOST).delay_s == 5


def test_the_catalogue_is_not_written_for_each_page(crawled):
    crawled.run(*articles(40))
    assert crawled.hosts.written <= 3  # rules, first pause


# ----------------------------------------------------------------------------------- 429, 503, Retry-After


def busy(status, value):
    """Return what answers with a Retry-After, and without a time of its own."""

    def answer(handler):
        handler.send_response_only(status)
        handler.send_header("Retry-After", value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def date_in(seconds):
    return format_datetime(BEGINNING + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("value", ["120", date_in(122)])  # two seconds have passed by then
def test_what_is_told_to_come_later_is_asked_for_again_then(web, crawled, status, value):
    web.replies["/tin/1"] = in_turn(busy(status, value), PAGE)
    assert crawled.run(*articles(2)) == [200, 200]
    assert 119 <= crawled.clock.slept[1] <= 122
    assert [visit.note for visit in crawled.visits] == [None, "tried again after 1 failure", None]


def test_a_long_wait_ends_the_run_and_the_url_stays_queued(web, crawled):
    web.replies["/tin/1"] = reply(status=429, Retry_After="3600")
    assert crawled.run(*articles(2)) == []
    assert crawled.left() == articles(2)
    assert crawled.budget.stopped == "portal.test wants to be left alone until 2026-03-01 02:00 UTC"


def test_a_long_wait_holds_for_the_next_run_too(web, crawled):
    web.replies["/tin/1"] = in_turn(reply(status=503, Retry_After="3600"), PAGE)
    crawled.run(*articles(2))
    asked = len(web.requests)
    for minutes, expected in ((30, []), (30, [200, 200])):
        crawled.clock.passed += minutes * 60
        crawled.budget = Budget()
        assert crawled.run() == expected
        assert bool(crawled.budget.stopped) == (len(web.requests) == asked)


def test_the_rest_of_a_wait_that_has_become_short_is_slept(web, crawled):
    crawled.hosts.put(HOST, HostState(not_before=BEGINNING + timedelta(seconds=90)))
    assert crawled.run("/tin/1") == [200]
    assert crawled.clock.slept == [90, 2]


def test_while_one_host_is_left_alone_the_others_are_crawled(web, crawled):
    web.replies["/tin/1"] = reply(status=503, Retry_After="3600")
    assert crawled.run("/tin/1", f"http://{OTHER}/tin/2", "/tin/3") == [200]
    assert crawled.left() == ["/tin/1", "/tin/3"]
    assert "portal.test wants to be left alone" in crawled.budget.stopped


def test_a_url_is_asked_for_three_times_in_a_run_at_most(web, crawled):
    web.replies["/tin/1"] = reply(status=503)
    assert crawled.run(*articles(2)) == [503, 200]
    assert web.paths.count("/tin/1") == 3


@pytest.mark.parametrize("answer", [reply(status=503), reply(status=502), reply(status=429), hang_up])
def test_without_a_time_the_pause_grows_with_each_failure(web, crawled, answer):
    web.replies["/tin/1"] = in_turn(answer, answer, PAGE)
    assert crawled.run(*articles(2), share=0.5) == [200, 200]
    # 2.25 s of pause, and half of 4 s and of 8 s
    assert crawled.clock.slept == [2.25, 4.25, 6.25, 2.25]


def test_a_page_with_an_error_of_its_own_is_not_tried_again_but_slows_the_crawl(web, crawled):
    web.replies["/tin/1"] = reply(status=500)
    assert crawled.run(*articles(2), share=1.0) == [500, 200]
    assert crawled.clock.slept == [2.5, 6.5]


def test_a_page_that_is_too_large_says_nothing_about_its_host(web, crawled):
    web.replies["/tin/1"] = reply(b"x" * 100_001)
    crawled.run(*articles(2), share=1.0)
    assert crawled.clock.slept == [2.5, 2.5]
    assert crawled.hosts.get(HOST).failures == 0


@given(failures=st.integers(1, 5000), share=st.floats(0, 1))
def test_no_failure_leads_to_a_pause_over_five_minutes(failures, share):
    pace = Pace(replace(PROFILE.politeness, max_failures=9999), HostsInMemory(), FakeClock(), Fixed(share))
    pace._host(HOST).failures = failures
    pace.answered(HOST, make_capture(status=503), "status 503", 0.1)
    assert 2 <= pace.pause_for(HOST) <= MAX_BACKOFF_S
    assert pace.resting() == {}


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 600),
        ("Sunday, 01-Mar-26 12:10:00 GMT", 600),
        ("Sun Mar  1 12:10:00 2026", 600),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("86401", 86400),
        ("9" * 5000, 86400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("-5", 0),
        ("1.5", 0),
        ("", 0),
        ("soon", 0),
        ("Sun, 99 Mar 2026 12:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:10:00 +9999", 0),
        ("١٢٠", 0),
    ],
)
def test_retry_after_is_read_in_all_its_forms_and_nonsense_is_not(value, seconds):
    assert retry_after(make_capture(headers=(("Retry-After", value),)), NOW) == seconds


def test_a_date_is_measured_by_the_clock_of_the_server_that_wrote_it():
    headers = (("Date", "Sun, 01 Mar 2026 15:00:00 GMT"), ("Retry-After", "Sun, 01 Mar 2026 15:01:00 GMT"))
    assert retry_after(make_capture(headers=headers), NOW) == 60


def test_a_clock_that_is_off_by_years_measures_nothing():
    until = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    headers = (("Date", "Sun, 01 Mar 2006 15:00:00 GMT"), ("Retry-After", until))
    assert retry_after(make_capture(headers=headers), NOW) == 90


@pytest.mark.parametrize("values", [("120, 300",), ("10", "300"), ("", "300"), ("300", "soon")])
def test_of_several_values_of_retry_after_the_longest_counts(values):
    headers = tuple(("Retry-After", value) for value in values)
    assert retry_after(make_capture(headers=headers), NOW) == 300


@pytest.mark.parametrize("broken", ["time", "disconnect"])
def test_a_response_that_broke_off_is_a_failure_of_the_host(broken):
    assert "broke off" in failure_of(replace(make_capture(), truncated=broken))


def test_a_response_that_we_broke_off_is_not():
    assert failure_of(replace(make_capture(), truncated="length")) is None


# ---------------------------------------------------------------------------------------------- enough


def test_a_host_that_fails_too_often_in_a_row_rests_and_its_queue_stays(web, crawled):
    for path in articles(9):
        web.replies[path] = reply(status=503)
    strict = replace(PROFILE, politeness=replace(PROFILE.politeness, max_failures=4))
    assert crawled.run(*articles(9), profile=strict) == [503]
    assert crawled.left() == articles(9)[1:]
    assert crawled.budget.stopped == "portal.test failed 4 times in a row, the last time: status 503"


def test_failures_that_are_not_in_a_row_end_no_run(web, crawled):
    for path in articles(20)[::2]:
        web.replies[path] = reply(status=500)
    strict = replace(PROFILE, politeness=replace(PROFILE.politeness, max_failures=2))
    assert crawled.run(*articles(20), profile=strict) == [500, 200] * 10
    assert crawled.budget.stopped is None


def test_the_next_run_tries_a_host_anew_that_failed_too_often(web, crawled):
    crawled.hosts.put(HOST, HostState(failures=500))
    web.replies["/tin/1"] = in_turn(reply(status=503), PAGE)
    assert crawled.run("/tin/1") == [200]
    assert crawled.hosts.get(HOST).failures == 0


@pytest.mark.parametrize(
    ("budget", "visited", "why"),
    [
        (Budget(pages=3), 2, "the 3 pages that one run may fetch are fetched"),
        (Budget(bytes=25), 2, "the 2.5e-05 MB that one run may fetch are fetched"),
        (Budget(seconds=5), 2, "the 0.0833333 minutes that one run may take are over"),
        (Budget(pages=6, bytes=1000, seconds=60), 5, None),
    ],
)
def test_a_run_ends_when_its_budget_is_used_up_and_the_queue_stays(crawled, budget, visited, why):
    crawled.budget = budget
    crawled.run(*articles(5))
    assert len(crawled.queue.done) == visited
    assert crawled.left() == articles(5)[visited:]
    assert budget.stopped == why


def test_no_pause_is_begun_that_would_last_longer_than_the_run_may(web, crawled):
    web.replies["/tin/1"] = reply(status=503, Retry_After="200")
    crawled.budget = Budget(seconds=60)
    crawled.run("/tin/1")
    assert crawled.clock.passed < 60
    assert crawled.left() == ["/tin/1"]


def test_whoever_has_a_reason_may_end_the_run(crawled):
    crawled.queue.add([Target(url=f"http://{HOST}{path}", priority=1) for path in articles(3)])
    visits = crawl(
        PROFILE,
        crawled.fetcher,
        crawled.queue,
        hosts=crawled.hosts,
        budget=crawled.budget,
        clock=crawled.clock,
    )
    for visit in visits:
        if visit.target.url.endswith("/tin/1"):
            crawled.budget.stop("the disk is full")
    assert crawled.left() == articles(3)[1:]
    assert crawled.budget.stopped == "the disk is full"
