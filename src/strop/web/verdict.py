"""What the decision page shows: the sentence, the numbers, the checks, the pictures, the items that changed."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strop.decide.words import behind, chance, further, needs_of, seldom_worth
from strop.measure import display_name, paired
from strop.records import JSON, Check, Decision, MeasureSpec, Needed, Report
from strop.web import changes, plots, selective, weak, words
from strop.web.context import Context, candidate_names, spec_name
from strop.web.plots import Figure
from strop.web.prices import Price
from strop.web.prices import ladder as drawn_ladder

_HYPHEN = re.compile(r"(?<![\w.])-(?=\d)")
"""A minus as plain text has it."""
STRIP = 120
"""Width of a check's small picture, in its own units."""


@dataclass(frozen=True)
class Fact:
    """One number for the eye: what, how much, with which certainty."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Strip:
    """Where a check's value, bounds and limit lie on a line of STRIP units."""

    low: float | None
    value: float
    high: float | None
    limit: float | None


@dataclass(frozen=True)
class CheckRow:
    """One check, ready to print."""

    name: str
    badge: words.Badge
    value: str
    interval: str
    margin: str
    on: str
    detail: str
    needed: str
    strip: Strip | None


@dataclass(frozen=True)
class Arms:
    """The candidate's report on the items that decided, those of the cheaper rungs, the best first, and what serves."""

    spec: MeasureSpec
    own: Report
    lower: tuple[Report, ...]
    release: Report | None


def arms(decision: Decision, context: Context) -> Arms | None:
    """The reports that the decision compared; None when the context does not hold them."""
    own = context.reports.get(decision.reports.get("candidate", ""))
    spec = next((s for s in own.specs if s.primary and s.name in own.measures), None) if own else None
    if own is None or spec is None:
        return None
    today = [key for role, key in decision.reports.items() if role.startswith("incumbent")]
    rungs = [context.reports[key] for key in (*decision.rungs, *today) if key in context.reports]
    comparable = [report for report in rungs if report.suite == own.suite and spec.name in report.measures]
    sign = -1 if spec.higher_is_better else 1
    release = context.reports.get(decision.reports.get("release", ""))
    return Arms(spec, own, tuple(sorted(comparable, key=lambda r: sign * r.measures[spec.name].value)), release)


def facts(decision: Decision, found: Arms | None) -> list[Fact]:
    """The few numbers that stand under the sentence: those that decided, with the intervals that decided."""
    shown: list[Fact] = []
    measure = display_name(found.spec.name) if found else "primary measure"
    heads = {"primary": measure}
    if decision.rungs:
        heads["against_lower_rungs"] = "Gain over the best cheaper rung"
    heads["against_release"] = "Gain over what serves"
    heads["against_incumbent"] = "Gain over what runs today"
    for check in decision.checks:
        if check.name in heads and check.value is not None:
            row = _check_row(check)
            note = f"{row.interval} on {row.on}" if check.n is not None else row.interval
            shown.append(Fact(words.first_upper(heads[check.name]), row.value, note))
    passed = sum(check.verdict == "pass" for check in decision.checks)
    shown.append(Fact("Checks passed", f"{passed} of {len(decision.checks)}", _others(decision.checks)))
    asked = decision.protocol.get("decision")
    limit = asked.get("test_uses") if isinstance(asked, Mapping) else None
    of = f" of {limit}" if limit is not None else ""
    shown.append(Fact("Sealed test set", f"Use {decision.test_uses}{of}", "each decision that opens it is counted"))
    if decision.best_before:
        shown.append(Fact("Best before", decision.best_before, "measure again then, or when monitoring says so"))
    return shown


def _others(checks: Sequence[Check]) -> str:
    counts = [
        f"{count} {words.CHECKS[verdict].word}"
        for verdict in ("fail", "missing", "undecided")
        if (count := sum(check.verdict == verdict for check in checks))
    ]
    return ", ".join(counts) or "none failed, none undecided, none missing"


