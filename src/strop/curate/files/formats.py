"""Files to raw rows. The format is told by content, not by name; every row keeps the line that it starts on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from strop.curate.files import json_rows, tables
from strop.curate.files.packed import inside
from strop.curate.files.reading import (
    DAMAGED,
    Compression,
    Line,
    Stored,
    blocks,
    compression_of,
    lines,
    some_lines,
    stored,
)
from strop.curate.files.rows import RawRow, shortened
from strop.errors import InputError

Format: TypeAlias = Literal["jsonl", "json", "csv", "tsv", "parquet", "empty"]
_OTHERS = {
    b"PK\x03\x04": "a spreadsheet or a zip archive", b"\xd0\xcf\x11\xe0": "an old spreadsheet or document",
    b"%PDF": "a PDF", b"SQLite f": "a database", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"BZh91AY": "packed with bzip2", b"\xfd7zXZ": "packed with xz", b"7z\xbc\xaf": "packed with 7-Zip",
    b"Rar!": "packed with RAR", b"ARROW1": "an Arrow file", b"Obj\x01": "an Avro file",
    b"\x80\x04\x95": "a pickle", b"\x80\x05\x95": "a pickle", b"\x93NUMPY": "a NumPy array", b"\x7fELF": "a program",
    b"<!DOCTY": "a web page", b"<!docty": "a web page", b"<html": "a web page", b"<?xml": "XML",
    b"{\\rtf": "a document",
}  # fmt: skip
"""First bytes of files that people hand over by mistake."""
_PEEK = 20  # lines that are looked at


class Layout(NamedTuple):
    """What a file turned out to be; ``columns`` for tables only."""

    format: Format
    compression: Compression
    encoding: str
    columns: tuple[str, ...] = ()


def layout(path: Path, encoding: str | None = None) -> Layout:
    """Format, compression, encoding and (of a table) the columns of a file.

    Args:
        path: the file.
        encoding: the one that the settings name; told by content otherwise.
    Raises:
        InputError: for a file that cannot be read, or is of a kind that holds no rows.
        MissingExtra: for a format whose reader is not installed.
    """
    compression, first = inside(path)
    if compression != "none" and (again := compression_of(first)) != "none":
        raise InputError(f"is packed twice ({again} in {compression})", source=path, remedy="unpack it once")
    for magic, what in _OTHERS.items():
        if first.startswith(magic):
            remedy = "unpack it first" if what.startswith("packed") else "save the table as CSV, or the rows as JSONL"
            raise InputError(f"is {what}, not rows", source=path, remedy=remedy)
    if first.startswith(b"PAR1"):
        from strop.curate.files import parquet

        return Layout("parquet", compression, "binary", _each_once(path, parquet.columns(path, compression)))
    how = stored(path, encoding)
    peeked = itertools.islice(lines(path, how), _PEEK)
    head = [line for line in peeked if line.text.strip() or line.problem]
    kind = _format(path, head, _sign(path, how))
    columns: tuple[str, ...] = ()
    if kind in ("csv", "tsv"):
        columns = _each_once(path, tables.header(head, tables.delimiter(head)))
    return Layout(kind, how.compression, how.encoding, columns)


def _each_once(path: Path, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a table that names none twice: of two of one name, no one can tell which is meant."""
    seen: dict[str, int] = {}
    for place, name in enumerate(columns, 1):
        if name and seen.setdefault(name, place) != place:
            raise InputError(
                f"has two columns `{shortened(name)}` (column {seen[name]} and column {place})",
                source=path,
                line=1,
                remedy="rename or remove one of them",
            )
    return columns


def raw_rows(path: Path, found: Layout) -> Iterator[RawRow]:
    """The rows of a file, bad ones with their problem. Reading again gives the same rows."""
    if found.format == "empty":
        return iter(())
    if found.format == "parquet":
        from strop.curate.files import parquet

        return parquet.raw_rows(path, found.compression)
    how = Stored(found.compression, found.encoding)
    if found.format == "jsonl":
        return json_rows.from_lines(some_lines(path, how))
    if found.format == "json":
        return json_rows.from_document(blocks(path, how))
    return tables.raw_rows(lines(path, how))


def _sign(path: Path, how: Stored) -> bytes:
    """The first sign of a file's text; nothing where its first block is damaged."""
    try:
        return next(blocks(path, how), b"").lstrip()[:1]
    except DAMAGED:
        return b""


def _format(path: Path, head: list[Line], sign: bytes) -> Format:
    """``head``: the first lines that are not blank; ``sign``: the first one of the file."""
    if not head:
        return "empty"
    names = {suffix.lower() for suffix in path.suffixes}
    if sign == b"[" and (not names & {".jsonl", ".ndjson"} or _is_document(head)):
        return "json"
    if names & {".jsonl", ".ndjson"}:
        return "jsonl"
    if sign == b"{":
        return _braces(head[0].text.strip(), alone=len(head) == 1)
    if sum(line.text.lstrip().startswith("{") for line in head) * 2 >= len(head):
        return "jsonl"
    if all(line.problem for line in head) or (len(head) == 1 and _is_value(head[0].text)):
        return "jsonl"  # nothing to read: every line becomes a malformed row
    return "tsv" if tables.delimiter(head) == "\t" else "csv"


def _is_document(head: Sequence[Line]) -> bool:
    """Whether what is called JSONL is one list of objects all the same, over several lines or in one."""
    first = head[0].text.strip()
    if len(head) > 1:
        return first in ("[", "[{") or (first.endswith("},") and not _is_value(first))
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _is_value(text: str) -> bool:
    """Whether a text is one value of JSON: a number, a quoted text, true, false or null."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _braces(first: str, *, alone: bool) -> Format:
    """One object a line, or one document over many lines?"""
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return "json" if first.endswith(("{", "[", ",")) else "jsonl"
    return "json" if alone and json_rows.wraps(value) else "jsonl"
