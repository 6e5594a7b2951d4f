"""Small archives for the tests of the site: hand-made documents in a real archive and a real index."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from conftest import make_capture

from archive_search.archive import Archive, articles, captures, create, gone
from archive_search.config import load_config
from archive_search.identity import article_id, article_version, identified
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Article, BlockKind, CaptureKind, Document, Person, Role, Statement, Topic
from archive_search.web import create_app
from archive_search.web.room import close_room

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
CAPTURED = datetime(2022, 7, 13, 3, 4, 5, tzinfo=UTC)
LAND = Topic(slug="dat-dai-gpmb", label="Đất đai, giải phóng mặt bằng", score=0.9, phrases=())
MINH = "Nguyễn Tiến Minh"


def paragraphs(*texts):
    return [(BlockKind.PARAGRAPH, text) for text in texts]


def make_document(number="1", *, blocks=(), spoke=(), topics=(), lead=None, **given):
    """Return a document; each name in `spoke` spoke in the first block that has it."""
    values = {
        "portal": "sotttt-hanoi",
        "title": "Kỳ họp 17 của Huyện ủy",
        "published_at": datetime(2022, 7, 12, 16, 30, tzinfo=VIETNAM),
        "byline": None,
        "section": None,
        "images": (),
        "attachments": (),
    } | given
    made = identified(blocks or paragraphs("Đồng chí Bí thư phát biểu về giải phóng mặt bằng."))
    url = f"http://sotttt.hanoi.gov.vn/tin/-/view_content/{number}-ky-hop.html"
    article = Article(
        id=article_id(values["portal"], number, url),
        version=article_version(values["title"], lead, values["published_at"], made),
        number=number,
        url=url,
        urls=(url,),
        lead=lead,
        blocks=made,
        **values,
    )
    return Document(article=article, people=tuple(_speaker(name, made) for name in spoke), topics=topics)


def _speaker(name, blocks, role=Role.SPOKE):
    block = next(block for block in blocks if name in block.text)
    start = block.text.index(name)
    mention = Statement(
        surface=name,
        titles=("Bí thư Huyện ủy",),
        role=role,
        verb="phát biểu",
        block=block.id,
        start=start,
        end=start + len(name),
    )
    return Person(name=name, titles=mention.titles, roles=(role,), statements=(mention,))


class Room:
    """An archive under construction, and the site over it."""

    def __init__(self, folder):
        create(folder)
        self.config = load_config(folder)
        self.archive = Archive(self.config)
        self.captured_at = CAPTURED
        self._apps = []

    def keep(self, capture):
        return self.archive.keep(capture, run=None)

    def add(self, document, *, payload=b"<p>tin</p>", is_print_view=False):
        """File a document as the newest capture of its page, a day after the one before."""
        stored = self.keep(
            make_capture(
                document.article.url, payload + str(self.captured_at).encode(), captured_at=self.captured_at
            )
        )
        self.captured_at += timedelta(days=1)
        with self.archive.writing() as db:
            articles.file(db, stored, document, is_print_view=is_print_view)
        return document.article

    def lose(self, article):
        """Let the portal answer 404 for the article's page, often enough for a tombstone."""
        for days in (0, 4, 8):
            at = self.captured_at + timedelta(days=days)
            stored = self.keep(make_capture(article.url, b"", status=404, captured_at=at))
            with self.archive.writing() as db:
                captures.settle(db, stored.id, CaptureKind.ERROR)
        with self.archive.writing() as db:
            articles.refresh(db, article.id)
            gone.judge(db, closed=[article.portal])

    def index(self):
        engine = WhooshEngine(self.config.index_folder)
        with self.archive.reading() as db:
            engine.rebuild(articles.documents(db))
        engine.close()

    def client(self):
        """Return a browser's part of a site over what is indexed now."""
        app = create_app(self.config)
        self._apps.append(app)
        return app.test_client()

    def close(self):
        for app in self._apps:
            close_room(app)
        self.archive.close()


@contextmanager
def open_room(folder):
    room = Room(folder)
    try:
        yield room
    finally:
        room.close()
