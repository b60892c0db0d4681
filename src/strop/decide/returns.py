"""Does it pay? What the pick cost to make, what it serves for, and when that is earned back."""

from __future__ import annotations

import math
from collections.abc import Sequence

from strop.decide import words
from strop.decide.evidence import Tried, primary_of
from strop.decide.money import money, priced, scaled, serving_price
from strop.measure import paired
from strop.records import CHANGED_WEIGHTS, INCUMBENT_METHODS, MeasureSpec
from strop.settings import Costs, Settings

_TEN_YEARS = 120
"""Months after which nobody waits for money to come back."""


def returns(pick: Tried, tried: Sequence[Tried], settings: Settings, *, rows: int) -> tuple[str, ...]:
    """Sentences on money: making the pick, and serving it beside the best prompt, best cheaper rung and today's.

    In the unit of ``costs:`` in strop.yaml, at its requests a month. Break-even counts the machine's hours and the
    expert's time for the training rows as if these had to be written for it; a price that nobody knows is told. What
    its better answers are worth is said where ``costs.point`` says what a point is. Nothing is said of a pick that is
    of no use.

    Args:
        pick: the rung that was taken.
        tried: every rung from the cheapest up, the pick among them.
        settings: strop.yaml.
        rows: training rows.
    """
    costs = settings.costs
    made, sentences = 0.0, list[str]()
    spec = primary_of(pick.report, next(iter(settings.decision.primary), None))
    if spec is not None and spec.higher_is_better and pick.report.measures[spec.name].value == 0:
        return ()
    if pick.run is not None and pick.spec.method in CHANGED_WEIGHTS:
        hours, expert = pick.run.measured.wall_seconds / 3600, rows * costs.minutes_per_item / 60
        made = hours * costs.machine_hour + expert * costs.expert_hour
        machine, people = money(hours * costs.machine_hour), money(expert * costs.expert_hour)
        sentences.append(
            f"Making it: {hours:.2f} machine hours ({machine}) and, if its {rows:,} rows had to be written, "
            f"{expert:.1f} hours of an expert ({people})."
        )
    for other in _beside(pick, tried, settings):
        sentences.append(_against(pick, other, costs, made, settings) + _worth(pick, other, spec, costs))
    return tuple(sentences)


def _beside(pick: Tried, tried: Sequence[Tried], settings: Settings) -> list[Tried]:
    """What the money is compared with: the best prompt, the best cheaper rung (as the verdict is), what runs today.

    Of equally good ones the one that serves for least: beside a dear one of no more use much would seem to be saved.
    """
    prompts = [rung for rung in tried if rung.spec.method == "prompt" and rung is not pick]
    below = next(place for place, rung in enumerate(tried) if rung is pick)
    cheaper = [rung for rung in tried[:below] if rung.spec.method not in INCUMBENT_METHODS]
    today = [rung for rung in tried if rung.spec.method in INCUMBENT_METHODS and rung is not pick]
    wanted = next(iter(settings.decision.primary), None)

    def value(rung: Tried) -> tuple[float, float]:
        spec, price = primary_of(rung.report, wanted), serving_price(rung, settings)
        found = rung.report.measures[spec.name].value if spec else -math.inf
        return found if spec is None or spec.higher_is_better else -found, -price.value if price else -math.inf

    best = [max(rungs, key=value) for rungs in (prompts, cheaper) if rungs]
    return [*{id(rung): rung for rung in best}.values(), *today]


def _against(pick: Tried, other: Tried, costs: Costs, made: float, settings: Settings) -> str:
    name = words.describe(other.spec)
    own, price = serving_price(pick, settings), serving_price(other, settings)
    if own is None or price is None:
        return f"Beside {name}: not known, for want of a price of {'the pick' if own is None else 'its answers'}."
    saved = (price.value - own.value) * costs.requests_per_month
    said = f"Serving 1,000 requests: {priced(scaled(own, 1000))} ({name}: {priced(scaled(price, 1000))})"
    at = f"at {words.count(costs.requests_per_month, 'request')} a month"
    if saved <= 0:
        told = f"costs {money(-saved)} more" if saved else "saves nothing"
        return f"{said}; {at} it {told}, so its case is quality."
    months = made / saved
    if months >= _TEN_YEARS:
        return f"{said}; {at} it saves {money(saved)}: too little to pay back its making, so its case is quality."
    back = "" if not made else f", which pays back its making after {_months(months)}"
    return f"{said}; {at} it saves {money(saved)}{back}."


def _worth(pick: Tried, other: Tried, spec: MeasureSpec | None, costs: Costs) -> str:
    """What the better answers are worth, where the project says what a point is."""
    if spec is None or costs.point is None:
        return ""
    gap = paired(spec, pick.items, other.items)
    worth = scaled(gap, 100 * costs.point)
    points = words.measured_difference(gap)
    return f" Its {points} are worth {money(worth.value)} [{money(worth.low)}, {money(worth.high)}] a month."


def _months(months: float) -> str:
    if months < 1:
        return "less than a month"
    return words.count(round(months), "month")
