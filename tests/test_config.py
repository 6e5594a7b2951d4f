import tomllib

import pytest

from archive_search.config import SETTINGS, config_text, load_config
from archive_search.errors import ConfigError, NotAnArchive


def write(folder, text):
    (folder / "archive.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_new_file_holds_every_setting_with_its_help():
    text = config_text(("thuongtin",))
    assert tomllib.loads(text) == {"portals": ["thuongtin"]}
    for setting in SETTINGS:
        assert f"{setting.name} = " in text
        assert setting.metadata["help"] in text


def test_the_defaults_written_as_comments_are_the_defaults(tmp_path):
    text = "\n".join(line.removeprefix("# ") for line in config_text(()).splitlines() if " = " in line)
    assert load_config(write(tmp_path, text)) == load_config(write(tmp_path, ""))


def test_a_folder_without_settings_is_no_archive_and_the_message_says_how_to_make_one(tmp_path):
    with pytest.raises(NotAnArchive, match="init"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("portals = [", "not valid TOML"),
        ("portal = []", "unknown setting 'portal'. Known: portals"),
        ("portals = 'thuongtin'", "portals: expected a list of strings"),
        ("delay_s = -1", "delay_s: expected a number from 0"),
        ("warc_max_mb = 0.5", "warc_max_mb: expected a whole number from 1"),
        ("contact = 3", "contact: expected a string"),
        ("contact = 'Nguyễn <a@b.vn>'", "contact: expected ASCII letters"),
        ('contact = "a\\nb"', "contact: expected ASCII letters"),
        ("recheck_days = 1e300", "recheck_days: expected a number from 0 to 1,000,000"),
        ("max_minutes = inf", "max_minutes: expected a number from 0 to 1,000,000"),
        ("delay_s = nan", "delay_s: expected a number from 0"),
        ("webhook_url = 'notaurl'", "webhook_url: expected a URL that begins with http"),
        ("ping_url = 'ftp://x'", "ping_url: expected a URL that begins with http"),
        ("smtp_url = 'http://x'", "smtp_url: expected a URL that begins with smtp"),
    ],
)
def test_a_bad_setting_is_refused_with_its_file_and_name(tmp_path, text, message):
    with pytest.raises(ConfigError, match=r"archive\.toml") as error:
        load_config(write(tmp_path, text))
    assert message in str(error.value)
