"""How well cited documents, places and sessions are found: `python eval/naming.py`.

The gold is one annotated paragraph a line, read as an article of its own; what counts is the name that a
document, place or session gets, since a facet joins by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from speakers import Score

from archive_search.cleaning import understand
from archive_search.identity import identified
from archive_search.records import Article, BlockKind, Document

DATA = Path(__file__).parents[1] / "tests/data/naming"
GOLD = (DATA / "fresh.jsonl", DATA / "second.jsonl")
KINDS = ("cited", "places", "sessions")

# SHA-256 of a gold file -> the precision and recall that may not be fallen short of. Lowering one needs a
# reason in the commit that does it.
FLOORS: dict[str, dict[str, tuple[float, float]]] = {
    # fresh.jsonl; when it was still fresh: 1.000/.964, .961/.987, .955/.840
    "1a769535bef4e1fc505815c366cfa2baff5a8ca44ff9828990d53f2f16be1111": {
        "cited": (0.99, 0.99),
        "places": (0.98, 0.98),
        "sessions": (0.98, 0.95),
    },
    # second.jsonl; when it was still fresh: .955/1.000, .968/.952, 1.000/.867
    "88a27c687127db444cb42e12656f1d81d3cf1092c2fe907c2acdf593d65514c5": {
        "cited": (0.99, 0.99),
        "places": (0.98, 0.97),
        "sessions": (0.98, 0.93),
    },
}


def examples(gold: Path) -> Iterator[dict[str, Any]]:
    """Yield the annotated paragraphs."""
    for line in gold.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def as_document(text: str) -> Document:
    """Return what is understood of an article that is this paragraph and nothing else."""
    article = Article(
        id="a", version="v", portal="", number=None, url="", urls=(), title="", lead=None, byline=None,
        published_at=None, section=None, blocks=identified([(BlockKind.PARAGRAPH, text)]), images=(),
        attachments=(),
    )  # fmt: skip
    return understand(article)


def names(document: Document) -> dict[str, set[str]]:
    """Return the names found, by kind."""
    return {
        "cited": {cited.symbol for cited in document.cited},
        "places": {place.name for place in document.places},
        "sessions": {session.name for session in document.sessions},
    }


def evaluate(gold: Path) -> dict[str, Score]:
    """Return the score of each kind."""
    scores = {kind: Score() for kind in KINDS}
    for example in examples(gold):
        found = names(as_document(example["text"]))
        for kind in KINDS:
            scores[kind].add(found[kind], set(example[kind]), example["text"][:60])
    return scores


def shortfalls(scores: dict[str, Score], digest: str) -> list[str]:
    """Return the scores that fall short of the floors pinned for this gold file."""
    return [
        f"{kind}: {scores[kind].precision:.3f}/{scores[kind].recall:.3f}, pinned {precision}/{recall}"
        for kind, (precision, recall) in FLOORS.get(digest, {}).items()
        if scores[kind].precision < precision or scores[kind].recall < recall
    ]


def report(gold: Path, *, errors: bool) -> list[str]:
    """Print the scores on a gold file, and return what falls short of its floors."""
    scores = evaluate(gold)
    click.echo(f"{gold.stem:12}precision  recall     F1   names")
    for kind, score in scores.items():
        total = score.right + score.missing
        click.echo(f"{kind:12}{score.precision:9.3f}{score.recall:8.3f}{score.f1:7.3f}{total:8}")
        for line in score.errors if errors else ():
            click.echo(f"    {line}")
    digest = hashlib.sha256(gold.read_bytes()).hexdigest()
    if digest not in FLOORS:
        click.echo(f"no floors are pinned for {digest}")
    return shortfalls(scores, digest)


@click.command()
@click.option(
    "--gold", multiple=True, default=GOLD, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--errors", is_flag=True, help="List what is false and what is missing.")
def main(gold: tuple[Path, ...], errors: bool) -> None:
    """Measure cited documents, places and sessions against annotated paragraphs.

    Example: python eval/naming.py --errors
    """
    failed = [line for path in gold for line in report(path, errors=errors)]
    if failed:
        raise click.ClickException("below the floor: " + "; ".join(failed))


if __name__ == "__main__":
    main()
