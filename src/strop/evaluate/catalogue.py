"""Every measure by name: those that strop has, the style guide's, and the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from strop.errors import SettingsError
from strop.evaluate import code, echo, grounding, labels, lint, structured, texts
from strop.evaluate.custom import custom_measure
from strop.evaluate.guide import Guide, read_guide
from strop.evaluate.measures import Measure
from strop.settings import Settings

BUILT_IN = {
    measure.name: measure
    for measure in (
        labels.MACRO_F1,
        labels.ACCURACY,
        labels.BRIER,
        structured.ENTITY_F1,
        structured.ENTITY_F1_PARTIAL,
        structured.VALID_JSON,
        structured.FIELD_F1,
        texts.ATTRIBUTE_INCLUSION,
        texts.KEYWORDS_IN_WINDOW,
        texts.ROUGE_L,
        texts.EXACT_MATCH,
        texts.LENGTH_RATIO,
        texts.STOPPED,
        echo.OWN_WORDS,
        grounding.GROUNDED,
        grounding.FACTS_USED,
        code.COMPILES,
    )
}

_PRIMARY = ("decision", "primary")


class Catalogue:
    """The measures of a project."""

    def __init__(self, settings: Settings, project: Path) -> None:
        self.guide: Guide | None = read_guide(settings, project)
        self._measures = dict(BUILT_IN)
        for measure in (grounding.escalation(self.guide), code.tests_passed(), lint.lint(project)):
            self._measures[measure.name] = measure
        if self.guide:
            self._measures["style"] = texts.style(self.guide)
        self.own: list[str] = []
        for target in settings.measures:
            measure = custom_measure(target, project)
            if measure.name in self._measures:
                raise SettingsError(
                    f"`measures`: there already is a measure {measure.name!r}", remedy="rename yours", key=("measures",)
                )
            self._measures[measure.name] = measure
            self.own.append(measure.name)

    def __contains__(self, name: str) -> bool:
        return name in self._measures

    def get(self, name: str) -> Measure:
        """The measure of that name. Raises SettingsError with the nearest known one."""
        if name in self._measures:
            return self._measures[name]
        if name == "style":
            raise SettingsError(
                "measure `style` needs a style guide", remedy="set task.style to its file", key=_PRIMARY
            )
        near = difflib.get_close_matches(name, self._measures, n=1, cutoff=0.5)
        remedy = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(self._measures))}"
        raise SettingsError(f"unknown measure `{name}`", remedy=remedy, key=(*_PRIMARY, name))

    def all(self, names: Iterable[str]) -> list[Measure]:
        """The measures of those names, in their order."""
        return [self.get(name) for name in names]
