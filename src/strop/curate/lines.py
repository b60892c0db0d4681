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
_NO_NOTES = '{},"group":null,"time":null,"name":null'
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
    held, notes = '{},"context":[]', _NO_NOTES
    if expect or context:
        held = f'{_object(expect)},"context":[{",".join(map(_text, context))}]'
    if slices or group is not None or time is not None or name is not None:
        notes = f'{_object(slices)},"group":{_or_null(group)},"time":{_or_null(time)},"name":{_or_null(name)}'
    return (
        f'{{"id":"{identity}","messages":[{said}],"reference":{"null" if reference is None else _text(reference)},'
        f'"expect":{held},"slices":{notes},"origin":{{"source":{_text(source)},'
        f'"line":{"null" if line is None else line},"judgement":{"null" if judgement is None else _text(judgement)}}}}}'
    )


def _ledger_line(fields: Fields) -> str:
    source, line, action, reason, example, of, detail, column, remedy = fields
    return (
        f'{{"source":{_text(source)},"line":{line},"action":"{action}",'
        f'"reason":{"null" if reason is None else _text(reason)},'
        f'"example":{"null" if example is None else _text(example)},"of":{"null" if of is None else _text(of)},'
        f'"detail":{_text(detail)},"column":{_text(column)},"remedy":{_text(remedy)}}}'
    )


def _fault(fields: Fields) -> str:
    source, line, example, fault, is_fault, score, evidence, related = fields
    return (
        f'{{"source":{_text(source)},"line":{line},"example":{"null" if example is None else _text(example)},'
        f'"fault":"{fault}","is_fault":{"true" if is_fault else "false"},"score":{float(score)!r},'
        f'"evidence":{_text(evidence)},"related":[{",".join(map(_text, related)) if related else ""}]}}'
    )


def _or_null(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _object(value: Mapping[str, JSON]) -> str:
    return to_json(value).decode() if value else "{}"
