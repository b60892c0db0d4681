"""The files of a style guide: one file of rules, or a folder as Vale's styles are laid out, a file a rule."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from strop.errors import InputError
from strop.settings.loading import named_file

_ENDINGS = {".yml", ".yaml"}
_WORDS = {".aff", ".dic", ".txt"}
_NO_RULES = {"config", "vocab", "vocabularies", "dictionaries", "scripts"}
"""Folders beside Vale's styles that hold no rules."""


class GuideFiles(NamedTuple):
    """What a guide's files hold, each under the name that its rules get; a ``folder`` was made for Vale."""

    files: list[tuple[str, Any]]
    folder: bool


def guide_paths(project: Path, named: str) -> list[Path]:
    """The files of the guide that ``task.style`` names, in order.

    Raises InputError for a file that is missing, and for a folder without rules.
    """
    folder = (project / named).resolve()
    if not folder.is_dir():
        return [named_file(project, named, key="task.style")]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and _is_rule(path, folder))
    if not paths:
        raise InputError("style guide: no rules", source=named, remedy="name a file of rules, or a folder of Vale's")
    return paths


def guide_sources(project: Path, named: str) -> list[Path]:
    """All files that a guide's rules may read: its own, and the dictionaries and lists of words beside them."""
    folder = (project / named).resolve()
    beside = [path for path in folder.rglob("*") if path.suffix in _WORDS and path.is_file()] if folder.is_dir() else []
    return [*guide_paths(project, named), *sorted(beside)]


def guide_files(project: Path, named: str) -> GuideFiles:
    """What they hold. Raises InputError as :func:`guide_paths`, and for a file that is neither JSON nor YAML."""
    paths = guide_paths(project, named)
    if not (project / named).resolve().is_dir():
        return GuideFiles([(paths[0].stem, _parsed(paths[0], named))], folder=False)
    folder = (project / named).resolve()
    read = [(path, _parsed(path, f"{path}")) for path in paths]
    return GuideFiles(
        [(f"{path.parent.name}.{path.stem}", _with_dictionaries(rule, path, folder)) for path, rule in read],
        folder=True,
    )


def _with_dictionaries(rule: Any, path: Path, folder: Path) -> Any:
    """A rule of spelling with the texts of the Hunspell dictionaries and lists of words that it names.

    They lie where Vale looks: in the folder of styles, in ``dicpath`` or ``config/dictionaries`` of it, beside the
    rule. Nothing outside of the folder is read.
    """
    if not isinstance(rule, dict) or rule.get("extends") != "spelling":
        return rule
    names = rule.get("dictionaries") or []
    pairs = [(f"{name}.aff", f"{name}.dic") for name in ([names] if isinstance(names, str) else names)]
    if rule.get("aff") and rule.get("dic"):
        pairs.append((str(rule["aff"]), str(rule["dic"])))
    places = [folder / str(rule.get("dicpath") or "."), folder / "config" / "dictionaries", folder / "dictionaries"]
    places += [folder, path.parent]
    texts = []
    for pair in pairs:
        aff, dic = (_inside(places, name, folder) for name in pair)
        if aff is None or dic is None:
            return {**rule, "hunspell_lacks": f"{pair[0]} and {pair[1]}, which the folder does not hold"}
        found = re.search(rb"^SET\s+(\S+)", aff.read_bytes(), re.MULTILINE)
        encoding = found[1].decode("ascii", "replace") if found else "iso8859-1"
        texts.append({"aff": _text(aff, encoding), "dic": _text(dic, encoding)})
    lists = rule.get("ignore") or []
    places = [folder, folder / "config" / "ignore", path.parent]
    ignored = [_inside(places, str(name), folder) for name in ([lists] if isinstance(lists, str) else lists)]
    accepted = sorted((folder / "config" / "vocabularies").glob("*/accept.txt"))
    words = [line.strip() for one in (*ignored, *accepted) if one for line in _text(one, "utf-8").splitlines()]
    return {**rule, "hunspell": texts, "hunspell_ignores": [word for word in words if word]}


def _inside(places: Sequence[Path], name: str, folder: Path) -> Path | None:
    """The first file of that name in one of the places, as long as it lies in the folder."""
    found = ((place / name).resolve() for place in places)
    return next((path for path in found if path.is_relative_to(folder) and path.is_file()), None)


def _text(path: Path, encoding: str) -> str:
    try:
        return path.read_bytes().decode(encoding, "replace")
    except (LookupError, OSError) as error:
        raise InputError(f"style guide: {error}", source=f"{path}", remedy="mend that file") from None


def _is_rule(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parts[:-1]
    return not any(part.startswith(".") or part.casefold() in _NO_RULES for part in inside)


def _parsed(path: Path, shown: str) -> Any:
    try:
        text = path.read_bytes().decode("utf-8")
        return json.loads(text) if path.suffix == ".json" else YAML(typ="safe", pure=True).load(text)
    except (OSError, ValueError, YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"style guide: {reason}", source=shown, remedy="mend that file") from None
