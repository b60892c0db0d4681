"""Cheapest first, stop by rule, say why; take the cheapest that is as good as the best."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from strop.decide import by_price, next_rung, pick, returns, rungs
from strop.measure import estimate
from strop.records import Base, MeasureSpec, Spec
from strop.settings import Settings

LOW, MIDDLE, HIGH = [0.1, 0.2, 0.0] * 50, [0.6, 0.5, 0.7] * 50, [0.95, 0.9, 1.0] * 50


def base(name: str, parameters: int) -> Base:
    return Base(
        id=f"base_{name}", name=name, engine="fake", source="", revision="", files={}, licence="", path="",
        template_hash="", parameters=parameters,
    )  # fmt: skip


def settings(**blocks: Any) -> Settings:
    return Settings.model_validate({"decision": {"primary": {"quality": {}}}} | blocks)


def shape(specs: list[Spec]) -> list[tuple[str, str | None, int]]:
    return [(spec.method, spec.base, spec.shots) for spec in specs]


def test_rungs_go_from_the_classical_model_up_base_by_base() -> None:
    found = rungs(
        settings(ladder={"methods": ["full", "lora", "prompt", "classical", "embeddings"]}), "classification",
        [base("large", 9), base("small", 1)], system="Route.", labels=("a", "b"),
    )  # fmt: skip
    assert shape(found) == [
        ("classical", None, 0), ("embeddings", "base_small", 0),
        ("prompt", "base_small", 0), ("prompt", "base_small", 4), ("lora", "base_small", 0), ("full", "base_small", 0),
        ("prompt", "base_large", 0), ("prompt", "base_large", 4), ("lora", "base_large", 0), ("full", "base_large", 0),
    ]  # fmt: skip
    assert all(spec.labels == ("a", "b") and spec.system == "Route." for spec in found)


def test_prompts_name_the_labels_and_their_descriptions_tuned_models_only_when_asked() -> None:
    task = {"labels": {"names": {"a": "money back", "b": ""}}}
    ladder = rungs(settings(task=task), "classification", [base("s", 1)], system=None, labels=("a", "b"))
    assert ladder[2].settings == {"labels_in_prompt": True, "label_descriptions": {"a": "money back"}}
    assert "labels_in_prompt" not in ladder[4].settings
    asked = settings(task={"labels": task["labels"] | {"in_prompt": True}})
    assert rungs(asked, "classification", [base("s", 1)], system=None, labels=("a", "b"))[4].settings[
        "labels_in_prompt"
    ]


def test_only_classification_has_a_classical_rung_and_no_shots_is_one_prompt() -> None:
    found = rungs(settings(ladder={"shots": 0}), "generation", [base("s", 1)], system=None, labels=())
    assert shape(found) == [("prompt", "base_s", 0), ("lora", "base_s", 0)]


def test_other_training_settings_are_another_spec() -> None:
    one, two = (
        rungs(settings(tune={"lora_r": r}), "generation", [base("s", 1)], system=None, labels=())[-1] for r in (8, 16)
    )
    assert one.id != two.id


def test_what_comes_before_tuning_is_always_tried(build: Any) -> None:
    target = settings(decision={"primary": {"quality": {"target": 0.5}}}, ladder={"hours": 0.001})
    tried = [build.tried("c1", "prompt", HIGH)]
    spec = Spec.of("prompt", base="base_a", shots=4)
    assert next_rung(tried, [spec], target, hours=9).spec == spec


def test_the_climb_stops_when_nothing_remains_or_the_hours_are_spent(build: Any) -> None:
    tried = [build.tried("c1", "prompt", LOW), build.tried("c2", "prompt", MIDDLE, shots=4)]
    lora = Spec.of("lora", base="base_a")
    assert next_rung(tried, [], settings()).because == "All 2 rungs were tried."
    assert next_rung(tried, [lora], settings(), hours=0.99).spec == lora
    stop = next_rung(tried, [lora], settings(), hours=1.0)
    assert stop.spec is None and stop.spent and "hours of the ladder are spent" in stop.because
    assert not next_rung(tried, [], settings(), hours=1.0).spent


def test_the_hours_are_those_of_runs_and_answers(build: Any) -> None:
    tried = [build.tried("c1", "prompt", LOW), build.tried("c2", "lora", MIDDLE)]
    assert next_rung(tried, [Spec.of("full", base="base_a")], settings(ladder={"hours": 61 / 3600})).spec is not None
    assert next_rung(tried, [Spec.of("full", base="base_a")], settings(ladder={"hours": 59 / 3600})).spec is None


def test_a_met_target_stops_only_when_the_likely_gain_is_below_its_price(build: Any) -> None:
    lora = Spec.of("lora", base="base_a")
    nearly = [0.98, 0.97, 0.96] * 150
    target = settings(decision={"primary": {"quality": {"target": 0.9, "margin": 0.02}}})
    tried = [build.tried("c1", "prompt", LOW), build.tried("c2", "prompt", nearly, shots=4)]
    stop = next_rung(tried, [lora], target)
    assert stop.spec is None
    assert "meets the target 0.900 with its lower bound" in stop.because and "Likely gain 1.7 points" in stop.because
    unmet = settings(decision={"primary": {"quality": {"target": 0.98, "margin": 0.02}}})
    assert next_rung(tried, [lora], unmet).spec == lora
    cheap_step = settings(decision={"primary": {"quality": {"target": 0.9, "margin": 0.001}}})
    assert next_rung(tried, [lora], cheap_step).spec == lora


def test_nobody_climbs_for_less_than_the_margin(build: Any) -> None:
    tried = [build.tried("c1", "prompt", [0.999] * 400), build.tried("c2", "prompt", [0.999] * 400, shots=4)]
    stop = next_rung(tried, [Spec.of("lora", base="base_a")], settings())
    assert stop.spec is None and "within the margin of perfect" in stop.because
    by_chance = [build.tried("c1", "prompt", [0.99] * 20), build.tried("c2", "prompt", [0.99] * 20, shots=4)]
    assert next_rung(by_chance, [Spec.of("lora", base="base_a")], settings()).spec is not None


def test_the_best_is_picked_when_nothing_cheaper_comes_near(build: Any) -> None:
    found = pick([build.tried("p", "prompt", LOW), build.tried("t", "lora", HIGH)], settings())
    assert found.candidate == "t"
    assert re.fullmatch(r"Yes: \+85\.0 points \[8\d\.\d, 8\d\.\d\] over the best prompt\.", found.fine_tune)
    assert "over the zero-shot prompt" in found.because


def test_where_nothing_is_right_no_rung_is_called_the_best(build: Any) -> None:
    nothing = [0.0] * 150
    tried = [build.tried("cand_p", "prompt", nothing, shots=0), build.tried("cand_q", "prompt", nothing, shots=4)]
    found = pick(tried, settings())
    assert found.candidate == "cand_p"
    assert found.because.startswith("No rung is of use: quality 0.000 [0.000, ")
    assert (
        found.command == "strop models list"
        and pick([*tried, build.tried("t", "lora", HIGH)], settings()).command == "strop decide"
    )
    assert returns(tried[0], tried, settings(), rows=150) == ()


def test_where_nothing_was_tuned_only_what_is_good_enough_says_no(build: Any) -> None:
    """A poor rung is not enough because no other was named."""
    tried = [build.tried("c", "classical", LOW, base=None), build.tried("p", "prompt", MIDDLE)]
    asked = settings(decision={"primary": {"quality": {"target": 0.5}}})
    assert pick(tried, settings()).fine_tune.startswith("Not known: nothing was tuned, for `ladder` in strop.yaml ")
    assert pick(tried[:1], settings()).fine_tune == "Not known: the classical model was tried alone."
    met = "meets the target 0.500 with its lower bound, and nothing was tuned."
    assert pick(tried, asked).fine_tune == f"No: the zero-shot prompt {met}"
    perfect = [tried[0], build.tried("p", "prompt", [0.999] * 400)]
    assert pick(perfect, settings()).fine_tune == (
        "No: the zero-shot prompt is within the margin of perfect, and nothing was tuned."
    )


def test_the_prompt_is_picked_within_the_margin(build: Any) -> None:
    noise = [0.95, 0.91, 1.0] * 100
    found = pick([build.tried("p", "prompt", HIGH * 2), build.tried("t", "lora", noise)], settings())
    assert found.candidate == "p"
    assert found.fine_tune.startswith("No: the prompt is within the margin; tuning gains +0.3 points [")


def test_a_better_cheap_model_needs_no_tuning(build: Any) -> None:
    tried = [
        build.tried("c", "classical", HIGH, base=None),
        build.tried("p", "prompt", LOW),
        build.tried("t", "lora", MIDDLE),
    ]
    found = pick(tried, settings())
    assert found.candidate == "c"
    assert found.fine_tune.startswith("No: the classical model is better, +35.0 points [")


def test_a_dearer_rung_needs_a_case_when_items_cannot_tell(build: Any) -> None:
    cheap = [1.0, 0.0] * 10
    slightly = [1.0, 0.0, 0.01] * 6 + [1.0, 1.0]
    found = pick([build.tried("p", "prompt", cheap), build.tried("t", "lora", cheap[::-1])], settings())
    assert found.candidate == "p" and "not shown" in found.fine_tune.lower()
    found = pick([build.tried("p", "prompt", cheap), build.tried("t", "lora", slightly)], settings())
    assert found.candidate == "p"
    clearly = [1.0] * 13 + [0.0] * 7
    found = pick([build.tried("p", "prompt", cheap), build.tried("t", "lora", clearly)], settings())
    assert found.candidate == "t" and found.fine_tune.startswith("Not shown: tuning gains +15.0 points [")


def test_a_report_without_the_measure_cannot_be_compared(build: Any) -> None:
    with pytest.raises(ValueError, match="does not hold style"):
        pick([build.tried("p", "prompt", LOW)], settings(decision={"primary": {"style": {}}}))
    with pytest.raises(ValueError, match="nothing to pick"):
        pick([], settings())


def test_a_rung_that_repeats_its_input_is_not_picked(build: Any) -> None:
    spec = MeasureSpec(name="own_words", how="mean")

    def echo(rung: Any) -> Any:
        items = tuple(item.model_copy(update={"scores": item.scores | {"own_words": 0.0}}) for item in rung.items)
        measures = {**rung.report.measures, "own_words": estimate(spec, items)}
        return replace(rung, items=items, report=rung.report.model_copy(update={"measures": measures}))

    prompt = build.tried("prompt", "prompt", [1.0] * 40)
    tuned = build.tried("lora", "lora", [0.9, 0.8] * 20)
    assert pick([prompt, tuned], Settings()).candidate == prompt.candidate.id
    found = pick([echo(prompt), tuned], Settings())
    assert found.candidate == tuned.candidate.id
    assert "merely repeats its input" in found.because
    assert found.fine_tune.startswith("Yes: without it")
    assert next_rung([echo(prompt)], [tuned.spec], Settings()).spec == tuned.spec
    assert pick([echo(prompt)], Settings()).candidate == prompt.candidate.id


def today(build: Any, scores: list[float], *, cost: float | None = None) -> Any:
    """An answers rung, each answer of which cost so much."""
    made = build.tried("cand_today", "answers", scores, base=None)
    spec = Spec.of("answers", settings={"name": "gpt-x"})
    items = tuple(item.model_copy(update={"cost": cost}) for item in made.items)
    return replace(made, spec=spec, candidate=made.candidate.model_copy(update={"spec": spec}), items=items)


def served(build: Any, name: str, method: Any, scores: list[float], latency_ms: float) -> Any:
    made = build.tried(name, method, scores)
    latency = made.report.measures["quality"].model_copy(update={"value": latency_ms})
    return replace(made, report=made.report.model_copy(update={"latency_ms": latency}))


def test_an_incumbent_stands_where_its_price_puts_it(build: Any) -> None:
    prompt, lora = served(build, "cand_p", "prompt", LOW, 36.0), served(build, "cand_l", "lora", HIGH, 72.0)
    found = settings(costs={"machine_hour": 100})  # so an answer costs 0.001 and 0.002
    for cost, place in ((None, 0), (0.0005, 0), (0.0015, 1), (0.003, 2)):
        incumbent = today(build, HIGH, cost=cost)
        assert by_price([incumbent, prompt, lora], found).index(incumbent) == place


def test_the_incumbent_wins_where_it_is_as_good_and_not_dearer(build: Any) -> None:
    lora = build.tried("cand_l", "lora", HIGH)
    free = by_price([today(build, HIGH), build.tried("cand_p", "prompt", LOW), lora], settings())
    assert pick(free, settings()).candidate == "cand_today"
    dear = by_price([today(build, HIGH, cost=9.0), build.tried("cand_p", "prompt", LOW), lora], settings())
    found = pick(dear, settings())
    assert found.candidate == "cand_l"
    assert "Against gpt-x (runs today): +0.0 points" in found.because


def test_a_perfect_incumbent_stops_no_climb(build: Any) -> None:
    tried = [today(build, [1.0] * 150), build.tried("cand_p", "prompt", LOW)]
    wanted = Spec.of("lora", base="base_a")
    assert next_rung(tried, [wanted], settings(decision={"primary": {"quality": {"target": 0.9}}})).spec is wanted
