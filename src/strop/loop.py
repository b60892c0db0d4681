"""One turn of the loop, top to bottom: raw rows, dataset, ladder, decision."""

from __future__ import annotations

from strop.project import Project, dated
from strop.records import Dataset, Decision, Finding, Ladder, Record, Release


class Turn(Record):
    """What one turn gave."""

    dataset: Dataset
    ladder: Ladder
    decision: Decision


class Cycle(Record):
    """What a turn on live traffic gave; ``release`` is the canary that was opened, if the verdict allowed one.

    ``findings``: what was seen of what serves before the turn.
    """

    turn: Turn
    corrections: int
    release: Release | None
    findings: tuple[Finding, ...] = ()


def cycle(project: Project) -> Cycle:
    """Corrections to dataset, ladder, decision, canary: the next turn, from what people said of the last one.

    What serves is looked at first, which closes a canary that does harm; one that is open already and did none gets its
    next share. A verdict that is past its best-before date opens none.
    """
    watched = project.monitor()
    held = project.store.judgements_in_datasets()
    dataset = project.take_corrections()
    taken = len(project.store.judgements_in_datasets() - held)
    ladder = project.choose()
    decision = project.decide(ladder.pick)
    release = None
    # Whoever rolled it back had a reason: only a person lets a candidate serve again.
    served = any(decision.candidate in (one.candidate, one.canary) for one in project.store.all(Release))
    # A verdict past its date is a person's to use, who is warned of it: not the loop's, nor a reason for it to fail.
    if decision.verdict == "promote" and not served and not dated.past(decision):
        release = project.promote(ladder.pick, traffic=project.settings.live.canary[0], by="cycle")
    elif served:
        release = project.grow(by="cycle")
    turn = Turn(dataset=dataset, ladder=ladder, decision=decision)
    return Cycle(turn=turn, corrections=taken, release=release, findings=watched.findings)


def turn(project: Project) -> Turn:
    """Curate, choose, decide. Killed anywhere, the next call goes on: each verb finds what it finished before."""
    dataset = project.curate()
    ladder = project.choose()
    decision = project.decide(ladder.pick)
    return Turn(dataset=dataset, ladder=ladder, decision=decision)
