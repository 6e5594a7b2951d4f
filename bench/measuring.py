"""Measuring one engine in a process of its own, so that time and memory are its own."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import stored
from asked import Answer, Asked

ENGINES = {"ours": "ours", "whoosh": "plain_whoosh", "fts5": "fts5", "tantivy": "tantivy_py"}
"""The engines by name, with the module of `engines` that drives each."""


def installed() -> list[str]:
    """Return the engines that can be measured here."""
    return [name for name in ENGINES if name != "tantivy" or find_spec("tantivy")]


def alone(module: str, function: str, *args: Any) -> Any:
    """Return what a function returns in a new process, which imports nothing else that counts."""
    # An executor and not a pool: the processes of a pool may have no children.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_call, module, function, args).result()


def _call(module: str, function: str, args: tuple[Any, ...]) -> Any:
    return getattr(import_module(module), function)(*args)


@dataclass(frozen=True, slots=True)
class Built:
    """What building an index took; `reading` are the seconds that went into reading the corpus."""

    seconds: float
    reading: float
    megabytes: float
    peak_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """Answers and milliseconds by class of query, what opening took, and memory in MB.

    `private` is memory that no other process can share: anonymous, not that of mapped files.
    """

    ms: dict[str, list[float]] = field(default_factory=dict)
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    importing_ms: float = 0
    first_answer_ms: float = 0
    private_mb: float = 0
    private_at_first_mb: float = 0
    peak_mb: float = 0
    exported_per_s: float = 0


def build(name: str, folder: Path, corpus: Path, articles: int, processes: int) -> Built:
    """Build an index; run `alone`."""
    engine = import_module(f"engines.{ENGINES[name]}")
    read = stored.documents if name == "ours" else stored.rows
    records = stored.Timed(read(corpus, articles))
    began = time.perf_counter()
    engine.build(folder, iter(records), processes)
    seconds = time.perf_counter() - began
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Built(seconds, records.seconds, size / 1e6, max(peak_mb(), children))


def search(name: str, folder: Path, asked: Sequence[Asked], export: bool = False) -> Searched:
    """Put each query once; run `alone`.

    Each class begins with the index opened anew, which one query of the class `everything` has warmed up,
    so that no class profits from what another has left in caches.
    """
    began = time.perf_counter()
    engine = import_module(f"engines.{ENGINES[name]}")
    imported = time.perf_counter()
    opened = engine.Opened(folder)
    opened.answer(opened.prepare(asked[0]))
    answered = time.perf_counter()
    at_first = private_mb()
    ms: dict[str, list[float]] = {}
    answers: dict[str, list[Answer]] = {}
    warming = next(query for query in asked if query.form == "everything")
    for kind in dict.fromkeys(query.kind for query in asked):
        opened = engine.Opened(folder)
        opened.answer(opened.prepare(warming))
        prepared = [opened.prepare(query) for query in asked if query.kind == kind]
        timed = [_timed(opened, query) for query in prepared if query is not None]
        if timed:
            ms[kind] = [elapsed for elapsed, _ in timed]
            answers[kind] = [answer for _, answer in timed]
    return Searched(
        ms=ms,
        answers=answers,
        importing_ms=(imported - began) * 1000,
        first_answer_ms=(answered - imported) * 1000,
        private_mb=private_mb(),
        private_at_first_mb=at_first,
        peak_mb=peak_mb(),
        exported_per_s=_export(opened, warming) if export else 0,
    )


def _timed(opened: Any, prepared: Any) -> tuple[float, Answer]:
    began = time.perf_counter()
    answer = opened.answer(prepared)
    return (time.perf_counter() - began) * 1000, answer


def _export(opened: Any, warming: Asked) -> float:
    began = time.perf_counter()
    count = opened.every(opened.prepare(warming))
    return count / (time.perf_counter() - began)


def peak_mb() -> float:
    """Return the peak of resident memory; ru_maxrss would count what the parent had when it forked."""
    return _field(Path("/proc/self/status"), "VmHWM:")


def private_mb() -> float:
    """Return the anonymous memory of this process, without what waits to be collected."""
    gc.collect()
    return _field(Path("/proc/self/smaps_rollup"), "Anonymous:")


def _field(path: Path, name: str) -> float:
    return int(path.read_text(encoding="ascii").partition(name)[2].split()[0]) / 1024
