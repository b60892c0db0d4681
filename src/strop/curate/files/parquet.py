"""Parquet to raw rows, a batch at a time (needs the extra ``parquet``). A row's line is its number, from 1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from strop.curate.files.packed import unpacked
from strop.curate.files.reading import LONGEST_LINE, Compression
from strop.curate.files.rows import RawRow
from strop.errors import InputError, MissingExtra
from strop.records import JSON

_BATCH, _HELD = 1000, 64 * 2**20
"""Rows that are decoded at a time, and bytes of them, as far as the file tells."""
_AGAIN = "write the file again from its source"


def columns(path: Path, compression: Compression = "none") -> tuple[str, ...]:
    """The names of the columns; ``compression``: the file is packed as a whole."""
    with _opened(path, compression) as file:
        return tuple(str(name) for name in file.schema_arrow.names)


def raw_rows(path: Path, compression: Compression = "none") -> Iterator[RawRow]:
    """Every row as a mapping from column to value. Where a group of rows is damaged, the next one is gone on with."""
    with _opened(path, compression) as file:
        begin = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            yield from _of_group(file, group, begin, begin + count)
            begin += count


def _of_group(file: Any, group: int, begin: int, end: int) -> Iterator[RawRow]:
    """The rows of a group, the first of which follows on so many."""
    number = begin
    try:
        told = file.metadata.row_group(group)
        several = max(1, min(_BATCH, _HELD * told.num_rows // max(1, told.total_byte_size)))
        for batch in file.iter_batches(batch_size=several, row_groups=[group]):
            for value in _values(batch):
                number += 1
                yield _too_long(number) if value is None else _row(number, value)
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        told = f"is in a part that is damaged ({error})"
        for lost in range(number + 1, end + 1):
            yield RawRow(lost, None, told, remedy=_AGAIN)


def _values(batch: Any) -> Iterator[dict[str, JSON] | None]:
    """The rows of a batch; None for one that is longer than a line may be, of which no text is made."""
    if batch.nbytes <= LONGEST_LINE:
        yield from batch.to_pylist(maps_as_pydicts="lossy")
        return
    for place in range(batch.num_rows):
        row = batch.slice(place, 1)
        yield None if _length(row) > LONGEST_LINE else row.to_pylist(maps_as_pydicts="lossy")[0]


def _length(row: Any) -> int:
    """Bytes of a batch of one row; where texts stand in a dictionary, of its own alone."""
    from pyarrow.types import is_dictionary

    return sum((cells.dictionary_decode() if is_dictionary(cells.type) else cells).nbytes for cells in row.columns)


def _too_long(number: int) -> RawRow:
    told = f"the row is longer than {LONGEST_LINE // 2**20} MiB"
    return RawRow(number, None, told, remedy="write shorter rows, or leave the long columns out")


def _row(number: int, value: dict[str, JSON]) -> RawRow:
    """Bytes are read as UTF-8; a number that is none is no value."""
    for name, cell in value.items():
        if isinstance(cell, bytes):
            try:
                value[name] = cell.decode("utf-8")
            except UnicodeDecodeError as error:
                told = f"`{name}` holds bytes that are not UTF-8 (0x{cell[error.start]:02x} at place {error.start + 1})"
                return RawRow(number, None, told, name, "write the column as text, or leave it out")
        elif cell != cell:  # NaN
            value[name] = None
    return RawRow(number, value)


@contextmanager
def _opened(path: Path, compression: Compression) -> Iterator[Any]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow import parquet as reader
    except ImportError:
        raise MissingExtra(
            "is a Parquet file", place=str(path), remedy="pip install 'strop[parquet]', or save it as CSV or JSONL"
        ) from None
    with nullcontext(path) if compression == "none" else unpacked(path, compression) as source:
        try:
            file = reader.ParquetFile(source)
        except ArrowInvalid as error:
            raise InputError(f"is a damaged Parquet file: {error}", source=path, remedy="write it again") from None
        yield file
