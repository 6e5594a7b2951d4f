"""A citation ready to be copied: who published it, when, where it was, where it stays."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext

from archive_search.records import Article
from archive_search.web import language


def citation(article: Article, portal: str, permalink: str, captured_at: datetime | None) -> str:
    """Return the citation of an article version as one line of plain text.

    It ends with the permalink, so that `#` and a block's id make it the citation of that block. The
    original's address stands in angle brackets, as RFC 3986 (appendix C) delimits one in running text.
    """
    title = f"“{article.title}”" + (f" ({article.byline})" if article.byline else "")
    source = ", ".join(
        [portal, *([language.cited_day(article.published_at)] if article.published_at else [])]
    )
    if captured_at is None:
        return f"{title}. {source}. <{article.url}>. {permalink}"
    kept = gettext(
        "Archived at %(moment)s UTC from <%(url)s>; kept at %(permalink)s",
        moment=language.moment(captured_at),
        url=article.url,
        permalink=permalink,
    )
    return f"{title}. {source}. {kept}"
