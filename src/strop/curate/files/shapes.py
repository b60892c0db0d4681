"""The shapes in which the world keeps training rows, and how each becomes one draft.

OpenAI messages · prompt and completion · prompt, chosen, rejected · alpaca · sharegpt · human-eval · any table with
named columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from strop.curate.drafts import Draft, RowProblem
from strop.curate.files.json_rows import parsed
from strop.curate.files.rows import shortened
from strop.records import JSON, Role, Split
from strop.settings import Columns

_ROLES: Final[dict[str, Role]] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "customer": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "model": "assistant", "agent": "assistant",
    "tool": "tool", "function": "tool",
}  # fmt: skip
INPUT_NAMES = (
    "input", "text", "prompt", "question", "query", "sentence", "utterance", "ticket", "message", "request", "document",
    "article", "clause", "dialogue", "source", "content", "body", "review", "description", "comment", "email",
)  # fmt: skip
OUTPUT_NAMES = (
    "output", "label", "target", "answer", "completion", "response", "reply", "reference", "summary", "category",
    "class", "intent", "queue", "sentiment", "highlights", "translation", "expected", "gold", "result", "labels",
)  # fmt: skip
_NESTED = ("messages", "conversations", "expect", "eval", "context", "meta")
_SHAPES = {
    *_NESTED, "conversation", "prompt", "completion", "chosen", "rejected", "instruction", "input", "output",
    "response", "system", "canonical_solution", "test", "entry_point",
}  # fmt: skip
"""Fields that one of the shapes reads."""
_REVIEWED = ("reviewer", "reviewed", "reviewed_by")
"""Meta fields that say that a person looked at the answer."""
_PEOPLE = {
    "customer_name", "user_name", "client_name", "patient_name", "agent_name", "employee_name", "contact_name",
    "full_name", "first_name", "last_name", "surname", "given_name", "family_name", "author_name", "sender_name",
    "person", "patient", "customer",
}  # fmt: skip
"""Columns and meta fields that hold people's names."""


def draft(value: Mapping[str, JSON], columns: Columns, *, source: str, line: int, fixed: Split | None) -> Draft:
    """What one raw row means.

    Raises:
        RowProblem: when it is none of the shapes, or asks or answers nothing.
    """
    row = _parsed(value)
    meta = _mapping(row, "meta")
    turns, reference, expect = _said(row, meta, columns)
    expect = {**expect, **_mapping(row, "eval"), **_mapping(row, "expect")}
    context = _texts(_field(row, meta, columns.context) if columns.context else row.get("context"))
    made = Draft(
        source=source,
        line=line,
        fixed=fixed,
        turns=tuple(turns),
        reference=reference,
        expect=expect,
        context=tuple(context),
        slices=_slices(row, meta, columns),
        group=_optional(_field(row, meta, columns.group or "group", only_meta=columns.group is None)),
        time=_optional(_field(row, meta, columns.time or "time", only_meta=columns.time is None)),
        # a row of another file than the table that has the column brings its name in its meta
        name=_optional(_field(row, meta, columns.id or "id")) or _optional(meta.get("id")),
        people=tuple(_people(row, meta)),
        reviewed=bool(meta) and any(meta.get(name) for name in _REVIEWED),
    )
    _check(made, row)
    return made


def guessed(fields: Iterable[str]) -> tuple[str | None, str | None]:
    """Which fields are asked and answered, by their usual names."""
    return _guessed(tuple(fields))


def beside(value: Mapping[str, JSON]) -> dict[str, JSON]:
    """The fields of a JSON row that are neither asked nor answered nor part of a shape: they say what row it is."""
    used = {*_SHAPES, *guessed(value)}
    return {name: told for name, told in value.items() if name not in used}


@lru_cache(maxsize=256)
def _guessed(fields: tuple[str, ...]) -> tuple[str | None, str | None]:
    known = {field.strip().casefold(): field for field in reversed(fields)}
    output = next((known[name] for name in OUTPUT_NAMES if name in known), None)
    asked = next((known[name] for name in INPUT_NAMES if name in known and known[name] != output), None)
    return asked, output


