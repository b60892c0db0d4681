"""What people read: short summaries, every number with its interval or count, the next command last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from strop.records import Check, Cost, Dataset, Decision, Ladder, Measured, Report, Run

if TYPE_CHECKING:
    from strop.project import Answer

_WORDS = {
    "promote": ("✔ PROMOTE", "bold green"),
    "refuse": ("✘ REFUSE", "bold red"),
    "not_enough_evidence": ("? NOT ENOUGH EVIDENCE", "bold yellow"),
}
_MARKS = {
    "pass": "[green]✔ pass[/]",
    "fail": "[red]✘ fail[/]",
    "undecided": "[yellow]? open[/]",
    "missing": "[red]✘ missing[/]",
}


def number(value: float | None) -> str:
    """Three significant digits, without noise."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def measured(value: Measured) -> str:
    """``0.912 [0.881, 0.936] n=350``."""
    return f"{number(value.value)} \\[{number(value.low)}, {number(value.high)}] n={value.n}"


def size(count: float | None) -> str:
    """Bytes in words."""
    if count is None:
        return "–"
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def then(console: Console, command: str) -> None:
    """The next step, ready to copy."""
    console.print(f"\n[dim]next:[/]  [bold]{escape(command)}[/]")


def questions(console: Console, name: str, found: Sequence[Answer]) -> None:
    """The five questions."""
    console.print(f"[bold]{escape(name)}[/]\n")
    for answer in found:
        aged = f"  [dim]{answer.age}[/]" if answer.age else ""
        console.print(f"[bold]{answer.question}[/]{aged}")
        console.print(f"  {escape(answer.answer)}")
        if answer.would_change:
            console.print(f"  [dim]would change it: {escape(answer.would_change)}[/]")
    then(console, next((a.command for a in found if a.command), "strop serve"))


def dataset(console: Console, made: Dataset) -> None:
    """What curation did."""
    rows = made.rows
    console.print(
        f"[bold]{made.id}[/]: {rows.read} rows read = {rows.kept} kept + {rows.held_out} held out + {rows.dropped} "
        f"dropped + {rows.quarantined} quarantined"
    )
    console.print("  " + ", ".join(f"{len(ids)} {split}" for split, ids in made.splits.items()))
    reasons = {k: v for k, v in made.reasons.items() if not k.startswith("split_")}
    if reasons:
        console.print("  set aside: " + ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())))
    if made.personal_data:
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(made.personal_data.items()))
        console.print(f"  personal data replaced: {found}")
    for warning in made.leakage.get("warnings", []):
        console.print(f"  [yellow]{escape(str(warning))}[/]")
    then(console, "strop choose")


def ladder(console: Console, climbed: Ladder, primary: str) -> None:
    """The rungs side by side."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("rung", primary, "latency", "memory", "training", "per month", ""):
        table.add_column(heading)
    for step in climbed.steps:
        value = step.measures.get(primary)
        table.add_row(
            escape(f"{step.method}{'' if not step.base else ' · ' + step.base.removeprefix('base_')[:24]}"),
            measured(value) if value else "not measured",
            f"{step.latency_ms:.0f} ms" if step.latency_ms is not None else "–",
            size(step.memory_bytes),
            f"{step.cpu_seconds:.0f} CPU-s" if step.cpu_seconds is not None else "–",
            f"{step.cost:.2f}" if step.cost is not None else "–",
            f"[bold green]← pick[/] {step.candidate}" if step.candidate == climbed.pick else step.candidate,
        )
    console.print(table)
    console.print(f"\n[bold]Fine-tune?[/] {escape(climbed.fine_tune)}")
    console.print(f"[bold]Pick:[/] {escape(climbed.because)}")
    then(console, "strop decide")


def cost(console: Console, estimated: Cost) -> None:
    """What a run will take."""
    money = f", {estimated.money:.4f} in money" if estimated.money is not None else ""
    console.print(
        f"{estimated.examples} examples, {estimated.tokens:,} tokens: about {estimated.cpu_seconds:.0f} CPU-seconds, "
        f"{size(estimated.peak_memory_bytes)} above the loaded base{money}"
    )


def run(console: Console, made: Run, candidate: str) -> None:
    """How a candidate was made."""
    console.print(f"[bold]{candidate}[/] from {made.measured.examples} examples, {made.measured.tokens:,} tokens")
    error = f" (estimate was off by {made.estimate_error:+.0%})" if made.estimate_error is not None else ""
    console.print(
        f"  {made.measured.cpu_seconds:.0f} CPU-seconds, {size(made.measured.peak_memory_bytes)} above the loaded base{error}"
    )
    if made.losses:
        console.print(f"  loss {made.losses[0].loss:.3f} → {made.losses[-1].loss:.3f} over {len(made.losses)} steps")
    for check in made.checks:
        console.print(f"  {'[green]✔[/]' if check.passed else '[red]✘[/]'} {check.name}: {escape(check.detail)}")
    then(console, f"strop evaluate {candidate}")


def reports(console: Console, made: Sequence[Report], differences: Mapping[str, Measured]) -> None:
    """Measures with intervals; two candidates also their paired differences."""
    for report in made:
        console.print(f"[bold]{report.candidate}[/] ({report.method}) on {report.n} {report.split} items")
        for name, value in report.measures.items():
            console.print(f"  {name:24} {measured(value)}")
        for name, reason in report.not_measured.items():
            console.print(f"  {name:24} not measured: {escape(reason)}")
    if differences:
        console.print("[bold]first minus second[/] (paired; positive = the first is better)")
        for name, value in differences.items():
            console.print(f"  {name:24} {measured(value)}")
    then(console, "strop decide")


def _check_row(check: Check) -> tuple[str, ...]:
    interval = (
        f"{number(check.value)} \\[{number(check.low)}, {number(check.high)}]" if check.value is not None else "–"
    )
    count = f"n={check.n}" if check.n is not None else ""
    return _MARKS[check.verdict], check.name, interval, number(check.margin), count, escape(check.detail)


def decision(console: Console, made: Decision) -> None:
    """The verdict in one sentence, then every check."""
    word, style = _WORDS[made.verdict]
    console.print(f"[{style}]{word}[/]  {escape(made.sentence)}\n")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("", "check", "value", "margin", "", ""):
        table.add_column(heading)
    for check in made.checks:
        table.add_row(*_check_row(check))
    console.print(table)
    console.print(
        f"\n[dim]protocol {made.protocol_hash}, use {made.test_uses} of the sealed test set, α = {made.alpha:g}[/]"
    )
    if made.needed is not None:
        slice_words = f" of {made.needed.slice}" if made.needed.slice else ""
        minutes = f", about {made.needed.minutes:.0f} expert minutes" if made.needed.minutes else ""
        console.print(f"[bold]Would settle it:[/] {made.needed.items} further items{escape(slice_words)}{minutes}")
    then(console, f"strop show {made.id} --html decision.html")
