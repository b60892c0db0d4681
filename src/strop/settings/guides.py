"""The files of a style guide: one file of rules, or a folder as Vale's styles are laid out, a file a rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from strop.errors import InputError
from strop.settings.loading import named_file

_ENDINGS = {".yml", ".yaml"}
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


def guide_files(project: Path, named: str) -> GuideFiles:
    """What they hold. Raises InputError as :func:`guide_paths`, and for a file that is neither JSON nor YAML."""
    paths = guide_paths(project, named)
    if not (project / named).resolve().is_dir():
        return GuideFiles([(paths[0].stem, _parsed(paths[0], named))], folder=False)
    return GuideFiles([(f"{path.parent.name}.{path.stem}", _parsed(path, f"{path}")) for path in paths], folder=True)


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