def _said(
    row: Mapping[str, JSON], meta: Mapping[str, JSON], columns: Columns
) -> tuple[list[tuple[Role, str]], str | None, dict[str, JSON]]:
    """Turns, reference, and what the shape itself tells measures."""
    if columns.input is not None and _field(row, meta, columns.input) is not None:
        return _from_columns(row, meta, columns.input, columns.output, columns)
    for name in ("messages", "conversations", "conversation"):
        if isinstance(row.get(name), list):
            turns, answer = _conversation(row[name], name)
            return turns, answer if answer is not None else _answer(row, columns), {}
    if "prompt" in row and ("completion" in row or "chosen" in row):
        return _prompted(row, columns)
    if "prompt" in row and "canonical_solution" in row:
        return _programmed(row, columns)
    if "instruction" in row and ("output" in row or "response" in row):
        asked = [_text(row["instruction"]), _text(row.get("input"))]
        turns = [*_system(row, columns), ("user", "\n\n".join(part for part in asked if part))]
        return _with_context(turns, row, columns), _optional(row.get("output", row.get("response"))), {}
    if columns.input is not None:
        raise RowProblem(
            "malformed", f"has no field `{columns.input}` (its fields: {_names(row)})", column=columns.input
        )
    asked_in, answered_in = guessed(row)
    if asked_in is None:
        raise RowProblem("malformed", f"is in no known shape (its fields: {_names(row)}); name them in data.columns")
    return _from_columns(row, meta, asked_in, answered_in, columns)


def _from_columns(
    row: Mapping[str, JSON], meta: Mapping[str, JSON], asked: str, answered: str | None, columns: Columns
) -> tuple[list[tuple[Role, str]], str | None, dict[str, JSON]]:
    turns = [*_system(row, columns), ("user", _text(_field(row, meta, asked)))]
    answered = columns.output or answered
    reference = _optional(_field(row, meta, answered)) if answered else _answer(row, columns)
    return _with_context(turns, row, columns), reference, {}


def _prompted(row: Mapping[str, JSON], columns: Columns) -> tuple[list[tuple[Role, str]], str | None, dict[str, JSON]]:
    answered = row.get("completion", row.get("chosen"))
    turns: list[tuple[Role, str]] = _system(row, columns)
    if isinstance(row["prompt"], list):
        turns += _turns(row["prompt"], "prompt")
    else:
        turns.append(("user", _text(row["prompt"])))
    reference = _last(answered, "completion")
    rejected = _last(row["rejected"], "rejected") if "rejected" in row else None
    return _with_context(turns, row, columns), reference, {"rejected": [rejected]} if rejected else {}


def _programmed(
    row: Mapping[str, JSON], columns: Columns
) -> tuple[list[tuple[Role, str]], str | None, dict[str, JSON]]:
    """A problem of human-eval: the head of a function, its body, the tests and the name that these call."""
    expect = {"tests": row.get("test"), "entry_point": row.get("entry_point")}
    turns: list[tuple[Role, str]] = [*_system(row, columns), ("user", _text(row["prompt"]))]
    told = {name: value for name, value in expect.items() if value}
    return turns, _optional(row["canonical_solution"]), told


def _conversation(value: Sequence[JSON], name: str) -> tuple[list[tuple[Role, str]], str | None]:
    """The turns before the last answer, and that answer."""
    turns = _turns(value, name)
    if turns and turns[-1][0] == "assistant":
        untrained = isinstance(value[-1], Mapping) and value[-1].get("weight") == 0
        return turns[:-1], None if untrained else turns[-1][1]
    return turns, None


def _turns(value: Sequence[JSON], name: str) -> list[tuple[Role, str]]:
    turns: list[tuple[Role, str]] = []
    for number, turn in enumerate(value, 1):
        if not isinstance(turn, Mapping):
            told = f"`{name}` {number} is not an object with role and content: {shortened(str(turn))!r}"
            raise RowProblem("malformed", told, column=name)
        said = turn.get("role", turn.get("from"))
        role = _ROLES.get(said) if isinstance(said, str) else None
        if role is None:
            raise RowProblem(
                "malformed",
                f"`{name}` {number} has the role {shortened(str(said))!r}",
                column=name,
                remedy=f"known roles: {', '.join(_ROLES)}",
            )
        content = turn.get("content", turn.get("value"))
        if content is None and turn.get("tool_calls"):
            told = f"`{name}` {number} calls a tool; rows with tool calls are not read yet"
            raise RowProblem("malformed", told, column=name, remedy="take the row out")
        if content is not None and not isinstance(content, (str, list)):
            told = f"`{name}` {number}: content is neither text nor a list of parts: {shortened(str(content))}"
            raise RowProblem("malformed", told, column=name)
        turns.append((role, _parts(content, name, number) if isinstance(content, list) else content or ""))
    return turns


def _parts(parts: Sequence[JSON], name: str, number: int) -> str:
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    if not all(isinstance(text, str) for text in texts):
        raise RowProblem("malformed", f"`{name}` {number} has a part that is not text", column=name)
    return "".join(str(text) for text in texts)


