"""What the decision page shows: the sentence, the numbers, the checks, the pictures, the items that changed."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strop.decide import CROSSED, right
from strop.decide.words import behind, chance, further, minutes, needs_of, seldom_worth, together
from strop.measure import display_name, paired
from strop.records import Check, Decision, MeasureSpec, Needed, Report
from strop.web import changes, plots, selective, words
from strop.web.context import Context, candidate_names, spec_name
from strop.web.plots import Figure
from strop.web.prices import Price
from strop.web.prices import ladder as drawn_ladder
from strop.web.sections import asked, weak
from strop.web.sections.compared import Compared, compared

STRIP = 120
"""Width of a check's small picture, in its own units."""
_APART = "Further trainings would give other models: how far these differ is in each interval of checks and pictures. "


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
    groups: str
    detail: str
    needed: str
    strip: Strip | None


@dataclass(frozen=True)
class Arms:
    """The candidate's report on some items and those of others on the same: rungs and today's, the best first.

    ``apart``: what a title adds where these are not the items of the headline.
    """

    spec: MeasureSpec
    own: Report
    lower: tuple[Report, ...]
    release: Report | None
    apart: str = ""


def arms(decision: Decision, context: Context) -> list[Arms]:
    """The reports that the decision compared, those on the items of its headline first.

    Where all rows were cross-fitted these are all of them; what serves and what runs today answered the sealed items
    only and stands beside the candidate there, in a second place. Empty when the context does not hold the reports.
    """
    roles = decision.reports
    own = [
        context.reports[key] for key in (roles.get(CROSSED, ""), roles.get("candidate", "")) if key in context.reports
    ]
    others = [key for role, key in roles.items() if role.startswith(("incumbent", f"{CROSSED} rung"))]
    cheaper = () if len(own) > 1 else decision.rungs
    rungs = [context.reports[key] for key in (*cheaper, *others) if key in context.reports]
    release = context.reports.get(roles.get("release", ""))
    found = [one for report in own if (one := _beside(report, rungs, release)) is not None]
    return [*found[:1], *(replace(one, apart=", sealed items") for one in found[1:])]


def _beside(own: Report, rungs: Sequence[Report], release: Report | None) -> Arms | None:
    spec = next((s for s in own.specs if s.primary and s.name in own.measures), None)
    if spec is None:
        return None
    sign = -1 if spec.higher_is_better else 1
    same = [report for report in rungs if report.suite == own.suite and spec.name in report.measures]
    served = release if release is not None and release.suite == own.suite else None
    return Arms(spec, own, tuple(sorted(same, key=lambda r: sign * r.measures[spec.name].value)), served)


def facts(decision: Decision, found: Sequence[Arms]) -> list[Fact]:
    """The few numbers that stand under the sentence: those that decided, with the intervals that decided."""
    shown: list[Fact] = []
    measure = display_name(found[0].spec.name) if found else "primary measure"
    heads = {"primary": measure}
    if decision.rungs:
        heads["against_lower_rungs"] = "Gain over the best cheaper rung"
    heads["against_release"] = "Gain over what serves"
    heads["against_incumbent"] = "Gain over what runs today"
    for check in decision.checks:
        if check.name in heads and check.value is not None:
            row = _check_row(check)
            note = f"{row.interval} on {behind(check)}" if check.n is not None else row.interval
            shown.append(Fact(words.first_upper(heads[check.name]), row.value, note))
    if (labels := decision.right_labels) is not None:
        shown.append(Fact(right.NAME, right.share(labels), right.beside(labels)))
    passed = sum(check.verdict == "pass" for check in decision.checks)
    shown.append(Fact("Checks passed", f"{passed} of {len(decision.checks)}", _others(decision.checks)))
    said = decision.protocol.get("decision")
    limit = said.get("test_uses") if isinstance(said, Mapping) else None
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
    on, among, groups = behind(check).partition(" in ")
    return CheckRow(
        name=words.check(check.name),
        badge=words.CHECKS[check.verdict],
        value=words.number(check.value, check.name, signed=signed),
        interval=words.interval(check.low, check.high, check.name, signed=signed),
        margin=words.number(check.margin, check.name, signed=signed),
        on=on or words.ABSENT,
        groups=f"{among.strip()} {groups}" if groups else "",
        detail=words.named(check.detail.replace(measure, display_name(measure)) if measure else check.detail),
        needed=needed(check.needed),
        strip=_strip(check),
    )


