"""Cleaning: a capture in, an article out, and what is understood of it.

The portal's profile says where things are on its pages; `generic` finds what no profile describes.
"""

from archive_search.cleaning.page import clean
from archive_search.cleaning.people import find_people
from archive_search.cleaning.topics import find_topics
from archive_search.records import Article, Document

__all__ = ["clean", "find_people", "find_topics", "understand"]


def understand(article: Article) -> Document:
    """Return the article with the people who appear in it and the topics that it is about."""
    return Document(article=article, people=find_people(article), topics=find_topics(article))
