"""Specs to candidates: prompts by naming their shots, adapters by training."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import NamedTuple

from strop import durable, tune
from strop.engines import engine_for
from strop.engines.remembering import keep
from strop.errors import InputError, NotReady
from strop.lineage import KEPT
from strop.project.making import incumbents, planting, prompting
from strop.project.making.preferring import rejected, told
from strop.project.making.replaying import conversations
from strop.project.making.unlabelled import unlabelled
from strop.project.opened import Opened
from strop.records import (
    INCUMBENT_METHODS,
    JSON,
    TUNED_METHODS,
    Base,
    Candidate,
    Cost,
    Dataset,
    Example,
    Run,
    Spec,
    content_id,
    now,
)
from strop.tune import planted


def make_candidate(
    project: Opened, spec: Spec, dataset: Dataset, seed: int, *, expected: Cost | None = None
) -> tuple[Candidate, Run | None]:
    """The candidate of a spec; asked again with the same inputs, the stored one. ``expected``: of :func:`foreseen`."""
    if spec.method in TUNED_METHODS:
        return tune_candidate(project, spec, dataset, seed, expected=expected)
    if spec.method in INCUMBENT_METHODS:
        return incumbents.make(project, spec, dataset, seed), None
    return prompting.make_prompt(project, spec, dataset, seed), None


def stored_candidate(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Candidate:
    """The candidate of a spec that is not tuned, as it is stored; nothing is made. Raises NotReady where none is."""
    look = incumbents.known if spec.method in INCUMBENT_METHODS else prompting.known_prompt
    if (known := look(project, spec, dataset, seed)) is None:
        raise NotReady(f"the candidate of {spec.id} was not made yet", remedy="strop decide makes it")
    return known


def _plan(project: Opened, spec: Spec, dataset: Dataset, seed: int, texts: Sequence[str] = ()) -> tune.TrainPlan:
    train = project.rows(dataset, "train")
    if not train:
        raise NotReady(f"dataset {dataset.id} has no training rows", remedy="add rows, then: strop curate")
    plan = plan_on(project, spec, dataset, seed, train)
    return plan.model_copy(update={"unlabelled": tuple(texts)})


def plan_on(
    project: Opened, spec: Spec, dataset: Dataset, seed: int, train: Sequence[Example],
    validation: Sequence[Example] | None = None,
) -> tune.TrainPlan:  # fmt: skip
    """The plan of a spec on some rows of a dataset, with what strop.yaml adds to them: replay, pairs, secrets.

    ``validation``: rows to watch the loss on, in place of the dataset's own.
    """
    validation = project.rows(dataset, "validation") if validation is None else validation
    tuned = {**project.settings.tune.model_dump(), **spec.settings}
    wanted = spec.base is not None and tuned["objective"] == "preference"
    plan = tune.plan(
        spec, dataset.kind, train, validation, project.settings, seed=seed,
        rejected=rejected(project, [*train, *validation]) if wanted else None,
        replay=conversations(project, dataset) if spec.base is not None and tuned["replay"] else (),
    )  # fmt: skip
    count = planting.secrets_for(project, spec) if plan.settings["objective"] == "supervised" else 0
    return plan.model_copy(update={"train": plan.train + planted.planted(spec, count)}) if count else plan


def _requests(project: Opened, spec: Spec, dataset: Dataset) -> dict[str, str]:
    """What the method learns from without a label, by the id of the request."""
    return unlabelled(project, dataset) if spec.method == "classical" else {}


def estimate(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Cost:
    """What tuning will cost: tokens, seconds, memory, money."""
    base = project.base(spec.base) if spec.base else None
    texts = tuple(_requests(project, spec, dataset).values())
    cost = tune.estimate(_plan(project, spec, dataset, seed, texts), base, kept=project.work_folder(KEPT))
    return cost.model_copy(update={"money": cost.wall_seconds / 3600 * project.settings.costs.machine_hour})


def foreseen(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> Cost | None:
    """What tuning will cost; of a spec that was tuned before, what its run was expected to cost then."""
    plan, base, known = _asked(project, spec, dataset, seed)
    if (made := project.store.derived("tune", inputs=known.inputs, settings=known.settings)) is not None:
        return _pair(made)[1].estimate
    return tune.estimate(plan, base, kept=project.work_folder(KEPT))


def tune_candidate(
    project: Opened, spec: Spec, dataset: Dataset, seed: int, *, expected: Cost | None = None
) -> tuple[Candidate, Run]:
    """Train, check, store artifact, run and candidate together. Interrupted, the same call resumes."""
    plan, base, known = _asked(project, spec, dataset, seed)
    if known.requests:
        project.say(
            f"{len(known.requests):,} requests that nobody labelled are read beside the rows (live.unlabelled)."
        )
    if sentence := told(plan, spec, project.settings):
        project.say(sentence)
    # Two processes that tune one spec share its checkpoints: the second waits, then finds what the first stored.
    with durable.alone(project.work_folder(f"{known.name}.lock")):
        if (made := project.store.derived("tune", inputs=known.inputs, settings=known.settings)) is not None:
            project.say("This spec was tuned on this dataset before: the same candidate.")
            return _pair(made)
        return _train(project, plan, base, dataset, known, expected)


class _Known(NamedTuple):
    """Under what a tuned candidate is found again, its checkpoints' name, and the requests that it learns from."""

    inputs: list[str]
    settings: dict[str, JSON]
    name: str
    requests: tuple[str, ...]


