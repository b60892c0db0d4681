"""The ladder as pictures: quality against what a rung costs, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair as alt

from strop.measure import display_name
from strop.records import Ladder
from strop.web.plots import HEIGHT, Figure, figure
from strop.web.svg import WIDTH
from strop.web.words import PERCENT, measured, number

Price = Literal["latency_ms", "memory_bytes", "cpu_seconds", "cost"]
_PRICES: dict[Price, tuple[str, str, float]] = {
    "latency_ms": ("latency", "Latency per answer, ms", 1),
    "memory_bytes": ("memory", "Memory of weights and adapter, MiB", 2**20),
    "cpu_seconds": ("processor time", "Processor time to make it, s", 1),
    "cost": ("cost", "Cost of a month's requests", 1),
}
_ASIDE = 20
"""How far a rung's number is from the next one's where both fall together; as wide as its disc."""


def ladder(climb: Ladder, *, measure: str, price: Price, names: Mapping[str, str]) -> Figure | None:
    """Quality with its interval against what a rung costs; None when fewer than two rungs have both."""
    word, axis, unit = _PRICES[price]
    points: list[dict[str, object]] = []
    rows: list[tuple[str, ...]] = []
    known: list[str] = []
    for rung, step in enumerate(climb.steps, start=1):
        paid, got = getattr(step, price), step.measures.get(measure)
        if paid is None or got is None:
            continue
        pick = step.candidate == climb.pick
        bounds = {"value": got.value, "low": got.low, "high": got.high}
        spread = {"latency_ms": step.latency, "cost": step.monthly}.get(price)
        least = max(spread.low, paid / 10) if spread else paid  # a bar to nought has no place among powers of ten
        bounds |= {"near": least / unit, "far": (spread.high if spread else paid) / unit}
        points.append({"rung": str(rung), "price": paid / unit, "pick": pick, **bounds})
        name = names.get(step.candidate, step.candidate)
        known.append(f"{rung}: {name}")
        told = measured(spread, price) if spread else number(paid, price)
        rows.append((str(rung), name + (" (the pick)" if pick else ""), told, measured(got, measure)))
    if len(points) < 2:
        return None
    prices = [float(str(point[at])) for point in points for at in ("near", "price", "far")]
    x = alt.X("price:Q", title=axis, **_price_axis(prices))
    y = alt.Y(
        "value:Q", title=display_name(measure), scale=alt.Scale(zero=False, padding=14), axis=alt.Axis(tickCount=5)
    )
    drawn = alt.Chart(alt.InlineData(values=points)).properties(width=WIDTH, height=HEIGHT)
    tone = alt.condition("datum.pick", alt.value("var(--accent)"), alt.value("var(--soft)"))
    bars = drawn.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", title=display_name(measure)), y2="high:Q", color=tone
    )
    across = drawn.mark_rule(strokeWidth=2).encode(x=alt.X("near:Q", title=axis), x2="far:Q", y=y, color=tone)
    marks: list[alt.Chart] = []
    aside = _aside(points, logarithmic=_spans_magnitudes(prices))
    for places in sorted(set(aside)):
        own = alt.InlineData(values=[point for point, moved in zip(points, aside, strict=True) if moved == places])
        here, right = alt.Chart(own), places * _ASIDE
        numerals = here.mark_text(color="var(--paper)", fontWeight="bold", fontSize=12, dy=1, xOffset=right)
        marks += [
            here.mark_circle(size=330, opacity=1, xOffset=right).encode(x=x, y=y, color=tone),
            numerals.encode(x=x, y=y, text="rung:N"),
        ]
    return figure(
        alt.layer(bars, across, *marks),
        title=f"{display_name(measure)} against {word}",
        caption="Numbers are rungs of the ladder on the validation items, the coloured one is the pick; "
        f"lines are 95{PERCENT} intervals. {'; '.join(known)}."
        + (" Money is in the unit of the block costs in strop.yaml." if price == "cost" else "")
        + (" Rungs that fall together stand side by side." if any(aside) else ""),
        head=("Rung", "Candidate", word.capitalize(), display_name(measure)),
        rows=rows,
    )


def _aside(points: Sequence[Mapping[str, object]], *, logarithmic: bool) -> list[int]:
    """By how many places each point has to stand further to the right, so that no number covers another."""
    across = [float(str(point["price"])) for point in points]
    up = [float(str(point["value"])) for point in points]
    across = [math.log(price) for price in across] if logarithmic else across
    ends = [float(str(point[at])) for point in points for at in ("low", "value", "high")]
    ends = [end for end in ends if math.isfinite(end)]
    wide, high = max(across) - min(across), max(ends) - min(ends)
    moved: list[int] = []
    for at, (price, value) in enumerate(zip(across, up, strict=True)):
        near = [
            moved[other]
            for other in range(at)
            if WIDTH * abs(price - across[other]) < _ASIDE * wide or price == across[other]
            if HEIGHT * abs(value - up[other]) < _ASIDE * high or value == up[other]
        ]
        moved.append(max(near) + 1 if near else 0)
    return moved


def _spans_magnitudes(prices: Sequence[float]) -> bool:
    return min(prices) > 0 and max(prices) / min(prices) > 20


def _price_axis(prices: Sequence[float]) -> dict[str, Any]:
    """Scale and axis: powers of ten for what differs by much, and never more labels than have room."""
    low, high = min(prices), max(prices)
    if not _spans_magnitudes(prices):
        digits, apart = ",.0f" if high >= 20 else "~g", {"labelOverlap": "greedy", "labelSeparation": 6}
        return {
            "scale": alt.Scale(zero=False, padding=24),
            "axis": alt.Axis(tickCount=3, grid=False, format=digits, labelFlush=9, **apart),
        }
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    powers = [10.0**power for power in range(first, last + 1, math.ceil((last - first) / 3))]
    return {
        "scale": alt.Scale(type="log", domain=[10.0**first, 10.0**last], nice=False, padding=24),
        "axis": alt.Axis(values=powers, grid=False, format=",.0f" if first >= 0 else "~g", labelOverlap="greedy"),
    }
