"""``strop demo``: the shipped scenario, from raw rows to a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from strop.cli import printing
from strop.cli.app import Call, app
from strop.cli.output import Out, flush
from strop.cli.progress import Bars
from strop.errors import InputError


@app.command()
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the demo project goes.")] = Path("demo"),
    engine: Annotated[str, typer.Option(help="torch: the real model. fake: the whole loop in seconds.")] = "torch",
    quick: Annotated[bool, typer.Option("--quick", help="80 rows; may honestly end in not enough evidence.")] = False,
) -> None:
    """The shipped scenario: an invented outdoor shop, raw rows to a verdict."""
    from strop import durable
    from strop.demo import play
    from strop.web import report

    call: Call = context.obj
    if engine not in ("torch", "fake"):
        raise InputError(f"no engine is called {engine}", remedy="torch or fake")
    with Bars(Out(stderr=True), quiet=call.quiet) as bars:
        project, played = play.play(folder, engine=engine, quick=quick, on_event=bars)  # type: ignore[arg-type]
    page = folder / "decision.html"
    decision = played[-1].turn.decision
    durable.write_text(page, report.page(decision, report.gather(project, decision)))

    def human(console: Any) -> None:
        for number, one in enumerate(played, 1):
            turn = one.turn
            console.rule(f"turn {number}: rows", align="left")
            printing.dataset(console, turn.dataset, next_step=False)
            console.rule("ladder", align="left")
            printing.ladder(console, turn.ladder, project.primary, next_step=False)
            console.rule("verdict", align="left")
            printing.decision(console, turn.decision, next_step=False)
            printing.afterwards(console, one.release, one.findings)
        console.print(f"\nThe evidence, with plots and the items that changed: [bold]{page.resolve()}[/]")
        printing.then(
            console,
            f"strop --project {folder} serve" if project.store.latest("release") else f"strop --project {folder}",
        )

    payload = {
        "project": str(folder.resolve()),
        "turns": [
            {
                "dataset": one.turn.dataset.id, "ladder": one.turn.ladder.to_json(),
                "decision": one.turn.decision.to_json(),
                "release": one.release.to_json() if one.release else None, "findings": list(one.findings),
            }
            for one in played
        ],
        "page": str(page.resolve()),
    }  # fmt: skip
    call.emit(payload, human)
    flush()
