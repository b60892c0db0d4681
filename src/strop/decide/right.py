"""How many labels are right: what macro F1, which counts each label alike, does not say."""

from __future__ import annotations

from collections.abc import Iterable

from strop.decide.comparisons import best_arm, rivals
from strop.decide.evidence import Evidence
from strop.records import ItemResult, MeasureSpec, RightLabels

NAME = "Right labels"
"""What the numbers are called wherever they stand."""


def right_labels(evidence: Evidence, spec: MeasureSpec) -> RightLabels | None:
    """The candidate's right labels, beside those of the best cheaper rung and of always saying the commonest one.

    Args:
        evidence: the items that the verdict's headline speaks of (:meth:`.Evidence.across`).
        spec: the primary measure.
    Returns:
        None where labels are not judged, or their share is the primary measure itself.
    """
    judged = frozenset(item.example for item in evidence.items if item.gold is not None)
    if spec.how not in ("macro_f1", "matthews") or not judged:
        return None

    def right(items: Iterable[ItemResult]) -> int:
        return sum(item.example in judged and item.label == item.gold for item in items)

    arms = rivals(evidence)
    rung = best_arm(spec, arms) if arms else None
    without = evidence.constant_items or ()
    return RightLabels(
        right=right(evidence.items),
        n=len(judged),
        rung=rung and rung.name,
        rung_right=None if rung is None else right(rung.items),
        constant=without[0].label if without else None,
        constant_right=right(without) if without else None,
    )


def share(found: RightLabels) -> str:
    """The candidate's own: ``4 of 8``."""
    return f"{found.right:,} of {found.n:,}"


def beside(found: RightLabels) -> str:
    """Its share and the others': ``50 %; the classical model: 6; always “neutral”: 6``."""
    parts = [f"{100 * found.right / found.n:.0f} %"]
    if found.rung is not None:
        parts.append(f"{found.rung}: {found.rung_right:,}")
    if found.constant is not None:
        parts.append(f"always “{found.constant}”: {found.constant_right:,}")
    return "; ".join(parts)


def told(found: RightLabels) -> str:
    """All in a line: ``Right labels: 4 of 8 (50 %; the classical model: 6; always “neutral”: 6)``."""
    return f"{NAME}: {share(found)} ({beside(found)})"
