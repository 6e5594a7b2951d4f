r"""How fast text is spelt and cut: syllables a second over running text, with warm caches.

    python bench/spelling.py --texts ../shared/corpus/vntc-news.jsonl.gz [--limit 1000] [--json]

Reads JSON lines with a `body`, and times each step of `vietnamese.spelling` and `vietnamese.tokens` over
all of them, the best of three rounds. Nothing is asserted.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import click

from archive_search.vietnamese.spelling import fold, fold_aligned, normalise, tone_key
from archive_search.vietnamese.tokens import tokenize

ROUNDS = 3


def seconds(step: Callable[[str], object], inputs: list[str]) -> float:
    """Return how long the step takes for all inputs, the best of some rounds; results are dropped."""
    return min(_seconds(step, inputs) for _ in range(ROUNDS))


def _seconds(step: Callable[[str], object], inputs: list[str]) -> float:
    started = time.perf_counter()
    deque(map(step, inputs), maxlen=0)
    return time.perf_counter() - started


def keyed(text: str) -> None:
    """Do all that indexing does to a text: normalise, cut, and make both keys of every token."""
    for token in tokenize(normalise(text)):
        tone_key(token.text)
        fold(token.text)


@click.command()
@click.option("--texts", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--limit", default=1000, show_default=True, help="How many texts to read.")
@click.option("--json", "as_json", is_flag=True)
def main(texts: Path, limit: int, as_json: bool) -> None:
    with gzip.open(texts, "rt", encoding="utf-8") as lines:
        raw = [json.loads(line)["body"] for line in islice(lines, limit)]
    normal = [normalise(text) for text in raw]
    syllables = [token.text for text in normal for token in tokenize(text)]
    steps = {
        "normalise": seconds(normalise, raw),
        "fold_aligned": seconds(fold_aligned, normal),
        "tokenize": seconds(tokenize, normal),
        "tone_key": seconds(tone_key, syllables),
        "fold": seconds(fold, syllables),
        "all but fold_aligned": seconds(keyed, raw),
    }
    if as_json:
        click.echo(json.dumps({"texts": len(raw), "syllables": len(syllables), "seconds": steps}))
        return
    click.echo(f"{len(raw)} texts, {len(syllables)} syllables\n")
    click.echo("| step | s | million syllables/s |\n|---|---|---|")
    for step, cost in steps.items():
        click.echo(f"| {step} | {cost:.3f} | {len(syllables) / cost / 1e6:.2f} |")


if __name__ == "__main__":
    main()
