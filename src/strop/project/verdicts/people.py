"""What people say before a candidate goes live: blind pairs to judge, and approvals, for `decide` to rest on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import get_args

from strop import decide, feedback
from strop.errors import InputError, NotReady, UnknownRecord
from strop.project import foreseeing, stored
from strop.project.live import listening
from strop.project.making import judging
from strop.project.opened import Opened
from strop.records import (
    INCUMBENT_METHODS,
    Candidate,
    Dataset,
    Decision,
    Judgement,
    Ladder,
    Message,
    Person,
    PersonRole,
    Record,
    Step,
    new_id,
    now,
)
from strop.serve import present

LOCAL = "local"
"""Whoever works on this machine while nobody has a key: the owner."""


class ShownPair(Record):
    """A blind pair as a judge sees it."""

    pair: str
    messages: tuple[Message, ...]
    left: str
    right: str

    @property
    def asked(self) -> str:
        """The last user turn."""
        return next((message.content for message in reversed(self.messages) if message.role == "user"), "")


def said_of(project: Opened, candidate: Candidate) -> list[Judgement]:
    """What people with a role said of a candidate that a decision on it may rest on; what they took back left out."""
    found = [j for j in project.store.all(Judgement, about=candidate.id) if j.kind in ("preference", "approval")]
    newest: dict[tuple[str, str, str], Judgement] = {}
    for one in feedback.standing(found):
        newest.setdefault((one.kind, one.by, one.name if one.kind == "preference" else ""), one)
    return sorted(newest.values(), key=lambda one: one.id)


def with_people(
    project: Opened, evidence: decide.Evidence, protocol: decide.Protocol, said: Sequence[Judgement]
) -> decide.Evidence:
    """The evidence with the pairs that people are asked to judge, and with what they said."""
    count = protocol.decision.people.blind_pairs
    pairs = drawn(project, evidence, protocol)[:count] if count else None
    opinions = [
        decide.Opinion(one.name, one.by, won)
        for one in said
        if one.kind == "preference" and (won := decide.won(one.name, one.value, key=project.store.key)) is not None
    ]
    approvals = [decide.Approval(one.by, one.name, one.value == "approve") for one in said if one.kind == "approval"]
    return replace(
        evidence,
        pairs=None if pairs is None else tuple(pair.id for pair in pairs),
        preferences=tuple(opinions),
        approvals=tuple(approvals),
        judgements=tuple(one.id for one in said),
    )


def refuse_alone(project: Opened, candidate: Candidate, dataset: Dataset, protocol: decide.Protocol) -> None:
    """Refuse to ask people of pairs where nothing else was ever tried: nothing is opened. Raises NotReady."""
    if protocol.decision.people.blind_pairs and not tried_beside(project, dataset, {candidate.id}):
        raise NotReady(
            f"`decision.people.blind_pairs`: nothing was tried whose answers people could see beside {candidate.id}'s",
            place=project.place("decision", "people"),
            remedy="put a further method into ladder.methods and run: strop choose; nothing was counted",
        )


def tried_beside(project: Opened, dataset: Dataset, but: Collection[str]) -> list[Step]:
    """The rungs that were tried on a dataset, the best on validation first, without those candidates."""
    found = {
        step.candidate: step
        for ladder in project.store.all(Ladder) if ladder.dataset == dataset.id
        for step in ladder.steps if step.candidate not in but and step.method not in INCUMBENT_METHODS
    }  # fmt: skip
    ordered: list[Step] = []
    while (best := foreseeing.best_of(list(found.values()), judging.spec_of(project, dataset))) is not None:
        ordered.append(found.pop(best.candidate))
    return ordered


def with_one_beside(project: Opened, evidence: decide.Evidence, protocol: decide.Protocol) -> decide.Evidence:
    """The evidence with a further rung to pair with, where pairs are asked for and nothing else answers otherwise."""
    spec = evidence.primary(protocol.primary)
    if not protocol.decision.people.blind_pairs or spec is None:
        return evidence
    if decide.opponent(evidence, spec, rules=protocol.rules) is not None:
        return evidence
    known = {arm.report.candidate for arm in evidence.arms}
    for step in tried_beside(project, evidence.dataset, known):
        candidate = project.store.get(step.candidate, Candidate)
        report = judging.domain_report(project, candidate, evidence.dataset, "test")
        beside = replace(evidence, beside=stored.arm(project, stored.arm_name(project, report), report))
        if decide.opponent(beside, spec, rules=protocol.rules) is not None:
            return beside
    return evidence


def drawn(project: Opened, evidence: decide.Evidence, protocol: decide.Protocol) -> list[decide.Pair]:
    """All pairs that there are, in the order in which they are judged; none where there is nothing to compare with."""
    spec = evidence.primary(protocol.primary)
    other = decide.opponent(evidence, spec, rules=protocol.rules) if spec is not None else None
    if other is None:
        return []
    reports = (evidence.report.id, other.report.id)
    return decide.draw(evidence.items, other.items, reports=reports, key=project.store.key)


def approve(
    project: Opened, candidate: Candidate, *, by: str, role: PersonRole, approved: bool = True, comment: str = ""
) -> Judgement:
    """A person's yes or no to a candidate's going live; a later word replaces it. Raises NotReady before a decision."""
    if not project.store.all(Decision, about=candidate.id):
        raise NotReady(f"{candidate.id} was not decided on", remedy=f"strop decide {candidate.id}")
    value = "approve" if approved else "refuse"
    earlier = next((o for o in said_of(project, candidate) if o.kind == "approval" and o.by == by), None)
    if earlier is not None and earlier.value == value:
        return earlier
    made = Judgement(
        id=new_id("jdg"), subject=candidate.id, kind="approval", name=role, value=value, comment=comment, by=by,
        source="people", trusted=True, edits=earlier.id if earlier else None, created=now(),
    )  # fmt: skip
    return listening.keep_review(project, made)[0]


def somebody(project: Opened, name: str) -> tuple[str, PersonRole]:
    """A person by name, with their role. Raises UnknownRecord for one without a key, while others have one."""
    people = present(project.store.all(Person))
    if not people:
        return name, "owner"
    for one in people:
        if one.name == name:
            return one.name, one.role
    raise UnknownRecord(f"nobody called {name!r} has a key", remedy="strop people list; strop people add NAME --role …")


def waiting_approvals(project: Opened, person: str, role: str) -> list[Decision]:
    """Decisions that wait for this person's approval, by name or by role."""
    found = []
    for decision in _newest(project):
        asked = decide.Protocol.model_validate(decision.protocol).decision.people.approve
        open_check = any(check.name == "approvals" and check.verdict == "undecided" for check in decision.checks)
        if open_check and {person, role} & set(asked):
            said = said_of(project, project.store.get(decision.candidate, Candidate))
            if not any(one.kind == "approval" and one.by == person for one in said):
                found.append(decision)
    return found


