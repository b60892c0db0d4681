"""The style guide that ``task.style`` names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from strop.errors import InputError
from strop.measure.writing.style import StyleRule, read_house
from strop.records import canonical
from strop.settings import Settings, guide_files


@dataclass(frozen=True)
class Guide:
    """The rules of a style guide, where they stand, and the answer that hands over to a person, if it names one.

    ``left_out``: rules that cannot be checked, by name, and why.
    """

    rules: tuple[StyleRule, ...]
    source: str
    digest: str
    escalation: str | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def unchecked(self) -> dict[str, str]:
        """For the report: how many rules are not checked, and which; empty when all are."""
        if not self.left_out:
            return {}
        total = len(self.rules) + len(self.left_out)
        return {f"{len(self.left_out)} of {total} style rules": ", ".join(sorted(self.left_out))}


def read_guide(settings: Settings, project: Path) -> Guide | None:
    """The project's style guide, a file or a folder of Vale's; None when ``task.style`` names none.

    Raises InputError when it is missing, is neither JSON nor YAML, or holds a rule that is wrong.
    """
    named = settings.task.style
    if named is None:
        return None
    files, folder = guide_files(project, named)
    try:
        house = read_house(files, foreign=folder)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"style guide: {reason}", source=named, remedy="mend that rule") from None
    value = files[0][1]
    escalation = value.get("escalation_answer") if isinstance(value, Mapping) and not folder else None
    digest = hashlib.sha256(canonical(files if folder else value)).hexdigest()[:12]
    return Guide(house.rules, named, digest, str(escalation) if escalation else None, house.left_out)