def _is_difference(check: Check) -> bool:
    return check.name.startswith(("against_", "gain_", "general", "input_", "final_")) or (
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
    return words.first_upper(words.typeset(sentence))


def needed(need: Needed | None) -> str:
    """What would settle an undecided check, in words."""
    if need is None:
        return ""
    time = f", about {minutes(need.minutes)} of an expert's time," if need.minutes else ""
    return further(need) + time + chance([need]) + seldom_worth(need)


def settled(decision: Decision) -> str:
    """What would settle an open verdict, every slice that is open among it."""
    return "" if decision.needed is None else "; ".join(map(needed, needs_of(decision.checks) or [decision.needed]))


def figures(
    decision: Decision, found: Sequence[Arms], context: Context, names: Mapping[str, str]
) -> list[Figure]:  # fmt: skip
    """The decision's pictures, as far as the context has their numbers: on the items of its headline."""
    drawn: list[Figure | None] = []
    for place in found:
        drawn += [_side_by_side(place, names), differences(decision, place, context, names)]
    if found:
        spec, own = found[0].spec, found[0].own
        on, items = words.ITEMS[own.split], context.items.get(own.id, ())
        drawn += [plots.slices(own, measure=spec.name, by=by) for by in own.slices]
        if spec.how in ("macro_f1", "matthews"):
            drawn.append(plots.confusion(items, on=on))
        drawn.append(selective.figure(items, on=on))
        if context.ladder:
            drawn += ladder_figures(context, spec.name, names)
    if context.run:
        drawn.append(plots.losses(context.run))
    return [figure for figure in drawn if figure]


def _side_by_side(found: Arms, names: Mapping[str, str]) -> Figure | None:
    measure = found.spec.name
    rows = [
        plots.Row(names[report.candidate], report.measures[measure], marked=report is found.own)
        for report in (found.own, *found.lower)
    ]
    return rung_forest(rows, measure, on=words.ITEMS[found.own.split], apart=found.apart)


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
        name=f"Paired differences{found.apart}",
        caption=caption,
        measure=f"difference in {display_name(found.spec.name)}",
        zero=0.0,
        signed=True,
    )


def rung_forest(
    rows: Sequence[plots.Row], measure: str, *, on: str, marked: str = "candidate", apart: str = ""
) -> Figure | None:
    """Candidates on the same items (``on``), with their intervals; ``marked`` says what the coloured one is."""
    if len(rows) < 2:
        return None
    level = f"{100 * rows[0].measured.level:.3g}{words.PERCENT}"
    caption = f"All on the same {on}; lines are {level} intervals. The coloured one is the {marked}."
    return plots.forest(rows, name=f"{display_name(measure)} of each rung{apart}", caption=caption, measure=measure)


def ladder_figures(context: Context, measure: str, names: Mapping[str, str]) -> list[Figure | None]:
    """Quality against every price that at least two rungs have."""
    if context.ladder is None:
        return []
    prices: tuple[Price, ...] = ("latency_ms", "memory_bytes", "cost")
    return [drawn_ladder(context.ladder, measure=measure, price=price, names=names) for price in prices]


def changed(found: Sequence[Arms], context: Context, names: Mapping[str, str]) -> changes.Changes | None:
    """The candidate's answers beside those of the best lower rung; None when per-item results are not at hand."""
    place = next((place for place in found if place.lower), None)
    if place is None:
        return None
    best = place.lower[0]
    before, after = context.items.get(best.id), context.items.get(place.own.id)
    if not before or not after:
        return None
    pair = (names[best.candidate], names[place.own.candidate])
    return changes.compare(place.spec, before, after, names=pair, examples=context.examples, hide=context.hide)


