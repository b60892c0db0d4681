"""Read strop.yaml: unknown keys are refused with file, line and the nearest known key."""

from __future__ import annotations

import difflib
import io
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from strop.errors import InputError, SettingsError
from strop.settings.incumbents import SECRET
from strop.settings.schema import Settings

FILE = "strop.yaml"


_SHAPES = {
    "model_type": "must be a block of `key: value` lines",
    "model_attributes_type": "must be a block of `key: value` lines",
    "dict_type": "must be a block of `key: value` lines",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "too_short": "must name one at least",
}
"""What pydantic says of a wrong shape, in the words of a YAML file."""


def load(path: Path, overrides: Sequence[str] = ()) -> Settings:
    """Read ``path`` and apply ``key=value`` overrides (dotted keys, YAML values).

    Raises SettingsError with ``file:line``, the key, and the nearest known key.
    """
    tree = _parse(path)
    for override in overrides:
        _override(tree, override)
    try:
        return validate(tree, path)
    except SettingsError as error:
        if overrides:
            validate(_parse(path), path)  # the file's own mistake, if it is one
            error.place = f"--set {' '.join(overrides)}"
        raise


def validate(tree: Any, path: Path) -> Settings:
    """Check a parsed tree against the types."""
    if not isinstance(tree, Mapping):
        raise SettingsError("must hold `key: value` blocks", place=f"{path}:1", remedy="start with `task:` and `data:`")
    try:
        return Settings.model_validate(_plain(tree))
    except ValidationError as error:
        raise _explain(error, tree, path) from None


def _parse(path: Path) -> Any:
    try:
        text = path.read_bytes().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(
            "no strop.yaml here", place=str(path.parent), remedy="make a project: strop init DIR --from FILE"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {(error.strerror or str(error)).lower()}",
            place=str(path),
            remedy="check the project's folder (--project)",
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SettingsError("is not UTF-8", place=f"{path}:{line}", remedy="save the file as UTF-8") from None
    try:
        return YAML(typ="rt").load(io.StringIO(text)) or CommentedMap()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise SettingsError(
            f"is not valid YAML: {error.problem or error.context}", place=f"{path}:{line}", remedy="mend that line"
        ) from None
    except YAMLError as error:
        said = str(error).splitlines()[0]
        raise SettingsError(f"is not valid YAML: {said}", place=f"{path}:1", remedy="it has to be plain text") from None
    except RecursionError:
        raise SettingsError("is nested too deeply", place=f"{path}:1", remedy="three levels are enough") from None


def _override(tree: Any, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise SettingsError(f"--set {override!r} is not key=value", remedy="for example --set tune.seed=1")
    try:
        value = YAML(typ="safe").load(text)
    except YAMLError:
        raise SettingsError(f"--set {key}: {text!r} is not a YAML value") from None
    node = tree
    *parents, last = key.strip().split(".")
    for parent in parents:
        if isinstance(node, CommentedSeq):
            node = node[_index(node, parent, override)]
            continue
        if not isinstance(node.get(parent), (CommentedMap, CommentedSeq)):
            node[parent] = CommentedMap()
        node = node[parent]
    if isinstance(node, CommentedMap):
        node[last] = value
    elif isinstance(node, CommentedSeq):
        node[_index(node, last, override)] = value
    else:
        raise SettingsError(f"--set {override}: {'.'.join(parents)} holds no keys", remedy="set it as a whole")


def _index(items: CommentedSeq, key: str, override: str) -> int:
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    raise SettingsError(
        f"--set {override}: `{key}` is no place in a list of {len(items)}", remedy="places count from 0"
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def _explain(error: ValidationError, tree: Any, path: Path) -> SettingsError:
    first = error.errors()[0]
    location = [part for part in first["loc"] if isinstance(part, (str, int))]
    dotted = ".".join(str(part) for part in location)
    place = f"{path}:{_line(tree, location)}"
    if first["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return SettingsError(f"unknown key `{dotted}`", place=place, remedy=remedy)
    message = _SHAPES.get(first["type"]) or first["msg"].removeprefix("Value error, ").replace("Input should", "must")
    if first["type"] == "string_pattern_mismatch":
        message = "may have small letters, digits, - and _ only, and begins with a letter or digit"
    if first["type"] == SECRET:
        return SettingsError(f"`{dotted}`: {message}", place=place, remedy="take the key out of strop.yaml")
    if first["type"] == "missing":
        return SettingsError(f"`{dotted}` {message}", place=place, remedy="add it")
    shown = repr(first.get("input"))
    shown = shown if len(shown) < 80 else f"{shown[:77]}…"
    return SettingsError(f"`{dotted}` is {shown}: {message}", place=place, remedy=_mended(first, dotted))


def _mended(fault: Any, dotted: str) -> str:
    """What to do about a value that is not allowed: the nearest one that is, else the default."""
    if fault["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", fault["ctx"]["expected"])
        near = difflib.get_close_matches(str(fault.get("input")), allowed, n=1, cutoff=0.5)
        if near:
            return f"did you mean `{near[0]}`?"
    return f"mend it, or leave `{dotted.rpartition('.')[2]}` out: `strop doctor` prints all defaults"


def line_of(path: Path, location: Sequence[str | int]) -> int:
    """The line of strop.yaml that a setting stands on, or the nearest block around it."""
    return _line(_parse(path), location)


def _line(tree: Any, location: Sequence[str | int]) -> int:
    line, node = 1, tree
    for part in location:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(part)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(part)[0] + 1
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _known_keys(location: Sequence[str | int]) -> list[str]:
    model: Any = Settings
    for part in location:
        if isinstance(part, int):
            continue
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            continue
        candidates = [field.annotation, *get_args(field.annotation)]
        candidates += [inner for c in candidates for inner in get_args(c)]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
    return sorted(f.alias or name for name, f in model.model_fields.items())


def cache_folder() -> Path:
    """Where models lie, outside every project: ``STROP_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("STROP_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "strop"


def named_file(project: Path, path: str, *, key: str = "data.sources") -> Path:
    """A file that the setting ``key`` names, relative ones from the project folder.

    Raises InputError with the setting's line when there is no such file.
    """
    resolved = Path(os.path.realpath(project / path))  # links in a circle are no error of it
    if resolved.is_file():
        return resolved
    what = "a folder, not a file" if resolved.is_dir() else "no such file"
    settings = project / FILE
    lines = settings.read_text("utf-8").splitlines() if settings.is_file() else []
    line = next((number for number, text in enumerate(lines, 1) if path in text), None)
    if line is None:  # named by --set, or by a program
        raise InputError(what, source=path, remedy=f"check `{key}`")
    remedy = f"name its files one by one in `{key}`" if resolved.is_dir() else f"mend `{key}`, or put the file there"
    raise InputError(f"{path}: {what}", source=settings, line=line, remedy=remedy)
