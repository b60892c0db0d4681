"""Whether the next rung pays, checked by hand: its price in money over the stated months, against its likely gain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from strop.decide import Outlook, Tried, came_of, next_rung, pick
from strop.measure import estimate
from strop.records import Cost, Measured, MeasureSpec, Spec
from strop.settings import Settings

LOW, MIDDLE, HIGH = [0.1, 0.2, 0.0] * 50, [0.6, 0.5, 0.7] * 50, [0.95, 0.9, 1.0] * 50
LORA = Spec.of("lora", base="base_a")
HOUR = Cost(examples=1, tokens=1, cpu_seconds=3600.0, wall_seconds=3600.0, peak_memory_bytes=1)
KNOWN = Outlook(lambda spec: HOUR, {"base_a": 100, "base_b": 300})


def settings(*, point: float | None = None, target: float | None = None, **decision: Any) -> Settings:
    """A machine at 100 an hour, so that 36 ms cost 0.001; 50,000 requests a month, twelve months."""
    primary = {"quality": {"target": target, "margin": 0.02}}
    costs = {"machine_hour": 100, "point": point}
    return Settings.model_validate({"costs": costs, "decision": {"primary": primary, **decision}})


def served(
    build: Any, name: str, method: Any, scores: list[float], ms: float, *, base: str = "base_a", shots: int = 0
) -> Tried:
    made = build.tried(name, method, scores, base=base, shots=shots)
    latency = Measured(value=ms, low=ms - 3.6, high=ms + 3.6, n=150, method="t")
    return replace(made, report=made.report.model_copy(update={"latency_ms": latency}))


def prompts(build: Any, *, zero: list[float], few: list[float], few_ms: float = 108.0) -> list[Tried]:
    return [
        served(build, "cand_zero", "prompt", zero, 72.0),
        served(build, "cand_few", "prompt", few, few_ms, shots=4),
    ]


def test_a_step_is_tried_where_its_likely_gain_is_worth_more_than_its_price(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=LOW)
    found = next_rung(tried, [LORA], settings(point=0.5), outlook=KNOWN)
    weighed = found.weighed
    assert found.spec == LORA and weighed is not None
    # an hour, and 150 answers of 72 ms, at 100 an hour; half of what 150 items and four more miss
    likely = (150 * 0.4 + 2) / 154 / 2
    assert weighed.hours == pytest.approx(1.003) and weighed.making == pytest.approx(100.3)
    assert weighed.serving is not None and weighed.serving.value == weighed.serving.high == 0.0
    assert weighed.price == pytest.approx(100.3) and weighed.gain == pytest.approx(likely)
    assert weighed.worth == pytest.approx(100 * likely * 0.5 * 12) and weighed.over == "cand_zero"
    most = 100 * (1 - tried[0].report.measures["quality"].low)
    assert found.because == (
        "LoRA may improve on the zero-shot prompt, the best rung so far. LoRA costs 100 to make (1 h of the machine, "
        "no expert's time) and no more to serve than the zero-shot prompt, at 50,000 requests a month, by the latency "
        "of the zero-shot prompt on the same base. Likely gain 20.1 points (half of what is missing; "
        f"{most:.1f} at most), worth 121 in 12 months at 0.5 a point and month: it pays from 17 points on."
    )
    stop = next_rung(tried, [LORA], settings(point=0.4), outlook=KNOWN)
    assert (
        stop.spec is None and stop.weighed is not None and stop.weighed.worth == pytest.approx(100 * likely * 0.4 * 12)
    )
    assert stop.because.startswith("No target asks for more than the zero-shot prompt, and LoRA would not pay. LoRA ")


def test_a_target_that_nobody_meets_is_climbed_for_at_any_price(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=LOW)
    found = next_rung(tried, [LORA], settings(point=0.001, target=0.9), outlook=KNOWN)
    assert found.spec == LORA
    assert found.because.startswith("LoRA next, for no rung meets the target 0.900 with its lower bound. LoRA costs")


def test_the_step_is_held_against_the_cheapest_rung_that_meets_the_protocol(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=HIGH)
    asked = settings(point=100, target=0.9)
    found = next_rung(tried, [LORA], asked, outlook=KNOWN)
    assert found.spec == LORA and found.weighed is not None and found.weighed.over == "cand_few"
    serving = found.weighed.serving
    assert serving is not None
    # 72 ms for 108 save 0.001 an answer; the ends are held against each other's
    assert (serving.value, serving.low, serving.high) == pytest.approx((-50.0, -60.0, -40.0))
    assert found.weighed.price == pytest.approx(100.3 - 12 * 50)
    assert "and over 12 months 600 [480, 720] less to serve than the prompt with 4 examples" in found.because
    assert found.because.endswith("it costs no more, so any gain pays.")
    dear = next_rung(prompts(build, zero=MIDDLE, few=HIGH, few_ms=36.0), [LORA], asked, outlook=KNOWN)
    # 0.001 more an answer, 600 in the months, for (150 * 0.05 + 2) / 154 / 2 at 100 a point in 12
    assert dear.spec == LORA and "600 [480, 720] more to serve" in dear.because
    assert dear.because.endswith("worth 3,701 in 12 months at 100 a point and month: it pays from 0.58 points on.")
    stop = next_rung(
        prompts(build, zero=MIDDLE, few=HIGH, few_ms=36.0), [LORA], settings(point=18, target=0.9), outlook=KNOWN
    )
    assert stop.spec is None
    assert stop.because.startswith(
        "The prompt with 4 examples meets the target 0.900 with its lower bound, and LoRA would not pay. LoRA costs 100"
    )


def test_without_the_worth_of_a_point_the_margin_decides_and_says_so(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=HIGH, few_ms=36.0)
    found = next_rung(tried, [LORA], settings(target=0.9), outlook=KNOWN)
    assert found.spec == LORA and found.weighed is not None and found.weighed.worth is None
    # 700.3 in twelve months for 3.1 points
    assert found.because.endswith(
        "without costs.point in strop.yaml that is no money, so the margin decides (it pays where a point is worth "
        "more than 19 a month)."
    )
    nearly = [0.98, 0.97, 0.96] * 150
    stop = next_rung(prompts(build, zero=MIDDLE, few=nearly), [LORA], settings(target=0.9), outlook=KNOWN)
    assert stop.spec is None and "Likely gain 1.7 points" in stop.because


def test_what_is_not_known_is_told_and_the_margin_decides(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=HIGH)
    found = next_rung(tried, [LORA], settings(point=1, target=0.9))
    assert found.weighed is not None and found.weighed.price is None and found.spec == LORA
    assert "LoRA is not known to make and over 12 months 600" in found.because
    assert found.because.endswith("; without its price the margin decides.")
    untimed = [build.tried("cand_zero", "prompt", MIDDLE), build.tried("cand_few", "prompt", HIGH, shots=4)]
    blind = next_rung(untimed, [LORA], settings(point=1, target=0.9), outlook=KNOWN)
    assert blind.weighed is not None and blind.weighed.serving is None
    assert "LoRA is not known to make; what it costs to serve is not known." in blind.because


def test_a_larger_base_is_taken_to_answer_as_the_smaller_by_size(build: Any) -> None:
    tried = [*prompts(build, zero=MIDDLE, few=LOW), served(build, "cand_lora", "lora", MIDDLE, 50.0)]
    larger = Spec.of("prompt", base="base_b", shots=4)
    weighed = next_rung(tried, [larger], settings(), outlook=KNOWN).weighed
    assert weighed is not None and weighed.serving is not None and weighed.hours is not None
    # three times 108 ms for 72; nothing is tuned
    assert weighed.serving.value == pytest.approx((324 - 72) / 36 * 0.001 * 50_000)
    assert weighed.hours == pytest.approx(150 * 324 / 3.6e6)
    assert "by the latency of the prompt with 4 examples on another base and their sizes" in weighed.sentence
    dora = next_rung(tried, [Spec.of("dora", base="base_a")], settings(), outlook=KNOWN).weighed
    assert dora is not None and "by the latency of LoRA on the same base" in dora.sentence


def test_a_rung_that_breaks_a_guard_does_not_meet_the_protocol(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=HIGH)
    slow = tuple(item.model_copy(update={"seconds": 0.4}) for item in tried[1].items)
    tried[1] = replace(
        tried[1], items=slow, report=tried[1].report.model_copy(update={"memory_bytes": 2**30})
    )  # fmt: skip
    for guard, kept in (({"p95_ms": 300}, False), ({"p95_ms": 500}, True), ({"memory": "512MiB"}, False)):
        found = next_rung(tried, [LORA], settings(point=0.001, target=0.9, guard=guard), outlook=KNOWN)
        told = "The prompt with 4 examples meets the target" if kept else "LoRA next, for no rung meets the target"
        assert found.because.startswith(f"{told} 0.900 with its lower bound and the guards"), guard


def test_a_measure_without_a_perfect_value_has_no_likely_gain(build: Any) -> None:
    spec = MeasureSpec(name="quality", how="mean", primary=True)
    tried = prompts(build, zero=[30.0, 31.0] * 75, few=[20.0, 21.0] * 75)
    found = next_rung(tried, [LORA], settings(point=1), outlook=KNOWN)
    assert found.spec == LORA and found.weighed is not None and found.weighed.gain is None
    assert found.because.endswith("What it could gain is not known, for its measure has no perfect value.")
    assert estimate(spec, tried[0].items).value == pytest.approx(30.5)


def test_what_came_of_a_step_is_told_beside_what_was_likely(build: Any) -> None:
    tried = prompts(build, zero=MIDDLE, few=LOW)
    asked = settings(point=0.5)
    weighed = next_rung(tried, [LORA], asked, outlook=KNOWN).weighed
    assert weighed is not None
    spec = tried[0].report.specs[0]
    assert came_of(weighed, tried, spec, asked) == weighed
    lora = served(build, "cand_lora", "lora", HIGH, 72.0)
    told = came_of(weighed, [*tried, lora], spec, asked)
    assert told.gained is not None and told.gained.value == pytest.approx(0.35)
    low, high = told.gained.low, told.gained.high
    # the run took a minute of the hour that was expected
    assert told.paid == pytest.approx(100 / 60 + 150 * 0.002)
    assert told.outcome == (
        f"LoRA gained +35.0 points [{100 * low:.1f}, {100 * high:.1f}] over the zero-shot prompt (20.1 were likely); "
        f"in 12 months that is worth 210 [{600 * low:.0f}, {600 * high:.0f}] and costs 2 (expected: costs 100)."
    )


def test_a_pick_has_to_pay_where_money_is_known(build: Any) -> None:
    """35 points for 36 ms more an answer: 0.001 each, so 600 in twelve months of 50,000 requests, and 2 to make."""
    tried = prompts(build, zero=MIDDLE, few=LOW)
    tried.append(served(build, "cand_lora", "lora", HIGH, 108.0))
    assert pick(tried, settings()).candidate == pick(tried, settings(point=2)).candidate == "cand_lora"
    found = pick(tried, settings(point=1))
    assert found.candidate == "cand_zero"
    assert found.because.startswith("LoRA is the best: quality 0.950 ")
    said = "worth 420 in 12 months, for 602."
    assert "But the zero-shot prompt does what is asked, and LoRA would not pay: +35.0 points [" in found.because
    assert said in found.because and found.fine_tune.endswith(
        "over the zero-shot prompt, which is not worth its price."
    )
    assert pick(tried, settings(point=1, target=0.9)).candidate == "cand_lora"  # the prompt does not do what is asked
    met = pick(tried, settings(point=1, target=0.5))
    assert met.candidate == "cand_zero" and "But the zero-shot prompt meets the target 0.500 with its" in met.because
