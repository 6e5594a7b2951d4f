"""Whose turn it is to crawl which portal, where several machines share a catalogue."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from datetime import datetime

from archive_search.archive import Archive, runs
from archive_search.archive.leases import LEASE_S, Lease, leased
from archive_search.clock import Clock
from archive_search.errors import ArchiveLocked
from archive_search.portals import Profile

_LOOK_AGAIN_S = 10.0


def turns(
    archive: Archive, profiles: Sequence[Profile], clock: Clock, lease_s: float = LEASE_S
) -> Generator[tuple[Profile, Lease | None], None, None]:
    """Yield each portal that is to be crawled here, with the lease on its hosts if the catalogue is shared.

    A portal that another machine crawls is left to it, and this ends when all have been crawled by somebody.
    If a machine dies its leases run out, and its portals are taken over: their interrupted runs go on.
    """
    if not archive.config.is_shared:
        yield from ((profile, None) for profile in profiles)
        return
    began = clock.now()
    holder = f"{archive.config.machine_name}-{os.getpid()}"
    waiting = list(profiles)
    while waiting:
        for profile in tuple(waiting):
            try:
                with leased(archive.engine, profile.hosts, holder, lease_s) as lease:
                    waiting.remove(profile)
                    if not _is_crawled(archive, profile, began):
                        yield profile, lease
            except ArchiveLocked:
                continue
        if waiting:
            clock.sleep(min(_LOOK_AGAIN_S, lease_s))


def _is_crawled(archive: Archive, profile: Profile, since: datetime) -> bool:
    """Tell whether a machine has finished a crawl of the portal since then."""
    with archive.reading() as db:
        last = runs.last(db, profile.name)
    return bool(last and last.finished_at and last.finished_at >= since)
