"""The house rules that a program can check: budgets, public names, README tree, glossary words, leftovers."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import strop

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "strop"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations/versions" not in path.as_posix())
LONG_LOOPS = {"train_loop"}  # the training loop may have 150 lines


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_module_keeps_its_budget(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= 400, f"{lines} lines: is there a second idea in it?"
    for node in _functions(path):
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        assert length <= (150 if node.name in LONG_LOOPS else 60), f"{node.name} has {length} lines"
        if "cli" in path.parts:
            continue  # a command's parameters are its options
        parameters = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        count = len([name for name in parameters if name not in ("self", "cls")])
        assert count <= 8, f"{node.name} has {count} parameters"


def test_no_module_is_called_utils() -> None:
    assert not [path for path in MODULES if re.search(r"util|helper|misc|common", path.stem)]


def test_nothing_is_left_unfinished() -> None:
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError", line)
    ]
    assert left == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [p.relative_to(ROOT).as_posix() for p in MODULES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_public_names_are_sorted_and_there() -> None:
    assert strop.__all__ == sorted(strop.__all__)
    for name in strop.__all__:
        assert getattr(strop, name) is not None


def test_no_room_is_crowded() -> None:
    rooms = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    crowded = {room.relative_to(SOURCE).as_posix(): count for room, count in rooms.items() if count > 25}
    assert not crowded, "what belongs together has a room of its own inside (docs/decisions/0020)"
