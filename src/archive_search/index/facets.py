"""Facets: which speakers, topics, years, months and portals the hits have, counted exactly with NumPy.

Every value of a field is a number, and the documents that have values are kept as pairs of document and
value number; counting a facet over the hits is then one selection and one `bincount`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archive_search.index.storage.postings import Numbers
from archive_search.index.storage.values import Column, name_key
from archive_search.records import Facet, FacetValue, Filters
from archive_search.vietnamese.spelling import fold, has_marks, normalise, tone_key

Mask = NDArray[np.bool_]

PERIODS = ("year", "month")
"""Fields of which all values are listed, however many may be: together they are a histogram."""

NAMES = ("speaker", "session", "place")
"""Fields whose values are names: compared by tone key, and told by their label."""


IN_PART = ("session", "place", "document")
"""Fields whose values readers name in part: `Văn Bình` the commune (`xã Văn Bình`), `59/2019` the decree."""

_PIECE = re.compile(r"\w+")


class FieldValues:
    """One field over all segments: its values, sorted by label, and the pairs of the living documents.

    A value is labelled with the form in which most documents print it.
    """

    def __init__(self, field: str, parts: Sequence[tuple[int, Column]], alive: Mask) -> None:
        self.field = field
        numbers: dict[tuple[str, str], int] = {}
        docs, values = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for base, part in parts:
            renumbered = np.array([numbers.setdefault(f, len(numbers)) for f in part.forms], dtype=np.int64)
            docs.append(part.docs + base)
            values.append(renumbered[part.values])
        pairs = np.concatenate(docs), np.concatenate(values)
        living = alive[pairs[0]]
        self._docs = pairs[0][living]
        self._label(tuple(numbers), pairs[1][living])

    def _label(self, forms: tuple[tuple[str, str], ...], values: Numbers) -> None:
        counts = np.bincount(values, minlength=len(forms)).tolist()
        labels: dict[str, tuple[int, str]] = {}
        for (key, form), count in zip(forms, counts, strict=True):
            if count:
                labels[key] = min(labels.get(key, (0, "")), (-count, form))
        self.keys = tuple(sorted(labels, key=lambda key: (labels[key][1], key)))
        self.labels = tuple(labels[key][1] for key in self.keys)
        self._number = {key: number for number, key in enumerate(self.keys)}
        of_form = np.array([self._number.get(key, -1) for key, _ in forms], dtype=np.int64)
        self._values = of_form[values]

    def number(self, key: str) -> int:
        """Return the number of the value with that key, or -1 if no living document has it."""
        return self._number.get(key, -1)

    def chosen(self, wanted: str) -> tuple[int, ...]:
        """Return the numbers of the values that a filter's value names: none if it is not known.

        It names them by their key or their label, and without marks in any spelling; where none is called
        so, by a part of the label (see `IN_PART`).
        """
        return self._called(wanted) or self._holding(wanted)

    def named(self, wanted: str) -> tuple[int, ...]:
        """Return the numbers of the values that a reader may mean: those called so, or so in part."""
        return (*self._called(wanted), *self._holding(wanted))

    def _called(self, wanted: str) -> tuple[int, ...]:
        named = name_key(wanted)
        key = named if self.field in NAMES else wanted
        if key in self._number:
            return (self._number[key],)
        if not has_marks(wanted):
            folded = " ".join(fold(wanted).split())
            return self._numbers_where(lambda label: fold(label) == folded)
        return self._numbers_where(lambda label: name_key(label) == named)

    def _holding(self, wanted: str) -> tuple[int, ...]:
        """Return the numbers of the values whose label holds these words one after another, and more."""
        spelt = has_marks(wanted)
        part = _run(wanted, tone_key if spelt else fold)
        if self.field not in IN_PART or not part.strip():
            return ()
        return tuple(n for n, label in enumerate(self._spelt if spelt else self._folded) if part in label)

    @cached_property
    def _spelt(self) -> tuple[str, ...]:
        return tuple(_run(label, tone_key) for label in self.labels)

    @cached_property
    def _folded(self) -> tuple[str, ...]:
        return tuple(_run(label, fold) for label in self.labels)

    def _numbers_where(self, agrees: Callable[[str], bool]) -> tuple[int, ...]:
        return tuple(number for number, label in enumerate(self.labels) if agrees(label))

    def mask(self, wanted: Sequence[str], size: int) -> Mask:
        """Return which of `size` documents have any of the wanted values."""
        return self._having((number for value in wanted for number in self.chosen(value)), size)

    def named_mask(self, wanted: str, size: int) -> Mask:
        """Return which of `size` documents have any of the values that a reader may mean."""
        return self._having(self.named(wanted), size)

    def _having(self, numbers: Iterable[int], size: int) -> Mask:
        mask = np.zeros(size, dtype=np.bool_)
        mask[self._docs[np.isin(self._values, [*numbers])]] = True
        return mask

    def facet(self, hits: Mask, wanted: Sequence[str], limit: int | None) -> Facet:
        """Return the facet over the hits, which are those without this field's own selection."""
        counts = np.bincount(self._values[hits[self._docs]], minlength=len(self.keys))
        selected = {number for value in wanted for number in self.chosen(value)}
        order = np.argsort(-counts, kind="stable")
        order = order[: np.count_nonzero(counts)]
        listed = order[: None if self.field in PERIODS else limit].tolist()
        values = [self._value(n, int(counts[n]), selected=n in selected) for n in listed]
        beyond = [self._value(n, int(counts[n]), selected=True) for n in selected.difference(listed)]
        unknown = {value for value in wanted if not self.chosen(value)}
        beyond += (FacetValue(value=v, label=v, count=0, selected=True) for v in unknown)
        values += sorted(beyond, key=lambda value: (-value.count, value.label))
        return Facet(field=self.field, values=tuple(values))

    def _value(self, number: int, count: int, *, selected: bool) -> FacetValue:
        label = self.labels[number]
        value = label if self.field in NAMES else self.keys[number]
        return FacetValue(value=value, label=label, count=count, selected=selected)


def _run(text: str, key: Callable[[str], str]) -> str:
    """Return the words of a text by their keys, with a space around each."""
    return f" {' '.join(key(piece) for piece in _PIECE.findall(normalise(text)))} "


def chosen_values(filters: Filters, field: str) -> tuple[str, ...]:
    """Return what the filters choose of a field."""
    values: tuple[str, ...] = getattr(filters, field)
    return values
