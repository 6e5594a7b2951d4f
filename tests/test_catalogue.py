import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from archive_search.archive import catalogue


def test_the_migrations_lead_to_the_tables_that_the_code_knows(tmp_path):
    engine = catalogue.connect(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), catalogue.metadata) == []
    engine.dispose()


def test_the_newest_revision_is_the_last_of_the_migrations():
    folder = f"{catalogue.__file__.rpartition('/')[0]}/migrations"
    assert ScriptDirectory(folder).get_current_head() == catalogue.REVISION


def test_opening_a_catalogue_again_changes_nothing(tmp_path):
    url = f"sqlite:///{tmp_path}/catalogue.sqlite"
    for _ in range(2):
        engine = catalogue.connect(url)
        with engine.connect() as db:
            assert db.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [
                catalogue.REVISION
            ]
        engine.dispose()


def test_a_commit_is_on_disk_when_it_returns(tmp_path):
    engine = catalogue.connect(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with engine.connect() as db:
        assert db.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert db.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
    engine.dispose()


def test_the_migrations_run_from_an_empty_database_of_any_kind():
    engine = create_engine("sqlite://")
    with engine.connect() as db:
        catalogue.migrate(db)
        assert db.dialect.has_table(db, "captures")
    engine.dispose()


def test_a_migration_that_is_broken_off_leaves_nothing_behind(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/catalogue.sqlite"
    migrate = catalogue.migrate

    def broken_off(connection):
        migrate(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "migrate", broken_off)
        with pytest.raises(KeyboardInterrupt):
            catalogue.connect(url)
    engine = create_engine(url)
    with engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    engine.dispose()
