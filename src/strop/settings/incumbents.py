"""What runs today and has to be beaten, and the servers that strop.yaml may name. Nothing else is ever asked."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from strop.settings.section import Section

SECRET = "secret"  # noqa: S105  (the kind of a mistake, whose value is not shown)
"""The type of errors whose input must not be printed."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_DATA = {".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet"}


class Price(Section):
    """What a server charges, in the project's unit of money for a million tokens."""

    input: float = Field(default=0.0, ge=0)
    output: float = Field(default=0.0, ge=0)


class Connection(Section):
    """How a server is asked."""

    url: str | None = Field(default=None, description="the server's address, up to /v1")
    key_env: str | None = Field(default=None, description="the environment variable that holds the server's key")
    timeout_seconds: float = Field(default=60, gt=0, description="longest wait for one answer")
    concurrency: int = Field(default=4, ge=1, le=256, description="requests at once")

    @field_validator("url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise PydanticCustomError(SECRET, "must hold no user, key or query; name the key's variable in key_env")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an address such as http://127.0.0.1:8000/v1")
        return value.rstrip("/").removesuffix("/chat/completions")

    @field_validator("key_env")
    @classmethod
    def _variable(cls, value: str | None) -> str | None:
        if value is not None and not _VARIABLE.fullmatch(value):
            raise PydanticCustomError(SECRET, "is the NAME of an environment variable (A-Z, 0-9, _), never the key")
        return value


class Judge(Connection):
    """A model that gives its opinion on blind pairs; no verdict rests on it."""

    url: str = Field(description="the server's address, up to /v1")
    model: str = Field(description="the model's name at its server")
    rubric: str = Field(min_length=1, description="what a good answer is, in words")
    pairs: int = Field(default=100, ge=1, description="most pairs that it is asked about, each in both orders")


class Incumbent(Connection):
    """What runs today: a remote model (``remote`` and ``url``), an adapter made elsewhere, or a file of its answers."""

    name: str | None = Field(default=None, max_length=60, description="how tables and verdicts call it")
    remote: str | None = Field(default=None, description="the model's name at its server")
    shots: int = Field(default=0, ge=0, description="examples in the remote model's prompt")
    candidate: str | None = Field(default=None, description="the candidate it runs: asked with that one's prompt")
    price: Price | None = Field(default=None, description="of the remote model, for a million tokens")
    adapter: str | None = Field(default=None, description="a PEFT folder made elsewhere")
    base: str | None = Field(default=None, description="the base that the adapter was made for")
    answers: str | None = Field(default=None, description="a file: id or input, answer, latency_ms, cost")

    @model_validator(mode="before")
    @classmethod
    def _path(cls, value: Any) -> Any:
        """A path alone is a file of answers, by its ending, or an adapter folder."""
        if not isinstance(value, str):
            return value
        suffixes = {suffix.lower() for suffix in PurePath(value).suffixes}
        return {"answers": value} if suffixes & _DATA else {"adapter": value}

    @model_validator(mode="after")
    def _one(self) -> Incumbent:
        if [self.remote, self.adapter, self.answers].count(None) != 2:
            raise ValueError("must be one of: {remote, url}, {adapter, base}, {answers}")
        if (self.remote is None) != (self.url is None):
            raise ValueError("a remote model needs its url, and only it has one")
        if self.candidate is not None and (self.remote is None or self.shots):
            raise ValueError("candidate says what a remote model runs, shots among it: leave the others out")
        return self

    @property
    def title(self) -> str:
        """How it is called."""
        return self.name or self.remote or PurePath(self.adapter or self.answers or "").name
