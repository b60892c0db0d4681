"""Requests and what was said of them, found by what is looked for: only what was found is read.

They are the only nouns that come in great numbers, so nobody should read all of them to answer a question about a few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar, overload

import sqlalchemy as sa

from strop.records import Interaction, Judgement
from strop.store import nouns
from strop.store.database import Database, chunks
from strop.store.tables import completions, records

R = TypeVar("R", Interaction, Judgement)
_FROM_OUTSIDE = ("complaint", "rating", "comment", "preference", "outcome")


class Found(Sequence[R], Generic[R]):
    """Records that were found, in order: how many is known, each is read when it is looked at."""

    def __init__(self, database: Database, ids: Sequence[str]) -> None:
        self._database, self.ids = database, ids

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> R: ...
    @overload
    def __getitem__(self, place: slice) -> Found[R]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return Found[R](self._database, self.ids[place])
        return next(self._read([self.ids[place]]))

    def __iter__(self) -> Iterator[R]:
        for chunk in chunks(self.ids):
            yield from self._read(chunk)

    def _read(self, ids: Sequence[str]) -> Iterator[R]:
        with self._database.reading() as connection:
            found: dict[str, Any] = nouns.several(connection, ids)
        return (found[identity] for identity in ids)


class Complaint(NamedTuple):
    """Somebody said that an answer is not as it should be; ``answered``: that answer has come."""

    by: str
    subject: str
    answered: bool


class Traffic:
    """Finding requests and judgements of one project."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def interactions(self, wanted: Iterable[str]) -> dict[str, Interaction]:
        """Interactions by id; what is none or is not here is left out."""
        with self._database.reading() as connection:
            found = nouns.several(connection, wanted)
        return {identity: record for identity, record in found.items() if isinstance(record, Interaction)}

    def found(self, ids: Sequence[str]) -> Found[Interaction]:
        """These interactions, which must be here."""
        return Found(self._database, ids)

    def asked(self, *, since: str) -> list[tuple[str, str]]:
        """Candidate and time of every request from ``since`` on (ISO time, UTC), newest first."""
        query = _requests(records.c.who, records.c.created).where(records.c.created >= since)
        return [(row.who, row.created) for row in self._rows(query)]

    def served(self, candidates: Iterable[str], *, since: str) -> Found[Interaction]:
        """What these candidates were asked under an alias or a release from ``since`` on, newest first."""
        query = _requests(records.c.id).where(_served_by(candidates), records.c.created >= since)
        return self._found(query)

    def unreviewed(self, *, until: str, most: int) -> Found[Interaction]:
        """The newest requests under an alias or a release up to ``until`` that no person has reviewed, newest first."""
        reviewed = sa.select(records.c.about).where(_sort("judgement", "review"))
        query = _requests(records.c.id).where(
            records.c.sort.in_(("release", "canary")), records.c.created <= until, records.c.id.not_in(reviewed)
        )
        return self._found(query, most=most)

    def answered(self, candidate: str) -> list[tuple[str, str]]:
        """Time and id of every answer that a candidate gave under an alias or a release, in order."""
        query = _answered(records.c.created, records.c.id).where(_served_by([candidate]))
        return sorted((row.created, row.id) for row in self._rows(query))

    def sample(self, candidate: str | None = None) -> Found[Interaction]:
        """The answers of the audit sample (of a candidate), newest first."""
        query = _answered(records.c.id).where(records.c.audit.is_not(None))
        return self._found(query if candidate is None else query.where(records.c.who == candidate))

    def said(self, kind: Literal["review", "row", "preference"], by: str | None = None) -> Found[Judgement]:
        """Judgements of a kind (of a person), newest first."""
        query = sa.select(records.c.id).where(_sort("judgement", kind))
        return self._found(query if by is None else query.where(records.c.who == by))

    def heard(self, candidate: str, *, since: str) -> Found[Judgement]:
        """What was said from outside of what a candidate was asked under an alias from ``since`` on, newest first."""
        asked = _requests(records.c.id).where(_served_by([candidate]), records.c.created >= since).subquery()
        words = records.alias()
        query = sa.select(words.c.id).where(
            words.c.kind == "judgement", words.c.sort.in_(_FROM_OUTSIDE), words.c.about.in_(sa.select(asked.c.id))
        )
        return Found(self._database, [row.id for row in self._rows(query.order_by(words.c.number.desc()))])

    def complaints(self) -> list[Complaint]:
        """All complaints, oldest first."""
        ended = completions.c.interaction == records.c.about
        query = sa.select(records.c.who, records.c.about, completions.c.interaction).outerjoin(completions, ended)
        query = query.where(_sort("judgement", "complaint")).order_by(records.c.number)
        return [Complaint(row.who, row.about, row.interaction is not None) for row in self._rows(query)]

    def said_of(self, subjects: Iterable[str]) -> dict[str, list[Judgement]]:
        """What people and applications said of each of these from outside, oldest first; reviews are not among it."""
        found: dict[str, list[Judgement]] = {}
        outside = sa.and_(records.c.kind == "judgement", records.c.sort.in_(_FROM_OUTSIDE))
        for chunk in chunks(list(subjects)):
            query = sa.select(records.c.id).where(outside, records.c.about.in_(chunk)).order_by(records.c.number)
            for one in Found[Judgement](self._database, [row.id for row in self._rows(query)]):
                found.setdefault(one.subject, []).append(one)
        return found

    def reviewed(self, by: str) -> set[str]:
        """What a person has reviewed, by id."""
        query = sa.select(records.c.about).where(_sort("judgement", "review"), records.c.who == by)
        return {row.about for row in self._rows(query)}

    def _rows(self, query: sa.Select[Any]) -> list[Any]:
        with self._database.reading() as connection:
            return list(connection.execute(query))

    def _found(self, query: sa.Select[Any], *, most: int | None = None) -> Found[Any]:
        """What a query for ids finds, newest first."""
        newest = query.order_by(records.c.number.desc()).limit(most)
        return Found(self._database, [row.id for row in self._rows(newest)])


def _requests(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return sa.select(*columns).where(records.c.kind == "interaction")


def _answered(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    return _requests(*columns).join(completions, completions.c.interaction == records.c.id)


def _sort(kind: str, sort: str) -> sa.ColumnElement[bool]:
    return sa.and_(records.c.kind == kind, records.c.sort == sort)


def _served_by(candidates: Iterable[str]) -> sa.ColumnElement[bool]:
    """Not asked by the candidate's own name."""
    return sa.and_(records.c.sort.in_(("release", "canary")), records.c.who.in_(list(candidates)))
