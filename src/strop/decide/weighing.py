"""Does the next rung pay? Its likely gain held against its price, before it is tried; and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from strop.decide import words
from strop.decide.evidence import Tried
from strop.decide.money import money, scaled, serving_price
from strop.measure import paired
from strop.records import CHANGED_WEIGHTS, INCUMBENT_METHODS, Cost, Measured, MeasureSpec, Spec, Weighed
from strop.settings import Settings

LIKELY_SHARE = 0.5
"""A further rung is expected to close half of what is missing to perfect, unless it is tried and does not.

What is missing is what two further items right and two wrong would leave (the middle of Wilson's interval; Agresti and
Coull 1998): a dozen items that were all answered right do not say that nothing is missing.
"""


def _nothing(spec: Spec) -> Cost | None:
    return None


@dataclass(frozen=True)
class Outlook:
    """What is known of rungs that nobody tried: the cost of tuning one, and how many parameters each base has."""

    tuning: Callable[[Spec], Cost | None] = _nothing
    parameters: Mapping[str, int] = field(default_factory=dict)


def weigh(
    spec: Spec, over: Tried, tried: Sequence[Tried], measure: MeasureSpec, settings: Settings, outlook: Outlook
) -> Weighed:
    """What a further rung would cost over ``costs.months`` and likely gain, beside the rung that it would replace.

    Its price is the machine's time to tune and judge it, and what its answers cost more than those of ``over`` at the
    stated requests a month. No expert's time: the rows are there. What an untried rung takes to answer is told by the
    nearest one that was tried: a tuned one or the zero-shot prompt of the same base, else of another base, by size.

    Args:
        spec: the rung.
        over: the rung that it would replace.
        tried: every rung so far; their items are those that it would be judged on.
        measure: what the gain is in.
        settings: ``costs``, and the margin of the primary measure.
        outlook: what tuning takes, and the sizes of the bases.
    """
    costs = settings.costs
    latency, like = _latency(spec, tried, outlook.parameters)
    hours = _hours(spec, latency, len(over.items), outlook)
    making = None if hours is None else hours * costs.machine_hour
    serving = _serving(latency, over, settings)
    price = None if making is None or serving is None else making + costs.months * serving.value
    found = over.report.measures[measure.name]
    likely = LIKELY_SHARE * (missing(found.value, measure) * found.n + 2) / (found.n + 4)
    most = missing(found.low if measure.higher_is_better else found.high, measure)
    gain = likely if math.isfinite(likely) else None
    worth = None if gain is None or costs.point is None else 100 * gain * costs.point * costs.months
    weighed = Weighed(
        name=words.describe(spec), spec=spec.id, over=over.candidate.id, months=costs.months, hours=hours,
        making=making, serving=serving, price=price, gain=gain, most=most if math.isfinite(most) else None,
        worth=worth,
    )  # fmt: skip
    told = f"{_price(weighed, words.describe(over.spec), like, settings)} {_gain(weighed, settings)}"
    return weighed.model_copy(update={"sentence": told})


def pays(weighed: Weighed, margin: float) -> bool:
    """Whether the likely gain is above the price: in money where both are known, else against the margin."""
    if weighed.worth is not None and weighed.price is not None:
        return weighed.worth > weighed.price
    return weighed.gain is None or weighed.gain >= margin


def net(rung: Tried, over: Tried, measure: MeasureSpec, settings: Settings) -> float | None:
    """What a tried rung's gain over another is worth in ``costs.months``, less its price; None where either is unknown.

    Both by what was measured, as :func:`came_of` tells them.
    """
    paid, costs = _paid(rung, over, settings), settings.costs
    if costs.point is None or paid is None:
        return None
    return 100 * paired(measure, rung.items, over.items).value * costs.point * costs.months - paid


def came_of(weighed: Weighed, tried: Sequence[Tried], measure: MeasureSpec, settings: Settings) -> Weighed:
    """The same with what the rung gained over the one before it, once it was tried; as it is, where it was not."""
    rung = next((one for one in tried if one.spec.id == weighed.spec), None)
    over = next((one for one in tried if one.candidate.id == weighed.over), None)
    if rung is None or over is None:
        return weighed
    gained, paid = paired(measure, rung.items, over.items), _paid(rung, over, settings)
    likely = "" if weighed.gain is None else f" ({100 * weighed.gain:.1f} were likely)"
    told = f"{words.first_upper(weighed.name)} gained {words.measured_difference(gained)} over "
    told += f"{words.describe(over.spec)}{likely}{_in_money(weighed, gained, paid, settings)}."
    return weighed.model_copy(update={"gained": gained, "paid": paid, "outcome": told})


def missing(value: float, measure: MeasureSpec) -> float:
    """What is missing to perfect; without end where perfect is not known (measures beyond 0 to 1)."""
    left = 1.0 - value if measure.higher_is_better else value
    return left if 0.0 <= left <= 1.0 else math.inf


def _latency(spec: Spec, tried: Sequence[Tried], parameters: Mapping[str, int]) -> tuple[Measured | None, str]:
    """Milliseconds an answer, and whose they are."""
    alike = [rung for rung in tried if rung.spec.method not in INCUMBENT_METHODS and _alike(spec, rung.spec)]
    known = [(rung, rung.report.latency_ms) for rung in alike if rung.report.latency_ms is not None]
    for rung, latency in reversed(known):  # a tuned one comes behind the prompt
        if rung.spec.base == spec.base:
            return latency, f"{words.describe(rung.spec)} on the same base"
    for rung, latency in reversed(known):
        own, theirs = parameters.get(spec.base or "", 0), parameters.get(rung.spec.base or "", 0)
        if own and theirs:
            return scaled(latency, own / theirs), f"{words.describe(rung.spec)} on another base and their sizes"
    return None, ""


def _alike(spec: Spec, other: Spec) -> bool:
    if spec.method in CHANGED_WEIGHTS:
        return other.method in CHANGED_WEIGHTS or (other.method == "prompt" and not other.shots)
    return other.method == spec.method and other.shots == spec.shots


def _hours(spec: Spec, latency: Measured | None, items: int, outlook: Outlook) -> float | None:
    """The machine's hours to tune and judge it; None where nobody knows them."""
    tuning = outlook.tuning(spec) if spec.method in CHANGED_WEIGHTS else None
    if latency is None or (tuning is None and spec.method in CHANGED_WEIGHTS):
        return None
    return (tuning.wall_seconds if tuning else 0.0) / 3600 + items * latency.value / 3.6e6


