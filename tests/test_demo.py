"""The main job, as a newcomer runs it: the bundled portal is crawled over HTTP, indexed and searched."""

import json
import shutil
import sqlite3
from dataclasses import replace
from importlib import resources
from io import BytesIO

import pytest
from click.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator

from archive_search import demo as portal
from archive_search.archive import Archive, articles, captures, create
from archive_search.archive.warc import read_records
from archive_search.cli import main
from archive_search.config import load_config
from archive_search.crawler import Fetcher
from archive_search.demo import PORTALS, demo_profile
from archive_search.demo.portal import _pages
from archive_search.pipeline import crawl_portal

SEED = "Kỳ họp 17 - Ban chấp hành Đảng bộ huyện Thường Tín khoá XXIV mở rộng"


def run(folder, *args, code=0):
    result = CliRunner().invoke(main, ["-C", str(folder), *args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def demo(folder):
    result = CliRunner().invoke(main, ["demo", "--folder", str(folder), "--no-serve"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stderr


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    """An archive after the first run of the demo, and what that run said."""
    folder = tmp_path_factory.mktemp("demo") / "archive"
    return folder, demo(folder)


@pytest.fixture(scope="module")
def recrawled(crawled, tmp_path_factory):
    """A copy of that archive after the second run, and what that run said."""
    folder = shutil.copytree(crawled[0], tmp_path_factory.mktemp("again") / "archive")
    return folder, demo(folder)


@pytest.fixture
def folder(recrawled, tmp_path):
    """A copy of the latter, to change."""
    return shutil.copytree(recrawled[0], tmp_path / "archive")


def found(folder, query, *options):
    return json.loads(run(folder, "search", query, "--json", *options))


def test_the_first_crawl_says_what_it_found_refused_and_missed(crawled):
    _, said = crawled
    assert "sotttt-hanoi: articles: 59 new, 1 duplicate" in said
    assert "thuongtin: articles: 1 new" in said
    assert "refused  http://sotttt.hanoi.gov.vn/dssdt (robots.txt forbids it)" in said
    assert "missing  http://sotttt.hanoi.gov.vn/" in said


def test_every_response_is_a_warc_record_and_a_row_of_the_catalogue(crawled):
    folder, _ = crawled
    records = [r for path in (folder / "warc").iterdir() for r in read_records(path) if r.capture]
    rows = sqlite3.connect(folder / "catalogue.sqlite").execute("SELECT url, sha256 FROM captures").fetchall()
    assert sorted(rows) == sorted((r.url, r.capture.sha256) for r in records)
    assert {r.capture.ip_address for r in records} == {"127.0.0.1"}


def test_the_captures_are_byte_for_byte_what_the_portal_served(crawled):
    folder, _ = crawled
    pages = _pages(1)
    captures = [r.capture for path in (folder / "warc").iterdir() for r in read_records(path) if r.capture]
    pairs = [(c.payload, pages[c.url].body) for c in captures if c.url in pages and c.status == 200]
    assert len(pairs) > 60
    assert all(kept == served for kept, served in pairs)


@pytest.mark.parametrize(
    "query", ["bi thu huyen uy", "Bí thư Huyện ủy", "bí thư huyện uỷ", "BÍ THƯ HUYỆN ỦY"]
)
def test_the_seed_article_is_found_first_however_it_is_typed(crawled, query):
    results = found(crawled[0], query)
    assert results["hits"][0]["title"] == SEED


def test_accents_that_are_typed_match_no_other_syllables(crawled):
    assert found(crawled[0], '"bị thu huyền uy"')["total"] == 0


def test_the_journalists_way_leads_to_the_session_of_2022(crawled):
    results = found(crawled[0], "bi thu huyen uy thuong tin giai phong mat bang")
    assert results["hits"][0]["title"] == SEED
    narrowed = found(
        crawled[0],
        "bi thu huyen uy",
        "--speaker",
        "Nguyễn Tiến Minh",
        "--year",
        "2022",
        "--portal",
        "thuongtin",
    )
    assert [hit["title"] for hit in narrowed["hits"]] == [SEED]
    assert narrowed["total"] == 1
    chosen = {f: [v["value"] for v in vs if v["selected"]] for f, vs in narrowed["facets"].items()}
    assert chosen["speaker"] == ["Nguyễn Tiến Minh"]
    assert chosen["year"] == ["2022"]


def test_search_gives_the_promised_json(crawled):
    results = found(crawled[0], "hà nội", "--limit", "3", "--sort", "newest")
    assert results["total"] > 3
    assert len(results["hits"]) == 3
    for hit in results["hits"]:
        assert {"id", "number", "url", "title", "published_at", "score", "snippet"} <= hit.keys()
    assert {"speaker", "topic", "year", "portal"} <= results["facets"].keys()
    assert results["facets"]["portal"][0].keys() == {"value", "label", "count", "selected"}
    dates = [hit["published_at"] for hit in results["hits"]]
    assert dates == sorted(dates, reverse=True)


def test_the_export_holds_every_article_with_its_speakers(crawled):
    lines = [json.loads(line) for line in run(crawled[0], "export", "--format", "jsonl").splitlines()]
    assert len(lines) == 60
    (seed,) = [line for line in lines if line["title"] == SEED]
    assert seed["published_at"] == "2022-07-13T00:00:00+07:00"
    assert seed["byline"] == "Xuân Tiến - Diệu Hương"
    speakers = {person["name"] for person in seed["people"] if "spoke" in person["roles"]}
    assert {"Nguyễn Tiến Minh", "Tạ Hữu Thọ", "Kiều Xuân Huy"} <= speakers


def test_an_article_under_two_sections_is_one_article_with_two_urls(crawled):
    lines = [json.loads(line) for line in run(crawled[0], "export").splitlines()]
    (twice,) = [line for line in lines if line["number"] == "3598168"]
    assert len(twice["urls"]) == 2
    assert twice["url"] == twice["urls"][0]


def test_the_second_crawl_says_what_is_new_unchanged_changed_and_absent(recrawled):
    _, said = recrawled
    assert "sotttt-hanoi: articles: 1 new, 59 unchanged, 1 absent" in said
    assert "thuongtin: articles: 1 changed" in said
    assert "absent   http://sotttt.hanoi.gov.vn/vi/buu-chinh-vien-thong/-/view_content/696774-" in said
    assert "61 in all" in said


def test_after_the_second_crawl_both_versions_are_readable_and_the_lost_article_too(recrawled):
    with Archive(load_config(recrawled[0])) as archive, archive.reading() as db:
        seed, lost = (
            next(d for d in articles.documents(db) if d.article.number == number)
            for number in ("20220713", "696774")
        )
        assert articles.find(db, lost.article.id).absent_at is not None
        assert articles.find(db, lost.article.id).gone_at is None
        assert lost.article.blocks
        versions = {capture.version for capture in captures.of_article(db, seed.article.id)}
    assert len(versions) == 2


def test_a_page_that_did_not_change_is_kept_as_a_revisit(recrawled):
    kinds = json.loads(run(recrawled[0], "status", "--json"))["captures"]
    assert kinds["revisit"] > 60


def snapshot(folder):
    """Return all that a reader can see of an archive."""
    queries = ["", "bi thu huyen uy", "Hà Nội -báo", '"kỳ họp"']
    return run(folder, "export"), [found(folder, query, "--limit", "50") for query in queries]


def test_catalogue_and_index_can_be_deleted_and_rebuilt_to_the_same(folder):
    before = snapshot(folder)
    for name in ("catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "index")
    run(folder, "rebuild")
    assert snapshot(folder) == before


def test_a_crawl_after_a_rebuild_finds_nothing_new(folder):
    run(folder, "rebuild")
    said = demo(folder)
    assert "sotttt-hanoi: articles: 60 unchanged, 1 absent" in said
    assert "thuongtin: articles: 1 unchanged" in said
    assert revisited_times(folder) <= times_of_whole_captures(folder)


def revisited_times(folder):
    """Return URL and time of the captures that revisit records refer to."""
    records = [r for path in (folder / "warc").iterdir() for r in ArchiveIterator(BytesIO(path.read_bytes()))]
    names = ("WARC-Target-URI", "WARC-Refers-To-Date")
    return {tuple(map(r.rec_headers.get_header, names)) for r in records if r.rec_type == "revisit"}


def times_of_whole_captures(folder):
    rows = sqlite3.connect(folder / "catalogue.sqlite").execute(
        "SELECT url, captured_at FROM captures WHERE status = 200"
    )
    return set(rows)


def test_the_index_alone_can_be_deleted_and_is_made_again(folder):
    before = snapshot(folder)
    shutil.rmtree(folder / "index")
    run(folder, "search", "tin", code=1)
    run(folder, "index")
    assert snapshot(folder) == before


class Pulled(Exception):
    """The plug, in the middle of a crawl."""


def test_an_interrupted_crawl_goes_on_where_it_stopped(tmp_path):
    create(tmp_path / "archive", PORTALS)
    profile = demo_profile("sotttt-hanoi")
    profile = replace(profile, seeds=profile.seeds[:1])
    asked = []

    def pull_the_plug(url, done, known):
        asked.append(url)
        if len(asked) == 7:
            raise Pulled

    with Archive(load_config(tmp_path / "archive")) as archive, portal.serve_portal(1) as addresses:
        fetcher = Fetcher(connect_to=addresses)
        with pytest.raises(Pulled):
            crawl_portal(archive, profile, fetcher, pull_the_plug)
        report = crawl_portal(archive, profile, fetcher, lambda url, done, known: asked.append(url))
        fetcher.close()
    assert report.articles == {"new": len(set(asked)) - 4}
    # Only the page in hand when the plug was pulled is asked for twice.
    assert len(asked) - len(set(asked)) == 1


def test_the_bundled_portal_can_be_imported_too_print_views_and_all(tmp_path):
    bundle = resources.files("archive_search.demo") / "portal.warc.gz"
    run(tmp_path / "archive", "init")
    report = json.loads(run(tmp_path / "archive", "import", str(bundle), "--json"))[0]
    assert report["records"] == {"response": sum(report["kinds"].values())}
    assert report["kinds"]["print_view"] == 4
    again = json.loads(run(tmp_path / "archive", "import", str(bundle), "--json"))[0]
    assert again["known"] == report["records"]["response"]
    assert again["kinds"] == {}
