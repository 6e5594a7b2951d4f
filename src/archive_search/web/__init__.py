"""The reading room: a Flask site over one archive, in Vietnamese first.

::

    request.args -> State -> Query -> engine -> Results -> templates/search.html
    /a/<article> -> Document, captures       -> Page    -> templates/article.html

Every page is complete without JavaScript, its address is its whole state, and nothing on it comes from
another host. Only extracted text is shown; captured bytes leave as downloads.
"""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask

import archive_search
from archive_search.config import Config, load_config
from archive_search.web import faults, language, security
from archive_search.web.about import views as about_views
from archive_search.web.article import views as article_views
from archive_search.web.capture import views as capture_views
from archive_search.web.coverage import views as coverage_views
from archive_search.web.room import open_room
from archive_search.web.search import views as search_views
from archive_search.web.site import add_to_pages
from archive_search.web.site import views as site_views
from archive_search.web.suggest import views as suggest_views

__all__ = ["create_app"]

_PACKAGE = Path(archive_search.__file__).parent


def create_app(config: Config | None = None) -> Flask:
    """Return the site of an archive: of `config`, else of the folder that ARCHIVE_SEARCH_DIR names."""
    config = config or load_config(Path(os.environ.get("ARCHIVE_SEARCH_DIR", ".")))
    app = Flask(__name__, template_folder=_PACKAGE / "templates", static_folder=_PACKAGE / "static")
    # An archived URL has `//` in it, so two slashes must not be made one.
    app.url_map.merge_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    open_room(app, config)
    for part in (language, security, faults):
        part.init_app(app)
    add_to_pages(app)
    for views in (
        search_views,
        suggest_views,
        article_views,
        capture_views,
        about_views,
        coverage_views,
        site_views,
    ):
        app.register_blueprint(views)
    security.limit_searches(app, {search_views: security.SEARCHES, suggest_views: security.SUGGESTIONS})
    return app
