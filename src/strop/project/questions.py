"""The five questions, answered as far as this project knows. This is the screen people live in."""

from __future__ import annotations

import datetime as dt

from strop.decide.words import PAIRS, further
from strop.project.opened import Opened
from strop.records import Dataset, Decision, Finding, Ladder, Record, Release


class Answer(Record):
    """One question's answer: what is known, how old it is, what would change it, and the next command."""

    question: str
    answer: str
    age: str = ""
    would_change: str = ""
    command: str = ""


def age(moment: str) -> str:
    """How long ago, in words."""
    seconds = (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(moment)).total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def answers(project: Opened) -> list[Answer]:
    """The five questions of the product, in order."""
    dataset = project.store.latest("dataset")
    ladder = project.store.latest("ladder")
    decision = project.store.latest("decision")
    return [
        _fine_tune(ladder if isinstance(ladder, Ladder) else None, dataset),
        _rows(dataset if isinstance(dataset, Dataset) else None),
        _model(ladder if isinstance(ladder, Ladder) else None, dataset),
        _live(decision if isinstance(decision, Decision) else None, ladder),
        _still_good(project),
    ]


def next_command(found: list[Answer]) -> str:
    """The one command to run next: that of the first question without an answer."""
    return next((a.command for a in found if a.command), "strop serve")


def _fine_tune(ladder: Ladder | None, dataset: Record | None) -> Answer:
    question = "Do we need to fine-tune at all?"
    if ladder is None:
        return Answer(
            question=question,
            answer="Not known yet.",
            would_change="a ladder from the classical floor over prompts to a tuned model",
            command="strop choose" if dataset else "strop curate",
        )
    return Answer(
        question=question,
        answer=ladder.fine_tune,
        age=age(ladder.created),
        would_change="other rows, another base or a new margin: strop choose again",
    )


def _rows(dataset: Dataset | None) -> Answer:
    question = "Which rows, and how many?"
    if dataset is None:
        return Answer(question=question, answer="No dataset yet.", command="strop curate")
    sizes = ", ".join(f"{len(ids)} {split}" for split, ids in dataset.splits.items())
    out = dataset.rows.dropped + dataset.rows.quarantined
    return Answer(
        question=question,
        answer=f"{sizes}; {out} of {dataset.rows.read} raw rows set aside, each with a reason ({dataset.id}).",
        age=age(dataset.created),
        would_change="how much further rows would buy is not measured yet: strop study learning-curve",
    )


def _model(ladder: Ladder | None, dataset: Record | None) -> Answer:
    question = "Which base model and method?"
    if ladder is None:
        command = "strop choose" if dataset else ""
        return Answer(question=question, answer="Not known yet.", command=command)
    pick = next(step for step in ladder.steps if step.candidate == ladder.pick)
    return Answer(
        question=question,
        answer=f"{pick.method} ({pick.candidate}). {ladder.because}",
        age=age(ladder.created),
        would_change=f"{len(ladder.steps)} rungs were tried; a further base or method in ladder: of strop.yaml",
    )


def _live(decision: Decision | None, ladder: Record | None) -> Answer:
    question = "May it go live?"
    if decision is None:
        command = "strop decide" if ladder else ""
        return Answer(question=question, answer="Not decided.", command=command)
    needed = ""
    if decision.needed is not None:
        minutes = f", about {decision.needed.minutes:.0f} expert minutes" if decision.needed.minutes else ""
        needed = f"{further(decision.needed)}{minutes}"
    word = {"promote": "Yes", "refuse": "No", "not_enough_evidence": "Not enough evidence"}[decision.verdict]
    return Answer(
        question=question,
        answer=f"{word}: {decision.sentence.partition(': ')[2] or decision.sentence}",
        age=age(decision.created),
        would_change=needed or "new rows, a new candidate or a new protocol",
        command=_after(decision),
    )


def _after(decision: Decision) -> str:
    """The command that follows a decision."""
    if decision.verdict == "not_enough_evidence" and decision.needed is not None and decision.needed.slice == PAIRS:
        return "strop review pairs"
    return f"strop show {decision.id} --html decision.html" if decision.verdict == "promote" else ""


def _still_good(project: Opened) -> Answer:
    question = "Is it still good?"
    release = project.store.latest(Release)
    if release is None:
        decided = project.store.latest(Decision)
        may = decided is not None and decided.verdict == "promote"
        return Answer(
            question=question,
            answer="Nothing serves yet, so nothing is watched.",
            would_change="a promoted candidate and its traffic",
            command="strop promote" if may else "",
        )
    findings = project.store.all(Finding)
    if not findings:
        return Answer(
            question=question,
            answer=f"{release.candidate} serves as {release.alias}; nobody has looked at its traffic yet.",
            age=age(release.created),
            would_change="traffic, audited answers, corrections",
            command="strop monitor",
        )
    newest: dict[str, Finding] = {}
    for finding in findings:
        newest.setdefault(f"{finding.kind} {finding.name}", finding)
    worst = min(newest.values(), key=lambda one: ("rollback", "retrain", "look", "healthy").index(one.advice))
    word = {"healthy": "Healthy", "look": "Look at this", "retrain": "Retrain now", "rollback": "Roll back"}[
        worst.advice
    ]
    command = {"retrain": "strop cycle", "rollback": "strop rollback"}.get(worst.advice, "strop monitor")
    return Answer(
        question=question,
        answer=f"{word}: {worst.sentence}",
        age=age(worst.created),
        would_change=f"{len(newest)} findings; new traffic and judgements",
        command=command,
    )
