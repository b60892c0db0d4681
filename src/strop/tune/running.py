"""Run a plan and hold it to the never-silent contract: a broken line of it is an error, not a warning."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from strop.engines import engine_for
from strop.engines.base import TrainOutcome, TrainPlan
from strop.errors import CheckFailed
from strop.records import JSON, Base, Cost, Listener, Run, Said, new_id, now


def estimate(plan: TrainPlan, base: Base | None) -> Cost:
    """What the plan will cost on this machine, before it runs."""
    return engine_for(plan.spec.method, base).estimate(plan, base)


def tune(plan: TrainPlan, base: Base | None, *, dataset: str, folder: Path, work: Path, on_event: Listener) -> Run:
    """Train into ``folder``; ``work`` keeps checkpoints, so that the same plan resumes after an interruption.

    Raises:
        CheckFailed: naming each line of the contract that was broken. ``folder`` is removed: nothing is left that
            looks like a success.
    """
    engine = engine_for(plan.spec.method, base)
    expected = engine.estimate(plan, base)
    outcome = engine.train(plan, base, folder=folder, work=work, on_event=on_event)
    broken = _broken(plan, outcome)
    if broken:
        shutil.rmtree(folder, ignore_errors=True)
        raise CheckFailed(
            "the run broke the contract: " + "; ".join(broken),
            place=f"{plan.spec.method} on {base.name if base else 'no base'}",
            remedy="nothing was stored; mend the rows or the settings that it names and tune again",
        )
    error = outcome.measured.cpu_seconds / expected.cpu_seconds - 1 if expected.cpu_seconds > 0 else None
    if error is not None and abs(error) > 0.5:
        on_event(Said(text=f"The estimate was off by {error:+.0%}; the error is stored with the run.", warning=True))
    return Run(
        id=new_id("run"),
        spec=plan.spec,
        dataset=dataset,
        seed=plan.seed,
        environment=environment() | outcome.environment,
        estimate=expected,
        measured=outcome.measured,
        estimate_error=error,
        losses=outcome.losses,
        validation_losses=outcome.validation_losses,
        checks=outcome.checks,
        created=now(),
    )


def _broken(plan: TrainPlan, outcome: TrainOutcome) -> list[str]:
    broken = [f"{check.name} ({check.detail})" for check in outcome.checks if not check.passed]
    if not outcome.checks:
        broken.append("the engine checked nothing")
    if outcome.measured.examples != len(plan.train):
        broken.append(f"{outcome.measured.examples} of {len(plan.train)} rows were trained on")
    losses = [point.loss for point in (*outcome.losses, *outcome.validation_losses)]
    if any(loss != loss or loss in (float("inf"), float("-inf")) for loss in losses):
        broken.append("a loss is not finite")
    return broken


def environment() -> dict[str, JSON]:
    """What of the machine could change a result: Python, system, processor, cores, threads."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": platform.processor() or platform.machine(),
        "cores": cores,
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
    }
