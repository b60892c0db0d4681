"""What senders say of answers, counted: worth a look, and never a reason for a turn.

Who rates and corrects chooses what to rate and correct, so no share of it says how good a model is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strop.measure import mean_interval
from strop.measure.statistics.sequential import difference_bounds, rate_bounds
from strop.monitor.quality import FEWEST_ASKED, FEWEST_JUDGED, HALF
from strop.records import Finding, Judgement, new_id, now


class Heard(NamedTuple):
    """What was said of an arm: how many answers it gave, and of each that was spoken of the newest word.

    ``bad``: of each rated answer, whether its rating is 0 or less. ``corrected``: how many have a correction.
    ``outcomes``: by measure, a value for each answer that has one. ``senders``: how many spoke.
    """

    answered: int
    bad: Sequence[bool]
    corrected: int
    outcomes: Mapping[str, Sequence[float]]
    senders: int


def heard(judgements: Sequence[Judgement], answered: int) -> Heard:
    """Count what was said: an answer counts once, however often somebody rates it."""
    ratings: dict[str, bool] = {}
    corrected: set[str] = set()
    outcomes: dict[str, dict[str, float]] = {}
    for one in sorted(judgements, key=lambda judgement: (judgement.created, judgement.id)):
        if one.kind == "rating" and isinstance(one.value, (bool, int, float)):
            ratings[one.subject] = one.complains
        elif one.kind == "correction":
            corrected.add(one.subject)
        elif one.kind == "outcome" and isinstance(one.value, (bool, int, float)):
            outcomes.setdefault(one.name, {})[one.subject] = float(one.value)
    told = {name: list(values.values()) for name, values in sorted(outcomes.items())}
    return Heard(answered, list(ratings.values()), len(corrected), told, len({one.by for one in judgements}))


def signals(own: Heard, *, promised: float | None, beside: Heard | None = None) -> list[Finding]:
    """Bad ratings, answers corrected, outcomes of one arm, with their number and interval.

    Args:
        own: what was said of the arm.
        promised: the share of right answers that its decision rests on, if it did.
        beside: what was said of the release in the same time, where ``own`` is a canary's.
    """
    prefix, other = ("canary: ", beside) if beside is not None else ("", None)
    found: list[Finding] = []
    if len(own.bad) >= FEWEST_JUDGED:
        name, counts = f"{prefix}bad ratings", (sum(own.bad), len(own.bad))
        worse = other is not None and _more(counts, (sum(other.bad), len(other.bad)))
        found.append(_share(name, counts, f"rated answers, by {own.senders} senders", worse, over=HALF))
    if own.answered >= FEWEST_ASKED and own.corrected:
        name, counts = f"{prefix}answers corrected", (own.corrected, own.answered)
        worse = other is not None and _more(counts, (other.corrected, other.answered))
        over = 1 - promised if promised is not None else HALF
        found.append(_share(name, counts, "answers were corrected by senders", worse, over=over))
    for measure, values in own.outcomes.items():
        if len(values) >= FEWEST_JUDGED:
            found.append(
                _outcome(f"{prefix}outcome {measure}", values, other.outcomes.get(measure, ()) if other else ())
            )
    return found


def _more(own: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether the first share is certainly the larger one, however often one looks."""
    return other[1] >= FEWEST_JUDGED and difference_bounds(own, other).low > 0


def _share(name: str, counts: tuple[int, int], of: str, worse: bool, *, over: float) -> Finding:
    many, n = counts
    bounds = rate_bounds(many, n)
    said = f"{name[0].upper()}{name[1:]}: {many / n:.0%} of {n} {of} [{bounds.low:.0%}, {bounds.high:.0%}]"
    said += "; certainly more than of the release's" if worse else ""
    return _finding(name, many / n, bounds, n, look=worse or bounds.low > over, said=said)


def _outcome(name: str, values: Sequence[float], other: Sequence[float]) -> Finding:
    """Which direction is good, only the application knows: a difference from the release is worth a look."""
    shares = all(0 <= value <= 1 for value in (*values, *other))
    bounds = rate_bounds(sum(values), len(values)) if shares else mean_interval(values)
    differs = False
    if shares and len(other) >= FEWEST_JUDGED:
        between = difference_bounds((sum(values), len(values)), (sum(other), len(other)))
        differs = between.low > 0 or between.high < 0
    mean = sum(values) / len(values)
    said = f"{name[0].upper()}{name[1:]}: {mean:.3g} on average over {len(values)} answers"
    said += f" [{bounds[0]:.3g}, {bounds[1]:.3g}]" + ("; certainly not as the release's" if differs else "")
    return _finding(name, mean, bounds, len(values), look=differs, said=said)


def _finding(name: str, value: float, bounds: tuple[float, float], n: int, *, look: bool, said: str) -> Finding:
    return Finding(
        id=new_id("find"), kind="signals", name=name, value=value, low=bounds[0], high=bounds[1], n=n,
        advice="look" if look else "healthy", sentence=f"{said}. Who speaks chooses to: a signal, no measure.",
        created=now(),
    )  # fmt: skip
