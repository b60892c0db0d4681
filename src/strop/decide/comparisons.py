"""The trials that compare: with the target, cheaper rungs, what serves, slice by slice, and with itself blind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from strop.decide.evidence import Arm, Evidence, echoes
from strop.decide.protocol import Protocol
from strop.decide.trials import Asked, At, Items, Trial
from strop.measure import aggregate, display_name, estimate, paired
from strop.records import CHANGED_WEIGHTS, Check, ItemResult, Measured, MeasureSpec

CONSTANT = "against_constant"
"""The check against what takes no model."""


def one_sided(alpha: float) -> float:
    """The two-sided level whose bounds each err ``alpha`` of the time."""
    return 1 - 2 * alpha


def level_of(spec: MeasureSpec, items: Items) -> At:
    """A measure with bounds."""
    return Asked(lambda asked, alpha: estimate(spec, asked[0], level=one_sided(alpha)), (items,))


def gain_over(spec: MeasureSpec, items: Items, other: Items) -> At:
    """By how much ``items`` is better than ``other`` on the same examples."""
    return Asked(lambda asked, alpha: paired(spec, *asked, level=one_sided(alpha)), (items, other))


def gain_over_best(spec: MeasureSpec, items: Items, others: Sequence[Items]) -> At:
    """By how much ``items`` is better than the best of ``others``, whichever that is.

    The smallest lower bound holds for the best one at ``alpha``, since it holds for each. Any of the upper bounds may
    be the one that errs, so they are taken at ``alpha`` over their number.
    """

    def ask(asked: Sequence[Items], alpha: float) -> Measured:
        own, *rest = asked
        found = [paired(spec, own, other, level=one_sided(alpha)) for other in rest]
        upper = [paired(spec, own, other, level=one_sided(alpha / len(rest))).high for other in rest]
        nearest = min(found, key=lambda measured: measured.value)
        return nearest.model_copy(update={"low": min(m.low for m in found), "high": min(upper)})

    return Asked(ask, (items, *others))


def primary_trials(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    """Everything that is asked of the primary measure."""
    across = evidence.across()
    asked = (
        (_level, across),
        (_lower_rungs, across),
        (_constant, across),
        (_release, evidence),
        (_incumbents, evidence),
        (_slices, watched(evidence)),
        (_input_dependence, across),
    )
    return [
        replace(trial, unit=seen.unit) if isinstance(trial, Trial) else trial
        for ask, seen in asked
        for trial in ask(seen, protocol, spec)
    ]


def watched(evidence: Evidence) -> Evidence:
    """Where slices are looked at: on all items, unless something serves, which answered the sealed ones only."""
    return evidence if evidence.release is not None else evidence.across()


def _level(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    if protocol.target is None:
        return []
    detail = f"{display_name(spec.name)} against its target"
    return [_target("primary", evidence.items, protocol.target, spec, detail)]


def _target(
    name: str, items: Items, target: float, spec: MeasureSpec, detail: str, slice_name: str | None = None
) -> Trial:
    return Trial(
        name=name,
        at=level_of(spec, items),
        passes=target,
        fails=target,
        less_is_better=not spec.higher_is_better,
        detail=detail,
        slice=slice_name,
    )


def _lower_rungs(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    rule = "better" if protocol.target is None else protocol.decision.against.lower_rungs
    name = "against_lower_rungs"
    if rule == "ignore":
        return []
    unpriced = protocol.rules > 6 and _unpriced(evidence)
    rule = "not_worse" if unpriced else rule  # it runs already: whatever replaces it has to have a case
    arms = rivals(evidence)
    if not evidence.lower_rungs and evidence.candidate.spec.method in CHANGED_WEIGHTS:
        return [Check(name=name, verdict="missing", detail="a tuned model was compared with no cheaper rung")]
    rung = "cheaper rung that does more than repeat its input" if evidence.lower_rungs else "cheaper rung"
    if not arms and protocol.target is None and protocol.rules > 1 and _constant(evidence, protocol, spec):
        detail = f"there is no {rung}: {CONSTANT} and input_dependence say what it has to beat"
        return [Check(name=name, verdict="pass", detail=detail)]
    if not arms and protocol.target is None:
        why = f"as there is neither a target nor a {rung}"
        detail = f"{display_name(spec.name)} against its own answers dealt to other items, {why}"
        return [_blind(evidence, protocol, spec, name, detail)]
    if not arms:
        return [Check(name=name, verdict="pass", detail=f"there is no {rung}")]
    best = best_arm(spec, arms)
    detail = f"{display_name(spec.name)} against {best.name}" + (
        f", the best of {len(arms)} cheaper rungs" if len(arms) > 1 else ""
    )
    detail += ", its own price not being known" if unpriced else ""
    at = gain_over_best(spec, evidence.items, [arm.items for arm in arms])
    return [_better(name, at, protocol, detail) if rule == "better" else _not_worse(name, at, protocol, detail)]


def _unpriced(evidence: Evidence) -> bool:
    """Whether the candidate runs today at a price that nobody knows."""
    asked = evidence.candidate.spec.method in ("remote", "answers")
    return asked and any(item.cost is None for item in evidence.items)


def _constant(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    """Better than what takes no model: for labels always; else where there is no cheaper rung."""
    if not protocol.constant:
        return []
    found = evidence.constant_items
    if found is None:
        return [Check(name=CONSTANT, verdict="missing", detail="nobody asked how good an answer without a model is")]
    labels = {item.label for item in found if item.label is not None}
    if not found or (not labels and rivals(evidence)):
        return []
    if labels and protocol.rules > 5 and {item.label for item in evidence.items} == labels:
        detail = f"it answers every item alike, {no_model(found)}, which takes no model"
        return [Check(name=CONSTANT, verdict="fail", n=len(evidence.items), unit=evidence.unit, detail=detail)]
    at = gain_over(spec, evidence.items, found)
    return [_better(CONSTANT, at, protocol, f"{display_name(spec.name)} against {no_model(found)}")]


def no_model(items: Items) -> str:
    """The answers that take no model, in words."""
    label = items[0].label
    return "the input handed back" if label is None else f"always saying “{label}”"


def rivals(evidence: Evidence) -> list[Arm]:
    """The cheaper rungs that do more than repeat their input: an echo would win wherever inclusion is measured."""
    return [arm for arm in evidence.lower_rungs if not echoes(arm.report.measures)]


def best_arm(spec: MeasureSpec, arms: Sequence[Arm]) -> Arm:
    """The arm with the best value; an arm without the measure is the worst."""

    def key(arm: Arm) -> float:
        try:
            value = aggregate(spec, arm.items)
        except ValueError:
            return float("-inf")
        return value if spec.higher_is_better else -value

    return max(arms, key=key)


def _better(name: str, at: At, protocol: Protocol, detail: str) -> Trial:
    """Better at all passes; a gain of the margin or more that is ruled out fails."""
    return Trial(name=name, at=at, passes=0.0, fails=protocol.margin, strictly=True, detail=detail)


def _not_worse(name: str, at: At, protocol: Protocol, detail: str, *, slice_name: str | None = None) -> Trial:
    return Trial(
        name=name, at=at, passes=-protocol.margin, fails=-protocol.margin, detail=detail, slice=slice_name
    )  # fmt: skip


def _release(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    rule, name = protocol.decision.against.release, "against_release"
    if rule == "ignore":
        return []
    if evidence.release is None:
        return [Check(name=name, verdict="pass", detail="nothing serves yet")]
    detail = f"{display_name(spec.name)} against {evidence.release.name}, which serves now"
    if rule == "better":
        return [_better(name, gain_over(spec, evidence.items, evidence.release.items), protocol, detail)]
    arms: tuple[Items, Items] = evidence.items, evidence.release.items
    before = len(evidence.items) - len(evidence.new)
    if 1 < before < len(evidence.items):  # a single one has no spread
        arms = _which(arms, lambda item: item.example not in evidence.new)
        detail += f", on the {before} items that it was judged on"
    not_worse = _not_worse(name, gain_over(spec, *arms), protocol, detail)
    return [not_worse, _gain_somewhere(evidence, evidence.release, protocol, spec)]


def _which(arms: tuple[Items, Items], wanted: Callable[[ItemResult], bool]) -> tuple[Items, Items]:
    """Both arms' results on some of the items."""
    own, other = ([item for item in items if wanted(item)] for items in arms)
    return own, other


