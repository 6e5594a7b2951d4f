"""The server that the site runs on: waitress, one process, several threads."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from waitress import create_server

from archive_search.errors import ConfigError
from archive_search.web.room import close_room

THREADS = 16


def run(app: Flask, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the site until the process is interrupted; `announce` is told the address first.

    Raises `ConfigError` if the address cannot be listened on.
    """
    try:
        server = create_server(app, host=host, port=port, threads=THREADS)
    except (OSError, OverflowError, ValueError) as exc:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {exc}. Choose another port with --port."
        ) from exc
    announce(f"http://{host}:{server.effective_port}/")
    try:
        server.run()
    finally:
        server.close()
        close_room(app)
