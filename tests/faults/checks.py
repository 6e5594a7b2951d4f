"""What must hold of an archive after any accident."""

import subprocess
from dataclasses import replace
from pathlib import Path

from keeper import capture

from archive_search.archive import Archive, captures, create
from archive_search.archive.audit import audit
from archive_search.config import load_config
from archive_search.errors import ArchiveSearchError

KEEPER = Path(__file__).with_name("keeper.py")


def acknowledged(told: str) -> dict[str, str]:
    """Return the captures that were acknowledged, URL to digest, by whole lines of what was told."""
    lines = [line.split() for line in told.split("\n")[:-1]]
    return {line[1]: line[2] for line in lines if line[0] == "kept"}


def config_of(folder: Path, **settings):
    return replace(load_config(folder), machine="test", min_free_mb=0.0, **settings)


def complaints(folder: Path, kept: dict[str, str], more: int = 1_000_000) -> list[str]:
    """Open the archive as the next run does, and go on; return what is not as it must be."""
    if not (folder / "archive.toml").exists():
        create(folder)
    found = []
    with Archive(config_of(folder)) as archive:
        with archive.locked():
            found += [f"lost: {url}" for url, sha256 in kept.items() if not holds(archive, url, sha256)]
            found += audited(archive, "after recovery")
            archive.keep(capture(more), None)
        found += audited(archive, "after going on")
        files = list(map(str, archive.warc_files()))
    if subprocess.run(["gzip", "-t", *files], capture_output=True, check=False).returncode:
        found.append("gzip -t finds a broken file")
    return found


def holds(archive: Archive, url: str, sha256: str) -> bool:
    """Tell whether the archive holds that capture: in the catalogue, and byte by byte in its file."""
    with archive.reading() as db:
        stored = captures.of_url(db, url)
    try:
        return any(row.sha256 == sha256 == archive.read(row).sha256 for row in stored)
    except ArchiveSearchError:
        return False


def audited(archive: Archive, when: str) -> list[str]:
    problems = audit(archive, lambda *_: None).problems
    return [f"{when}: {p.file} at {p.offset}: {p.what}" for p in problems]
