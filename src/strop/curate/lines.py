"""Rows, ledger and fault table as lines of JSON, written without making the records.

Of a large set hardly a record is looked at. Each line is, byte for byte, what pydantic writes of the record, in less
than half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring as _text
from operator import itemgetter
from typing import Any, Generic, TypeVar, overload

from pydantic_core import to_json

from strop.records import JSON, Beside, Fault, LedgerLine, Record, Role

R = TypeVar("R", bound=Record)
Fields = tuple[Any, ...]
"""What a record holds, in the order of its fields."""


class Lines(Sequence[R], Generic[R]):
    """Records of one kind, each made when it is asked for.

    Args:
        kind: what they are.
        fields: of each what it holds.
        written: the JSON of one.
    """

    def __init__(self, kind: type[R], fields: Sequence[Fields], written: Callable[[Fields], str]) -> None:
        self._kind, self._fields, self._written = kind, fields, written
        self._names = tuple(kind.model_fields)

    @overload
    def __getitem__(self, number: int) -> R: ...
    @overload
    def __getitem__(self, number: slice) -> list[R]: ...
    def __getitem__(self, number: int | slice) -> R | list[R]:
        if isinstance(number, slice):
            return [self._made(fields) for fields in self._fields[number]]
        return self._made(self._fields[number])

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[R]:
        return map(self._made, self._fields)

    def column(self, name: str) -> list[Any]:
        """One field of each."""
        return list(map(itemgetter(self._names.index(name)), self._fields))

    def to_json(self) -> Iterator[str]:
        """Each as JSON."""
        return map(self._written, self._fields)

    def _made(self, fields: Fields) -> R:
        return self._kind.made_of(dict(zip(self._names, fields, strict=True)), set(self._names))


def ledger_lines(fields: Sequence[Fields]) -> Lines[LedgerLine]:
    """The ledger of these lines."""
    return Lines(LedgerLine, fields, _ledger_line)


def fault_lines(fields: Sequence[Fields]) -> Lines[Fault]:
    """The fault table of these lines."""
    return Lines(Fault, fields, _fault)


def row(
    identity: str,
    turns: Sequence[tuple[Role, str]],
    reference: str | None,
    expect: Mapping[str, JSON],
    context: Sequence[str],
    beside: Beside,
) -> str:
    """A row of a version as JSON."""
    source, line, judgement, slices, group, time, name = beside
    said = ",".join([f'{{"role":"{role}","content":{_text(text)}}}' for role, text in turns])
    return (
        f'{{"id":"{identity}","messages":[{said}],"reference":{_or_null(reference)},"expect":{_object(expect)},'
        f'"context":[{",".join(map(_text, context))}],"slices":{_object(slices)},"group":{_or_null(group)},'
        f'"time":{_or_null(time)},"name":{_or_null(name)},'
        f'"origin":{{"source":{_text(source)},"line":{_number(line)},"judgement":{_or_null(judgement)}}}}}'
    )


def _ledger_line(fields: Fields) -> str:
    source, line, action, reason, example, of, detail, column, remedy = fields
    return (
        f'{{"source":{_text(source)},"line":{line},"action":"{action}","reason":{_or_null(reason)},'
        f'"example":{_or_null(example)},"of":{_or_null(of)},"detail":{_text(detail)},"column":{_text(column)},'
        f'"remedy":{_text(remedy)}}}'
    )


def _fault(fields: Fields) -> str:
    source, line, example, fault, is_fault, score, evidence, related = fields
    return (
        f'{{"source":{_text(source)},"line":{line},"example":{_or_null(example)},"fault":"{fault}",'
        f'"is_fault":{"true" if is_fault else "false"},"score":{float(score)!r},"evidence":{_text(evidence)},'
        f'"related":[{",".join(map(_text, related)) if related else ""}]}}'
    )


def _or_null(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _object(value: Mapping[str, JSON]) -> str:
    return to_json(value).decode() if value else "{}"
