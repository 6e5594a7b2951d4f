r"""How fast an archive is filled: import, cleaning and indexing, as a user runs them.

    python bench/importing.py --warc ../shared/portal/sotttt-hanoi.warc.gz [--json]

Runs the commands `init`, `import`, `index` and `rebuild` in an archive of their own and prints the seconds
and the peak memory of each process, articles a second, and what the archive takes on disk. Nothing is
asserted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click


def measured(*args: str) -> dict[str, float]:
    """Run one command; return its wall seconds and its peak memory in MB."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "archive_search", *args]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(args)} ended with {process.returncode}")
    # Linux counts ru_maxrss in kilobytes.
    return {"seconds": time.perf_counter() - started, "peak_mb": usage.ru_maxrss / 1024}


def megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


@click.command()
@click.option("--warc", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--json", "as_json", is_flag=True)
def main(warc: Path, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(Path(scratch) / "archive")
        measured("-C", folder, "init")
        steps = {
            step: measured("-C", folder, step, *args)
            for step, args in (("import", [str(warc)]), ("index", []), ("rebuild", []))
        }
        status = subprocess.run(
            [sys.executable, "-m", "archive_search", "-C", folder, "status", "--json"],
            capture_output=True,
            check=True,
        )
        articles = json.loads(status.stdout)["articles"]
        sizes = {name: megabytes(Path(folder) / name) for name in ("warc", "catalogue.sqlite", "index")}
    if as_json:
        click.echo(json.dumps({"articles": articles, "steps": steps, "megabytes": sizes}))
        return
    click.echo(f"{articles} articles\n")
    click.echo("| step | s | articles/s | peak MB |\n|---|---|---|---|")
    for step, cost in steps.items():
        rate = articles / cost["seconds"]
        click.echo(f"| {step} | {cost['seconds']:.1f} | {rate:.0f} | {cost['peak_mb']:.0f} |")
    click.echo("\n| on disk | MB | kB an article |\n|---|---|---|")
    for name, size in sizes.items():
        click.echo(f"| {name} | {size:.1f} | {size * 1000 / articles:.1f} |")


if __name__ == "__main__":
    main()
