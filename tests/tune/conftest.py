"""Rows of a small task that the classical engine and the fake base can both learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strop.engines.fake import FAKE_BASE
from strop.records import Example, Message, Origin, Spec, content_id
from strop.settings import Settings
from strop.tune import TrainPlan, plan

TOPICS = {"cards": "card", "refunds": "refund", "transfers": "transfer"}


@pytest.fixture
def row() -> Callable[..., Example]:
    def make(text: str, reference: str | None, **fields: Any) -> Example:
        messages = (Message(role="user", content=text),)
        origin = Origin(source="rows.jsonl", line=1)
        return Example(id=content_id("ex", text), messages=messages, reference=reference, origin=origin, **fields)

    return make


@pytest.fixture
def rows(row) -> list[Example]:
    return [row(f"my {word} number {i} is late", label) for label, word in TOPICS.items() for i in range(8)]


@pytest.fixture
def spec() -> Spec:
    return Spec.of("lora", base=FAKE_BASE.id, system="Route the ticket.", labels=tuple(TOPICS))


@pytest.fixture
def train_plan(rows, spec) -> TrainPlan:
    return plan(spec, "classification", rows[1:], rows[:1], Settings(), seed=3)
