"""Example: one row of the task."""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Literal, TypeAlias

from pydantic import Field

from strop.records.base import JSON, Record, canonical, id_of_bytes
from strop.settings.schema import Kind, Split

__all__ = ["Beside", "Example", "Kind", "Message", "Origin", "Role", "Split"]
Role = Literal["system", "user", "assistant", "tool"]


class Message(Record):
    """One turn of a conversation."""

    role: Role
    content: str


class Origin(Record):
    """Where a row came from: a file and line, or the judgement that corrected an answer."""

    source: str
    line: int | None = None
    judgement: str | None = None


Beside: TypeAlias = tuple[str, int | None, str | None, dict[str, str], str | None, str | None, str | None]
"""What a dataset version knows of a row beside its content, which may differ from version to version: source, line,
judgement, slices, group, time, name. A plain tuple, since each row of a version takes one to be stored."""


class Example(Record):
    """What the model is asked (``messages``), and what it should answer (``reference``).

    ``expect`` is what measures need beyond the reference; ``slices``, ``group``, ``time``, ``origin`` and ``name`` are
    bookkeeping: never part of a prompt or of a feature.
    """

    id: str
    messages: tuple[Message, ...]
    reference: str | None = None
    expect: dict[str, JSON] = Field(default_factory=dict)
    context: tuple[str, ...] = ()
    slices: dict[str, str] = Field(default_factory=dict)
    group: str | None = None
    time: str | None = None
    name: str | None = None
    origin: Origin

    @property
    def beside(self) -> Beside:
        """What stands beside its content."""
        from_where = self.origin
        named = self.slices, self.group, self.time, self.name
        return from_where.source, from_where.line, from_where.judgement, *named

    @property
    def input(self) -> str:
        """The last user turn: what people call "the text" of the row."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def system(self) -> str | None:
        """The row's own system message, if it has one."""
        return self.messages[0].content if self.messages and self.messages[0].role == "system" else None

    @staticmethod
    def identity(
        key: bytes,
        messages: tuple[Message, ...],
        reference: str | None,
        expect: dict[str, JSON],
        context: tuple[str, ...] = (),
    ) -> str:
        """The keyed hash of a row's content."""
        return identity_of(key, [(m.role, m.content) for m in messages], reference, expect, context)


def identity_of(
    key: bytes,
    turns: Sequence[tuple[Role, str]],
    reference: str | None,
    expect: dict[str, JSON],
    context: tuple[str, ...] = (),
) -> str:
    """As :meth:`Example.identity`, of turns that are no messages yet."""
    if expect or context:
        return id_of_bytes("ex", key, canonical([turns, reference, expect, context]))
    # As ``canonical`` writes it, in a quarter of the time: most rows have neither.
    said = ",".join([f'["{role}",{encode_basestring(text)}]' for role, text in turns])
    answered = "null" if reference is None else encode_basestring(reference)
    return id_of_bytes("ex", key, f"[[{said}],{answered},{{}},[]]".encode())
