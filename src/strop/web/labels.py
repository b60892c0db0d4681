"""How many labels are right: what macro F1, which counts each label alike, does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from strop.records import ItemResult, MeasureSpec
from strop.web import words


def right(spec: MeasureSpec, judged: Sequence[tuple[str, Sequence[ItemResult]]]) -> list[tuple[str, str, str]]:
    """The candidate's right labels, beside those of the best cheaper rung and of always saying the commonest one.

    Args:
        spec: the primary measure.
        judged: the candidate's name and items, then the rung's, if there is one, on the same items.
    Returns:
        Head, number and note; nothing where labels are not judged, or their share is the primary measure itself.
    """
    golds = Counter(item.gold for _, items in judged[:1] for item in items if item.gold is not None)
    if spec.how not in ("macro_f1", "matthews") or not golds:
        return []
    label, often = min(golds.items(), key=lambda one: (-one[1], one[0]))
    correct, *others = [sum(item.label == item.gold for item in items) for _, items in judged if items]
    beside = [f"{name}: {found}" for (name, _), found in zip(judged[1:], others, strict=False)]
    note = "; ".join([words.share(correct, golds.total()), *beside, f"always “{label}”: {often}"])
    return [("Right labels", f"{correct:,} of {golds.total():,}", note)]
