"""A candidate's answers to a suite, judged item by item and gathered into a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from strop.engines.base import Model
from strop.errors import NotReady, SettingsError, UserError
from strop.evaluate import general, neutral
from strop.evaluate.answers import Answer, pick_labels, with_draws, with_likelihood, write
from strop.evaluate.kinds import lint
from strop.evaluate.kinds.catalogue import BUILT_IN, Catalogue
from strop.evaluate.kinds.code import why_not_run
from strop.evaluate.kinds.guide import read_guide
from strop.evaluate.kinds.likelihood import BITS_PER_BYTE
from strop.evaluate.kinds.schemas import NAME as SCHEMA
from strop.evaluate.kinds.structured import of_type
from strop.evaluate.kinds.voice import NAME as VOICE
from strop.evaluate.measures import Measure, Score
from strop.measure import estimate, mean_interval
from strop.measure.items.sums import BY_LABEL, applies
from strop.records import (
    JSON,
    Candidate,
    Example,
    ItemResult,
    Listener,
    Measured,
    MeasureSpec,
    Report,
    Suite,
    content_id,
    now,
)
from strop.settings import Settings

_MOST_VALUES = 12  # a column with more different values is no slice unless decision.slices names it
_ONLY_WRITES = ("remote", "answers")  # methods that tell no likelihood of a text
_FEWEST_ITEMS = 5  # a value with fewer items is no slice unless decision.slices names its column
_AGAIN = {*BUILT_IN, "style", VOICE, SCHEMA, "escalation_f1", "escalation_precision", "escalation_recall"} - {
    BITS_PER_BYTE.name
}
"""Measures that stored answers are scored by again."""
_NOT_STORED = {general.BITS, neutral.BITS.name, neutral.DIVERGENCE.name}
"""Measures of the general suite that read what no item keeps."""
OF_PROBABILITIES = ("brier", "ece", "aurc")
"""Measures that say nothing of answers without probabilities."""
_TIE = 1e-9  # two labels whose probabilities differ by less are one


def _no_row() -> str:
    return "no row holds what this measure needs"


_WHY_MISSING: dict[str, Callable[[], str]] = {
    "tests_passed": why_not_run,
    "pass": why_not_run,
    lint.NAME: lint.why_not_linted,
}


NONE_SUCH = {
    "escalation_precision": "no answer hands over to a person",
    "citation_precision": "no answer that should cite cites anything",
    "retrieval_precision": "no answer uses a fact",
    "invented_entities": "no answer names an entity",
}
"""Why a measure of what answers do is missing: none did it."""


class Evaluated(NamedTuple):
    """A report and the per-item results that it stands on; ``report.items`` is left to whoever stores them."""

    report: Report
    items: tuple[ItemResult, ...]

    def of_part(self, part: int) -> Evaluated:
        """The same with the part noted that was held out from the model that answered."""
        return self._replace(items=tuple(item.model_copy(update={"part": part}) for item in self.items))


def evaluate(
    model: Model,
    *,
    candidate: Candidate,
    shots: Sequence[Example],
    suite: Suite,
    examples: Mapping[str, Example],
    settings: Settings,
    project: Path,
    on_event: Listener,
) -> Evaluated:
    """Ask the model about every item of the suite, and measure its answers.

    Classification and general items are scored by log probability; all else is written by the model, greedily.

    Args:
        model: the candidate, opened.
        candidate: its record: the spec says how prompts are composed.
        shots: the examples that stand in its prompts.
        suite: items and measures.
        examples: the items by id.
        settings: labels, longest answer, declared slices, style guide, the user's measures.
        project: the folder that relative paths start from.
        on_event: hears the progress.
    Raises:
        NotReady: for a classification without labels; SettingsError: when a measure is not what it was in the suite.
        UserError: when a user's function fails, with function and item.
    """
    rows = [examples[item] for item in suite.items]
    measures = _measures(suite, settings, project)
    answers = _ask(model, rows, candidate=candidate, shots=shots, suite=suite, settings=settings, on_event=on_event)
    items = tuple(judged(row, answer, measures) for row, answer in zip(rows, answers, strict=True))
    report = _report(model, candidate, suite, items, settings)
    if any(spec.name in ("style", VOICE) for spec in suite.measures):
        guide = read_guide(settings, project)
        told = {**report.not_measured, **(guide.unchecked if guide else {})}
        report = report.model_copy(update={"not_measured": told})
    return Evaluated(report, items)


def swapped(
    items: Sequence[ItemResult], *, suite: Suite, examples: Mapping[str, Example], settings: Settings, project: Path
) -> tuple[ItemResult, ...]:
    """The same answers dealt to other items: item i is judged with the answer that the next item got.

    A model that reads its input must score worse so. Empty for fewer than two items.
    """
    if len(items) < 2:
        return ()
    measures = _measures(suite, settings, project)
    dealt = [*items[1:], items[0]]
    results = []
    for own, other in zip(items, dealt, strict=True):
        results.append(judged(examples[own.example], _answer_of(other), measures))
    return tuple(results)


def _measures(suite: Suite, settings: Settings, project: Path) -> list[Measure]:
    """The suite's measures, ready for use; refused when they would not measure what the suite says."""
    if suite.name == "general":
        return [general.MEASURES[spec.name] for spec in suite.measures]
    measures = Catalogue(settings, project).all(spec.name for spec in suite.measures)
    for spec, measure in zip(suite.measures, measures, strict=True):
        if measure.spec(primary=spec.primary) != spec:
            raise SettingsError(
                f"measure `{spec.name}` is not what it was when the suite was made",
                remedy="the style guide or your function has changed: make the suite again (strop evaluate)",
            )
    return measures


