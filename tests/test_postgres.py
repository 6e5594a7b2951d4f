"""The catalogue in a real PostgreSQL, shared by several crawlers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from crawlers import ARTICLES, HOSTS, portals, profile
from postgres import new_database, server
from sqlalchemy import select

from archive_search.archive import Archive, articles, catalogue, create
from archive_search.archive.audit import audit
from archive_search.archive.exporting import export
from archive_search.archive.leases import Lease, leased
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.errors import ArchiveLocked, LeaseLost, StorageError
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import crawl_portal, rebuild
from archive_search.pipeline.progress import silent


@pytest.fixture(scope="module")
def postgres():
    with server() as folder:
        yield folder


@pytest.fixture
def url(postgres):
    return new_database(postgres)


@pytest.fixture
def engine(url):
    engine = catalogue.connect(url)
    yield engine
    engine.dispose()


def test_the_migrations_lead_to_the_tables_that_the_code_knows(engine):
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), catalogue.metadata) == []


def test_a_url_without_a_driver_means_the_one_that_is_installed(url, engine):
    again = catalogue.connect(url.replace("+psycopg", ""))
    with again.connect() as db:
        assert catalogue._revision(db) == catalogue.REVISION
    again.dispose()


def test_one_holder_at_a_time_has_a_host(engine):
    with leased(engine, ["a.test", "b.test"], "one"):
        with pytest.raises(ArchiveLocked, match=r"b\.test is being crawled by one"):
            Lease(engine, ["b.test", "c.test"], "two").take()
        with leased(engine, ["c.test"], "two"):
            pass
    with leased(engine, ["b.test"], "two"):
        pass


def test_a_lease_that_cannot_be_had_whole_takes_nothing(engine):
    with leased(engine, ["b.test"], "one"):
        with pytest.raises(ArchiveLocked):
            Lease(engine, ["a.test", "b.test"], "two").take()
        Lease(engine, ["a.test"], "three").take()


def test_a_lease_that_ran_out_goes_to_who_asks_and_its_holder_is_told(engine):
    lost = Lease(engine, ["a.test"], "one", seconds=-5)
    lost.take()
    Lease(engine, ["a.test"], "two").take()
    with pytest.raises(LeaseLost, match=r"one no longer holds a\.test"):
        lost.renew()


def test_a_lease_that_was_lost_is_not_let_go_for_its_new_holder(engine):
    lost = Lease(engine, ["a.test"], "one", seconds=-5)
    lost.take()
    Lease(engine, ["a.test"], "two").take()
    lost.release()
    with pytest.raises(ArchiveLocked, match="by two"):
        Lease(engine, ["a.test"], "three").take()


def test_a_renewed_lease_lasts_longer(engine):
    lease = Lease(engine, ["a.test"], "one", seconds=-5)
    lease.take()
    lease._seconds = 60
    lease.renew()
    with pytest.raises(ArchiveLocked):
        Lease(engine, ["a.test"], "two").take()


def start(folder, port, machine):
    command = [
        sys.executable,
        str(Path(__file__).parent / "crawlers.py"),
        str(folder),
        str(port),
        machine,
        "2",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path, url):
    create(tmp_path / "archive")
    settings = tmp_path / "archive" / "archive.toml"
    settings.write_text(f'catalogue = "{url}"\nmin_free_mb = 0\n', encoding="utf-8")
    return tmp_path / "archive"


def test_three_crawlers_share_portals_and_go_on_for_one_that_is_killed(folder):
    with portals() as (port, log):
        crawlers = [start(folder, port, machine) for machine in ("ha-noi", "hue", "sai-gon")]
        while len([asked for asked in log.asked if "sai-gon" in asked.machine]) < 10:
            time.sleep(0.05)
        crawlers[-1].kill()
        told = [crawler.communicate(timeout=120) for crawler in crawlers]
    assert [crawler.returncode for crawler in crawlers] == [0, 0, -9], told
    assert_one_at_a_time(log.asked)
    with Archive(load_config(folder)) as archive, archive.reading() as db:
        assert articles.count_by_portal(db) == {host.partition(".")[0]: ARTICLES for host in HOSTS}
        fetched = Counter(row.url for row in db.execute(select(catalogue.captures.c.url)))
        machines = set(db.execute(select(catalogue.captures.c.warc_file)).scalars())
    # What was in hand when the machine was killed is asked for once more, and nothing else is.
    assert sum(n - 1 for url, n in fetched.items() if "robots.txt" not in url) <= 1
    assert {name for name in ("ha-noi", "hue", "sai-gon") if any(name in file for file in machines)} == {
        "ha-noi",
        "hue",
        "sai-gon",
    }


def assert_one_at_a_time(asked):
    """Assert that no host had two machines at once, nor two requests."""
    for host in HOSTS:
        times = sorted((a.began, a.ended, a.machine) for a in asked if a.host == host)
        for (_, ended, one), (began, _, other) in pairwise(times):
            assert began >= ended, (host, one, other)


def test_an_archive_in_postgresql_is_the_same_as_one_in_a_file(folder, tmp_path):
    create(tmp_path / "other")
    exports = []
    for where in (folder, tmp_path / "other"):
        with portals() as (port, _), Archive(load_config(where)) as archive, archive.locked():
            fetcher = Fetcher(connect_to=dict.fromkeys(HOSTS, ("127.0.0.1", port)))
            with contextlib.closing(fetcher):
                reports = [crawl_portal(archive, profile(host), fetcher) for host in HOSTS[:2]]
            assert [report.articles for report in reports] == [{"new": ARTICLES}] * 2
            assert audit(archive, silent).problems == ()
            with archive.reading() as db:
                exports.append([export(document) for document in articles.documents(db)])
    assert exports[0] == exports[1]


def test_a_catalogue_in_postgresql_can_be_rebuilt(folder):
    with portals() as (port, _), Archive(load_config(folder)) as archive, archive.locked():
        fetcher = Fetcher(connect_to=dict.fromkeys(HOSTS, ("127.0.0.1", port)))
        with contextlib.closing(fetcher):
            crawl_portal(archive, profile(HOSTS[0]), fetcher)
        with contextlib.closing(WhooshEngine(archive.config.index_folder)) as engine:
            report = rebuild(archive, engine)
        assert (report.articles, report.problems) == (ARTICLES, ())


def test_a_database_that_cannot_be_reached_is_told_of_and_no_disk(tmp_path, postgres):
    create(tmp_path / "archive")
    settings = tmp_path / "archive" / "archive.toml"
    settings.write_text(f'catalogue = "postgresql://archive@/none?host={postgres}/elsewhere"\n')
    with pytest.raises(StorageError, match="See whether the database runs"):
        Archive(load_config(tmp_path / "archive"))
