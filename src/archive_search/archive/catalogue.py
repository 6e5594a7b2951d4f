"""The catalogue's tables and its connection: SQLAlchemy Core, SQLite by default.

::

    runs ─┬─< visits       what a run did with each URL: new, unchanged, changed, gone, ...
          └─< captures     one row a WARC record that holds a response: where it is, what it is
    captures >── articles  an article: which version is current, whether the portal lost it
    articles ──< versions  the documents: one row a version of an article
    file_texts             the text of captured files (PDF, DOCX), one row a payload
    frontier               the URLs of a portal that are known, and when each is to be fetched
    hosts                  what a host asked for: robots.txt, a pause; who crawls it now

Only `runs`, `visits`, `frontier` and `hosts` hold what the WARC files do not; the rest is derived from
them.
Times are text, ISO 8601 in UTC, so that they sort and mean the same in every database.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    select,
    text,
)

metadata = MetaData()

# A file may be larger than 2 GiB. SQLite's integers are of any size.
_Bytes = BigInteger().with_variant(Integer, "sqlite")

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),  # crawl, import
    Column("portal", String(60)),
    Column("started_at", String(20), nullable=False),
    Column("finished_at", String(20)),
    Column("machine", String(100)),
    Column("stopped", Text),  # why it ended before its frontier was empty
    Column("alarms", JSON),  # what somebody ought to look at: a list of texts
)

captures = Table(
    "captures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id")),
    Column("url", Text, nullable=False),
    Column("captured_at", String(20), nullable=False),
    Column("status", Integer, nullable=False),
    Column("media_type", String(100)),
    Column("sha256", String(64), nullable=False),  # of the payload
    Column("size", _Bytes, nullable=False),  # of the payload, bytes
    Column("warc_file", String(255), nullable=False),
    Column("warc_offset", _Bytes, nullable=False),
    Column("record_length", _Bytes, nullable=False),
    Column("record_sha256", String(64), nullable=False),
    Column("truncated", String(12)),  # WARC-Truncated
    # Derived by cleaning: what the page is, why it is no article, which article it shows.
    Column("kind", String(20)),
    Column("reason", Text),
    Column("article", String(20)),
    Column("version", String(20)),
    Column("charset", String(40)),  # that the page was read as
    Column("text_size", Integer),  # of the article that was read, characters
    Column("unread", Integer),  # characters of it that could not be read (U+FFFD)
    UniqueConstraint("warc_file", "warc_offset"),
    Index("captures_of_url", "url", "captured_at"),
    Index("captures_of_article", "article", "captured_at"),
)

versions = Table(
    "versions",
    metadata,
    Column("article", String(20), primary_key=True),
    Column("version", String(20), primary_key=True),
    Column("document", JSON, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String(20), primary_key=True),
    Column("portal", String(60), nullable=False),
    Column("url", Text, nullable=False),
    Column("version", String(20), nullable=False),
    Column("gone_at", String(20)),
)

frontier = Table(
    "frontier",
    metadata,
    Column("found", Integer, primary_key=True),  # in the order of discovery
    Column("portal", String(60), nullable=False),
    Column("key", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # queued, done
    Column("found_on", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("method", String(10), nullable=False, server_default="GET"),
    Column("body", Text),
    Column("seen_at", String(20)),  # when it was fetched last
    Column("due_at", String(20)),  # when it is to be fetched next; at once if there is nothing here
    Column("interval_s", Integer),  # between two fetches
    Column("failures", Integer, nullable=False, server_default="0"),  # since it was fetched last
    UniqueConstraint("portal", "key"),
    Index("frontier_queue", "portal", "state", "priority"),
)

file_texts = Table(
    "file_texts",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the payload
    Column("media_type", String(100)),
    Column("text", Text),
    Column("problem", Text),  # why there is no text
)

hosts = Table(
    "hosts",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("not_before", String(20)),  # when it may be asked again
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("delay_s", Float),  # between two requests, as it was in the end
    Column("robots_at", String(20)),  # when robots.txt was had last
    Column("robots", Text),  # what it said
    Column("holder", String(100)),  # who crawls it now
    Column("held_until", String(20)),
)

visits = Table(
    "visits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("at", String(20), nullable=False),
    Column("kind", String(20)),
    Column("outcome", String(20), nullable=False),
    Column("reason", Text),
    Index("visits_of_run", "run", "url"),
)


def timestamp(moment: datetime) -> str:
    """Return a time as the catalogue writes it: `2022-07-11T03:04:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(written: str) -> datetime:
    """Return a written time as an aware datetime in UTC."""
    return datetime.fromisoformat(written)


def connect(url: str) -> Engine:
    """Return the catalogue at an SQLAlchemy URL, with its schema made or brought up to date."""
    engine = create_engine(url, json_serializer=_json)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    with engine.connect() as connection:
        if _revision(connection) != REVISION:
            migrate(connection)
            connection.commit()
    return engine


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _durable(connection: Any, _record: Any) -> None:
    # A commit is on disk when it returns: WAL alone would lose the last ones in a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


REVISION = "0002"
"""The newest schema revision; the migrations folder leads up to it."""


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(select(text("version_num from alembic_version"))).scalar()
    return revision


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(resources.files(__package__) / "migrations"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
