"""What became of a test set after earlier verdicts: items that left it, and lines that were moved once it was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from strop import decide
from strop.measure import as_low_by_chance, item_score
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import Candidate, Dataset, Decision, ItemResult, MeasureSpec, Report


class Since(NamedTuple):
    """What left the test set after verdicts on older versions, and what was altered in it."""

    departed: decide.Apart | None
    altered: decide.Apart | None


def since(project: Opened, dataset: Dataset, *, before: str | None = None) -> Since:
    """What became of the items that verdicts on older versions looked at.

    An item that was touched up, or whose label was put right, has not left; one that somebody had erased is left out,
    for that is written down elsewhere and cannot be undone. A set of which nothing stayed is a fresh
    one. Of several verdicts the one counts that tells most, its chance times their number.

    Args:
        project: opened.
        dataset: the version whose test items are judged.
        before: only verdicts older than this moment.
    """
    same, now = project.store.sealed.items(), set(dataset.splits.get("test", ()))
    own = {same.get(row, row) for row in now}
    gone, other = _Found(same), _Found(same)
    for decision in project.store.all(Decision, until=before):
        older = project.store.get(decision.dataset, Dataset)
        if older.id == dataset.id or older.created > dataset.created:
            continue
        report = project.store.get(decision.reports["candidate"], Report)
        spec = decide.primary_of(report, decision.protocol.get("primary"))
        if spec is None:
            continue
        items = _not_erased(project, judging.items_of(project, report), before)
        stayed = [item for item in items if same.get(item.example, item.example) in own]
        gone.add(decision.id, items, {item.example for item in items} - {item.example for item in stayed}, spec)
        other.add(decision.id, stayed, {item.example for item in stayed} - now, spec)
    return Since(gone.worst(), other.worst())


def _not_erased(project: Opened, items: Sequence[ItemResult], before: str | None) -> list[ItemResult]:
    erased = project.store.erasure.when([item.example for item in items])
    return [item for item in items if not (at := erased.get(item.example)) or (before is not None and at >= before)]


def moved(
    project: Opened, candidate: Candidate, protocol: decide.Protocol, *, before: str | None = None
) -> decide.Moved | None:
    """Lines that an earlier verdict on these items did not pass and that are easier to pass by this protocol.

    These items are those of today's test set where at least half of it was in that look: as many fresh ones make it
    another set.
    """
    same = project.store.sealed.items()
    own = {same.get(row, row) for row in project.store.get(candidate.dataset, Dataset).splits.get("test", ())}
    found: list[tuple[Decision, list[str]]] = []
    for decision in project.store.all(Decision, until=before):
        if decision.verdict == "promote" or decide.changed_protocol(decision):
            continue
        seen = project.store.get(decision.dataset, Dataset).splits.get("test", ())
        if 2 * len({same.get(row, row) for row in seen} & own) < len(own):
            continue
        stored = decide.Protocol.model_validate(decision.protocol)
        report = project.store.get(decision.reports["candidate"], Report)
        spec, usual = decide.primary_of(report, stored.primary), decide.primary_of(report)
        less = spec is not None and not spec.higher_is_better
        name = usual.name if usual else None
        if lines := decide.easier(stored, protocol, decision.checks, less_is_better=less, usual=name):
            found.append((decision, lines))
    return decide.worst(found, candidate.id)


class _Found:
    """What was found, verdict by verdict; ``same``: which item each example is."""

    def __init__(self, same: Mapping[str, str]) -> None:
        self._same = same
        self._items = set[str]()
        self._told = list[decide.Apart]()

    def add(self, decision: str, items: Sequence[ItemResult], apart: set[str], spec: MeasureSpec) -> None:
        """Of a verdict's items some are apart, unless it is none or all of them."""
        if 0 < len(apart) < len(items):
            self._items |= {self._same.get(example, example) for example in apart}
            self._told += _told(decision, items, apart, spec)

    def worst(self) -> decide.Apart | None:
        """The verdict that tells most; None where there is none."""
        if not self._told:
            return None
        worst = min(self._told, key=lambda one: one.p)
        return replace(worst, items=len(self._items), p=min(1.0, worst.p * len(self._told)))


def _told(decision: str, items: Sequence[ItemResult], left: set[str], spec: MeasureSpec) -> list[decide.Apart]:
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
    return [decide.Apart(items=len(left), decision=decision, value=value, rest=rest, stayed=stayed, p=p)]


def _mean(groups: Mapping[tuple[bool, str], list[float]], gone: bool) -> float:
    return float(np.mean([score for (left, _), scores in groups.items() if left is gone for score in scores]))
