"""Where all rows were tested by models of the same making: is the one that would serve as good as they are?"""

from __future__ import annotations

import math

from strop.decide import words
from strop.decide.comparisons import one_sided
from strop.decide.evidence import Evidence
from strop.decide.protocol import Protocol
from strop.measure import display_name, estimate
from strop.records import INCUMBENT_METHODS, Check, CheckVerdict, MeasureSpec

NAME = "final_model"


def final_checks(evidence: Evidence, protocol: Protocol, spec: MeasureSpec, alpha: float) -> list[Check]:
    """The candidate itself, on the sealed items, beside the models that were trained without a part of the rows.

    That it is as good cannot be shown on the few sealed items, and is not asked: it fails where it is certainly worse
    than they are by more than the margin. Both estimates are independent, so the interval of their difference follows
    from theirs (MOVER: Zou and Donner 2008). Missing where the protocol asks for cross-fitting and nobody did it.
    """
    if protocol.decision.cross_fit is None or evidence.candidate.spec.method in INCUMBENT_METHODS:
        return []
    if evidence.crossed is None:
        return [Check(name=NAME, verdict="missing", detail="the training rows were not answered by other models")]
    sealed = {item.example for item in evidence.items}
    others = [item for item in evidence.crossed.items if item.example not in sealed]
    try:
        own, theirs = (estimate(spec, items, level=one_sided(alpha)) for items in (evidence.items, others))
    except ValueError as error:
        return [Check(name=NAME, verdict="missing", margin=-protocol.margin, detail=str(error))]
    value = own.value - theirs.value
    low = value - math.hypot(own.value - own.low, theirs.high - theirs.value)
    high = value + math.hypot(own.high - own.value, theirs.value - theirs.low)
    if not spec.higher_is_better:
        value, low, high = -value, -high, -low
    detail = (
        f"{display_name(spec.name)} of the model itself on {words.counted(own, evidence.unit)}, against "
        f"{words.number(theirs.value)} of those that answered the other {words.counted(theirs)}: "
        "no certain loss beyond the margin is asked"
    )
    verdict: CheckVerdict = "fail" if high < -protocol.margin else "pass"
    bounds = {"value": value, "low": low, "high": high, "margin": -protocol.margin}
    seen = {"n": own.n, "items": own.items, "unit": evidence.unit}
    return [Check(name=NAME, verdict=verdict, detail=detail, **bounds, **seen)]
