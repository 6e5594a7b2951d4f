"""What a profile says: frozen records, one for each table of its TOML file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from archive_search.identity import host_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleRule:
    """Which URLs are articles. The patterns are regular expressions searched in path and query.

    `url` finds an article page, `print` its print view; a group named `number` in either is the
    portal's own article number, a group named `section` the section's slug.
    """

    url: str = ""
    print: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRule:
    """Which URLs are listings, and what to follow on them.

    `url` is a regular expression; `links` and `next` are CSS selectors of the links to articles and to
    further listing pages; `max_pages` bounds the listing pages of one run, `max_links` what is followed
    of one page.
    """

    url: str = ""
    links: str = "a[href]"
    next: str = ""
    max_pages: int = 5000
    max_links: int = 1000


PAGING_KINDS = ("page", "post", "viewstate")


@dataclass(frozen=True, slots=True, kw_only=True)
class PagingRule:
    """How to ask for the next page of a listing that has no plain link to it.

    `kind` is `page` (a page number in the URL), `post` (one in a form that is sent) or `viewstate` (a
    postback of ASP.NET); `on` a regular expression of the listings that are paged so. `url` is what is
    asked for: with `{page}`, and `{listing}` for the listing's own URL without its query; one that begins
    with `?` sets a parameter of the listing. `form` are the fields of a `post`, one of them with `{page}`,
    and `read` finds values for them on the listing by a regular expression with one group. An answer in
    JSON has HTML at the pointer `fragment`, or at `items` a list whose items `item_url` makes URLs of.
    `next` is the CSS selector of the link that a visitor would use for a postback. Numbers start with the
    `first`, which is that of the listing itself, and go on by `step` to the `last`, if there is one.
    """

    kind: str
    on: str = ""
    url: str = ""
    form: tuple[tuple[str, str], ...] = ()
    read: tuple[tuple[str, str], ...] = ()
    fragment: str = ""
    items: str = ""
    item_url: str = ""
    next: str = "a[href*='__doPostBack']"
    first: int = 1
    step: int = 1
    last: int = 0

    def is_on(self, url: str) -> bool:
        """Tell whether the listing at `url` is paged so."""
        return bool(re.search(self.on, _local(url)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachmentRule:
    """What is fetched of the files that an article links to, and with `images` of its pictures.

    `max_files` bounds them for one article (0: none is fetched), `max_bytes` and `deadline_s` one fetch.
    """

    images: bool = False
    max_files: int = 50
    max_bytes: int = 100 * 1024 * 1024
    deadline_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Where an article's parts are on its page: CSS selectors, tried in order, the first that matches.

    `date` names where the date is printed and `date_formats` (strptime) how; `byline` matches within
    the body and is taken out of it; `drop` matches what is not text of the article; `caption` what is a
    caption although its place does not show it. An empty tuple leaves the part to the generic rules.
    """

    title: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    date: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    byline: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    caption: tuple[str, ...] = ()
    attachment: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Politeness:
    """How gently a portal is crawled: seconds between requests, and bounds on one fetch.

    After `max_failures` requests in a row that a host did not answer it rests until the next run.
    """

    delay_s: float = 2.0
    max_failures: int = 20
    deadline_s: float = 60.0
    max_bytes: int = 10 * 1024 * 1024


