"""How well "did you mean" mends slips, and how seldom it doubts what is right.

    python eval/correcting.py
    python eval/correcting.py --warc ../shared/portal/sotttt-hanoi.warc.gz \
        --queries ../shared/gold/queries-dev.jsonl

Phrases of two to six words are taken from one half of the articles, and the other half is indexed, so that
what is mended was not read before. One word of a phrase is mistyped by each kind of slip in turn: its tone
or a mark is dropped, its tone is another one, its keys of Telex or VNI are raw, a letter is wrong, missing,
added or in another place, or its spelling is that of a common confusion. All is drawn with a fixed seed.
A slip counts only if it hides the word: what is left without marks finds every spelling anyway.

Of each kind it is told how many phrases come back as they were (mended), and how many are made into something
else (wrong); the rest gets no correction. A correction of a phrase without a slip, or of a query, is a false
alarm. Floors hold for the input whose SHA-256 is pinned here; below a floor the command exits with 1.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from search import documents_of_warc

from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Article, Document
from archive_search.vietnamese.spelling import fold, has_marks, normalise, spelt, tone_key
from archive_search.vietnamese.tokens import Kind, Token, tokenize

PAIRS = Path(__file__).parents[1] / "tests" / "data" / "cleaning" / "pairs.warc.gz"
PROFILE = "sotttt-hanoi"
SEED = 3
PHRASES = 1500

_TELEX_TONES = {"1": "f", "2": "s", "3": "x", "4": "r", "5": "j"}
_TELEX_MARKS = {"â": "aa", "ă": "aw", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}
_VNI_TONES = {"1": "2", "2": "1", "3": "4", "4": "3", "5": "5"}
_VNI_MARKS = {"â": "a6", "ă": "a8", "ê": "e6", "ô": "o6", "ơ": "o7", "ư": "u7", "đ": "d9"}
_ONSETS = {"d": "gi", "gi": "d", "r": "d", "s": "x", "x": "s", "ch": "tr", "tr": "ch", "l": "n", "n": "l"}
_FINALS = {"n": "ng", "ng": "n", "c": "t", "t": "c", "i": "y", "y": "i"}
_SAME = {"3": "4", "4": "3"}

# SHA-256 of the input, its files one after the other -> the shares that must not be fallen short of (mended),
# and those that must not be exceeded (wrong). A floor is some twenty phrases worse than the measured figure.
FLOORS: dict[str, dict[tuple[str, str], float]] = {
    "50de0c043fd39ea135f46639fecfb2c0aad9bc1362122149608750a8f8d0d0a3": {
        ("dropped tone", "mended"): 0.40,
        ("dropped mark", "mended"): 0.43,
        ("wrong tone", "mended"): 0.37,
        ("raw Telex", "mended"): 0.87,
        ("raw VNI", "mended"): 0.87,
        ("one letter", "mended"): 0.27,
        ("confusion", "mended"): 0.35,
        ("untouched phrases", "wrong"): 0.03,
    },
    "7719cb38ca141f1cf2c51f5005f103a3817a1e6e08d43275745d5e4e9fe99ff0": {
        ("dropped tone", "mended"): 0.85,
        ("dropped mark", "mended"): 0.91,
        ("wrong tone", "mended"): 0.86,
        ("raw Telex", "mended"): 0.97,
        ("raw VNI", "mended"): 0.97,
        ("one letter", "mended"): 0.84,
        ("confusion", "mended"): 0.80,
        ("untouched phrases", "wrong"): 0.02,
        ("untouched queries", "wrong"): 0.03,
    },
}

Slip = Callable[[str, random.Random], str | None]
"""Makes of a word, in lower case, what its writer may have typed; None where the slip cannot happen."""


def dropped_tone(word: str, _: random.Random) -> str | None:
    """Leave out the tone: `giới` becomes `giơi`."""
    letters, tone = _parted(word)
    return letters if tone else None


def dropped_mark(word: str, draw: random.Random) -> str | None:
    """Leave out the mark of one letter: `công` becomes `cong`, `giới` becomes `giói`."""
    letters, tone = _parted(word)
    marked = [at for at, letter in enumerate(letters) if fold(letter) != letter]
    if not marked:
        return None
    at = draw.choice(marked)
    return spelt(letters[:at] + fold(letters[at]) + letters[at + 1 :] + tone)


def wrong_tone(word: str, draw: random.Random) -> str | None:
    """Write another tone: `giới` becomes `giời`."""
    letters, tone = _parted(word)
    return spelt(letters + draw.choice([other for other in "12345" if other != tone])) if tone else None


def raw_telex(word: str, draw: random.Random) -> str | None:
    """Leave the keys of Telex as they are, the tone's behind its vowel or at the end."""
    return _raw(word, draw, _TELEX_MARKS, _TELEX_TONES)


