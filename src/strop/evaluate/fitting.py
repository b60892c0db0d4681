"""Can a protocol's measures say anything on these rows? Told by the rows' own right answers, without asking a model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from strop.errors import SettingsError, UserError
from strop.evaluate.answers import Answer
from strop.evaluate.judging import NONE_SUCH, judged, why_missing
from strop.evaluate.kinds.catalogue import Catalogue
from strop.evaluate.measures import Measure, Score
from strop.evaluate.suites import primary_measure
from strop.measure.items.sums import BY_LABEL
from strop.records import Example, ItemResult, Kind, MeasureSpec
from strop.settings import Settings


def refuse_unfit(rows: Sequence[Example], *, kind: Kind, settings: Settings, project: Path) -> None:
    """Refuse a protocol whose numbers no answer to these rows could reach, however good.

    The primary measure and those that ``measures`` names have to apply to one row at least, when it is answered as its
    reference answers it; a user's function has to take every one of them. Target and margin have to lie within what
    the primary measure can be.

    Args:
        rows: the items of a suite.
        kind: the task's kind.
        settings: ``decision`` and ``measures``.
        project: the folder that relative paths start from.
    Raises:
        SettingsError: with the key of the setting; UserError: where a user's function fails, with function and row.
    """
    catalogue = Catalogue(settings, project)
    chosen = primary_measure(kind, rows, settings)
    named = next(iter(settings.decision.primary), None)
    primary = catalogue.get(chosen)
    key = ("decision", "primary", *([named] if named else []))
    for measure in dict.fromkeys([chosen, *catalogue.asked]):
        place = key if measure == chosen else ("measures",)
        _refuse_absent(catalogue.get(measure), rows, settings, key=place)
    _refuse_indifferent(primary, rows, settings, key=key)
    if named is not None:
        _refuse_beyond(primary, settings, key=key)


class Extremes(NamedTuple):
    """The primary measure, and two lots of results: every row answered as well, and as badly, as can be."""

    spec: MeasureSpec
    best: tuple[ItemResult, ...]
    worst: tuple[ItemResult, ...]


def extremes(rows: Sequence[Example], *, kind: Kind, settings: Settings, project: Path) -> Extremes:
    """The best and the worst that any answers to these rows could be, told by the rows' own right ones.

    Rows without a reference are left out, and of code those without tests, for it is not run here. There are no results
    of a measure without limits, nor of sums but those of F1.
    """
    measure = Catalogue(settings, project).get(primary_measure(kind, rows, settings))
    own, limits = "function" in measure.settings, measure.limits
    none = Extremes(measure.spec(primary=True), (), ())
    if measure.how not in ("mean", "micro_f1", *BY_LABEL):
        return none
    if kind == "code":
        known = [row for row in rows if any(name in row.expect for name in measure.expect)]
        right = tuple(_result(row, measure.name) for row in known)
    else:
        right = tuple(judged(row, _right(row, settings), [measure]) for row in rows if row.reference is not None)
    if own:  # which says nothing of its limits: where all right answers score as shares do, they are those of a share
        scores = [item.scores[measure.name] for item in right if measure.name in item.scores]
        if not all(isinstance(score, float | int) and 0 < score <= 1 for score in scores):
            return none
        limits = (0.0, 1.0)
    if not all(map(math.isfinite, limits)):
        return none
    worst, best = limits if measure.higher_is_better else reversed(limits)
    return Extremes(none.spec, tuple(_best(item, best) for item in right), tuple(_wrong(item, worst) for item in right))


def _result(row: Example, measure: str) -> ItemResult:
    return ItemResult(example=row.id, answer="", scores={measure: 1.0}, cluster=row.group)


def _best(item: ItemResult, best: float) -> ItemResult:
    """A right answer's result as that of the best one, which may say more than the reference did."""
    scores = {name: score if isinstance(score, tuple) else best for name, score in item.scores.items()}
    return item.model_copy(update={"scores": scores})


def _wrong(item: ItemResult, worst: float) -> ItemResult:
    """A right answer's result as that of a wrong one: no label, the worst score, all missed and as much made up."""
    scores: dict[str, float | tuple[float, ...]] = {
        name: (0.0, score[0], score[0]) if isinstance(score, tuple) else worst for name, score in item.scores.items()
    }
    return item.model_copy(update={"label": None, "scores": scores})