TLS_RELAXATIONS = (
    "weak-ciphers",  # short keys, SHA-1 and what else OpenSSL does not take by default
    "legacy-renegotiation",  # no secure renegotiation (RFC 5746)
    "tls1.0",  # TLS 1.0 and 1.1
    "expired",  # a certificate out of its time, and nothing else wrong with it
    "other-name",  # a good certificate of another name
    "unverified",  # any certificate: anybody between here and there could have sent the page
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsRule:
    """What one host's TLS lacks: certificates that it fails to send, and what is not insisted on, and why.

    `intermediates` are PEM certificates between the host's own and a root. They are trusted as far as a
    root vouches for them.
    """

    host: str
    intermediates: str = ""
    relax: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One portal: who it is, where to start, what its pages are made of.

    `exclude` are regular expressions of URLs never fetched. `verified` says how the profile was
    checked. `media_hosts` hold files and pictures of the portal, and no pages. `sitemaps` and `feeds` are
    URLs, or paths on every host that a crawl starts at; `robots` stands for the sitemaps that a robots.txt
    names. `connect_to` says by name where a host is, whatever the DNS says (`10.1.2.3`, `10.1.2.3:8080`):
    only there may be an address that is not public.
    """

    name: str
    label: str
    cms: str = ""
    verified: str = ""
    hosts: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    article: ArticleRule = field(default_factory=ArticleRule)
    listing: ListingRule = field(default_factory=ListingRule)
    paging: tuple[PagingRule, ...] = ()
    attachments: AttachmentRule = field(default_factory=AttachmentRule)
    select: Selectors = field(default_factory=Selectors)
    politeness: Politeness = field(default_factory=Politeness)
    tls: tuple[TlsRule, ...] = ()
    connect_to: tuple[tuple[str, str], ...] = ()

    def owns(self, url: str) -> bool:
        """Tell whether the URL is on one of this portal's hosts."""
        return host_of(url) in self.hosts

    def owns_file(self, url: str) -> bool:
        """Tell whether the URL is on one of this portal's hosts, or on one that holds its files."""
        return self.owns(url) or host_of(url) in self.media_hosts

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where hosts are by `connect_to`: address and port, 0 for that of the URL."""
        places = ((host, urlsplit(f"//{place}")) for host, place in self.connect_to)
        return {host: (place.hostname or "", place.port or 0) for host, place in places}

    @property
    def ports(self) -> frozenset[int]:
        """The ports of the web, and those that stand in the profile's own addresses."""
        own = (urlsplit(url).port for url in (*self.seeds, *self.sitemaps, *self.feeds))
        return frozenset({80, 443, *(port for port in own if port)})

    def has_port(self, url: str) -> bool:
        """Tell whether the URL is at a port that web pages may be asked for at."""
        try:
            return (urlsplit(url).port or 80) in self.ports
        except ValueError:  # no number
            return False

    @property
    def origins(self) -> tuple[str, ...]:
        """Where crawls start: scheme and host of each seed, or of each host if there are no seeds."""
        starts = self.seeds or tuple(f"https://{host}/" for host in self.hosts)
        return tuple(dict.fromkeys("{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in starts))

    @property
    def sitemap_urls(self) -> tuple[str, ...]:
        """The sitemaps to begin with; a robots.txt that names others is one of them."""
        paths = ("/robots.txt" if sitemap == "robots" else sitemap for sitemap in self.sitemaps)
        return self._in_full(paths)

    @property
    def feed_urls(self) -> tuple[str, ...]:
        """The feeds in full."""
        return self._in_full(self.feeds)

    def _in_full(self, addresses: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            url
            for address in addresses
            for url in ([f"{o}{address}" for o in self.origins] if address.startswith("/") else [address])
        )

    def article_number(self, url: str) -> str | None:
        """Return the portal's own number of the article at `url`, or None if it shows none."""
        for pattern in (self.article.print, self.article.url):
            match = pattern and re.search(pattern, _local(url))
            if match and "number" in match.groupdict():
                number: str | None = match["number"]
                return number
        return None

    def is_article(self, url: str) -> bool:
        """Tell whether `url` is an article page and not a print view."""
        return bool(self.article.url and re.search(self.article.url, _local(url)))

    def is_print_view(self, url: str) -> bool:
        """Tell whether `url` is the print view of an article."""
        return bool(self.article.print and re.search(self.article.print, _local(url)))

    def is_listing(self, url: str) -> bool:
        """Tell whether `url` lists articles."""
        return bool(self.listing.url and re.search(self.listing.url, _local(url)))

    def is_excluded(self, url: str) -> bool:
        """Tell whether the profile says never to fetch `url`."""
        return any(re.search(pattern, _local(url)) for pattern in self.exclude)


GENERIC = Profile(name="generic", label="")
"""The profile of a portal that has none: every part is left to the generic rules."""


def _local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