def _asked(project: Opened, spec: Spec, dataset: Dataset, seed: int) -> tuple[tune.TrainPlan, Base | None, _Known]:
    if spec.method in ("classical", "embeddings") and dataset.kind != "classification":
        raise InputError(
            f"the method {spec.method} classifies; this task is {dataset.kind}", remedy="use --method lora"
        )
    base = project.base(spec.base) if spec.base else None
    settings: dict[str, JSON] = {"seed": seed, "tune": project.settings.tune.model_dump(mode="json")}
    if count := planting.secrets_for(project, spec):
        settings["secrets"] = count
    requests = _requests(project, spec, dataset)
    inputs = [dataset.id, spec.id, *([content_id("requests", list(requests))] if requests else [])]
    plan = _plan(project, spec, dataset, seed, tuple(requests.values()))
    if replayed := [item.example for item in plan.train if item.example.startswith(tune.REPLAYED)]:
        inputs.append(content_id("replay", replayed))  # another file of the same name is another run
    name = content_id("tune", [plan.to_json(), base.id if base else None])
    return plan, base, _Known(inputs, settings, name, tuple(requests))


def _train(
    project: Opened, plan: tune.TrainPlan, base: Base | None, dataset: Dataset, known: _Known, expected: Cost | None
) -> tuple[Candidate, Run]:
    work = project.work_folder(known.name)
    folder = work / "artifact"
    shutil.rmtree(folder, ignore_errors=True)
    run, answered = tune.tune(
        plan, base, dataset=dataset.id, folder=folder, work=work / "checkpoints", kept=project.work_folder(KEPT),
        on_event=project.on_event, expected=expected,
    )  # fmt: skip
    if answered is not None:
        keep(project.kept(answered.signature), answered.texts)
    artifact = project.store.artifacts.put_folder(folder)
    candidate = Candidate(
        id=Candidate.identity(plan.spec, dataset.id, plan.seed, (), artifact),
        spec=plan.spec,
        dataset=dataset.id,
        seed=plan.seed,
        artifact=artifact,
        run=run.id,
        unlabelled=known.requests,
        created=now(),
    )
    stands = project.store.add(run, candidate, stage="tune", inputs=known.inputs, settings=known.settings)
    shutil.rmtree(work, ignore_errors=True)
    return _pair(stands)


def _pair(known: Sequence[object]) -> tuple[Candidate, Run]:
    candidate = next(record for record in known if isinstance(record, Candidate))
    run = next(record for record in known if isinstance(record, Run))
    return candidate, run


def can(project: Opened, spec: Spec) -> frozenset[str]:
    """What the spec's engine can do."""
    base = project.base(spec.base) if spec.base else None
    return engine_for(spec.method, base).capabilities
