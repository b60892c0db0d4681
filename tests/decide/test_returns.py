"""What a pick costs and saves, checked by hand: making it, serving it, and when that is earned back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from strop.decide import Tried, returns, serving_price
from strop.decide.money import money, priced
from strop.measure import paired
from strop.records import Measured, Spec
from strop.settings import Settings

LOW, HIGH = [0.1, 0.2, 0.0] * 50, [0.95, 0.9, 1.0] * 50
DEAR_HOURS = Settings.model_validate({"costs": {"machine_hour": 100}, "decision": {"primary": {"quality": {}}}})


def served(build: Any, method: Any, scores: list[float], latency_ms: float, **fields: Any) -> Tried:
    made = build.tried(f"cand_{method}", method, scores, **fields)
    latency = Measured(value=latency_ms, low=latency_ms - 3.6, high=latency_ms + 3.6, n=150, method="t")
    return replace(made, report=made.report.model_copy(update={"latency_ms": latency}))


def incumbent(build: Any, cost: float | None) -> Tried:
    made = build.tried("cand_today", "answers", HIGH, base=None)
    spec = Spec.of("answers", settings={"name": "the old system"})
    items = tuple(item.model_copy(update={"cost": cost}) for item in made.items)
    return replace(made, spec=spec, candidate=made.candidate.model_copy(update={"spec": spec}), items=items)


MADE = "Making it: 0.02 machine hours (1.7) and, if its 300 rows had to be written, 2.5 hours of an expert (150)."


def test_a_tuned_model_that_serves_for_less_pays_back(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 36.0), served(build, "prompt", LOW, 72.0, shots=4)
    said = returns(lora, [served(build, "prompt", [0.0] * 150, 20.0), prompt, lora], DEAR_HOURS, rows=300)
    # 60 s of a machine at 100 an hour, 300 rows of half a minute at 60 an hour; 0.001 and 0.002 an answer
    assert said == (
        MADE,
        "Serving 1,000 requests: 1 [0.9, 1.1] (the prompt with 4 examples: 2 [1.9, 2.1]); at 50,000 requests a month "
        "it saves 50, which pays back its making after 3 months.",
    )


def test_what_would_be_earned_back_in_decades_is_no_reason(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 36.0), served(build, "prompt", LOW, 36.5)
    told = returns(lora, [prompt, lora], DEAR_HOURS, rows=300)[1]
    assert told.endswith("it saves 0.69: too little to pay back its making, so its case is quality.")


def test_one_that_serves_for_more_has_to_be_better(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 72.0), served(build, "prompt", LOW, 36.0)
    assert returns(lora, [prompt, lora], DEAR_HOURS, rows=300)[1].endswith("it costs 50 more, so its case is quality.")


@pytest.mark.parametrize(("volume", "told"), [(0, "at 0 requests a month it saves nothing"), (1, "at 1 request a")])
def test_where_hardly_anything_is_asked_serving_saves_nothing(build: Any, volume: int, told: str) -> None:
    lora, prompt = served(build, "lora", HIGH, 36.0), served(build, "prompt", LOW, 72.0)
    costs = {"machine_hour": 100, "requests_per_month": volume}
    settings = Settings.model_validate({"costs": costs, "decision": {"primary": {"quality": {}}}})
    said = returns(lora, [prompt, lora], settings, rows=300)[1]
    assert told in said and said.endswith("so its case is quality.")


def test_what_is_earned_back_in_one_month_is_one_month(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 36.0), served(build, "prompt", LOW, 144.0)
    assert returns(lora, [prompt, lora], DEAR_HOURS, rows=300)[1].endswith("pays back its making after 1 month.")


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0, "0"), (0.0009, "under 0.001"), (9.96, "10"), (99.4, "99"), (99.6, "100"), (-99.7, "-100"), (1234.5, "1,234")],
)
def test_amounts_are_written_plainly(amount: float, told: str) -> None:
    assert money(amount) == told


def test_charges_in_one_group_have_no_spread_to_show(build: Any) -> None:
    today = incumbent(build, 0.5)
    items = tuple(item.model_copy(update={"cluster": "shop"}) for item in today.items)
    price = serving_price(replace(today, items=items), DEAR_HOURS)
    assert price is not None and (price.low, price.high, price.n) == (0.5, 0.5, 1)
    assert priced(price) == "0.5 by one group"


@pytest.mark.parametrize(
    ("cost", "told"),
    [
        (0.5, "the old system"),
        (None, "not known, for want of a price of its answers"),
    ],
)
def test_what_runs_today_is_compared_with_as_far_as_its_price_is_known(
    build: Any, cost: float | None, told: str
) -> None:
    lora = served(build, "lora", HIGH, 36.0)
    said = returns(lora, [incumbent(build, cost), lora], DEAR_HOURS, rows=300)
    assert told in said[1]
    assert ("less than a month" in said[1]) is (cost is not None)


def test_a_price_has_the_interval_of_the_latency_or_of_what_was_charged(build: Any) -> None:
    lora = served(build, "lora", HIGH, 36.0)
    price = serving_price(lora, DEAR_HOURS)
    assert price is not None and lora.report.latency_ms is not None
    # 36 ± 3.6 ms of a machine at 100 an hour
    assert (price.value, price.low, price.high) == pytest.approx((0.001, 0.0009, 0.0011))
    assert (price.n, price.method) == (150, "t")
    charges = [0.4, 0.6] * 75
    today = incumbent(build, 0.5)
    items = tuple(one.model_copy(update={"cost": cost}) for one, cost in zip(today.items, charges, strict=True))
    found = serving_price(replace(today, items=items), DEAR_HOURS)
    half = stats.t.ppf(0.975, 149) * np.std(charges, ddof=1) / np.sqrt(150)
    assert found is not None and (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half))
    assert serving_price(incumbent(build, None), DEAR_HOURS) is None
    grouped = tuple(one.model_copy(update={"cluster": f"g{n // 3}"}) for n, one in enumerate(items))
    together = serving_price(replace(today, items=grouped), DEAR_HOURS)
    assert together is not None and (together.n, together.items) == (50, 150)


def test_what_is_beaten_is_what_the_money_is_held_against(build: Any) -> None:
    """The best cheaper rung, where it is no prompt: one that saves beside a prompt may cost more than that."""
    words, prompt = served(build, "classical", LOW, 3.6, base=None), served(build, "prompt", [0.0] * 150, 72.0)
    pick = served(build, "embeddings", HIGH, 36.0)
    beside_prompt, beside_words = returns(pick, [words, pick, prompt], DEAR_HOURS, rows=300)
    assert "(the zero-shot prompt: 2 [1.9, 2.1])" in beside_prompt and "it saves 50" in beside_prompt
    assert "(the classical model: 0.1 [0, 0.2]);" in beside_words and "it costs 45 more" in beside_words


def test_a_price_by_one_timing_says_so_and_has_no_interval(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 36.0), served(build, "prompt", LOW, 72.0)
    once = Measured(value=36.0, low=36.0, high=36.0, n=1, method="one timing")
    lora = replace(lora, report=lora.report.model_copy(update={"latency_ms": once}))
    said = returns(lora, [prompt, lora], DEAR_HOURS, rows=300)[1]
    assert said.startswith("Serving 1,000 requests: 1 by one timing (the zero-shot prompt: 2 [1.9, 2.1]);")


def test_a_prompt_costs_nothing_to_make(build: Any) -> None:
    prompt = served(build, "prompt", HIGH, 36.0)
    assert returns(prompt, [prompt], DEAR_HOURS, rows=300) == ()


def test_what_better_answers_are_worth_is_told_where_a_point_has_a_price(build: Any) -> None:
    lora, prompt = served(build, "lora", HIGH, 72.0), served(build, "prompt", LOW, 36.0)
    asked = DEAR_HOURS.model_copy(update={"costs": DEAR_HOURS.costs.model_copy(update={"point": 2.0})})
    gap = paired(lora.report.specs[0], lora.items, prompt.items)
    assert returns(lora, [prompt, lora], asked, rows=300)[1].endswith(
        "it costs 50 more, so its case is quality. "
        f"Its +85.0 points [{100 * gap.low:.1f}, {100 * gap.high:.1f}] are worth 170 [{200 * gap.low:.0f}, "
        f"{200 * gap.high:.0f}] a month."
    )


def test_of_prompts_of_no_use_the_one_that_serves_for_least_is_set_beside_the_pick(build: Any) -> None:
    """A prompt that rambles and one that says nothing score the same; what is saved beside the first is nobody's."""
    lora, nothing = served(build, "lora", HIGH, 72.0), [0.0] * 150
    rambling, silent = served(build, "prompt", nothing, 144.0), served(build, "prompt", nothing, 36.0, shots=4)
    (beside,) = returns(lora, [rambling, silent, lora], DEAR_HOURS, rows=300)[1:]
    assert "(the prompt with 4 examples: 1 [0.9, 1.1])" in beside and "it costs 50 more" in beside
