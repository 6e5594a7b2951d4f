"""Which profile a URL is read with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archive_search.identity import host_of
from archive_search.portals import GENERIC, Profile, bundled_profiles, load_profile


class Profiles:
    """Finds the profile for a URL: the archive's own first, then the bundled ones."""

    def __init__(self, folder: Path) -> None:
        own = sorted(path.stem for path in folder.glob("*.toml"))
        names = dict.fromkeys((*own, *bundled_profiles()))
        self._profiles = tuple(load_profile(name, folder) for name in names)

    def of(self, url: str) -> Profile:
        """Return the profile whose portal the URL is of, else a generic one named after the host."""
        for profile in self._profiles:
            if profile.owns(url):
                return profile
        host = host_of(url) or "unknown"
        return replace(GENERIC, name=host, label=host)
