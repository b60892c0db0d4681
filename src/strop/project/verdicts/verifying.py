"""Does a stored decision stand? Recompute it, the names of its reports, the scores of its answers, and its digest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from strop import decide, evaluate, tune
from strop.errors import EditedRecord, InputError, LostArtifact, UnknownRecord
from strop.lineage import FORGOTTEN
from strop.project import dated, stored
from strop.project.making import judging
from strop.project.opened import Opened
from strop.project.verdicts import opening, people
from strop.project.verdicts.deciding import constant_items, looked_at
from strop.records import Candidate, Dataset, Decision, Example, ItemResult, Judgement, Suite


def verify_decision(project: Opened, decision: Decision, *, digest: str | None = None) -> list[str]:
    """What the decision says that its stored evidence does not give; empty when it stands.

    ``digest``: the one that was printed with it, which nobody can have changed since.
    """
    if dated.past(decision):
        project.say(f"{dated.told(decision)}.", warning=True)
    try:
        return _differences(project, decision, digest)
    except EditedRecord as error:
        return [error.message]
    except (UnknownRecord, LostArtifact) as error:
        return [f"what {decision.id} rests on is not there as it was: {error.message}"]


def _differences(project: Opened, decision: Decision, digest: str | None) -> list[str]:
    if changed := decide.changed_protocol(decision):
        return changed
    evidence = stored.evidence(project, decision)
    # Of these, answers were erased since: their numbers stand as they were, and cannot be made again.
    erased = {arm.report.id for arm in evidence.arms if project.store.artifacts.redacted(arm.report.items)}
    if erased:
        project.say(f"Not made again: {', '.join(sorted(erased))}, of which answers were forgotten since.")
    found = [*decide.verify(decision, evidence_of(project, decision)), *renamed(evidence, erased)]
    found += _scored_otherwise(project, decision, evidence, erased)
    found += cut_otherwise(project, evidence)
    found += other_digest(decision, evidence, printed=digest)
    found += _other_weights(project, decision)
    found += opening.forgotten_looks(project, decision)
    gone = project.store.erasure.when(project.store.get(decision.dataset, Dataset).splits.get("test", ()))
    if found and gone:
        return [
            f"it cannot be recomputed, because the text of {len(gone)} of its test items was forgotten "
            f"({min(gone.values())[:10]}); what was measured then stands as it was stored"
        ]
    return found


def _other_weights(project: Opened, decision: Decision) -> list[str]:
    """Whether the candidate's files are those that were judged; what was erased, or lies elsewhere, cannot be told."""
    artifact = project.store.get(decision.candidate, Candidate).artifact
    if artifact is None or not project.store.artifacts.has(artifact) or project.store.artifacts.verify(artifact):
        return []
    return [
        f"a file of {decision.candidate} was changed since it was judged ({project.store.artifacts.path(artifact)})"
    ]


def evidence_of(project: Opened, decision: Decision) -> decide.Evidence:
    """All that a stored decision rests on, looked up and gathered again."""
    protocol = decide.Protocol.model_validate(decision.protocol)
    evidence = looked_at(project, stored.evidence(project, decision), protocol, before=decision.created)
    said = [project.store.get(judgement, Judgement) for judgement in decision.judgements]
    evidence = people.with_people(project, evidence, protocol, said)
    if evidence.pairs is not None:
        # The answers to what was forgotten since are no pairs any more; those that were drawn still count.
        drawn = {pair.id for pair in people.drawn(project, evidence, protocol)}
        pairs = sorted({*decision.pairs, *drawn})[: protocol.decision.people.blind_pairs]
        evidence = replace(evidence, pairs=tuple(pairs))
    return evidence


def renamed(evidence: decide.Evidence, erased: Collection[str] = ()) -> list[str]:
    """Reports that are not what their names say, but for those of which answers were ``erased``."""
    found = []
    for arm in evidence.arms:
        report = arm.report
        name = evaluate.report_id(report.candidate, report.suite, report.signature, arm.items)
        if name != report.id and report.id not in erased:
            found.append(f"report {report.id}: its candidate, signature and items give {name}: one of them was changed")
    return found


def other_candidate(evidence: decide.Evidence) -> list[str]:
    """Whether the candidate is not what its name says."""
    candidate = evidence.candidate
    return [] if candidate.as_made else [f"{candidate.id} does not match its hash: it was changed since it was judged"]


