"""Ruff's findings in the answer's own lines."""

from __future__ import annotations

import pytest

from strop.errors import SettingsError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds import lint

HEAD = 'import os\n\n\ndef add(a, b):\n    """Sum."""\n'


@pytest.fixture
def score(tmp_path):
    if lint._ruff() is None:
        pytest.skip("ruff is not installed")
    return lint.lint(tmp_path).score


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("    return a + b\n", 0),  # `os` is unused, but the input imported it
        ("    import sys\n    return a + b\n", 50),  # F401
        ("    import sys  # noqa\n    return a + b", 50),
        ("```python\nimport sys\n\n\ndef add(a, b):\n    x = 1\n    return a + b\n```", 50),
        ("    return a +", None),
        ("", None),
    ],
)
def test_findings_per_hundred_lines(score, row, answer, expected) -> None:
    assert score(row(HEAD), Answer(answer)) == expected


def test_without_a_head_the_answer_stands_alone(score, row) -> None:
    assert score(row("Import it."), Answer("import sys\n")) == 100


def test_the_project_has_rules_of_its_own(tmp_path, row) -> None:
    plain = lint.lint(tmp_path)
    (tmp_path / "ruff.toml").write_text('[lint]\nselect = ["N"]\n', "utf-8")
    strict = lint.lint(tmp_path)
    answer = Answer("def Add(a, b):\n    return a + b\n")
    assert plain.spec() != strict.spec()
    assert (plain.score(row("Add."), answer), strict.score(row("Add."), answer)) == (0, 50)


def test_wrong_rules_are_the_users_to_mend(tmp_path, row) -> None:
    (tmp_path / "ruff.toml").write_text("select = 3", "utf-8")
    with pytest.raises(SettingsError, match="ruff"):
        lint.lint(tmp_path).score(row("Add."), Answer("a = 1"))