def _last(value: JSON, name: str) -> str | None:
    if isinstance(value, list):
        turns = _turns(value, name)
        return turns[-1][1] if turns else None
    return _optional(value)


def _system(row: Mapping[str, JSON], columns: Columns) -> list[tuple[Role, str]]:
    text = _optional(row.get(columns.system or "system"))
    return [("system", text)] if text else []


def _with_context(turns: list[tuple[Role, str]], row: Mapping[str, JSON], columns: Columns) -> list[tuple[Role, str]]:
    """Documents of a table's context column stand in front of the question, unless it holds them already.

    (Rows of messages are taken word for word.)
    """
    documents = _texts(row.get(columns.context or "context"))
    if not documents:
        return turns
    role, question = turns[-1]
    missing = [text for text in documents if text not in question]
    return [*turns[:-1], (role, "\n\n".join([*missing, question]))]


def _answer(row: Mapping[str, JSON], columns: Columns) -> str | None:
    return _optional(row.get(columns.output or "reference"))


def _check(made: Draft, row: Mapping[str, JSON]) -> None:
    if not made.input.strip():
        raise RowProblem("empty", "asks nothing")
    expected = json.dumps(made.expect, ensure_ascii=False) if made.expect else ""
    for text in [*[text for _, text in made.turns], made.answer, *made.context, expected]:
        if "\0" in text or "\\u0000" in text:
            raise RowProblem("malformed", f"holds NUL characters: {shortened(text)!r}", column=_holding(text, row))
        if text.isascii():
            continue
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            told = f"holds half a character (a lone surrogate): {shortened(text)!r}"
            raise RowProblem("malformed", told, column=_holding(text, row)) from None


def _holding(text: str, row: Mapping[str, JSON]) -> str:
    """The field of a row that says ``text``, "" where it is made of several."""
    return next((name for name, value in row.items() if value == text), "")


def _parsed(value: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Cells of a table that hold JSON, read."""
    nested = [name for name in _NESTED if isinstance(cell := value.get(name), str) and cell.lstrip()[:1] in ("[", "{")]
    if not nested:
        return value
    row = dict(value)
    for name in nested:
        try:
            row[name] = parsed(row[name])
        except ValueError as error:
            if name != "context":
                raise RowProblem("malformed", f"`{name}` {error} ({shortened(row[name])})", column=name) from None
    return row


def _field(row: Mapping[str, JSON], meta: Mapping[str, JSON], name: str, *, only_meta: bool = False) -> JSON:
    """A field by name: of the row, of its meta, or by a dotted path."""
    if not only_meta and name in row:
        return row[name]
    if name in meta:
        return meta[name]
    node: JSON = row
    for part in name.split(".") if "." in name else ():
        node = node.get(part) if isinstance(node, Mapping) else None
    return None if node is row else node


def _mapping(row: Mapping[str, JSON], name: str) -> dict[str, JSON]:
    value = row.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        told = f"`{name}` is not an object with named fields: {shortened(str(value))}"
        raise RowProblem("malformed", told, column=name)
    return dict(value)


def _slices(row: Mapping[str, JSON], meta: Mapping[str, JSON], columns: Columns) -> dict[str, str]:
    own = meta.get("slices")
    slices = {str(k): _text(v) for k, v in own.items()} if isinstance(own, Mapping) else {}
    for name in columns.slices:
        if (value := _field(row, meta, name)) is not None:
            slices[name] = _text(value)
    return slices


def _people(row: Mapping[str, JSON], meta: Mapping[str, JSON]) -> Iterable[str]:
    for fields in (row, meta):
        for name, value in fields.items():
            if isinstance(value, str) and names_people(name) and value.strip():
                yield value.strip()


@lru_cache(maxsize=1024)
def names_people(field: str) -> bool:
    """Whether a column or a field of this name holds people's names."""
    return field.strip().lower().replace(" ", "_") in _PEOPLE


def _texts(value: JSON) -> list[str]:
    """Documents: a text, or a list of texts or of objects with a text."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    texts = [item.get("text", item.get("content", item)) if isinstance(item, Mapping) else item for item in items]
    return [text for item in texts if (text := _text(item)).strip()]


def _optional(value: JSON) -> str | None:
    return None if value is None else _text(value)


def _text(value: JSON) -> str:
    """A field as text: JSON where it is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _names(row: Mapping[str, JSON]) -> str:
    return shortened(", ".join(str(name) for name in row), 100) or "none"
