"""Files of named arrays: written once, then read as memory that the system maps.

    magic | the arrays, each from a multiple of eight on | directory as JSON | its length and checksum | magic

The directory tells of each array its type, shape and place. A file that was cut off has no end, and one in
which something else was written has another checksum or magic, so that neither is taken for whole.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArrayWriter", "Arrays", "mapped", "read"]

Arrays = Mapping[str, NDArray[Any]]

_MAGIC = b"ASARRAY1"
_TAIL = struct.Struct("<II8s")


class ArrayWriter:
    """Writes one file, array by array."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._directory: dict[str, tuple[str, list[int], int]] = {}
        self._at = file.write(_MAGIC)

    def add(self, name: str, array: NDArray[Any]) -> None:
        """Write an array."""
        flat = np.ascontiguousarray(array)
        self._begin(name, flat.dtype.str, list(flat.shape))
        self._at += self._file.write(flat.tobytes())

    def add_pieces(self, name: str, pieces: Iterable[bytes]) -> list[int]:
        """Write an array of bytes that comes piece by piece; return the size of each."""
        self._begin(name, "|u1", [0])
        sizes = [self._file.write(piece) for piece in pieces]
        self._directory[name][1][0] = sum(sizes)
        self._at += sum(sizes)
        return sizes

    def close(self) -> None:
        """Write the directory."""
        directory = json.dumps(self._directory).encode()
        self._file.write(directory)
        self._file.write(_TAIL.pack(len(directory), zlib.crc32(directory), _MAGIC))

    def _begin(self, name: str, dtype: str, shape: list[int]) -> None:
        self._at += self._file.write(bytes(-self._at % 8))
        self._directory[name] = dtype, shape, self._at


def mapped(path: Path) -> Any:
    """Return the file as memory that the system reads when it is touched."""
    with path.open("rb") as file:
        # The mapping is closed when the last array that looks into it is gone.
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read(path: Path) -> Arrays:
    """Return the arrays of a file; raises `ValueError` if it is not one that was written to its end."""
    data = mapped(path)
    end = len(data) - _TAIL.size
    if end < len(_MAGIC) or data[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"{path.name} is no file of arrays")
    size, checksum, magic = _TAIL.unpack_from(data, end)
    directory = data[max(0, end - size) : end]
    if magic != _MAGIC or zlib.crc32(directory) != checksum:
        raise ValueError(f"{path.name} is cut off")
    return {
        name: np.frombuffer(data, dtype, int(np.prod(shape)), at).reshape(shape)
        for name, (dtype, shape, at) in json.loads(directory).items()
    }
