"""Crawls that are ended with SIGKILL at random moments, one after another in the same archive."""

import random
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from checks import KEEPER, acknowledged, complaints


class Nursery:
    """A process that forks crawls, so that the start of Python is not waited for every time."""

    def __init__(self, process: subprocess.Popen):
        self._process = process

    def kill_at_random(self, chance: random.Random, *arguments: object) -> str:
        """Begin a crawl and kill it at a random moment; return what it told."""
        self._say("\t".join(map(str, arguments)))
        wanted, told = chance.choice([0, 0, 1, 2, 3, 5, 8]), ""
        while told.count("kept") < wanted and "done" not in told and "crashed" not in told:
            told += self._process.stdout.readline()
        # Not to wait for something, but to be anywhere within the next captures.
        time.sleep(chance.random() * (0.02 if wanted else 0.06))
        self._say("kill")
        while "ended" not in told:
            told += self._process.stdout.readline()
        return told

    def _say(self, line: str) -> None:
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()


@contextmanager
def nursery():
    command = [sys.executable, str(KEEPER), "--nursery"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        yield Nursery(process)


def kill_rounds(folder: Path, rounds: int, seed: int, *more: object) -> tuple[int, list[str]]:
    """Kill so many crawls in an archive; return how many captures were acknowledged, and what is wrong."""
    chance, kept, found = random.Random(seed), {}, []
    with nursery() as children:
        for number in range(rounds):
            first = ("--from", 1000 * number, "--count", 900)
            told = children.kill_at_random(chance, folder, *first, *more)
            kept |= acknowledged(told)
            if "crashed" in told:
                found.append(f"round {number}: ended with a traceback")
            found += [f"round {number}: {what}" for what in complaints(folder, kept, 1000 * number + 999)]
    return len(kept), found
