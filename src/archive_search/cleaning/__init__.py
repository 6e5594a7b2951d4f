"""Cleaning: a capture in, an article out, and what is understood of it.

The portal's profile says where things are on its pages; `generic` finds what no profile describes.
"""

from archive_search.cleaning.citations import find_cited
from archive_search.cleaning.page import clean
from archive_search.cleaning.people import find_people
from archive_search.cleaning.places import find_places
from archive_search.cleaning.sessions import find_sessions
from archive_search.cleaning.topics import find_topics
from archive_search.records import Article, Document

__all__ = ["clean", "find_cited", "find_people", "find_places", "find_sessions", "find_topics", "understand"]


def understand(article: Article) -> Document:
    """Return the article with what it names: people, places, meetings and documents, and its topics."""
    people = find_people(article)
    places = find_places(article, people)
    return Document(
        article=article,
        people=people,
        topics=find_topics(article),
        places=places,
        sessions=find_sessions(article, places),
        cited=find_cited(article),
    )
