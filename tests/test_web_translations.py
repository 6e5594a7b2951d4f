"""The Vietnamese catalogue holds every text of the site, and the compiled one is the written one."""

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import archive_search

PACKAGE = Path(archive_search.__file__).parent
CATALOGUE = PACKAGE / "translations" / "vi" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def written():
    with (CATALOGUE / "messages.po").open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def used():
    with (PACKAGE / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | {"lazy_gettext": None}
    found = extract_from_dir(str(PACKAGE), methods, options, keywords=keywords)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def msgid(message):
    return message.id if isinstance(message.id, str) else message.id[0]


def test_every_text_of_the_site_is_in_the_catalogue_and_nothing_else(written, used):
    assert {msgid(message) for message in written if message.id} == used


def test_every_text_is_translated_and_none_is_doubtful(written):
    missing = [message.id for message in written if message.id and not all(_strings(message))]
    assert not missing
    assert not [message.id for message in written if message.id and message.fuzzy]


def _strings(message):
    return [message.string] if isinstance(message.string, str) else message.string


def test_translations_have_the_same_placeholders(written):
    assert not [error for message in written for error in message.check(written)]


def test_the_compiled_catalogue_is_the_written_one(written):
    compiled = BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    with (CATALOGUE / "messages.mo").open("rb") as file:
        assert _texts(read_mo(file)) == _texts(read_mo(compiled))


def _texts(catalogue):
    return {msgid(message): _strings(message) for message in catalogue if message.id}
