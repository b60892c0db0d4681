"""Runs inside, standard library only: one process holds the answer's code, another one holds the tests.

They share nothing but two pipes. The tests call the code by message and get copies of plain values back; whatever is
not plain they get as a :class:`Remote`, which they can call and read but never mistake for a value. So the code cannot
see the tests, patch them, or speak in their place; what it can do is answer, or fail to.

The text of this module is given to ``python -c``: it must not import from strop.
"""

from __future__ import annotations

import base64
import builtins
import datetime
import decimal
import fractions
import importlib
import json
import os
import sys
import types
from collections.abc import Callable
from typing import IO, Any

MODULE = "solution"  # under this name the code is run, and the tests may import it
LONGEST = 4 * 2**20  # bytes a message
_SHORT = 300  # characters kept of an error
_PLAIN = (type(None), bool, int, float, str)
_VALUES: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "decimal": (decimal.Decimal, str, decimal.Decimal),
    "fraction": (fractions.Fraction, str, fractions.Fraction),
    "datetime": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "complex": (complex, repr, complex),
    "bytes": (bytes, lambda v: base64.b64encode(v).decode(), lambda t: base64.b64decode(t)),
    "bytearray": (bytearray, lambda v: base64.b64encode(v).decode(), lambda t: bytearray(base64.b64decode(t))),
}
_GROUPS: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


class Gone(Exception):
    """The other side has ended, or does not keep to the protocol."""


class Unsupported(Exception):
    """The tests hand over something that cannot be copied."""


class Peer:
    """One end of the two pipes. ``readable``: whether the other side may read attributes of what it was handed."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes], *, readable: bool) -> None:
        self._reader, self._writer, self._readable = reader, writer, readable
        self._shown: list[object] = []
        self.errors: dict[str, type[Exception]] = {}

    def send(self, message: object) -> None:
        try:
            self._writer.write(json.dumps(message).encode() + b"\n")
            self._writer.flush()
        except OSError:
            raise Gone from None

    def receive(self) -> Any:
        line = self._reader.readline(LONGEST)
        if not line.endswith(b"\n"):
            raise Gone
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise Gone from None

    def ask(self, message: dict[str, object]) -> Any:
        """The other side's reply; what it asks in the meantime is answered."""
        self.send(message)
        while True:
            said = self.receive()
            if not isinstance(said, dict):
                raise Gone
            if "call" in said or "get" in said:
                self.send(self.answer(said))
            elif "raised" in said:
                raise self._error(said)
            else:
                return said

    def answer(self, said: dict[str, Any]) -> dict[str, object]:
        """The reply to one request."""
        try:
            if "get" in said:
                if not self._readable:
                    raise AttributeError(said["name"])
                return {"value": self.encode(getattr(self._shown[said["get"]], said["name"]))}
            function: Any = self._shown[said["call"]]
            arguments = [self.decode(value) for value in said["args"]]
            value = function(*arguments, **{key: self.decode(value) for key, value in said["named"].items()})
            return {"value": self.encode(value), "args": [self._changed(argument) for argument in arguments]}
        except Gone:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever the code raises is the other side's to hear
            return {"raised": [kind.__name__ for kind in type(error).__mro__], "text": text_of(error)}

    def call(self, number: int, arguments: tuple[object, ...], named: dict[str, object]) -> object:
        """Call what the other side showed under a number; lists, dicts and sets come back as the call left them."""
        sent = [self.encode(argument) for argument in arguments]
        message = {"call": number, "args": sent, "named": {key: self.encode(value) for key, value in named.items()}}
        reply = self.ask(message)
        try:
            for argument, after in zip(arguments, reply["args"], strict=True):
                if after is not None:
                    _leave(argument, self.decode(after))
            return self.decode(reply["value"])
        except (KeyError, TypeError, ValueError, IndexError, RecursionError):
            raise Gone from None

    def get(self, number: int, name: str) -> object:
        """An attribute of what the other side showed under a number."""
        reply = self.ask({"get": number, "name": name})
        try:
            return self.decode(reply["value"])
        except (KeyError, TypeError, ValueError, IndexError, RecursionError):
            raise Gone from None

    def encode(self, value: object) -> object:
        """Plain values as they are, known kinds with a tag, a Remote as the other side's own, the rest by number."""
        if type(value) in _PLAIN:
            return value
        if isinstance(value, Remote):
            return ["yours", object.__getattribute__(value, "_number")]
        for tag, (kind, write, _read) in _VALUES.items():
            if type(value) is kind:
                return [tag, write(value)]
        if isinstance(value, dict):
            return ["dict", [[self.encode(key), self.encode(item)] for key, item in dict.items(value)]]
        for tag, group in _GROUPS.items():
            if isinstance(value, group):
                return [tag, [self.encode(item) for item in group.__iter__(value)]]  # type: ignore[attr-defined]
        for plain in (int, float, str):  # enumerations, and numbers with a name
            if isinstance(value, plain):
                return plain.__str__(value) if plain is str else plain(value)
        if not self._readable and not callable(value):
            raise Unsupported(f"the tests hand over a {type(value).__name__}")
        self._shown.append(value)
        return ["mine", len(self._shown) - 1]

    def decode(self, value: Any) -> Any:
        """The inverse; only plain values, known kinds and numbers can come out of it."""
        if not isinstance(value, list):
            if isinstance(value, dict):
                raise ValueError("no value")
            return value
        tag, inner = value
        if tag == "mine":
            return Remote(self, int(inner))
        if tag == "yours":
            return self._shown[inner]
        if tag == "dict":
            return {self.decode(key): self.decode(item) for key, item in inner}
        if tag in _GROUPS:
            return _GROUPS[tag](self.decode(item) for item in inner)
        return _VALUES[tag][2](inner)

    def _changed(self, argument: object) -> object:
        return self.encode(argument) if type(argument) in (list, dict, set, bytearray) else None

    def _error(self, said: dict[str, Any]) -> Exception:
        text = str(said.get("text"))[:_SHORT]
        for name in said["raised"]:
            kind = self.errors.get(name) or getattr(builtins, str(name), None)
            if isinstance(kind, type) and issubclass(kind, Exception):
                try:
                    return kind(text)
                except TypeError:  # UnicodeDecodeError wants more than a text
                    continue
        return RuntimeError(text)


