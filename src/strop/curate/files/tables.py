"""CSV and TSV to raw rows: RFC 4180, records over several lines, one bad record never takes the next with it."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from strop.curate.files.reading import LONGEST_LINE, Line
from strop.curate.files.rows import RawRow, shortened

_DELIMITERS = ",\t;|"
_DECLARES = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)
_LONGEST_RECORD = 2000
"""Lines that one record may have: an opened quote that is never closed must not swallow the file."""


def without_declaration(head: Sequence[Line]) -> tuple[Sequence[Line], str | None]:
    """The first lines without a line `sep=;` above them, as spreadsheets write and read it; and the sign it names."""
    if head and (named := _DECLARES.fullmatch(head[0].text.strip())) is not None:
        return head[1:], named[1]
    return head, None


def delimiter(head: Sequence[Line]) -> str:
    """The sign that cuts the first lines into most columns, evenly; the one that a line above them names."""
    head, named = without_declaration(head)
    if named is not None:
        return named
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
    head, _ = without_declaration(head)
    if not head:
        return ()
    return tuple(name.strip() for name in _fields([head[0].text], sign) or [head[0].text])


def raw_rows(lines: Iterable[Line]) -> Iterator[RawRow]:
    """Every record below the header as a mapping from column to text."""
    waiting = iter(lines)
    head = list(itertools.islice(waiting, 20))
    peeked = [line for line in head if line.text.strip() or line.problem]
    if not peeked:
        return
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    sign = delimiter(peeked)
    names = header(peeked, sign)
    top = without_declaration(peeked)[0][:1]
    queue = deque(head[head.index(top[0]) + 1 :] if top else ())  # a blank line may stand inside a quoted field
    while queue or (queue := deque(itertools.islice(waiting, 1))):
        first = queue.popleft()
        if first.problem:
            yield first.unread
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
            fields = _fields([f"{part.text}{part.end}" for part in taken], sign)
    if fields is None:
        queue.extendleft(reversed(taken[1:]))
        problem = f"a quote is opened and not closed properly ({shortened(first.text)})"
        place = first.text.find('"') + 1
        column = str(place) if place else ""
        return RawRow(first.number, None, problem, column, "close it, and double each quote inside a field")
    if (bad := next((line for line in taken if line.problem), None)) is not None:
        return replace(bad.unread, line=first.number)
    if len(fields) != len(names):
        return _uneven(first.number, fields, names, sign)
    return RawRow(first.number, dict(zip(names, fields, strict=True)))


def _uneven(number: int, fields: Sequence[str], names: Sequence[str], sign: str) -> RawRow:
    """A record with more or fewer fields than the header."""
    problem = f"has {len(fields)} field{'' if len(fields) == 1 else 's'}, the header has {len(names)}"
    if len(fields) < len(names):
        column = names[len(fields)]
        return RawRow(number, None, f"{problem}: no `{column}` after {shortened(fields[-1])!r}", column, "fill it in")
    return RawRow(
        number,
        None,
        f"{problem}: {shortened(fields[len(names)])!r} is one too many",
        str(len(names) + 1),
        f"put fields that hold {sign!r} into quotes",
    )


def _fields(text: Sequence[str], sign: str) -> list[str] | None:
    """One record's fields; None where the text is no complete record."""
    try:
        records = list(csv.reader(text, delimiter=sign, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None
