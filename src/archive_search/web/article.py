"""The reading page: one version of an article, who is in it, and the proof of where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, abort, render_template
from flask_babel import lazy_gettext
from sqlalchemy import Connection

from archive_search.archive import articles, captures
from archive_search.archive.articles import StoredArticle
from archive_search.archive.captures import StoredCapture
from archive_search.errors import IndexUnusable, SearchTooSlow, Unsupported
from archive_search.records import (
    ROLES,
    Article,
    Block,
    BlockKind,
    CaptureKind,
    Document,
    Hit,
    Image,
    Person,
    Role,
)
from archive_search.web import cite
from archive_search.web.attachments import shown_files
from archive_search.web.capture import capture_url
from archive_search.web.room import lasting_url, portal_label, the_room

views = Blueprint("article", __name__)

ROLE_NAMES = {
    Role.SPOKE: lazy_gettext("Spoke"),
    Role.CHAIRED: lazy_gettext("Chaired"),
    Role.ATTENDED: lazy_gettext("Attended"),
    Role.MENTIONED: lazy_gettext("Mentioned"),
}

_SIMILAR = 5
"""Similar articles that are shown."""

Pieces = tuple[tuple[str, int | None], ...]
"""A text cut at the names in it; each piece with the number of the person it names, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A block as the page shows it; `changed` says that the newest version has no such block."""

    id: str
    kind: BlockKind
    number: int
    pieces: Pieces
    rows: tuple[tuple[str, ...], ...]
    images: tuple[Image, ...]
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A person of the article; `places` are the passages of each role, by number and block id."""

    number: int
    name: str
    titles: tuple[str, ...]
    places: dict[Role, tuple[tuple[int, str], ...]]

    @property
    def is_active(self) -> bool:
        """Tell whether the person did something here, and is not only mentioned."""
        return set(self.places) != {Role.MENTIONED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version with its captures, the oldest first."""

    version: str
    captures: tuple[StoredCapture, ...]

    @property
    def is_print_view(self) -> bool:
        """Tell whether only print views show this version."""
        return all(capture.kind is CaptureKind.PRINT_VIEW for capture in self.captures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A picture of the article: the portal's address, and our capture of it."""

    name: str
    url: str
    archived: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Other articles: those that tell the same, the first first, and the nearest in their words.

    `first` is the id of the article that was published first, if it is known.
    """

    story: tuple[Hit, ...] = ()
    first: str | None = None
    similar: tuple[Hit, ...] = ()


@views.get("/a/<article>")
def newest(article: str) -> str:
    """Show the newest version of an article."""
    with the_room().archive.reading() as db:
        state = _found(articles.find(db, article))
        return _page(db, state, state.version, fixed=False)


@views.get("/a/<article>/<version>")
def fixed(article: str, version: str) -> str:
    """Show one version of an article, at an address that never changes."""
    with the_room().archive.reading() as db:
        return _page(db, _found(articles.find(db, article)), version, fixed=True)


def _found(state: StoredArticle | None) -> StoredArticle:
    if state is None:
        abort(404)
    return state


def _page(db: Connection, state: StoredArticle, version: str, *, fixed: bool) -> str:
    document = articles.document(db, state.id, version)
    if document is None:
        abort(404)
    article = document.article
    versions = _versions(captures.of_article(db, article.id))
    shown = next((v for v in versions if v.version == version), None)
    newest = document if version == state.version else articles.document(db, state.id)
    passages = _passages(document, newest or document)
    permalink = lasting_url("article.fixed", article=article.id, version=version)
    label = portal_label(article.portal)
    return render_template(
        "article.html",
        document=document,
        article=article,
        portal=label,
        state=state,
        fixed=fixed,
        is_newest=version == state.version,
        versions=versions,
        shown=shown,
        runs=tuple(_runs(passages)),
        title_pieces=_pieces(article.title, "title", document.people),
        lead_pieces=_pieces(article.lead or "", "lead", document.people),
        changed=sum(passage.changed for passage in passages),
        figures=_figures(document),
        related=_related(article.id),
        role_names=ROLE_NAMES,
        images=_copies(db, [(image.alt, image.url) for image in _uncaptioned(article)]),
        attachments=shown_files(db, document),
        permalink=permalink,
        citation=cite.citation(article, label, permalink, shown.captures[-1].captured_at if shown else None),
        capture_url=capture_url,
    )


def _related(article: str) -> Related:
    """Return what the index tells of other articles; an article can be read without."""
    engine = the_room().engine
    try:
        story, similar = engine.same_story(article), engine.similar(article, _SIMILAR)
    except (IndexUnusable, SearchTooSlow, Unsupported):
        return Related()
    return Related(
        story=tuple(hit for hit in story if hit.id != article),
        first=story[0].id if story and story[0].published_at else None,
        similar=similar,
    )


def _passages(document: Document, newest: Document) -> tuple[Passage, ...]:
    article = document.article
    kept = {block.id for block in newest.article.blocks}
    return tuple(
        Passage(
            id=block.id,
            kind=block.kind,
            number=number,
            pieces=_pieces(block.text, block.id, document.people),
            rows=_rows(block),
            images=tuple(image for image in article.images if image.caption == block.id),
            changed=block.id not in kept,
        )
        for number, block in enumerate(article.blocks, start=1)
    )


def _rows(block: Block) -> tuple[tuple[str, ...], ...]:
    if block.kind is not BlockKind.TABLE:
        return ()
    return tuple(tuple(line.split("\t")) for line in block.text.split("\n"))


def _runs(passages: Iterable[Passage]) -> Iterator[tuple[BlockKind, tuple[Passage, ...]]]:
    """Yield the passages by kind; list items that follow one another are one list."""
    for kind, run in groupby(passages, key=lambda passage: passage.kind):
        if kind is BlockKind.LIST_ITEM:
            yield kind, tuple(run)
        else:
            yield from ((kind, (passage,)) for passage in run)


def _pieces(text: str, block: str, people: Sequence[Person]) -> Pieces:
    spans = sorted(
        (statement.start, statement.end, number)
        for number, person in enumerate(people, start=1)
        for statement in person.statements
        if statement.block == block
    )
    pieces: list[tuple[str, int | None]] = []
    at = 0
    for start, end, number in spans:
        if at <= start < end <= len(text):
            pieces += [(text[at:start], None), (text[start:end], number)]
            at = end
    return (*pieces, (text[at:], None))


def _figures(document: Document) -> tuple[Figure, ...]:
    numbers = {block.id: number for number, block in enumerate(document.article.blocks, start=1)}
    return tuple(
        Figure(
            number=number,
            name=person.name,
            titles=person.titles,
            places={role: _places(person, role, numbers) for role in ROLES if role in person.roles},
        )
        for number, person in enumerate(document.people, start=1)
    )


def _places(person: Person, role: Role, numbers: dict[str, int]) -> tuple[tuple[int, str], ...]:
    """Return where the person has the role; the title and the lead count as passage 0."""
    blocks = dict.fromkeys(s.block for s in person.statements if s.role is role)
    return tuple((numbers.get(block, 0), block) for block in blocks)


def _versions(shown: tuple[StoredCapture, ...]) -> tuple[Version, ...]:
    """Return the versions that the captures show, the one seen last first."""
    by_version: dict[str, list[StoredCapture]] = {}
    for capture in shown:
        if capture.version:
            by_version.setdefault(capture.version, []).append(capture)
    versions = [Version(version=name, captures=tuple(found)) for name, found in by_version.items()]
    return tuple(sorted(versions, key=lambda v: v.captures[-1].captured_at, reverse=True))


def _uncaptioned(article: Article) -> list[Image]:
    ids = {block.id for block in article.blocks}
    return [image for image in article.images if image.caption not in ids]


def _copies(db: Connection, named: list[tuple[str, str]]) -> tuple[Copy, ...]:
    return tuple(Copy(name=name or url, url=url, archived=_archived(db, url)) for name, url in named)


def _archived(db: Connection, url: str) -> str | None:
    capture = captures.newest_whole(db, url)
    return capture_url(capture) if capture else None
