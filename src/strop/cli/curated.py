"""Did curation help: curated-vs-raw."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from strop.cli import printing
from strop.cli.app import Call, app
from strop.cli.curve import trained
from strop.records import Measured

_WIDTH = 41  # characters of a drawn interval


@app.command("curated-vs-raw")
def curated_vs_raw(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="What is trained: classical, or a way to tune a model.")] = "classical",
    base: Annotated[str | None, typer.Option(help="A base at hand, for a tuned model: strop models list.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of nine tenths of the rows, each trained on.")] = 5,
) -> None:
    """Did curation help? Against all raw rows, and as many random and longest ones. Exit 4 when that is not shown."""
    from strop.measure import display_name
    from strop.studies import Bench, curated_against_raw, drawn, raw_rows

    call: Call = context.obj
    with call.project() as project:
        spec = project.spec(trained(method), base)
        dataset = project.opened.dataset()
        bench = Bench(project, dataset)
        curated, aside = raw_rows(project, dataset)
        draw = drawn(curated, aside)
        study = curated_against_raw(bench.answer(spec), draw, bench.primary, seeds=range(seeds))

    def human(console: Any) -> None:
        console.print(f"{display_name(study.measure)} of {escape(method)} on {study.items} validation items")
        gains = [arm.gain for arm in study.arms if arm.gain is not None]
        for arm in study.arms:
            mean = sum(arm.values) / len(arm.values)
            gain = "" if arm.gain is None else f"curated {100 * arm.gain.value:+5.1f} {_drawn(arm.gain, gains)}"
            told = f"{mean:.3f}{printing.bounds(arm.value)}"
            console.print(escape(f"{arm.name:18} {arm.rows:>7} rows  {told}  {gain}"), soft_wrap=True)
        console.print(escape(study.sentence()))

    call.emit({**study.to_json(), "sentence": study.sentence()}, human)
    raise typer.Exit(0 if study.helped else 4)


def _drawn(gain: Measured, every: list[Measured]) -> str:
    """An interval as a line, all on one scale that holds zero (┊)."""
    low, high = min(0.0, *(one.low for one in every)), max(0.0, *(one.high for one in every))
    span = (high - low) or 1.0

    def place(value: float) -> int:
        return round((value - low) / span * (_WIDTH - 1))

    line = [" "] * _WIDTH
    line[place(gain.low) : place(gain.high) + 1] = "─" * (place(gain.high) - place(gain.low) + 1)
    line[place(0.0)] = "┊"
    line[place(gain.value)] = "●"
    return "".join(line)
