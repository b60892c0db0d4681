"""Requests as points: a classifier's are read by the task's labels, whatever model serves."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from strop import project
from strop.engines.fake import FAKE_BASE
from strop.measure.statistics.drift import embedding_drift
from strop.project.live.places import places
from strop.records import Spec

pytestmark = pytest.mark.usefixtures("fake_cache")
WORDS = {"cards": "card blocked at the till", "refunds": "money back for order", "post": "parcel lost in the mail"}


def test_a_queue_asked_more_often_moves_the_points_of_a_tuned_model(tmp_path: Path) -> None:
    rng = random.Random(1)

    def said(queue: str) -> str:
        own = " ".join("".join(rng.choices("abcdefghijklmnop", k=5)) for _ in range(8))  # no two requests alike
        return f"{WORDS[queue]} {own}"

    lines = [f"{said(queue)},{queue}" for queue in [*WORDS] * 60]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "tickets.csv")
    opened = project.open(tmp_path / "p", overrides=["ladder.bases=[fake-small]"])
    opened.curate()
    _, candidate = opened.tune(Spec.of("lora", base=FAKE_BASE.id))
    evenly, mostly = [[said(queue) for queue in queues * 20] for queues in ([*WORDS], ["post"] * 3)]
    with opened.opened.model(candidate) as model:
        before, same, moved = places(opened.opened, candidate, model, [evenly, evenly[::-1], mostly])
        width = model.embed(["a card"], on_event=lambda event: None).shape[1]
    assert len(before) == len(same) == len(moved) == 60
    assert before.shape[1] > len(WORDS) and before.shape[1] <= len(WORDS) + width
    assert embedding_drift(before, moved).found() and not embedding_drift(before, same).found()
    opened.store.close()
