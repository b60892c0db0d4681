"""What a decision asks for: the block `decision` of strop.yaml, which is hashed before the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from strop.settings.section import Section


class Primary(Section):
    """The target and the margin of the primary measure."""

    target: float | None = None
    margin: float = Field(default=0.02, ge=0)


class Guard(Section):
    """Limits that no candidate may break. None: not asked for."""

    general_ability: float | None = Field(default=0.03, description="largest loss against the untuned base")
    general_folder: str | None = Field(
        default=None, description="a folder of further general items: JSONL, multiple choice"
    )
    secrets: int | None = Field(
        default=None,
        ge=5,
        le=100,
        description="text tasks: invented numbers, planted among the training rows, that no model may know by heart",
    )
    p95_ms: float | None = None
    memory: int | None = Field(default=None, description="bytes, or 4GiB")

    @field_validator("memory", mode="before")
    @classmethod
    def _memory(cls, value: Any) -> Any:
        if isinstance(value, str):
            for suffix, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("GB", 10**9), ("MB", 10**6)):
                if value.endswith(suffix):
                    return int(float(value.removesuffix(suffix).strip()) * factor)
        return value


class Against(Section):
    """What the candidate is compared with."""

    lower_rungs: Literal["better", "not_worse", "ignore"] = "better"
    release: Literal["better", "not_worse", "ignore"] = "not_worse"
    incumbent: Literal["better", "not_worse", "ignore"] = "not_worse"


class People(Section):
    """What people must have said."""

    blind_pairs: int = Field(default=0, ge=0)
    approve: tuple[str, ...] = ()


class Abstain(Section):
    """Leave an answer to a person when unsure, so that at most this share of given answers is wrong."""

    max_error: float | None = Field(default=None, gt=0, lt=1)


class DecisionSettings(Section):
    """The protocol: hashed before the run, shown with every verdict."""

    primary: dict[str, Primary] = Field(default_factory=dict, description="measure: {target, margin}; default by kind")
    against: Against = Against()
    guard: Guard = Guard()
    slices: tuple[str, ...] = ()
    people: People = People()
    abstain: Abstain = Abstain()
    cross_fit: int | None = Field(
        default=None,
        ge=2,
        le=20,
        description="few rows: test the training rows, too, each once by one of so many further models that saw "
        "neither it nor its group",
    )
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    test_uses: int = Field(default=5, ge=1)
    best_before: int = Field(default=180, ge=1, description="days after which a verdict asks to be measured again")

    @field_validator("primary", mode="before")
    @classmethod
    def _primary(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {value: {}}
        if isinstance(value, Mapping):
            short = {
                k: {} if v is None else {"target": v}
                for k, v in value.items()
                if v is None or isinstance(v, (int, float))
            }
            return {**value, **short}
        return value

    @model_validator(mode="after")
    def _one(self) -> DecisionSettings:
        if len(self.primary) > 1:
            raise ValueError("exactly one primary measure")
        return self
