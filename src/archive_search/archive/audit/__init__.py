"""The audit: every byte of the WARC files against the catalogue, and the catalogue against itself.

What vouches for a byte depends on whose it is::

    a record with a response      SHA-256 and length in the catalogue; its payload's digest as well
    an imported file              the digest in its name, over the whole file
    warcinfo and request records  gzip's CRC, the place where they belong, and that packing their
      of a file of our own        content again gives the same bytes
    a file of a finished run      its SHA-256 and length in the run manifest, a chain of digests
    the catalogue's rows          the records they name; articles, versions and captures one another

A record that a running crawl has written and not yet entered is no problem: that is what stands
behind the last entered record of the newest file of our own while another process holds the lock.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic

from archive_search.archive import Archive, manifest
from archive_search.archive.audit.consistency import contradictions, missing_files
from archive_search.archive.audit.files import audit_file
from archive_search.archive.audit.report import AuditReport, Problem, Tally
from archive_search.archive.audit.sealed import broken_chain, broken_seals
from archive_search.archive.warc import OWN

__all__ = ["AuditReport", "Problem", "audit"]


def audit(
    archive: Archive,
    progress: Callable[[str, int, int], None],
    share: float = 1,
    head: str | None = None,
) -> AuditReport:
    """Read every byte of an archive and return what is not as it was kept.

    With a `share` below 1, only that part of the records in the catalogue is read, chosen by chance;
    all else is as in a whole audit. `head` is a head of the run manifest that was kept elsewhere.
    `progress` is told megabytes. The archive may be written to meanwhile.
    """
    began = monotonic()
    # First: what is sealed by now does not change any more.
    chain = manifest.read(archive.config.folder)
    paths = sorted(archive.config.warc_folder.iterdir())
    newest = _newest(paths)
    tally = Tally(total=sum(map(_size, paths)), progress=progress)
    for path in paths:
        audit_file(archive, path, tally, share, is_newest=path.name in newest)
    tally.problems += missing_files(archive)
    tally.problems += broken_chain(chain, head)
    told = {problem.file for problem in tally.problems}
    seals = broken_seals(chain, archive.config.warc_folder, share)
    tally.problems += (problem for problem in seals if problem.file not in told)
    with archive.reading() as db:
        tally.problems += contradictions(db)
    return AuditReport(
        files=len(paths),
        records=tally.records,
        bytes=tally.bytes,
        crc_only=tally.crc_only,
        share=share,
        seconds=monotonic() - began,
        problems=tuple(tally.problems),
        sealed=len(chain.files),
        head=chain.head,
    )


def _newest(paths: list[Path]) -> set[str]:
    """Return the newest file of each machine: those that a run may be writing to."""
    of_machine = {own["machine"]: path.name for path in paths if (own := OWN.fullmatch(path.name))}
    return set(of_machine.values())


def _size(path: Path) -> int:
    """Return the size of a file; 0 if it is gone by now, as the copy of an import that was renamed."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
