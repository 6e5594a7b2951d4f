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
import tempfile
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
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
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError

from archive_search.disk import sync
from archive_search.errors import ConfigError

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
    Column("payload_digest", String(80)),  # WARC-Payload-Digest, which revisits refer to
    Column("size", _Bytes, nullable=False),  # of the payload, bytes
    Column("warc_file", String(255), nullable=False),
    Column("warc_offset", _Bytes, nullable=False),
    Column("record_length", _Bytes, nullable=False),
    Column("record_sha256", String(64), nullable=False),
    Column("warc_end", _Bytes),  # behind the record and its request: all before is on disk
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
    Index("captures_of_payload", "payload_digest"),
    Index("captures_of_run", "run"),
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
    Column("seen_at", String(20)),  # first
    Column("absent_at", String(20)),  # since when none of its addresses shows it
    Column("lost_at", String(20)),  # when that had been seen often enough
    Column("gone_at", String(20)),  # the same as absent_at, once it is believed
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
    Index("frontier_queue", "portal", "state", "priority", "seen_at"),
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
    """Return the catalogue at an SQLAlchemy URL, with its schema made or brought up to date.

    Raises `ConfigError` for a URL that is none, of a database whose driver is not installed, or of a
    catalogue that a newer program made. Before an older one in SQLite is changed, a copy of it is kept.
    """
    engine = engine_of(url)
    with engine.connect() as connection:
        revision = _revision(connection)
        if revision and revision > REVISION:
            raise ConfigError(
                f"The catalogue was made by a newer archive-search (its revision is {revision}, and this "
                f"program knows {REVISION}). Upgrade the program; nothing was changed."
            )
        if revision != REVISION:
            _keep_copy(connection, revision)
            _migrate_at_once(connection)
    return engine


def engine_of(url: str) -> Engine:
    """Return the database at an SQLAlchemy URL as it is, whatever its schema."""
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    return engine


def _engine(url: str) -> Engine:
    try:
        spelt = make_url(url)
        if spelt.drivername in ("postgresql", "postgres"):
            spelt = spelt.set(drivername="postgresql+psycopg")
        # A server may have been restarted since a connection was used last.
        return create_engine(spelt, json_serializer=_json, pool_pre_ping=True)
    except ModuleNotFoundError as exc:
        raise ConfigError(
            f"archive.toml: the driver of catalogue's database is not installed ({exc}). That of PostgreSQL "
            "comes with `pip install 'archive-search[postgresql]'`; others are not supported."
        ) from exc
    except ArgumentError as exc:
        raise ConfigError(f"archive.toml: catalogue is no URL of a database: {exc}") from exc


def _keep_copy(connection: Connection, revision: str | None) -> None:
    """Keep a catalogue in SQLite as it is, beside itself: `catalogue-0001.sqlite`."""
    file = connection.engine.url.database
    if revision is None or connection.dialect.name != "sqlite" or not file:
        return
    copy = Path(file).with_name(f"catalogue-{revision}.sqlite")
    connection.rollback()  # VACUUM is for outside of a transaction
    with tempfile.TemporaryDirectory(prefix="upgrading-", dir=copy.parent) as folder:
        part = Path(folder) / copy.name
        connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
        sync(part)
        part.replace(copy)
    sync(copy.parent)


def _migrate_at_once(connection: Connection) -> None:
    """Migrate in one transaction: whoever is killed in it leaves the catalogue as it was."""
    if connection.dialect.name == "sqlite":
        # Python's driver begins none for changes of the schema, and would commit each by itself.
        connection.rollback()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # Held until the transaction ends, so that of several machines only one migrates.
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
    if _revision(connection) != REVISION:  # which another process may have brought about by now
        migrate(connection)
    connection.commit()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _durable(connection: Any, _record: Any) -> None:
    # A commit is on disk when it returns: WAL alone would lose the last ones in a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


_MIGRATING = 0x61726368697665
"""The key of PostgreSQL's advisory lock for migrations: any number that others do not use."""

REVISION = "0002"
"""The newest schema revision; the migrations folder leads up to it."""


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(select(text("version_num from alembic_version"))).scalar()
    return revision


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema up to a revision, the newest one unless another is named."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(resources.files(__package__) / "migrations"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)
