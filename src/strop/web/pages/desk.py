"""What the pages ask of a project. An opened project answers the first part; serving and feedback answer the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from strop import jobs
from strop.jobs import Job
from strop.project import Answer, Health, Project
from strop.project.rows import row_files
from strop.project.rows.doubtful import DoubtfulRow
from strop.project.rows.row_files import Guidelines
from strop.project.verdicts import people
from strop.project.verdicts.people import ShownPair
from strop.records import (
    JSON,
    Dataset,
    Decision,
    Finding,
    Interaction,
    Judgement,
    Person,
    PersonRole,
    Record,
    Release,
)
from strop.web.context import Context
from strop.web.gathering import gather


class Consent(Protocol):
    """What people are asked before a candidate goes live."""

    def pairs(self, person: str) -> Sequence[ShownPair]:
        """Blind pairs that wait, and that this person was not shown yet."""
        ...

    def judged(self, person: str) -> int:
        """How many this person has judged."""
        ...

    def prefer(self, pair: str, preferred: str, *, by: str, seconds: float | None) -> Judgement:
        """Store durably which answer is better. Raises InputError, UnknownRecord."""
        ...

    def approvals(self, person: str, role: PersonRole) -> Sequence[Decision]:
        """Decisions that wait for this person's yes or no."""
        ...

    def approve(self, candidate: str, *, by: str, role: PersonRole, approved: bool, comment: str) -> Judgement:
        """Store durably a yes or no. Raises UnknownRecord, NotReady."""
        ...


class Desk(Protocol):
    """A project as the pages see it."""

    @property
    def name(self) -> str:
        """The task's name."""
        ...

    @property
    def labels(self) -> Sequence[str]:
        """The closed set of answers of a classification task; empty for the others."""
        ...

    consent: Consent | None
    """What people are asked before a candidate goes live; None: there are no such pages."""
    doubts: Doubts | None
    """Rows that only a person can judge; None: there is no page of them."""

    def questions(self) -> Sequence[Answer]:
        """The five questions, in order."""
        ...

    def latest(self, kind: str) -> Record | None:
        """The newest record of a kind."""
        ...

    def record(self, identity: str) -> Record:
        """A record by its id. Raises UnknownRecord."""
        ...

    def context(self, subject: Record) -> Context:
        """What the page of a record needs beside it."""
        ...


class Reviews(Protocol):
    """The queue of answers that wait for an expert."""

    def waiting(self, person: str) -> Sequence[Interaction]:
        """What this person has not judged yet, in the order in which it should be."""
        ...

    def interaction(self, identity: str) -> Interaction:
        """An interaction of the queue. Raises UnknownRecord for any other."""
        ...

    def said(self, identities: Sequence[str]) -> Mapping[str, Sequence[Judgement]]:
        """What senders said of each of these answers, as far as it stands: untrusted; corrections first."""
        ...

    def judged_by(self, person: str) -> Sequence[Judgement]:
        """This person's review judgements, newest first."""
        ...

    def earlier(self, person: str, identity: str) -> Judgement | None:
        """This person's newest review of an answer."""
        ...

    def add(self, judgement: Judgement) -> Judgement:
        """Store durably; the same ``key`` again gives the judgement stored first."""
        ...


class Doubts(Protocol):
    """The rows that wait for a person."""

    def waiting(self, person: str) -> Sequence[DoubtfulRow]:
        """Rows that this person is asked about, those first that cost most. Raises InputError: nothing is dealt."""
        ...

    def disputed(self) -> Sequence[DoubtfulRow]:
        """Rows on which people differ, with what each said."""
        ...

    def row(self, identity: str) -> DoubtfulRow:
        """A row as people were asked about it. Raises UnknownRecord."""
        ...

    def judged_by(self, person: str) -> Sequence[Judgement]:
        """What this person said of rows, newest first."""
        ...

    def guidelines(self) -> Guidelines | None:
        """What rows are judged by."""
        ...

    def say(self, row: str, value: dict[str, JSON], *, by: str, key: str, seconds: float | None) -> Judgement:
        """Store durably; the same ``key`` again gives the judgement stored first. Raises InputError."""
        ...


class Watch(Protocol):
    """What serves, and how it is."""

    def releases(self) -> Sequence[Release]:
        """Newest first."""
        ...

    def findings(self) -> Sequence[Finding]:
        """All of them, newest first."""
        ...

    def health(self) -> Health:
        """How it is now."""
        ...