def _incumbents(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    """Against the best of what runs today, whichever that is."""
    rule, name, arms = protocol.decision.against.incumbent, "against_incumbent", evidence.incumbents
    if rule == "ignore" or not arms:
        return []
    best = best_arm(spec, arms)
    detail = f"{display_name(spec.name)} against {best.name}" + (f", the best of {len(arms)}" if len(arms) > 1 else "")
    at = gain_over_best(spec, evidence.items, [arm.items for arm in arms])
    return [_better(name, at, protocol, detail) if rule == "better" else _not_worse(name, at, protocol, detail)]


def _gain_somewhere(evidence: Evidence, release: Arm, protocol: Protocol, spec: MeasureSpec) -> Trial:
    """Better than what serves, on all items, on those that came in since it was judged, or on a declared slice.

    The bounds allow for the choice.
    """
    places: list[tuple[Items, Items]] = [(evidence.items, release.items)]
    told = ["all items"]
    if 1 < len(evidence.new) < len(evidence.items):
        places.append(_which(places[0], lambda item: item.example in evidence.new))
        told.append(f"the {len(evidence.new)} that came in since")
    if protocol.decision.slices:
        told.append("a declared slice")
    for key in protocol.decision.slices:
        for value in slice_values(evidence.items, key):
            places.append((in_slice(evidence.items, key, value), in_slice(release.items, key, value)))

    def at(alpha: float) -> Measured:
        lower = [paired(spec, own, other, level=one_sided(alpha / len(places))) for own, other in places]
        upper = max(paired(spec, own, other, level=one_sided(alpha)).high for own, other in places)
        best = max(lower, key=lambda measured: measured.low)
        return best.model_copy(update={"high": max(upper, best.high)})

    return _better(
        "gain_over_release", at, protocol, f"{display_name(spec.name)}: better than what serves on {' or '.join(told)}"
    )


def slice_values(items: Items, key: str) -> list[str]:
    """The values that a slice takes."""
    return sorted({item.slices[key] for item in items if key in item.slices})


def in_slice(items: Items, key: str, value: str) -> list[ItemResult]:
    """The items of one slice."""
    return [item for item in items if item.slices.get(key) == value]


def _slices(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    found: list[Trial | Check] = []
    cheaper = rivals(evidence)
    arm = evidence.release or (best_arm(spec, cheaper) if cheaper else None)
    for key in protocol.decision.slices:
        values = slice_values(evidence.items, key)
        if not values:
            found.append(Check(name=f"slices.{key}", verdict="missing", detail=f"no test item says its {key}"))
        found += [_slice(evidence, arm, protocol, spec, (key, value)) for value in values]
    return found


def _slice(
    evidence: Evidence, arm: Arm | None, protocol: Protocol, spec: MeasureSpec, place: tuple[str, str]
) -> Trial | Check:
    named = f"{place[0]}={place[1]}"
    name, own = f"slices.{named}", in_slice(evidence.items, *place)
    if arm is not None:
        at = gain_over(spec, own, in_slice(arm.items, *place))
        detail = f"{display_name(spec.name)} where {named}, against {arm.name}"
        return _not_worse(name, at, protocol, detail, slice_name=named)
    if protocol.target is not None:
        detail = f"{display_name(spec.name)} where {named}, against the target"
        return _target(name, own, protocol.target, spec, detail, slice_name=named)
    return Check(name=name, verdict="pass", detail="no target, no cheaper rung, nothing serves: nothing to fall behind")


def _input_dependence(evidence: Evidence, protocol: Protocol, spec: MeasureSpec) -> list[Trial | Check]:
    detail = f"{display_name(spec.name)} of the answers against that of the same answers dealt to other items"
    return [_blind(evidence, protocol, spec, "input_dependence", detail)]


def _blind(evidence: Evidence, protocol: Protocol, spec: MeasureSpec, name: str, detail: str) -> Trial | Check:
    """Better than its own answers dealt to other items: an answer has to depend on what was asked."""
    if evidence.swapped_items is None:
        return Check(name=name, verdict="missing", detail="the answers were not scored against other items")
    texts = {item.answer.strip() for item in evidence.items if item.label is None}
    if protocol.rules > 6 and len(texts) == 1 and sum(item.label is None for item in evidence.items) > 1:
        detail = "it answers every item alike, so nothing in its answers hangs on what is asked"
        return Check(name=name, verdict="fail", n=len(evidence.items), unit=evidence.unit, detail=detail)
    return Trial(
        name=name,
        at=gain_over(spec, evidence.items, evidence.swapped_items),
        passes=0.0,
        fails=protocol.input_margin,
        strictly=True,
        detail=detail,
    )