def _ask(
    model: Model,
    rows: Sequence[Example],
    *,
    candidate: Candidate,
    shots: Sequence[Example],
    suite: Suite,
    settings: Settings,
    on_event: Listener,
) -> list[Answer]:
    if not rows:
        return []
    if suite.name == "general":
        return general.ask(model, rows, on_event=on_event)
    if any(spec.how in BY_LABEL for spec in suite.measures):
        labels = candidate.spec.labels or tuple(settings.task.labels.names)
        if not labels:
            raise NotReady("this candidate knows no labels", remedy="list task.labels, or curate rows with answers")
        return pick_labels(model, rows, spec=candidate.spec, shots=shots, labels=labels, on_event=on_event)
    longest = settings.task.max_new_tokens
    answers = write(model, rows, spec=candidate.spec, shots=shots, max_new_tokens=longest, on_event=on_event)
    if any(spec.name.startswith("pass@") for spec in suite.measures) and candidate.spec.method != "answers":
        answers = with_draws(
            model, rows, answers, spec=candidate.spec, shots=shots, task=settings.task, on_event=on_event
        )
    if any(spec.name == BITS_PER_BYTE.name for spec in suite.measures) and candidate.spec.method not in _ONLY_WRITES:
        return with_likelihood(model, rows, answers, spec=candidate.spec, shots=shots, on_event=on_event)
    return answers


def _answer_of(item: ItemResult) -> Answer:
    """A stored answer, to be judged once more."""
    return Answer(
        item.answer, item.label, item.probabilities, item.stopped, item.seconds, item.tokens, item.cost,
        drawn=item.drawn,
    )  # fmt: skip


def judged(example: Example, answer: Answer, measures: Sequence[Measure]) -> ItemResult:
    """An item's result: the answer, and what each measure makes of it."""
    found = {measure.name: measure.score(example, answer) for measure in measures}
    scores = {name: _rounded(score) for name, score in found.items() if score is not None}
    return ItemResult(
        example=example.id,
        answer=answer.text,
        gold=example.reference,
        label=answer.label,
        probabilities=dict(answer.probabilities),
        scores=scores,
        stopped=answer.stopped,
        seconds=answer.seconds,
        tokens=answer.tokens,
        cost=answer.cost,
        drawn=answer.drawn,
        cluster=example.group,
        slices=example.slices,
    )


def _rounded(score: Score) -> Score:
    """To 12 digits: equal answers have equal scores, whatever the order in which floats were summed."""
    if isinstance(score, tuple):
        return tuple(round(number, 12) for number in score)
    return round(score, 12)


def gathered(
    parts: Sequence[Evaluated], *, candidate: Candidate, suite: Suite, settings: Settings, signature: dict[str, JSON]
) -> Evaluated:
    """One report on the items of several, of which each was answered by another model of the same making.

    ``signature`` says by what; latency and memory are those of no model, and left out.
    """
    items = tuple(sorted((item for part in parts for item in part.items), key=lambda item: item.example))
    measures, missing = _estimates(suite.measures, items)
    report = Report(
        id=report_id(candidate.id, suite.id, signature, items), candidate=candidate.id, method=candidate.spec.method,
        suite=suite.id, suite_name=suite.name, split=suite.split, n=len(items), measures=measures, specs=suite.measures,
        slices=_slices(suite.measures, items, declared=settings.decision.slices), items="", signature=signature,
        not_measured=missing, created=now(),
    )  # fmt: skip
    return Evaluated(report, items)


def _report(
    model: Model, candidate: Candidate, suite: Suite, items: Sequence[ItemResult], settings: Settings
) -> Report:
    measures, missing = _estimates(suite.measures, items)
    return Report(
        id=report_id(candidate.id, suite.id, model.signature, items),
        candidate=candidate.id,
        method=candidate.spec.method,
        suite=suite.id,
        suite_name=suite.name,
        split=suite.split,
        n=len(items),
        measures=measures,
        specs=suite.measures,
        slices=_slices(suite.measures, items, declared=settings.decision.slices),
        items="",
        signature=model.signature,
        latency_ms=_latency(items),
        memory_bytes=model.memory_bytes,
        not_measured=missing,
        created=now(),
    )


