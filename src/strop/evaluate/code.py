"""Measures of code. Model-written code is read here, never run: running needs a sandbox, and there is none yet."""

from __future__ import annotations

import ast
import re
import warnings

from strop.evaluate.answers import Answer
from strop.evaluate.measures import Measure
from strop.records import Example

NO_SANDBOX = "model-written code runs only in a sandbox, and strop has none yet"

_FENCED = re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)


def code_of(text: str) -> str:
    """The first fenced block of an answer, else all of it."""
    fenced = _FENCED.search(text)
    return fenced.group(1) if fenced else text


def is_python(text: str) -> bool:
    """Whether a text parses as a Python module; nothing of it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return bool(text.strip())


def compiles(example: Example, answer: Answer) -> float:
    """1 when the code parses as Python, alone or as the continuation of the input, else 0."""
    code = code_of(answer.text)
    return float(is_python(code) or is_python(example.input + code) or is_python(f"{example.input}\n{code}"))


def not_run(example: Example, answer: Answer) -> None:
    """tests_passed: not measured, see NO_SANDBOX."""
    return


TESTS_PASSED = Measure("tests_passed", "mean", not_run, settings={"sandbox": "none"})
COMPILES = Measure("compiles", "mean", compiles, settings={"language": "python", "by": "parsing"})
