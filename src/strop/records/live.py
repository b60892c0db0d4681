"""Release, Interaction, Judgement, Finding: what serves, what it answered, what people said, what monitoring saw."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from strop.records.base import JSON, Record
from strop.records.example import Message

PersonRole = Literal["expert", "app", "owner", "auditor"]
JudgementKind = Literal["rating", "comment", "correction", "preference", "outcome", "review", "row", "approval"]
FindingKind = Literal["quality", "input_drift", "output_drift", "canary", "corrections", "age", "signals"]
Advice = Literal["healthy", "look", "retrain", "rollback"]


class Release(Record):
    """A candidate under an alias with its traffic share. The newest rows of an alias alone say what serves."""

    id: str
    alias: str
    candidate: str | None
    canary: str | None = None
    traffic: float = Field(default=0.0, ge=0, le=1)
    decision: str | None = None
    before: str | None = None
    why: str = ""
    by: str
    created: str


class Interaction(Record):
    """One served request and its answer, masked. ``complete`` is False until the answer ended; a crash leaves it so."""

    id: str
    release: str | None
    candidate: str
    arm: Literal["release", "canary", "direct"]
    session: str | None = None
    messages: tuple[Message, ...]
    answer: str | None = None
    label: str | None = None
    probabilities: dict[str, float] = Field(default_factory=dict)
    abstain: bool | None = None
    stopped: bool | None = None
    complete: bool = False
    seconds: float | None = None
    tokens: int | None = None
    audit: bool = False
    created: str
    ended: str | None = None


class Judgement(Record):
    """What a person or an application said of an interaction, or of a row (``subject``).

    An edit is a new one that names the old.
    """

    id: str
    subject: str
    kind: JudgementKind
    name: str = ""
    value: JSON
    comment: str = ""
    by: str
    source: str = "api"
    trusted: bool = False
    seconds: float | None = None
    edits: str | None = None
    key: str | None = None
    created: str

    @property
    def complains(self) -> bool:
        """Whether it says that an answer is not as it should be: a correction, or a rating of 0 or less."""
        rated = self.kind == "rating" and isinstance(self.value, (bool, int, float)) and self.value <= 0
        return rated or self.kind == "correction"


class Finding(Record):
    """What monitoring saw, its effect against its own noise floor, and what it advises.

    ``release``: with which the candidate that it is about came to serve, or the canary was opened; None: of no release.
    """

    id: str
    kind: FindingKind
    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    noise: float | None = None
    n: int = 0
    advice: Advice
    sentence: str
    window: tuple[str, str] | None = None
    release: str | None = None
    created: str


class Person(Record):
    """Someone (or some application) with a key. Only the key's hash is kept; the newest row of a name counts."""

    id: str
    name: str
    role: PersonRole
    key_hash: str
    revoked: bool = False
    created: str
