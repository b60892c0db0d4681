"""A user's Python function is a measure like any other, and its mistakes are named."""

from __future__ import annotations

import itertools
import sys

import pytest

from strop.errors import SettingsError, UserError
from strop.evaluate.answers import Answer
from strop.evaluate.custom import custom_measure

_numbers = itertools.count()


@pytest.fixture
def module(tmp_path):
    """Write a module into the project folder and return its name; a new name each time, as modules are cached."""

    def write(source: str) -> str:
        name = f"own_measures_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
        return name

    return write


def test_it_sees_the_example_and_the_answer(tmp_path, row, module) -> None:
    source = "def warmth(example, answer):\n    return answer.count('please') / len(example.input.split())\n"
    measure = custom_measure(f"{module(source)}:warmth", tmp_path)
    assert measure.name == "warmth"
    assert measure.score(row("one two"), Answer("please, please")) == 1
    assert str(tmp_path.resolve()) not in sys.path


@pytest.mark.parametrize(("body", "expected"), [("True", 1.0), ("None", None), ("3", 3.0)])
def test_what_it_may_return(tmp_path, row, module, body, expected) -> None:
    measure = custom_measure(f"{module(f'def f(example, answer): return {body}')}:f", tmp_path)
    assert measure.score(row("x"), Answer("y")) == expected


@pytest.mark.parametrize("body", ["1 / 0", "'high'", "float('nan')", "[1]", "example.no_such_field"])
def test_its_mistakes_name_function_and_item(tmp_path, row, module, body) -> None:
    target = f"{module(f'def f(example, answer): return {body}')}:f"
    measure = custom_measure(target, tmp_path)
    with pytest.raises(UserError) as error:
        measure.score(row("x", name="row-7"), Answer("y"))
    assert error.value.place == target
    assert "row-7" in error.value.message
    assert error.value.exit_code == 2


ENDINGS = (
    "SystemExit(0)",
    "SystemExit(3)",
    "GeneratorExit()",
    "BaseException('all')",
    "__import__('asyncio').CancelledError()",
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_function_that_ends_the_program_is_a_mistake_like_others(tmp_path, row, module, ending) -> None:
    target = f"{module(f'def f(example, answer): raise {ending}')}:f"
    with pytest.raises(UserError, match="row-7") as error:
        custom_measure(target, tmp_path).score(row("x", name="row-7"), Answer("y"))
    assert error.value.place == target and error.value.exit_code == 2
    with pytest.raises(SettingsError, match="importing it raised"):
        custom_measure(f"{module(f'raise {ending}')}:f", tmp_path)


def test_an_interrupt_is_nobodys_mistake(tmp_path, row, module) -> None:
    with pytest.raises(KeyboardInterrupt):
        custom_measure(f"{module('def f(e, a): raise KeyboardInterrupt')}:f", tmp_path).score(row("x"), Answer("y"))
    with pytest.raises(KeyboardInterrupt):
        custom_measure(f"{module('raise KeyboardInterrupt')}:f", tmp_path)


@pytest.mark.parametrize("target", ["warmth", "a:b:c", ":f", "tone:", "no_such_module_here:f"])
def test_a_target_that_names_nothing_is_refused(tmp_path, target) -> None:
    with pytest.raises(SettingsError) as error:
        custom_measure(target, tmp_path)
    assert target.partition(":")[0] in str(error.value)


def test_the_nearest_function_is_named(tmp_path, module) -> None:
    name = module("def warmth(example, answer): return 1.0")
    with pytest.raises(SettingsError, match=f"did you mean {name}:warmth"):
        custom_measure(f"{name}:warmpth", tmp_path)


def test_a_module_that_fails_to_import_is_the_users_to_mend(tmp_path, module) -> None:
    with pytest.raises(SettingsError, match="ZeroDivisionError"):
        custom_measure(f"{module('1 / 0')}:f", tmp_path)


def test_another_source_is_another_signature(tmp_path, module) -> None:
    one = custom_measure(f"{module('def f(example, answer): return 1')}:f", tmp_path)
    other = custom_measure(f"{module('def f(example, answer): return 2')}:f", tmp_path)
    assert one.settings["source"] != other.settings["source"]