def _refuse_absent(measure: Measure, rows: Sequence[Example], settings: Settings, *, key: tuple[str, ...]) -> None:
    if measure.how in BY_LABEL:
        return  # of a wrong kind, the suite has refused it
    own = "function" in measure.settings
    tried = [row for row in rows if row.reference is not None] if own else rows
    # Each row for a user's function, which may fail on the last one; else up to the first that has the measure.
    found = (_speaks(measure, row, measure.score(row, _right(row, settings))) for row in tried)
    if any(list(found) if own else found):
        return
    if measure.name in NONE_SUCH and any(name in row.expect for row in rows for name in measure.expect):
        return  # it speaks of what answers do, and right ones need not do it
    needs = f"expect.{' or expect.'.join(measure.expect)}" if measure.expect else "what it reads"
    given = any(name in row.expect for row in rows for name in measure.expect)
    why = f"it returns None for each of the {len(tried)}" if own else why_missing(measure.name)
    raise SettingsError(
        f"`{'.'.join(key)}`: `{measure.name}` says nothing of any of the {len(rows)} items, not even when they are "
        f"answered right ({why})",
        remedy="make that good, or name another measure"
        if given
        else f"name another measure, or give the rows {needs} and curate again",
        key=key,
    )


def _refuse_indifferent(measure: Measure, rows: Sequence[Example], settings: Settings, *, key: tuple[str, ...]) -> None:
    """Refuse a measure that says the same of whatever a row is answered with."""
    tried = [row for row in rows if row.reference is not None]
    if measure.how in BY_LABEL or not tried:
        return
    everything = " ".join(dict.fromkeys(row.reference or "" for row in tried))
    for place, row in enumerate(tried):
        try:
            own = measure.score(row, _right(row, settings))
            others = (tried[place - 1].reference, "", row.input, everything)
            answers = (_right(row.model_copy(update={"reference": text}), settings) for text in others)
            if own is not None and any(measure.score(row, answer) != own for answer in answers):
                return
        except UserError:
            return  # it fails on what is no answer: that tells it from one
    raise SettingsError(
        f"`{'.'.join(key)}`: `{measure.name}` says the same of each of the {len(tried)} items, whether it is answered "
        "right, as another one is, with nothing or with everything: no candidate could be better than another by it",
        remedy="name a measure that tells right answers from wrong ones; this one can stand under `measures`",
        key=key,
    )


def _speaks(measure: Measure, row: Example, score: Score | None) -> bool:
    """Whether a right answer has a score: counts that counted anything, and not the worst that any answer can have."""
    if score is None or isinstance(score, tuple):
        return any(score or ())
    return not measure.higher_is_better or row.reference is None or score > measure.limits[0]


def _right(row: Example, settings: Settings) -> Answer:
    """The row answered as its reference does; without one, by its own input, which is some text at least."""
    text = row.reference if row.reference is not None else row.input
    return Answer(text, text, {text: 1.0}, nats=1.0, drawn=(text,) * settings.task.samples)


def _refuse_beyond(measure: Measure, settings: Settings, *, key: tuple[str, ...]) -> None:
    """A target that the measure cannot have, and a margin under which nothing could ever be worse."""
    asked, (low, high) = settings.decision.primary[measure.name], measure.limits
    told = f"between {low:g} and {high:g}" if math.isfinite(high) else f"{low:g} or more"
    if asked.target is not None and not low <= asked.target <= high:
        share = asked.target / 100
        raise SettingsError(
            f"`{'.'.join(key)}.target` is {asked.target:g}: `{measure.name}` lies {told}",
            remedy=f"did you mean {share:g}?" if high == 1.0 and 1.0 < asked.target <= 100 else f"name one {told}",
            key=key,
        )
    if asked.margin >= high - low:
        share = asked.margin / 100
        raise SettingsError(
            f"`{'.'.join(key)}.margin` is {asked.margin:g}: `{measure.name}` lies {told}, so nothing could ever be "
            "worse by more",
            remedy=f"did you mean {share:g}?" if 1.0 <= asked.margin <= 100 else "name a smaller one",
            key=key,
        )
