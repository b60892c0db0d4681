"""Risk against coverage: how many of the given answers are wrong when only the surest so many are given."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from strop.decide import together
from strop.measure import ERROR_RATE, estimate, mistaken, risk_coverage
from strop.records import ItemResult
from strop.web import words
from strop.web.plots import HEIGHT, Figure
from strop.web.svg import WIDTH
from strop.web.svg import render as drawn

_FEWEST = 20
_STEPS = 10
"""Rows of the table, and of the marks in the picture."""


def figure(items: Sequence[ItemResult], *, on: str) -> Figure | None:
    """The curve with its bounds, ``on`` such items; None where fewer than twenty answers carry probabilities."""
    judged = [item for item in items if item.gold is not None and item.probabilities]
    if len(judged) < _FEWEST:
        return None
    sure = [max(item.probabilities.values()) for item in judged]
    curve = risk_coverage([item.label == item.gold for item in judged], sure)
    surest = mistaken([judged[place] for place in sorted(range(len(judged)), key=lambda place: -sure[place])])
    points, rows = [], []
    for step in range(1, _STEPS + 1):
        at = next(n for n, share in enumerate(curve.coverage) if share >= step / _STEPS - 1e-9)
        given = round(float(curve.coverage[at]) * len(judged))
        found = estimate(ERROR_RATE, surest[:given])  # the answers of one group err together
        risk, low, high = (100 * bound for bound in (found.value, found.low, found.high))
        points.append({"share": 100 * given / len(judged), "risk": risk, "low": low, "high": high})
        asked = f"{100 * given / len(judged):.0f}{words.PERCENT}"
        told = f"{risk:.1f} [{low:.1f}, {high:.1f}]{words.PERCENT}"
        rows.append((asked, f"{float(curve.confidence[at]):.3f}", told))
    x = alt.X(
        "share:Q", title=f"Answers given, the surest first, {words.PERCENT.strip()}", scale=alt.Scale(domain=[0, 100])
    )
    y = alt.Y("risk:Q", title=f"Wrong among them, {words.PERCENT.strip()}", axis=alt.Axis(tickCount=5))
    base = alt.Chart(alt.InlineData(values=points))
    layers = [
        base.mark_rule(strokeWidth=2, color="var(--soft)").encode(x=x, y=alt.Y("low:Q", title=""), y2="high:Q"),
        base.mark_line(color="var(--accent)").encode(x=x, y=y),
        base.mark_point(color="var(--accent)", filled=True, size=60).encode(x=x, y=y),
    ]
    title = "Risk against coverage"
    groups = together(judged, "item").partition(" in ")[2]
    among = f" (they are in {groups})" if groups else ""
    caption = (
        f"On {len(judged)} {on}{among}. Left, only the surest answers are given, the rest goes to a person; "
        f"bars are 95{words.PERCENT} intervals."
    )
    told = f"{caption} The same numbers are in the table below the picture."
    svg = drawn(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT), title=title, description=told)
    return Figure(title, caption, svg, ("Answers given", "At least so likely", "Wrong among them"), tuple(rows))
