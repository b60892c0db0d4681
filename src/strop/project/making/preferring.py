"""Answers that people rejected, beside those that they wrote instead: what the objective ``preference`` learns from.

A row brings its own (``prompt``, ``chosen``, ``rejected``), or it is a correction: then the answer that was corrected
is the rejected one. What people said in blind pairs is of sealed test items, and nothing is ever trained on those.
"""

from __future__ import annotations

from collections.abc import Sequence

from strop.engines.base import TrainPlan
from strop.project.opened import Opened
from strop.records import Example, Judgement, Spec
from strop.settings import Settings


def rejected(project: Opened, rows: Sequence[Example]) -> dict[str, str]:
    """By row, an answer that its reference is to be preferred to; rows without one are left out."""
    found = {row.id: text for row in rows if (text := _brought(row))}
    corrected = {row.id: row for row in rows if row.id not in found}
    gave = {row: judgement for judgement, row in project.store.rows_of_judgements() if row in corrected}
    reviews = {row: project.store.get(judgement, Judgement) for row, judgement in gave.items()}
    answers = project.store.traffic.interactions({review.subject for review in reviews.values()})
    for identity, review in reviews.items():
        answer = answers[review.subject].answer if review.subject in answers else None
        if answer and answer.strip() and answer.strip() != (corrected[identity].reference or "").strip():
            found[identity] = answer
    return found


def paired(project: Opened, rows: Sequence[Example]) -> list[tuple[Example, str]]:
    """The rows that have a rejected answer, with it."""
    found = rejected(project, rows)
    return [(row, found[row.id]) for row in rows if row.id in found]


def told(plan: TrainPlan, spec: Spec, settings: Settings) -> str | None:
    """What a run with the objective ``preference`` learns from; None for any other."""
    asked = {**settings.tune.model_dump(), **spec.settings}
    if spec.base is None or asked["objective"] != "preference":
        return None
    if plan.settings["objective"] != "preference":
        least = asked["preference_pairs"]
        return f"Fewer than {least} pairs (tune.preference_pairs): tuned on right answers, not on rejected ones."
    pairs = sum(item.rejected is not None for item in plan.train)
    beside = f", beside the right answers of all {len(plan.train)} rows" if asked["preference_answers"] else ""
    return f"{pairs} pairs of a right and a rejected answer are learned from{beside}."


def _brought(row: Example) -> str | None:
    texts = row.expect.get("rejected")
    if row.reference is None or not isinstance(texts, list):
        return None
    other = (text for text in texts if isinstance(text, str) and text.strip() and text.strip() != row.reference.strip())
    return next(other, None)
