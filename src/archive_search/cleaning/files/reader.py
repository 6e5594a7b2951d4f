"""The process that reads files: begun when the first one is to be read, ended when one takes too long.

Parent and child speak in lines of JSON, behind a question stand the bytes of the file. (Not in pickles: who
takes over the child through a hostile file must not take over the parent.)
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any

from archive_search.cleaning.files import text
from archive_search.cleaning.files.problems import TOO_LARGE, TOO_SLOW
from archive_search.records import FileText

__all__ = ["FileReader", "serve"]

SECONDS = 60.0
"""After this the process is ended. Reading a PDF stops by itself, between two pages, at half of it."""

MEMORY = 1 << 30
"""What the process may take, in bytes."""

_RUN = "from archive_search.cleaning.files.reader import serve; serve()"


class FileReader:
    """Reads one file after another; a context manager. A file that is no text costs no process."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, data: bytes, media_type: str) -> FileText:
        """Return the text of a file, or why there is none; never raises because of the file."""
        if not text.is_read(media_type):
            return text.of(data, media_type)
        try:
            answer = self._asked(data, media_type)
        except TimeoutError:
            self.close()
            return FileText(media_type=media_type, problem=TOO_SLOW)
        except (OSError, ValueError):
            # It ended by itself: most likely for want of memory in a library that cannot say so.
            self.close()
            return FileText(media_type=media_type, problem=TOO_LARGE)
        return FileText(media_type=media_type, text=answer["text"], problem=answer["problem"])

    def _asked(self, data: bytes, media_type: str) -> dict[str, Any]:
        process = self._running()
        assert process.stdin and process.stdout  # noqa: S101 (both are pipes)
        process.stdin.write(json.dumps([len(data), media_type]).encode() + b"\n" + data)
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(_line(process.stdout.fileno(), time.monotonic() + self._seconds))
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            # Only our own interpreter, with a fixed program.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", _RUN, str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        return self._process

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process:
            self._process.kill()
            with suppress(OSError):
                self._process.communicate()
            self._process = None


def _line(pipe: int, ends_at: float) -> bytes:
    """Return what comes before the next line break; raises `TimeoutError`, or `OSError` if it has ended."""
    pieces: list[bytes] = []
    with DefaultSelector() as selector:
        selector.register(pipe, EVENT_READ)
        while not (pieces and pieces[-1].endswith(b"\n")):
            if not selector.select(max(0.0, ends_at - time.monotonic())):
                raise TimeoutError
            piece = os.read(pipe, 1 << 16)
            if not piece:
                raise OSError("the process has ended")
            pieces.append(piece)
    return b"".join(pieces)


def serve() -> None:
    """Answer questions until there are no more: the program of the process."""
    # Ctrl-C reaches all processes of a terminal; what to do then is for the first of them to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory = int(sys.argv[1])
    with suppress(ValueError, OSError):  # not every system has this bound
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while question := questions.readline():
        size, media_type = json.loads(question)
        found = text.of(questions.read(size), media_type)
        answers.write(json.dumps({"text": found.text, "problem": found.problem}).encode() + b"\n")
        answers.flush()
