"""Code is read, never run."""

from __future__ import annotations

import pytest

from strop.evaluate.answers import Answer
from strop.evaluate.code import TESTS_PASSED, code_of, compiles

HEAD = 'def add(a, b):\n    """Sum."""\n'


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("    return a + b\n", 1),
        ("def add(a, b):\n    return a + b\n", 1),
        ("Here it is:\n```python\nreturn_value = 1\n```\nDone.", 1),
        ("return a +", 0),
        ("Here is the function you want", 0),
        ("", 1),  # the head alone parses: its docstring is a body
        ("'\\d'", 1),  # the parser warns of this one
        ("(" * 5000, 0),
        ("x = '\x00'", 0),
    ],
)
def test_compiles(row, answer, expected) -> None:
    assert compiles(row(HEAD), Answer(answer)) == expected


def test_the_first_fenced_block_is_the_code() -> None:
    assert code_of("text\n```py\na = 1\n```\n```\nb\n```") == "a = 1\n"
    assert code_of("```\nnever closed") == "never closed"


def test_nothing_runs(row, tmp_path) -> None:
    trace = tmp_path / "ran"
    answer = Answer(f"open({str(trace)!r}, 'w')")
    assert compiles(row(HEAD), answer) == 1
    assert TESTS_PASSED.score(row(HEAD, expect={"tests": ["assert add(1, 2) == 3"]}), answer) is None
    assert not trace.exists()
