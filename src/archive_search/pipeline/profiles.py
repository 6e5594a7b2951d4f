"""Which profile a URL is read with."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from archive_search.identity import host_of
from archive_search.portals import GENERIC, Profile, bundled_profiles, load_profile


class Profiles:
    """Finds the profile for a URL: the archive's own first, then the bundled ones.

    They are read when one is asked for, so that a broken one stops nobody who needs none.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _profiles(self) -> tuple[Profile, ...]:
        own = sorted(path.stem for path in self._folder.glob("*.toml"))
        names = dict.fromkeys((*own, *bundled_profiles()))
        return tuple(load_profile(name, self._folder) for name in names)

    def of(self, url: str) -> Profile:
        """Return the profile whose portal the URL is of, else a generic one named after the host.

        Raises `ProfileError` if any of the profiles is wrong: it may be the one.
        """
        for profile in self._profiles:
            if profile.owns(url):
                return profile
        host = host_of(url) or "unknown"
        return replace(GENERIC, name=host, label=host)
