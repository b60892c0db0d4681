"""What serves: promote a decided candidate, roll back, and open a gateway on it."""

from __future__ import annotations

import hashlib

from strop import serve
from strop.engines import engine_for
from strop.engines.base import Model
from strop.errors import CheckFailed, NotReady
from strop.privacy import Masker
from strop.project import judging
from strop.project.opened import Opened
from strop.records import Candidate, Decision, Example, Release, Report

AUDIT_ONE_IN = 20
"""One request in so many is kept for the audit sample, by a hash of its id."""
GOLDEN = 3
"""Answers of the decision that a model must give again before it serves."""


def promote(project: Opened, candidate: Candidate, *, traffic: float, by: str) -> Release:
    """A release of a candidate whose newest decision says promote. Raises NotReady without one."""
    decision = next((d for d in project.store.all(Decision) if d.candidate == candidate.id), None)
    if decision is None:
        raise NotReady(f"{candidate.id} was not decided on", remedy=f"strop decide {candidate.id}")
    releases = project.store.all(Release)
    made = serve.promote(releases, decision, alias=project.settings.task.name, traffic=traffic, by=by)
    project.store.add(made)
    return made


def rollback(project: Opened, *, by: str, why: str = "rolled back") -> Release:
    """Close the canary, or go back to what served before."""
    made = serve.rollback(project.store.all(Release), alias=project.settings.task.name, by=by, why=why)
    project.store.add(made)
    return made


def current(project: Opened) -> Release | None:
    """What serves now under the task's name."""
    return serve.serving(project.store.all(Release), project.settings.task.name)


def open_model(project: Opened, identity: str) -> Model:
    """A candidate's model, proven to be the one that was judged.

    Raises CheckFailed when it does not answer the decision's first items as it did then, or answers like its base.
    """
    candidate = project.store.get(identity, Candidate)
    base = project.base_of(candidate)
    artifact = project.store.artifacts.path(candidate.artifact) if candidate.artifact else None
    model = engine_for(candidate.spec.method, base).open(base, artifact)
    decision = next((d for d in project.store.all(Decision) if d.candidate == identity), None)
    if decision is not None:
        report = project.store.get(decision.reports["candidate"], Report)
        judged = {key: report.signature.get(key) for key in ("engine", "base", "artifact", "template")}
        served = {key: model.signature.get(key) for key in judged}
        if judged != served:
            raise CheckFailed(
                f"{identity} is not what was judged: {judged} then, {served} now",
                remedy="restore .strop/artifacts and the model cache, or decide again",
            )
    return model


def gateway(project: Opened) -> tuple[serve.Gateway, serve.Worker]:
    """A gateway on the project's releases, and the worker that it owns."""
    worker = serve.Worker(lambda identity: open_model(project, identity))
    known: dict[str, serve.Served] = {}

    def lookup(identity: str) -> serve.Served:
        if identity not in known:
            candidate = project.store.get(identity, Candidate)
            shots: tuple[Example, ...] = tuple(project.shots_of(candidate))
            threshold = judging.abstain_threshold(project, candidate)
            known[identity] = serve.Served(candidate, shots, threshold)
        return known[identity]

    masker = Masker(project.store.key) if project.settings.data.personal_data != "keep" else None
    opened = serve.Gateway(
        worker,
        project.store.journal,
        releases=lambda: project.store.all(Release),
        lookup=lookup,
        masker=masker,
        audit=is_audited,
    )
    return opened, worker


def is_audited(interaction: str) -> bool:
    """Whether a request belongs to the random audit sample."""
    digest = hashlib.sha256(interaction.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") % AUDIT_ONE_IN == 0
