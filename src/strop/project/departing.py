"""Items that earlier verdicts looked at and that have left the test set since: was it those that had gone wrong?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from strop import decide
from strop.measure import as_low_by_chance, item_score
from strop.project import judging
from strop.project.opened import Opened
from strop.records import Dataset, Decision, ItemResult, MeasureSpec, Report


def departed(project: Opened, dataset: Dataset, *, before: str | None = None) -> decide.Departed | None:
    """What left the test set after verdicts of older versions, and how their candidates did on it.

    An item that was touched up, or whose label was put right, has not left. A set of which nothing stayed is a fresh
    one. Of several verdicts the one counts that tells most, its chance times their number.

    Args:
        project: opened.
        dataset: the version whose test items are judged.
        before: only verdicts older than this moment.
    """
    same = project.store.sealed.items()
    own = {same.get(row, row) for row in dataset.splits.get("test", ())}
    gone, found = set[str](), list[decide.Departed]()
    for decision in project.store.all(Decision, until=before):
        older = project.store.get(decision.dataset, Dataset)
        if older.id == dataset.id or older.created > dataset.created:
            continue
        report = project.store.get(decision.reports["candidate"], Report)
        items = judging.items_of(project, report)
        left = {item.example for item in items if same.get(item.example, item.example) not in own}
        if not 0 < len(left) < len(items):
            continue
        gone |= {same.get(example, example) for example in left}
        spec = decide.primary_of(report, decision.protocol.get("primary"))
        if spec is not None:
            found += _told(decision.id, items, left, spec)
    if not found:
        return None
    worst = min(found, key=lambda one: one.p)
    return decide.Departed(**{**vars(worst), "items": len(gone), "p": min(1.0, worst.p * len(found))})


def _told(decision: str, items: Sequence[ItemResult], left: set[str], spec: MeasureSpec) -> list[decide.Departed]:
    """How a verdict's candidate did on the items that left and on those that stayed; items of one group count once."""
    sign = 1.0 if spec.higher_is_better else -1.0
    scored = [(item, score) for item in items if (score := item_score(spec, item)) is not None]
    if not 0 < sum(item.example in left for item, _ in scored) < len(scored):
        return []
    groups: dict[tuple[bool, str], list[float]] = {}
    for item, score in scored:
        groups.setdefault((item.example in left, item.cluster or item.example), []).append(score)
    means = [sign * float(np.mean(scores)) for scores in groups.values()]
    p = as_low_by_chance(means, [gone for gone, _ in groups])
    value, rest = (_mean(groups, gone) for gone in (True, False))
    stayed = sum(item.example not in left for item, _ in scored)
    return [decide.Departed(items=len(left), decision=decision, value=value, rest=rest, stayed=stayed, p=p)]


def _mean(groups: Mapping[tuple[bool, str], list[float]], gone: bool) -> float:
    return float(np.mean([score for (left, _), scores in groups.items() if left is gone for score in scores]))
