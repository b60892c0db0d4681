"""Is it still good? Audited answers with bounds that hold however often one looks; arms side by side; guardrails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from strop.measure.statistics.sequential import difference_bounds, rate_bounds
from strop.records import Advice, Finding, FindingKind, Interaction, Judgement, new_id, now

FEWEST_JUDGED = 10
"""Judged answers (of each arm) below which nothing is said."""
HALF = 0.5
"""Where no share was promised, certainly fewer good answers than this are worth a look."""
FEWEST_ASKED = 50
"""Requests of each arm below which the guardrails say nothing."""
GUARD_LEVEL = 0.98
"""Each guardrail errs on one side in at most 1 % of all canaries, however often one looks."""
MOST_FAILURES, MOST_SLOW = 0.02, 0.05
"""How much more often a canary's answers may fail to come, or be slow."""
SLOW = 2.0
"""Without a limit in strop.yaml, an answer is slow from this multiple of the release's 95th percentile on."""


def opinions(judgements: Sequence[Judgement]) -> dict[str, bool | None]:
    """Interaction → was the answer good, by the newest review of it. "Can't judge" is None."""
    found: dict[str, bool | None] = {}
    for judgement in sorted(judgements, key=lambda one: one.created):
        if judgement.kind == "review" and isinstance(judgement.value, dict):
            opinion = judgement.value.get("opinion")
            found[judgement.subject] = opinion == "good" if opinion in ("good", "fix") else None
    return found


def judged(interactions: Sequence[Interaction], said: Mapping[str, bool | None]) -> list[bool]:
    """What was said of the audit sample, in the order in which it was asked, up to the first that waits.

    Ratings and corrections are chosen by those who send them, and an expert may begin with the complaints: only where
    the sample was judged without gaps does its share say how good the model is.
    """
    found: list[bool] = []
    for one in sorted(interactions, key=lambda interaction: (interaction.created, interaction.id)):
        if one.audit and one.complete:
            if one.id not in said:
                break
            opinion = said[one.id]
            found += [] if opinion is None else [opinion]
    return found


def audited_quality(good: Sequence[bool], *, expected: float | None, margin: float) -> Finding | None:
    """The share of audited answers that are good, against what the decision promised.

    The bound is a confidence sequence (Robbins 1970), so looking every day does not raise the error.

    Args:
        good: what was said of each audited answer.
        expected: the share of right answers that the decision rests on; None where it measured something else (how many
            attributes a text includes is no share of good texts): then a turn is never advised, only a look.
        margin: how much lower the share may be.
    """
    if len(good) < FEWEST_JUDGED:
        return None
    bounds = rate_bounds(sum(good), len(good))
    value = sum(good) / len(good)
    sentence = f"{value:.0%} of {len(good)} audited answers are good [{bounds.low:.0%}, {bounds.high:.0%}]"
    advice: Advice = "healthy"
    if expected is not None and bounds.high < expected - margin:
        advice, sentence = "retrain", f"{sentence}; the decision promised {expected:.0%}"
    elif expected is None:
        advice = "look" if bounds.high < HALF else "healthy"
        sentence += "; the decision measured something else, so it promised no such share"
    return _finding("quality", "audited answers", value, bounds, len(good), advice, f"{sentence}.")


class Arm(NamedTuple):
    """What an arm was asked since the canary opened: audited answers that are good, and every request that ended.

    ``answered`` says of each request whether its answer came, ``seconds`` how long the model took for those.
    """

    good: Sequence[bool]
    answered: Sequence[bool]
    seconds: Sequence[float]


def canary(canary: Arm, release: Arm, *, margin: float, limit: float | None) -> list[Finding]:
    """Canary against release: audited answers, answers that came, slow answers. Certain harm in any rolls back.

    Args:
        canary, release: what each was asked since the canary opened.
        margin: how much less often the canary's answers may be good.
        limit: seconds from which an answer is slow; None takes twice the release's 95th percentile.
    """
    found: list[Finding] = []
    if min(len(canary.good), len(release.good)) >= FEWEST_JUDGED:
        name = "canary: good answers"
        found.append(_compared(name, canary.good, release.good, worst=margin, more_is_better=True, level=0.95))
    if min(len(canary.answered), len(release.answered)) >= FEWEST_ASKED:
        failed = [[not came for came in arm.answered] for arm in (canary, release)]
        name = "canary: answers that did not come"
        found.append(_compared(name, *failed, worst=MOST_FAILURES, more_is_better=False, level=GUARD_LEVEL))
    if min(len(canary.seconds), len(release.seconds)) >= FEWEST_ASKED:
        slowest = limit if limit is not None else SLOW * float(np.quantile(release.seconds, 0.95))
        slow = [[seconds > slowest for seconds in arm.seconds] for arm in (canary, release)]
        name = f"canary: answers slower than {slowest * 1000:.0f} ms" if limit else "canary: slow answers"
        found.append(_compared(name, *slow, worst=MOST_SLOW, more_is_better=False, level=GUARD_LEVEL))
    return found


def _compared(
    name: str, own: Sequence[bool], other: Sequence[bool], *, worst: float, more_is_better: bool, level: float
) -> Finding:
    bounds = difference_bounds((sum(own), len(own)), (sum(other), len(other)), level=level)
    value = sum(own) / len(own) - sum(other) / len(other)
    harm = bounds.high < -worst if more_is_better else bounds.low > worst
    sentence = f"{name[0].upper()}{name[1:]} {value:+.1%} [{bounds.low:+.1%}, {bounds.high:+.1%}] against the release's"
    sentence += f" ({len(own)} and {len(other)} answers)."
    return _finding("canary", name, value, bounds, len(own) + len(other), "rollback" if harm else "healthy", sentence)


def waiting(corrections: int, *, enough: int) -> Finding:
    """Reviewed corrections that no dataset holds yet."""
    due = corrections >= enough
    sentence = f"{corrections} reviewed corrections wait; {enough} are a turn's worth."
    advice: Advice = "retrain" if due else "healthy"
    return Finding(
        id=new_id("find"), kind="corrections", name="corrections waiting", value=float(corrections), n=corrections,
        advice=advice, sentence=sentence, created=now(),
    )  # fmt: skip


def age(days: int, *, every: int, corrections: int) -> Finding | None:
    """How old the rows are that the release learned from, once that is more than ``every`` days."""
    if days < every:
        return None
    advice: Advice = "retrain" if corrections else "look"
    sentence = f"What serves was made from rows of {days} days ago; a turn is due every {every} days."
    return Finding(
        id=new_id("find"), kind="age", name="age of the rows", value=float(days), n=corrections, advice=advice,
        sentence=sentence if corrections else f"{sentence} Nothing new was corrected.", created=now(),
    )  # fmt: skip


def _finding(
    kind: FindingKind, name: str, value: float, bounds: tuple[float, float], n: int, advice: Advice, sentence: str
) -> Finding:
    return Finding(
        id=new_id("find"), kind=kind, name=name, value=value, low=bounds[0], high=bounds[1], n=n, advice=advice,
        sentence=sentence, created=now(),
    )  # fmt: skip
