"""A document as JSON: as the catalogue keeps it, and as `export` and the API give it out."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from archive_search.records import (
    Article,
    Attachment,
    Block,
    BlockKind,
    CitedDocument,
    Document,
    Evidence,
    Image,
    Person,
    Place,
    Role,
    Session,
    Statement,
    Topic,
)

Json = dict[str, Any]


def document_to_json(document: Document) -> Json:
    """Return the document as JSON values, each field under its own name, without the texts of its files."""
    # What is attached is joined to it, and no part of it.
    values = asdict(replace(document, attached=()))
    del values["attached"]
    published_at = document.article.published_at
    values["article"]["published_at"] = published_at.isoformat() if published_at else None
    return values


def document_from_json(values: Json) -> Document:
    """Return the document that `document_to_json` wrote."""
    return Document(
        article=_article(values["article"]),
        people=tuple(_person(person) for person in values["people"]),
        topics=tuple(Topic(**{**topic, "phrases": tuple(topic["phrases"])}) for topic in values["topics"]),
        places=tuple(Place(**_with_mentions(place)) for place in values.get("places", ())),
        sessions=tuple(Session(**_with_mentions(session)) for session in values.get("sessions", ())),
        cited=tuple(CitedDocument(**_with_mentions(cited)) for cited in values.get("cited", ())),
    )


def _with_mentions(values: Json) -> Json:
    return {**values, "mentions": tuple(Evidence(**mention) for mention in values["mentions"])}


def _article(values: Json) -> Article:
    published_at = values["published_at"]
    return Article(
        **{
            **values,
            "urls": tuple(values["urls"]),
            "published_at": datetime.fromisoformat(published_at) if published_at else None,
            "blocks": tuple(Block(**{**b, "kind": BlockKind(b["kind"])}) for b in values["blocks"]),
            "images": tuple(Image(**image) for image in values["images"]),
            "attachments": tuple(Attachment(**file) for file in values["attachments"]),
        }
    )


def _person(values: Json) -> Person:
    return Person(
        name=values["name"],
        titles=tuple(values["titles"]),
        roles=tuple(Role(role) for role in values["roles"]),
        statements=tuple(
            Statement(**{**s, "titles": tuple(s["titles"]), "role": Role(s["role"])})
            for s in values["statements"]
        ),
    )


def export(document: Document) -> Json:
    """Return the document in the form that other programs read; `docs/export.md` describes it."""
    values = document_to_json(document)
    return {
        **values["article"],
        "attachments": _attachments(document),
        "people": [
            {
                "name": person.name,
                "titles": list(person.titles),
                "roles": [role.value for role in person.roles],
                "mentions": [
                    {
                        "surface": s.surface,
                        "block": s.block,
                        "role": s.role.value,
                        "verb": s.verb,
                        "titles": list(s.titles),
                        "start": s.start,
                        "end": s.end,
                    }
                    for s in person.statements
                ],
            }
            for person in document.people
        ],
        "topics": [topic.slug for topic in document.topics],
        **{kind: values[kind] for kind in ("places", "sessions", "cited")},
    }


def _attachments(document: Document) -> list[Json]:
    """Return the attachments with their texts, which may be cut; what was not captured has none."""
    attached = {file.url: file for file in document.attached}
    made = []
    for attachment in document.article.attachments:
        values: Json = asdict(attachment)
        if file := attached.get(attachment.url):
            text = "\n".join(block.text for block in file.paragraphs)
            values |= {
                "sha256": file.sha256,
                "media_type": file.media_type,
                "captured_at": file.captured_at.isoformat(),
                "text": text or None,
                "omitted": file.omitted,
                "problem": file.problem,
            }
        made.append(values)
    return made
