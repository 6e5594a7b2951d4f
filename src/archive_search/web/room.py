"""What every view needs: the archive, the engine, and the names of the portals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, url_for

from archive_search.archive import Archive
from archive_search.config import Config
from archive_search.errors import ProfileError
from archive_search.index.engine import Engine
from archive_search.index.language.thesaurus import ThesaurusFile
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.portals import load_profile
from archive_search.web import language

_NAME = "archive-search"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """An open archive, its engine and its thesaurus, shared by all threads of the server."""

    config: Config
    archive: Archive
    engine: Engine
    thesaurus: ThesaurusFile


def open_room(app: Flask, config: Config) -> None:
    """Open the archive and its engine once, for the life of the app."""
    room = Room(
        config=config,
        archive=Archive(config),
        engine=WhooshEngine(config.index_folder),
        thesaurus=ThesaurusFile(config.synonyms_file),
    )
    app.extensions[_NAME] = room


def close_room(app: Flask) -> None:
    """Let go of what `open_room` opened, when the app has served its last request."""
    room: Room = app.extensions[_NAME]
    room.engine.close()
    room.archive.close()


def the_room() -> Room:
    """Return the room of the current app."""
    room: Room = current_app.extensions[_NAME]
    return room


def lasting_url(endpoint: str, **values: Any) -> str:
    """Return the whole address of a page as others should write it down.

    It is under the site's own name, and the same in whichever language the page is read.
    """
    values.setdefault("lang", language.DEFAULT)
    site = the_room().config.site_url.rstrip("/")
    return site + url_for(endpoint, **values) if site else url_for(endpoint, **values, _external=True)


def portal_label(name: str) -> str:
    """Return what a portal calls itself; its profile's name if it has no profile or no label."""
    return _label(name, the_room().config.profile_folder)


@lru_cache(maxsize=1000)
def _label(name: str, folder: Path) -> str:
    try:
        return load_profile(name, folder).label or name
    except ProfileError:
        return name
