"""JSON to raw rows: an object a line, or one document with a list of objects."""

from __future__ import annotations

import codecs
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

from strop.curate.files.reading import DAMAGED, LONGEST_LINE, Line, Plain
from strop.curate.files.rows import RawRow, shortened
from strop.records import JSON

_ROW_LISTS = {"messages", "conversations", "conversation", "choices", "tools"}
"""Lists of objects that belong to one row."""
_WRAPPED = re.compile(
    r'\s*\{\s*(?:"[^"]*"\s*:\s*(?:"[^"]*"|[-\d.eE+]+|null|true|false)\s*,\s*)*"(?P<key>[^"]+)"\s*:\s*\[\s*(?=[{\]])'
)
_SHOWN = 50
"""Characters of a line that a message shows."""
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(NaN|-?Infinity)')
_LOOKED_AT = 2**20
"""Characters in which such a value is looked for."""
_SPACE = re.compile(r"[\s,]*")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


class _Strict:
    """Decodes JSON as it is written: numbers that it does not have are refused, and a name that an object gives two
    different values is noted (``twice``: the name, and both values); whoever keeps one of them keeps the wrong one."""

    def __init__(self) -> None:
        self.twice: tuple[str, JSON, JSON] | None = None
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=self._object)
        self._flat = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
        self._named_once = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_each_once).raw_decode

    def whole(self, text: str) -> JSON:
        """All of a text."""
        self.twice = None
        if text.startswith("{"):
            value, end = self._decoder.raw_decode(text)
            if end == len(text):
                return value
            self.twice = None  # white space around it, or more than a value: told more slowly
        return self._decoder.decode(text)

    def flat(self, text: str) -> dict[str, JSON] | None:
        """An object that holds no other and has as many colons as names, so that it gives none twice: most rows are
        such, and are read without collecting their names. None where that is not plain to see."""
        if text[:1] != "{" or text.count("{") != 1:
            return None
        try:
            value, end = self._flat(text)
        except (ValueError, RecursionError):
            return None
        return value if end == len(text) and len(value) == text.count(":") else None

    def flat_ones(self, texts: Sequence[str]) -> list[dict[str, JSON]] | None:
        """As many lines, each such an object and nothing else, read as one list: as each has one opening brace, at its
        beginning, there are as many objects as lines only if each line is one. Names that are given twice are looked
        for where colons do not tell that there are none. None where that is not plain to see."""
        whole, count = "\n".join(texts), len(texts)
        if whole[:1] != "{" or whole[-1:] != "}" or not whole.count("}\n{") + 1 == whole.count("{") == count:
            return None
        listed = "[" + ",".join(texts) + "]"
        try:
            values, _ = self._flat(listed)
            if sum(map(len, values)) != whole.count(":"):
                values, _ = self._named_once(listed)
        except (ValueError, RecursionError, TypeError):
            return None
        return values if len(values) == count and all(type(value) is dict for value in values) else None

    def first(self, text: str) -> tuple[JSON, int]:
        """The value that a text begins with, and its length."""
        self.twice = None
        return self._decoder.raw_decode(text)

    def _object(self, pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
        value = dict(pairs)
        if len(value) != len(pairs):
            known: dict[str, JSON] = {}
            for name, said in pairs:
                if repr(known.setdefault(name, said)) != repr(said):
                    self.twice = self.twice or (name, known[name], said)
        return value


def _each_once(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def parsed(text: str) -> JSON:
    """The value of a cell that holds JSON.

    Raises:
        ValueError: where it is none, or gives a name two values.
    """
    strict = _Strict()
    try:
        value = strict.whole(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {_reason(error)}") from None
    if strict.twice is not None:
        raise ValueError(_named_twice(*strict.twice))
    return value


def from_lines(parts: Iterable[Plain | Iterable[Line]]) -> Iterator[RawRow]:
    """One object a line, of lines that come some at a time; blank lines are none."""
    return _unless_by_columns(_from_lines(parts))


def _from_lines(parts: Iterable[Plain | Iterable[Line]]) -> Iterator[RawRow]:
    strict = _Strict()
    for part in parts:
        if isinstance(part, Plain) and (values := strict.flat_ones(part.texts)) is not None:
            yield from map(RawRow, itertools.count(part.first), values)
        else:
            yield from _one_by_one(part, strict)


def _one_by_one(lines: Iterable[Line], strict: _Strict) -> Iterator[RawRow]:
    for line in lines:
        if line.problem:
            yield line.unread
        elif (value := strict.flat(line.text)) is not None:
            yield RawRow(line.number, value)
        elif line.text.strip():
            yield _row(line.number, line.text, strict)


def wraps(value: JSON) -> bool:
    """Whether an object is no row but holds the list of them."""
    if not isinstance(value, dict):
        return False
    lists = [k for k, v in value.items() if isinstance(v, list) and v and all(isinstance(item, dict) for item in v)]
    return len(lists) == 1 and lists[0] not in _ROW_LISTS


def _unless_by_columns(rows: Iterator[RawRow]) -> Iterator[RawRow]:
    """The rows, but for a whole table that stands in one object."""
    first, second = next(rows, None), next(rows, None)
    if first is None:
        return
    if second is None and first.value is not None and (told := _by_columns(first.value)):
        remedy = "write one object a row (pandas: frame.to_json(FILE, orient='records', lines=True))"
        first = RawRow(first.line, None, told, remedy=remedy)
    yield first
    if second is not None:
        yield second
        yield from rows


def _by_columns(value: Mapping[str, JSON]) -> str:
    """What to say of an object that holds rows column by column, or by their names; "" where it does not."""
    held = list(value.values())
    if len(held) < 2 or not _ROW_LISTS.isdisjoint(value) or not all(isinstance(one, (list, dict)) for one in held):
        return ""
    alike = {tuple(one) if isinstance(one, dict) else len(one) for one in held}
    if len(alike) > 1 or len(held[0]) < 2:
        return ""
    names = shortened(", ".join(value), 40)
    if isinstance(held[0], list) or all(name.isdigit() for name in held[0]):
        return f"holds {len(held[0])} rows column by column ({names}), not one row"
    return f"holds {len(held)} rows by names ({names}), not one row"


def from_document(chunks: Iterable[bytes]) -> Iterator[RawRow]:
    """A list of objects, such a list inside an object, or objects one after another; read piece by piece.

    An element's line is the one that it begins on; where several begin on one line, the numbers count on. After a
    syntax error reading goes on at the next line that begins like the first object did.
    """
    return _unless_by_columns(_from_document(chunks))


def _from_document(chunks: Iterable[bytes]) -> Iterator[RawRow]:
    text = _Text(chunks)
    text.more()
    if (wrapped := _WRAPPED.match(text.buffer)) and wrapped["key"] not in _ROW_LISTS:
        text.skip(wrapped.end())
    else:
        text.skip(len(text.buffer) - len(text.buffer.lstrip()))
        if text.buffer.startswith("["):
            text.skip(1)
    last = 0
    for row in _elements(text):
        last = row.line
        yield row
    if text.damage:
        yield RawRow(last + 1, None, text.damage)


def _elements(text: _Text) -> Iterator[RawRow]:
    indent: str | None = None
    line = 0
    while text.at_value():
        if text.buffer[0] in "]}":
            return
        line = max(text.line, line + 1)
        if indent is None:
            indent = text.indent
        try:
            value, end = text.decode()
        except (ValueError, RecursionError) as error:
            if text.damage:
                return
            yield RawRow(line, None, f"is not JSON: {_reason(error)}", _column(text.buffer[:_LOOKED_AT], error))
            if not text.resume(f"\n{indent}{{"):
                return
            continue
        text.skip(end)
        yield _checked(line, value, text.strict)


class _Text:
    """A window on a long text: what was read is cut off, the line number goes along."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        self.strict = _Strict()
        self.buffer = ""
        self.line = 1
        self.indent = ""
        self._ended = False
        self.damage = ""

    def more(self) -> bool:
        """Read one more block; False at the end."""
        try:
            chunk = next(self._chunks, None)
        except DAMAGED as error:
            self.damage = f"the compressed data is damaged from here on ({error})"
            chunk = None
        if chunk is None:
            self._ended = True
            return False
        self.buffer += self._decoder.decode(chunk)
        return True

    def skip(self, count: int) -> None:
        gone = self.buffer[:count]
        self.line += gone.count("\n")
        if "\n" in gone:
            self.indent = gone[gone.rindex("\n") + 1 :]
        self.buffer = self.buffer[count:]

    def at_value(self) -> bool:
        """Move past white space and commas; False at the end of the text."""
        while True:
            match = _SPACE.match(self.buffer)
            self.skip(match.end() if match else 0)
            if self.buffer:
                return True
            if not self.more():
                return False

    def decode(self) -> tuple[JSON, int]:
        """The value at the window's start and its length."""
        while True:
            try:
                value, end = self.strict.first(self.buffer)
            except ValueError:
                if len(self.buffer) > LONGEST_LINE:
                    raise ValueError(f"the row is longer than {LONGEST_LINE // 2**20} MiB") from None
                if not self.more():
                    raise
                continue
            if end < len(self.buffer) or self._ended or not self.more():
                return value, end

    def resume(self, mark: str) -> bool:
        """Move to the next ``mark``; False where there is none."""
        while (place := self.buffer.find(mark, 1)) < 0:
            if len(self.buffer) > len(mark):
                self.skip(len(self.buffer) - len(mark))
            if not self.more():
                return False
        self.skip(place + 1)
        return True


def _row(number: int, text: str, strict: _Strict) -> RawRow:
    try:
        value = strict.whole(text)
    except (ValueError, RecursionError) as error:
        told = _around(text, error)
        return RawRow(
            number, None, f"is not JSON: {_reason(error)} ({told})", _column(text, error), _remedy(text, error)
        )
    return _checked(number, value, strict)


def _remedy(text: str, error: Exception) -> str:
    """What to do about a line that is not JSON, where that can be told."""
    if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
        rest = text[error.pos :].strip()
        if rest == ",":
            return "take the comma at its end away: one object a line, with nothing between"
        if rest.startswith("{"):
            return "put each object on a line of its own"
    return ""


def _checked(number: int, value: JSON, strict: _Strict) -> RawRow:
    if not isinstance(value, dict):
        told = shortened(json.dumps(value, ensure_ascii=False))
        remedy = 'each row is an object, such as {"text": …, "label": …}'
        return RawRow(number, None, f"is {_called(value)}, not an object with named fields: {told}", remedy=remedy)
    if strict.twice is not None:
        name = strict.twice[0]
        return RawRow(number, None, _named_twice(*strict.twice), name, f"keep one of the two, or rename one: {name}")
    return RawRow(number, value)


def _named_twice(name: str, one: JSON, other: JSON) -> str:
    values = " and ".join(shortened(json.dumps(value, ensure_ascii=False), 30) for value in (one, other))
    return f"gives `{shortened(name, 30)}` two values: {values}"


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} in column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else shortened(str(error))


def _column(text: str, error: Exception) -> str:
    """Where in its line the error is, as far as it says so; a value that JSON does not have is looked for."""
    if isinstance(error, json.JSONDecodeError):
        return str(error.colno)
    found = (
        (match.start(1) + 1 for match in _CONSTANT.finditer(text) if match[1]) if "no JSON value" in str(error) else ()
    )
    return str(next(iter(found), ""))


def _around(text: str, error: Exception) -> str:
    """The text, from a little before the place of the error."""
    if not isinstance(error, json.JSONDecodeError) or error.pos < _SHOWN:
        return shortened(text)
    return "…" + shortened(text[error.pos - _SHOWN // 2 :], _SHOWN)


def _called(value: JSON) -> str:
    names = {list: "a list", str: "a text", bool: "a truth value", int: "a number", float: "a number"}
    return names.get(type(value), "null")
