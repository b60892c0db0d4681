"""What the pages of a report, dataset, ladder, run and candidate show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from strop.curate import is_judged
from strop.decide.words import counted
from strop.measure import display_name
from strop.records import Candidate, Dataset, Fault, Ladder, LedgerLine, Measured, Report, Run, Step
from strop.web import changes, plots, words
from strop.web.context import Context, candidate_names, spec_name
from strop.web.sections import faulty, weak, weighed
from strop.web.sections.asked import flat
from strop.web.sections.compared import shots_told
from strop.web.verdict import Fact, ladder_figures, rung_forest

LEDGER_SHOWN = 5
"""Ledger lines shown for each reason; the ledger file has all of them."""
_ENDS = 15
"""Labels shown at each end of a long list."""


@dataclass(frozen=True)
class FaultGroup:
    """The worst rows of one fault that only a person can confirm."""

    fault: str
    total: int
    lines: tuple[Fault, ...]


@dataclass(frozen=True)
class NextStep:
    """A command, and why."""

    why: str
    command: str


@dataclass(frozen=True)
class LedgerGroup:
    """The first lines of one reason."""

    reason: str
    total: int
    lines: tuple[LedgerLine, ...]


@dataclass(frozen=True)
class Cell:
    """A number and its interval in a table."""

    value: str
    note: str = ""


@dataclass(frozen=True)
class Rung:
    """A step of the ladder, ready to print."""

    name: str
    candidate: str
    pick: bool
    cells: tuple[Cell, ...]


def report(subject: Report, context: Context) -> dict[str, object]:
    """A report: measures, slices, confusion, the weakest answers, how it was measured."""
    spec = next((s for s in subject.specs if s.primary), subject.specs[0] if subject.specs else None)
    items = context.items.get(subject.id, ())
    figures = [plots.slices(subject, measure=spec.name, by=by) for by in subject.slices] if spec else []
    if spec and spec.how in ("macro_f1", "matthews"):
        figures.append(plots.confusion(items, on=words.ITEMS[subject.split]))
    names = candidate_names(context)
    return {
        "report": subject,
        "name": names.get(subject.candidate, subject.method),
        "spec": spec,
        "facts": _report_facts(subject),
        "measures": [
            (
                display_name(name) + (" (primary)" if spec and spec.name == name else ""),
                words.number(found.value, name),
                words.interval(found.low, found.high, name),
                counted(found),
                found.method,
            )
            for name, found in subject.measures.items()
        ],
        "figures": [figure for figure in figures if figure],
        "weakest": changes.weakest(spec, items, examples=context.examples, hide=context.hide)
        if spec and items
        else None,
        "weak": weak.rows(spec, items, context.examples) if spec and items else [],
        "signature": flat(subject.signature),
    }


def _report_facts(subject: Report) -> list[Fact]:
    facts = [
        Fact(
            display_name(spec.name),
            words.number(subject.measures[spec.name].value, spec.name),
            words.interval(subject.measures[spec.name].low, subject.measures[spec.name].high, spec.name),
        )
        for spec in subject.specs
        if spec.primary and spec.name in subject.measures
    ]
    facts.append(Fact("Items", f"{subject.n:,}", f"{subject.suite_name} suite, {subject.split}"))
    if subject.latency_ms is not None:
        value = words.number(subject.latency_ms.value, "latency_ms")
        note = words.interval(subject.latency_ms.low, subject.latency_ms.high, "latency_ms")
        facts.append(Fact("Latency per answer", value, note))
    if subject.memory_bytes is not None:
        facts.append(Fact("Memory", words.size(subject.memory_bytes), "of weights and adapter, counted"))
    return facts


def dataset(subject: Dataset, context: Context) -> dict[str, object]:
    """A dataset: counts that add up, reasons, the ledger's first lines, recipe."""
    rows = subject.rows
    counts = [("kept", rows.kept), ("held out", rows.held_out), ("dropped", rows.dropped)]
    counts.append(("quarantined", rows.quarantined))
    charts = [
        plots.bar_chart(counts, name=f"{rows.read:,} rows read", unit="rows"),
        _of_labels(context.labels),
        _counts(subject.reasons, "Reasons", "rows"),
        _counts(subject.faults, "Faults found", "rows"),
        _counts(subject.personal_data, "Personal data found", "pieces"),
    ]
    details = [
        ("system prompt", subject.system or "none"),
        ("labels", ", ".join(subject.labels) or "none"),
        *flat(subject.recipe, "recipe"),
        *flat(subject.leakage, "leakage"),
    ]
    return {
        "dataset": subject,
        "facts": [Fact(split.capitalize(), f"{len(ids):,}", "rows") for split, ids in subject.splits.items()],
        "figures": [chart for chart in charts if chart],
        "ledger": _ledger(context.ledger),
        "doubts": _doubts(subject, context.faults),
        "faulty": faulty.rows(subject, context),
        "details": details,
        "next": _next(subject),
        "shorter": _shorter(subject),
    }


