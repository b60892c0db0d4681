"""Bytes of a file to numbered lines of text: streaming, with a bound on a line's length, and no line stops the next.

Compression and encoding are told by content, unless the settings name the encoding. UTF-8 is the rule; UTF-16, UTF-32,
Windows-1252 (Latin-1) and old encodings of other scripts are recognised for whole files. A line that is not in its
file's encoding, holds NUL bytes or is too long keeps its number and says what is wrong with it.
"""

from __future__ import annotations

import codecs
import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, cast

from strop.curate.files import scripts
from strop.curate.files.rows import RawRow
from strop.errors import InputError, MissingExtra

LONGEST_LINE = 16 * 2**20
"""Bytes of the longest line that is read; a longer one is a malformed row."""
_BLOCK = 2**20
_HEAD = 2**16
_AT_ONCE = 500
"""Lines that are decoded together."""
_SIP = 2**12  # compressed bytes at a time: a block of a few bytes can unfold to 128 KiB

Compression: TypeAlias = Literal["none", "gzip", "zstd"]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


NAME_IT = (
    "save the file as UTF-8, or name its encoding in strop.yaml: "
    "data.sources: [{path: FILE, encoding: cp1251}] (or shift_jis, iso8859-2, …)"
)
_UNREAD = "strop.unread"
"""How decoders handle bytes that are not of an encoding: half a character stands for them, which no text can hold."""
codecs.register_error(_UNREAD, lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]
DAMAGED = (EOFError, zlib.error, OSError)
"""What reading raises where a compressed file is cut off or broken."""
AGAIN = "the file was cut off or changed on its way: copy or compress it again"


@dataclass(slots=True)
class Line:
    """One physical line without its end; ``problem`` says why its text cannot be trusted ("" when it can).

    ``column``: the number of the character, from 1, where it begins; ``remedy``: what to do; ``end``: how it ends.
    """

    number: int
    text: str
    problem: str = ""
    column: str = ""
    remedy: str = ""
    end: str = "\n"

    @property
    def unread(self) -> RawRow:
        """The row that this line does not give."""
        return RawRow(self.number, None, self.problem, self.column, self.remedy)


class Stored(NamedTuple):
    """How a file's text is stored."""

    compression: Compression
    encoding: str


def stored(path: Path, encoding: str | None = None) -> Stored:
    """Compression and encoding of a file, by its content.

    Args:
        path: the file.
        encoding: the one that the settings name.
    Raises:
        InputError: when it cannot be opened.
        MissingExtra: for zstd without a decompressor.
    """
    compression = compression_of(beginning(path))
    try:
        return Stored(compression, encoding or _encoding(_unpacked(path, compression)))
    except DAMAGED:
        return Stored(compression, "utf-8")  # damaged further on: the lines before it can still be read


def beginning(path: Path) -> bytes:
    """The first bytes of a file as it lies on disk.

    Raises:
        InputError: when it cannot be opened.
    """
    try:
        with path.open("rb") as raw:
            return raw.read(8)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", source=path, remedy="check name and permissions"
        ) from None


class Plain:
    """Lines in which nothing has to be looked at closely; each becomes a :class:`Line` where somebody asks for it.

    Args:
        first: the number of the first one.
        texts: theirs.
    """

    def __init__(self, first: int, texts: Sequence[str]) -> None:
        self.first, self.texts = first, texts

    def __iter__(self) -> Iterator[Line]:
        return map(Line, itertools.count(self.first), self.texts)


def lines(path: Path, how: Stored) -> Iterator[Line]:
    """Every line of a file, numbered from 1, the last one with or without a line end."""
    return itertools.chain.from_iterable(some_lines(path, how))


def some_lines(path: Path, how: Stored) -> Iterator[Plain | Sequence[Line]]:
    """The same, some hundred at a time."""
    number = 0
    try:
        for several in itertools.chain.from_iterable(map(_some_at_once, _split(blocks(path, how)))):
            texts = _plain(several)
            numbers = itertools.count(number + 1)
            yield Plain(number + 1, texts) if texts else list(map(_line, numbers, several, repeat(how.encoding)))
            number += len(several)
    except DAMAGED as error:
        problem = f"the {how.compression} data is damaged from here on ({error})"
        yield [Line(number + 1, "", problem, remedy=AGAIN)]


