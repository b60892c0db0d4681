"""CSV and TSV to raw rows: RFC 4180, records over several lines, one bad record never takes the next with it."""

from __future__ import annotations

import csv
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from strop.curate.reading import LONGEST_LINE, Line
from strop.curate.rows import RawRow, shortened

_DELIMITERS = ",\t;|"
_LONGEST_RECORD = 2000
"""Lines that one record may have: an opened quote that is never closed must not swallow the file."""


def delimiter(head: Sequence[Line]) -> str:
    """The sign that cuts the first lines into most columns, evenly."""
    best, width = ",", 1
    for sign in _DELIMITERS:
        first = _fields([head[0].text], sign) if head else None
        columns = len(first) if first else 1
        even = [len(f) for line in head[1:] if (f := _fields([line.text], sign)) is not None]
        if columns > width and (not even or even.count(columns) * 2 >= len(even)):
            best, width = sign, columns
    if width == 1 and head:  # records over several lines are uneven: trust the header alone
        best = max(_DELIMITERS, key=lambda sign: head[0].text.count(sign))
    return best


def header(head: Sequence[Line], sign: str) -> tuple[str, ...]:
    """The column names: the first line's fields."""
    return tuple(name.strip() for name in _fields([head[0].text], sign) or [head[0].text])


def raw_rows(lines: Iterable[Line]) -> Iterator[RawRow]:
    """Every record below the header as a mapping from column to text."""
    waiting = iter(lines)
    peeked = [line for line in itertools.islice(waiting, 20) if line.text.strip() or line.problem]
    if not peeked:
        return
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    sign = delimiter(peeked)
    names = header(peeked, sign)
    queue = deque(peeked[1:])
    while queue or (queue := deque(itertools.islice(waiting, 1))):
        first = queue.popleft()
        if first.problem:
            yield RawRow(first.number, None, first.problem)
        elif first.text.strip():
            yield _record(first, queue, waiting, names, sign)


def _record(first: Line, queue: deque[Line], waiting: Iterator[Line], names: Sequence[str], sign: str) -> RawRow:
    """The record that starts in ``first``; further lines come from the queue, and go back where they do not help."""
    taken = [first]
    fields = _fields([first.text], sign)
    size = len(first.text)
    while fields is None and len(taken) < _LONGEST_RECORD and size <= LONGEST_LINE:
        line = queue.popleft() if queue else next(waiting, None)
        if line is None:
            break
        taken.append(line)
        size += len(line.text)
        if '"' in line.text:  # only a quote can end the open field
            fields = _fields([f"{part.text}\n" for part in taken], sign)
    if fields is None:
        queue.extendleft(reversed(taken[1:]))
        return RawRow(first.number, None, f"a quote is opened and not closed properly ({shortened(first.text)})")
    if problem := next((line.problem for line in taken if line.problem), ""):
        return RawRow(first.number, None, problem)
    if len(fields) != len(names):
        return RawRow(
            first.number, None, f"has {len(fields)} field{'' if len(fields) == 1 else 's'}, the header has {len(names)}"
        )
    return RawRow(first.number, dict(zip(names, fields, strict=True)))


def _fields(text: Sequence[str], sign: str) -> list[str] | None:
    """One record's fields; None where the text is no complete record."""
    try:
        records = list(csv.reader(text, delimiter=sign, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None