class Jobs(Protocol):
    """Verbs in the background."""

    def every(self) -> Sequence[Job]:
        """All jobs, the newest first."""
        ...

    def start(self, verb: str) -> Job:
        """Start a verb; one that is under way already is returned instead."""
        ...

    def cancel(self, job: str) -> Job:
        """Ask a job to end; what it finished is kept. Raises UnknownRecord."""
        ...

    def resume(self, job: str) -> Job:
        """Let a job that ended early go on. Raises UnknownRecord, NotReady."""
        ...


class ProjectConsent:
    """What an opened project asks people, behind the pages."""

    def __init__(self, project: Project) -> None:
        self._project, self._pairs = project, project.pairs()

    def pairs(self, person: str) -> Sequence[ShownPair]:
        """Blind pairs that wait for this person."""
        return self._pairs.waiting(person)

    def judged(self, person: str) -> int:
        """How many this person has judged."""
        return self._pairs.judged_by(person)

    def prefer(self, pair: str, preferred: str, *, by: str, seconds: float | None) -> Judgement:
        """Store which answer is better."""
        return self._pairs.add(pair, preferred, by=by, seconds=seconds)[0]

    def approvals(self, person: str, role: PersonRole) -> Sequence[Decision]:
        """Decisions that wait for this person's yes or no."""
        return people.waiting_approvals(self._project.opened, person, role)

    def approve(self, candidate: str, *, by: str, role: PersonRole, approved: bool, comment: str) -> Judgement:
        """Store a yes or no."""
        found = self._project.candidate(candidate)
        return people.approve(self._project.opened, found, by=by, role=role, approved=approved, comment=comment)


class ProjectDesk:
    """An opened project behind the pages, and what the door needs of it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.consent: Consent | None = ProjectConsent(project)
        self.doubts: Doubts | None = ProjectDoubts(project)

    @property
    def name(self) -> str:
        """The task's name."""
        return self._project.settings.task.name

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the newest dataset."""
        newest = self._project.store.latest(Dataset)
        return newest.labels if newest else ()

    @property
    def secret(self) -> bytes:
        """The project's key, under which sessions are signed."""
        return self._project.store.key

    def people(self) -> Sequence[Person]:
        """Every person row, newest first."""
        return self._project.store.all(Person)

    def questions(self) -> Sequence[Answer]:
        """The five questions, in order."""
        return self._project.questions()

    def latest(self, kind: str) -> Record | None:
        """The newest record of a kind."""
        return self._project.store.latest(kind)

    def record(self, identity: str) -> Record:
        """A record by its id."""
        return self._project.store.get(identity)

    def context(self, subject: Record) -> Context:
        """What the page of a record needs beside it."""
        return gather(self._project, subject)


class ProjectDoubts:
    """An opened project's rows in doubt, behind the pages."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def waiting(self, person: str) -> Sequence[DoubtfulRow]:
        """Rows that this person is asked about."""
        return self._project.doubtful_rows(person)

    def disputed(self) -> Sequence[DoubtfulRow]:
        """Rows on which people differ."""
        return self._project.disputed_rows()

    def row(self, identity: str) -> DoubtfulRow:
        """A row as people were asked about it."""
        return self._project.doubtful_row(identity)

    def judged_by(self, person: str) -> Sequence[Judgement]:
        """What this person said of rows, newest first."""
        return [one for one in self._project.store.traffic.said("row") if one.by == person and one.value]

    def guidelines(self) -> Guidelines | None:
        """What rows are judged by."""
        return row_files.guidelines(self._project.opened)

    def say(self, row: str, value: dict[str, JSON], *, by: str, key: str, seconds: float | None) -> Judgement:
        """Store what a person says of a row."""
        return self._project.judge_row(row, value, by=by, key=key, seconds=seconds)[0]


class ProjectWatch:
    """What an opened project serves, behind the pages."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def releases(self) -> Sequence[Release]:
        """Newest first."""
        return self._project.store.all(Release)

    def findings(self) -> Sequence[Finding]:
        """All of them, newest first."""
        return self._project.store.all(Finding)

    def health(self) -> Health:
        """How it is now."""
        return self._project.health()


class ProjectJobs:
    """An opened project's verbs in the background, behind the pages."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def every(self) -> Sequence[Job]:
        """All jobs, the newest first."""
        return jobs.every(self._project)

    def start(self, verb: str) -> Job:
        """Start a verb."""
        return jobs.start(self._project, verb)

    def cancel(self, job: str) -> Job:
        """Ask a job to end."""
        return jobs.cancel(self._project, job)

    def resume(self, job: str) -> Job:
        """Let a job go on."""
        return jobs.resume(self._project, job)
