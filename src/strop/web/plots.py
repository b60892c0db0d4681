"""The pictures of a report. Each comes with its numbers as a table, so that no fact is in the picture alone."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import altair as alt
from markupsafe import Markup

from strop.decide.words import counted
from strop.measure import display_name
from strop.records import Finding, ItemResult, LossPoint, Measured, Report, Run
from strop.web.svg import WIDTH, height, label, render
from strop.web.words import ITEMS, PERCENT, interval, moment, number, plural, share

MOST_LABELS = 12
"""A larger confusion matrix cannot be read; its most frequent confusions are listed instead."""
MOST_ROWS = 24
_TALL = (400, 760)
"""Above these heights a picture is as high as two, or three, of the usual one with their words around them."""
HEIGHT = 165
"""Height of a picture that has no rows."""
STEP = 38
"""Height of a row: its name above, its mark below, so that no name is ever cut at the edge."""
UNDER = 8
_HALO = {"stroke": "var(--raised)", "strokeWidth": 5, "strokeJoin": "round"}
_NAME = {"align": "left", "baseline": "bottom", "color": "var(--ink)", "fontSize": 12, "dy": -1}

Point = TypeVar("Point")


@dataclass(frozen=True)
class Figure:
    """A picture, what it shows, and the same numbers as a table."""

    title: str
    caption: str
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_high: int = 1
    """How many pictures of usual height it is as high as: a page puts those beside it."""


@dataclass(frozen=True)
class Row:
    """One named number with its interval."""

    name: str
    measured: Measured
    marked: bool = False


def _steps(last: int) -> list[int]:
    """At most six whole steps, evenly spaced at 1, 2 or 5 times a power of ten."""
    size = next(
        size for power in range(len(str(last)) + 1) for size in (10**power, 2 * 10**power, 5 * 10**power)
        if last / size <= 5
    )  # fmt: skip
    return list(range(0, last + 1, size))


def forest(
    rows: Sequence[Row],
    *,
    name: str,
    caption: str,
    measure: str,
    zero: float | None = None,
    limit: float | None = None,
    signed: bool = False,
) -> Figure | None:
    """Numbers with their intervals, one below the other; ``zero`` and ``limit`` are drawn as lines.

    At most MOST_ROWS are drawn; the table has all of them.
    """
    drawn_rows = [row for row in rows[:MOST_ROWS] if math.isfinite(row.measured.value)]
    if not drawn_rows:
        return None
    shown = _distinct([f"{label(row.name, most=50)} · {counted(row.measured)}" for row in drawn_rows])
    values = [
        {
            "name": name_shown,
            "value": row.measured.value,
            "low": _finite(row.measured.low, row.measured.value),
            "high": _finite(row.measured.high, row.measured.value),
            "marked": row.marked,
        }
        for row, name_shown in zip(drawn_rows, shown, strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=values)).properties(width=WIDTH, height=alt.Step(STEP))
    y = alt.Y("name:N", title=None, sort=None, axis=None)
    x = alt.X("low:Q", title=display_name(measure), scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=5))
    tone = alt.condition("datum.marked", alt.value("var(--accent)"), alt.value("var(--soft)"))
    layers = [
        *(_line(at, dashed) for at, dashed in ((zero, False), (limit, True)) if at is not None),
        base.mark_rule(strokeWidth=2.5, yOffset=UNDER).encode(y=y, x=x, x2="high:Q", color=tone),
        base.mark_circle(size=80, opacity=1, yOffset=UNDER).encode(y=y, x=alt.X("value:Q"), color=tone),
        *(base.mark_text(**_NAME, **halo).encode(y=y, x=alt.value(0), text="name:N") for halo in (_HALO, {})),
    ]
    return figure(
        alt.layer(*layers),
        title=name,
        caption=caption + (f" {len(rows) - MOST_ROWS} more are in the table." if len(rows) > MOST_ROWS else ""),
        head=("", display_name(measure), "Interval", "On"),
        rows=[
            (
                row.name,
                number(row.measured.value, measure, signed=signed),
                interval(row.measured.low, row.measured.high, measure, signed=signed),
                counted(row.measured),
            )
            for row in rows
        ],
    )


def slices(report: Report, *, measure: str, by: str) -> Figure | None:
    """A measure per value of a slice, lowest first, with the overall value as a line."""
    rows = [Row(value, found[measure]) for value, found in report.slices.get(by, {}).items() if measure in found]
    overall = report.measures.get(measure)
    return forest(
        sorted(rows, key=lambda row: row.measured.value),
        name=f"{display_name(measure)} by {display_name(by)}",
        caption=f"On {ITEMS[report.split]}; lines are 95{PERCENT} intervals."
        + (" The dashed line is the whole suite." if overall else ""),
        measure=measure,
        limit=overall.value if overall else None,
    )


def confusion(items: Sequence[ItemResult], *, on: str) -> Figure | None:
    """Which labels are taken for which: a matrix, or for many labels the most frequent confusions."""
    pairs = Counter((item.gold, item.label or "(none)") for item in items if item.gold is not None)
    gold = Counter[str]()
    for (right, _), count in pairs.items():
        gold[str(right)] += count
    labels = sorted({str(right) for right, _ in pairs} | {given for _, given in pairs})
    if len(gold) < 2:
        return None
    rows = [
        (str(right), given, str(count), share(count, gold[str(right)]))
        for (right, given), count in sorted(pairs.items(), key=lambda pair: (-pair[1], str(pair[0])))
    ]
    head = ("Right label", "Given label", "Items", "Share of the right label")
    if len(labels) > MOST_LABELS:
        return _confused(rows, head)
    order = _distinct([label(name, most=20) for name in labels])
    short = dict(zip(labels, order, strict=True))
    cells = [
        {
            "gold": short[str(right)], "given": short[given], "count": count,
            "share": count / gold[str(right)], "right": right == given,
        }
        for (right, given), count in pairs.items()
    ]  # fmt: skip
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X("given:N", title="Given label", scale=alt.Scale(domain=order), axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("gold:N", title="Right label", scale=alt.Scale(domain=order)),
    )
    tone = alt.condition("datum.right", alt.value("var(--good)"), alt.value("var(--bad)"))
    opacity = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.08, 0.55]), legend=None)
    squares = base.mark_rect(stroke="var(--paper)").encode(color=tone, opacity=opacity)
    counts = base.mark_text(color="var(--ink)", fontSize=12).encode(text=alt.Text("count:Q", format=",d"))
    return figure(
        alt.layer(squares, counts).properties(width=WIDTH, height=alt.Step(max(20, min(44, 260 // len(labels))))),
        title="Confusion matrix",
        caption=f"{sum(gold.values())} {on}; the shade is the share of the right label.",
        head=head,
        rows=rows,
    )


def _confused(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> Figure | None:
    wrong = [row for row in rows if row[0] != row[1]]
    if not wrong:
        return None
    bars = [(f"{label(right, most=20)} → {label(given, most=20)}", int(count)) for right, given, count, _ in wrong]
    return bar_chart(bars[:MOST_LABELS], name="Most frequent confusions", unit="items", table=(head, wrong))


def losses(run: Run) -> Figure | None:
    """The loss over the steps of a run, in training and on validation rows."""
    if len(run.losses) < 2:
        return None
    training, validation = _curve(run.losses, "training"), _curve(run.validation_losses, "validation")
    last = max(point.step for point in (*run.losses, *run.validation_losses))
    ticks = alt.Axis(grid=False, values=_steps(last), format=",d")
    x = alt.X("step:Q", title="Optimizer step", axis=ticks, scale=alt.Scale(domain=[0, last], nice=False))
    pairs = run.environment.get("objective") == "preference"
    title = "Loss: pairs, and answers" if pairs else "Loss per trained token"
    y = alt.Y("loss:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    layers = [alt.Chart(alt.InlineData(values=training)).mark_line(strokeWidth=1.6, color="var(--soft)")]
    if validation:
        points = alt.OverlayMarkDef(color="var(--accent)", size=50)
        layers.append(
            alt.Chart(alt.InlineData(values=validation)).mark_line(strokeWidth=2.2, color="var(--accent)", point=points)
        )
    drawn = alt.layer(*(layer.encode(x=x, y=y) for layer in layers)).properties(width=WIDTH, height=HEIGHT)
    return figure(
        drawn,
        title="Loss of the run",
        caption="Grey: training. " + ("With points: validation." if validation else "No validation loss was taken."),
        head=("Step", "Epoch", "Loss", "Rows"),
        rows=[
            (str(point.step), f"{point.epoch:.2f}", f"{point.loss:.4f}", kind)
            for kind, points in (("training", _ends(run.losses)), ("validation", run.validation_losses))
            for point in points
        ],
    )


def pace(run: Run) -> list[Figure]:
    """The learning rate and the speed over the steps of a run, as far as they were kept."""
    speeds = [(point.step, point.examples_per_second) for point in run.losses if point.examples_per_second is not None]
    rates = [(point.step, point.learning_rate) for point in run.losses]
    drawn = (_over_steps(rates, "Learning rate", ".1e"), _over_steps(speeds, "Examples per second", ".1f"))
    return [figure for figure in drawn if figure]


def _over_steps(points: Sequence[tuple[int, float]], name: str, form: str) -> Figure | None:
    points = [(step, value) for step, value in points if math.isfinite(value)]
    if len(points) < 2 or not any(value for _, value in points):
        return None
    last = points[-1][0]
    ticks = alt.Axis(grid=False, values=_steps(last), format=",d")
    x = alt.X("step:Q", title="Optimizer step", axis=ticks, scale=alt.Scale(domain=[0, last], nice=False))
    y = alt.Y("value:Q", title=name, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5, format=form))
    line = alt.Chart(alt.InlineData(values=[{"step": step, "value": value} for step, value in points]))
    return figure(
        line.mark_line(strokeWidth=1.6, color="var(--accent)").encode(x=x, y=y).properties(width=WIDTH, height=HEIGHT),
        title=f"{name} over the run",
        caption=f"{plural(len(points), 'step')}.",
        head=("Step", name),
        rows=[(str(step), f"{value:{form}}") for step, value in _ends(points)],
    )


def timeline(findings: Sequence[Finding]) -> Figure | None:
    """What monitoring saw of one thing over time (``findings``: newest first), with its noise floor as a line."""
    seen = [finding for finding in reversed(findings) if finding.value is not None and math.isfinite(finding.value)]
    if len(seen) < 2:
        return None
    name = seen[-1].name or seen[-1].kind
    points = [
        {"at": f.created, "value": f.value, "low": _or(f.low, f.value), "high": _or(f.high, f.value)} for f in seen
    ]
    base = alt.Chart(alt.InlineData(values=points)).properties(width=WIDTH, height=HEIGHT)
    axis = alt.Axis(grid=False, tickCount=4, format="%-d %b")
    x = alt.X("at:T", title=None, axis=axis, scale=alt.Scale(type="utc", padding=8))
    y = alt.Y("low:Q", title=display_name(name), scale=alt.Scale(zero=False, padding=10), axis=alt.Axis(tickCount=5))
    layers = [
        base.mark_rule(strokeWidth=2, color="var(--soft)").encode(x=x, y=y, y2="high:Q"),
        base.mark_line(strokeWidth=1.5, color="var(--accent)", point=alt.OverlayMarkDef(color="var(--accent)", size=50))
        .encode(x=x, y=alt.Y("value:Q")),
    ]  # fmt: skip
    if seen[-1].noise is not None:
        floor = alt.Chart(alt.InlineData(values=[{"noise": seen[-1].noise}]))
        layers.append(floor.mark_rule(color="var(--ink)", strokeDash=[4, 3]).encode(y="noise:Q"))
    return figure(
        alt.layer(*layers),
        title=f"{display_name(name)} over time",
        caption="Bars are intervals." + (" The dashed line is the noise floor." if seen[-1].noise is not None else ""),
        head=("When", display_name(name), "Interval", "Counted"),
        rows=[(moment(f.created), number(f.value, name), interval(f.low, f.high, name), str(f.n)) for f in seen],
    )


def _or(bound: float | None, value: float | None) -> float | None:
    return value if bound is None or not math.isfinite(bound) else bound


def bar_chart(
    bars: Sequence[tuple[str, int]],
    *,
    name: str,
    unit: str,
    caption: str = "",
    table: tuple[tuple[str, ...], Sequence[tuple[str, ...]]] | None = None,
) -> Figure | None:
    """Counts as bars, in the order given."""
    if not bars:
        return None
    names = _distinct([label(text, most=52) for text, _ in bars])
    values = [{"name": shown, "count": count} for shown, (_, count) in zip(names, bars, strict=True)]
    most = max(1, *(count for _, count in bars))
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=None),
        x=alt.X("count:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1.12 * most], nice=False)),
    )
    drawn = alt.layer(
        base.mark_bar(color="var(--accent)", opacity=0.75, height=11, yOffset=UNDER),
        base.mark_text(align="left", dx=5, color="var(--ink)", fontSize=12, yOffset=UNDER).encode(
            text=alt.Text("count:Q", format=",d")
        ),
        base.mark_text(**_NAME).encode(x=alt.value(0), text="name:N"),
    )
    head, rows = table or (("", unit.capitalize()), [(text, f"{count:,}") for text, count in bars])
    drawn = drawn.properties(width=WIDTH, height=alt.Step(STEP))
    return figure(drawn, title=name, caption=caption or f"Counts of {unit}.", head=head, rows=rows)


def figure(
    chart: alt.LayerChart, *, title: str, caption: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]
) -> Figure:
    """A chart with its words and its numbers as a table."""
    title = title[:1].upper() + title[1:]
    svg = render(chart, title=title, description=f"{caption} The same numbers are in the table below the picture.")
    return Figure(title, caption, svg, head, tuple(rows), 1 + bisect_left(_TALL, height(svg)))


def _distinct(labels: Sequence[str]) -> list[str]:
    """The labels, with a number behind those that would fall together once shortened."""
    seen = Counter[str]()
    distinct = []
    for text in labels:
        seen[text] += 1
        distinct.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return distinct


def _line(at: float, dashed: bool) -> alt.Chart:
    mark = {"strokeDash": [4, 3]} if dashed else {}
    return alt.Chart(alt.InlineData(values=[{"at": at}])).mark_rule(color="var(--ink)", **mark).encode(x="at:Q")


def _curve(points: Sequence[LossPoint], kind: str) -> list[dict[str, object]]:
    return [{"step": p.step, "loss": p.loss, "kind": kind} for p in points if math.isfinite(p.loss)]


def _ends(points: Sequence[Point], most: int = 20) -> Sequence[Point]:
    """At most ``most`` points, evenly spaced, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]


def _finite(bound: float, value: float) -> float:
    return bound if math.isfinite(bound) else value
