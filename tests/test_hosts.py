from datetime import UTC, datetime

import pytest

from archive_search.archive.catalogue import connect
from archive_search.archive.hosts import StoredHosts
from archive_search.records import HostState, Target

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STATE = HostState(not_before=NOON, failures=3, delay_s=7.5, robots_at=NOON, robots="User-agent: *\n")


@pytest.fixture
def engine(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'catalogue.sqlite'}")
    yield engine
    engine.dispose()


def test_nothing_is_remembered_of_a_host_that_was_never_met(engine):
    assert StoredHosts(engine).get("portal.test") == HostState()


def test_the_state_of_a_host_outlives_its_run(engine):
    StoredHosts(engine).put("portal.test", STATE)
    assert StoredHosts(engine).get("portal.test") == STATE


def test_a_new_state_takes_the_place_of_the_old_one(engine):
    hosts = StoredHosts(engine)
    hosts.put("portal.test", STATE)
    hosts.put("portal.test", HostState(delay_s=2.0))
    assert hosts.get("portal.test") == HostState(delay_s=2.0)


def test_hosts_have_states_of_their_own(engine):
    hosts = StoredHosts(engine)
    hosts.put("portal.test", STATE)
    assert hosts.get("other.test") == HostState()


def test_who_holds_a_host_is_not_touched(engine):
    with engine.begin() as db:
        db.exec_driver_sql("INSERT INTO hosts (host, holder) VALUES ('portal.test', 'may-1')")
    StoredHosts(engine).put("portal.test", STATE)
    with engine.connect() as db:
        assert db.exec_driver_sql("SELECT holder, failures FROM hosts").all() == [("may-1", 3)]


def test_the_frontier_passes_over_hosts_and_origins(archive):
    frontier = archive.frontier("portal")
    urls = ["http://a.test/1", "https://a.test/2", "http://a.test:81/3", "http://b.test/4"]
    frontier.add([Target(url=url, priority=1) for url in urls])
    for without, url in (
        ([], urls[0]),
        (["http://a.test"], urls[1]),
        (["http://a.test", "https://a.test"], urls[2]),
        (["a.test"], urls[3]),
        (["test", "a", "http://a"], urls[0]),
    ):
        assert frontier.next(without=without).url == url
    assert frontier.next(without=["a.test", "b.test"]) is None
