"""The settings of one archive: read once from `archive.toml` into a frozen `Config`."""

from __future__ import annotations

import json
import re
import socket
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from archive_search.errors import ConfigError, NotAnArchive

FILE_NAME = "archive.toml"


def _setting(default: Any, text: str, choices: tuple[str, ...] = (), form: str = "") -> Any:
    """Return a dataclass field; its help is the comment in `archive.toml` and in the docs.

    `form` names what a text has to look like: a key of `_FORMS`.
    """
    about = {"help": text, "choices": choices, "form": form}
    if isinstance(default, list):
        return field(default_factory=lambda: tuple(default), metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One archive's settings. Each has its name, default and help here and nowhere else."""

    folder: Path
    portals: tuple[str, ...] = _setting([], "Profiles of the portals to crawl, by name.")
    contact: str = _setting(
        "",
        "Address or URL at which a portal's owner reaches you; sent with every request.",
        form="ASCII letters, digits and marks on one line, as a header holds them",
    )
    site_title: str = _setting("Kho lưu trữ kỳ họp", "Name of the site, as its pages show it.")
    site_url: str = _setting(
        "", "Address of the site, as citations print it; without one it is that of the request."
    )
    delay_s: float = _setting(0.0, "Seconds between two requests; 0 leaves it to each profile.")
    warc_max_mb: int = _setting(1000, "A new WARC file is begun when one is larger than this.")
    min_free_mb: float = _setting(500.0, "A run stops before the disk has less free space than this.")
    max_pages: float = _setting(0.0, "Pages that one run fetches of a portal at most; 0 for no limit.")
    max_mb: float = _setting(0.0, "Megabytes that one run fetches of a portal at most; 0 for no limit.")
    max_minutes: float = _setting(0.0, "Minutes that one run of a portal takes at most; 0 for no limit.")
    recheck_days: float = _setting(
        30.0, "A page that never changes is asked for again after so many days at most."
    )
    closed: tuple[str, ...] = _setting(
        [], "Portals that are known to be closed, so that all their articles may be gone at once."
    )
    machine: str = _setting(
        "", "Name of this machine among several that crawl; without one it is the host's name."
    )
    catalogue: str = _setting(
        "", "SQLAlchemy URL of a catalogue that several machines share; without one it is a file here."
    )

    alarm_days: float = _setting(
        7.0, "Days without a new article after which a crawl of a portal raises an alarm; 0 for never."
    )
    mail_when: str = _setting(
        "problem",
        "When a crawl is reported by mail: after a problem, always or never.",
        choices=("problem", "always", "never"),
    )
    mail_to: tuple[str, ...] = _setting([], "Addresses that reports of crawls are mailed to.")
    mail_from: str = _setting("", "Address that reports are mailed from; without one the first of `mail_to`.")
    smtp_url: str = _setting(
        "",
        "Mail server, as smtp://user@host:587 or smtps://user@host; without one nothing is mailed.",
        form="a URL that begins with smtp:// or smtps://",
    )
    webhook_url: str = _setting(
        "",
        "URL that the report of every crawl is posted to, as JSON.",
        form="a URL that begins with http:// or https://",
    )
    ping_url: str = _setting(
        "",
        "URL that is fetched after every crawl that ended by itself and without an alarm.",
        form="a URL that begins with http:// or https://",
    )

    @property
    def warc_folder(self) -> Path:
        """Where captures are kept: the truth from which all else can be rebuilt."""
        return self.folder / "warc"

    @property
    def index_folder(self) -> Path:
        """Where the search index is: derived, may be deleted."""
        return self.folder / "index"

    @property
    def synonyms_file(self) -> Path:
        """Where the archive's own synonyms are, if it has any."""
        return self.folder / "synonyms.tsv"

    @property
    def profile_folder(self) -> Path:
        """Where an archive's own portal profiles are."""
        return self.folder / "portals"

    @property
    def catalogue_url(self) -> str:
        """SQLAlchemy URL of the catalogue: derived, may be deleted."""
        return self.catalogue or f"sqlite:///{self.folder / 'catalogue.sqlite'}"

    @property
    def is_shared(self) -> bool:
        """Whether several machines may crawl into the catalogue at once."""
        return bool(self.catalogue) and not self.catalogue.startswith("sqlite")

    @property
    def machine_name(self) -> str:
        """What WARC files and runs call this machine: letters, digits, hyphens."""
        return re.sub(r"[^A-Za-z0-9-]+", "-", self.machine or socket.gethostname()).strip("-") or "machine"


SETTINGS = tuple(f for f in fields(Config) if "help" in f.metadata)


def load_config(folder: Path) -> Config:
    """Return the settings of the archive in `folder`.

    Raises `NotAnArchive` where there is no `archive.toml`, `ConfigError` for what cannot be used.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise NotAnArchive(
            f"{folder} is not an archive: it has no {FILE_NAME}. "
            f"Make one with `archive-search -C {folder} init`, or name another folder with -C."
        ) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read: {exc}") from exc
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    known = {setting.name: setting for setting in SETTINGS}
    for key in table:
        if key not in known:
            raise ConfigError(f"{path}: unknown setting {key!r}. Known: {', '.join(known)}.")
    values = {key: _checked(known[key], value, f"{path}: {key}") for key, value in table.items()}
    return Config(folder=folder, **values)


def _checked(setting: Any, value: Any, where: str) -> Any:
    kind, choices = str(setting.type), setting.metadata["choices"]
    if choices and value not in choices:
        raise ConfigError(f"{where}: expected one of {', '.join(choices)}, got {value!r}.")
    if kind == "tuple[str, ...]" and isinstance(value, list) and all(type(v) is str for v in value):
        return tuple(value)
    if kind == "float" and type(value) in (int, float) and 0 <= value <= _MOST:
        return float(value)
    if kind == "int" and type(value) is int and value > 0:
        return value
    if kind == "str" and type(value) is str:
        form = setting.metadata["form"]
        if form and value and not _FORMS[form].fullmatch(value):
            raise ConfigError(f"{where}: expected {form}, got {value!r}.")
        return value
    raise ConfigError(f"{where}: expected {_WANTED[kind]}, got {value!r}.")


_MOST = 1_000_000
"""More of anything, of days or megabytes, is a slip, and too much to calculate with."""

_FORMS = {
    "ASCII letters, digits and marks on one line, as a header holds them": re.compile(r"[ -~]+"),
    "a URL that begins with http:// or https://": re.compile(r"https?://[!-~]+"),
    "a URL that begins with smtp:// or smtps://": re.compile(r"smtps?://[!-~]+"),
}

_WANTED = {
    "tuple[str, ...]": "a list of strings",
    "float": f"a number from 0 to {_MOST:_}".replace("_", ","),
    "int": "a whole number from 1",
    "str": "a string",
}


def config_text(portals: tuple[str, ...]) -> str:
    """Return the text of a new `archive.toml`: every setting with its help and default."""
    lines = ["# Settings of this archive-search archive. Remove a # to change a default.", ""]
    for setting in SETTINGS:
        lines.append(f"# {setting.metadata['help']}")
        if setting.name == "portals":
            lines += [f"portals = {_toml(list(portals))}", ""]
        else:
            lines += [f"# {setting.name} = {_toml(_default(setting))}", ""]
    return "\n".join(lines)


def _default(setting: Any) -> Any:
    return setting.default if setting.default is not MISSING else setting.default_factory()


def _toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
