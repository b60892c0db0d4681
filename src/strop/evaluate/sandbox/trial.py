"""Try code against tests: two confined processes, one verdict, and it is told by the process that holds the tests."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from strop.errors import EngineError
from strop.evaluate.sandbox.running import Outcome, hear, started
from strop.evaluate.sandbox.walls import Limits, Walls

State = Literal["passed", "failed", "unsupported"]


class Task(NamedTuple):
    """Code and its tests.

    ``given`` is Python that the tests trust: what the row itself defines. ``entry`` is the function that the tests know
    as ``candidate``, if any; ``calls`` are the tests' functions to be called once the tests are read.
    """

    code: str
    tests: str
    given: str = ""
    entry: str = ""
    calls: tuple[str, ...] = ()


class Trial(NamedTuple):
    """The verdict and, where it is not "passed", why."""

    state: State
    why: str = ""


def try_code(task: Task, walls: Walls, *, limits: Limits | None = None) -> Trial:
    """Run the tests on the code.

    The code's process cannot reach the tests' process: it has two pipes to it, over which it answers calls. The verdict
    comes over a third, with a number that only the tests' process was told; without it there is no "passed".

    Raises:
        EngineError: when the sandbox itself does not start.
    """
    limits = limits or Limits()
    program = Path(__file__).with_name("peer.py").read_text("utf-8")
    nonce = secrets.token_hex(16)
    answers, calls, verdict = _Pipe(), _Pipe(), _Pipe()
    with answers, calls, verdict:
        ends: dict[str, Any] = {"stdin": answers.reader, "stdout": calls.writer, "stderr": verdict.writer}
        with started(walls, ["-c", program, "test"], limits, **ends):
            verdict.close("writer")
            with started(walls, ["-c", program, "hold"], limits, stdin=calls.reader, stdout=answers.writer):
                # The task is first in the pipe: the code speaks only when it is spoken to.
                _put(answers.writer, json.dumps({"nonce": nonce, **task._asdict()}).encode() + b"\n")
                for pipe in (answers, calls):
                    pipe.close("reader")
                    pipe.close("writer")
                heard = hear(verdict.reader.fileno(), limits)
    return _read(heard, nonce, limits)


def _read(heard: Outcome, nonce: str, limits: Limits) -> Trial:
    told = [said for line in heard.output.splitlines() if (said := _told(line, nonce))]
    states = {said["state"]: str(said["why"]) for said in told}
    for state in ("passed", "failed", "unsupported"):
        if state in states:
            return Trial(state, states[state])
    if "started" not in states and heard.end != "time":
        noise = heard.output.decode("utf-8", "replace").strip()[:300]
        raise EngineError(f"the sandbox did not start: {states.get('broken') or noise}", remedy="strop doctor")
    return Trial("failed", f"no end within {limits.seconds:g} s" if heard.end == "time" else "the tests ended early")


def _told(line: bytes, nonce: str) -> dict[str, str] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("nonce") == nonce else None


def _put(writer: IO[bytes], data: bytes) -> None:
    try:
        writer.write(data)
        writer.flush()
    except BrokenPipeError:
        return  # the reader is gone: the verdict's pipe says why


class _Pipe:
    """A pipe whose two ends close once."""

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self.reader: IO[bytes] = os.fdopen(reader, "rb", buffering=0)
        self.writer: IO[bytes] = os.fdopen(writer, "wb", buffering=0)

    def close(self, end: Literal["reader", "writer"]) -> None:
        getattr(self, end).close()

    def __enter__(self) -> _Pipe:
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.writer.close()
