"""The texts of an article in which things are named, and what finds capitalised names in them."""

from __future__ import annotations

from collections.abc import Iterator

from archive_search.records import Article

__all__ = ["CAPITALS", "SYLLABLE", "either_case", "texts_of"]

# The blocks of Unicode that hold the precomposed letters of Vietnamese.
_LETTERS = (*range(0x41, 0x5B), *range(0xC0, 0x1B1), *range(0x1EA0, 0x1EFA))

CAPITALS = "".join(letter for letter in map(chr, _LETTERS) if letter.isupper())
"""The capital letters, for a character class: `re` knows no classes of letters by case."""

SYLLABLE = rf"[{CAPITALS}](?:[’'][{CAPITALS}])?(?!\w*[{CAPITALS}])\w*(?:[’']\w+)?"
"""A pattern of a syllable with a capital and small letters (`Nội`, `Ea`, `H'leo`), not `UBND`."""


def texts_of(article: Article) -> Iterator[tuple[str, str]]:
    """Yield title, lead and blocks with the names by which evidence refers to them."""
    yield "title", article.title
    if article.lead:
        yield "lead", article.lead
    for block in article.blocks:
        yield block.id, block.text


def either_case(phrase: str) -> str:
    """Return a pattern for the phrase with each syllable capitalised or not.

    It is written out so that the pattern keeps the letters a match can begin with: a flag would make the
    search several times slower.
    """
    return r"\s".join(f"[{word[0].upper()}{word[0].lower()}]{word[1:]}" for word in phrase.split())