def other_digest(decision: Decision, evidence: decide.Evidence, *, printed: str | None) -> list[str]:
    """Where the decision's digest, or the one that was printed with it, is not the one that it and its reports give."""
    again = decide.digest_of(decision, evidence)
    found = []
    if decision.digest != again:
        says = f"says {decision.digest}" if decision.digest else "has none"
        found.append(f"digest: the decision {says}, it and its reports give {again}")
    if printed is not None and printed != again:
        found.append(f"digest: {printed} was printed with it, what is stored now gives {again}")
    return found


def _scored_otherwise(
    project: Opened, decision: Decision, evidence: decide.Evidence, erased: Collection[str]
) -> list[str]:
    """Reports with answers that do not have the scores that stand beside them; those that were ``erased`` have none."""
    found: list[str] = []
    left: dict[str, None] = {}
    dataset = project.store.get(decision.dataset, Dataset)
    judged = [*project.rows(dataset, "test"), *(project.rows(dataset, "train") if evidence.crossed else ())]
    rows = {row.id: row for row in judged}
    for arm in evidence.arms:
        report, suite = arm.report, project.store.get(arm.report.suite, Suite)
        examples = _examples(project, suite, rows)
        there = [item for item in arm.items if report.id not in erased or item.answer != FORGOTTEN]
        again = evaluate.scored_again(
            there, suite=suite, examples=examples, settings=project.settings, project=project.folder
        )
        left |= dict.fromkeys(again.left)
        whole = not again.left and len(there) == len(arm.items)
        if arm.report is (evidence.crossed or evidence.arms[0]).report and whole and evidence.swapped_items is not None:
            found += _dealt(project, arm.items, evidence.swapped_items, suite, examples)
            if all(item.example in examples for item in arm.items):  # some may be forgotten
                found += _constant(project, arm, dataset, evidence.constant_items)
        if again.other:
            found.append(
                f"report {report.id}: {len(again.other)} of {len(arm.items)} answers score otherwise than it says, "
                f"the first {again.other[0]}"
            )
    if left:
        project.say(f"Not scored again: {', '.join(left)}.")
    return found


def cut_otherwise(project: Opened, evidence: decide.Evidence) -> list[str]:
    """Reports of a cross-fitting whose rows stand in other parts than cutting the training rows again gives.

    Rows that share a group are in one part then. It cannot be told where a row was forgotten since.
    """
    found: list[str] = []
    train = project.rows(evidence.dataset, "train")
    if evidence.crossed is None or len(train) < len(evidence.dataset.splits["train"]):
        return found
    for arm in (evidence.crossed, *evidence.crossed_rungs):
        noted = {item.example: item.part for item in arm.items}
        if all(part is None for part in noted.values()):  # one model answered all, or a decision from before
            continue
        count = int(str(arm.report.signature["folds"]))
        parts = tune.folds([row for row in train if row.id in noted], count)
        cut = {row.id: place for place, part in enumerate(parts, 1) for row in part}
        other = [row for row, part in noted.items() if part is not None and part != cut.get(row)]
        if other:
            found.append(
                f"report {arm.report.id}: {len(other)} of {len(noted)} items stand in other parts than the rows give, "
                f"the first {other[0]}"
            )
    return found


def _dealt(
    project: Opened,
    items: Sequence[ItemResult],
    stored_items: Sequence[ItemResult],
    suite: Suite,
    examples: dict[str, Example],
) -> list[str]:
    """Whether the stored answers, dealt to other items once more, score as they did."""
    if any(item.example not in examples for item in items):
        return []
    again = evaluate.swapped(items, suite=suite, examples=examples, settings=project.settings, project=project.folder)
    if [one.scores for one in again] == [one.scores for one in stored_items] and [one.label for one in again] == [
        one.label for one in stored_items
    ]:
        return []
    return ["swapped: the answers, dealt to other items, score otherwise than was stored"]


def _constant(
    project: Opened, arm: decide.Arm, dataset: Dataset, stored_items: Sequence[ItemResult] | None
) -> list[str]:
    """Whether the answers that take no model are what they were."""
    if not stored_items or constant_items(project, arm, dataset) == tuple(stored_items):
        return []
    return ["constant: what takes no model answers or scores otherwise than was stored"]


def _examples(project: Opened, suite: Suite, rows: dict[str, Example]) -> dict[str, Example]:
    if suite.name != "general":
        return rows
    try:
        general = evaluate.general_examples(suite, folder=judging.general_folder(project))
    except InputError:
        project.say("Not scored again: general ability, whose folder of items is not at hand as it was.")
        return rows
    return rows | {row.id: row for row in general}
