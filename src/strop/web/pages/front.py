"""The first page: the five questions, answered as far as known, and the newest records."""

from __future__ import annotations

from collections.abc import Sequence

from strop.project import Answer
from strop.records import JSON, Record
from strop.web.render import Frame, render

KINDS = ("decision", "ladder", "dataset", "candidate", "run", "report")
"""Kinds whose newest record the first page links to."""


def twin(answers: Sequence[Answer], newest: Sequence[Record]) -> dict[str, JSON]:
    """The page as JSON."""
    return {
        "questions": [answer.to_json() for answer in answers],
        "newest": {type(record).__name__.lower(): getattr(record, "id", "") for record in newest},
    }


def page(project: str, answers: Sequence[Answer], newest: Sequence[Record], *, frame: Frame) -> str:
    """The five questions as a page; the next command is that of the first question that has one."""
    command = next((answer.command for answer in answers if answer.command), "")
    links = [(type(record).__name__, getattr(record, "id", ""), getattr(record, "created", "")) for record in newest]
    return render("project.html", frame=frame, project=project, answers=answers, command=command, newest=links)


def message(project: str, heading: str, text: str, remedy: str, *, frame: Frame) -> str:
    """A page that says one thing: usually what went wrong, and what to do."""
    return render("message.html", frame=frame, project=project, heading=heading, text=text, remedy=remedy)


def login(project: str, *, wrong: bool, frame: Frame) -> str:
    """The page that asks for a key."""
    return render("login.html", frame=frame, project=project, wrong=wrong)
