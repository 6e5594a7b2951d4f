"""Rebuilding from damaged files: what is whole comes back, and what is not is told."""

from contextlib import closing

import pytest
from conftest import make_capture
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from archive_search.archive import Archive, catalogue, create
from archive_search.config import load_config
from archive_search.errors import ProfileError
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.pipeline import rebuild
from archive_search.pipeline.profiles import Profiles

PAGES = 6


def page(number):
    words = f"Kỳ họp thứ {number} của Hội đồng nhân dân huyện. " * 40
    return f"<title>Tin {number}</title><h1>Tin {number}</h1><article><p>{words}</p></article>".encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "archive"
    create(folder)
    with Archive(load_config(folder)) as archive:
        for number in range(PAGES):
            archive.keep(make_capture(f"http://portal.test/tin/{number}", page(number)), None)
    return folder


def rebuilt(folder):
    """Rebuild an archive; return the URLs that are known and cleaned then, and the problems told."""
    with (
        Archive(load_config(folder)) as archive,
        closing(WhooshEngine(archive.config.index_folder)) as engine,
    ):
        report = rebuild(archive, engine)
        c = catalogue.captures.c
        with archive.reading() as db:
            urls = set(db.execute(select(c.url).where(c.kind.is_not(None))).scalars())
    return {int(url.rpartition("/")[2]) for url in urls}, report.problems


def damaged(folder, tmp_path, place, *, keep_catalogue):
    """Return a copy of the archive with one byte changed, at that share of its file."""
    copy = tmp_path / "copy"
    create(copy)
    warc = next((folder / "warc").iterdir())
    data = bytearray(warc.read_bytes())
    at = int(place * (len(data) - 1))
    data[at] ^= 0xFF
    (copy / "warc" / warc.name).write_bytes(data)
    if keep_catalogue:
        (copy / "catalogue.sqlite").write_bytes((folder / "catalogue.sqlite").read_bytes())
    return copy, at


def hit(folder, at):
    """Return the page whose record holds the byte, if one does."""
    c = catalogue.captures.c
    with Archive(load_config(folder)) as archive, archive.reading() as db:
        for row in db.execute(select(c.url, c.warc_offset, c.record_length)):
            if row.warc_offset <= at < row.warc_offset + row.record_length:
                return {int(row.url.rpartition("/")[2])}
    return set()


@given(place=st.floats(0, 1))
@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("keep_catalogue", [False, True])
def test_one_changed_byte_costs_one_capture_at_most(folder, tmp_path_factory, keep_catalogue, place):
    copy, at = damaged(folder, tmp_path_factory.mktemp("cut"), place, keep_catalogue=keep_catalogue)
    found, problems = rebuilt(copy)
    lost = set(range(PAGES)) - found
    assert lost <= hit(folder, at)
    assert problems or not lost


def test_a_damaged_record_is_told_with_the_bytes_behind_which_reading_goes_on(folder, tmp_path):
    copy, _ = damaged(folder, tmp_path, 0.5, keep_catalogue=False)
    _, problems = rebuilt(copy)
    assert "is broken" in problems[0]
    assert "are read" in problems[0]


def test_a_broken_profile_stops_only_who_asks_for_one(tmp_path):
    (tmp_path / "hong.toml").write_text('name = "hong"\nlabel = \n', encoding="utf-8")
    profiles = Profiles(tmp_path)
    with pytest.raises(ProfileError, match=r"hong\.toml"):
        profiles.of("http://portal.test/")
