"""Train by a plan: estimate, run, check, audit the estimate. Nothing is left behind that was not checked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from strop import durable
from strop.engines import engine_for
from strop.engines.base import Answered, TrainOutcome, TrainPlan
from strop.errors import EngineError
from strop.records import Base, Cost, Listener, Run, RunCheck, Said, new_id, now
from strop.tune.contract import audit, refuse_broken
from strop.tune.environment import environment
from strop.tune.planted import holds

WORTH_COMPARING = 5.0
"""Processor seconds below which an estimate and its run are told side by side, without a percentage."""


class Tuned(NamedTuple):
    """A run, and what the tuned model wrote while it was checked."""

    run: Run
    answered: Answered | None


def tune(
    plan: TrainPlan, base: Base | None, *, folder: Path, work: Path, on_event: Listener, dataset: str = "",
    kept: Path | None = None, expected: Cost | None = None,
) -> Tuned:  # fmt: skip
    """Train, check every line of the never-silent contract, and only then let ``folder`` appear.

    Args:
        plan: see :func:`strop.tune.plan`.
        base: the base model; None for the classical method.
        folder: becomes the artifact; whatever was there is replaced, and on any failure it is left as it was.
        work: keeps checkpoints: called again with the same plan, the run goes on.
        on_event: hears progress, losses, the estimate and its audit.
        kept: a folder for what later runs on the same rows can use again; None: each run computes it for itself.
        dataset: id of the dataset that the plan's rows come from.
        expected: what the plan will cost, where that was estimated already.
    Raises:
        CheckFailed: names the broken lines of the contract.
        EngineError: when the engine cannot train.
    """
    engine = engine_for(plan.spec.method, base)
    if "train" not in engine.capabilities:
        raise EngineError(f"engine {engine.name} cannot train", remedy="choose another method or base")
    expected = expected or engine.estimate(plan, base, kept=kept)
    on_event(Said(text=f"Estimate: {_cost(expected)}."))
    work.mkdir(parents=True, exist_ok=True)
    with durable.new_folder(folder) as filling:
        outcome = engine.train(plan, base, folder=filling, work=work, on_event=on_event, kept=kept)
        checks = audit(plan, outcome, engine=engine, base=base, folder=filling)
        refuse_broken(checks)
    error = estimate_error(expected, outcome.measured)
    on_event(Said(text=f"Took {_cost(outcome.measured)}{_compared(expected, outcome.measured)}."))
    return Tuned(_run(plan, outcome, checks, expected=expected, error=error, dataset=dataset), outcome.answered)


def estimate_error(expected: Cost, measured: Cost) -> float:
    """(measured - expected) / expected processor seconds: +0.5 took half as long again as promised."""
    return (measured.cpu_seconds - expected.cpu_seconds) / max(expected.cpu_seconds, 1e-9)


def memory_error(expected: Cost, measured: Cost) -> float | None:
    """(measured - expected) / expected peak memory; None where none was expected, as of a stand-in."""
    if not expected.peak_memory_bytes:
        return None
    return (measured.peak_memory_bytes - expected.peak_memory_bytes) / expected.peak_memory_bytes


def worth_comparing(expected: Cost, measured: Cost) -> bool:
    """Whether the error of an estimate tells anything: of a second or two, most is loading, not work."""
    return max(expected.cpu_seconds, measured.cpu_seconds) >= WORTH_COMPARING


def _run(
    plan: TrainPlan,
    outcome: TrainOutcome,
    checks: tuple[RunCheck, ...],
    *,
    expected: Cost,
    error: float,
    dataset: str,
) -> Run:
    secrets = holds(plan.train)
    return Run(
        id=new_id("run"),
        spec=plan.spec,
        dataset=dataset,
        seed=plan.seed,
        environment={**environment(), **outcome.environment, **({"secrets": secrets} if secrets else {})},
        estimate=expected,
        measured=outcome.measured,
        estimate_error=error,
        memory_error=memory_error(expected, outcome.measured),
        losses=outcome.losses,
        validation_losses=outcome.validation_losses,
        checks=checks,
        created=now(),
    )


def _compared(expected: Cost, measured: Cost) -> str:
    if not worth_comparing(expected, measured):
        return ""
    memory = memory_error(expected, measured)
    told = f", memory {memory:+.0%}" if memory is not None else ""
    return f"; against the estimate: time {estimate_error(expected, measured):+.0%}{told}"


def _cost(cost: Cost) -> str:
    memory, disk = cost.peak_memory_bytes / 2**20, cost.disk_bytes / 2**20
    told = f"{cost.examples} rows, {cost.tokens:,} tokens, {cost.cpu_seconds:.1f} s of processor time, {memory:.0f} MiB"
    return f"{told}, {disk:.0f} MiB on the disk" if cost.disk_bytes else told
