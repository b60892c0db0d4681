"""What people read: short summaries, every number with its interval or count, the next command last."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from strop.cli.copying import as_typed
from strop.records import Check, Cost, Dataset, Decision, Ladder, LedgerLine, Measured, Release, Report, Run

if TYPE_CHECKING:
    from strop.evaluate import WeakSlice
    from strop.project import Answer
    from strop.project.live.listening import Imported
    from strop.project.verdicts.remedies import Remedy

_WORDS = {
    "promote": ("✔ PROMOTE", "bold green"),
    "refuse": ("✘ REFUSE", "bold red"),
    "not_enough_evidence": ("? NOT ENOUGH EVIDENCE", "bold yellow"),
}
_MARKS = {
    "pass": "[green]✔ pass[/]",
    "fail": "[red]✘ fail[/]",
    "undecided": "[yellow]? open[/]",
    "missing": "[red]✘ none[/]",
}

_UNDER_FACTS = 29
"""Columns before a check's numbers."""
_REASON = 80  # characters of a row's reason that a line of a summary has room for
_COUNTED = frozenset({"leakage", "personal_data", "memory"})  # checks whose value counts what their detail names


def number(value: float | None) -> str:
    """Three significant digits, without noise."""
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def measured(value: Measured, noun: str = "item") -> str:
    """``0.912 [0.881, 0.936] on 350 items``, in their groups where they hang together."""
    from strop.decide.words import counted

    return f"{interval(value)} on {counted(value, noun)}"


def interval(value: Measured) -> str:
    """``0.912 [0.881, 0.936]``."""
    return f"{number(value.value)} \\[{number(value.low)}, {number(value.high)}]"


def size(count: float | None) -> str:
    """Bytes in words."""
    if count is None:
        return "–"
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def latency(milliseconds: float | None) -> str:
    """Milliseconds of an answer, never a zero that is none."""
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "< 1 ms"


def seconds(processor: float | None) -> str:
    """Processor seconds of a run, one decimal where there are few."""
    if processor is None:
        return "–"
    if processor < 0.1:
        return "< 0.1 CPU-s"
    return f"{processor:.0f} CPU-s" if processor >= 10 else f"{processor:.1f} CPU-s"


def hanging(console: Console, text: str, *, indent: int, head: str = "", dim: bool = False) -> None:
    """A paragraph whose further lines stand under its first; ``head``: markup before it, ``text``: plain."""
    taken = len(Text.from_markup(head))
    width = max(console.width - 1, indent + 24)
    lines = textwrap.wrap(
        text, width, initial_indent=" " * max(taken, 0 if head else indent), subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    ) or [" " * taken]  # fmt: skip
    first, rest = lines[0][taken:], lines[1:]
    body = escape("\n".join([first, *rest]))
    console.print(head + (f"[dim]{body}[/]" if dim else body), soft_wrap=True)


def then(console: Console, command: str) -> None:
    """The next step, ready to copy where the command was typed."""
    console.print(f"\n[dim]next:[/]  [bold]{escape(as_typed(command, project_of(console)))}[/]", soft_wrap=True)


def project_of(console: Console) -> Path | None:
    """The folder that commands to copy have to name."""
    project: Path | None = getattr(console, "project", None)
    return project


def questions(console: Console, name: str, found: Sequence[Answer]) -> None:
    """The five questions."""
    from strop.project.questions import next_command

    console.print(f"[bold]{escape(name)}[/]\n")
    for answer in found:
        aged = f"  [dim]{answer.age}[/]" if answer.age else ""
        console.print(f"[bold]{answer.question}[/]{aged}")
        console.print(f"  {escape(answer.answer)}")
        if answer.would_change:
            changing = as_typed(answer.would_change, project_of(console))
            console.print(f"  [dim]would change it: {escape(changing)}[/]")
    then(console, next_command(found))


