"""Methods at their best: which rate is chosen on what, what the verdict follows from, what a broken run does."""

from __future__ import annotations

from typing import Any

import pytest

from strop.errors import CheckFailed
from strop.records import Cost, Example, ItemResult, Measured, MeasureSpec, Message, Origin, Spec
from strop.studies import MethodArm, MethodStudy, methods_compared
from strop.studies.bench import Made
from strop.studies.methods import _best_rate

ACCURACY = MeasureSpec(name="quality", how="mean", primary=True)


def measured(value: float, low: float, high: float) -> Measured:
    return Measured(value=value, low=low, high=high, n=100, method="t")


def study(low: float, high: float) -> MethodStudy:
    def arm(method: Any, difference: Measured | None, cost: float) -> MethodArm:
        return MethodArm(
            method=method, learning_rate=None, tried=(), quality=measured(0.8, 0.7, 0.9), values=(0.8,),
            difference=difference, cpu_seconds=cost, peak_memory_bytes=int(cost * 2**20), general=None,
        )  # fmt: skip

    light = arm("lora", measured((low + high) / 2, low, high), 25)
    return MethodStudy(measure="quality", margin=0.02, seeds=(0,), items=100, arms=(light, arm("full", None, 100)))


def test_the_verdict_follows_from_interval_and_margin() -> None:
    assert study(-0.01, 0.03).verdict == "not_worth"
    assert study(-0.05, -0.01).verdict == "worth"
    assert study(-0.03, 0.03).verdict == "undecided"  # no worse on average, and not shown
    told = study(-0.01, 0.03).sentence()
    assert "full was not worth it" in told and "[-1.0, +3.0] on 100 items" in told and "25% of its memory" in told


class Table:
    """A place whose answers come from a table: quality by method and rate; no number, a run that broke."""

    primary = ACCURACY

    def __init__(self, quality: dict[tuple[str, float | None], float | None]) -> None:
        self.quality, self.asked = quality, list[tuple[str, Any, int, int]]()
        self.train = [
            Example(
                id=f"ex_{n}", messages=(Message(role="user", content="q"),), reference="a", origin=Origin(source="x")
            )
            for n in range(200)
        ]

    def _items(self, spec: Spec, names: list[str]) -> tuple[ItemResult, ...]:
        rate = spec.settings.get("learning_rate")
        level = self.quality.get((spec.method, None if rate is None else round(float(rate), 8)))
        if level is None:
            raise CheckFailed("broken")
        return tuple(
            ItemResult(example=n, answer="", scores={"quality": level + 0.01 * (i % 2)}) for i, n in enumerate(names)
        )

    def judged(self, spec: Spec, rows: Any, held: Any, seed: int) -> tuple[ItemResult, ...]:
        assert not {row.id for row in rows} & {row.id for row in held}
        self.asked.append((spec.method, spec.settings["learning_rate"], len(rows), len(held)))
        return self._items(spec, [row.id for row in held])

    def made(self, spec: Spec, seed: int) -> Made:
        cost = Cost(examples=1, tokens=1, cpu_seconds=1.0, wall_seconds=1.0, peak_memory_bytes=1)
        return Made(self._items(spec, [f"v_{n}" for n in range(40)]), (), cost)

    def forgotten(self, spec: Spec, made: Any) -> None:
        return None


def test_the_best_rate_is_looked_for_beyond_an_edge_and_never_on_the_judged_items() -> None:
    lora = {("lora", round(1e-3 * 3.0**n, 8)): 0.9 - 0.3 * abs(n - 2) for n in range(-1, 4)}
    full = {("full", round(5e-5 * 3.0**n, 8)): None if n > 0 else 0.4 for n in range(-3, 4)}
    bench = Table({**lora, **full})
    found = methods_compared(bench, [Spec.of("lora"), Spec.of("full")])
    light, whole = found.arms
    assert light.learning_rate == pytest.approx(9e-3)
    assert [round(one.learning_rate / 1e-3, 2) for one in light.tried] == [0.33, 1, 3, 9, 27]
    assert whole.learning_rate == pytest.approx(5e-5)  # of equals the one nearest to the default
    assert [one.value is None for one in whole.tried] == [False, False, True]
    assert {(rows, held) for _, _, rows, held in bench.asked} == {(160, 40)}


def test_a_method_all_of_whose_runs_break_is_named() -> None:
    bench = Table({("lora", round(1e-3 * 3.0**n, 8)): 0.5 for n in range(-3, 4)})
    with pytest.raises(CheckFailed, match="no run of full kept"):
        methods_compared(bench, [Spec.of("lora"), Spec.of("full")])


def test_the_run_on_all_rows_that_breaks_is_named() -> None:
    bench = Table({("lora", None): 0.5})
    with pytest.raises(CheckFailed, match=r"full \(learning rate the default, seed 0\): broken"):
        methods_compared(bench, [Spec.of("lora"), Spec.of("full")], rates=1)


def test_one_rate_is_the_default_as_it_is() -> None:
    bench = Table({("lora", None): 0.5, ("full", None): 0.6})
    found = methods_compared(bench, [Spec.of("lora"), Spec.of("full")], rates=1)
    assert bench.asked == [] and found.arms[0].learning_rate is None
    assert found.arms[0].difference is not None and found.arms[0].difference.value == pytest.approx(-0.1)


def test_the_default_stays_where_another_rate_is_better_by_chance_only() -> None:
    class Noisy(Table):
        def _items(self, spec: Spec, names: list[str]) -> tuple[ItemResult, ...]:
            found = super()._items(spec, names)
            if spec.settings.get("learning_rate") != 3e-3:
                return found
            # better on average by what one item of forty says, less another
            more = [0.5, -0.3, *[0.0] * 38]
            scores = [one.scores["quality"] + add for one, add in zip(found, more, strict=True)]  # type: ignore[operator]
            return tuple(
                one.model_copy(update={"scores": {"quality": score}}) for one, score in zip(found, scores, strict=True)
            )

    rates = {("lora", round(1e-3 * 3.0**n, 8)): 0.5 for n in range(-3, 4)}
    full = {("full", round(5e-5 * 3.0**n, 8)): 0.5 for n in range(-3, 4)}
    bench = Noisy({**rates, **full})
    chosen = _best_rate(bench, Spec.of("lora"), 3)
    assert chosen[0] == pytest.approx(1e-3)
    assert max(chosen[1], key=lambda one: one.value or 0).learning_rate == pytest.approx(3e-3)
