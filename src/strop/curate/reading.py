"""Bytes of a file to numbered lines of text: streaming, with a bound on a line's length, and no line stops the next.

Compression and encoding are told by content. UTF-8 is the rule; UTF-16, UTF-32 and Windows-1252 (Latin-1) are
recognised for whole files. A line that is not in its file's encoding, holds NUL bytes or is too long keeps its number
and says what is wrong with it.
"""

from __future__ import annotations

import codecs
import gzip
import itertools
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple, TypeAlias, cast

from strop.errors import InputError, MissingExtra

LONGEST_LINE = 16 * 2**20
"""Bytes of the longest line that is read; a longer one is a malformed row."""
_BLOCK = 2**20
_HEAD = 2**16

Compression: TypeAlias = Literal["none", "gzip", "zstd"]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Line(NamedTuple):
    """One physical line without its end; ``problem`` says why its text cannot be trusted ("" when it can)."""

    number: int
    text: str
    problem: str = ""


class Stored(NamedTuple):
    """How a file's text is stored."""

    compression: Compression
    encoding: str


def stored(path: Path) -> Stored:
    """Compression and encoding of a file, by its content.

    Raises:
        InputError: when it cannot be opened.
        MissingExtra: for zstd without a decompressor.
    """
    with opened(path) as (stream, compression):
        try:
            return Stored(compression, _encoding(stream))
        except (EOFError, zlib.error, OSError):
            return Stored(compression, "utf-8")  # damaged further on: the lines before it can still be read


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], Compression]]:
    """The decompressed bytes of a file."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", source=path, remedy="check name and permissions"
        ) from None
    with raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(raw) as stream:
                yield cast("IO[bytes]", stream), "gzip"
        elif magic == b"\x28\xb5\x2f\xfd":
            with _zstd(raw, path) as stream:
                yield stream, "zstd"
        else:
            yield raw, "none"


def lines(path: Path, how: Stored) -> Iterator[Line]:
    """Every line of a file, numbered from 1, the last one with or without a line end."""
    number = 0
    try:
        for number, data in enumerate(_split(blocks(path, how)), 1):
            yield _line(number, data)
    except (EOFError, zlib.error, OSError) as error:
        yield Line(number + 1, "", f"the {how.compression} data is damaged from here on ({error})")


def blocks(path: Path, how: Stored) -> Iterator[bytes]:
    """The file's text as UTF-8, in blocks. Bytes that are not in a UTF-8 file's encoding pass through as they are."""
    with opened(path) as (stream, _):
        raw = iter(lambda: stream.read(_BLOCK), b"")
        first = next(raw, b"")
        for bom, name in _BOMS:
            if first.startswith(bom) and name == how.encoding:
                first = first[len(bom) :]
                break
        chunks: Iterator[bytes] = itertools.chain([first], raw)
        if how.encoding not in ("utf-8", "utf-8-sig"):
            decoder = codecs.getincrementaldecoder(how.encoding)(errors="replace")
            chunks = (decoder.decode(chunk).encode("utf-8", "replace") for chunk in chunks)
        yield from chunks


def _split(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Lines without their ends; None for one that is too long."""
    first = next(chunks, b"")
    old_mac = b"\r" in first and b"\n" not in first and len(first) > 1 and not first.endswith(b"\r")
    rest, too_long = b"", False
    for chunk in itertools.chain([first], chunks):
        pieces = (rest + (chunk.replace(b"\r", b"\n") if old_mac else chunk)).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            yield None if too_long or len(piece) > LONGEST_LINE else piece
            too_long = False
        if len(rest) > LONGEST_LINE:
            rest, too_long = b"", True
    if rest or too_long:
        yield None if too_long else rest


def _line(number: int, data: bytes | None) -> Line:
    if data is None:
        return Line(number, "", f"the line is longer than {LONGEST_LINE // 2**20} MiB")
    if data.endswith(b"\r"):
        data = data[:-1]
    if b"\0" in data:
        return Line(number, "", f"holds NUL bytes (the first in column {data.index(0) + 1})")
    try:
        return Line(number, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        column = len(data[: error.start].decode("utf-8")) + 1
        problem = f"is not UTF-8: byte 0x{data[error.start]:02x} in column {column}; save the file as UTF-8"
        return Line(number, data.decode("utf-8", "replace"), problem)


def _encoding(stream: IO[bytes]) -> str:
    head = stream.read(_HEAD)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if (wide := _wide(head)) is not None:
        return wide
    return "cp1252" if _is_windows(itertools.chain([head], iter(lambda: stream.read(_BLOCK), b""))) else "utf-8"


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: nearly every other byte is NUL, the others are not."""
    even, odd = head[0::2], head[1::2]
    if len(head) < 4 or not odd:
        return None
    share_even, share_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if share_odd > 0.7 and share_even < 0.05:
        return "utf-16-le"
    if share_even > 0.7 and share_odd < 0.05:
        return "utf-16-be"
    return None


def _is_windows(chunks: Iterator[bytes]) -> bool:
    """Whether a whole file is Windows-1252: no line beyond ASCII is UTF-8, and those bytes read like letters."""
    seen = plausible = 0
    for data in _split(chunks):
        if data is None or data.isascii():
            continue
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return False
        text = data.decode("cp1252", "replace")
        for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
            if char > "\x7f":
                seen += 1
                plausible += _reads_well(before, char, after)
    return seen > 0 and plausible >= 0.9 * seen


def _reads_well(before: str, char: str, after: str) -> bool:
    """A small letter beside letters, a capital at a word's start, or a sign that Western texts use."""
    if before > "\x7f" or after > "\x7f":
        return False  # half a UTF-8 sequence comes in runs, an accent alone
    if char.isalpha():
        return (before.isalpha() or after.isalpha()) if char.islower() else not before.islower()
    return char in "‘’“”–—…€£§°«»·²³½¼®©™ "


@contextmanager
def _zstd(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    try:
        import zstandard
    except ImportError:
        raise MissingExtra(
            "is compressed with zstd", place=str(path), remedy="pip install 'strop[zstd]', or decompress the file"
        ) from None
    with zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        yield cast("IO[bytes]", stream)
