"""From a decision to the next: promote, rollback, serve, feedback, review, people, monitor, cycle, forget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.markup import escape

from strop.cli import printing
from strop.cli.app import Call, app
from strop.errors import InputError
from strop.records import Person, PersonRole

feedback_app = typer.Typer(help="Ratings, corrections, outcomes.", no_args_is_help=True)
review_app = typer.Typer(help="The queue of answers that wait for an expert.", no_args_is_help=True)
people_app = typer.Typer(help="Keys and roles.", no_args_is_help=True)
app.add_typer(feedback_app, name="feedback")
app.add_typer(review_app, name="review")
app.add_typer(people_app, name="people")


@app.command()
def promote(
    context: typer.Context,
    candidate: Annotated[str | None, typer.Argument(help="Default: the ladder's pick.")] = None,
    traffic: Annotated[float, typer.Option(help="A canary's share; 1 serves everybody.")] = 1.0,
    past_best_before: Annotated[
        bool, typer.Option("--past-best-before", help="Also where its decision is older than it should be.")
    ] = False,
) -> None:
    """Change what serves. Needs a decision that says promote."""
    call: Call = context.obj
    with call.project() as project:
        made = project.promote(candidate, traffic=traffic, late=past_best_before)

    def human(console: Any) -> None:
        what = (
            f"{made.canary} answers {made.traffic:.0%} of the sessions" if made.canary else f"{made.candidate} serves"
        )
        console.print(f"[bold]{made.alias}[/]: {what} ({made.id})")
        printing.then(console, "strop serve")

    share = made.traffic if made.canary else 1.0
    call.emit({**made.to_json(), "release": made.id, "traffic": share}, human)


@app.command()
def rollback(context: typer.Context) -> None:
    """Close the canary, or go back to what served before."""
    call: Call = context.obj
    with call.project() as project:
        made = project.rollback()
    call.emit(
        {**made.to_json(), "release": made.id, "traffic": 1.0},
        lambda console: console.print(f"[bold]{made.alias}[/]: {made.candidate} serves again ({made.id})"),
    )


@app.command()
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Loopback, unless people have keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8123,
) -> None:
    """Gateway and pages, until Ctrl-C."""
    from strop.web import server

    call: Call = context.obj
    with call.project() as project:
        server.serve(
            project,
            host=host,
            port=port,
            on_open=lambda address: call.out.print(f"{address}  (pages; the API is under /v1)"),
        )


@feedback_app.command("import")
def feedback_import(context: typer.Context, file: Annotated[Path, typer.Argument(help="JSONL.")]) -> None:
    """One judgement a line: interaction_id, kind, value, comment, key. Idempotent."""
    call: Call = context.obj
    with call.project() as project:
        found = project.import_feedback(file)

    call.emit(found.to_json(), lambda console: printing.imported(console, file, found))


@feedback_app.command("list")
def feedback_list(context: typer.Context) -> None:
    """What was said, newest first."""
    from strop.cli import showing

    call: Call = context.obj
    with call.project() as project:
        found = project.records("judgement")

    def human(console: Any) -> None:
        showing.listing(console, found[:50], whole=True, empty="nothing was said yet")
        if len(found) > 50:
            console.print(f"… and {len(found) - 50} more (--json lists all)")

    call.emit({"judgements": [one.to_json() for one in found]}, human)


@review_app.command("list")
def review_list(context: typer.Context, person: Annotated[str, typer.Option(help="Whose queue.")] = "local") -> None:
    """Answers that wait, in the order in which they should be judged."""
    from strop.decide.words import count

    call: Call = context.obj
    with call.project() as project:
        queue = project.queue()
        waiting = list(queue.waiting(person))
        said = queue.said([one.id for one in waiting])

    def human(console: Any) -> None:
        for one in waiting[:20]:
            console.print(f"{one.id}  {(one.answer or '')[:90]}", markup=False)
            for word in said.get(one.id, []):
                console.print(f"    {word.kind} by {word.by}: {str(word.value)[:80]}", markup=False, style="dim")
        console.print(f"{count(len(waiting), 'answer')} wait{'s' * (len(waiting) == 1)}")

    told = {identity: [word.to_json() for word in words] for identity, words in said.items()}
    call.emit({"waiting": [one.to_json() for one in waiting], "said": told}, human)


@review_app.command("export")
def review_export(
    context: typer.Context,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to.")],
    to: Annotated[str, typer.Option(help="jsonl, labelstudio or argilla.")] = "jsonl",
) -> None:
    """The queue as a file for another tool."""
    from strop.project import exchange

    call: Call = context.obj
    with call.project() as project:
        queue = project.queue()
        waiting = list(queue.waiting("local"))
        count = exchange.export_queue(project.opened, waiting, queue.said([one.id for one in waiting]), to, output)
    call.emit(
        {"path": str(output.resolve()), "items": count}, lambda console: console.print(f"{count} items → {output}")
    )


@people_app.command("add")
def people_add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name.")],
    role: Annotated[str, typer.Option(help="expert, app, owner or auditor.")],
) -> None:
    """A key for a name; printed once."""
    call: Call = context.obj
    if role not in get_args(PersonRole):
        raise InputError(f"no role is called {role}", remedy=f"one of {', '.join(get_args(PersonRole))}")
    with call.project() as project:
        key = project.add_person(name, role)  # type: ignore[arg-type]

    def human(console: Any) -> None:
        console.print(f"{name} ({role}): [bold]{key}[/]")
        console.print("[dim]This key is shown once; only its hash is kept.[/]")

    call.emit({"name": name, "role": role, "key": key}, human)


@people_app.command("revoke")
def people_revoke(context: typer.Context, name: Annotated[str, typer.Argument(help="A name.")]) -> None:
    """A key that counts no longer, at once."""
    call: Call = context.obj
    with call.project() as project:
        project.revoke_person(name)
    call.emit({"name": name, "revoked": True}, lambda console: console.print(f"{name} is out"))


@people_app.command("list")
def people_list(context: typer.Context) -> None:
    """Who has a key."""
    from strop.serve import present

    call: Call = context.obj
    with call.project() as project:
        found = present(project.store.all(Person))
    call.emit(
        {"people": [{"name": one.name, "role": one.role} for one in found]},
        lambda console: console.print("\n".join(f"{one.name:20} {one.role}" for one in found) or "nobody"),
    )


@app.command()
def monitor(context: typer.Context) -> None:
    """What changed beyond its own noise; closes a canary that does harm.

    Exit 0 healthy, 3 retrain now or a canary was closed, 4 not known yet, with what would settle it.
    """
    call: Call = context.obj
    with call.project() as project:
        found = project.monitor()

    def human(console: Any) -> None:
        for finding in found.findings:
            colour = {"healthy": "green", "look": "yellow"}.get(finding.advice, "red")
            word = "noted" if finding.kind == "signals" and finding.advice == "healthy" else finding.advice
            console.print(f"[{colour}]{word:8}[/] {finding.sentence}")
        for what in found.unseen:
            console.print(f"[yellow]not known[/] {escape(what)}", soft_wrap=True)
        if found.release is not None:
            console.print(f"[bold red]The canary was closed[/]: {found.release.candidate} serves ({found.release.id})")
        if found.retrain:
            printing.then(console, "strop cycle")

    call.emit(found.to_json(), human)
    raise typer.Exit(3 if found.retrain or found.release is not None else 0 if found.known else 4)


@app.command()
def cycle(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a turn would take in, change nothing.")] = False,
) -> None:
    """One turn: corrections → dataset → ladder → decide → open a canary."""
    from strop import loop

    call: Call = context.obj
    with call.project() as project:
        if dry_run:
            waiting = project.waiting_corrections()
            call.emit(
                {"corrections": len(waiting)},
                lambda console: console.print(f"{len(waiting)} reviewed corrections would become rows"),
            )
            return
        made = loop.cycle(project)
        primary = project.primary

    def human(console: Any) -> None:
        for finding in made.findings:
            console.print(f"[dim]seen:[/] {escape(finding.sentence)}", soft_wrap=True)
        printing.dataset(console, made.turn.dataset, next_step=False)
        printing.ladder(console, made.turn.ladder, primary, next_step=False)
        printing.decision(console, made.turn.decision, next_step=False)
        if made.release is not None:
            console.print(f"{made.release.canary or made.release.candidate}: {made.release.why}")

    payload: dict[str, Any] = {
        "dataset": made.turn.dataset.id, "ladder": made.turn.ladder.to_json(),
        "decision": made.turn.decision.to_json(), "release": made.release.to_json() if made.release else None,
        "findings": [finding.to_json() for finding in made.findings], "corrections": made.corrections,
    }  # fmt: skip
    call.emit(payload, human)
    raise typer.Exit({"promote": 0, "refuse": 3, "not_enough_evidence": 4}[made.turn.decision.verdict])


@app.command()
def forget(
    context: typer.Context,
    selector: Annotated[str, typer.Argument(help="An id, person:NAME, or pattern:REGEX.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it, only the plan is shown.")] = False,
) -> None:
    """What holds it, what must be rebuilt; erases and proves it. Exit 3 when the search finds it afterwards.

    Where no record holds it, its state is searched all the same.
    """
    from strop import lineage
    from strop.cli import showing

    call: Call = context.obj
    with call.project() as project:
        state = project.folder / ".strop"
        if apply:
            planned, proof = lineage.forget(project.store, state, selector)
        else:
            planned, proof = lineage.plan(project.store, selector), None
        if not planned.records:  # nothing to erase is only said after a search
            proof = lineage.search(project.store, state, selector)
    payload: dict[str, Any] = {**planned.to_json(), "proof": proof.to_json() if proof else None}
    payload["plan"] = payload.pop("steps")

    def human(console: Any) -> None:
        showing.forgetting(console, planned, proof, applied=apply)

    call.emit(payload, human)
    if proof is not None and not proof.clean:
        raise typer.Exit(3)
