"""Parquet to raw rows, a batch at a time (needs the extra ``parquet``). A row's line is its number, from 1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from strop.curate.rows import RawRow
from strop.errors import InputError, MissingExtra

_BATCH = 1000


def columns(path: Path) -> tuple[str, ...]:
    """The names of the columns."""
    return tuple(str(name) for name in _open(path).schema_arrow.names)


def raw_rows(path: Path) -> Iterator[RawRow]:
    """Every row as a mapping from column to value."""
    number = 0
    for batch in _open(path).iter_batches(batch_size=_BATCH):
        for value in batch.to_pylist():
            number += 1
            yield RawRow(number, value)


def _open(path: Path) -> Any:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow import parquet as reader
    except ImportError:
        raise MissingExtra(
            "is a Parquet file", place=str(path), remedy="pip install 'strop[parquet]', or save it as CSV or JSONL"
        ) from None
    try:
        return reader.ParquetFile(path)
    except ArrowInvalid as error:
        raise InputError(f"is a damaged Parquet file: {error}", source=path, remedy="write it again") from None