def _serving(latency: Measured | None, over: Tried, settings: Settings) -> Measured | None:
    """What a month's answers cost more than those of ``over``. Ends are held against ends, so it is rather too wide."""
    theirs = serving_price(over, settings)
    if latency is None or theirs is None:
        return None
    own, volume = scaled(latency, settings.costs.machine_hour / 3.6e6), settings.costs.requests_per_month
    low, high = (own.low - theirs.high, own.high - theirs.low) if own != theirs else (0.0, 0.0)
    value, n = own.value - theirs.value, min(own.n, theirs.n)
    return scaled(Measured(value=value, low=low, high=high, n=n, method="one timing" if n == 1 else "t"), volume)


def _price(weighed: Weighed, over: str, like: str, settings: Settings) -> str:
    name = words.first_upper(weighed.name)
    if weighed.hours is None or weighed.making is None:
        making = "is not known to make"
    else:
        making = f"costs {money(weighed.making)} to make ({weighed.hours:.2g} h of the machine, no expert's time)"
    if weighed.serving is None:
        return f"{name} {making}; what it costs to serve is not known."
    volume = f"at {settings.costs.requests_per_month:,} requests a month, by the latency of {like}"
    more = scaled(weighed.serving, weighed.months)
    if more.value == 0:
        return f"{name} {making} and no more to serve than {over}, {volume}."
    volume += ", timed once" if more.n == 1 else ""
    return f"{name} {making} and over {weighed.months} months {_more(more)} to serve than {over}, {volume}."


def _more(found: Measured) -> str:
    """``12 [9, 15] more``, ``12 [9, 15] less``: the interval says where both may be."""
    sign = 1 if found.value >= 0 else -1
    ends = sorted((sign * found.low, sign * found.high))
    spread = "" if found.n == 1 else f" [{money(ends[0])}, {money(ends[1])}]"
    return f"{money(abs(found.value))}{spread} {'more' if sign > 0 else 'less'}"


def _gain(weighed: Weighed, settings: Settings) -> str:
    if weighed.gain is None or weighed.most is None:
        return "What it could gain is not known, for its measure has no perfect value."
    point, months, price = settings.costs.point, weighed.months, weighed.price
    likely = f"Likely gain {_points(weighed.gain)} (half of what is missing; {100 * weighed.most:.1f} at most)"
    if point is not None and weighed.worth is not None:
        worth = f"{likely}, worth {money(weighed.worth)} in {months} months at {money(point)} a point and month"
        if price is None:
            return f"{worth}; without its price the margin decides."
        if price <= 0:
            return f"{worth}: it costs no more, so any gain pays."
        return f"{worth}: it pays from {price / (point * months):.2g} points on."
    said = f"{likely}; without costs.point in strop.yaml that is no money, so the margin decides"
    if price is None or price <= 0 or not weighed.gain:
        return f"{said}."
    least = money(price / (100 * weighed.gain * months))
    return f"{said} (it pays where a point is worth more than {least} a month)."


def _paid(rung: Tried, over: Tried, settings: Settings) -> float | None:
    """The price by what was measured: the run's time, the answers' on the items, and serving beside ``over``."""
    own, theirs = serving_price(rung, settings), serving_price(over, settings)
    if own is None or theirs is None:
        return None
    hours = 0.0 if rung.run is None else rung.run.measured.wall_seconds / 3600
    making = hours * settings.costs.machine_hour + len(rung.items) * own.value
    return making + settings.costs.months * settings.costs.requests_per_month * (own.value - theirs.value)


def _in_money(weighed: Weighed, gained: Measured, paid: float | None, settings: Settings) -> str:
    parts = []
    if settings.costs.point is not None:
        worth = scaled(gained, 100 * settings.costs.point * weighed.months)
        parts.append(f"is worth {money(worth.value)} [{money(worth.low)}, {money(worth.high)}]")
    if paid is not None:
        expected = "" if weighed.price is None else f" (expected: {_costs(weighed.price)})"
        parts.append(f"{_costs(paid)}{expected}")
    return f"; in {weighed.months} months that {' and '.join(parts)}" if parts else ""


def _costs(price: float) -> str:
    return f"{'saves' if price < 0 else 'costs'} {money(abs(price))}"


def _points(gain: float) -> str:
    return f"{100 * gain:.1f} points"
