"""Before the sealed test set is opened: what could give no verdict is refused without a look, and a look is counted."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence

from strop import curate, decide, evaluate
from strop.errors import NotReady, SettingsError, StorageError, UserError
from strop.measure import ERROR_RATE
from strop.measure.alike.near import canonical_text
from strop.project.opened import Opened
from strop.records import CHANGED_WEIGHTS, Candidate, Dataset, Decision, Example, ItemResult, MeasureSpec
from strop.store.sealed import Noted, UsedUp


def refuse_beforehand(
    project: Opened, candidate: Candidate, dataset: Dataset, protocol: decide.Protocol, rungs: Sequence[Candidate]
) -> None:
    """Refuse a protocol under which no candidate could pass, or that cannot be computed; no model is asked.

    Args:
        project: opened.
        candidate: to be decided on.
        dataset: its dataset.
        protocol: what strop.yaml asks for.
        rungs: the cheaper rungs that it would be compared with.
    Raises:
        SettingsError: with the line of strop.yaml; NotReady: where there is nothing to compare a tuned model with.
    """
    test = project.rows(dataset, "test")
    try:
        evaluate.refuse_unfit(test, kind=dataset.kind, settings=project.settings, project=project.folder)
        _refuse_slices(test, protocol)
        _refuse_guards(dataset, protocol)
    except SettingsError as error:
        error.place = error.place or project.place(*error.key)
        raise
    asked = protocol.decision.against.lower_rungs != "ignore" or protocol.target is None
    if asked and not rungs and candidate.spec.method in CHANGED_WEIGHTS:
        raise NotReady(
            f"{candidate.id} is tuned, and there is no cheaper rung to compare it with",
            place=project.place("ladder", "methods"),
            remedy="put `prompt` into ladder.methods and run: strop choose",
        )


def refuse_without_probabilities(project: Opened, answers: Candidate, protocol: decide.Protocol) -> None:
    """Refuse a primary measure that says nothing of a file of answers. Raises SettingsError; nothing is opened."""
    if protocol.primary in evaluate.OF_PROBABILITIES:
        raise SettingsError(
            f"`decision.primary`: `{protocol.primary}` says nothing of {answers.spec.settings['name']}, whose answers "
            "carry no probabilities",
            place=project.place("decision", "primary"),
            remedy="name macro_f1 or accuracy, or leave the file out (`decision: {against: {incumbent: ignore}}`); "
            "nothing was counted",
        )


def refuse_moved(project: Opened, moved: decide.Moved | None) -> None:
    """Refuse lines that were made easier to pass after a verdict on this candidate and these items was no yes.

    Raises SettingsError, with the line of strop.yaml; nothing is opened.
    """
    if moved is None or not moved.same:
        return
    said = {"refuse": "refused it", "not_enough_evidence": "had not enough evidence"}[moved.verdict]
    raise SettingsError(
        f"a line was moved after the test set was seen: {moved.decision} {said} on these items ({decide.told(moved)}); "
        "what gives in when it is asked again proves nothing",
        place=project.place("decision"),
        remedy="put that back; or let the test set grow by as many items that nobody has looked at (rows of a source "
        "with `split: test`), then: strop curate, choose, decide. Nothing was opened, and nothing was counted",
    )


def count_look(project: Opened, dataset: Dataset, looks: Sequence[str], *, folds: int | None) -> Noted:
    """Note durably that the test set is opened, before anything is seen.

    A look that crashes half-way was a look; the same look again is the same line. With ``folds`` the training rows are
    looked at, too.

    Args:
        project: opened.
        dataset: whose test items are judged.
        looks: names under which this look may stand; under the last one it is noted.
        folds: parts in which the training rows are tested, too.
    Raises:
        StorageError: where a stored decision names a look that the record of openings does not hold.
        NotReady: when all openings that strop.yaml allows are used, or all its error is spent.
        SettingsError: for what cannot be shown on so many items at this opening. Nothing is noted then.
    """
    _refuse_taken_out(project)
    sealed, asked = project.store.sealed, project.settings.decision
    judged = [*project.rows(dataset, "test"), *(project.rows(dataset, "train") if folds else ())]
    known = [noted for name in looks if (noted := sealed.noted([row.id for row in judged], name)) is not None]
    if known:
        return known[0]
    same, look = _touched_up(project, dataset, judged), looks[-1]

    def share(number: int, spent: float) -> float:
        alpha = decide.alpha_left(number, alpha=asked.alpha, uses=asked.test_uses, spent=spent)
        if alpha > 0 and number <= asked.test_uses:
            _refuse_unshowable(project, dataset, judged, alpha)
        return alpha

    items = {row.id: _asked(row) for row in judged}
    try:
        sealed.count(items, look, most=asked.test_uses, same=same, share=share)
    except UsedUp as error:
        raise _used_up(project, error, len(same), len(judged)) from None
    if same:
        project.say(
            f"{len(same)} of the {len(judged)} items are no fresh ones: they are items that were looked at before, "
            "touched up, or bear their ids."
        )
    noted = sealed.noted(items, look)
    assert noted is not None
    return noted


def _refuse_unshowable(project: Opened, dataset: Dataset, judged: Sequence[Example], alpha: float) -> None:
    """Refuse what these items cannot show at this opening, whatever was answered."""
    most, sealed = project.settings.decision.abstain.max_error, set(dataset.splits["test"])
    perfect = [_never_wrong(row) for row in judged if row.id in sealed]
    if most is not None and (found := decide.unshown_target(ERROR_RATE, perfect, most, alpha=alpha)) is not None:
        needed = found.needed or f"more than {decide.MOST:,}"
        raise SettingsError(
            f"`decision.abstain.max_error` is {most:g}: {decide.together(perfect, 'test item')} cannot show it at this "
            f"opening (α = {alpha:g}), not even if all were answered and none wrong; {needed} could",
            place=project.place("decision", "abstain"),
            remedy=f"let the test set grow to {needed} items or more, or promise a larger share; nothing was counted",
        )
    spec, best, worst = evaluate.extremes(judged, kind=dataset.kind, settings=project.settings, project=project.folder)
    if not best:
        return
    why = decide.unshowable(spec, best, worst, alpha=alpha)
    if why is not None:
        raise SettingsError(
            f"`decision.primary`: no verdict can turn on `{spec.name}` here: {why}",
            place=project.place("decision", "primary"),
            remedy="name a measure that speaks of more items, or give more test items, in more groups, what it reads; "
            "nothing was counted",
        )
    _refuse_target(project, dataset, spec, best, alpha)


def _never_wrong(row: Example) -> ItemResult:
    return ItemResult(example=row.id, answer="", scores={ERROR_RATE.name: 0.0}, cluster=row.group)


def _refuse_target(
    project: Opened, dataset: Dataset, spec: MeasureSpec, best: Sequence[ItemResult], alpha: float
) -> None:
    """Refuse a target that not even the best answers to these items would be shown to reach."""
    target = next((asked.target for asked in project.settings.decision.primary.values()), None)
    if target is None or (found := decide.unshown_target(spec, best, target, alpha=alpha)) is None:
        return
    on = decide.together(best, "item" if project.settings.decision.cross_fit else "test item")
    if spec.higher_is_better:
        side, within = "lower", f"{math.floor(100 * found.reached) / 100:g} at most"
    else:
        side, within = "upper", f"{math.ceil(100 * found.reached) / 100:g} at least"
    could, remedy = "no number of them could", f"name a target of {within}"
    if found.needed is not None:
        rows = sum(len(dataset.splits.get(split, ())) for split in ("train", "test"))
        trained = not project.settings.decision.cross_fit and rows >= found.needed
        crossing = ", test the training rows, too (`decision.cross_fit: 5`)" if trained else ""
        grows = "the rows that are tested" if project.settings.decision.cross_fit else "the test set"
        could, remedy = f"{found.needed} could", f"let {grows} grow to {found.needed}{crossing}, or {remedy}"
    raise SettingsError(
        f"`decision.primary.{spec.name}.target` is {target:g}: {on} cannot show it at this opening (α = {alpha:g}), "
        f"not even if all were answered right: the {side} bound would be {found.reached:.3f}; {could}",
        place=project.place("decision", "primary", spec.name),
        remedy=f"{remedy}; nothing was counted",
    )


def _touched_up(project: Opened, dataset: Dataset, judged: Sequence[Example]) -> dict[str, str]:
    """Items that nobody has looked at as they are, but that are one of those that somebody has, touched up."""
    earlier = project.store.sealed.looked_at()
    fresh = [row for row in judged if row.id not in set(earlier)]
    if not fresh or not earlier:
        return {}
    rows = project.store.examples_by_id(earlier)
    gone = set(earlier) - {row.id for row in judged}
    return curate.touched_up(
        fresh, list(rows.values()), gone=gone, kind=dataset.kind, settings=project.settings
    )  # fmt: skip


def forgotten_looks(project: Opened, decision: Decision) -> list[str]:
    """Whether the record of openings still holds the look that a decision was made by, and those before it."""
    sealed = project.store.sealed
    broken = sealed.broken()
    if broken is not None:
        return [
            f"test_uses: the record of openings does not match its hashes from the line of {broken[:19]} on: one "
            "before it was taken out, or it was changed"
        ]
    if gone := _taken_out(project, decision):
        return [f"test_uses: {gone}"]
    noted = sealed.by_seal(decision.opening) if decision.opening else None
    share = decision.alpha if noted is None or noted.share is None else noted.share
    if not math.isclose(share, decision.alpha):
        return [f"alpha: the decision says {decision.alpha:g}, its line in the record of openings {share:g}"]
    return []


def _taken_out(project: Opened, decision: Decision) -> str | None:
    """How the look that a decision was made by, or one before it, is no longer in the record; None where all are."""
    sealed = project.store.sealed
    if decision.opening and sealed.by_seal(decision.opening) is None:
        return (
            f"{decision.id} was made by opening {decision.test_uses} of the sealed test set ({decision.opening}), "
            "which the record of openings does not hold any more"
        )
    splits = project.store.get(decision.dataset, Dataset).splits
    held = sealed.uses([
        *splits.get("test", ()), *(splits.get("train", ()) if decide.CROSSED in decision.reports else ())
    ])  # fmt: skip
    if held < decision.test_uses:
        return f"{decision.id} says opening {decision.test_uses}, the record of openings holds {held}"
    return None


def _refuse_taken_out(project: Opened) -> None:
    """Looks that were taken out at the end of their record leave it whole; the decisions that they led to tell."""
    for decision in project.store.all(Decision):
        if gone := _taken_out(project, decision):
            raise StorageError(
                f"the record of openings of the sealed test set was changed: {gone}, so nobody knows how many looks "
                "there were",
                remedy="restore the database from a backup; nothing was opened, and nothing was counted",
            )


def _looks(many: int) -> str:
    return "1 look at its items was" if many == 1 else f"{many} looks at its items were"


def _used_up(project: Opened, error: UsedUp, same: int, items: int) -> UserError:
    days = [look.created[:10] for look in error.looks]
    when = "" if not days else f" ({', '.join(dict.fromkeys(days))})" if len(days) > 1 else f" ({days[0]})"
    asked = project.settings.decision
    key, why = "test_uses", f"this would be opening {error.would_be}, and `decision.test_uses` allows {asked.test_uses}"
    if error.would_be <= asked.test_uses:
        key, why = (
            "alpha",
            (
                f"they spent {error.spent:.3g} of the error that verdicts on these items may make in all, and "
                f"`decision.alpha` allows {asked.alpha:g}: nothing is left for opening {error.would_be}, however many "
                "`decision.test_uses` allows"
            ),
        )
    touched = f" ({same} of the {items} items were touched up since, or bear an earlier one's id)" if same else ""
    return NotReady(
        f"the sealed test set stays closed: {_looks(len(days))} taken{when}{touched}, {why}; no model "
        "was asked, and nothing was counted",
        place=project.place("decision", key),
        remedy="let the test set grow by items that nobody has looked at, then: strop curate, choose, decide. Rows of "
        "a source with `split: test` join it, as does one of three corrections of what serves; as many new items as "
        "there are halve the count",
    )


def _asked(row: Example) -> str:
    """What a test item asks, without what an edit may change and leave the item the same."""
    return canonical_text("\n".join(turn.content for turn in row.messages if turn.role != "system"))


def _refuse_slices(test: Sequence[Example], protocol: decide.Protocol) -> None:
    known = sorted({column for row in test for column in row.slices})
    for place, key in enumerate(protocol.decision.slices):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            there = f"known: {', '.join(known)}" if known else "no column is: name it in data.columns.slices"
            raise SettingsError(
                f"`decision.slices`: none of the {len(test)} test items says its {key!r}",
                remedy=f"did you mean `{near[0]}`?" if near else f"{there}, then: strop curate",
                key=("decision", "slices", place),
            )


def _refuse_guards(dataset: Dataset, protocol: decide.Protocol) -> None:
    """Limits that nothing can keep, or that nothing could break."""
    guard, abstain = protocol.decision.guard, protocol.decision.abstain
    loss = guard.general_ability
    if loss is not None and not 0 <= loss < 1:
        raise SettingsError(
            f"`decision.guard.general_ability` is {loss:g}: it is the largest loss of a share",
            remedy="name one from 0 to below 1, 0.03 for example; null: not asked for",
            key=("decision", "guard", "general_ability"),
        )
    for name, limit in (("p95_ms", guard.p95_ms), ("memory", guard.memory)):
        if limit is not None and limit <= 0:
            raise SettingsError(
                f"`decision.guard.{name}` is {limit:g}: no model can keep it",
                remedy="name a positive one; null: not asked for",
                key=("decision", "guard", name),
            )
    if abstain.max_error is not None and (dataset.kind != "classification" or not dataset.splits.get("validation")):
        lacks = "there are no validation rows" if dataset.kind == "classification" else f"this task is {dataset.kind}"
        raise SettingsError(
            f"`decision.abstain` needs labels with probabilities, and validation rows for its threshold: {lacks}",
            remedy="leave `decision.abstain` out",
            key=("decision", "abstain"),
        )
