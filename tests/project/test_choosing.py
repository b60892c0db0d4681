"""The climb through the real verbs: what a ladder may say that had no time to tune."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop import project


@pytest.mark.parametrize(
    ("hours", "said"), [(1e-9, "Not known: the hours were spent before"), (1, "Not shown: tuning gains ")]
)
def test_whether_to_tune_is_not_known_where_the_hours_ended_first(tmp_path: Path, hours: float, said: str) -> None:
    lines = [
        f"my {thing} {n} does not work,{label}" for n in range(60) for thing, label in (("card", "a"), ("app", "b"))
    ]
    (tmp_path / "tickets.csv").write_text("\n".join(["text,label", *lines]) + "\n", "utf-8")
    project.init(tmp_path / "p", tmp_path / "tickets.csv")
    ladder = ["ladder.methods=[prompt,lora]", "ladder.bases=[fake-small]", f"ladder.hours={hours:.10f}"]
    opened = project.open(tmp_path / "p", overrides=ladder)
    opened.curate()
    made = opened.choose()
    opened.store.close()
    assert made.fine_tune.startswith(said), made.fine_tune
    assert ("untried: 1 rung" in made.because) == (hours < 1)
