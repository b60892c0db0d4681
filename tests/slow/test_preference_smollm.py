"""Pairs on the shipped base move unseen pairs further than right answers alone do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strop.engines import bases
from strop.engines.base import ScoreRequest, TrainItem, TrainPlan
from strop.engines.torch import TorchEngine
from strop.records import Base, Message, Spec, silent
from strop.settings import cache_folder

pytestmark = pytest.mark.slow

THINGS = (
    ("kettle", "1.7 litres"), ("lamp", "4 watts"), ("drill", "18 volts"), ("scarf", "180 centimetres"),
    ("rucksack", "32 litres"), ("fan", "45 watts"), ("bench", "120 kilograms"), ("torch", "300 lumens"),
    ("bucket", "10 litres"), ("ladder", "150 kilograms"), ("scale", "5 kilograms"), ("rope", "20 metres"),
)  # fmt: skip
LEARNED = 8


def asked(thing: str, figure: str) -> tuple[Message, ...]:
    return (Message(role="user", content=f"Write one sentence for the shop about this {thing}: {figure}."),)


def sober(thing: str, figure: str) -> str:
    return f"This {thing} is made for {figure}."


def loud(thing: str, figure: str) -> str:
    return f"Wow! The best {thing} ever, an amazing {figure}, buy it now!"


def margins(base: Base, place: Path, objective: str) -> tuple[list[float], float]:
    """log p(sober) - log p(loud) of the unseen things after tuning, and of them before it (the mean)."""
    items = tuple(
        TrainItem(example=f"ex_{i}", messages=asked(*one), answer=sober(*one), rejected=loud(*one))
        for i, one in enumerate(THINGS[:LEARNED])
    )
    settings: dict[str, Any] = {
        "num_train_epochs": 3, "per_device_train_batch_size": 4, "max_new_tokens": 24, "objective": objective,
    }  # fmt: skip
    plan = TrainPlan(spec=Spec.of("lora", base=base.id), seed=0, train=items, settings=settings)
    engine, folder = TorchEngine(), place / objective
    outcome = engine.train(plan, base, folder=folder, work=place / f"{objective}.work", on_event=silent)
    broken = [check for check in outcome.checks if not check.passed and check.name != "stops"]  # six steps are few
    assert not broken, broken
    requests = [ScoreRequest(messages=asked(*one), options=(sober(*one), loud(*one))) for one in THINGS[LEARNED:]]
    with engine.open(base, folder) as tuned, engine.open(base, None) as untuned:
        after, before = ([one.logprobs for one in m.score(requests, on_event=silent)] for m in (tuned, untuned))
    found = [float(right - wrong) for right, wrong in after]
    earlier = sum(right - wrong for right, wrong in before) / len(before)
    print(f"{objective}: {earlier:.1f} -> {[round(one, 1) for one in found]}, {outcome.measured.cpu_seconds:.0f} CPU-s")
    return found, earlier


def test_pairs_move_unseen_pairs_further_than_right_answers_alone(tmp_path: Path) -> None:
    base = bases.add(cache_folder(), "smollm2-135m-instruct", on_event=silent)
    supervised, before = margins(base, tmp_path, "supervised")
    preferred, _ = margins(base, tmp_path, "preference")
    assert min(preferred) > before
    assert all(pair > answer for pair, answer in zip(preferred, supervised, strict=True))
