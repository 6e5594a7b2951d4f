"""What browsers, crawlers and monitors ask of every site, and what every page shows of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, send_from_directory
from sqlalchemy import text

from archive_search.web.room import lasting_url, portal_label, the_room

views = Blueprint("site", __name__)

# Results pages are endless, and downloads are large; articles are welcome in any index.
ROBOTS = "User-agent: *\nDisallow: /?\nDisallow: /values/\nDisallow: /suggest\nDisallow: /archived/\n"


def add_to_pages(app: Flask) -> None:
    """Add to every page the name of the site, and to static URLs the digest of what is there."""
    app.context_processor(lambda: {"site_title": the_room().config.site_title})
    app.add_template_global(web_address)
    app.add_template_global(lasting_url)
    app.add_template_global(portal_label)
    digests = {file.name: _digest(file) for file in Path(str(app.static_folder)).iterdir()}

    @app.url_defaults
    def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = digests.get(values["filename"], "")

    # The digest is in the address, so what is at an address never changes.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600


def web_address(url: str) -> str | None:
    """Return the URL if it is one of the web's, else None: a captured page may link to `javascript:`."""
    return url if url.lower().startswith(("http://", "https://")) else None


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


@views.get("/robots.txt")
def robots() -> Response:
    """Tell crawlers what not to fetch."""
    return Response(ROBOTS, mimetype="text/plain")


@views.get("/favicon.ico")
def favicon() -> Response:
    """Give the site's sign to browsers that ask without having read a page."""
    return send_from_directory(str(current_app.static_folder), "favicon.svg")


@views.get("/opensearch.xml")
def opensearch() -> Response:
    """Describe the search, so that a browser can offer it in its address bar."""
    return Response(render_template("opensearch.xml"), mimetype="application/opensearchdescription+xml")


@views.get("/healthz")
def health() -> dict[str, str]:
    """Tell a monitor that the catalogue answers."""
    with the_room().archive.reading() as db:
        db.execute(text("select 1"))
    return {"status": "ok"}
