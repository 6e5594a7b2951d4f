"""What is asked of every engine, and what an answer is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

LISTED = 50
"""Values listed of a facet, as on our page; months are all listed."""

FACETS = ("speaker", "topic", "year", "portal", "month")
"""The facets that all engines count; ours counts sessions, places and documents besides."""

WITHIN = 5
"""The distance of the words that are asked to be near."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A word as typed, with the field in which the others find it and the token that it is there."""

    text: str
    field: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query: what `form` its words have, and what is wanted.

    `page` wants snippets and facets beside the ten hits and the total; `after` the hits behind that many
    others, by cursor, which the engines that have none cannot answer.
    """

    kind: str
    form: str
    words: tuple[Typed, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()
    newest: bool = False
    offset: int = 0
    after: int = 0
    page: bool = False

    @property
    def text(self) -> str:
        """What a reader types."""
        words = [word.text for word in self.words]
        return _WRITTEN[self.form](words)


_WRITTEN: dict[str, Callable[[Sequence[str]], str]] = {
    "all": " ".join,
    "any": " OR ".join,
    "phrase": lambda words: f'"{" ".join(words)}"',
    "near": f" NEAR/{WITHIN} ".join,
    "prefix": lambda words: f"{words[0]}*",
    "everything": lambda _: "*",
}


class Answer(NamedTuple):
    """What an engine answers: the ids of the hits shown, the exact total, and the facets if wanted."""

    ids: tuple[str, ...]
    total: int
    facets: dict[str, dict[str, int]] | None = None


class Opened(Protocol):
    """An index opened for searching."""

    def prepare(self, asked: Asked) -> Any:
        """Return what is asked as the engine takes it, or None if it cannot be asked that; not timed."""
        ...

    def answer(self, prepared: Any) -> Answer:
        """Return the answer."""
        ...
