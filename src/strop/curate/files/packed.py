"""What is in a packed file, where it is no text: its first bytes, and all of it as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Final, cast

from strop.curate.files.reading import AGAIN, DAMAGED, Compression, Stored, beginning, blocks, compression_of
from strop.errors import InputError

_IN_MEMORY: Final = 64 * 2**20
"""Bytes up to which what is unpacked lies in memory."""
_MAGIC: Final = 8


def inside(path: Path) -> tuple[Compression, bytes]:
    """How a file is packed, and the first bytes of what is in it; none where they are damaged.

    Raises:
        InputError: when it cannot be opened.
        MissingExtra: for zstd without a decompressor.
    """
    first = beginning(path)
    compression = compression_of(first)
    if compression == "none":
        return compression, first
    first = b""
    try:
        for block in blocks(path, Stored(compression, "utf-8")):
            first += block
            if len(first) >= _MAGIC:
                break
    except DAMAGED:
        pass
    return compression, first[:_MAGIC]


@contextmanager
def unpacked(path: Path, compression: Compression) -> Iterator[IO[bytes]]:
    """A packed file's content, to be read in any order: in memory where it is small, else in a file that goes with it.

    Raises:
        InputError: where it is damaged.
    """
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        try:
            for block in blocks(path, Stored(compression, "utf-8")):
                file.write(block)
        except DAMAGED as error:
            raise InputError(f"the {compression} data is damaged ({error})", source=path, remedy=AGAIN) from None
        file.seek(0)
        yield cast("IO[bytes]", file)