def _compared(found: Sequence[Arms], context: Context, names: Mapping[str, str]) -> Compared | None:
    """Who answered: the candidate, the rungs and today's beside it, and what serves."""
    served = [place.release for place in found if place.release is not None]
    return compared([*(report for place in found for report in (place.own, *place.lower)), *served], context, names)


def _weakest(decision: Decision, found: Sequence[Arms], context: Context) -> changes.Weakest | None:
    """Where there is no cheaper rung, the candidate's own weakest answers stand in for the items that changed."""
    items = context.items.get(found[0].own.id) if found and not decision.rungs else None
    return changes.weakest(found[0].spec, items, examples=context.examples, hide=context.hide) if items else None


def _weak(found: Sequence[Arms], context: Context) -> list[weak.Row]:
    """Slices that nobody named and on which the candidate does worse than elsewhere."""
    items = context.items.get(found[0].own.id) if found else None
    return weak.rows(found[0].spec, items, context.examples) if items else []


def _why(decision: Decision, context: Context, names: Mapping[str, str]) -> str:
    """Why this candidate and no other: what the ladder said, by the validation items; empty where none was climbed."""
    climbed = context.ladder
    if climbed is None:
        return ""
    on = f" on {climbed.items}" if climbed.items else ""
    head = f"The ladder{on}, before the test set was opened. Do we need to fine-tune? {climbed.fine_tune}"
    if climbed.pick != decision.candidate:
        head += f" It picked another one, {names[climbed.pick]}."
    return words.typeset(" ".join([head, climbed.because, *climbed.returns]))


def _basis(found: Sequence[Arms], context: Context) -> str:
    """Which items a cross-fitted decision speaks of; nothing to say where it speaks of the sealed ones alone."""
    if not found or found[0].own.split != "cross_fit":
        return ""
    every = context.items.get(found[0].own.id, ())
    sealed = _sealed(found, context)
    rest = [item for item in every if item.example not in sealed]
    own = [item for item in every if item.example in sealed]
    spread = _APART if len({item.part for item in every}) > 1 else ""
    return (
        f"Its numbers, pictures and answers are those of {together(every, 'item')}: {together(rest, 'training row')}, "
        "each answered by a model that had seen neither the row nor its group "
        f"({found[0].own.signature.get('folds')} parts), and {together(own, 'sealed item')}, answered by the candidate "
        f"itself. {spread}Where it says sealed or validation items, it speaks of those alone."
    )


def _sealed(found: Sequence[Arms], context: Context) -> frozenset[str]:
    """The examples of the sealed test set."""
    return frozenset(
        item.example for place in found if place.own.split == "test" for item in context.items.get(place.own.id, ())
    )


def _places(found: Sequence[Arms], context: Context) -> dict[str, str]:
    """Of each item of a cross-fitted decision, where it comes from."""
    if not found or found[0].own.split != "cross_fit":
        return {}
    sealed = _sealed(found, context)
    items = context.items.get(found[0].own.id, ())
    return {item.example: "sealed item" if item.example in sealed else "training row" for item in items}


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
        "next": f"strop promote {decision.candidate}" if decision.verdict == "promote" else "",
        "basis": _basis(found, context),
        "why": _why(decision, context, names),
        "places": _places(found, context),
        "checks": check_rows(decision.checks, found[0].spec.name if found else ""),
        "figures": figures(decision, found, context, names),
        "changes": changed(found, context, names),
        "weakest": _weakest(decision, found, context),
        "weak": _weak(found, context),
        "opinion": context.opinion,
        "remedies": [one.model_copy(update={"why": context.hide(one.why)}) for one in context.remedies],
        "compared": _compared(found, context, names),
        "protocol": asked.protocol(decision, found[0].spec.name if found else ""),
        "budget": asked.budget(decision),
        "names": names,
        "run": context.run,
    }
