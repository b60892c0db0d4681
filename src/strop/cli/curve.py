"""How much would more rows buy: learning-curve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from strop.cli import printing
from strop.cli.app import Call, app
from strop.errors import InputError
from strop.records import TUNED_METHODS, Method

_MORE = 200
METHODS: tuple[Method, ...] = ("classical", *sorted(TUNED_METHODS - {"classical"}))


@app.command("learning-curve")
def curve(
    context: typer.Context,
    method: Annotated[str, typer.Option(help="What is trained: classical, or a way to tune a model.")] = "classical",
    base: Annotated[str | None, typer.Option(help="A base at hand, for a tuned model: strop models list.")] = None,
    more: Annotated[
        int | None, typer.Option(min=1, help=f"Rows to add, in thought. Default: {_MORE}, or as many as are there.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings at each of five sizes, each on other rows.")] = 3,
    html: Annotated[Path | None, typer.Option("--html", help="Write the curve as one self-contained page.")] = None,
) -> None:
    """How much would more rows buy? Trains on growing parts of the rows. Exit 4 when the curve cannot say."""
    from strop.measure import display_name
    from strop.studies import Bench, learning_curve

    call: Call = context.obj
    with call.project() as project:
        spec = project.spec(trained(method), base)
        bench = Bench(project, project.opened.dataset())
        further = more or min(_MORE, len(bench.train))
        found = learning_curve(
            bench.answer_of_parts(spec), bench.train, bench.primary, more=further, seeds=range(seeds)
        )
        task = project.settings.task.name
    if html is not None:
        from strop import durable
        from strop.web import curve as pages

        durable.write_text(html, pages.page(found, project=task))

    def human(console: Any) -> None:
        name, held = display_name(found.measure), len(bench.rows) - len(bench.train)
        console.print(
            f"{name} of {escape(method)} on {held} validation items: mean [95 % over items] (each of {seeds} runs)",
            markup=False,
        )
        for point in found.points:
            told = ", ".join(f"{value:.3f}" for value in point.values)
            console.print(f"{point.rows:>8} rows  {point.mean:.3f}{printing.bounds(point.value)}  [dim]({told})[/]")
        console.print(escape(found.sentence()))
        if html is not None:
            console.print(f"wrote {html}", markup=False, soft_wrap=True)

    payload = {**found.to_json(), "sentence": found.sentence()}
    call.emit(payload | ({"html": str(html.resolve())} if html else {}), human)
    raise typer.Exit(4 if found.gain is None else 0)


def trained(method: str) -> Method:
    """A method that is trained. Raises InputError for any other word."""
    found: Method | None = next((name for name in METHODS if name == method), None)
    if found is None:
        raise InputError(f"no method that is trained is called {method}", remedy=f"one of {', '.join(METHODS)}")
    return found
