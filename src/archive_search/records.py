"""The nouns that flow through the pipeline: plain frozen records, without I/O.

::

    Capture -> Article(blocks, images, attachments) -> Document(people, topics)
    Filters -> Results(hits, facets)

Two times, never one: `captured_at` is ours (UTC), `published_at` is the portal's (Vietnam time) and
may be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "ROLES",
    "Article",
    "AttachedFile",
    "Attachment",
    "Block",
    "BlockKind",
    "Capture",
    "CaptureKind",
    "CitedDocument",
    "Correction",
    "Document",
    "Evidence",
    "Facet",
    "FacetValue",
    "FileText",
    "Filters",
    "Hit",
    "HostState",
    "Image",
    "Original",
    "Outcome",
    "Person",
    "Place",
    "Results",
    "Role",
    "Session",
    "Snippet",
    "Sort",
    "Statement",
    "Story",
    "Suggestion",
    "SuggestionKind",
    "Target",
    "Topic",
    "Visit",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What a revisit refers to instead of repeating it: a payload's digest, and where that was captured.

    Each is None where the revisit does not tell. `digest` is an algorithm and its value, as in
    `sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ`.
    """

    digest: str | None = None
    url: str | None = None
    captured_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One response of a server, as it was sent.

    `payload` is the entity body with its content coding still on (a gzipped body stays gzipped);
    `sha256` is the hex digest of exactly those bytes. `captured_at` is in whole seconds, the
    precision of an archived URL's timestamp (RFC 7089). What we sent and where it went is kept with
    it, unless the capture was made elsewhere and does not tell. `truncated` says why the payload is not
    all that the server had, in the words of WARC-Truncated (`length`, `time`, `disconnect`,
    `unspecified`). `relaxed` names what was not insisted on so that the server could be reached.
    `head` is the status line and headers as the server wrote them, where that is known.
    A capture read from a WARC file has the `digest` of its payload that stands there, and as a revisit
    what it refers to.
    """

    url: str
    captured_at: datetime
    status: int
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    sha256: str
    request_headers: tuple[tuple[str, str], ...] = ()
    ip_address: str | None = None
    method: str = "GET"
    sent: bytes = b""
    truncated: str | None = None
    relaxed: tuple[str, ...] = ()
    digest: str | None = field(default=None, compare=False)
    revisit_of: Original | None = field(default=None, compare=False)
    head: bytes | None = field(default=None, compare=False)

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


def raw_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and values of the headers that follow a status line, a folded one in one line.

    A line that is no header, having no colon, is passed over; a CR by itself is a blank (RFC 9112, 2.2).
    """
    fields: list[tuple[bytes, bytes]] = []
    continues = False
    for line in head.split(b"\n")[1:]:
        text = line.replace(b"\r", b" ").strip(b" \t")
        if line[:1] in (b" ", b"\t"):
            if continues and text:
                fields[-1] = (fields[-1][0], fields[-1][1] + b" " + text)
            continue
        name, colon, value = text.partition(b":")
        continues = bool(colon and name.strip())
        if continues:
            fields.append((name.strip(), value.strip(b" \t")))
    return fields


def head_fields(head: bytes) -> tuple[tuple[str, str], ...]:
    """Return the same as text: UTF-8 where it can be, else Latin-1."""
    return tuple((_header_text(name), _header_text(value)) for name, value in raw_fields(head))


def _header_text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


class CaptureKind(StrEnum):
    """What a capture turned out to be."""

    ARTICLE = "article"
    PRINT_VIEW = "print_view"
    LISTING = "listing"
    PAGE = "page"  # any other HTML page of the portal
    FILE = "file"  # not HTML
    REDIRECT = "redirect"
    REVISIT = "revisit"  # the server said that nothing had changed
    ERROR = "error"  # the server answered with an error status
    CHALLENGED = "challenged"  # a firewall's page in the place of the portal's
    TRUNCATED = "truncated"  # the response broke off, or was broken off
    UNREADABLE = "unreadable"  # should be an article and yields none
    FOREIGN = "foreign"  # no profile of the archive covers its host


