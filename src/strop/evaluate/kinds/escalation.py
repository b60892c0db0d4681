"""Measures of handing over to a person: when it was needed, and only then."""

from __future__ import annotations

from collections.abc import Callable

from strop.evaluate.answers import Answer
from strop.evaluate.kinds.grounding import hands_over
from strop.evaluate.kinds.guide import Guide
from strop.evaluate.measures import COUNTED, Measure, Score, Scorer
from strop.records import Example
from strop.settings import Costs

COST = "escalation_cost"
_EXPECT = ("should_escalate",)


def escalations(guide: Guide | None, costs: Costs) -> list[Measure]:
    """F1, precision and recall; the cost where ``costs.missed_escalation`` is set.

    An answer hands over when it says so ("pass you to a colleague") or is nearly the guide's ``escalation_answer``.
    """
    known = [guide.escalation] if guide and guide.escalation else []
    settings = {"guide": guide.digest} if guide and known else {}

    def told(scorer: Callable[[bool, bool], Score | None], says: str) -> Scorer:
        def score(example: Example, answer: Answer) -> Score | None:
            wanted = example.expect.get("should_escalate")
            return None if wanted is None else scorer(hands_over(answer.text, known), bool(wanted))

        score.__doc__ = says
        return score

    f1 = told(_counts, "F1 of handing over to a person against ``expect.should_escalate``.")
    precision = told(_right, "Needed / all handings over: averaged over the answers that hand over.")
    recall = told(_seen, "Handed over / those with ``expect.should_escalate``: averaged over these.")
    found = [
        Measure("escalation_f1", "micro_f1", f1, settings=settings, expect=_EXPECT),
        Measure("escalation_precision", "mean", precision, settings=settings, expect=_EXPECT),
        Measure("escalation_recall", "mean", recall, settings=settings, expect=_EXPECT),
    ]
    if costs.missed_escalation is None:
        return found
    missed, needless = costs.missed_escalation, costs.expert_hour * costs.minutes_per_item / 60

    def cost(said: bool, wanted: bool) -> float:
        return missed if wanted and not said else needless if said and not wanted else 0.0

    prices = {"missed": f"{missed:g}", "needless": f"{needless:g}"}
    says = (
        "Money an answer: ``costs.missed_escalation`` where a person was needed and not called, an expert's time for "
        "one item where one was called needlessly; else 0."
    )
    scorer = told(cost, says)
    priced = settings | prices
    return [
        *found,
        Measure(COST, "mean", scorer, higher_is_better=False, settings=priced, expect=_EXPECT, limits=COUNTED),
    ]


def _counts(said: bool, wanted: bool) -> Score:
    return float(said and wanted), float(said and not wanted), float(not said and wanted)


def _right(said: bool, wanted: bool) -> float | None:
    return float(wanted) if said else None


def _seen(said: bool, wanted: bool) -> float | None:
    return float(said) if wanted else None