def _some_at_once(several: Sequence[bytes | None]) -> Iterator[Sequence[bytes | None]]:
    """So few that whoever wants the first lines of a file does not have all of a block decoded."""
    return (several[start : start + _AT_ONCE] for start in range(0, len(several), _AT_ONCE))


def blocks(path: Path, how: Stored) -> Iterator[bytes]:
    """The file's text as UTF-8, in blocks. Bytes that are not in a UTF-8 file's encoding pass through as they are."""
    chunks = _unpacked(path, how.compression)
    first = next(chunks, b"")
    for bom, name in _BOMS:
        if first.startswith(bom) and name == how.encoding:
            first = first[len(bom) :]
            break
    chunks = itertools.chain([first], chunks)
    if how.encoding not in ("utf-8", "utf-8-sig"):
        chunks = _as_utf8(chunks, how.encoding)
    yield from chunks


def _as_utf8(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Blocks of another encoding; where bytes are not of it, what comes is not UTF-8 either."""
    decoder = codecs.getincrementaldecoder(encoding)(errors=_UNREAD)
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")


def compression_of(magic: bytes) -> Compression:
    """How a file is packed, by its first bytes."""
    if magic[:2] == b"\x1f\x8b":
        return "gzip"
    return "zstd" if magic[:4] == b"\x28\xb5\x2f\xfd" else "none"


def _unpacked(path: Path, compression: Compression) -> Iterator[bytes]:
    """The decompressed bytes, in blocks: all of them up to a damage."""
    with path.open("rb") as raw:
        chunks = iter(lambda: raw.read(_BLOCK), b"")
        if compression == "gzip":
            chunks = _gunzip(chunks)
        elif compression == "zstd":
            chunks = _unzstd(chunks, path)
        yield from chunks


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """A gzip file may have several members, one after another."""
    decoder = zlib.decompressobj(31)
    for chunk in chunks:
        waiting = chunk
        while waiting:
            if decoder.eof:
                decoder = zlib.decompressobj(31)
            before = decoder.copy()
            try:
                unpacked = decoder.decompress(waiting, _BLOCK)
            except zlib.error:  # with it the whole block is lost, which may be all there is
                yield from _up_to_damage(before, waiting)
                raise
            yield unpacked
            waiting = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    if not decoder.eof:
        raise EOFError("it ends too early")


def _up_to_damage(decoder: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What can be decompressed, byte by byte, before the one at which it fails again."""
    try:
        for byte in data:
            yield decoder.decompress(bytes((byte,)))
    except zlib.error as error:
        if "incorrect data check" not in str(error):
            raise
        raise EOFError("wrong checksum: any line may be wrong") from None


def _unzstd(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError:
        raise MissingExtra(
            "is compressed with zstd", place=str(path), remedy="pip install 'strop[zstd]', or decompress the file"
        ) from None
    decoder = zstandard.ZstdDecompressor().decompressobj()
    try:
        for chunk in chunks:
            for start in range(0, len(chunk), _SIP):
                waiting = chunk[start : start + _SIP]
                while waiting:
                    if decoder.eof:
                        decoder = zstandard.ZstdDecompressor().decompressobj()
                    yield decoder.decompress(waiting)
                    waiting = decoder.unused_data if decoder.eof else b""
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from None
    if not decoder.eof:
        raise EOFError("it ends too early")


def _split(chunks: Iterator[bytes]) -> Iterator[Sequence[bytes | None]]:
    """Lines, those of a block at a time, without their ends, but for a carriage return that stands alone; None for one
    that is too long."""
    first = next(chunks, b"")
    old_mac = b"\n" not in first and b"\r" in first[:-1]
    rest, too_long = b"", False
    for chunk in itertools.chain([first], chunks):
        whole = rest + (chunk.replace(b"\r", b"\n") if old_mac else chunk)
        *pieces, rest = whole.split(b"\n")
        is_plain = not too_long and b"\r" not in whole and len(whole) <= LONGEST_LINE
        yield pieces if is_plain else list(_looked_at(pieces, too_long=too_long))
        too_long = too_long and not pieces
        if len(rest) > LONGEST_LINE:
            rest, too_long = b"", True
    if too_long:
        yield [None]
    elif rest:
        yield list(_at_returns(rest))


def _looked_at(pieces: Iterable[bytes], *, too_long: bool) -> Iterator[bytes | None]:
    """The lines in what stands between line feeds; ``too_long``: the first piece ends a line that is."""
    for piece in pieces:
        if too_long or len(piece) > LONGEST_LINE:
            yield None
        elif b"\r" in piece:
            yield from _at_returns(piece)
        else:
            yield piece
        too_long = False


def _at_returns(piece: bytes) -> Iterator[bytes]:
    """What ends in a line feed may be several lines of another system, each with its return."""
    *before, last = piece.rstrip(b"\r").split(b"\r")
    for line in before:
        yield line + b"\r"
    yield last


def _plain(several: Sequence[bytes | None]) -> list[str] | None:
    """The texts of lines, where nothing in any of them has to be looked at closely."""
    if not several or None in several:
        return None
    whole = b"\n".join(cast("Sequence[bytes]", several))
    if b"\r" in whole or b"\0" in whole or codecs.BOM_UTF8 in whole:
        return None
    try:
        return whole.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return None


def _line(number: int, data: bytes | None, encoding: str) -> Line:
    if data is None:
        problem = f"the line is longer than {LONGEST_LINE // 2**20} MiB"
        return Line(number, "", problem, remedy="one row a line, and none of that size")
    end = "\n"
    if data.endswith(b"\r"):
        data, end = data[:-1], "\r"
    if data.startswith(codecs.BOM_UTF8):  # files that begin with a mark, one put behind the other
        data = data[len(codecs.BOM_UTF8) :]
    if b"\0" in data:
        column = str(data.index(0) + 1)
        return Line(number, "", f"holds NUL bytes (the first in column {column})", column, "write the file again")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        column = str(len(data[: error.start].decode("utf-8")) + 1)
        problem = f"is not {encoding} (in column {column})"
        if encoding in ("utf-8", "utf-8-sig"):
            problem = f"is not UTF-8: byte 0x{data[error.start]:02x} in column {column}"
        return Line(number, data.decode("utf-8", "replace"), problem, column, NAME_IT)
    return Line(number, text, end=end)


def _encoding(chunks: Iterator[bytes]) -> str:
    head = next(chunks, b"")
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    if (wide := _wide(head[:_HEAD])) is not None:
        return wide
    return _old(itertools.chain([head], chunks)) or "utf-8"


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


def _old(chunks: Iterator[bytes]) -> str | None:
    """The older encoding of a whole file of which no line beyond ASCII is UTF-8; None where it cannot be told.

    What common words tell, else Windows-1252 where those bytes read like its letters, else what another script's text
    tells.
    """
    seen = plausible = 0
    looked_at = bytearray()
    several = (lines for lines in _split(chunks) if not b"".join(filter(None, lines)).isascii())
    for data in itertools.chain.from_iterable(several):
        if data is None or data.isascii():
            continue
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return None
        if len(looked_at) < scripts.ENOUGH:
            looked_at += data + b"\n"
        text = data.decode("cp1252", "replace")
        for before, char, after in zip(" " + text, text, text[1:] + " ", strict=False):
            if char > "\x7f":
                seen += 1
                plausible += _reads_well(before, char, after)
    if not seen:
        return None
    told = scripts.latin(bytes(looked_at))
    if plausible >= 0.9 * seen:
        return told or "cp1252"
    return told or scripts.encoding_of(bytes(looked_at))


_SMALL_ACCENTED = frozenset("ßàáâãäåæçèéêëìíîïñòóôõöøùúûü")
"""No UTF-8 sequence has two of these as bytes side by side."""


_SIGNS = frozenset("‘’“”–—…€£§°«»·²³½¼®©™ ")
"""Signs that Western texts use."""


def _reads_well(before: str, char: str, after: str) -> bool:
    """A small letter beside letters, a capital at a word's start, or a sign that Western texts use."""
    beside = [other for other in (before, after) if other > "\x7f"]
    if char in _SIGNS and all(other in _SIGNS for other in beside):
        return True  # quotes around a sign: a UTF-8 sequence begins with a letter
    if len(beside) == 2 or (beside and not (_SMALL_ACCENTED.issuperset((char, *beside)))):
        return False  # half a UTF-8 sequence comes in runs, an accent alone or with one other, as in "süß"
    if char.isalpha():
        return (before.isalpha() or after.isalpha()) if char.islower() else not before.islower()
    return char in _SIGNS