def _next(subject: Dataset) -> list[NextStep]:
    """What can be done with a version, what helps most first."""
    judged = any(count and is_judged(fault, subject.kind) for fault, count in subject.faults.items())
    steps = []
    if subject.lacking:
        steps.append(NextStep(f"Nothing can be learned and compared yet: add {subject.lacking}, then", "strop curate"))
    if (unread := sum(subject.reasons.get(reason, 0) for reason in ("malformed", "empty", "no_answer"))) > 0:
        told = f"{unread:,} {'row' if unread == 1 else 'rows'} could not be used: mend them (what is wrong, and where:"
        steps.append(NextStep(told + " the ledger below), then", "strop curate"))
    if judged:
        steps.append(NextStep("Doubts that only a person can settle, those first that cost most:", "strop review rows"))
    if not subject.lacking:
        steps.append(NextStep("Which model learns it best, the cheapest first:", "strop choose"))
    return steps


def _shorter(subject: Dataset) -> Callable[[str], str]:
    """Names a row (``source:line``) by its file alone, where no other source is called the same."""
    listed = subject.recipe.get("sources")
    sources = [str(one["path"]) for one in listed] if isinstance(listed, list) else []
    names = Counter(PurePath(source).name for source in sources)
    short = {source: PurePath(source).name for source in sources if names[PurePath(source).name] == 1}

    def shorter(place: str) -> str:
        source, colon, line = place.rpartition(":")
        return f"{short.get(source, source)}{colon}{line}"

    return shorter


def _of_labels(counts: Mapping[str, int]) -> plots.Figure | None:
    """The rows to train on by label, the most frequent first; of many labels both ends."""
    listed = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    shown = listed if len(listed) <= 2 * _ENDS else [*listed[:_ENDS], *listed[-_ENDS:]]
    most, least = (listed[0], listed[-1]) if listed else (("", 0), ("", 0))
    told = (
        f"{len(listed):,} labels; the most frequent has {most[1] / max(least[1], 1):,.1f} times the rows of the rarest"
    )
    told += "" if len(shown) == len(listed) else f"; the first and last {_ENDS} are shown"
    return plots.bar_chart(shown, name="Labels of the rows to train on", unit="rows", caption=f"{told}.")


def _counts(counts: dict[str, int], name: str, unit: str) -> plots.Figure | None:
    ordered = sorted(
        ((display_name(key), count) for key, count in counts.items() if count), key=lambda c: (-c[1], c[0])
    )
    return plots.bar_chart(ordered, name=name, unit=unit)


def _doubts(subject: Dataset, faults: Sequence[Fault]) -> list[FaultGroup]:
    """Rows with a judged fault, the worst first."""
    groups: dict[str, list[Fault]] = defaultdict(list)
    for fault in sorted(faults, key=lambda fault: fault.score):
        if fault.is_fault and is_judged(fault.fault, subject.kind):
            groups[fault.fault].append(fault)
    return [FaultGroup(name, len(found), tuple(found[:LEDGER_SHOWN])) for name, found in sorted(groups.items())]


def _ledger(lines: Sequence[LedgerLine]) -> list[LedgerGroup]:
    groups: dict[str, list[LedgerLine]] = defaultdict(list)
    for line in lines:
        if line.action in ("dropped", "quarantined"):
            groups[line.reason or line.action].append(line)
    return [
        LedgerGroup(reason, len(found), tuple(found[:LEDGER_SHOWN]))
        for reason, found in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    ]