def raw_vni(word: str, draw: random.Random) -> str | None:
    """Leave the keys of VNI as they are, the tone's behind its vowel or at the end."""
    return _raw(word, draw, _VNI_MARKS, _VNI_TONES)


def edited(word: str, draw: random.Random) -> str | None:
    """Leave out, add, change or swap one letter."""
    if len(word) < 3:
        return None
    at = draw.randrange(len(word) - 1)
    letter = draw.choice("abcdeghiklmnopqrstuvxy")
    made = draw.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    return made if made != word else None


def confused(word: str, draw: random.Random) -> str | None:
    """Take one sound for another that some part of the country does not tell apart."""
    letters, tone = _parted(word)
    plain = fold(letters)
    made = [other + letters[len(one) :] + tone for one, other in _ONSETS.items() if _onset(plain) == one]
    made += [letters[: -len(one)] + other + tone for one, other in _FINALS.items() if _final(plain) == one]
    if tone in _SAME:
        made.append(letters + _SAME[tone])
    return spelt(draw.choice(made)) if made else None


def _onset(plain: str) -> str:
    return next((onset for onset in ("gi", "ch", "tr") if plain.startswith(onset)), plain[:1])


def _final(plain: str) -> str:
    return next((final for final in ("ng", "nh", "ch") if plain.endswith(final)), plain[-1:])


def _parted(word: str) -> tuple[str, str]:
    key = tone_key(word)
    return (key[:-1], key[-1]) if key[-1].isdigit() else (key, "")


def _raw(word: str, draw: random.Random, marks: dict[str, str], tones: dict[str, str]) -> str | None:
    letters, tone = _parted(word)
    keys = "".join(marks.get(letter, letter) for letter in letters)
    if not tone:
        return keys if keys != word else None
    end = max(at for at, key in enumerate(keys) if key in "aeiouyw678") + 1
    at = draw.choice([end, len(keys)])
    return keys[:at] + tones[tone] + keys[at:]


SLIPS: dict[str, Slip] = {
    "dropped tone": dropped_tone,
    "dropped mark": dropped_mark,
    "wrong tone": wrong_tone,
    "raw Telex": raw_telex,
    "raw VNI": raw_vni,
    "one letter": edited,
    "confusion": confused,
}


@dataclass(slots=True)
class Tally:
    """What became of the phrases of one kind."""

    tried: int = 0
    mended: int = 0
    wrong: int = 0

    def shares(self) -> dict[str, float]:
        """Return the share that was mended, and the share that was made into something else."""
        return {"mended": self.mended / max(self.tried, 1), "wrong": self.wrong / max(self.tried, 1)}


