"""A learning curve on a project of invented tickets, with the classical model, remembered when asked again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import strop
from strop import project
from strop.records import Progress, Said
from strop.studies import Bench, learning_curve

WORDS = {
    "refund": ["money back", "return", "refund", "charged twice"],
    "delivery": ["parcel", "late", "courier", "tracking"],
    "account": ["password", "login", "locked out", "e-mail address"],
}
FILLER = ["please", "hello", "today", "since Monday", "order", "again", "my", "the", "thanks", "help"]


@pytest.fixture
def tickets(tmp_path: Path) -> project.Project:
    rng = np.random.default_rng(5)
    lines = []
    for n in range(240):
        label = sorted(WORDS)[n % 3]
        text = " ".join([*rng.choice(FILLER, 5), str(rng.choice(WORDS[label])), *rng.choice(FILLER, 4), f"{n:04d}"])
        lines.append(json.dumps({"text": text, "label": label}))
    (tmp_path / "tickets.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    made = project.init(tmp_path / "tickets", tmp_path / "tickets.jsonl", kind="classification")
    made.curate()
    return made


def test_a_curve_with_the_classical_model(tickets: project.Project) -> None:
    dataset = tickets.opened.dataset()
    bench = Bench(tickets, dataset)
    answer = bench.answer(tickets.spec("classical"))
    sizes = (12, 24, 48, len(bench.train))
    curve = learning_curve(answer, bench.train, bench.primary, sizes=sizes, seeds=(0, 1), more=20)
    assert [point.rows for point in curve.points] == list(sizes)
    assert curve.points[-1].mean > curve.points[0].mean
    assert tickets.store.latest("dataset") == dataset  # a study leaves no dataset behind
    again: list[object] = []
    listening = strop.open(tickets.folder, on_event=again.append)
    second = learning_curve(
        Bench(listening, dataset).answer(listening.spec("classical")), bench.train, bench.primary, sizes=sizes,
        seeds=(0, 1), more=20,
    )  # fmt: skip
    assert second == curve
    assert not [event for event in again if isinstance(event, Progress | Said)]


def test_a_run_with_its_cost_is_remembered(tickets: project.Project) -> None:
    bench = Bench(tickets, tickets.opened.dataset())
    made = bench.made(tickets.spec("classical"), 0)
    assert made.cost.examples >= len(bench.train) and len(made.items) == len(bench.validation)
    assert made.general == () and bench.forgotten(tickets.spec("classical"), made) is None  # no language model
    heard: list[object] = []
    listening = strop.open(tickets.folder, on_event=heard.append)
    assert Bench(listening, listening.opened.dataset()).made(listening.spec("classical"), 0) == made and not heard
