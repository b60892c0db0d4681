"""Where all rows were cross-fitted: of which items each check speaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.decide.test_gate import broken, check, settings

from strop.decide import Arm, decide, words


def test_where_all_rows_were_cross_fitted_each_check_says_of_which_items_it_speaks(build: Any) -> None:
    """The headline is about all of them; what serves, the model itself and its latency about the sealed ones."""
    slices = {n: "de" if n % 2 else "en" for n in range(240)}
    every = build.items([1.0, 0.9, 1.0, 0.8] * 60, slices=slices, seconds=0.1)
    rung = build.items([0.5, 0.6, 0.4, 0.5] * 60, slices=slices)
    sealed, below = every[:80], rung[:80]
    dataset = build.evidence(sealed).dataset
    splits = {"test": tuple(one.example for one in sealed), "train": tuple(one.example for one in every[80:])}
    crossed = {"suite": "suite_all", "split": "cross_fit"}
    found = build.evidence(
        sealed,
        dataset=dataset.model_copy(update={"splits": splits}),
        swapped_items=build.swapped(every),
        lower_rungs=(build.arm("the prompt", below),),
        crossed=Arm(name="it", report=build.report("cand_new", every, **crossed), items=every),
        crossed_rungs=(Arm(name="the prompt", report=build.report("prompt", rung, **crossed), items=rung),),
    )
    protocol = settings(cross_fit=3, slices=["language"], guard={"p95_ms": 250})
    decision = decide(found, protocol)
    said = {one.name: words.behind(one) for one in decision.checks}
    assert broken(decision) == {}
    for name in ("primary", "against_lower_rungs", "input_dependence"):
        assert said[name] == "240 items", name
    assert said["slices.language=de"] == said["slices.language=en"] == "120 items"
    assert {said[name] for name in ("final_model", "stops", "p95_ms")} == {"80 sealed items"}
    assert said["general_ability"] == "320 general items" and said["run_checks"] == "1 run check"
    serving = decide(replace(found, release=build.arm("the release", below)), protocol)
    said = {one.name: words.behind(one) for one in serving.checks}
    assert said["against_release"] == "80 sealed items"
    assert said["gain_over_release"] == "40 sealed items"  # a declared slice, where the gain is surest
    assert said["slices.language=de"] == "40 sealed items" and said["primary"] == "240 items"
    watched = settings(cross_fit=3)
    assert "2 slices of 240 items against the prompt" in check(decide(found, watched), "slices").detail
    serving = decide(replace(found, release=build.arm("the release", below)), watched)
    assert "2 slices of 80 sealed items against the release" in check(serving, "slices").detail
