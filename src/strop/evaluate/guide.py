"""The style guide that ``task.style`` names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from strop.errors import InputError
from strop.measure.style import StyleRule, read_style
from strop.records import JSON, canonical
from strop.settings import Settings, named_file


@dataclass(frozen=True)
class Guide:
    """The rules of a style guide, where they stand, and the answer that hands over to a person, if it names one."""

    rules: tuple[StyleRule, ...]
    source: str
    digest: str
    escalation: str | None = None


def read_guide(settings: Settings, project: Path) -> Guide | None:
    """The project's style guide; None when ``task.style`` names none.

    Raises InputError when the file is missing, is neither JSON nor YAML, or holds a rule that cannot be checked.
    """
    if settings.task.style is None:
        return None
    path = named_file(project, settings.task.style, key="task.style")
    try:
        value = _parsed(path)
        rules = read_style(value, name=path.stem)
    except (ValueError, YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"style guide: {reason}", source=settings.task.style, remedy="mend that rule") from None
    if not rules:
        raise InputError("style guide: no rules", source=settings.task.style, remedy="add rules, or drop task.style")
    escalation = value.get("escalation_answer") if isinstance(value, Mapping) else None
    digest = hashlib.sha256(canonical(value)).hexdigest()[:12]
    return Guide(rules, settings.task.style, digest, str(escalation) if escalation else None)


def _parsed(path: Path) -> JSON:
    text = path.read_bytes().decode("utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    return YAML(typ="safe", pure=True).load(text)