def dataset(
    console: Console, made: Dataset, *, aside: Iterable[LedgerLine] = (), asked: int | None = None,
    next_step: bool = True,
) -> None:  # fmt: skip
    """What curation did; ``aside``: the ledger of rows that were set aside, of which the first of each reason is told;
    ``asked``: rows without a word."""
    from strop.curate import is_judged

    rows = made.rows
    console.print(
        f"[bold]{made.id}[/]: {rows.read} rows read = {rows.kept} kept + {rows.held_out} held out + {rows.dropped} "
        f"dropped + {rows.quarantined} quarantined"
    )
    console.print("  " + ", ".join(f"{len(ids)} {split}" for split, ids in made.splits.items()))
    reasons = {k: v for k, v in made.reasons.items() if not k.startswith("split_")}
    if reasons:
        first = first_of_each(aside)
        for reason, count in sorted(reasons.items()):
            console.print(f"  set aside: {count} {reason}{first.get(reason, '')}", markup=False, soft_wrap=True)
    if judged := {fault: count for fault, count in made.faults.items() if is_judged(fault, made.kind)}:
        told = ", ".join(f"{count} {fault}" for fault, count in judged.items())
        rest = "" if asked is None else f"{asked} {'row waits' if asked == 1 else 'rows wait'}: "
        console.print(
            f"  for a person to judge: {told} ({rest}{as_typed('strop review rows', project_of(console))})",
            markup=False,
            soft_wrap=True,
        )
    if made.waiting:
        console.print(f"  wait outside until a person has looked: {len(made.waiting)} of the rows set aside")
    if made.personal_data:
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(made.personal_data.items()))
        console.print(f"  personal data replaced: {found}")
    for warning in made.leakage.get("warnings", []):
        console.print(f"  [yellow]{escape(str(warning))}[/]")
    if next_step and made.lacking:
        console.print(f"  nothing can be learned and compared yet; add {made.lacking}", markup=False, soft_wrap=True)
    if next_step:
        then(console, "strop curate" if made.lacking else "strop choose")


def bounds(found: Measured | None) -> str:
    """The interval of a value that stands before it; nothing for none."""
    return f" [{found.low:.3f}, {found.high:.3f}]" if found is not None else ""


def first_of_each(ledger: Iterable[LedgerLine]) -> dict[str, str]:
    """For each reason, where its first row stands, and what is wrong with it."""
    first: dict[str, str] = {}
    for line in ledger:
        if line.reason is not None:
            cut = "…" if len(line.detail) > _REASON else ""
            why = f" {line.detail[:_REASON]}{cut}" if line.detail else ""
            if line.reason == "malformed" and line.remedy:
                why += f" → {line.remedy}"
            first.setdefault(line.reason, f" (first: {line.source}:{line.line}{why})")
    return first


def ladder(console: Console, climbed: Ladder, primary: str, *, next_step: bool = True) -> None:
    """The rungs side by side."""
    from strop.measure import display_name

    table = Table(box=None, pad_edge=False, header_style="dim")
    one_base = len({step.base for step in climbed.steps if step.base}) == 1
    most = max((step.measures[primary].n for step in climbed.steps if primary in step.measures), default=0)
    on = climbed.items or f"{most} validation items"  # ladders of an older strop only have the number
    console.print(f"[dim]{display_name(primary)} on {on}, with 95 % intervals[/]")
    for heading in ("", "rung", "value", "latency", "memory", "training"):
        table.add_column(heading, no_wrap=True)
    rows = []
    for step in climbed.steps:
        value = step.measures.get(primary)
        rows.append((
            "[bold green]→[/]" if step.candidate == climbed.pick else " ",
            escape((step.name or step.method).partition(" · ")[0] if one_base else step.name or step.method),
            interval(value) if value else "not measured",
            latency(step.latency_ms),
            size(step.memory_bytes),
            seconds(step.cpu_seconds),
        ))  # fmt: skip
        table.add_row(*rows[-1])
    if Measurement.get(console, console.options.update(max_width=1000), table).maximum <= console.width:
        console.print(table)
    else:  # a cut number is worse than a second line
        for pick, name, value_shown, *prices in rows:
            console.print(
                f"{pick} {name}  {value_shown}\n    [dim]{', '.join(p for p in prices if p != '–')}[/]", soft_wrap=True
            )
    console.print(f"\n[bold]Fine-tune?[/] {escape(climbed.fine_tune)}")
    console.print(f"[bold]Pick:[/] {climbed.pick}. {escape(climbed.because)}")
    if climbed.returns:
        console.print(f"[bold]Does it pay?[/] {escape(' '.join(climbed.returns))}")
    if outcomes := [weighed.outcome for weighed in climbed.weighed if weighed.outcome]:
        console.print(f"[bold]Did each step pay?[/] {escape(' '.join(outcomes))}")
    if climbed.foreseen:
        console.print(f"[bold]Would a verdict show it?[/] {escape(climbed.foreseen)}")
    if next_step:
        then(console, climbed.command)


