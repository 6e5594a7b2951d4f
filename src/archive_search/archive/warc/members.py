"""The gzip members of a file (RFC 1952), read in memory that does not grow with them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CHUNK = 16 * 1024
HEAD = 1024 * 1024
"""How much of an unpacked record is held; the records that we write beside responses are far smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A gzip member: its bytes' digest, and what it unpacks to, up to `HEAD`.

    `fault` says why there is none.
    """

    offset: int
    length: int
    sha256: str
    head: bytes
    fault: str | None = None

    def fields(self) -> dict[str, str]:
        """Return the WARC header, with names in lower case; empty where there is none."""
        header = self.head.partition(b"\r\n\r\n")[0].decode(errors="replace")
        if not header.startswith("WARC/"):
            return {}
        pairs = (line.partition(":") for line in header.split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in pairs}


def read_member(file: BinaryIO, offset: int) -> Member:
    """Read the gzip member (RFC 1952) that begins at `offset`, in memory that does not grow with it."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS + 16)
    digest, head, length, fault = hashlib.sha256(), bytearray(), 0, None
    file.seek(offset)
    while not decoder.eof and not fault:
        chunk = file.read(_CHUNK)
        if not chunk:
            fault = "the record is cut off"
        try:
            for piece in _unpacked(decoder, chunk):
                head += piece[: HEAD - len(head)]
        except zlib.error as exc:
            fault = f"the record is broken: {exc}"
        used = chunk[: len(chunk) - len(decoder.unused_data)]
        digest.update(used)
        length += len(used)
    return Member(offset=offset, length=length, sha256=digest.hexdigest(), head=bytes(head), fault=fault)


def _unpacked(decoder: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Yield what a chunk unpacks to, a piece at a time, however much it is."""
    piece = decoder.decompress(chunk, _CHUNK)
    yield piece
    # A full piece may have more behind it even where all input is taken.
    while not decoder.eof and (decoder.unconsumed_tail or len(piece) == _CHUNK):
        piece = decoder.decompress(decoder.unconsumed_tail, _CHUNK)
        yield piece


def is_packed_as_we_do(member: Member) -> bool:
    """Tell whether packing the content anew gives the same bytes, those that gzip ignores included."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    packed = packer.compress(member.head) + packer.flush()
    return hashlib.sha256(packed).hexdigest() == member.sha256
