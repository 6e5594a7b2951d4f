"""Processes that work beside this one, and never longer than it.

A worker is this interpreter once more, which reads calls from its input and writes results to its output.
When its input ends, be it that this process was killed, it ends. (multiprocessing would run the main script
anew in each worker, and a pool of it outlives a parent that was killed.)
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from selectors import EVENT_READ, DefaultSelector
from typing import Any, TypeVar

from archive_search.errors import ArchiveSearchError

__all__ = ["in_processes"]

Result = TypeVar("Result")

_RUN = "from archive_search.index.storage.workers import serve; serve()"


def in_processes(
    function: Callable[..., Result], calls: Iterable[tuple[Any, ...]], processes: int
) -> Iterator[Result]:
    """Yield what the function returns for each call, in order; `function` is one that can be imported."""
    with ExitStack() as stack, DefaultSelector() as selector:
        waiting = [stack.enter_context(_Worker(function)) for _ in range(processes)]
        results: dict[int, Result] = {}
        given = yielded = 0
        for call in calls:
            data = pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
            if not waiting:
                waiting = _done(selector, results)
            worker = waiting.pop()
            worker.give(given, data)
            selector.register(worker.output, EVENT_READ, worker)
            given += 1
            while yielded in results:
                yield results.pop(yielded)
                yielded += 1
        while yielded < given:
            while yielded not in results:
                _done(selector, results)
            yield results.pop(yielded)
            yielded += 1


def _done(selector: DefaultSelector, results: dict[int, Any]) -> list[_Worker]:
    """Wait for workers, take their results, and return them."""
    done = []
    for key, _ in selector.select():
        worker: _Worker = key.data
        selector.unregister(worker.output)
        results[worker.number] = worker.result()
        done.append(worker)
    return done


class _Worker:
    """One process; it takes one call at a time."""

    def __init__(self, function: Callable[..., Any]) -> None:
        # Only our own interpreter, with a fixed program.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._process.stdin and self._process.stdout  # noqa: S101 (both are pipes)
        self._input = self._process.stdin
        self.output = self._process.stdout
        self.number = -1
        pickle.dump(function, self._input)

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind:
            self._process.kill()
        self._process.communicate()

    def give(self, number: int, call: bytes) -> None:
        """Begin a call, of which the number is remembered."""
        self.number = number
        with _alive():
            self._input.write(call)
            self._input.flush()

    def result(self) -> Any:
        """Return what the call returned, or raise what it raised."""
        with _alive():
            result, error = pickle.load(self.output)  # noqa: S301 (our own process wrote it)
        if error is not None:
            raise error
        return result


@contextmanager
def _alive() -> Iterator[None]:
    """Say what it means if a worker does not read or write."""
    try:
        yield
    except (EOFError, BrokenPipeError) as exc:
        raise ArchiveSearchError(
            "A process that indexes was ended from outside, most likely for want of memory. The index that "
            "was read before is unchanged; run the command again."
        ) from exc


def serve() -> None:
    """Answer calls until there are no more: the program of a worker."""
    # Ctrl-C reaches all processes of a terminal; what to do then is for the first of them to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results, sys.stdout = sys.stdout.buffer, sys.stderr
    calls = sys.stdin.buffer
    function = pickle.load(calls)  # noqa: S301 (our parent wrote it)
    while True:
        try:
            call = pickle.load(calls)  # noqa: S301
        except EOFError:
            return
        pickle.dump(_outcome(function, call), results)
        results.flush()


def _outcome(function: Callable[..., Any], call: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return function(*call), None
    except Exception as exc:  # noqa: BLE001 (raised again by the parent)
        return None, exc
