r"""What the worst that can be typed costs: our engine beside the query parser of plain Whoosh.

    python bench/hostile.py --texts ../shared/corpus/vntc-news.jsonl.gz \
        --warc ../shared/portal/sotttt-hanoi.warc.gz --articles 100000 [--keep FOLDER] [--json]

Each text is typed once, into a process that is killed after `CAP` seconds. Ours parses it and answers with a
whole page; Whoosh parses it by its documentation and brings ten hits. Nothing may raise.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import click
import measuring

CAP = 20.0

_COMMON = """
và của có được cho không các trong là với người một những này khi đã để về đến ra từ vào công năm đó
cũng tại trên phải nhiều sẽ làm nhà như thành ông hai sau trước đang việc bị rất nhưng sự chỉ qua
theo nước hơn ngày giờ mới
""".split()  # noqa: SIM905 - a list literal would be one word a line.
_BARE = ["thanh", "cong", "ban", "nhan", "dan", "tinh", "huyen", "xa"] * 6
_SHORT = ["UBND", "HĐND", "UBMTTQ", "TP", "TW", "CP", "QĐ", "NĐ", "BCH", "ĐCSVN"] * 4


def texts() -> dict[str, str]:
    """Return what is typed, by what is wrong with it."""
    some = _COMMON[:48]
    return {
        "nothing": "",
        "spaces": " " * 500,
        "a star": "*",
        "a question mark": "?",
        "stars": "*" * 2000,
        "question marks and star": "?*",
        "punctuation": ".,;:!?…-–—/\\|@#$%^&_=+<>~`'" * 50,
        "one letter": "a",
        "one letter and star": "a*",
        "two letters and star": "th*",
        "worst stars": "th* ng* tr* nh*",
        "worst stars or-ed": "th* OR ng* OR tr* OR nh* OR ch* OR kh* OR ph* OR gi*",
        "forty stars": " ".join(f"{word[:2]}*" for word in some[:40]),
        "leading stars": "*ng *uyen *a",
        "stars on both sides": "*ng* *h* *a*",
        "stars in words": "t*h*n*g h*y*n",
        "wildcards": "t?n t?? ?i?n h??y?n",
        "digit and star": "20* 1* 2* 3*",
        "48 common words": " ".join(some),
        "48 common words or-ed": " OR ".join(some),
        "48 without accents": " ".join(_BARE),
        "48 without accents or-ed": " OR ".join(_BARE),
        "48 negated": " ".join(f"-{word}" for word in some),
        "one and all others negated": "và " + " ".join(f"NOT {word}" for word in some[1:]),
        "phrase of 48": f'"{" ".join(some)}"',
        "phrase of one word 48 times": f'"{" ".join(["và"] * 48)}"',
        "phrase without accents": '"thanh pho ho chi minh cua cac ban nhan dan tinh huyen xa"',
        "24 phrases": " ".join(f'"{a} {b}"' for a, b in zip(some[::2], some[1::2], strict=True)),
        "24 phrases or-ed": " OR ".join(f'"{a} {b}"' for a, b in zip(some[::2], some[1::2], strict=True)),
        "NEAR chain": " NEAR/50 ".join(some[:4]),
        "NEAR chain of 24": " NEAR/50 ".join(some[:24]),
        "NEAR without accents": "cac NEAR/50 ban NEAR/50 cong NEAR/50 thanh",
        "NEAR of one word": "của NEAR/50 của NEAR/50 của NEAR/50 của",
        "NEAR/0": "và NEAR/0 của",
        "NEAR/999999999999": "và NEAR/999999999999 của",
        "NEAR of phrases": '"của các" NEAR/50 "trong các" NEAR/50 "có thể"',
        "2,000 characters": ("thành phố " * 400)[:2000],
        "2,000 different characters": "".join(map(chr, range(0x4E00, 0x4E00 + 2000))),
        "20,000 characters": "huyện ủy " * 2300,
        "a million characters": "a" * 1_000_000,
        "a million brackets": "(" * 1_000_000,
        "one word of 2,000 letters": "ng" * 1000,
        "a million marks": "e" + "\u0301" * 1_000_000,
        "2,000 open brackets": "(" * 2000,
        "2,000 brackets around a word": "(" * 1000 + "và" + ")" * 999,
        "brackets of OR": "(" * 100 + "và" + " OR của)" * 100,
        "deep NOT": "NOT " * 500 + "và",
        "deep minus and bracket": "-(" * 600 + "và",
        "unbalanced quotes": '"và của "có được "cho',
        "2,000 quotes": '"' * 2000,
        "curly quotes": "“và của” «có được» ‘cho’",
        "range a thousand times": "[a TO " * 1000,
        "range in braces": "{a TO b} [* TO *] [2020 TO 2021]",
        "operators only": "AND OR NOT NEAR/5 AND OR",
        "500 operators": "AND OR NOT " * 170,
        "fields": "title: speaker: topic:* said: :: :và title:title:title:",
        "fields of everything": "title:* speaker:* year:* portal:* topic:*",
        "48 titles": " ".join(f"title:{word}" for word in some),
        "said": 'said:và said:"có được" said:th* said:(của OR có)',
        "fuzzy": "thành~2 phố~9 huyện~ ủy~3 công~2 dân~2",
        "boosts": "thành^99999999999999999999 phố^-1 huyện^1e309",
        "slop": '"thành phố"~99999999',
        "huge numbers": "9" * 400 + " " + "1." * 300 + " year:99999999999999999999",
        "numbers with dots": "1.000.000.000.000,99% 0,0000001 -5 1e999",
        "impossible dates": "từ 99/99/9999 đến 0/0/0 31/2/2022 year:0000 from:2022-13-45 to:-1",
        "widest dates": "từ 1/1/0001 đến 31/12/9999",
        "symbol": "59/2019/NĐ-CP/" * 100,
        "zero width": "hu\u200byệ\u200bn \ufeffủy\u200d \u2060",
        "right to left": "\u202ehuyện ủy\u202c \u05d0\u05d1 \u0645\u0631\u062d\u0628\u0627 \u200f",
        "emoji": "😀👩‍👩‍👧‍👦🇻🇳 huyện😀ủy ❤️",
        "decomposed": "Hu\u0079e\u0323\u0302n u\u0309y tha\u0300nh pho\u0302\u0301",
        "control characters": "và\x00của\x01\x08\x1b[31m\x7f\r\n\tcó",
        "lone surrogate": "và \ud800 của",
        "full width": "ｈｕｙệｎ　ủｙ ２０２２",
        "SQL": "'; DROP TABLE articles; -- ' OR '1'='1",
        "regular expression": "(a+)+$ ^.*(và|của)*.*$ [^a-z]{1,1000} (?=x)",
        "format strings": "%s%n%x {0.__class__} ${jndi:ldap://x} {{7*7}}",
        "paths": "../../../../etc/passwd\x00 C:\\\\con\\\\con file:///",
        "script": "<script>alert(1)</script>&lt;b&gt; onload=",
        "JSON": '{"a":[{"b":null}]}' * 40,
        "short forms": " ".join(_SHORT),
        "short forms or-ed": " OR ".join(_SHORT),
    }


def serve(name: str, folder: Path, pipe: Connection) -> None:
    """Answer what comes by the pipe, until it is closed, with milliseconds and what was found."""
    answer = _ours(folder) if name == "ours" else _whoosh(folder)
    answer("thành")
    pipe.send(None)
    while (text := pipe.recv()) is not None:
        began = time.perf_counter()
        try:
            found = answer(text)
        except Exception as exc:  # noqa: BLE001 - whatever it is, is the finding.
            found = type(exc).__name__
        pipe.send(((time.perf_counter() - began) * 1000, found))


def _ours(folder: Path) -> Callable[[str], Any]:
    query = import_module("archive_search.index.query")
    engine = import_module("archive_search.index.whoosh_engine").WhooshEngine(folder)

    def answer(text: str) -> int:
        asked = query.Query(node=query.parse(text), text=text, facet_limit=50)
        return int(engine.search(asked).total)

    return answer


def _whoosh(folder: Path) -> Callable[[str], Any]:
    opened = import_module("engines.plain_whoosh").Opened(folder)
    parse = import_module("whoosh.qparser").QueryParser("exact", opened.searcher.schema).parse
    key = import_module("archive_search.vietnamese.spelling").tone_key

    def answer(text: str) -> int:
        # Its tokens are keys; operators and what has no letters stay as typed.
        keyed = re.sub(r"\b(?!AND\b|OR\b|NOT\b|TO\b)[^\W_]+", lambda match: key(match[0]), text)
        return len(opened.searcher.search(parse(keyed), limit=10))

    return answer


class Cell:
    """A process that answers, and is replaced when it takes too long."""

    def __init__(self, name: str, folder: Path) -> None:
        self._job = (name, folder)
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve, args=(*self._job, other), daemon=True)
        self._process.start()
        other.close()
        self._pipe.recv()

    def ask(self, text: str) -> tuple[float, Any]:
        """Return the milliseconds and what was found."""
        self._pipe.send(text)
        try:
            if self._pipe.poll(CAP):
                answer: tuple[float, Any] = self._pipe.recv()
                return answer
            found = "killed"
        except EOFError:
            found = "died"
        self._process.kill()
        self._process.join()
        self._start()
        return CAP * 1000, found

    def close(self) -> None:
        """Let the process end."""
        self._pipe.send(None)
        self._process.join()


@click.command()
@click.option("--texts", "newspaper", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--warc", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--profile", default="sotttt-hanoi", show_default=True, help="The portal of the WARC file.")
@click.option("--articles", default=5000, show_default=True)
@click.option("--engine", "names", multiple=True, type=click.Choice(["ours", "whoosh"]))
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the corpus here.")
@click.option("--json", "json_wanted", is_flag=True, help="Print all figures as JSON.")
def main(
    newspaper: Path,
    warc: Path,
    profile: str,
    articles: int,
    names: tuple[str, ...],
    keep: Path | None,
    json_wanted: bool,
) -> None:
    """Measure what each hostile text costs."""
    answers: dict[str, dict[str, tuple[float, Any]]] = {}
    with tempfile.TemporaryDirectory() as name:
        corpus = keep or Path(name) / "corpus"
        measuring.alone("corpus", "ensure", corpus, newspaper, warc, profile, articles)
        for engine in names or ("ours", "whoosh"):
            folder = Path(name) / engine
            measuring.alone("measuring", "build", engine, folder, corpus, articles, 2)
            cell = Cell(engine, folder)
            answers[engine] = {what: cell.ask(text) for what, text in texts().items()}
            cell.close()
    if json_wanted:
        click.echo(json.dumps({"articles": articles, "answers": answers}, indent=1))
        return
    click.echo(f"{articles} articles; ms, and articles found" + "".join(f"{n:>26}" for n in answers))
    for what in texts():
        cells = [f"{ms:.1f} ({found})" for ms, found in (answers[engine][what] for engine in answers)]
        click.echo(f"{what:38}" + "".join(f"{cell:>26}" for cell in cells))
    for engine, by_text in answers.items():
        worst = max(by_text, key=lambda what: by_text[what][0])
        raised = [what for what, (_, found) in by_text.items() if isinstance(found, str)]
        click.echo(
            f"{engine}: {len(by_text)} texts, worst {by_text[worst][0]:.0f} ms ({worst}); raised {raised}"
        )


if __name__ == "__main__":
    main()