class Remote:
    """Something of the other side: can be called and read. Equal to a plain value it never is."""

    __slots__ = ("_number", "_peer")

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer, self._number = peer, number

    def __call__(self, *arguments: object, **named: object) -> object:
        return self._peer.call(self._number, arguments, named)

    def __getattr__(self, name: str) -> object:
        return self._peer.get(self._number, name)

    def __bool__(self) -> bool:
        try:
            return bool(self.__getattr__("__len__")())  # type: ignore[operator]
        except AttributeError:
            return True


def _forward(name: str, *, both: bool) -> Callable[..., object]:
    def method(self: Remote, *arguments: object) -> object:
        if both and not isinstance(arguments[0], Remote):
            return NotImplemented
        try:
            found: Any = self._peer.get(self._number, name)
        except AttributeError as error:
            raise TypeError(text_of(error)) from None
        return found(*arguments)

    return method


for _name in (
    "len",
    "iter",
    "next",
    "getitem",
    "setitem",
    "delitem",
    "contains",
    "str",
    "repr",
    "enter",
    "exit",
    "hash",
):
    setattr(Remote, f"__{_name}__", _forward(f"__{_name}__", both=False))
# An object that says of itself that it equals 3 must not pass for 3: such questions are asked between Remotes only.
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "add", "sub", "mul", "truediv"):
    setattr(Remote, f"__{_name}__", _forward(f"__{_name}__", both=True))


def _leave(argument: Any, after: Any) -> None:
    """Make an argument what the call made of it."""
    if argument == after:
        return
    if isinstance(argument, (list, bytearray)):
        argument[:] = after
    elif isinstance(argument, (dict, set)):
        argument.clear()
        argument.update(after)


