"""Look at what serves: quality, drift, the canary, corrections waiting; findings stored, retrain or not."""

from __future__ import annotations

from collections.abc import Sequence

from strop import monitor
from strop.project import listening, releasing
from strop.project.opened import Opened
from strop.records import (
    Candidate,
    Dataset,
    Decision,
    Finding,
    Interaction,
    Judgement,
    Record,
    content_id,
    silent,
)


class Watched(Record):
    """What monitoring saw, and what it advises."""

    findings: tuple[Finding, ...]
    retrain: bool
    because: tuple[str, ...]


def look(project: Opened) -> Watched:
    """Findings on the traffic so far. Asked again on the same traffic, the same findings: nothing is stored twice."""
    release = releasing.current(project)
    interactions = [i for i in project.store.all(Interaction) if i.complete]
    judgements = project.store.all(Judgement)
    state = content_id("state", [release.id if release else None, len(interactions), len(judgements)])
    known = project.store.derived("monitor", inputs=[state], settings=project.settings.live.model_dump(mode="json"))
    found: Sequence[Record]
    if known is not None:
        found = known
    else:
        found = _findings(project, interactions, judgements)
        settings = project.settings.live.model_dump(mode="json")
        found = project.store.add(*found, stage="monitor", inputs=[state], settings=settings)
    findings = tuple(record for record in found if isinstance(record, Finding))
    wanted = {"quality": "quality", "input_drift": "drift", "output_drift": "drift"}
    because = tuple(
        finding.sentence
        for finding in findings
        if finding.advice == "retrain" and wanted.get(finding.kind, "quality") in project.settings.live.retrain.on
    )
    return Watched(findings=findings, retrain=bool(because), because=because)


def _findings(project: Opened, interactions: Sequence[Interaction], judgements: Sequence[Judgement]) -> list[Finding]:
    release = releasing.current(project)
    margin = next((p.margin for p in project.settings.decision.primary.values()), 0.02)
    good = monitor.opinions(judgements)
    found: list[Finding | None] = []
    if release is not None and release.candidate is not None:
        own = [i for i in interactions if i.candidate == release.candidate]
        decision = next((d for d in project.store.all(Decision) if d.candidate == release.candidate), None)
        promised = _promised(decision)
        if promised is not None:
            found.append(monitor.audited_quality(own, good, expected=promised, margin=margin))
        found.append(monitor.canary(interactions, good, margin=margin))
        candidate = project.store.get(release.candidate, Candidate)
        found += _drift(project, candidate, own)
    corrections = listening.unused_corrections(project)
    found.append(monitor.waiting(len(corrections), enough=project.settings.live.retrain.corrections))
    return [finding for finding in found if finding is not None]


def _promised(decision: Decision | None) -> float | None:
    """The lower bound of the primary measure that the decision rests on."""
    primary = next((c for c in decision.checks if c.name == "primary"), None) if decision else None
    return primary.low if primary is not None else None


def _drift(project: Opened, candidate: Candidate, own: Sequence[Interaction]) -> list[Finding | None]:
    dataset = project.store.get(candidate.dataset, Dataset)
    # Rows that the model was not trained on: the noise floor must be that of unseen traffic.
    rows = project.rows(dataset, "validation") + project.rows(dataset, "test")
    current = monitor.windows(own)
    if len(rows) < monitor.WINDOW // 4 or not current:
        return []
    with project.model(candidate) as model:
        reference = monitor.Traffic(
            model.embed([row.input for row in rows], on_event=silent), tuple(row.group or row.id for row in rows),
            tuple(row.reference or "" for row in rows) if candidate.spec.labels else (),
            tuple(float(len(row.reference or "")) for row in rows),
        )  # fmt: skip
        traffic = [
            monitor.Traffic(
                model.embed([_asked(i) for i in window], on_event=silent),
                tuple(i.session or i.id for i in window),
                tuple(i.label or "" for i in window) if candidate.spec.labels else (),
                tuple(float(len(i.answer or "")) for i in window),
            )
            for window in current[-2:]
        ]
    return [monitor.input_drift(reference, traffic), monitor.output_drift(reference, traffic)]


def _asked(interaction: Interaction) -> str:
    return next((m.content for m in reversed(interaction.messages) if m.role == "user"), "")
