"""The never-silent contract as checks on a finished run: what the engine found, and what can be seen from outside.

A run that breaks a line has no result. A line that was not checked is broken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from strop.engines.base import Engine, ScoreRequest, TrainItem, TrainOutcome, TrainPlan
from strop.errors import CheckFailed
from strop.records import CHANGED_WEIGHTS, Base, RunCheck, silent

REQUIRED = {
    "torch": ("trained_tokens", "template", "moved", "reload", "differs_from_base", "stops"),
    "classical": ("weights_finite", "converged"),
    "embeddings": ("weights_finite", "converged"),
    "fake": ("remembers",),
}
"""The lines that only an engine itself can check, by engine."""

_PROBES = 4  # items asked again after loading
_OTHER = "?"  # one more option for them
_NOISE = 1e-3  # nats; above what another order of the same float32 sums can change, far below what training does
_ENOUGH_POINTS = 10  # from so many losses on, all of them zero means that nothing was trained


def audit(
    plan: TrainPlan, outcome: TrainOutcome, *, engine: Engine, base: Base | None, folder: Path
) -> tuple[RunCheck, ...]:
    """The engine's own checks and those of any engine: rows, losses, artifact, loaded again, differs from its base."""
    checks = [*outcome.checks, *_unchecked(engine, outcome), _all_rows(plan, outcome), _losses(outcome)]
    written = _written(folder)
    checks.append(written)
    if written.passed and not any(check.name == "differs_from_base" for check in checks):
        checks.append(_answers_again(plan, engine=engine, base=base, folder=folder))
    return tuple(checks)


def refuse_broken(checks: Sequence[RunCheck]) -> None:
    """Raise CheckFailed that names every broken line."""
    broken = [check for check in checks if not check.passed]
    if broken:
        lines = "; ".join(f"{check.name}: {check.detail}" for check in broken)
        raise CheckFailed(
            f"the run broke the never-silent contract, so there is no candidate ({lines})",
            remedy="nothing of it was kept; mend the rows or the settings under `tune:` and run again",
        )


def _unchecked(engine: Engine, outcome: TrainOutcome) -> list[RunCheck]:
    done = {check.name for check in outcome.checks}
    missing = [name for name in REQUIRED.get(engine.name, ()) if name not in done]
    return [RunCheck(name=name, passed=False, detail="was not checked") for name in missing]


def _all_rows(plan: TrainPlan, outcome: TrainOutcome) -> RunCheck:
    """Every row of the plan was trained on, on at least one token."""
    seen, tokens = outcome.measured.examples, outcome.measured.tokens
    passed = seen >= len(plan.train) and tokens > 0
    rows = f"{len(plan.train)} rows, {seen} readings in all" if passed else f"{seen} of {len(plan.train)} rows"
    return RunCheck(name="all_rows", passed=passed, detail=f"{rows}, {tokens} tokens")


def _losses(outcome: TrainOutcome) -> RunCheck:
    """No loss is infinite or no number, and they are not all zero (a loss on nothing looks like a perfect one)."""
    points = [*outcome.losses, *outcome.validation_losses]
    wrong = [point for point in points if not math.isfinite(point.loss)]
    if wrong:
        detail = f"loss {wrong[0].loss} at step {wrong[0].step}"
        return RunCheck(name="losses_finite", passed=False, detail=detail)
    nothing = len(outcome.losses) >= _ENOUGH_POINTS and all(point.loss == 0 for point in outcome.losses)
    detail = "every loss is zero: nothing was trained" if nothing else f"{len(points)} losses"
    return RunCheck(name="losses_finite", passed=not nothing, detail=detail)


def _written(folder: Path) -> RunCheck:
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    return RunCheck(name="artifact_written", passed=size > 0, detail=f"{len(files)} files, {size} bytes")


def _answers_again(plan: TrainPlan, *, engine: Engine, base: Base | None, folder: Path) -> RunCheck:
    """Loaded from its folder, the candidate gives finite numbers, and not those of its base."""
    requests = _probes(plan.train)
    tuned = _scores(engine, base, folder, requests)
    if not all(math.isfinite(number) for number in tuned):
        return RunCheck(name="loads_again", passed=False, detail="loaded again it gives numbers that are not finite")
    if base is None or plan.spec.method not in CHANGED_WEIGHTS:
        return RunCheck(name="loads_again", passed=True, detail=f"{len(tuned)} finite scores")
    largest = max(abs(a - b) for a, b in zip(tuned, _scores(engine, base, None, requests), strict=True))
    detail = f"largest change of a log probability against the untuned base: {largest:.3g}"
    return RunCheck(name="differs_from_base", passed=largest > _NOISE, detail=detail)


def _probes(items: Sequence[TrainItem]) -> list[ScoreRequest]:
    """A few rows, spread over the plan; the options are their answers, and one more for rows that share one answer."""
    step = max(1, len(items) // _PROBES)
    chosen = items[::step][:_PROBES]
    options = tuple(dict.fromkeys([*(item.answer for item in chosen), _OTHER]))
    return [ScoreRequest(messages=item.messages, options=options) for item in chosen]


def _scores(engine: Engine, base: Base | None, artifact: Path | None, requests: Sequence[ScoreRequest]) -> list[float]:
    with engine.open(base, artifact) as model:
        return [number for result in model.score(requests, on_event=silent) for number in result.logprobs]
