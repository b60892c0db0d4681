"""Where all rows were cross-fitted: of which items each check speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.decide.test_gate import broken, check, settings

from strop.decide import Arm, Evidence, Protocol, decide, verify, words
from strop.decide.gate import decide_under
from strop.measure import by_one_model, estimate, paired
from strop.records import ItemResult

FOLDS = 4


def in_parts(items: tuple[ItemResult, ...], sealed: int) -> tuple[ItemResult, ...]:
    """All but the first ``sealed``, five at a time, by the model of another part."""
    return tuple(
        item if n < sealed else item.model_copy(update={"part": n // 5 % FOLDS + 1}) for n, item in enumerate(items)
    )


def small(build: Any, *, spread: float = 0.0) -> Evidence:
    """200 rows, of which 40 are sealed; the models of four parts differ by ``spread``, to one side and the other.

    Each part holds the same five scores, so without that the parts are exactly alike.
    """
    part = np.arange(200) // 5 % FOLDS
    below, own = np.tile([0.5, 0.7, 0.4, 0.6, 0.55], 40), np.tile([1.0, 0.9, 0.8, 0.95, 0.9], 40)
    shift = np.where(np.arange(200) < 40, 0.0, np.array([0.0, -spread, -spread / 2, -spread / 2])[part])
    every, rung = in_parts(build.items((own + shift).tolist()), 40), build.items(below.tolist())
    sealed = every[:40]
    splits = {"test": tuple(one.example for one in sealed), "train": tuple(one.example for one in every[40:])}
    crossed = {"suite": "suite_all", "split": "cross_fit"}
    return build.evidence(
        sealed,
        dataset=build.evidence(sealed).dataset.model_copy(update={"splits": splits}),
        swapped_items=build.swapped(by_one_model(every)),
        lower_rungs=(build.arm("the prompt", rung[:40]),),
        crossed=Arm(name="it", report=build.report("cand_new", every, **crossed), items=every),
        crossed_rungs=(
            Arm(name="the prompt", report=build.report("prompt", rung, method="prompt", **crossed), items=rung),
        ),
    )


def test_where_all_rows_were_cross_fitted_each_check_says_of_which_items_it_speaks(build: Any) -> None:
    """The headline is about all of them; what serves, the model itself and its latency about the sealed ones."""
    slices = {n: "de" if n % 2 else "en" for n in range(240)}
    every = build.items([1.0, 0.9, 1.0, 0.8] * 60, slices=slices, seconds=0.1)
    every = in_parts(every, 80)
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
        crossed_rungs=(
            Arm(name="the prompt", report=build.report("prompt", rung, method="prompt", **crossed), items=rung),
        ),
    )
    protocol = settings(cross_fit=FOLDS, slices=["language"], guard={"p95_ms": 250})
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
    watched = settings(cross_fit=FOLDS)
    assert "2 slices of 240 items against the prompt" in check(decide(found, watched), "slices").detail
    serving = decide(replace(found, release=build.arm("the release", below)), watched)
    assert "2 slices of 80 sealed items against the release" in check(serving, "slices").detail


ASKED = settings(cross_fit=FOLDS)


def test_what_the_models_differ_by_is_part_of_every_interval_that_speaks_of_all_rows(build: Any) -> None:
    found = small(build, spread=0.1)
    decision = decide(found, ASKED)
    assert found.crossed is not None
    own, rung = found.crossed.items, found.crossed_rungs[0].items
    level = 1 - 2 * decision.alpha
    for name, measured, alone in (
        ("primary", estimate(build.QUALITY, own, level=level), estimate(build.QUALITY, by_one_model(own), level=level)),
        (
            "against_lower_rungs",
            paired(build.QUALITY, own, rung, level=level),
            paired(build.QUALITY, by_one_model(own), rung, level=level),
        ),
    ):
        said = check(decision, name)
        assert (said.low, said.high, said.n) == (measured.low, measured.high, 200)
        assert said.low < alone.low - 0.02
    swapped = paired(build.QUALITY, by_one_model(own), found.swapped_items, level=level)
    assert check(decision, "input_dependence").low < swapped.low - 0.02
    others = [item for item in own if item.part is not None]
    theirs, alone = (estimate(build.QUALITY, items, level=level) for items in (others, by_one_model(others)))
    final = check(decision, "final_model")
    assert theirs.high - theirs.low > 1.5 * (alone.high - alone.low)
    assert final.low < final.value - (theirs.high - theirs.value)
    assert check(decision, "stops").unit == "sealed item"  # one model answered those


def test_models_that_are_alike_leave_the_verdict_as_it_was(build: Any) -> None:
    """Here the parts differ by less than chance makes them: each interval is that of the items."""
    found = small(build)
    before = Protocol.of(ASKED, "generation").model_copy(update={"rules": 4})
    own, fresh = decide_under(before, found), decide(found, ASKED)
    assert [(one.name, one.verdict, one.low, one.high) for one in own.checks] == [
        (one.name, one.verdict, pytest.approx(one.low), pytest.approx(one.high)) for one in fresh.checks
    ]


def test_a_decision_from_before_stands_by_its_own_rules(build: Any) -> None:
    """Nobody noted the parts then; and where they are known since, it is read as it was."""
    parts = small(build, spread=0.1)
    assert parts.crossed is not None
    bare = replace(parts, crossed=replace(parts.crossed, items=tuple(by_one_model(parts.crossed.items))))
    before = Protocol.of(ASKED, "generation").model_copy(update={"rules": 4})
    decision = decide_under(before, bare)
    assert broken(decision) == {} and decision.protocol["rules"] == 4
    assert verify(decision, bare) == [] and verify(decision, parts) == []
    narrow, wide = (check(one, "against_lower_rungs") for one in (decision, decide(parts, ASKED)))
    assert narrow.verdict == "pass" and wide.low < narrow.low - 0.02
    assert verify(decide(parts, ASKED), bare)  # a decision by the rules of today needs to know them


def moved(change: Callable[[int, ItemResult], int | None]) -> Callable[[Evidence], Evidence]:
    def forge(found: Evidence) -> Evidence:
        assert found.crossed is not None
        items = tuple(item.model_copy(update={"part": change(n, item)}) for n, item in enumerate(found.crossed.items))
        return replace(found, crossed=replace(found.crossed, items=items))

    return forge


FORGED = {
    "of parts None": moved(lambda n, item: None),
    "of parts 1, not of 4": moved(lambda n, item: item.part and 1),
    "of parts 1, 2, 3, not of 4": moved(lambda n, item: item.part and min(item.part, 3)),
    "of parts 1, 2, 3, 4, 5, not of 4": moved(lambda n, item: 5 if n == 199 else item.part),
    "of parts 1, 2, 3, 4, None": moved(lambda n, item: None if n == 199 else item.part),
    "answered test items by the model of a part": moved(lambda n, item: 1 if n == 0 else item.part),
}


@pytest.mark.parametrize("told", FORGED)
def test_parts_that_were_edited_are_told(build: Any, told: str) -> None:
    found = FORGED[told](small(build))
    assert told in check(decide(found, ASKED), "reports").detail
    assert decide(found, ASKED).verdict == "refuse"
    assert any("reports" in line for line in verify(decide(small(build), ASKED), found))


def test_a_group_in_several_parts_and_a_rung_that_was_cut_otherwise_are_told(build: Any) -> None:
    found = small(build)
    assert found.crossed is not None
    grouped = tuple(item.model_copy(update={"cluster": f"g{n // 2}"}) for n, item in enumerate(found.crossed.items))
    divided = replace(found, crossed=replace(found.crossed, items=grouped))
    assert "answered 16 groups by models of several parts" in check(decide(divided, ASKED), "reports").detail
    rung = found.crossed_rungs[0]
    for method, shift, told in (
        ("classical", 0, ""), ("classical", 1, "cut into other parts than it"), ("prompt", 0, ""),
        ("classical", None, "the prompt answered the training rows by the models of parts None"),
    ):  # fmt: skip
        items = tuple(
            item.model_copy(update={"part": own.part and shift is not None and (own.part + shift - 1) % FOLDS + 1})
            if own.part and shift is not None
            else item
            for item, own in zip(rung.items, found.crossed.items, strict=True)
        )
        other = replace(rung, items=items, report=rung.report.model_copy(update={"method": method}))
        said = check(decide(replace(found, crossed_rungs=(other,)), ASKED), "reports")
        assert (told in said.detail) if told else said.verdict == "pass", (method, shift, said.detail)
