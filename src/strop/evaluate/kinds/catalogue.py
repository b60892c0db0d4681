"""Every measure by name: those that strop has, the style guide's, and the user's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from strop.errors import SettingsError
from strop.evaluate.kinds import citing, code, echo, grounding, labels, lint, overlaps, readable, structured, texts
from strop.evaluate.kinds.custom import custom_measure
from strop.evaluate.kinds.escalation import COST, escalations
from strop.evaluate.kinds.guide import Guide, read_guide
from strop.evaluate.kinds.inventing import NOTHING_INVENTED
from strop.evaluate.kinds.likelihood import BITS_PER_BYTE
from strop.evaluate.kinds.schemas import schema_measure
from strop.evaluate.kinds.voice import NAME as VOICE
from strop.evaluate.kinds.voice import voice_measure
from strop.evaluate.measures import Measure
from strop.settings import Settings

BUILT_IN = {
    measure.name: measure
    for measure in (
        *labels.ALL,
        *structured.ALL,
        *texts.ALL,
        *overlaps.ALL,
        *readable.ALL,
        *citing.ALL,
        NOTHING_INVENTED,
        echo.OWN_WORDS,
        grounding.GROUNDED,
        grounding.FACTS_USED,
        code.COMPILES,
        BITS_PER_BYTE,
    )
}

_NEEDS = {
    "style": ("a style guide", "set task.style to its file"),
    VOICE: ("examples", "set task.voice to {on: FILE, off: FILE}"),
    COST: ("a price", "set costs.missed_escalation"),
}
"""What a measure cannot do without, and how to give it."""
_PRIMARY = ("decision", "primary")


class Catalogue:
    """The measures of a project."""

    def __init__(self, settings: Settings, project: Path) -> None:
        self.guide: Guide | None = read_guide(settings, project)
        self._measures = dict(BUILT_IN)
        self._task = settings.task
        made = [*escalations(self.guide, settings.costs), code.tests_passed(), lint.lint(project)]
        made.append(schema_measure(settings, project))
        if self.guide:
            made.append(texts.style(self.guide))
        if (voice := voice_measure(settings, project, self.guide)) is not None:
            made.append(voice)
        self._measures |= {measure.name: measure for measure in made}
        self.asked: list[str] = []
        """What the settings add to the measures of the kind: names of strop's, and the user's own."""
        for target in settings.measures:
            if ":" not in target:
                self.asked.append(self.get(target, key=("measures",)).name)
                continue
            measure = custom_measure(target, project)
            if measure.name in self._measures:
                raise SettingsError(
                    f"`measures`: there already is a measure {measure.name!r}", remedy="rename yours", key=("measures",)
                )
            self._measures[measure.name] = measure
            self.asked.append(measure.name)

    def get(self, name: str, *, key: tuple[str, ...] | None = None) -> Measure:
        """The measure of that name. Raises SettingsError with the nearest known one.

        Args:
            name: ``macro_f1``; with a type of entities, ``entity_f1.Drug``; with a number of drawn answers, ``pass@5``.
            key: where strop.yaml names it; by default under ``decision.primary``.
        """
        measure = self._measures.get(name) or structured.of_type(name)
        measure = measure or code.passed_at(name, self._task, key=key or (*_PRIMARY, name))
        if measure is not None:
            return measure
        if name in _NEEDS:
            what, remedy = _NEEDS[name]
            raise SettingsError(f"measure `{name}` needs {what}", remedy=remedy, key=key or _PRIMARY)
        near = difflib.get_close_matches(name, self._measures, n=1, cutoff=0.5)
        remedy = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(sorted(self._measures))}"
        raise SettingsError(f"unknown measure `{name}`", remedy=remedy, key=key or (*_PRIMARY, name))

    def all(self, names: Iterable[str]) -> list[Measure]:
        """The measures of those names, in their order."""
        return [self.get(name) for name in names]
