"""A user's Python function as a measure: ``package.module:function``, called as ``function(example, answer)``."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from strop.errors import SettingsError, UserError
from strop.evaluate.answers import Answer
from strop.evaluate.kinds.own_files import digest, own_files
from strop.evaluate.measures import ANY, Measure
from strop.records import Example

_loaded: dict[str, str] = {}
"""The digest of each measure's files when this process imported it."""
_KEY = ("measures",)
_LARGEST = 1e50
"""Beyond this, squares and cubes of a measure's values leave the range of numbers, and no interval is one."""
_SHAPE = "it is called as function(example: Example, answer: str) and returns a number, or None where it does not apply"


def custom_measure(target: str, project: Path) -> Measure:
    """The measure that ``measures: [package.module:function]`` names; modules in the project folder are found too.

    Raises SettingsError when there is no such function; the measure raises UserError, with function and item, when the
    function fails or returns something else than a finite number or None.
    """
    function, source = _load(target, project)

    def score(example: Example, answer: Answer) -> float | None:
        item = example.name or example.id
        try:
            value = function(example, answer.text)
            if value is None:
                return None
            if isinstance(value, np.generic):
                value = value.item()  # a number of its own kind, such as float32, is a number
            if isinstance(value, (int, float)) and -_LARGEST <= value <= _LARGEST:
                return float(value)
            returned = repr(value)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a user's function raises is the user's to mend, an exit included
            raise UserError(
                f"failed on item {item}: {type(error).__name__}: {error}", place=target, remedy=f"mend it; {_SHAPE}"
            ) from error
        raise UserError(f"returned {returned} for item {item}", place=target, remedy=f"mend it; {_SHAPE}")

    settings = {"function": target, "source": source}
    return Measure(target.partition(":")[2], "mean", score, settings=settings, limits=ANY)


def _load(target: str, project: Path) -> tuple[Callable[..., Any], str]:
    """The function, and the digest of the files that it is made of, so that an edited measure is another one."""
    module_name, separator, name = target.partition(":")
    if not separator or not module_name or not name.isidentifier():
        raise SettingsError(
            f"`measures`: {target!r} is not package.module:function", remedy="for example tone:warmth", key=_KEY
        )
    with _importable(project):
        try:
            module = _imported(module_name, project)
            source = digest(own_files(module_name, project))
            function: object = getattr(module, name, None)
        except ImportError as error:
            raise SettingsError(
                f"`measures`: {target}: {error}",
                remedy=f"put {module_name.replace('.', '/')}.py into the project folder, or install it",
                key=_KEY,
            ) from error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a module's top level is the user's code too
            raise SettingsError(
                f"`measures`: {target}: importing it raised {type(error).__name__}: {error}",
                remedy="mend the module",
                key=_KEY,
            ) from error
    if not callable(function):
        near = difflib.get_close_matches(name, [n for n in dir(module) if callable(getattr(module, n))], n=1)
        remedy = f"did you mean {module_name}:{near[0]}?" if near else _SHAPE
        raise SettingsError(f"`measures`: {module_name} has no function {name!r}", remedy=remedy, key=_KEY)
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):
        raise SettingsError(
            f"`measures`: {target} is an async function", remedy=f"make it a plain one; {_SHAPE}", key=_KEY
        )
    return function, source


def _imported(name: str, project: Path) -> ModuleType:
    """The module as its files are now: what this process imported before they were edited is imported again."""
    if name in sys.modules:
        files = own_files(name, project)
        if _loaded.setdefault(name, digest(files)) != digest(files):
            for one in files:
                sys.modules.pop(one, None)
    module = importlib.import_module(name)
    _loaded[name] = digest(own_files(name, project))
    return module


@contextlib.contextmanager
def _importable(project: Path) -> Iterator[None]:
    folder = str(project.resolve())
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
