"""Measures of code: does it pass its tests, does it compile? Model-written code is run in the sandbox only."""

from __future__ import annotations

import ast
import functools
import platform
import re
import warnings
from typing import NamedTuple

from strop.errors import SettingsError
from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure
from strop.evaluate.sandbox import Limits, Task, Trial, known_walls, proven, try_code
from strop.measure import pass_at_k
from strop.records import Example
from strop.settings import Task as TaskSettings

_FENCED = re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_LIMITS = Limits()
_PASS_AT = re.compile(r"pass@([1-9][0-9]{0,3})")
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def code_of(text: str) -> str:
    """The first fenced block of an answer, else all of it."""
    fenced = _FENCED.search(text)
    return fenced.group(1) if fenced else text


def is_python(text: str) -> bool:
    """Whether a text compiles as a Python module; nothing of it runs."""
    return bool(text.strip()) and _parsed(text) is not None


def _parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "answer", "exec", dont_inherit=True)
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class Head(NamedTuple):
    """What a row's input defines in Python: what is finished, as text, and the function that is left to be written."""

    given: str
    entry: str


@functools.lru_cache(maxsize=4096)
def head_of(text: str) -> Head | None:
    """The input as the head of a program; None when it is prose."""
    tree = next((tree for end in ("", "\n    pass\n", "\npass\n") if (tree := _parsed(text + end))), None)
    if tree is None or not any(isinstance(node, _DEFINES) for node in tree.body):
        return None
    open_ = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _unwritten(node)]
    given = ast.Module([node for node in tree.body if node not in open_], [])
    return Head(ast.unparse(given), open_[-1].name if open_ else "")


def _unwritten(function: ast.FunctionDef) -> bool:
    """Whether a function has no body but a docstring, ``...`` or ``pass``."""
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in function.body
    )


def program_of(example: Example, answer: Answer) -> str | None:
    """The answer as a whole program; None when it compiles neither by itself nor as the continuation of the input.

    By itself it gets what the input defines before it; a continuation may have lost its first line's indentation.
    """
    code, head = code_of(answer.text), head_of(example.input)
    tree = _parsed(code) if code.strip() else None
    if head is None:
        return code if tree else None
    if tree and any(isinstance(node, ast.FunctionDef) and node.name == head.entry for node in tree.body):
        return f"{head.given}\n\n\n{code}".lstrip("\n")
    wholes = (f"{example.input}{join}{code}" for join in ("", "\n", "    ", "\n    "))
    return next((whole for whole in wholes if is_python(whole)), code if tree else None)


def compiles(example: Example, answer: Answer) -> float:
    """1 when the code compiles as Python, alone or as the continuation of the input, else 0."""
    return float(program_of(example, answer) is not None)


def task_of(example: Example, program: str) -> Task | None:
    """A program and the row's ``expect.tests``; None when the row has no tests, or none that can be run.

    Tests are one text or a list of them: assertions, functions ``test_…``, or human-eval's ``check(candidate)``. The
    function that they are about is ``expect.entry_point``, else the one that the input leaves open.
    """
    tests = example.expect.get("tests")
    source = tests if isinstance(tests, str) else "\n".join(map(str, tests or ()))
    tree, head = _parsed(source), head_of(example.input)
    if tree is None:
        return None
    entry = str(example.expect.get("entry_point") or (head.entry if head else ""))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    calls = [name for name in functions if name.startswith("test") or (name == "check" and entry)]
    if any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in tree.body):
        calls = [name for name in calls if name != "check"]  # they call it themselves
    if not calls and not any(isinstance(node, (ast.Assert, ast.Expr, ast.For, ast.With)) for node in tree.body):
        return None
    return Task(program, source, given=head.given if head else "", entry=entry, calls=tuple(calls))


@functools.lru_cache(maxsize=4096)
def _tried(task: Task) -> Trial | None:
    walls = proven().walls
    return try_code(task, walls, limits=_LIMITS) if walls else None


def passes(example: Example, answer: Answer) -> float | None:
    """1 when the answer passes all tests of its row (pass@1 of a greedy answer; Chen et al. 2021), else 0.

    None without tests, without a sandbox, and where the row's own reference does not pass them: then they are no tests.
    """
    program = program_of(example, answer)
    task = task_of(example, program or "")
    if task is None or not proven().walls:
        return None
    trial = _tried(task) if program else None
    if trial and trial.state == "passed":
        return 1.0
    return 0.0 if _reference_passes(example, task) else None


def _reference_passes(example: Example, task: Task) -> bool:
    if example.reference is None:
        return True
    program = program_of(example, Answer(example.reference))
    trial = _tried(task._replace(code=program)) if program else None
    return trial is not None and trial.state == "passed"


def why_not_run() -> str:
    """Why tests were not measured, for the report."""
    return proven().why_not or "no row has tests that run, and that its own reference passes"


def _where() -> dict[str, str]:
    """All that could change what running code gives: where it runs, on which Python, for how long."""
    walls = known_walls()
    return {
        "sandbox": walls[0].name if walls else "none",
        "python": ".".join(platform.python_version_tuple()[:2]),
        "seconds": f"{_LIMITS.seconds:g}",
        "memory": f"{_LIMITS.memory >> 20}MiB",
    }


def tests_passed() -> Measure:
    """The measure, with all that could change its number."""
    return Measure(
        "tests_passed", "mean", passes, settings={**_where(), "k": "1"}, expect=("tests", "entry_point")
    )  # fmt: skip


def passed_at(name: str, task: TaskSettings, *, key: tuple[str, ...] = ("measures",)) -> Measure | None:
    """The measure ``pass@k`` of that name; None for a name of another form.

    Raises SettingsError where fewer answers an item are drawn than ``k``.
    """
    found = _PASS_AT.fullmatch(name)
    if found is None:
        return None
    k = int(found.group(1))
    if k > task.samples:
        raise SettingsError(
            f"`{name}` needs at least {k} drawn answers an item, and task.samples is {task.samples}",
            remedy=f"task: {{samples: {max(k, 2)}}}, or more: that many answers an item are written and run",
            key=key,
        )

    def score(example: Example, answer: Answer) -> float | None:
        """The chance that one of k answers drawn at ``task.temperature`` passes all tests of its row.

        1 - C(n - c, k) / C(n, k), from the c of ``task.samples`` = n drawn answers that pass: unbiased, where the share
        of items with a hit among k would depend on which k (Chen et al. 2021, equation 1).
        """
        states = [passes(example, Answer(text)) for text in answer.drawn]
        if not states or None in states:
            return None
        return pass_at_k(len(states), sum(state == 1 for state in states), k)

    settings = {**_where(), "k": str(k), "n": str(task.samples), "temperature": f"{task.temperature:g}"}
    return Measure(name, "mean", score, settings=settings, expect=("tests", "entry_point"))


def usual_k(samples: int) -> list[str]:
    """The measures pass@k that are told of so many drawn answers without being asked for."""
    return [f"pass@{k}" for k in (1, 10, 100) if k <= samples] if samples > 1 else []


COMPILES = Measure("compiles", "mean", compiles, settings={"language": "python", "by": "compile"})
