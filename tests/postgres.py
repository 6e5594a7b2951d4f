"""A real PostgreSQL for a test run, of Debian's package, in a folder and on a socket of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; skips the test without one, or fails it in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    where = found[-1] if found else shutil.which("initdb")
    if where:
        return Path(where).parent
    message = "PostgreSQL is not installed: apt-get install postgresql"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server while the block runs; give the SQLAlchemy URL of its database, less the name."""
    bin_folder, data = programs(), folder / "data"
    # PostgreSQL refuses to run as root.
    as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if as_owner:
        shutil.chown(folder, "postgres", "postgres")

    def run(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, capture_output=True, cwd=folder)

    run(
        str(bin_folder / "initdb"), "-D", str(data), "-U", "archive", "-A", "trust", "-E", "UTF8", "--no-sync"
    )
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
    control = (str(bin_folder / "pg_ctl"), "-D", str(data), "-w")
    run(*control, "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql+psycopg://archive@/{{}}?host={folder}"
    finally:
        run(*control, "-m", "immediate", "stop")