def text_of(error: BaseException) -> str:
    """An error in a few words, even if it cannot say them itself."""
    try:
        return str(error)[:_SHORT]
    except BaseException:  # noqa: BLE001 - a class of the code's own
        return ""


def _streams() -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Standard input, output and error, moved to where prints and reads of the program do not reach them."""
    kept = [os.dup(number) for number in (0, 1, 2)]
    for number in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.set_int_max_str_digits(0)
    return os.fdopen(kept[0], "rb"), os.fdopen(kept[1], "wb"), os.fdopen(kept[2], "wb")


def hold() -> None:
    """The code's process: run it as a module, show its names, answer calls until the tests are done."""
    reader, writer, _ = _streams()
    peer = Peer(reader, writer, readable=True)
    peer.send({"ready": True})
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module

    def run(code: str) -> dict[str, object]:
        exec(compile(code, MODULE, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - we are inside
        return {name: _shown(value) for name, value in vars(module).items() if not name.startswith("__")}

    peer._shown.append(run)
    while True:
        try:
            peer.send(peer.answer(peer.receive()))
        except Gone:
            return


def _shown(value: object) -> tuple[str, object]:
    """What a name of the code is, for the tests' side: a module to import, an error to catch, or a value."""
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    if isinstance(value, type) and issubclass(value, Exception):
        return ("error", [kind.__name__ for kind in value.__mro__])
    return ("value", value)


def test() -> None:
    """The tests' process: its task comes first over the pipe; the verdict goes to standard error, with the nonce."""
    reader, writer, teller = _streams()
    task = json.loads(reader.readline())

    def tell(state: str, why: str = "") -> None:
        teller.write(json.dumps({"nonce": task["nonce"], "state": state, "why": why}).encode() + b"\n")
        teller.flush()

    peer = Peer(reader, writer, readable=False)
    try:
        peer.receive()
    except Gone:
        tell("broken", "the code's process did not start")
        return
    tell("started")
    try:
        _test(peer, task)
    except Gone:
        tell("failed", "the code's process ended, or said what no answer is")
    except Unsupported as error:
        tell("unsupported", text_of(error))
    except BaseException as error:  # noqa: BLE001 - whatever stops the tests, they did not pass
        tell("failed", f"{type(error).__name__}: {text_of(error)}".strip(": "))
    else:
        tell("passed")


def _test(peer: Peer, task: dict[str, Any]) -> None:
    space: dict[str, Any] = {"__name__": "tests"}
    exec(compile(task["given"], "given", "exec", dont_inherit=True), space)  # noqa: S102 - we are inside
    shown: Any = peer.call(0, (task["code"],), {})
    names: dict[str, Any] = {}
    for name, (what, value) in shown.items():
        if what == "value":
            names[name] = value
        elif what == "module" and value in sys.stdlib_module_names:
            names[name] = importlib.import_module(value)
        elif what == "error":
            names[name] = peer.errors[name] = _known_error(name, value)
    module = types.ModuleType(MODULE)
    vars(module).update(names)
    sys.modules[MODULE] = module
    own = {name for name in space if name != task["entry"]}
    space.update((name, value) for name, value in names.items() if name not in own and not hasattr(builtins, name))
    if task["entry"]:
        if task["entry"] not in names:
            raise NameError(f"the code defines no {task['entry']}")
        space[task["entry"]] = space["candidate"] = names[task["entry"]]
    exec(compile(task["tests"], "tests", "exec", dont_inherit=True), space)  # noqa: S102 - we are inside
    for name in task["calls"]:
        space[name](*([space["candidate"]] if name == "check" else []))


def _known_error(name: str, names: list[str]) -> type[Exception]:
    """A class of the same name below the nearest built-in one, so that the tests can catch it."""
    for parent in names:
        kind = getattr(builtins, parent, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return type(name, (kind,), {})
    return type(name, (Exception,), {})


if __name__ == "__main__":
    {"hold": hold, "test": test}[sys.argv[1]]()
