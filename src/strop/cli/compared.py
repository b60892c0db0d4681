"""Was full tuning worth it: compare."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from strop.cli.app import Call, app
from strop.cli.curve import trained
from strop.errors import InputError
from strop.records import Measured

_MIB = 2**20


@app.command()
def compare(
    context: typer.Context,
    methods: Annotated[list[str], typer.Argument(help="Ways to tune; the last is the one in question: lora full.")],
    base: Annotated[str | None, typer.Option(help="A base at hand: strop models list.")] = None,
    rates: Annotated[
        int, typer.Option(min=1, help="Learning rates to try for each, around its default. 1: as it is set.")
    ] = 3,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each method at its best rate.")] = 1,
) -> None:
    """Was the last method worth it? Quality, time, memory, forgetting. Exit 4 when that is not shown."""
    from strop.measure import display_name
    from strop.studies import Bench, methods_compared

    call: Call = context.obj
    if len(methods) < 2 or len(set(methods)) < len(methods):
        raise InputError("a comparison needs two methods or more, each once", remedy="strop compare lora full")
    with call.project() as project:
        named = next(iter(project.settings.decision.primary.values()), None)
        margin = {} if named is None else {"margin": named.margin}
        specs = [project.spec(trained(method), base) for method in methods]
        bench = Bench(project, project.opened.dataset())
        study = methods_compared(bench, specs, rates=rates, seeds=range(seeds), **margin)

    def human(console: Any) -> None:
        console.print(f"{display_name(study.measure)} on {study.items} validation items, {len(study.seeds)} seed(s)")
        table = Table(box=None, pad_edge=False)
        for head in ("method", "rate", "quality", f"minus {study.arms[-1].method}", "CPU-s", "MiB", "general ability"):
            table.add_column(head)
        for arm in study.arms:
            rate = "as set" if arm.learning_rate is None else f"{arm.learning_rate:.2g}"
            table.add_row(
                escape(arm.method), rate, _told(arm.quality), _points(arm.difference), f"{arm.cpu_seconds:,.1f}",
                f"{arm.peak_memory_bytes / _MIB:,.0f}", _points(arm.general),
            )  # fmt: skip
        console.print(table)
        for arm in study.arms if len(study.seeds) > 1 else ():
            console.print(f"{escape(arm.method)} by seed: {', '.join(f'{value:.3f}' for value in arm.values)}")
        console.print(escape(study.sentence()))

    call.emit({**study.to_json(), "verdict": study.verdict, "sentence": study.sentence()}, human)
    raise typer.Exit(4 if study.verdict == "undecided" else 0)


def _told(found: Measured) -> str:
    return escape(f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]")


def _points(found: Measured | None) -> str:
    if found is None:
        return ""
    return escape(f"{100 * found.value:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]")
