"""Is it still good? Quality from audited answers with bounds that hold however often one looks; arms side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strop.measure.sequential import difference_bounds, rate_bounds
from strop.records import Finding, Interaction, Judgement, new_id, now

FEWEST = 10
"""Audited answers below which nothing is said."""


def opinions(judgements: Sequence[Judgement]) -> dict[str, bool]:
    """Interaction → was the answer good, by the newest review of it. "Can't judge" says nothing."""
    found: dict[str, bool] = {}
    for judgement in sorted(judgements, key=lambda one: one.created):
        if judgement.kind == "review" and isinstance(judgement.value, dict):
            opinion = judgement.value.get("opinion")
            if opinion in ("good", "fix"):
                found[judgement.subject] = opinion == "good"
    return found


def audited_quality(
    interactions: Sequence[Interaction], good: Mapping[str, bool], *, expected: float, margin: float
) -> Finding | None:
    """The share of audited answers that are good, against what the decision promised.

    Only the random audit sample counts: ratings and corrections are chosen by those who send them. The bound is a
    confidence sequence (Waudby-Smith and Ramdas 2024), so looking every day does not raise the error.
    """
    judged = [good[i.id] for i in interactions if i.audit and i.id in good]
    if len(judged) < FEWEST:
        return None
    bounds = rate_bounds(sum(judged), len(judged))
    value = sum(judged) / len(judged)
    bad = bounds.high < expected - margin
    sentence = f"{value:.0%} of {len(judged)} audited answers are good [{bounds.low:.0%}, {bounds.high:.0%}]"
    sentence += f"; the decision promised {expected:.0%}." if bad else "."
    return Finding(
        id=new_id("find"),
        kind="quality",
        name="audited answers",
        value=value,
        low=bounds.low,
        high=bounds.high,
        n=len(judged),
        advice="retrain" if bad else "healthy",
        sentence=sentence,
        created=now(),
    )


def canary(interactions: Sequence[Interaction], good: Mapping[str, bool], *, margin: float) -> Finding | None:
    """Canary against release on judged answers: certain harm rolls back, a certain tie or win may grow."""
    arms = {"release": [0, 0], "canary": [0, 0]}
    for interaction in interactions:
        if interaction.arm in arms and interaction.id in good:
            arms[interaction.arm][0] += good[interaction.id]
            arms[interaction.arm][1] += 1
    (own, n), (other, m) = arms["canary"], arms["release"]
    if n < FEWEST or m < FEWEST:
        return None
    bounds = difference_bounds((own, n), (other, m))
    value = own / n - other / m
    harm = bounds.high < -margin
    sentence = f"The canary's answers are good {value:+.0%} [{bounds.low:+.0%}, {bounds.high:+.0%}] more often"
    return Finding(
        id=new_id("find"),
        kind="canary",
        name="canary against release",
        value=value,
        low=bounds.low,
        high=bounds.high,
        n=n + m,
        advice="rollback" if harm else "healthy",
        sentence=f"{sentence} than the release's ({n} and {m} judged).",
        created=now(),
    )


def waiting(corrections: int, *, enough: int) -> Finding:
    """Reviewed corrections that no dataset holds yet."""
    due = corrections >= enough
    return Finding(
        id=new_id("find"),
        kind="corrections",
        name="corrections waiting",
        value=float(corrections),
        n=corrections,
        advice="retrain" if due else "healthy",
        sentence=f"{corrections} reviewed corrections wait; {enough} are a turn's worth.",
        created=now(),
    )
