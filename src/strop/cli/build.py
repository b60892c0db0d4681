"""Raw rows to a decision: init, curate, choose, tune, evaluate, decide, verify, ask."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.markup import escape

from strop import durable
from strop.cli import printing
from strop.cli.app import Call, app
from strop.errors import InputError
from strop.records import Kind, Method

Candidates = Annotated[list[str] | None, typer.Argument(help="Candidate ids; default: the ladder's pick.")]


@app.command()
def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The new project's folder.")] = Path(),
    source: Annotated[
        Path, typer.Option("--from", help="A data file, or a folder of train/validation/test files.")
    ] = ...,  # type: ignore[assignment]
    kind: Annotated[
        str | None, typer.Option(help="What the answers are, if it is not read right off the data.")
    ] = None,
) -> None:
    """A project that runs as it is: kind, columns, labels and language are read off the data and shown."""
    from strop import project

    call: Call = context.obj
    if kind is not None and kind not in get_args(Kind):
        raise InputError(f"no kind is called {kind}", remedy=f"one of {', '.join(get_args(Kind))}")
    made = project.init(folder, source, kind=kind)  # type: ignore[arg-type]  # checked above
    text = (made.folder / "strop.yaml").read_text("utf-8")
    payload = {
        "project": str(made.folder), "kind": made.settings.task.kind, "settings": made.settings.model_dump(mode="json")
    }  # fmt: skip

    def human(console: Any) -> None:
        console.print(str(made.folder / "strop.yaml"), markup=False, style="bold", soft_wrap=True)
        console.print(text, markup=False, style="dim", soft_wrap=True)
        printing.then(console, f"cd {shlex.quote(str(folder))} && strop curate" if folder != Path() else "strop curate")

    call.emit(payload, human)


@app.command()
def curate(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Further raw files, beside those of strop.yaml.")] = None,
) -> None:
    """Raw rows to a dataset version: validated, deduplicated, masked, split; every row in a ledger."""
    from strop.project.rows import doubtful

    call: Call = context.obj
    with call.project() as project:
        made = project.curate(files or ())
        path = project.store.artifacts.path(made.ledger)
        table = project.store.artifacts.path(made.fault_table) if made.fault_table else None
        aside, asked = project.set_aside(made), doubtful.count_waiting(project.opened, made)
    payload = {
        "dataset": made.id, "rows": made.rows.to_json(), "reasons": made.reasons,
        "splits": {split: len(ids) for split, ids in made.splits.items()}, "faults": made.faults,
        "waiting": len(made.waiting), "asked": asked, "personal_data": made.personal_data, "leakage": made.leakage,
        "lacking": made.lacking,
        "ledger": str(path),
        "fault_table": str(table) if table else None,
    }  # fmt: skip
    call.emit(payload, lambda console: printing.dataset(console, made, aside=aside, asked=asked))


@app.command()
def choose(context: typer.Context) -> None:
    """Climb the ladder: tune and evaluate from the cheapest rung up, stop by rule, say why."""
    call: Call = context.obj
    with call.project() as project:
        made = project.choose()
        primary = project.primary
    payload = {
        "id": made.id, "dataset": made.dataset, "ladder": [step.to_json() for step in made.steps], "pick": made.pick,
        "because": made.because, "fine_tune": made.fine_tune, "returns": list(made.returns),
        "weighed": [weighed.to_json() for weighed in made.weighed], "foreseen": made.foreseen, "next": made.command,
    }  # fmt: skip
    call.emit(payload, lambda console: printing.ladder(console, made, primary))


@app.command()
def tune(
    context: typer.Context,
    base: Annotated[str | None, typer.Option(help="A base at hand: strop models list.")] = None,
    method: Annotated[
        str,
        typer.Option(
            help="classical, embeddings, lora, dora, prefix, p_tuning_v2, upper_layers, qlora, full; "
            "at PEFT's defaults: rslora, lora_plus, pissa, ia3, p_tuning, prompt_tuning."
        ),
    ] = "lora",
    dataset: Annotated[str | None, typer.Option(help="A dataset version; default: the newest.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Default: tune.seed of strop.yaml.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the estimate, train nothing.")] = False,
) -> None:
    """Make one candidate."""
    call: Call = context.obj
    if method not in get_args(Method):
        raise InputError(f"no method is called {method}", remedy=f"one of {', '.join(get_args(Method))}")
    with call.project() as project:
        spec = project.spec(method, base, dataset)  # type: ignore[arg-type]
        estimate = project.estimate(spec, dataset=dataset, seed=seed)
        if dry_run:
            call.emit({"estimate": estimate.to_json()}, lambda console: printing.cost(console, estimate))
            return
        run, candidate = project.tune(spec, dataset=dataset, seed=seed)
        adapter = str(project.store.artifacts.path(candidate.artifact)) if candidate.artifact else None
    payload = {
        "run": run.id, "candidate": candidate.id, "adapter": adapter, "examples": run.measured.examples,
        "tokens": run.measured.tokens, "cpu_seconds": run.measured.cpu_seconds,
        "peak_memory_bytes": run.measured.peak_memory_bytes,
        "estimate": run.estimate.to_json() if run.estimate else {},
        "losses": [point.loss for point in run.losses], "checks": [check.to_json() for check in run.checks],
    }  # fmt: skip
    call.emit(payload, lambda console: printing.run(console, run, candidate.id))


@app.command()
def evaluate(
    context: typer.Context,
    candidates: Candidates = None,
    suite: Annotated[
        str, typer.Option(help="domain: the task's validation items; general: general ability.")
    ] = "domain",
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Few rows: test each that is not sealed once, by one of so many models that saw neither it nor its "
            "group. So many trainings; a second candidate is trained on the same parts.",
        ),
    ] = None,
    acquire: Annotated[
        Path | None, typer.Option("--acquire", help="Write which rows to ask people for, a line a slice (JSONL).")
    ] = None,
) -> None:
    """Reports on validation items; two candidates also give paired differences."""
    from strop.decide.words import count

    call: Call = context.obj
    if folds is not None:
        _cross_fitted(call, candidates or [], folds)
        return
    if suite not in ("domain", "general"):
        raise InputError(
            f"no suite is called {suite}", remedy="domain or general (the test set is opened by decide only)"
        )
    with call.project() as project:
        made = project.evaluate(candidates or (), suite=suite)
        wished = project.wishes(made) if acquire is not None else []
    if acquire is not None:
        lines = (json.dumps(one.to_json(), ensure_ascii=False) for one in wished)
        durable.write_text(acquire, "".join(f"{line}\n" for line in lines))
    payload = {
        "reports": [{"report": report.id, **report.to_json()} for report in made.reports],
        "differences": {name: value.to_json() for name, value in made.differences.items()},
        "weak": {report: [found.to_table() for found in slices] for report, slices in made.weak.items()},
    }
    if acquire is not None:
        payload["acquire"] = [one.to_json() for one in wished]

    def human(console: Any) -> None:
        printing.reports(console, made.reports, made.differences, made.weak)
        if acquire is not None:
            console.print(f"{count(len(wished), 'sort')} of rows to ask for → {acquire}", markup=False, soft_wrap=True)

    call.emit(payload, human)


def _cross_fitted(call: Call, candidates: list[str], count: int) -> None:
    from strop.studies import Bench, cross_fit

    if len(candidates) > 2:
        raise InputError(f"{len(candidates)} candidates", remedy="with --folds one, or two to compare")
    with call.project() as project:
        chosen = [project.candidate(identity) for identity in candidates] or [project.candidate()]
        bench = Bench(project, project.opened.dataset(chosen[0].dataset))
        against = chosen[1].spec if len(chosen) > 1 else None
        found = cross_fit(bench, chosen[0].spec, against=against, count=count)
    call.emit(found.to_json(), lambda console: console.print(escape(found.sentence())))


@app.command()
def decide(
    context: typer.Context,
    candidate: Annotated[str | None, typer.Argument(help="Default: the ladder's pick.")] = None,
) -> None:
    """May it go live? Exit 0 yes, 3 no, 4 not enough evidence. Opens the sealed test set, counted."""
    call: Call = context.obj
    with call.project() as project:
        made = project.decide(candidate)
        remedies = project.remedies(made)
    payload = {"decision": made.id, **made.to_json(), "remedies": [one.to_json() for one in remedies]}
    call.emit(payload, lambda console: printing.decision(console, made, remedies))
    raise typer.Exit({"promote": 0, "refuse": 3, "not_enough_evidence": 4}[made.verdict])


@app.command()
def verify(
    context: typer.Context,
    decision: Annotated[
        str | None, typer.Argument(help="A decision's id (default: the newest), or a file of its evidence.")
    ] = None,
    digest: Annotated[str | None, typer.Option("--digest", help="The digest that was printed with it.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Also write what verifies it anywhere, as one file.")
    ] = None,
) -> None:
    """Recompute a verdict from the stored answers, scored again. Exit 3 when it does not stand."""
    call: Call = context.obj
    from strop.project.verdicts import bundles

    told: list[str] = []
    if decision is not None and bundles.names_file(decision):
        found = bundles.verify_evidence(Path(decision), digest=digest, say=told.append)
    else:
        with call.project() as project:
            found = project.verify(decision, digest=digest)
            if evidence is not None:
                project.write_evidence(decision, evidence)

    def human(console: Any) -> None:
        for line in told:
            console.print(line, style="dim", markup=False)
        for line in found:
            console.print(f"[red]✘[/] {escape(line)}")
        console.print(
            "The decision stands: recomputed from the stored items, the same." if not found else "It differs."
        )

    payload = {"same": not found, "differences": found}
    call.emit(payload | ({"not_named_again": told} if told else {}), human)
    raise typer.Exit(0 if not found else 3)


@app.command()
def ask(
    context: typer.Context,
    texts: Annotated[list[str] | None, typer.Argument(help="What to ask.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="One text a line.")] = None,
    candidate: Annotated[str | None, typer.Option(help="Default: the ladder's pick.")] = None,
) -> None:
    """Answers, with label probabilities and abstention where they exist."""
    call: Call = context.obj
    asked = list(texts or ())
    if file is not None:
        from strop.project.texts import numbered_lines

        asked += [line for _, line in numbered_lines(file)]
    if not any(text.strip() for text in asked):
        raise InputError("nothing to ask", remedy='strop ask "a text", or --file FILE')
    with call.project() as project:
        replies = project.ask(asked, candidate=candidate)

    def human(console: Any) -> None:
        for reply in replies:
            shown = ", ".join(f"{k} {v:.2f}" for k, v in sorted(reply.probabilities.items(), key=lambda kv: -kv[1])[:3])
            console.print(reply.answer, markup=False)
            if shown:
                console.print(
                    f"  {shown}{'  → leave it to a person' if reply.abstain else ''}", style="dim", markup=False
                )

    call.emit({"answers": [reply.to_json() for reply in replies]}, human)
