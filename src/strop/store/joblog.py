"""What background jobs report: events in order, of which the last that names a state is the job's state."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from strop.records import JSON, canonical, now
from strop.store.database import Database
from strop.store.tables import job_events

PROGRESS = "progress"
"""The state of an event that changes no state."""


class JobEvent(NamedTuple):
    """One line of a job's log. ``number`` grows over all jobs, so a reader asks for what came after the last it saw."""

    number: int
    job: str
    state: str
    created: str
    body: dict[str, JSON]


class JobLog:
    """The job events of one project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, job: str, state: str, body: dict[str, JSON] | None = None, *, unless: Collection[str] = ()) -> bool:
        """Append an event, unless the job is in one of these states; whether it was written."""
        with self._database.writing() as connection:
            if unless and _state(connection, job) in unless:
                return False
            text = canonical(body or {}).decode("utf-8")
            connection.execute(job_events.insert().values(job=job, state=state, created=now(), body=text))
            return True

    def events(self, job: str, *, after: int = 0) -> list[JobEvent]:
        """A job's events after a number, oldest first."""
        query = sa.select(job_events).where(job_events.c.job == job, job_events.c.number > after)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(job_events.c.number))
            return [JobEvent(row.number, row.job, row.state, row.created, json.loads(row.body)) for row in rows]

    def jobs(self) -> list[str]:
        """All jobs, the one that was started last first."""
        first = sa.func.min(job_events.c.number)
        with self._database.reading() as connection:
            query = sa.select(job_events.c.job).group_by(job_events.c.job).order_by(first.desc())
            return list(connection.scalars(query))


def _state(connection: sa.Connection, job: str) -> str | None:
    query = sa.select(job_events.c.state).where(job_events.c.job == job, job_events.c.state != PROGRESS)
    return connection.scalar(query.order_by(job_events.c.number.desc()).limit(1))
