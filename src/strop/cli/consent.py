"""What people are asked before a candidate goes live: blind pairs to judge, and approvals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from strop.cli import printing
from strop.cli.app import Call
from strop.cli.live import review_app

Name = Annotated[str, typer.Option("--person", help="Who judges: a name that has a key, once anybody has one.")]


@review_app.command("pairs")
def pairs(
    context: typer.Context,
    person: Name = "local",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write them as JSONL, to be filled in.")] = None,
) -> None:
    """Blind pairs that wait: two answers to one item. Whose is whose is not said, to nobody."""
    from strop.project import exchange

    call: Call = context.obj
    with call.project() as project:
        waiting = project.pairs().waiting(project.person(person)[0])
        if output is not None:
            exchange.export_pairs(project.opened, waiting, output)

    def human(console: Any) -> None:
        for one in waiting[: 0 if output else 5]:
            for name, text in (("asked", one.asked), ("left", one.left), ("right", one.right)):
                console.print(f"[bold]{name:6}[/]", end=" ")
                console.print(text, markup=False, soft_wrap=True)
            printing.then(console, f"strop review prefer {one.pair} left|right|same|cannot_judge")
            console.print()
        where = f" → {output}" if output else "; the page /pairs of `strop serve` shows them side by side"
        console.print(f"{_wait(len(waiting))}{where if waiting else ''}", markup=False)

    payload: dict[str, Any] = {
        "waiting": [{"pair": one.pair, "asked": one.asked, "left": one.left, "right": one.right} for one in waiting]
    }
    call.emit(payload | ({"path": str(output.resolve())} if output else {}), human)


@review_app.command("prefer")
def prefer(
    context: typer.Context,
    pair: Annotated[str, typer.Argument(help="A pair's id.")],
    preferred: Annotated[str, typer.Argument(help="left, right, same or cannot_judge.")],
    person: Name = "local",
) -> None:
    """Which of the two answers of a blind pair is better."""
    call: Call = context.obj
    with call.project() as project:
        queue, name = project.pairs(), project.person(person)[0]
        made, _ = queue.add(pair, preferred, by=name)
        left = len(queue.waiting(name))

    def human(console: Any) -> None:
        console.print(f"{made.value} ({made.id}); {_wait(left)}")
        printing.then(console, "strop review pairs" if left else "strop decide")

    call.emit({"judgement": made.id, "pair": pair, "preferred": made.value, "waiting": left}, human)


@review_app.command("judge")
def judge(
    context: typer.Context,
    decision: Annotated[str | None, typer.Argument(help="A decision (default: the newest).")] = None,
) -> None:
    """What the model of `judge:` says of blind pairs, in both orders, beside what people said; it decides nothing."""
    call: Call = context.obj
    with call.project() as project:
        found = project.judged_by_model(decision)

    def human(console: Any) -> None:
        console.print(found.sentence, markup=False)
        printing.then(console, "strop review pairs")

    call.emit(found.model_dump(mode="json"), human)


@review_app.command("approve")
def approve(
    context: typer.Context,
    candidate: Annotated[str | None, typer.Argument(help="Default: the ladder's pick.")] = None,
    person: Name = "local",
    refuse: Annotated[bool, typer.Option("--refuse", help="Say no.")] = False,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """May this candidate go live? A named person's yes (or no), on record; `strop decide` then counts it."""
    call: Call = context.obj
    with call.project() as project:
        made = project.approve(candidate, person=person, approved=not refuse, comment=comment)

    def human(console: Any) -> None:
        word = "approved" if made.value == "approve" else "refused"
        console.print(f"{made.subject} {word} by {made.by} as {made.name} ({made.id})", markup=False)
        printing.then(console, f"strop decide {made.subject}")

    payload = {"judgement": made.id, "candidate": made.subject, "approved": made.value == "approve", "by": made.by}
    call.emit({**payload, "role": made.name}, human)


def _wait(count: int) -> str:
    return "1 blind pair waits" if count == 1 else f"{count} blind pairs wait"