def _seconds(seconds: float) -> str:
    return f"about {seconds:.0f} CPU-seconds" if seconds >= 1.5 else "about 1 CPU-second or less"


def cost(console: Console, estimated: Cost) -> None:
    """What a run will take."""
    from strop.decide.money import money

    price = f", {money(estimated.money)} in money" if estimated.money else ""
    disk = f", {size(estimated.disk_bytes)} kept on disk" if estimated.disk_bytes else ""
    console.print(
        f"{estimated.examples} examples, {estimated.tokens:,} tokens: {_seconds(estimated.cpu_seconds)}, "
        f"{size(estimated.peak_memory_bytes)} above the loaded base{disk}{price}"
    )


def run(console: Console, made: Run, candidate: str | None = None, *, next_step: bool = True) -> None:
    """How a candidate was made."""
    from strop.tune import worth_comparing

    console.print(
        f"[bold]{candidate or made.id}[/] from {made.measured.examples} examples, {made.measured.tokens:,} tokens"
    )
    told = made.estimate_error is not None and made.estimate and worth_comparing(made.estimate, made.measured)
    more = f", memory {made.memory_error:+.0%}" if made.memory_error is not None else ""
    error = f" (against the estimate: time {made.estimate_error:+.0%}{more})" if told else ""
    memory = size(made.measured.peak_memory_bytes)
    console.print(f"  {seconds(made.measured.cpu_seconds)}, {memory} above the loaded base{error}")
    if made.losses:
        console.print(f"  loss {made.losses[0].loss:.3f} → {made.losses[-1].loss:.3f} over {len(made.losses)} steps")
    for check in made.checks:
        console.print(f"  {'[green]✔[/]' if check.passed else '[red]✘[/]'} {check.name}: {escape(check.detail)}")
    if next_step:
        then(console, f"strop evaluate {candidate}")


def reports(
    console: Console,
    made: Sequence[Report],
    differences: Mapping[str, Measured],
    weak: Mapping[str, Sequence[WeakSlice]] | None = None,
    *,
    next_step: bool = True,
) -> None:
    """Measures with intervals and where they are lower; two candidates also their paired differences."""
    for report in made:
        console.print(f"[bold]{report.candidate}[/] ({report.method}) on {report.n} {report.split} items")
        for name, value in report.measures.items():
            console.print(f"  {name:24} {measured(value)}{_unscored(value, report.n)}")
        for name, reason in report.not_measured.items():
            console.print(f"  {name:24} not measured: {escape(reason)}")
        for found in (weak or {}).get(report.id, ()):
            hanging(console, found.sentence, indent=4, head="  ")
    if differences:
        console.print("[bold]first minus second[/] (paired; positive = the first is better)")
        for name, value in differences.items():
            console.print(f"  {name:24} {measured(value)}")
    if next_step:
        then(console, "strop decide")


