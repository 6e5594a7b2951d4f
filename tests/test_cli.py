import json

import click
import pytest
from click.testing import CliRunner
from test_index import make
from test_warc import foreign_warc

from archive_search.archive import Archive
from archive_search.cli import main
from archive_search.config import load_config
from archive_search.index.whoosh_engine import WhooshEngine


def run(*args, code=0):
    result = CliRunner().invoke(main, [str(arg) for arg in args], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def commands(group=main, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_with_an_example(path):
    text = run(*path, "--help").stdout
    assert "Example" in text
    assert f"archive-search{' -C thuongtin' if path[0] in NEED_FOLDER else ''} {' '.join(path)}" in text


NEED_FOLDER = {
    "init",
    "crawl",
    "import",
    "index",
    "rebuild",
    "audit",
    "export",
    "serve",
    "status",
    "backup",
    "restore",
    "schedule",
    "report",
}


def test_the_archive_folder_comes_from_the_option_or_the_environment(tmp_path):
    run("-C", tmp_path / "one", "init")
    result = CliRunner().invoke(main, ["status", "--json"], env={"ARCHIVE_SEARCH_DIR": str(tmp_path / "one")})
    assert json.loads(result.stdout)["articles"] == 0


@pytest.mark.parametrize("command", ["crawl", "index", "rebuild", "export", "status", "serve"])
def test_a_folder_without_an_archive_is_a_usage_error_in_one_line(tmp_path, command):
    result = run("-C", tmp_path, command, code=2)
    assert result.stdout == ""
    assert "init" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_profile_is_refused_before_anything_is_made(tmp_path):
    result = run("-C", tmp_path / "new", "init", "--profile", "nowhere", code=2)
    assert "thuongtin" in result.stderr
    assert not (tmp_path / "new").exists()


def test_an_archive_is_not_overwritten(tmp_path):
    run("-C", tmp_path, "init")
    assert "already" in run("-C", tmp_path, "init", code=2).stderr


def test_a_crawl_with_nothing_to_crawl_says_how_to_name_a_portal(tmp_path):
    run("-C", tmp_path, "init")
    assert "portals = " in run("-C", tmp_path, "crawl", code=2).stderr


def test_searching_before_indexing_says_what_to_run(tmp_path):
    run("-C", tmp_path, "init")
    assert "archive-search index" in run("-C", tmp_path, "search", "tin", code=1).stderr


def test_a_search_says_on_stderr_what_was_not_read_as_typed(tmp_path):
    run("-C", tmp_path, "init")
    said = run("-C", tmp_path, "search", 'tin "mới', code=1).stderr
    assert said.startswith('"mới: The quotation mark is not closed')


@pytest.fixture
def indexed(tmp_path):
    """An archive of which only the index holds anything."""
    run("-C", tmp_path, "init")
    engine = WhooshEngine(load_config(tmp_path).index_folder)
    engine.rebuild(
        [
            make("a", "ứng dụng CNTT", places=["xã Văn Bình"], sessions=["Kỳ họp thứ 17"]),
            make("b", "công nghệ thông tin", cited=["59/2019/NĐ-CP"]),
            make("c", "công nghê thông tin"),
            *(make(f"d{n}", "họp") for n in range(12)),
        ]
    )
    engine.close()
    return tmp_path


def ids(folder, *args):
    found = json.loads(run("-C", folder, "search", "--json", *args).stdout)
    return {hit["id"] for hit in found["hits"]}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["CNTT"], "ab"),
        (["CNTT", "--no-expand"], "a"),
        (['"công nghệ thông tin"'], "b"),
        (['"công nghệ thông tin"', "--loose"], "bc"),
        (["", "--place", "xã Văn Bình"], "a"),
        (["", "--place", "văn bình"], "a"),
        (["", "--session", "ky hop thu 17"], "a"),
        (["", "--document", "59/2019"], "b"),
        (["", "--place", "Bình Văn"], ""),
    ],
)
def test_a_search_takes_switches_and_filters(indexed, args, expected):
    assert ids(indexed, *args) == set(expected)


def test_a_search_says_on_stderr_what_else_it_searched(indexed):
    assert run("-C", indexed, "search", "CNTT").stderr == "CNTT: also công nghệ thông tin\n"
    assert run("-C", indexed, "search", "CNTT", "--no-expand").stderr == ""


def test_a_search_knows_the_synonyms_of_the_archive(indexed):
    (indexed / "synonyms.tsv").write_text("forms\nCNTT; tin học hóa\n", encoding="utf-8")
    assert "tin học hóa" in run("-C", indexed, "search", "CNTT").stderr


def test_broken_synonyms_are_a_usage_error_with_file_and_line(indexed):
    (indexed / "synonyms.tsv").write_text("forms\n;\n", encoding="utf-8")
    assert "synonyms.tsv, line 2" in run("-C", indexed, "search", "CNTT", code=2).stderr


def test_pages_follow_one_another_by_cursor(indexed):
    first = json.loads(run("-C", indexed, "search", "họp", "--json").stdout)
    assert ids(indexed, "họp", "--after", first["next"]) == {f"d{n}" for n in range(12)} - {
        hit["id"] for hit in first["hits"]
    }
    assert f"--after {first['next']}" in run("-C", indexed, "search", "họp").stdout
    assert "cursor" in run("-C", indexed, "search", "họp", "--after", "x", code=2).stderr


