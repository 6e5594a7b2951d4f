import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from conftest import make_capture

from archive_search.archive import articles, captures, create, runs
from archive_search.archive.exporting import document_from_json, document_to_json, export
from archive_search.errors import ArchiveLocked, ConfigError
from archive_search.identity import article_id, article_version, identified
from archive_search.records import (
    Article,
    Attachment,
    BlockKind,
    CaptureKind,
    CitedDocument,
    Document,
    Evidence,
    Image,
    Outcome,
    Person,
    Place,
    Role,
    Session,
    Statement,
    Topic,
)

NOON = datetime(2022, 7, 12, 5, 0, tzinfo=UTC)
URL = "http://portal.test/tin/1"
NAMED = Evidence(surface="Kỳ họp 17", block="title", start=0, end=9)


def make_document(text="Huyện ủy họp", *, url=URL, number="1", title="Kỳ họp 17"):
    blocks = identified([(BlockKind.CAPTION, "Toàn cảnh"), (BlockKind.PARAGRAPH, text)])
    return Document(
        article=Article(
            id=article_id("portal", number, url),
            version=article_version(title, "Mở đầu", NOON, blocks),
            portal="portal",
            number=number,
            url=url,
            urls=(url,),
            title=title,
            lead="Mở đầu",
            published_at=NOON,
            byline="Xuân Tiến",
            section="Tin tức",
            blocks=blocks,
            images=(Image(url="http://portal.test/a.jpg", alt="", caption=blocks[0].id),),
            attachments=(Attachment(url="http://portal.test/a.pdf", name="Nghị quyết"),),
        ),
        people=(
            Person(
                name="Tạ Hữu Thọ",
                titles=("Chủ tịch HĐND huyện",),
                roles=(Role.SPOKE, Role.ATTENDED),
                statements=(
                    Statement(
                        surface="Tạ Hữu Thọ",
                        titles=(),
                        role=Role.SPOKE,
                        verb="phát biểu",
                        block="lead",
                        start=0,
                        end=10,
                    ),
                ),
            ),
        ),
        topics=(Topic(slug="y-te", label="Y tế", score=0.5, phrases=("dịch bệnh",)),),
        places=(Place(name="xã Văn Bình", mentions=(NAMED,)),),
        sessions=(Session(name="Kỳ họp thứ 17", number=17, body=None, term="XXIV", mentions=(NAMED,)),),
        cited=(CitedDocument(symbol="05-CT/TW", kind=None, mentions=(NAMED, NAMED)),),
    )


def file(archive, document, *, url=None, at=NOON, is_print_view=False):
    stored = archive.keep(make_capture(url or document.article.url, captured_at=at), None)
    with archive.writing() as db:
        return articles.file(db, stored, document, is_print_view=is_print_view)


def state(archive, document):
    with archive.reading() as db:
        return articles.find(db, document.article.id)


def test_a_kept_capture_can_be_read_again(archive):
    stored = archive.keep(make_capture(), None)
    assert archive.read(stored) == make_capture()
    with archive.reading() as db:
        assert list(captures.unsettled(db)) == [stored]


def test_a_capture_is_entered_once_however_often_it_is_registered(archive):
    stored = archive.keep(make_capture(), None)
    with archive.writing() as db:
        assert captures.register(db, make_capture(), stored.location, None) is None


def test_the_first_capture_of_an_article_is_new_and_the_same_again_unchanged(archive):
    assert file(archive, make_document()) is Outcome.NEW
    assert file(archive, make_document(), at=NOON + timedelta(days=1)) is Outcome.UNCHANGED


def test_the_same_article_under_another_url_is_a_duplicate_and_one_article_with_two_urls(archive):
    file(archive, make_document())
    other = "http://portal.test/vi/tin/1"
    assert file(archive, make_document(url=other), at=NOON + timedelta(days=1)) is Outcome.DUPLICATE
    with archive.reading() as db:
        (document,) = articles.documents(db)
    assert document.article.urls == (URL, other)


