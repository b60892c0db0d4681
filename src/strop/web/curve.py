"""The learning curve as a page: how good at which number of rows, the law through it, and what more rows would buy."""

from __future__ import annotations

import altair as alt
import numpy as np

from strop.measure import display_name
from strop.studies import LearningCurve
from strop.web import render, words
from strop.web.plots import HEIGHT, Figure
from strop.web.svg import WIDTH
from strop.web.svg import render as drawn

_STEPS = 60


def page(found: LearningCurve, *, project: str) -> str:
    """One self-contained page."""
    return render.render("learning_curve.html", project=project, sentence=found.sentence(), figures=[figure(found)])


def figure(found: LearningCurve) -> Figure:
    """Every run as a dot, their means, and, where there is one, the law; dashed where no rows were seen."""
    name = display_name(found.measure)
    dots = [{"rows": point.rows, "value": value} for point in found.points for value in point.values]
    means = [{"rows": point.rows, "value": point.mean} for point in found.points]
    ticks = alt.Axis(format=",d", grid=False, values=[point.rows for point in found.points])
    x = alt.X(
        "rows:Q",
        title="Rows trained on",
        scale=alt.Scale(type="log", nice=False),
        axis=ticks,
    )
    y = alt.Y("value:Q", title=name, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    layers = [
        alt.Chart(alt.InlineData(values=dots)).mark_point(color="var(--soft)", size=30).encode(x=x, y=y),
        alt.Chart(alt.InlineData(values=means))
        .mark_point(color="var(--accent)", size=60, filled=True)
        .encode(x=x, y=y),
    ]
    seen = found.points[-1].rows
    for first, last, dash in ((found.points[0].rows, seen, []), (seen, seen + found.more, [4, 3])):
        if found.law is not None and found.gain is not None:
            sign = (
                1.0 if found.law.at(seen) * means[-1]["value"] >= 0 else -1.0
            )  # where less is better the law is turned
            line = [{"rows": at, "value": sign * found.law.at(at)} for at in np.geomspace(first, last, _STEPS).tolist()]
            mark = alt.Chart(alt.InlineData(values=line)).mark_line(color="var(--accent)", strokeDash=dash)
            layers.append(mark.encode(x=x, y=y))
    caption = "Small: each run. Filled: their mean. " + (
        "Line: the law through the means; dashed beyond the rows that were seen."
        if found.gain
        else "No forecast is made, so no law is drawn."
    )
    title = f"{words.first_upper(name)} by number of rows"
    told = f"{caption} The same numbers are in the table below the picture."
    svg = drawn(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT), title=title, description=told)
    rows = tuple(
        (
            f"{point.rows:,}",
            words.number(point.mean, found.measure),
            words.interval(point.value.low, point.value.high, found.measure) if point.value else "not measured",
            ", ".join(f"{v:.3f}" for v in point.values),
        )
        for point in found.points
    )
    return Figure(title, caption, svg, ("Rows", "Mean", "95 % interval", "Each run"), rows)