def halves(documents: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Return the documents to index, and those to take phrases from, parted by their ids."""
    parts: tuple[list[Document], list[Document]] = ([], [])
    for document in documents:
        parts[hashlib.sha256(document.article.id.encode()).digest()[0] % 2].append(document)
    return parts


def phrases(documents: Sequence[Document], count: int, draw: random.Random) -> Iterator[str]:
    """Yield phrases of two to six words that stand side by side, all of them plain."""
    runs = [run for document in documents for run in _runs(document.article)]
    for run in draw.sample(runs, min(count, len(runs))):
        size = draw.randint(2, min(6, len(run)))
        at = draw.randrange(len(run) - size + 1)
        yield " ".join(token.text for token in run[at : at + size])


def _runs(article: Article) -> Iterator[list[Token]]:
    for text in (article.title, *(block.text for block in article.blocks)):
        run: list[Token] = []
        for token in tokenize(normalise(text)):
            follows = run and text[run[-1].end : token.start] == " "
            plain = token.kind is Kind.WORD and token.text.isalpha() and not token.text.isupper()
            if run and not (plain and follows):
                if len(run) > 1:
                    yield run
                run = []
            if plain:
                run.append(token)
        if len(run) > 1:
            yield run


def slipped(phrase: str, slip: Slip, draw: random.Random) -> str | None:
    """Return the phrase with one word mistyped so that it is hidden, or None if no word can be."""
    words = phrase.split()
    for at in draw.sample(range(len(words)), len(words)):
        word = words[at].lower()
        made = slip(word, draw)
        if made and tone_key(made) != tone_key(word) and (has_marks(made) or fold(made) != fold(word)):
            return " ".join([*words[:at], made, *words[at + 1 :]])
    return None


def agrees(text: str, phrase: str) -> bool:
    """Tell whether a text finds the phrase: the same words, those without marks in any spelling."""
    pairs = list(zip(text.split(), phrase.split(), strict=True))
    return all(
        tone_key(one) == tone_key(other) if has_marks(one) else fold(one) == fold(other)
        for one, other in pairs
    )


def evaluate(engine: WhooshEngine, chosen: Sequence[str]) -> tuple[dict[str, Tally], list[str], list[float]]:
    """Return the tally of each kind, a line for each failure, and how long each correction took."""
    draw = random.Random(SEED)
    tallies = {name: Tally() for name in SLIPS}
    failures, times = [], []
    for name, slip in SLIPS.items():
        for phrase in chosen:
            typed = slipped(phrase, slip, draw)
            if typed is None:
                continue
            begin = time.perf_counter()
            correction = engine.correct(typed)
            times.append(time.perf_counter() - begin)
            tally = tallies[name]
            tally.tried += 1
            mended = correction is not None and agrees(correction.text, phrase)
            tally.mended += mended
            tally.wrong += correction is not None and not mended
            if not mended:
                failures.append(f"{name}: {phrase} | {typed} | {correction.text if correction else '-'}")
    return tallies, failures, times


def false_alarms(engine: WhooshEngine, texts: Sequence[str]) -> list[str]:
    """Return a line for each text that is corrected although nothing was mistyped in it."""
    found = ((text, engine.correct(text)) for text in texts)
    return [f"false alarm: {text} | {correction.text}" for text, correction in found if correction]


def queries_of(path: Path) -> list[str]:
    """Return the queries that are typed as they should be, of a file of judged queries."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [row["query"] for row in rows if row["kind"] != "empty" and row["variant_kind"] != SLIPPED]


SLIPPED = "typing_slip"
"""The kind of variants of a query that are mistyped on purpose."""


def below_floor(figures: dict[str, dict[str, float]], floors: dict[tuple[str, str], float]) -> list[str]:
    """Return a line for each figure that is worse than its floor."""
    return [
        f"{kind}, {what}: {figures[kind][what]:.3f} is worse than its floor, {floor}"
        for (kind, what), floor in floors.items()
        if (figures[kind][what] < floor if what == "mended" else figures[kind][what] > floor)
    ]


@click.command()
@click.option("--warc", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAIRS)
@click.option(
    "--queries", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Judged queries."
)
@click.option("--failures", is_flag=True, help="List what is not mended, and the false alarms.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(warc: Path, queries: Path | None, failures: bool, as_json: bool) -> None:
    """Measure corrections on phrases of articles; by default of the bundled ones."""
    indexed, held_out = halves(list(documents_of_warc(warc, PROFILE)))
    chosen = list(phrases(held_out, PHRASES, random.Random(SEED)))
    with tempfile.TemporaryDirectory() as folder:
        engine = WhooshEngine(Path(folder))
        engine.rebuild(indexed)
        tallies, missed, times = evaluate(engine, chosen)
        alarms = {"untouched phrases": false_alarms(engine, chosen)}
        texts = {"untouched phrases": chosen}
        if queries:
            texts["untouched queries"] = queries_of(queries)
            alarms["untouched queries"] = false_alarms(engine, texts["untouched queries"])
    figures = {name: tally.shares() for name, tally in tallies.items()}
    figures |= {name: {"wrong": len(lines) / len(texts[name])} for name, lines in alarms.items()}
    key = hashlib.sha256(warc.read_bytes() + (queries.read_bytes() if queries else b"")).hexdigest()
    sizes = {name: tally.tried for name, tally in tallies.items()} | {n: len(t) for n, t in texts.items()}
    if as_json:
        click.echo(json.dumps({"sha256": key, "tried": sizes, "figures": figures}, indent=1))
    else:
        click.echo(f"{len(indexed)} articles indexed, {len(held_out)} held out. Input {key[:16]}")
        click.echo("\n".join(table(figures, sizes)))
        typical, slowest = sorted(times)[len(times) // 2] * 1000, max(times) * 1000
        click.echo(f"one correction takes {typical:.1f} ms (median), {slowest:.1f} ms at most")
    if failures:
        click.echo("\n".join([*missed, *alarms["untouched phrases"], *alarms.get("untouched queries", ())]))
    settle(figures, key)


def table(figures: dict[str, dict[str, float]], sizes: dict[str, int]) -> Iterator[str]:
    """Yield the lines of the report."""
    yield f"{'':20}{'tried':>7}{'mended':>9}{'wrong':>9}"
    for name, shares in figures.items():
        mended = f"{shares['mended']:9.3f}" if "mended" in shares else " " * 9
        yield f"{name:20}{sizes[name]:7}{mended}{shares['wrong']:9.3f}"


def settle(figures: dict[str, dict[str, float]], key: str) -> None:
    """End the command with 1 if a floor does not hold."""
    if key not in FLOORS:
        click.echo("No floor is pinned to this input.", err=True)
        return
    failures = below_floor(figures, FLOORS[key])
    click.echo("\n".join(failures) or "All floors hold.", err=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