def test_a_changed_article_keeps_its_old_version_readable(archive):
    old, new = make_document("trước"), make_document("sau")
    file(archive, old)
    assert file(archive, new, at=NOON + timedelta(days=1)) is Outcome.CHANGED
    with archive.reading() as db:
        assert articles.document(db, old.article.id) == new
        assert articles.document(db, old.article.id, old.article.version) == old


def test_the_current_version_is_that_of_the_newest_capture_in_whichever_order_they_come(archive):
    new, old = make_document("sau"), make_document("trước")
    file(archive, new, at=NOON)
    file(archive, old, at=NOON - timedelta(days=1))
    assert state(archive, new).version == new.article.version


def test_a_print_view_adds_a_url_and_no_version_that_is_current(archive):
    page, view = make_document("bài"), make_document("bản in", url="http://portal.test/in/1")
    file(archive, page)
    assert file(archive, view, at=NOON + timedelta(days=1), is_print_view=True) is Outcome.DUPLICATE
    assert state(archive, page).version == page.article.version
    assert state(archive, page).url == page.article.url


def test_an_article_of_which_there_is_only_a_print_view_is_readable(archive):
    view = make_document()
    file(archive, view, is_print_view=True)
    with archive.reading() as db:
        assert articles.document(db, view.article.id) == view


def test_a_document_comes_back_from_json_as_it_was():
    assert document_from_json(document_to_json(make_document())) == make_document()


def test_an_export_has_the_fields_that_other_programs_read():
    line = export(make_document())
    wanted = (
        "id portal number url urls title lead published_at byline section blocks people topics attachments"
    )
    assert set(wanted.split()) <= line.keys()
    assert line["published_at"] == "2022-07-12T05:00:00+00:00"
    assert line["topics"] == ["y-te"]
    assert line["blocks"][0].keys() == {"id", "kind", "text"}
    (person,) = line["people"]
    assert person.keys() == {"name", "titles", "roles", "mentions"}
    assert {"surface", "block", "role", "verb"} <= person["mentions"][0].keys()


def test_an_export_tells_where_places_sessions_and_documents_are_named():
    line = json.loads(json.dumps(export(make_document())))
    named = {"surface": "Kỳ họp 17", "block": "title", "start": 0, "end": 9}
    assert line["places"] == [{"name": "xã Văn Bình", "mentions": [named]}]
    assert line["sessions"][0] | {"mentions": []} == {
        "name": "Kỳ họp thứ 17", "number": 17, "body": None, "term": "XXIV", "mentions": [],
    }  # fmt: skip
    assert line["cited"] == [{"symbol": "05-CT/TW", "kind": None, "mentions": [named, named]}]


def test_a_report_counts_articles_and_other_urls_and_lists_what_went_wrong(archive):
    with archive.writing() as db:
        run = runs.begin(db, "crawl", "portal", NOON)
        runs.note(db, run, "http://a/1", NOON, Outcome.NEW, kind=CaptureKind.ARTICLE)
        runs.note(db, run, "http://a/2", NOON, Outcome.FAILED, reason="no answer")
        runs.note(db, run, "http://a/3", NOON, Outcome.GONE, kind=CaptureKind.ERROR, reason="HTTP 404")
        runs.finish(db, run, NOON)
        report = runs.report(db, run)
    assert report.articles == {"new": 1}
    assert report.others == {"failed": 1, "gone": 1}
    assert [(p.url, p.reason) for p in report.problems] == [
        ("http://a/2", "no answer"),
        ("http://a/3", "HTTP 404"),
    ]
    assert report.failures == 1


def test_a_crawl_that_never_finished_is_interrupted_until_it_is(archive):
    with archive.writing() as db:
        run = runs.begin(db, "crawl", "portal", NOON)
        assert runs.interrupted(db, "portal") == run
        runs.finish(db, run, NOON)
        assert runs.interrupted(db, "portal") is None


def test_an_archive_is_not_made_twice(archive):
    with pytest.raises(ConfigError, match="already"):
        create(archive.config.folder)


def test_a_second_writer_is_turned_away_and_the_lock_goes_with_its_holder(archive):
    hold = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); "
        "print(flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(archive.config.folder / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(ArchiveLocked, match="Another run"), archive.locked():
            pass
        holder.kill()
    with archive.locked():
        pass
