"""A user's Python function is a measure like any other, and its mistakes are named."""

from __future__ import annotations

import itertools
import sys

import pytest

from strop.errors import SettingsError, UserError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.custom import custom_measure

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


@pytest.mark.parametrize(("body", "expected"), [
        ("True", 1.0), ("None", None), ("3", 3.0), ("np.float32(0.5)", 0.5), ("np.bool_(True)", 1.0),
        ("np.int64(2)", 2.0), ("np.array([0.5]).mean()", 0.5),
    ],
)  # fmt: skip
def test_what_it_may_return(tmp_path, row, module, body, expected) -> None:
    measure = custom_measure(
        f"{module(f'import numpy as np{chr(10)}def f(example, answer): return {body}')}:f", tmp_path
    )
    assert measure.score(row("x"), Answer("y")) == expected


@pytest.mark.parametrize(
    "body",
    [
        "__import__('numpy').float32('nan')",
        "__import__('numpy').array([0.5])",
        "1 / 0",
        "'high'",
        "float('nan')",
        "-float('inf')",
        "1e300",
        "-(10**400)",
        "[1]",
        "example.no_such_field",
    ],
)
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


@pytest.mark.parametrize(
    "source",
    [
        "async def f(example, answer): return 1.0",
        "class F:\n    async def __call__(self, example, answer): return 1.0\n\n\nf = F()",
    ],
)
def test_an_async_function_is_refused_before_it_is_called(tmp_path, module, source) -> None:
    with pytest.raises(SettingsError, match="is an async function"):
        custom_measure(f"{module(source)}:f", tmp_path)


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


EDITED = ("house.py", "limits.py", "tone/__init__.py", "tone/words.py", "tone/deep.py", "lazy.py")


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A measure of several files, each of which can change what it returns; a library and a bystander beside it."""
    before = set(sys.modules)
    for name, source in {
        "house.py": "import json\nfrom tone import words\nimport lib\nfrom limits import *\nFACTOR = 1.0\n"
        "def f(example, answer):\n    import lazy\n    return FACTOR * LIMIT * words.weight() * lazy.WEIGHT\n",
        "limits.py": "LIMIT = 1.0\n",
        "tone/__init__.py": "WEIGHT = 1.0\n",
        "tone/words.py": "from . import WEIGHT, deep\ndef weight(): return 1.0 * WEIGHT * deep.WEIGHT\n",
        "tone/deep.py": "WEIGHT = 1.0\n",
        "lazy.py": "WEIGHT = 1.0\n",
        "other.py": "WEIGHT = 1.0\n",
        "site-packages/lib.py": "WEIGHT = 1.0\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    monkeypatch.syspath_prepend(tmp_path)  # else nothing of it can be imported while the function runs
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("name", EDITED)
def test_each_file_that_a_measure_is_made_of_makes_it_another(house, row, name) -> None:
    before = custom_measure("house:f", house)
    assert custom_measure("house:f", house).settings == before.settings and before.score(row("x"), Answer("y")) == 1
    edited = house / name
    edited.write_text(edited.read_text("utf-8").replace("1.0", "0.25"), "utf-8")
    after = custom_measure("house:f", house)  # in the same process: what was imported before is not what it is now
    assert after.settings["source"] != before.settings["source"]
    assert after.score(row("x"), Answer("y")) == 0.25


@pytest.mark.parametrize("name", ["other.py", "site-packages/lib.py"])
def test_what_a_measure_does_not_import_and_what_is_installed_leave_it_the_same(house, name) -> None:
    before = custom_measure("house:f", house)
    (house / name).write_text("WEIGHT = 0.25\n", "utf-8")
    assert custom_measure("house:f", house).settings == before.settings


def test_files_are_found_without_running_them(house) -> None:
    custom_measure("house:f", house)
    assert "lazy" not in sys.modules and "house" in sys.modules


@pytest.mark.parametrize("target", ["statistics:mean", "math:sqrt"])
def test_a_function_of_python_itself(tmp_path, target) -> None:
    assert custom_measure(target, tmp_path).settings["source"] == custom_measure(target, tmp_path).settings["source"]
