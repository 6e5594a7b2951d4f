"""Results of a search and what was read off a page, as text and as JSON."""

from __future__ import annotations

from html import escape
from typing import Any

from archive_search.index.language.expanding import Expansion
from archive_search.index.language.notes import TEXTS, Note
from archive_search.index.language.reading import LIMITS
from archive_search.portals import Profile
from archive_search.records import BlockKind, Correction, Document, Hit, Results, Snippet

Json = dict[str, Any]


def results_json(results: Results) -> Json:
    """Return results as JSON values."""
    return {
        "total": results.total,
        "complete": results.complete,
        "next": results.next,
        "cut": list(results.cut),
        "hits": [hit_json(hit) for hit in results.hits],
        "facets": {
            facet.field: [
                {"value": v.value, "label": v.label, "count": v.count, "selected": v.selected}
                for v in facet.values
            ]
            for facet in results.facets
        },
    }


def hit_json(hit: Hit) -> Json:
    """Return a hit as JSON values; the snippet is HTML, escaped, with matches in `<mark>`."""
    return {
        "id": hit.id,
        "number": hit.number,
        "url": hit.url,
        "title": hit.title,
        "published_at": hit.published_at.isoformat() if hit.published_at else None,
        "score": round(hit.score, 4),
        "snippet": _marked(hit.snippet),
        "version": hit.version,
        "portal": hit.portal,
        "block": hit.snippet.block,
        "attachment": hit.snippet.attachment,
        "speakers": list(hit.speakers),
    }


def _marked(snippet: Snippet) -> str:
    return "".join(
        f"<mark>{escape(text)}</mark>" if matched else escape(text) for text, matched in snippet.pieces
    )


def note(note: Note) -> str:
    """Return as text what is told about a query as typed."""
    return f"{note.piece}: {TEXTS[note.message] % LIMITS}"


def expansion(expansion: Expansion) -> str:
    """Return as text what else was searched for words as typed."""
    return f"{expansion.typed}: also {', '.join(expansion.others)}"


def correction(correction: Correction) -> str:
    """Return as text what the writer of a query may have meant."""
    return f"Did you mean: {correction.text}"


def cut(beginning: str) -> str:
    """Return as text that a beginning of words stands for more than were searched."""
    return f"{beginning}: more words begin so than can be searched at once. Only the first ones were."


def results(results: Results) -> str:
    """Return results as text."""
    note = f" ({results.complete} with all the words, the others with most)" if results.relaxed else ""
    lines = [f"{results.total} articles{note}"]
    lines += [f"\n{hit(place, found)}" for place, found in enumerate(results.hits, 1)]
    if results.next:
        lines += ["", f"More: --after {results.next}"]
    return "\n".join(lines)


def hit(place: int, hit: Hit) -> str:
    """Return a hit as text."""
    date = f"{hit.published_at:%d/%m/%Y}" if hit.published_at else "undated"
    text = "".join(piece for piece, _ in hit.snippet.pieces)
    if hit.snippet.attachment:
        text = f"[{hit.snippet.attachment}] {text}"
    return f"{place}. {hit.title} ({date}, {hit.portal})\n   {text}\n   {hit.id}  {hit.url}"


def document(document: Document, profile: Profile) -> str:
    """Return what was extracted from a page as text, part by part."""
    article = document.article
    lines = [
        f"profile     {profile.name}",
        f"number      {article.number or '-'}",
        f"title       {article.title}",
        f"published   {article.published_at.isoformat() if article.published_at else '-'}",
        f"section     {article.section or '-'}",
        f"byline      {article.byline or '-'}",
        f"lead        {article.lead or '-'}",
        *(f"person      {p.name} ({', '.join(p.roles)}) {'; '.join(p.titles)}" for p in document.people),
        *(f"topic       {topic.label} ({topic.score:.2f})" for topic in document.topics),
        *(f"image       {image.url}" for image in article.images),
        *(f"attachment  {file.name} {file.url}" for file in article.attachments),
        "",
    ]
    for block in article.blocks:
        kind = "" if block.kind is BlockKind.PARAGRAPH else f"[{block.kind.value}] "
        lines.append(f"{kind}{block.text}\n")
    return "\n".join(lines)