class Outcome(StrEnum):
    """What a visit to a URL brought, measured against what the archive held before."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"  # another address of an article that is held already
    REDIRECTED = "redirected"
    ABSENT = "absent"  # held before, now 404 or 410, but not often enough to be called gone
    GONE = "gone"  # held before, and 404 or 410 for as often and as long as it takes
    STILL_GONE = "still gone"  # held once, and called gone before
    MISSING = "missing"  # never held, and 404 or 410: a dead link
    REFUSED = "refused"  # robots.txt or the profile forbids it
    CHALLENGED = "challenged"  # a firewall answered in the portal's place
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL that a crawl is to visit; listings have priority 0 and come first.

    `etag` and `last_modified` are the validators of the newest capture (RFC 9110, 8.8). `body` is what
    is sent with a POST, form-encoded.
    """

    url: str
    priority: int
    found_on: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    method: str = "GET"
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit of a crawl brought: a capture, or the reason why there is none, or no whole one.

    `note` is what else the report should tell of it.
    """

    target: Target
    capture: Capture | None = None
    refused: str | None = None
    failed: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """What is remembered of a host from one run to the next.

    `not_before` is when it may be asked again, `failures` how many requests to it have failed in a row,
    `delay_s` the pause that was kept between two requests; `robots` is what its robots.txt said at
    `robots_at`. The rules of robots.txt are those of an origin (`https://portal.test`), the rest is that
    of a host (`portal.test`).
    """

    not_before: datetime | None = None
    failures: int = 0
    delay_s: float | None = None
    robots_at: datetime | None = None
    robots: str | None = None


class BlockKind(StrEnum):
    """What a block of text is for its reader."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST_ITEM = "list_item"
    TABLE = "table"
    CAPTION = "caption"
    QUOTATION = "quotation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of an article's body that can be cited by itself.

    `id` is made from the content, so inserting a paragraph does not move the ids of the others.
    A table's text has one line a row, its cells separated by tabs.
    """

    id: str
    kind: BlockKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of an article; `caption` is the id of the block that describes it, if one does."""

    url: str
    alt: str
    caption: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that an article links to."""

    url: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """What a captured file says: its text, one paragraph a line, or why there is none.

    A file that is no text (a picture) has neither. With a text, `problem` says what of it was left out.
    """

    media_type: str
    text: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """The newest capture of a file that an article links to, and its text.

    `sha256` and `size` are those of the payload, `captured_as` is the URL of the capture. The paragraphs are
    no more than are searched and shown; `omitted` counts the characters behind them. `problem` says why
    there is no text, or not all of it.
    """

    url: str
    name: str
    sha256: str
    size: int
    media_type: str | None
    captured_as: str
    captured_at: datetime
    paragraphs: tuple[Block, ...] = ()
    omitted: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a reader reads: one page's text, cleaned, in NFC.

    `id` is stable for ever; `version` changes when title, lead, date or blocks do. `number` is the
    portal's own article number. `urls` are all addresses known to lead to this article, the
    canonical `url` first.
    """

    id: str
    version: str
    portal: str
    number: str | None
    url: str
    urls: tuple[str, ...]
    title: str
    lead: str | None
    published_at: datetime | None
    byline: str | None
    section: str | None
    blocks: tuple[Block, ...]
    images: tuple[Image, ...]
    attachments: tuple[Attachment, ...]


class Role(StrEnum):
    """What a person does in a clause; `ROLES` orders them, the strongest first."""

    SPOKE = "spoke"
    CHAIRED = "chaired"
    ATTENDED = "attended"
    MENTIONED = "mentioned"