def check_rows(checks: Sequence[Check], measure: str = "") -> list[CheckRow]:
    """The checks, those that did not pass first. ``measure``: the primary one, put as words where details name it."""
    order = {"fail": 0, "missing": 1, "undecided": 2, "pass": 3}
    return [_check_row(check, measure) for check in sorted(checks, key=lambda check: order[check.verdict])]


def _check_row(check: Check, measure: str = "") -> CheckRow:
    signed = _is_difference(check)
    return CheckRow(
        name=words.check(check.name),
        badge=words.CHECKS[check.verdict],
        value=words.number(check.value, check.name, signed=signed),
        interval=words.interval(check.low, check.high, check.name, signed=signed),
        margin=words.number(check.margin, check.name, signed=signed),
        on=behind(check) or words.ABSENT,
        detail=check.detail.replace(measure, display_name(measure)) if measure else check.detail,
        needed=needed(check.needed),
        strip=_strip(check),
    )


def _is_difference(check: Check) -> bool:
    return check.name.startswith(("against_", "gain_", "general", "input_")) or (
        check.name.startswith("slices.") and "target" not in check.detail
    )


def _strip(check: Check) -> Strip | None:
    if check.value is None or (check.low is None and check.high is None):
        return None
    known = [n for n in (check.value, check.low, check.high, check.margin) if n is not None and math.isfinite(n)]
    if not math.isfinite(check.value) or min(known) == max(known):
        return None
    start, width = min(known), max(known) - min(known)

    def place(number: float | None) -> float | None:
        if number is None:
            return None
        inside = min(max(number, start), start + width)
        return round(6 + (STRIP - 12) * (inside - start) / width, 1)

    at = place(check.value)
    return None if at is None else Strip(place(check.low), at, place(check.high), place(check.margin))


def _without_verdict(sentence: str) -> str:
    """The sentence without the verdict before it: the page says that once, in large."""
    for badge in words.VERDICTS.values():
        sentence = sentence.removeprefix(f"{badge.word}: ")
    return words.first_upper(_HYPHEN.sub(words.MINUS, sentence))


def needed(need: Needed | None) -> str:
    """What would settle an undecided check, in words."""
    if need is None:
        return ""
    time = f", about {words.duration(need.minutes * 60)} of an expert's time" if need.minutes else ""
    return further(need) + time + chance([need]) + seldom_worth(need)


def settled(decision: Decision) -> str:
    """What would settle an open verdict, every slice that is open among it."""
    return "" if decision.needed is None else "; ".join(map(needed, needs_of(decision.checks) or [decision.needed]))


def figures(decision: Decision, found: Arms | None, context: Context, names: Mapping[str, str]) -> list[Figure]:
    """The decision's pictures, as far as the context has their numbers."""
    drawn: list[Figure | None] = []
    if found:
        measure = found.spec.name
        rows = [
            plots.Row(names[report.candidate], report.measures[measure], marked=report is found.own)
            for report in (found.own, *found.lower)
            if measure in report.measures
        ]
        on = words.ITEMS[found.own.split]
        drawn += [rung_forest(rows, measure, on=on), differences(decision, found, context, names)]
        drawn += [plots.slices(found.own, measure=measure, by=by) for by in found.own.slices]
        if found.spec.how in ("macro_f1", "matthews"):
            drawn.append(plots.confusion(context.items.get(found.own.id, ()), on=on))
        drawn.append(selective.figure(context.items.get(found.own.id, ()), on=on))
        if context.ladder:
            drawn += ladder_figures(context, measure, names)
    if context.run:
        drawn.append(plots.losses(context.run))
    return [figure for figure in drawn if figure]


def differences(decision: Decision, found: Arms, context: Context, names: Mapping[str, str]) -> Figure | None:
    """The candidate against every rung and what serves, paired by item, at the level of the checks."""
    own = context.items.get(found.own.id)
    if not own:
        return None
    level = 1 - 2 * decision.alpha
    arms = [(names[report.candidate], report) for report in found.lower]
    if found.release is not None and found.release.candidate != found.own.candidate:
        arms.append((f"{names[found.release.candidate]}, which serves", found.release))
    errs = f"{100 * decision.alpha:.3g}{words.PERCENT}"
    on = words.ITEMS[found.own.split]
    caption = f"On {on}. Right of the line the candidate is better. Each end of a bar errs {errs} of the time."
    rows = []
    for name, report in arms:
        # A pair without a common item has no difference; the checks say so, the picture leaves it out.
        with contextlib.suppress(ValueError):
            rows.append(
                plots.Row(name, paired(found.spec, own, context.items.get(report.id, ()), level=level), marked=True)
            )
    return plots.forest(
        rows,
        name="Paired differences",
        caption=caption,
        measure=f"difference in {display_name(found.spec.name)}",
        zero=0.0,
        signed=True,
    )


