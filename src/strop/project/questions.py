"""The five questions, answered as far as this project knows. This is the screen people live in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from strop.decide.words import PAIRS, chance, needs_of, settles
from strop.errors import StropError
from strop.project import dated
from strop.project.live.health import health
from strop.project.opened import Opened
from strop.project.rows import doubtful
from strop.project.verdicts import deciding, remedies
from strop.records import Advice, Candidate, Dataset, Decision, Ladder, Record, Release

_WORDS: dict[Advice, str] = {
    "healthy": "Healthy", "look": "Look at this", "retrain": "Retrain now", "rollback": "Roll back",
}  # fmt: skip


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
    dataset, ladder = project.store.latest(Dataset), project.store.latest(Ladder)
    return [
        _fine_tune(ladder, dataset),
        _rows(project, dataset, ladder),
        _model(ladder, dataset),
        _live(project, ladder),
        _still_good(project),
    ]


def next_command(found: Sequence[Answer]) -> str:
    """The one command to run next: that of the first question that has one."""
    return next((answer.command for answer in found if answer.command), "strop serve")


def _fine_tune(ladder: Ladder | None, dataset: Dataset | None) -> Answer:
    question = "Do we need to fine-tune at all?"
    if ladder is None:
        lacking = dataset.lacking if dataset else ""
        return Answer(
            question=question,
            answer="Not known yet.",
            would_change=lacking or "a ladder from the classical floor over prompts to a tuned model",
            command="strop choose" if dataset and not lacking else "strop curate",
        )
    return Answer(
        question=question,
        answer=ladder.fine_tune,
        age=age(ladder.created),
        would_change="other rows, another base or a new margin: strop choose again",
    )


def _rows(project: Opened, dataset: Dataset | None, ladder: Ladder | None) -> Answer:
    question = "Which rows, and how many?"
    if dataset is None:
        return Answer(question=question, answer="No dataset yet.", command="strop curate")
    sizes = ", ".join(f"{len(ids)} {split}" for split, ids in dataset.splits.items())
    out = dataset.rows.dropped + dataset.rows.quarantined
    answer = f"{sizes}; {out} of {dataset.rows.read} raw rows set aside, each with a reason ({dataset.id})."
    doubts = doubtful.count_waiting(project, dataset)
    if dataset.waiting:
        answer = f"{answer[:-1]}, {len(dataset.waiting)} of them until a person has looked."
    if project.store.erasure.when([dataset.id]):
        forgotten = f"{answer} A row of it was forgotten, so it can be used no longer."
        return Answer(question=question, answer=forgotten, age=age(dataset.created), command="strop curate")
    return Answer(
        question=question,
        answer=answer,
        age=age(dataset.created),
        would_change=f"{doubts} {'doubts' if doubts > 1 else 'doubt'} that only a person can settle: strop review rows"
        if doubts
        else _missing(project, ladder) or _curve(project, ladder, dataset),
    )


def _curve(project: Opened, ladder: Ladder | None, dataset: Dataset) -> str:
    """How to learn what further rows would buy: of the pick, before there is one of the classical model."""
    command = "strop learning-curve" if dataset.kind == "classification" else ""
    if ladder is not None:
        command = remedies.learning_curve(project.store.get(ladder.pick, Candidate))
    return f"how much further rows would buy: {command}" if command else "a ladder: strop choose"


def _missing(project: Opened, ladder: Ladder | None) -> str:
    """Which rows to ask for: those like the slice on which the pick does worst."""
    weak = remedies.weakest(project, ladder, ladder.pick) if ladder is not None else ""
    return f"the pick does {weak}" if weak else ""


def _model(ladder: Ladder | None, dataset: Dataset | None) -> Answer:
    question = "Which base model and method?"
    if ladder is None:
        return Answer(question=question, answer="Not known yet.", command="strop choose" if dataset else "")
    pick = next(step for step in ladder.steps if step.candidate == ladder.pick)
    newer = dataset is not None and dataset.id != ladder.dataset
    tried = f"{len(ladder.steps)} rungs were tried" if len(ladder.steps) > 1 else "one rung was tried"
    return Answer(
        question=question,
        answer=f"{pick.method} ({pick.candidate}). {ladder.because}",
        age=age(ladder.created),
        would_change="there is a newer dataset: strop choose"
        if newer
        else f"{tried}; a further base or method in ladder: of strop.yaml",
        command="strop choose" if newer else "",
    )


def _live(project: Opened, ladder: Ladder | None) -> Answer:
    """The newest decision on the ladder's pick; without one, the newest of all."""
    question = "May it go live?"
    decisions = project.store.all(Decision)
    on_pick = [one for one in decisions if ladder is not None and one.candidate == ladder.pick]
    begun, goes_on, again = _begun(project, decisions, ladder)
    if not decisions:
        command = ladder.command if ladder else again
        return Answer(question=question, answer=begun or "Not decided.", would_change=goes_on, command=command)
    decision = (on_pick or decisions)[0]
    word = {"promote": "Yes", "refuse": "No", "not_enough_evidence": "Not enough evidence"}[decision.verdict]
    answer = Answer(
        question=question,
        answer=f"{word}: {decision.sentence.partition(': ')[2] or decision.sentence}",
        age=age(decision.created),
        would_change=_needed(decision) or _remedies(project, decision) or "new rows, a new candidate or a new protocol",
    )
    if dated.past(decision):
        answer = answer.model_copy(
            update={"would_change": f"{dated.told(decision)}; then: strop decide"}
        )  # fmt: skip
    if begun:
        told = f"{begun[0].lower()}{begun[1:-1]}; {goes_on}"
        return answer.model_copy(update={"would_change": told, "command": again})
    if ladder is not None and not on_pick:
        return answer.model_copy(
            update={"would_change": f"{ladder.pick}, the pick of the newest ladder, is not decided on: strop decide",
                    "command": "strop decide"}
        )  # fmt: skip
    return answer.model_copy(update={"command": _after(project, decision)})


