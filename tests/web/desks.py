"""A project in memory behind the pages: the sample records, a queue, findings."""

from __future__ import annotations

from collections.abc import Sequence

import samples

from strop.errors import InputError, NotReady, UnknownRecord
from strop.jobs import Job
from strop.project import Answer, Health
from strop.project.verdicts.people import ShownPair
from strop.records import JSON, Decision, Finding, Interaction, Judgement, Message, Person, Record, Release
from strop.serve import new_key, person
from strop.web.context import Context
from strop.web.pages.desk import Doubts

WHEN = samples.WHEN


def interaction(number: int, answer: str = "A tent of 2 kg, in moss.") -> Interaction:
    return Interaction(
        id=f"int_{number}", release="rel_1", candidate="cand_lora", arm="release",
        messages=(Message(role="user", content=f"type: tent\nnumber: {number}"),), answer=answer, complete=True,
        audit=True, created=WHEN,
    )  # fmt: skip


class SampleJobs:
    """Jobs in memory; ids count up."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def every(self) -> Sequence[Job]:
        return list(reversed(self.jobs.values()))

    def put(self, **values: object) -> Job:
        given = {
            "id": f"job_{len(self.jobs) + 1}",
            "verb": "choose",
            "arguments": {},
            "state": "running",
            "created": WHEN,
        }
        job = Job.model_validate(given | {"changed": WHEN, "last_event": 1} | values)
        self.jobs[job.id] = job
        return job

    def start(self, verb: str) -> Job:
        return self.put(verb=verb)

    def _to(self, job: str, state: str) -> Job:
        if job not in self.jobs:
            raise UnknownRecord("no such job")
        self.jobs[job] = self.jobs[job].model_copy(update={"state": state})
        return self.jobs[job]

    def cancel(self, job: str) -> Job:
        return self._to(job, "cancelling")

    def resume(self, job: str) -> Job:
        if self.jobs[job].state == "running":
            raise NotReady(f"{job} is running")
        return self._to(job, "running")


class SampleConsent:
    """Blind pairs and approvals in memory."""

    def __init__(self, waiting: Sequence[ShownPair] = (), decisions: Sequence[Decision] = ()) -> None:
        self.open, self.decisions = {one.pair: one for one in waiting}, list(decisions)
        self.said: list[Judgement] = []

    def pairs(self, person: str) -> Sequence[ShownPair]:
        done = {one.name for one in self.said}
        return [one for one in self.open.values() if one.pair not in done]

    def judged(self, person: str) -> int:
        return sum(one.by == person for one in self.said)

    def _keep(self, subject: str, kind: str, **fields: object) -> Judgement:
        given = {"id": f"jdg_{len(self.said)}", "subject": subject, "kind": kind, "created": WHEN} | fields
        self.said.append(Judgement.model_validate(given))
        return self.said[-1]

    def prefer(self, pair: str, preferred: str, *, by: str, seconds: float | None) -> Judgement:
        if pair not in self.open:
            raise UnknownRecord("no such pair")
        if preferred not in ("left", "right", "same", "cannot_judge"):
            raise InputError("no such side")
        return self._keep("cand_lora", "preference", name=pair, value=preferred, by=by, seconds=seconds)

    def approvals(self, person: str, role: str) -> Sequence[Decision]:
        return [] if any(one.by == person for one in self.said) else self.decisions

    def approve(self, candidate: str, *, by: str, role: str, approved: bool, comment: str) -> Judgement:
        value = "approve" if approved else "refuse"
        return self._keep(candidate, "approval", name=role, value=value, by=by, comment=comment)


class SampleDesk:
    """Desk, Reviews and Watch over sample records."""

    name = "outdoor-shop"

    def __init__(self, waiting: Sequence[Interaction] = ()) -> None:
        self.records: dict[str, Record] = {
            record.id: record
            for record in (
                samples.decision(), samples.ladder(), samples.dataset(), samples.run(), samples.BASE,
                *samples.CANDIDATES.values(), *samples.REPORTS.values(),
            )
        }  # fmt: skip
        self.queue = {one.id: one for one in waiting or [interaction(i) for i in range(1, 4)]}
        self.judgements: list[Judgement] = []
        self.words: dict[str, list[Judgement]] = {}
        self.consent: SampleConsent | None = SampleConsent()
        self.doubts: Doubts | None = None
        self.closed: tuple[str, ...] = ()

    @property
    def labels(self) -> Sequence[str]:
        return self.closed

    def questions(self) -> Sequence[Answer]:
        return [
            Answer(
                question="Do we need to fine-tune at all?", answer="Yes: +36.0 points [27.0, 45.0].", age="2 days ago"
            ),
            Answer(question="May it go live?", answer="Not decided.", command="strop decide"),
        ]

    def latest(self, kind: str) -> Record | None:
        return next((r for r in self.records.values() if type(r).__name__.lower() == kind), None)

    def record(self, identity: str) -> Record:
        if identity not in self.records:
            raise UnknownRecord(f"nothing here is called {identity!r}", remedy="strop list")
        return self.records[identity]

    def context(self, subject: Record) -> Context:
        return samples.context()

    def waiting(self, person: str) -> Sequence[Interaction]:
        done = {judgement.subject for judgement in self.judged_by(person)}
        return [one for one in self.queue.values() if one.id not in done]

    def interaction(self, identity: str) -> Interaction:
        if identity not in self.queue:
            raise UnknownRecord("no such answer in the queue")
        return self.queue[identity]

    def send(self, subject: str, kind: str, value: JSON, *, by: str = "shop", comment: str = "") -> Judgement:
        """A sender says something of an answer; what is said last is shown first."""
        given = {"id": f"jdg_sent{sum(map(len, self.words.values()))}", "subject": subject, "value": value}
        made = Judgement.model_validate(given | {"kind": kind, "by": by, "comment": comment, "created": WHEN})
        self.words.setdefault(subject, []).insert(0, made)
        return made

    def said(self, identities: Sequence[str]) -> dict[str, list[Judgement]]:
        return {identity: self.words[identity] for identity in identities if identity in self.words}

    def judged_by(self, person: str) -> Sequence[Judgement]:
        return [judgement for judgement in reversed(self.judgements) if judgement.by == person]

    def earlier(self, person: str, identity: str) -> Judgement | None:
        return next((one for one in self.judged_by(person) if one.subject == identity), None)

    def add(self, judgement: Judgement) -> Judgement:
        known = next((one for one in self.judgements if one.key == judgement.key), None)
        if known is None:
            self.judgements.append(judgement)
        return known or judgement

    def releases(self) -> Sequence[Release]:
        return [Release(id="rel_1", alias="tickets", candidate="cand_lora", decision="dec_1", by="ada", created=WHEN)]

    def findings(self) -> Sequence[Finding]:
        def found(week: int, value: float, advice: str) -> Finding:
            return Finding.model_validate({
                "id": f"find_{week}", "kind": "quality", "name": "attribute inclusion", "value": value,
                "low": value - 0.05, "high": value + 0.05, "noise": 0.8, "n": 30, "advice": advice,
                "sentence": f"Week {week}: audited answers.", "created": f"2026-03-{7 * week:02}T00:00:00+00:00",
            })  # fmt: skip

        return [found(3, 0.71, "retrain"), found(2, 0.88, "healthy"), found(1, 0.9, "healthy")]

    def health(self) -> Health:
        newest = self.findings()[0]
        missing = ("drift: 40 of the 200 answers that make a window were given, 160 to come",)
        return Health(advice="retrain", sentence=newest.sentence, findings=(newest,), unseen=missing)


def people(*roles: str) -> tuple[list[Person], dict[str, str]]:
    """A person of each role, and their keys by role."""
    keys = {role: new_key() for role in roles}
    return [person(f"{role}-person", role, keys[role]) for role in roles], keys  # type: ignore[arg-type]