def report_id(candidate: str, suite: str, signature: Mapping[str, JSON], items: Sequence[ItemResult]) -> str:
    """The name of a report: the hash of whose answers to what, by which machinery, and the answers."""
    # What was added since and is not there is left out: older reports keep their names.
    added = ("drawn", "part")
    judged = [
        item.model_dump(mode="json", exclude={"seconds", *(name for name in added if not getattr(item, name))})
        for item in items
    ]
    return content_id("report", [candidate, suite, dict(signature), judged])


class Again(NamedTuple):
    """The items whose answers score otherwise than stored, and the measures that were not asked again."""

    other: tuple[str, ...]
    left: tuple[str, ...]


def scored_again(
    items: Sequence[ItemResult], *, suite: Suite, examples: Mapping[str, Example], settings: Settings, project: Path
) -> Again:
    """Score stored answers again. Left out are measures that run code, the user's own, and those that changed since."""
    measures, left = [], []
    for spec in suite.measures:
        measure = _as_it_was(suite, spec, settings, project)
        if measure is None:
            left.append(spec.name)
        else:
            measures.append(measure)
    other = [item.example for item in items if item.example in examples and not _same(item, examples, measures)]
    return Again(tuple(other), tuple(left))


def _as_it_was(suite: Suite, spec: MeasureSpec, settings: Settings, project: Path) -> Measure | None:
    if suite.name == "general":
        return general.MEASURES[spec.name] if spec.name not in _NOT_STORED else None
    if spec.name not in _AGAIN and of_type(spec.name) is None:
        return None  # it runs code, or reads what is not stored
    try:
        measure = Catalogue(settings, project).all([spec.name])[0]
    except UserError:
        return None
    return measure if measure.spec(primary=spec.primary) == spec else None


def _same(item: ItemResult, examples: Mapping[str, Example], measures: Sequence[Measure]) -> bool:
    """Whether an item's label is its likeliest, its gold answer that of the row, and its scores those of its answer."""
    row, chances = examples[item.example], item.probabilities
    if item.gold != row.reference or (chances and chances.get(item.label or "", 0.0) < max(chances.values()) - _TIE):
        return False
    again = judged(row, _answer_of(item), measures).scores
    return all(item.scores.get(measure.name) == again.get(measure.name) for measure in measures)


def _estimates(specs: Sequence[MeasureSpec], items: Sequence[ItemResult]) -> tuple[dict[str, Measured], dict[str, str]]:
    """Each measure with its interval, and why the others are missing."""
    measures: dict[str, Measured] = {}
    missing: dict[str, str] = {}
    for spec in specs:
        if any(applies(spec, item) for item in items):
            measures[spec.name] = estimate(spec, items)
        elif not items:
            missing[spec.name] = "the suite has no items"
        elif spec.name in OF_PROBABILITIES and not any(item.probabilities for item in items):
            missing[spec.name] = "its answers carry no probabilities"
        elif "|function:" in spec.signature:
            missing[spec.name] = f"the function returned None for each of the {len(items)} items"
        else:
            missing[spec.name] = why_missing(spec.name)
    return measures, missing


def why_missing(name: str) -> str:
    """Why the measure of that name applied to no item."""
    return NONE_SUCH.get(name) or _WHY_MISSING.get(name.partition("@")[0], _no_row)()


def _slices(
    specs: Sequence[MeasureSpec], items: Sequence[ItemResult], *, declared: Sequence[str]
) -> dict[str, dict[str, dict[str, Measured]]]:
    """Every measure on every value of the declared columns, and of columns that split the items into a few parts."""
    columns: dict[str, dict[str, list[ItemResult]]] = {name: {} for name in declared}
    for item in items:
        for name, value in item.slices.items():
            columns.setdefault(name, {}).setdefault(value, []).append(item)
    found: dict[str, dict[str, dict[str, Measured]]] = {}
    for name, parts in sorted(columns.items()):
        if name not in declared:
            if not 2 <= len(parts) <= _MOST_VALUES and name != "task":
                continue
            parts = {value: part for value, part in parts.items() if len(part) >= _FEWEST_ITEMS}
        if parts:
            found[name] = {value: _estimates(specs, part)[0] for value, part in sorted(parts.items())}
    return found


def _latency(items: Sequence[ItemResult]) -> Measured | None:
    """Mean milliseconds an item, with its interval, of the items that were timed; None where none was.

    A file of answers may know the time of some alone. Engines that answer in one batch report each item's share of it:
    then there is one timing, and no spread to show; nor is there in one group.
    """
    timed = [item for item in items if item.seconds > 0]
    if not timed:
        return None
    times = [item.seconds * 1000 for item in timed]
    mean = sum(times) / len(times)
    for alike, method in ((times, "one timing"), ([item.cluster or item.example for item in timed], "one group")):
        if len(set(alike)) == 1:
            return Measured(value=mean, low=mean, high=mean, n=1, method=method)
    interval = mean_interval(times, clusters=[item.cluster for item in timed])
    return Measured(value=mean, low=max(0.0, interval.low), high=interval.high, n=len(times), method="t")