def _begun(project: Opened, decisions: Sequence[Decision], ladder: Ladder | None) -> tuple[str, str, str]:
    """A look of which no decision came, how it goes on, and the command where a plain call does; empty without one."""
    last = project.store.sealed.last()
    if last is None or any(one.opening == last.seal or one.created > last.created for one in decisions):
        return "", "", ""
    noted = project.store.sealed.by_seal(last.seal)
    use = f" {noted.number}" if noted is not None else ""
    begun = (
        f"A decision was begun {age(last.created)} and has not ended: its use{use} of the sealed test set is counted."
    )
    pick = project.store.get(ladder.pick, Candidate) if ladder is not None else project.store.latest(Candidate)
    try:
        same = pick is not None and deciding.begun(project, pick, last.look)
    except StropError:  # what it would compare is not there, any more or yet
        same = False
    if same:
        return begun, "the rest of it, in the same look: strop decide", "strop decide"
    return (
        begun,
        "the rest of it, by the same candidate and settings, while others are a further look: strop decide",
        "",
    )


def _needed(decision: Decision) -> str:
    """What would settle an open verdict, in words."""
    if decision.needed is None:
        return ""
    needs = needs_of(decision.checks)
    return settles(needs) + chance(needs)


def _remedies(project: Opened, decision: Decision) -> str:
    """What could turn a refusal, in words."""
    return "; ".join(
        f"{one.why[:1].lower()}{one.why[1:]} {one.command}" for one in remedies.remedies(project, decision)
    )


def _after(project: Opened, decision: Decision) -> str:
    """The next command after a verdict: put it to use, else look why not; nothing when something serves."""
    if decision.verdict == "not_enough_evidence" and decision.needed is not None and decision.needed.slice == PAIRS:
        return "strop review pairs"
    release = project.store.latest(Release)
    serves = release is not None and decision.candidate in (release.candidate, release.canary)
    if decision.verdict == "promote" and not serves:
        return "strop promote"
    return "" if release is not None else f"strop show {decision.id} --html decision.html"


def _still_good(project: Opened) -> Answer:
    question = "Is it still good?"
    release = project.store.latest(Release)
    if release is None:
        return Answer(
            question=question,
            answer="Nothing serves yet, so nothing is watched.",
            would_change="a promoted candidate and its traffic",
        )
    found = health(project)
    if not found.findings:
        return Answer(
            question=question,
            answer=found.sentence,
            age=age(release.created),
            would_change="traffic, audited answers, corrections",
            command=found.command,
        )
    seen = len(found.findings)
    return Answer(
        question=question,
        answer=f"{_WORDS[found.advice] if found.advice else 'Not known yet'}: {found.sentence}",
        age=age(max(finding.created for finding in found.findings)),
        would_change="; ".join([f"{seen} finding{'s' * (seen > 1)}", *found.unseen, "new traffic and judgements"]),
        command=found.command,
    )
