"""What could turn a refusal into a yes: rows to ask for, doubts to settle, models that were not tried; each with its
command."""

from __future__ import annotations

from strop.errors import StropError
from strop.project.making import judging
from strop.project.opened import Opened
from strop.project.rows import doubtful
from strop.records import TUNED_METHODS, Candidate, Dataset, Decision, Ladder, Record, Report


class Remedy(Record):
    """Why something may help, and the command that goes there."""

    why: str
    command: str


def remedies(project: Opened, decision: Decision) -> list[Remedy]:
    """What is left to try after a refusal, what is known best first; nothing after another verdict.

    It is told by validation items and training rows alone: who mends by sealed items has no test set any more.
    """
    if decision.verdict != "refuse":
        return []
    found = []
    ladder = _ladder(project, decision.candidate)
    if ladder is not None and (weak := weakest(project, ladder, decision.candidate)):
        found.append(Remedy(why=f"On validation items it does {weak}:", command="strop evaluate --acquire ask.jsonl"))
    if ladder is not None and all(step.base is None for step in ladder.steps):
        found.append(Remedy(why="No language model was tried; name one in ladder.bases:", command="strop models list"))
    if ladder is not None and ladder.weighed and ladder.weighed[-1].gained is None and not ladder.weighed[-1].outcome:
        name = ladder.weighed[-1].name
        found.append(
            Remedy(why=f"{name[:1].upper()}{name[1:]} was weighed and not tried:", command="strop show ladder")
        )
    newest = project.store.latest(Dataset)
    if newest is not None and (waiting := doubtful.count_waiting(project, newest)):
        told = f"{waiting:,} {'row waits' if waiting == 1 else 'rows wait'} for the word of a person:"
        found.append(Remedy(why=told, command="strop review rows"))
    if curve := learning_curve(project.store.get(decision.candidate, Candidate)):
        found.append(Remedy(why="How much further rows would buy:", command=curve))
    return found


def learning_curve(candidate: Candidate) -> str:
    """The command that tells how much rows would buy a candidate; none where rows do not train it."""
    method = candidate.spec.method
    if method not in TUNED_METHODS:
        return ""
    return "strop learning-curve" + (f" --method {method}" if method != "classical" else "")


def weakest(project: Opened, ladder: Ladder, candidate: str) -> str:
    """Where a candidate of a ladder does worst on the validation items, and how many such rows to ask for; empty where
    no slice stands out, or it cannot be known any more."""
    step = next((step for step in ladder.steps if step.candidate == candidate), None)
    if step is None:
        return ""
    try:
        weak = judging.weak_slices(project, project.store.get(step.report, Report))
    except StropError:  # its items were forgotten
        return ""
    return weak[0].sentence if weak else ""


def _ladder(project: Opened, candidate: str) -> Ladder | None:
    """The newest ladder that tried it."""
    return next((one for one in project.store.all(Ladder) if any(s.candidate == candidate for s in one.steps)), None)