def test_every_hit_is_one_line_of_json_on_demand(indexed):
    lines = run("-C", indexed, "search", "họp", "--all", "--json").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == {f"d{n}" for n in range(12)}
    assert "12. Tin" in run("-C", indexed, "search", "họp", "--all").stdout


def test_a_search_says_where_a_star_stood_for_too_much(indexed, monkeypatch):
    monkeypatch.setattr("archive_search.index.answering.lookup.MAX_EXPANSIONS", 1)
    assert run("-C", indexed, "search", "ng*").stderr.startswith("ng*: more words begin so")


def test_newer_articles_come_first_or_not_on_demand(indexed, monkeypatch):
    asked = []
    search = WhooshEngine.search
    monkeypatch.setattr(
        WhooshEngine, "search", lambda self, query: asked.append(query) or search(self, query)
    )
    run("-C", indexed, "search", "họp")
    run("-C", indexed, "search", "họp", "--no-fresh")
    assert [query.fresh for query in asked] == [True, False]


def test_a_second_writer_gets_exit_code_75(tmp_path):
    run("-C", tmp_path, "init")
    with Archive(load_config(tmp_path)) as archive, archive.locked():
        assert "Another run" in run("-C", tmp_path, "index", code=75).stderr


@pytest.mark.parametrize("content", [b"", b"not a WARC file", b"\x1f\x8b\x08\x00torn"])
def test_a_file_that_is_no_warc_is_refused_and_nothing_is_taken_in(tmp_path, content):
    (tmp_path / "x.warc.gz").write_bytes(content)
    run("-C", tmp_path / "a", "init")
    assert "x.warc.gz" in run("-C", tmp_path / "a", "import", tmp_path / "x.warc.gz", code=1).stderr
    assert list((tmp_path / "a" / "warc").iterdir()) == []


def test_a_file_of_any_name_is_imported_and_found_again_by_a_rebuild(tmp_path):
    path = foreign_warc(tmp_path / "saved pages", gzipped=True, headers=[], body=b"<p>tin</p>")
    run("-C", tmp_path / "a", "init")
    run("-C", tmp_path / "a", "import", path)
    for name in ("catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"):
        (tmp_path / "a" / name).unlink(missing_ok=True)
    assert json.loads(run("-C", tmp_path / "a", "rebuild", "--json").stdout)["captures"] == 1


def test_a_lost_catalogue_is_noticed_and_the_message_says_how_to_get_it_back(tmp_path, capture_in):
    capture_in(tmp_path)
    assert "rebuild" not in run("-C", tmp_path, "status").stdout
    for name in ("catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    assert "archive-search rebuild" in run("-C", tmp_path, "status").stdout


def test_a_record_that_cannot_be_read_is_counted_and_named(tmp_path):
    path = foreign_warc(tmp_path / "x.warc", gzipped=False, headers=[], body=b"<p>tin</p>")
    path.write_bytes(path.read_bytes().replace(b"HTTP/1.1 200 OK", b"HTTP/1.1 OKAY !"))
    run("-C", tmp_path / "a", "init")
    report = json.loads(run("-C", tmp_path / "a", "import", path, "--json", code=3).stdout)[0]
    assert report["others"] == {"failed": 1}
    assert "no HTTP status" in report["problems"][0]["reason"]


def test_an_archive_whose_bytes_changed_cannot_be_rebuilt_in_silence(tmp_path, capture_in):
    path = capture_in(tmp_path)
    data = bytearray(path.read_bytes())
    data[-30] ^= 0xFF
    path.write_bytes(data)
    assert path.name in run("-C", tmp_path, "rebuild", code=3).stderr
    run("-C", tmp_path, "audit", code=4)


@pytest.fixture
def capture_in():
    from conftest import make_capture

    def make(folder):
        run("-C", folder, "init")
        with Archive(load_config(folder)) as archive:
            archive.keep(make_capture(), None)
        return next((folder / "warc").iterdir())

    return make


def test_a_profile_is_tried_on_a_file(tmp_path):
    page = tmp_path / "page.html"
    body = '<div class="journal-content-article"><p>Huyện ủy họp tại Thường Tín.</p></div>'
    page.write_text(
        '<div class="asset-full-content-title">Tin một</div>'
        '<div class="assetPublishDate">12/07/2022 | 12:00 AM</div>'
        f'<div class="asset-full-content"><div class="asset-content">{body}</div></div>',
        encoding="utf-8",
    )
    url = "http://thuongtin.hanoi.gov.vn/tin/-/view_content/77-tin-mot.html"
    found = json.loads(run("profile", "check", page, "--url", url, "--json").stdout)
    assert (found["profile"], found["number"], found["title"]) == ("thuongtin", "77", "Tin một")
    assert [block["text"] for block in found["blocks"]] == ["Huyện ủy họp tại Thường Tín."]


def test_a_page_that_is_not_there_is_reported_by_name(tmp_path):
    assert "no-such.html" in run("profile", "check", tmp_path / "no-such.html", code=2).stderr


def test_the_bundled_profiles_are_listed_with_how_they_were_checked():
    text = run("profile", "list").stdout
    for name in ("sotttt-hanoi", "thuongtin", "daksong", "tandan", "nukeviet"):
        assert name in text