def _newest(project: Opened) -> list[Decision]:
    """The newest decision of each candidate that is left open."""
    newest: dict[str, Decision] = {}
    for decision in project.store.all(Decision):
        newest.setdefault(decision.candidate, decision)
    return [decision for decision in newest.values() if decision.verdict == "not_enough_evidence"]


class Pairs:
    """The blind pairs of every candidate whose decision waits for them."""

    def __init__(self, project: Opened) -> None:
        self._project = project
        self._known: dict[str, list[ShownPair]] = {}

    def waiting(self, person: str) -> list[ShownPair]:
        """Pairs that nobody has an opinion of and that this person was not shown yet."""
        return [shown for _, shown in self._open(asked=person)]

    def judged_by(self, person: str) -> int:
        """How many pairs this person has judged."""
        found = self._project.store.traffic.said("preference", by=person)
        return sum(one.name.startswith("pair_") for one in found)

    def add(self, pair: str, preferred: str, *, by: str, seconds: float | None = None) -> tuple[Judgement, bool]:
        """Store durably which answer is better, and whether that is new; another word for a pair replaces the first.

        Raises InputError for an unknown word, UnknownRecord for a pair that nobody is asked to judge.
        """
        if preferred not in get_args(decide.Preference):
            words = "left, right, same or cannot_judge"
            raise InputError(f"{preferred[:80]!r} is none of {words}", remedy=f"one of {words}")
        found = [one for one in self._project.store.traffic.said("preference", by=by) if one.name == pair]
        earlier = next(iter(feedback.standing(found)), None)
        if earlier is not None and earlier.value == preferred:
            return earlier, False
        candidate = next((c for c, shown in self._open(asked=None) if shown.pair == pair), None)
        if candidate is None:
            raise UnknownRecord("no such pair waits for a judgement", remedy="strop review pairs")
        made = Judgement(
            id=new_id("jdg"), subject=candidate.id, kind="preference", name=pair, value=preferred, by=by,
            source="people", trusted=True, seconds=seconds, edits=earlier.id if earlier else None, created=now(),
        )  # fmt: skip
        return self._project.store.journal.judge(made)[0], True

    def _open(self, *, asked: str | None) -> list[tuple[Candidate, ShownPair]]:
        """Pairs of undecided decisions; those that ``asked`` was not shown and nobody judged, or (None) all of them."""
        found = []
        for decision in _newest(self._project):
            if not any(check.name == "blind_pairs" and check.verdict == "undecided" for check in decision.checks):
                continue
            candidate = self._project.store.get(decision.candidate, Candidate)
            done = self._done(candidate, asked) if asked is not None else set()
            found += [(candidate, shown) for shown in self._shown(decision) if shown.pair not in done]
        return found

    def _done(self, candidate: Candidate, person: str) -> set[str]:
        said = [one for one in said_of(self._project, candidate) if one.kind == "preference"]
        return {one.name for one in said if one.by == person or one.value != "cannot_judge"}

    def _shown(self, decision: Decision) -> list[ShownPair]:
        """A decision's pairs; a decision does not change, so that they are gathered once."""
        if decision.id not in self._known:
            protocol, wanted = decide.Protocol.model_validate(decision.protocol), set(decision.pairs)
            found = drawn(self._project, stored.evidence(self._project, decision), protocol)
            pairs = [pair for pair in found if pair.id in wanted]
            asked = self._project.store.examples_by_id(pair.example for pair in pairs)
            self._known[decision.id] = [
                ShownPair(pair=pair.id, messages=asked[pair.example].messages, left=pair.left, right=pair.right)
                for pair in pairs
                if pair.example in asked
            ]
        return self._known[decision.id]
