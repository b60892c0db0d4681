"""The files of a project, read one after another into drafts and ledger lines."""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from strop import durable
from strop.curate.drafts import REMEDIES, Draft, RowProblem
from strop.curate.files import shapes
from strop.curate.files.formats import Layout, layout, raw_rows
from strop.curate.files.plain_rows import PlainRows
from strop.curate.files.reading import NAME_IT
from strop.curate.files.rows import shortened
from strop.errors import InputError
from strop.records import JSON, Split
from strop.settings import Columns, Settings, Source, named_file

_SPLIT_NAMES: dict[str, Split] = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "dev": "validation", "test": "test", "testing": "test", "holdout": "test",
}  # fmt: skip
DATA_SUFFIXES = {".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"}
_COMPRESSED = {".gz", ".zst", ".gzip", ".zstd"}


class Opened(NamedTuple):
    """A source: the name that ledger and messages use, where it lies, and how to read it."""

    name: str
    path: Path
    split: Split | None
    columns: Columns
    layout: Layout

    def described(self, rows: int) -> dict[str, JSON]:
        """What the recipe records of it."""
        return {
            "path": self.name, "sha256": durable.file_sha256(self.path), "rows": rows, "split": self.split,
            "format": self.layout.format, "compression": self.layout.compression, "encoding": self.layout.encoding,
        }  # fmt: skip


def split_of(name: str) -> Split | None:
    """The split that a file's name says: exactly train, validation (valid, val, dev) or test."""
    return _SPLIT_NAMES.get(stem(name).casefold())


def stem(name: str) -> str:
    """A file's name without the endings that only say how it is stored."""
    path = Path(name)
    while path.suffix.lower() in DATA_SUFFIXES | _COMPRESSED:
        path = path.with_suffix("")
    return path.name


def data_files(origin: Path) -> list[Path]:
    """A file itself, or the data files of a folder, sorted (guides and hidden files are left to ``look``).

    Raises InputError where it is neither.
    """
    whole = Path(os.path.realpath(origin))
    if not whole.is_dir():
        check_file(whole, origin)
        return [whole]
    return sorted(path for path in whole.iterdir() if path.is_file() and not path.name.startswith("."))


def check_file(path: Path, name: str | Path) -> None:
    """Raise InputError unless a path is a file that can be read from its beginning again and again."""
    message, remedy = "no such file", "check the name"
    try:
        if path.is_file():
            return
        if path.is_dir():
            message, remedy = "is a folder", "name the data files in it"
        elif path.exists():
            message, remedy = "is a pipe or a device, and rows are read more than once", "write it to a file first"
        elif path.is_symlink():
            message, remedy = f"is a link that leads nowhere ({path.readlink()})", "name the file itself"
    except OSError as error:  # links in a circle, a name that is too long
        message = f"cannot be read: {error.strerror}"
    raise InputError(message, source=name, remedy=remedy)


def open_sources(settings: Settings, project: Path, files: Sequence[Path]) -> list[Opened]:
    """The sources of strop.yaml and ``files`` (whose names say their split).

    Raises:
        InputError: for a missing file, an empty one, or a table without a column that the settings name.
    """
    wanted = [(source, named_file(project, source.path)) for source in settings.data.sources]
    for file in files:
        path = Path(os.path.realpath(file))
        name = str(path.relative_to(project) if path.is_relative_to(project) else file)
        wanted.append((Source(path=name, split=split_of(file.name)), path))
    if not wanted:
        raise InputError(
            "no data source is named", source="strop.yaml", remedy="add data.sources, or: strop curate FILE"
        )
    seen: set[Path] = set()
    found = []
    for source, path in wanted:
        name, columns = source.path, source.columns or settings.data.columns
        check_file(path, name)
        if path in seen:
            raise InputError("is named twice", source=name, remedy="name each file once in data.sources")
        seen.add(path)
        how = layout(path, source.encoding)
        if how.format == "empty":
            raise InputError(
                "the file is empty", source=name, line=1, remedy="one row per line: JSONL, JSON, CSV or TSV"
            )
        _check_columns(name, how, columns)
        found.append(Opened(name, path, source.split, columns, how))
    return found


def read(source: Opened, refuse: Callable[[str, int, RowProblem], None]) -> Iterator[Draft]:
    """The drafts of a source.

    Args:
        source: it.
        refuse: is told the source, the line and what is wrong with each row that cannot be used.
    Raises:
        InputError: when no row of the source can be used.
    """
    usable = rows = 0
    problems: Counter[str] = Counter()
    first: tuple[int, RowProblem] | None = None
    plain = PlainRows(source.columns, source.name, source.split)
    for row in raw_rows(source.path, source.layout):
        rows += 1
        try:
            if row.value is None:
                raise RowProblem("malformed", row.problem, column=row.column, remedy=row.remedy)
            made = plain.draft(row.value, row.line) or shapes.draft(
                row.value, source.columns, source=source.name, line=row.line, fixed=source.split
            )
            if made.reference is None or not made.reference.strip():
                if not (made.expect and source.split in ("validation", "test")):
                    raise RowProblem("no_answer", "has no answer")
                made.reference = None
        except RowProblem as found:
            problems[found.reason] += 1
            first = first or (row.line, found)
            refuse(source.name, row.line, found)
            continue
        usable += 1
        yield made
    if not usable:
        if first is None:
            head = f" ({shortened(', '.join(source.layout.columns))})" if source.layout.columns else ""
            raise InputError(
                f"there is no row below the header{head}",
                source=source.name,
                line=1,
                remedy="add rows to it, or leave it out of data.sources",
            )
        line, problem = first
        counts = ", ".join(f"{reason} {count}" for reason, count in problems.most_common())
        message = f"{problem.detail}; none of its {rows} rows can be used ({counts})"
        raise InputError(message, source=source.name, line=line, remedy=_remedy(problems, problem, source))


def _remedy(problems: Counter[str], first: RowProblem, source: Opened) -> str:
    """What helps where no row of a source can be used."""
    if problems.most_common(1)[0][0] == "no_answer":
        return "every row needs its answer: an assistant turn, or a column named in data.columns.output"
    if first.remedy == NAME_IT:
        return NAME_IT.replace("FILE", source.name)
    if source.layout.columns and not first.column and first.remedy == REMEDIES["malformed"]:
        named = shortened(", ".join(source.layout.columns), 200)
        return (
            f"name its columns in data.columns: {{input: …, output: …}}; it has: {named} "
            "(if that is a row, put a line with their names above it)"
        )
    return f"{first.remedy}, or leave the file out of data.sources"


def _check_columns(name: str, how: Layout, columns: Columns) -> None:
    """A table must have the columns that the settings name."""
    if not how.columns or "messages" in how.columns:
        return
    chosen = {
        "input": columns.input, "output": columns.output, "system": columns.system, "context": columns.context,
        "group": columns.group, "time": columns.time, "id": columns.id,
    }  # fmt: skip
    named = [(f"data.columns.{k}", v) for k, v in chosen.items() if v] + [
        ("data.columns.slices", s) for s in columns.slices
    ]
    known = set(how.columns)
    for setting, column in named:
        if column not in known and not re.match(r"meta\b|.*\.", column) and "meta" not in known:
            near = difflib.get_close_matches(column, how.columns, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`? " if near else ""
            raise InputError(
                f"has no column `{column}` ({setting})",
                source=name,
                line=1,
                remedy=f"{hint}its columns: {', '.join(how.columns)}",
            )