ROLES = tuple(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One mention of a person, with its evidence.

    `surface` is the name as printed; `block` is a block id, or `title` or `lead`; `start` and `end`
    are code point offsets of the surface in that text; `verb` is the phrase that shows the role.
    """

    surface: str
    titles: tuple[str, ...]
    role: Role
    verb: str | None
    block: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person within one article; `roles` are distinct, the strongest first."""

    name: str
    titles: tuple[str, ...]
    roles: tuple[Role, ...]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic of an article; `score` is in (0, 1], `phrases` are those that decided."""

    slug: str
    label: str
    score: float
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where something is named: as printed, in a block (or `title`, `lead`), with code point offsets."""

    surface: str
    block: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place that an article names, with its kind as part of the name (`xã Văn Bình`)."""

    name: str
    mentions: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A meeting that an article reports or names: `Kỳ họp thứ 17 Ban Chấp hành Đảng bộ huyện`.

    `number` is the meeting's own, `body` whose meeting it is, `term` the term of that body (`XXIV`), as
    far as they are told; `name` is made of these, so that one meeting has one name.
    """

    name: str
    number: int | None
    body: str | None
    term: str | None
    mentions: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedDocument:
    """A legal document that an article cites: its symbol (`59/2019/NĐ-CP`) and kind (`Nghị định`).

    Of one that is cited without its symbol, `symbol` is the name made of what is told
    (`Nghị quyết 14 ngày 30/5/2022`, `Luật Đất đai 2013`).
    """

    symbol: str
    kind: str | None
    mentions: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An article and what was understood of it: what is indexed, shown and exported.

    `attached` are those of the article's attachments that were captured.
    """

    article: Article
    people: tuple[Person, ...]
    topics: tuple[Topic, ...]
    places: tuple[Place, ...] = ()
    sessions: tuple[Session, ...] = ()
    cited: tuple[CitedDocument, ...] = ()
    attached: tuple[AttachedFile, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the people who spoke, in order of appearance."""
        return tuple(person.name for person in self.people if Role.SPOKE in person.roles)

    @property
    def spoken(self) -> dict[str, tuple[str, ...]]:
        """The names of those who speak in each block in which anyone does, by block id."""
        found: dict[str, dict[str, None]] = {}
        for person in self.people:
            for statement in person.statements:
                if statement.role is Role.SPOKE:
                    found.setdefault(statement.block, {})[person.name] = None
        return {block: tuple(names) for block, names in found.items()}


class Sort(StrEnum):
    """The closed set of orders in which hits can come; ties are broken by date, then id."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Chosen facet values: OR within a field, AND between fields.

    `speaker`, `session` and `place` hold names in any spelling, `document` symbols of legal documents,
    `topic` slugs, `year` and `month` as `2022` and `2022-07`, `portal` profile names.
    """

    speaker: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    document: tuple[str, ...] = ()
    year: tuple[str, ...] = ()
    month: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """The passage of a hit that answers best: pieces of text, each matched or not.

    `block` is the id of the block it comes from, or `title` or `lead`; `speakers` speak in it. One that
    stands in a file has the name of that `attachment`.
    """

    pieces: tuple[tuple[str, bool], ...]
    block: str
    speakers: tuple[str, ...] = ()
    attachment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles that tell the same in almost the same words: how many, and which was published first."""

    size: int
    first: str
    portal: str
    url: str
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One article that answers a query."""

    id: str
    version: str
    portal: str
    number: str | None
    url: str
    title: str
    published_at: datetime | None
    score: float
    snippet: Snippet
    speakers: tuple[str, ...]
    story: Story | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """One value of a facet, with the number of hits that choosing it would leave or add."""

    value: str
    label: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """All values of one field over the hits, counted exactly, without the field's own selection."""

    field: str
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """One page of hits, the exact total, and the facets.

    `complete` counts those of the `total` that hold all the words asked for. Where few do, the others
    hold most of them, and the results are `relaxed`. `next` is the cursor of the hits that follow, if
    any do. `cut` are the beginnings of words (`20*`) of which the archive holds more than were searched.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    complete: int
    next: str | None = None
    cut: tuple[str, ...] = ()

    @property
    def relaxed(self) -> bool:
        """Tell whether some of the hits lack a word."""
        return self.complete < self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a reader may have meant: the whole query as it should be typed, and the pieces that differ."""

    text: str
    changes: tuple[tuple[str, str], ...]


class SuggestionKind(StrEnum):
    """What a suggestion names; each but `TITLE` is a facet's value."""

    SPEAKER = "speaker"
    SESSION = "session"
    PLACE = "place"
    DOCUMENT = "document"
    TITLE = "title"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Something the archive holds that begins as typed: a facet's value, or an article by its title.

    `count` is the number of articles; `article` is the id of the only one, for a title.
    """

    kind: SuggestionKind
    text: str
    count: int
    article: str | None = None