def ladder(subject: Ladder, context: Context) -> dict[str, object]:
    """A ladder: the answer to "do we need to fine-tune", every rung with its price, the pick and why."""
    names = candidate_names(context)
    measures = list(dict.fromkeys(name for step in subject.steps for name in step.measures))
    primary = _primary(subject, context, measures)
    measures.sort(key=lambda name: name != primary)
    rows = [
        plots.Row(names[step.candidate], step.measures[primary], marked=step.candidate == subject.pick)
        for step in subject.steps
        if primary in step.measures
    ]
    drawn = rung_forest(rows, primary, on=words.ITEMS["validation"], marked="pick") if primary else None
    figures = [drawn, *ladder_figures(context, primary, names)] if primary else []
    return {
        "ladder": subject,
        "heads": [
            *(words.first_upper(display_name(name)) for name in measures),
            "Latency",
            "Memory held",
            "Time to make",
            "Cost a month",
        ],
        "rungs": [
            Rung(names[step.candidate], step.candidate, step.candidate == subject.pick, _cells(step, measures))
            for step in subject.steps
        ],
        "figures": [figure for figure in figures if figure],
        "weighed": weighed.rows(subject.weighed),
        "weighed_head": weighed.HEAD,
    }


def _primary(subject: Ladder, context: Context, measures: Sequence[str]) -> str:
    for step in subject.steps:
        found = context.reports.get(step.report)
        for spec in found.specs if found else ():
            if spec.primary:
                return spec.name
    return measures[0] if measures else ""


def _cells(step: Step, measures: Sequence[str]) -> tuple[Cell, ...]:
    found = [
        Cell(words.number(m.value, name), f"{words.interval(m.low, m.high, name)}\non {counted(m)}")
        if m
        else Cell(words.ABSENT)
        for name in measures
        for m in (step.measures.get(name),)
    ]
    return (
        *found,
        _spread(step.latency, step.latency_ms, "latency_ms"),
        Cell(words.ABSENT if step.memory_bytes is None else words.size(step.memory_bytes)),
        Cell(words.number(step.cpu_seconds, "cpu_seconds")),
        _spread(step.monthly, step.cost, "cost"),
    )


def _spread(found: Measured | None, value: float | None, name: str) -> Cell:
    """A price with its interval, as far as it has one: all answers in one batch are one timing."""
    if found is None:
        return Cell(words.number(value, name), "" if not value else "one timing")
    return Cell(words.number(found.value, name), f"{words.interval(found.low, found.high, name)}\non {counted(found)}")


def run(subject: Run, context: Context) -> dict[str, object]:
    """A run: its checks, its losses, what it was estimated to cost and what it cost."""
    passed = sum(check.passed for check in subject.checks)
    curves = [plots.losses(subject), *plots.pace(subject)]
    fields = (
        ("Examples", "examples"), ("Tokens", "tokens"), ("Processor time", "cpu_seconds"), ("Time", "wall_seconds"),
        ("Memory above the base", "peak_memory_bytes"), ("Money", "money"),
    )  # fmt: skip
    return {
        "run": subject,
        "name": spec_name(subject.spec, context.bases),
        "facts": [
            Fact("Processor time", words.duration(subject.measured.cpu_seconds), "measured"),
            Fact("Memory above the base", words.size(subject.measured.peak_memory_bytes), "peak of one run"),
            Fact("Checks passed", f"{passed} of {len(subject.checks)}", "of the never-silent contract"),
        ],
        "checks": [(check, words.CHECKS["pass" if check.passed else "fail"]) for check in subject.checks],
        "figures": [curve for curve in curves if curve],
        "costs": [
            (
                name,
                words.number(getattr(subject.estimate, field) if subject.estimate else None, field),
                words.number(getattr(subject.measured, field), field),
            )
            for name, field in fields
        ],
        "details": [
            ("seed", str(subject.seed)),
            *flat(subject.spec.settings, "settings"),
            *flat(subject.environment, "environment"),
        ],
    }


def candidate(subject: Candidate, context: Context) -> dict[str, object]:
    """A candidate: what it is made of, and what was measured of it."""
    own = [found for found in context.reports.values() if found.candidate == subject.id]
    curve = plots.losses(context.run) if context.run else None
    return {
        "candidate": subject,
        "name": spec_name(subject.spec, context.bases),
        "details": [
            ("method", subject.spec.method),
            ("base", subject.spec.base or "none"),
            ("system prompt", subject.spec.system or "none"),
            ("examples in the prompt", shots_told(subject)),
            ("labels", ", ".join(subject.spec.labels) or "none"),
            ("seed", str(subject.seed)),
            *flat(subject.spec.settings, "settings"),
        ],
        "reports": [
            (
                f"{found.suite_name} ({found.split})",
                display_name(name),
                words.number(value.value, name),
                words.interval(value.low, value.high, name),
                counted(value),
            )
            for found in own
            for name, value in found.measures.items()
        ],
        "figures": [curve] if curve else [],
    }
