"""Rows with tests, raw to verdict: code that the candidate writes is judged by what it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop import project
from strop.errors import SettingsError
from strop.evaluate.sandbox import proven
from strop.records import Ladder

pytestmark = pytest.mark.usefixtures("fake_cache")

OPERATIONS = {"plus": "+", "minus": "-", "times": "*", "modulo": "%", "power": "**", "xor": "^", "floor": "//"}
WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heath",
    "inlet",
    "jetty",
    "knoll",
    "larch",
    "marsh",
    "night",
    "ocean",
    "prism",
)


def rows() -> list[dict[str, object]]:
    """Functions of one number, asked for by attributes; each with two tests."""
    made = []
    for position, word in enumerate(WORDS):
        for number, (operation, sign) in enumerate(OPERATIONS.items(), 2 + position):
            name = f"{word}_{operation}"
            code = f"def {name}(x):\n    return x {sign} {number}\n"
            values = [(x, eval(f"{x} {sign} {number}")) for x in (3, 17)]  # our own text
            made.append(
                {
                    "prompt": f"name: {name}\noperation: {operation}\nnumber: {number}",
                    "completion": code,
                    "expect": {"tests": [f"assert {name}({x}) == {y}" for x, y in values]},
                }
            )
    return made


@pytest.fixture
def opened(tmp_path: Path) -> project.Project:
    if proven().walls is None:
        pytest.skip(proven().why_not)
    return project_of(tmp_path)


def project_of(tmp_path: Path) -> project.Project:
    """A project of these rows."""
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "strop.yaml").write_text(
        "task: {name: functions, kind: code}\n"
        "data: {sources: [../rows.jsonl], near_duplicate: 1.0, splits: {validation: 0.2, test: 0.45}}\n"
        "ladder: {methods: [prompt, lora], bases: [fake-small], shots: 2}\n"
        "decision: {guard: {general_ability: null}}\n",
        "utf-8",
    )
    return project.open(folder)


@pytest.fixture
def climbed(opened: project.Project) -> tuple[project.Project, Ladder]:
    dataset = opened.curate()
    assert dataset.rows.kept + dataset.rows.held_out == len(rows())
    return opened, opened.choose()


@pytest.mark.slow
def test_what_runs_right_is_promoted(climbed: tuple[project.Project, Ladder]) -> None:
    opened, ladder = climbed
    best = next(step for step in ladder.steps if step.candidate == ladder.pick)
    assert best.method == "lora"
    assert best.measures["tests_passed"].value > ladder.steps[0].measures["tests_passed"].value
    decision = opened.decide()
    checks = {check.name: check for check in decision.checks}
    assert decision.verdict == "promote", decision.sentence
    assert checks["primary"].value == 1
    assert {"compiles", "lint_per_100_lines"} <= set(best.measures)
    assert opened.verify(decision.id) == []


@pytest.fixture
def no_walls(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a sandbox: none of the commands that one takes is there."""
    monkeypatch.setenv("PATH", "")
    proven.cache_clear()
    yield
    proven.cache_clear()


@pytest.mark.usefixtures("no_walls")
def test_without_a_sandbox_rungs_cannot_be_compared_and_the_reason_is_told(tmp_path: Path) -> None:
    """What decides was not measured: told with why, and what to do, before a further rung is made."""
    opened = project_of(tmp_path)
    opened.curate()
    with pytest.raises(
        SettingsError, match=r"tests_passed was not measured of the zero-shot prompt: .*has none"
    ) as told:
        opened.choose()
    assert told.value.place and "strop.yaml" in told.value.place and "one of compiles" in (told.value.remedy or "")
