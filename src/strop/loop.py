"""One turn of the loop, top to bottom: raw rows, dataset, ladder, decision."""

from __future__ import annotations

from strop.project import Project
from strop.records import Dataset, Decision, Ladder, Record


class Turn(Record):
    """What one turn gave."""

    dataset: Dataset
    ladder: Ladder
    decision: Decision


def turn(project: Project) -> Turn:
    """Curate, choose, decide. Killed anywhere, the next call goes on: each verb finds what it finished before."""
    dataset = project.curate()
    ladder = project.choose()
    decision = project.decide(ladder.pick)
    return Turn(dataset=dataset, ladder=ladder, decision=decision)