def _unscored(value: Measured, asked: int) -> str:
    """How many items a measure says nothing of, where it says something of others; none where groups were counted."""
    if value.items is None and value.method.endswith("clustered"):
        return ""
    left = asked - (value.items or value.n)
    return f", {left} of {asked} have no score" if left > 0 else ""


def _check(console: Console, check: Check) -> None:
    """One line a check; what is not passed also says why."""
    from strop.decide.final import NAME as FINAL_MODEL
    from strop.decide.words import behind

    head = f"{_MARKS[check.verdict]}  {escape(check.name):20} "
    if check.low is None or check.value is None:
        hanging(console, _fact(check), indent=_UNDER_FACTS, head=head, dim=True)
        return
    shown = f"{number(check.value)} [{number(check.low)}, {number(check.high)}]"
    shown += f" against {number(check.margin)}" if check.margin is not None else ""
    shown += f" on {behind(check)}" if check.n is not None else ""
    shown += "; passes unless all of it lies beyond" if check.name == FINAL_MODEL else ""
    hanging(console, shown, indent=_UNDER_FACTS, head=head)
    if check.verdict != "pass":
        hanging(console, check.detail, indent=12, dim=True)


def _fact(check: Check) -> str:
    """A check without chance: the count that its detail names, or the detail and how many were looked at."""
    from strop.decide.words import behind

    if check.value is not None and check.name in _COUNTED:
        return f"{size(check.value) if check.name == 'memory' else f'{check.value:g}'} {check.detail}"
    told = check.n is None or check.detail.startswith(behind(check))
    return check.detail + ("" if told else f" ({behind(check)})")


def decision(
    console: Console, made: Decision, remedies: Sequence[Remedy] = (), *, next_step: bool = True
) -> None:  # fmt: skip
    """The verdict in one sentence, every check, and what could turn a refusal."""
    from strop.decide import right
    from strop.decide.words import PAIRS

    word, style = _WORDS[made.verdict]
    sentence = made.sentence.partition(": ")[2] or made.sentence
    console.print(f"[{style}]{word}[/]  {escape(sentence[:1].upper() + sentence[1:])}\n")
    if made.right_labels is not None:
        console.print(f"{escape(right.told(made.right_labels))}\n")
    for check in made.checks:
        _check(console, check)
    until = f", best before {made.best_before}" if made.best_before else ""
    used = f"use {made.test_uses} of the sealed test set"
    console.print(f"\n[dim]protocol {made.protocol_hash}, {used}, α = {made.alpha:g}{until}[/]")
    if made.digest:
        console.print(f"[dim]{made.digest}: kept elsewhere, it lets `strop verify --digest` see what was replaced[/]")
    if remedies:
        console.print("\nWhat could change it:")
    for remedy in remedies:
        console.print(f"  {remedy.why} {as_typed(remedy.command, project_of(console))}", markup=False, soft_wrap=True)
    if next_step:
        pairs = made.needed is not None and made.needed.slice == PAIRS
        then(console, "strop review pairs" if pairs else f"strop show {made.id} --html decision.html")


def afterwards(console: Console, release: Release | None, findings: Sequence[str]) -> None:
    """What came of a verdict: what serves, and what monitoring saw."""
    if release is not None:
        what = (
            f"{release.canary} answers {release.traffic:.0%} of the sessions" if release.canary else "serves everybody"
        )
        console.print(f"[bold]release[/] {release.id}: {what}")
    for sentence in findings:
        console.print(f"  monitoring: {escape(sentence)}")


def imported(console: Console, file: Path, found: Imported) -> None:
    """What came of a file, and why lines of it were rejected."""
    console.print(f"{found.accepted} accepted, {found.duplicates} known already, {len(found.rejected)} rejected")
    for line in found.rejected[:10]:
        console.print(f"  {file}:{line['line']}: {line['reason']}", markup=False, soft_wrap=True)
    if len(found.rejected) > 10:
        console.print(f"  … and {len(found.rejected) - 10} more (--json lists all)")