def rung_forest(rows: Sequence[plots.Row], measure: str, *, on: str, marked: str = "candidate") -> Figure | None:
    """Candidates on the same items (``on``), with their intervals; ``marked`` says what the coloured one is."""
    if len(rows) < 2:
        return None
    level = f"{100 * rows[0].measured.level:.3g}{words.PERCENT}"
    caption = f"All on the same {on}; lines are {level} intervals. The coloured one is the {marked}."
    return plots.forest(rows, name=f"{display_name(measure)} of each rung", caption=caption, measure=measure)


def ladder_figures(context: Context, measure: str, names: Mapping[str, str]) -> list[Figure | None]:
    """Quality against every price that at least two rungs have."""
    if context.ladder is None:
        return []
    prices: tuple[Price, ...] = ("latency_ms", "memory_bytes", "cost")
    return [drawn_ladder(context.ladder, measure=measure, price=price, names=names) for price in prices]


def changed(found: Arms | None, context: Context, names: Mapping[str, str]) -> changes.Changes | None:
    """The candidate's answers beside those of the best lower rung; None when per-item results are not at hand."""
    if found is None or not found.lower:
        return None
    best = found.lower[0]
    before, after = context.items.get(best.id), context.items.get(found.own.id)
    if not before or not after:
        return None
    pair = (names[best.candidate], names[found.own.candidate])
    return changes.compare(found.spec, before, after, names=pair, examples=context.examples)


def _weakest(decision: Decision, found: Arms | None, context: Context) -> changes.Weakest | None:
    """Where there is no cheaper rung, the candidate's own weakest answers stand in for the items that changed."""
    items = context.items.get(found.own.id) if found and not decision.rungs else None
    return changes.weakest(found.spec, items, examples=context.examples) if found and items else None


def _weak(found: Arms | None, context: Context) -> list[weak.Row]:
    """Slices that nobody named and on which the candidate does worse than elsewhere."""
    items = context.items.get(found.own.id) if found else None
    return weak.rows(found.spec, items, context.examples) if found and items else []


def flat(value: JSON, prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted keys and plain values."""
    if isinstance(value, Mapping):
        if not value:
            return [(prefix, "none")] if prefix else []
        return [row for key, inner in value.items() for row in flat(inner, f"{prefix}.{key}" if prefix else str(key))]
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return [row for i, inner in enumerate(value, start=1) for row in flat(inner, f"{prefix}.{i}")]
        return [(prefix, ", ".join(str(item) for item in value) or "none")]
    if value is None:
        return [(prefix, "not asked for")]
    if isinstance(value, bool):
        return [(prefix, "yes" if value else "no")]
    return [(prefix, str(value))]


def view(decision: Decision, context: Context) -> dict[str, object]:
    """Everything that the decision's template needs."""
    names = candidate_names(context)
    found = arms(decision, context)
    own = context.candidates.get(decision.candidate)
    return {
        "decision": decision,
        "sentence": _without_verdict(decision.sentence),
        "badge": words.VERDICTS[decision.verdict],
        "name": spec_name(own.spec, context.bases) if own else names[decision.candidate],
        "facts": facts(decision, found),
        "needed": settled(decision),
        "checks": check_rows(decision.checks, found.spec.name if found else ""),
        "figures": figures(decision, found, context, names),
        "changes": changed(found, context, names),
        "weakest": _weakest(decision, found, context),
        "weak": _weak(found, context),
        "opinion": context.opinion,
        "protocol": flat(decision.protocol),
        "names": names,
        "run": context.run,
    }
