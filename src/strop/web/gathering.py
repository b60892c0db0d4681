"""From a project and a record to what its page may need: follow the ids one step out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from strop.engines.bases import at_hand
from strop.errors import StropError
from strop.evaluate.general import shipped_examples
from strop.project.clean import hiding, masked_as_now
from strop.project.rows.quoting import UNMASKED
from strop.records import (
    Base,
    Candidate,
    Dataset,
    Decision,
    Example,
    Fault,
    ItemResult,
    Ladder,
    Record,
    Report,
    Run,
)
from strop.settings import cache_folder
from strop.web.context import Context

if TYPE_CHECKING:
    from strop.project import Project

_MOST_COUNTED = 100_000
"""Rows up to which labels are counted."""


def gather(project: Project, subject: Record) -> Context:
    """The context of a decision, ladder, report, candidate, run or dataset. What is gone is left out."""
    decision = subject if isinstance(subject, Decision) else None
    ladder = subject if isinstance(subject, Ladder) else _ladder(project, subject)
    reports = _reports(project, subject, ladder)
    candidates = _candidates(project, subject, reports, ladder)
    dataset = _dataset(project, subject, candidates)
    items = {report.id: _items(project, report) for report in reports.values()}
    return Context(
        project=project.settings.task.name,
        decision=decision,
        ladder=ladder,
        dataset=dataset,
        run=_run(project, subject, candidates),
        reports=reports,
        items=items,
        examples=_examples(project, items.values(), candidates=candidates.values()),
        candidates=candidates,
        bases=_bases(project, candidates),
        opinion=project.opinion_of(subject) if isinstance(subject, Decision) else "",
        labels=_labels(project, subject) if isinstance(subject, Dataset) else {},
        remedies=project.remedies(subject) if isinstance(subject, Decision) else (),
        ledger=project.ledger(subject) if isinstance(subject, Dataset) else (),
        faults=_faults(project, subject) if isinstance(subject, Dataset) else (),
        fault_examples=project.fault_examples(subject) if isinstance(subject, Dataset) else {},
        hide=hiding(project.opened, dataset.labels if dataset is not None else ()),
    )


def _labels(project: Project, dataset: Dataset) -> Counter[str]:
    """How many rows to train on have each label; nothing of so many rows that reading them would take long."""
    trained = dataset.splits.get("train", ())
    if dataset.kind != "classification" or len(trained) > _MOST_COUNTED:
        return Counter()
    rows = project.store.examples(dataset.id, "train")
    return Counter(row.reference for row in rows if row.reference is not None)


def _faults(project: Project, dataset: Dataset) -> list[Fault]:
    """The fault table; without what it quotes from rows that were not masked as strop.yaml asks for now."""
    found = project.faults(dataset)
    if masked_as_now(project.opened, dataset):
        return found
    return [fault.model_copy(update={"evidence": UNMASKED}) for fault in found]


def _get(project: Project, identity: str | None) -> Record | None:
    """A record, or None when it is not (or no longer) in the store."""
    if identity is None:
        return None
    try:
        return project.store.get(identity)
    except StropError:
        return None


def _items(project: Project, report: Report) -> Sequence[ItemResult]:
    """A report's per-item results; none when they were forgotten."""
    try:
        return project.store.artifacts.read_jsonl(report.items, ItemResult)
    except StropError:
        return ()


def _ladder(project: Project, subject: Record) -> Ladder | None:
    """The newest ladder that tried the subject's candidate."""
    wanted = subject.candidate if isinstance(subject, (Decision, Report)) else getattr(subject, "id", "")
    for record in project.store.all("ladder"):
        if isinstance(record, Ladder) and any(step.candidate == wanted for step in record.steps):
            return record
    return None


def _reports(project: Project, subject: Record, ladder: Ladder | None) -> dict[str, Report]:
    wanted: list[str] = []
    if isinstance(subject, Report):
        wanted.append(subject.id)
    if isinstance(subject, Decision):
        wanted += [*subject.reports.values(), *subject.rungs]
    elif isinstance(subject, Ladder) and ladder:
        wanted += [step.report for step in ladder.steps]
    elif isinstance(subject, Candidate):
        wanted += [r.id for r in project.store.all("report") if isinstance(r, Report) and r.candidate == subject.id]
    found = (_get(project, identity) for identity in dict.fromkeys(wanted))
    return {report.id: report for report in found if isinstance(report, Report)}


def _candidates(
    project: Project, subject: Record, reports: dict[str, Report], ladder: Ladder | None
) -> dict[str, Candidate]:
    wanted = {report.candidate for report in reports.values()}
    wanted |= {step.candidate for step in ladder.steps} if ladder else set()
    if isinstance(subject, Candidate):
        wanted.add(subject.id)
    if isinstance(subject, Decision):
        wanted.add(subject.candidate)
    found = (_get(project, identity) for identity in sorted(wanted))
    return {candidate.id: candidate for candidate in found if isinstance(candidate, Candidate)}


def _dataset(project: Project, subject: Record, candidates: dict[str, Candidate]) -> Dataset | None:
    if isinstance(subject, Dataset):
        return subject
    named = getattr(subject, "dataset", None)
    if named is None and isinstance(subject, Report) and subject.candidate in candidates:
        named = candidates[subject.candidate].dataset
    found = _get(project, named)
    return found if isinstance(found, Dataset) else None


def _run(project: Project, subject: Record, candidates: dict[str, Candidate]) -> Run | None:
    if isinstance(subject, Run):
        return subject
    wanted = subject.id if isinstance(subject, Candidate) else getattr(subject, "candidate", None)
    wanted = subject.pick if isinstance(subject, Ladder) else wanted
    candidate = candidates.get(wanted or "")
    found = _get(project, candidate.run) if candidate else None
    return found if isinstance(found, Run) else None


def _examples(
    project: Project, items: Iterable[Sequence[ItemResult]], *, candidates: Iterable[Candidate]
) -> dict[str, Example]:
    """What the items asked, and the examples that stand in prompts."""
    names = {item.example for group in items for item in group}
    names |= {key for candidate in candidates for key in candidate.shots}
    general = {example.id: example for example in shipped_examples() if example.id in names}
    return general | project.store.examples_by_id(names)


def _bases(project: Project, candidates: dict[str, Candidate]) -> dict[str, Base]:
    """The bases of candidates: as they are stored, else as they are at hand."""
    known = {base.id: base for base in at_hand(cache_folder())}
    wanted = {candidate.spec.base for candidate in candidates.values() if candidate.spec.base}
    found = (_get(project, base) or known.get(base) for base in sorted(wanted))
    return {base.id: base for base in found if isinstance(base, Base)}
