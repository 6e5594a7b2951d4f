"""A real PostgreSQL for a test run, of Debian's package, in a folder and on a socket of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

from needing import needed

_NAMES = count()


def programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    where = found[-1] if found else shutil.which("initdb")
    needed(where, "PostgreSQL is not installed: apt-get install postgresql")
    needed(find_spec("psycopg"), "PostgreSQL's driver is not installed: pip install '.[postgresql]'")
    return Path(str(where)).parent


@contextmanager
def server() -> Iterator[Path]:
    """Run a server while the block runs; give the folder of its socket."""
    bin_folder = programs()
    # Not below pytest's folder, which the server's user may not enter; and a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder, data = Path(name), Path(name) / "data"
        # PostgreSQL refuses to run as root.
        as_owner = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if as_owner:
            shutil.chown(folder, "postgres", "postgres")

        def run(*command: str) -> None:
            subprocess.run([*as_owner, *command], check=True, capture_output=True, cwd=folder)

        made = ("-D", str(data), "-U", "archive", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(str(bin_folder / "initdb"), *made)
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}'"
        control = (str(bin_folder / "pg_ctl"), "-D", str(data), "-w")
        run(*control, "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield folder
        finally:
            run(*control, "-m", "immediate", "stop")


def new_database(folder: Path) -> str:
    """Return the SQLAlchemy URL of a new, empty database."""
    import psycopg

    name = f"catalogue_{next(_NAMES)}"
    with psycopg.connect(f"host={folder} user=archive dbname=postgres", autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://archive@/{name}?host={folder}"
