"""What the sealed items are likely to show, told before anybody looks at them; and what testing all rows would add."""

from __future__ import annotations

from collections.abc import Sequence

from strop import decide, tune
from strop.decide.words import measured_difference
from strop.measure import paired
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import INCUMBENT_METHODS, Candidate, Dataset, ItemResult, Ladder, MeasureSpec, Split, Step

SMALL = 1000
"""Rows up to which testing each of them is worth its trainings."""


def cheaper_rungs(
    project: Opened, dataset: Dataset, candidate: Candidate, *, climbed: Sequence[Step] = ()
) -> list[Step]:
    """The rungs of ours below a candidate that were ever tried on a dataset: a further climb without one forgets none.

    Below is what stands before it in a ladder that holds it; of other ladders, what comes before it by its method, on
    no base or on its own. Beside what runs today at a price that nobody knows, every rung of ours is: nothing says that
    it is dearer.

    Args:
        project: opened.
        dataset: whose validation items the rungs were judged on.
        candidate: what is to beat them.
        climbed: the steps of a ladder that is not stored yet, from the cheapest up.
    """
    ladders = [ladder.steps for ladder in project.store.all(Ladder) if ladder.dataset == dataset.id]
    found: dict[str, Step] = {}
    for steps in [climbed, *ladders] if climbed else ladders:
        place = next((i for i, step in enumerate(steps) if step.candidate == candidate.id), None)
        if place is None:
            below = [step for step in steps if decide.comes_before(step, candidate.spec)]
        elif steps[place].cost is None and candidate.spec.method in INCUMBENT_METHODS:
            below = list(steps)
        else:
            below = list(steps[:place])
        for step in below:
            if step.method not in INCUMBENT_METHODS:
                found.setdefault(step.candidate, step)
    return list(found.values())


def best_of(steps: Sequence[Step], measure: MeasureSpec) -> Step | None:
    """The rung that was best on validation: the strongest of the weak, picked without the test set.

    None where none was judged by this measure.
    """
    sign = 1 if measure.higher_is_better else -1
    judged = [step for step in steps if measure.name in step.measures]
    fair = [step for step in judged if not decide.echoes(step.measures)]
    # Of equals the one that answers sooner: where no prompt can do the task, one that rambles is no better opponent.
    return max(
        fair or judged, key=lambda step: (sign * step.measures[measure.name].value, -(step.latency_ms or 0.0)),
        default=None,
    )  # fmt: skip


def shown(
    project: Opened, dataset: Dataset, own: Sequence[ItemResult], rival: Sequence[ItemResult], *, alpha: float
) -> decide.Foreseen | None:
    """Which gain over a rival the items of a verdict are likely to show, as far as the validation items tell."""
    folds = project.settings.decision.cross_fit
    splits: tuple[Split, ...] = ("test", "train") if folds else ("test",)
    judged = sum(len(dataset.splits.get(split, ())) for split in splits)
    models = folds + 1 if folds else 1
    return decide.foreseen(judging.spec_of(project, dataset), own, rival, n=judged, alpha=alpha, models=models)


def before_a_look(
    project: Opened, dataset: Dataset, own: Sequence[ItemResult], rival: Sequence[ItemResult], measure: MeasureSpec
) -> str:
    """Whether the pick's gain is one that the next look would show, in sentences; empty where nobody can tell.

    The look is not taken yet: whoever reads that the items are too few can gather more of them first.
    """
    asked = project.settings.decision
    test, aimed = dataset.splits.get("test", ()), any(one.target is not None for one in asked.primary.values())
    number = project.store.sealed.uses(test) + 1
    if not test or number > asked.test_uses or (aimed and asked.against.lower_rungs != "better"):
        return ""
    found = shown(project, dataset, own, rival, alpha=decide.alpha_at(number, alpha=asked.alpha, uses=asked.test_uses))
    if found is None:
        return ""
    seen = paired(measure, own, rival)
    told = f"{found.sentence}; seen there: {measured_difference(seen)}."
    if found.gain is not None and seen.value >= found.gain:
        return told
    return f"{told} More test items would make a verdict likelier. {all_rows(project, dataset)}".strip()


def all_rows(project: Opened, dataset: Dataset) -> str:
    """What testing the training rows, too, would add to few test items; empty where that is done or not worth it."""
    rows = sum(len(dataset.splits.get(split, ())) for split in ("train", "test"))
    if project.settings.decision.cross_fit or rows > SMALL:
        return ""
    return (
        f"With `decision: {{cross_fit: {tune.FOLDS}}}` all {rows} rows would be tested instead of "
        f"{len(dataset.splits['test'])}, for {tune.FOLDS} further trainings."
    )
