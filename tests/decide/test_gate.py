"""One protocol, many worlds: what is promoted, refused and left open, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from strop.decide import Approval, Opinion, Protocol, decide, verify, words
from strop.decide.gate import decide_under
from strop.measure import estimate
from strop.records import Check, Decision, MeasureSpec
from strop.settings import Settings

GOOD = [1.0, 0.9, 1.0, 0.8, 1.0, 0.95] * 20
POOR = [0.2, 0.0, 0.3, 0.1, 0.0, 0.2] * 20


def settings(**decision: Any) -> Settings:
    return Settings.model_validate({"decision": {"primary": {"quality": {"target": 0.85}}} | decision})


def check(decision: Decision, name: str) -> Check:
    return next(check for check in decision.checks if check.name == name)


def broken(decision: Decision) -> dict[str, str]:
    return {check.name: check.verdict for check in decision.checks if check.verdict != "pass"}


def good(build: Any, **fields: Any) -> Any:
    items = build.items(GOOD)
    return build.evidence(items, **({"lower_rungs": (build.arm("the prompt", build.items(POOR)),)} | fields))


def test_a_good_model_is_promoted_with_its_numbers(build: Any) -> None:
    decision = decide(good(build), settings())
    assert broken(decision) == {}
    assert decision.verdict == "promote"
    assert decision.sentence.startswith("Promote: quality 0.942 [0.9")
    assert "on 120 test items, +80.8 points [" in decision.sentence
    assert decision.alpha == pytest.approx(0.025)
    assert decision.rungs == ("rep_the prompt_quality_test",)


def test_a_model_trained_on_shuffled_answers_is_refused(build: Any) -> None:
    items = build.items(POOR)
    evidence = build.evidence(
        items, lower_rungs=(build.arm("the prompt", build.items(POOR[::-1])),), swapped_items=items
    )
    decision = decide(evidence, settings())
    assert decision.verdict == "refuse"
    assert broken(decision)["primary"] == "fail"
    assert broken(decision)["input_dependence"] in ("fail", "undecided")


def test_a_good_model_judged_on_twelve_items_is_not_enough_evidence_and_priced(build: Any) -> None:
    items = build.items(GOOD[:12])
    evidence = build.evidence(items, lower_rungs=(build.arm("the prompt", build.items(POOR[:12])),))
    decision = decide(evidence, settings())
    assert decision.verdict == "not_enough_evidence"
    assert set(broken(decision).values()) == {"undecided"}
    assert decision.needed is not None and 10 < decision.needed.items < 100
    assert decision.needed.minutes == pytest.approx(decision.needed.items * 0.5)
    assert f"{decision.needed.items} further test items" in decision.sentence
    assert decision.sentence.startswith("Not enough evidence: undecided are the primary measure and the ")
    assert decision.needed.chance == 0.8
    assert decision.sentence.endswith("of an expert) would settle it with a chance of 80 %.")


def test_sixty_items_can_end_in_yes(build: Any) -> None:
    evidence = build.evidence(build.items(GOOD[:60]), lower_rungs=(build.arm("the prompt", build.items(POOR[:60])),))
    assert decide(evidence, settings()).verdict == "promote"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"swapped_items": None}, "input_dependence"),
        ({"run": None}, "run_checks"),
        ({"general": None}, "general_ability"),
        ({"general_base": None}, "general_ability"),
        ({"leaks": None}, "leakage"),
        ({"personal_data_left": None}, "personal_data"),
        ({"lower_rungs": ()}, "against_lower_rungs"),
    ],
)
def test_a_number_that_is_missing_refuses(build: Any, fields: dict[str, Any], name: str) -> None:
    decision = decide(good(build, **fields), settings())
    assert broken(decision) == {name: "missing"}
    assert decision.verdict == "refuse"
    assert "is missing" in decision.sentence


def test_a_measure_that_was_never_computed_refuses(build: Any) -> None:
    decision = decide(good(build), settings(primary={"style": {"target": 0.5}}))
    assert broken(decision) == {"primary": "missing"}


@pytest.mark.parametrize(("guard", "name"), [({"p95_ms": 300}, "p95_ms"), ({"memory": "1GiB"}, "memory")])
def test_a_guard_without_its_number_refuses(build: Any, guard: dict[str, Any], name: str) -> None:
    assert broken(decide(good(build), settings(guard=guard))) == {name: "missing"}


def test_facts_that_are_wrong_refuse(build: Any) -> None:
    run = build.run(build.candidate("cand_new"), passed=False)
    decision = decide(good(build, leaks=3, personal_data_left=1, run=run, test_uses=6), settings())
    assert broken(decision) == dict.fromkeys(("leakage", "personal_data", "run_checks", "test_uses"), "fail")
    assert "3 tensors stood still" in check(decision, "run_checks").detail


def test_forgetting_refuses(build: Any) -> None:
    after = build.arm(
        "g", build.items([0.3, 0.35, 0.5, 0.25] * 80, measure="margin"), spec=build.GENERAL, candidate="cand_new"
    )
    decision = decide(good(build, general=after), settings())
    assert broken(decision) == {"general_ability": "fail"}
    assert check(decision, "general_ability").value == pytest.approx(-0.2)


def test_a_prompt_cannot_forget_and_has_no_run(build: Any) -> None:
    evidence = build.evidence(
        build.items(GOOD), method="prompt", run=None, general=None, general_base=None,
        lower_rungs=(build.arm("zero-shot", build.items(POOR)),),
    )  # fmt: skip
    assert decide(evidence, settings()).verdict == "promote"


def test_a_model_that_answers_nothing_is_refused(build: Any) -> None:
    items = tuple(item.model_copy(update={"answer": " "}) for item in build.items(GOOD))
    assert broken(decide(good(build, items=items), settings())) == {"stops": "fail", "input_dependence": "fail"}


def test_answers_swapped_between_items_are_refused(build: Any) -> None:
    items = build.items([0.2, 0.6, 0.4, 0.6, 0.2, 0.4] * 20)
    evidence = build.evidence(
        items, lower_rungs=(build.arm("p", build.items(POOR)),), swapped_items=build.items([0.4, 0.2, 0.6] * 40)
    )
    decision = decide(evidence, settings(primary={"quality": {}}))
    assert decision.verdict != "promote"
    assert "input_dependence" in broken(decision)


def test_right_on_the_common_class_only_is_refused(build: Any) -> None:
    gold = ["refund"] * 216 + ["fraud"] * 12 + ["theft"] * 12
    constant = build.labelled(gold, ["refund"] * 240)
    prompt = build.labelled(gold, ["refund", "fraud", "theft"] * 80)
    evidence = build.evidence(constant, spec=build.MACRO, lower_rungs=(build.arm("p", prompt, spec=build.MACRO),))
    decision = decide(evidence, settings(primary={"macro_f1": {"target": 0.8}}))
    assert decision.verdict == "refuse"
    assert broken(decision)["primary"] == "fail"


def test_better_on_average_and_worse_on_a_slice_is_not_promoted(build: Any) -> None:
    places = {n: "de" if n % 4 == 0 else "en" for n in range(120)}
    new = build.items([0.1 if n % 4 == 0 else 1.0 - 0.01 * (n % 3) for n in range(120)], slices=places)
    old = build.items([0.5 + 0.01 * (n % 5) for n in range(120)], slices=places)
    evidence = build.evidence(new, lower_rungs=(build.arm("p", old),))
    for declared in ([], ["language"]):
        decision = decide(evidence, settings(primary={"quality": {}}, slices=declared))
        assert broken(decision) == {"slices.language=de": "fail"}


def test_a_slice_that_is_too_small_is_named_in_what_is_needed(build: Any) -> None:
    places = {n: "de" if n < 4 else "en" for n in range(120)}
    old = [0.3, 0.9, 0.1, 0.8] + [0.3] * 116
    evidence = build.evidence(
        build.items([0.9, 0.4, 0.8, 0.6, *GOOD[4:]], slices=places),
        lower_rungs=(build.arm("p", build.items(old, slices=places)),),
    )
    decision = decide(evidence, settings(slices=["language"]))
    assert decision.verdict == "not_enough_evidence"
    assert decision.needed is not None and decision.needed.slice == "language=de"


def test_every_open_slice_says_what_would_settle_it(build: Any) -> None:
    """The largest need alone would lose the others: items of one slice settle none of the next."""
    places = {n: ("de", "fr", "en")[min(n // 4, 2)] for n in range(120)}
    old = [0.3, 0.9, 0.1, 0.8, 0.2, 0.9, 0.2, 0.8] + [0.3] * 112
    new = [0.9, 0.4, 0.8, 0.6, 0.9, 0.3, 0.8, 0.5, *GOOD[8:]]
    evidence = build.evidence(
        build.items(new, slices=places), lower_rungs=(build.arm("p", build.items(old, slices=places)),)
    )
    decision = decide(evidence, settings(slices=["language"]))
    needs = {c.needed.slice: c.needed for c in decision.checks if c.verdict == "undecided" and c.needed}
    assert set(needs) == {"language=de", "language=fr"}
    for name, need in needs.items():
        assert f"about {need.items} further test items of {name} (" in decision.sentence
    assert decision.sentence.endswith("would settle it, each with a chance of 80 %.")
    assert decision.needed == max(needs.values(), key=lambda need: need.items)


def test_a_declared_slice_that_no_item_has_is_missing(build: Any) -> None:
    assert broken(decide(good(build), settings(slices=["region"]))) == {"slices.region": "missing"}


def test_a_release_must_not_be_worse_and_something_must_be_better(build: Any) -> None:
    same = build.arm("the release", build.items(GOOD))
    agree = decide(good(build, release=same), settings())
    assert check(agree, "against_release").verdict == "undecided"  # 120 items that agree leave room for 3 points
    behind = build.arm("the release", build.items([score - 0.2 for score in GOOD]))
    assert decide(good(build, release=behind), settings()).verdict == "promote"
    weaker = build.items([score - 0.2 for score in GOOD])
    report = build.report("cand_new", weaker)
    decision = decide(good(build, items=weaker, report=report, release=same), settings(primary={"quality": {}}))
    assert broken(decision) == {"against_release": "fail", "gain_over_release": "fail"}


def test_better_on_what_came_in_since_and_not_worse_on_the_rest(build: Any) -> None:
    """The sealed share of corrections: 40 of 160 items on which what serves is poor and the candidate is good."""
    since = GOOD[:40]
    serves = build.arm("the release", build.items([*[score + 0.001 for score in GOOD], *[s - 0.3 for s in since]]))

    def verdict(old: Any) -> Decision:
        own = build.items([*old, *since])
        cheaper = (build.arm("the prompt", build.items([*POOR, *POOR[:40]])),)
        came = frozenset(item.example for item in own[len(old) :])
        return decide(
            build.evidence(own, release=serves, new=came, lower_rungs=cheaper),
            settings(primary={"quality": {"target": 0.8}}),
        )

    decision = verdict(GOOD)
    assert check(decision, "against_release").n == len(GOOD)
    assert "all items or the 40 that came in since" in check(decision, "gain_over_release").detail
    assert broken(decision) == {}
    # a candidate that learned the new and lost the old is not carried by the mean over both
    decision = verdict([score - 0.05 for score in GOOD])
    assert broken(decision) == {"against_release": "fail"}
    assert check(decision, "gain_over_release").verdict == "pass"


def test_the_cheapest_rung_without_a_target_has_to_beat_blind_answers(build: Any) -> None:
    gold, said = ["a", "b", "c"] * 40, ["a", "b", "c"] * 38 + ["b", "c", "a"] * 2
    evidence = build.evidence(build.labelled(gold, said), spec=build.MACRO, method="classical")
    assert decide(evidence, settings(primary={"macro_f1": {}})).verdict == "promote"
    blind = build.evidence(build.labelled(gold, ["a"] * 120), spec=build.MACRO, method="classical")
    assert broken(decide(blind, settings(primary={"macro_f1": {}})))["primary"] in ("fail", "undecided")


def test_where_less_is_better_the_target_is_a_ceiling(build: Any) -> None:
    spec = build.QUALITY.model_copy(update={"name": "invented", "higher_is_better": False})
    few = build.items([0.0, 0.1, 0.0, 0.05] * 30, measure="invented")
    many = build.items([0.5, 0.6, 0.4, 0.5] * 30, measure="invented")
    worse = build.items([0.7, 0.8, 0.6, 0.9] * 30, measure="invented")
    protocol = settings(primary={"invented": {"target": 0.1}})

    def verdict(items: Any, other: Any) -> Decision:
        return decide(
            build.evidence(items, spec=spec, lower_rungs=(build.arm("p", other, spec=spec),), swapped_items=worse),
            protocol,
        )

    assert verdict(few, many).verdict == "promote"
    assert broken(verdict(many, worse)) == {"primary": "fail"}


def test_a_slow_model_is_refused_and_a_fast_one_is_not(build: Any) -> None:
    timed = build.items(GOOD, seconds=0.2)
    assert broken(decide(good(build, items=timed), settings(guard={"p95_ms": 100}))) == {"p95_ms": "fail"}
    assert broken(decide(good(build, items=timed), settings(guard={"p95_ms": 250}))) == {}


def test_a_latency_of_which_the_slow_answers_are_not_told_is_missing(build: Any) -> None:
    some = tuple(item.model_copy(update={"seconds": 0.2 * (n % 4 > 0)}) for n, item in enumerate(build.items(GOOD)))
    asked = settings(guard={"p95_ms": 250})
    found = check(decide(good(build, items=some), asked), "p95_ms")
    assert (found.verdict, found.detail) == ("missing", f"only {len(GOOD) * 3 // 4} of {len(GOOD)} answers were timed")
    before = Protocol.of(asked, "generation").model_copy(update={"rules": 8})
    assert check(decide_under(before, good(build, items=some)), "p95_ms").verdict == "pass"


def test_answers_of_one_group_are_one_observation_of_the_latency(build: Any) -> None:
    """3 of 360 answers take 0.3 s: 360 observations show that 95 in 100 take at most 0.25 s, 36 groups do not."""
    slow = tuple(
        item.model_copy(update={"seconds": 0.3 if n in (5, 47, 80) else 0.2, "cluster": f"g{n // 10}"})
        for n, item in enumerate(build.items(GOOD * 3))
    )
    asked = settings(guard={"p95_ms": 250}, cross_fit=None)
    rung = build.arm("the prompt", build.items(POOR * 3))
    alone = tuple(item.model_copy(update={"cluster": None}) for item in slow)
    each, grouped = (
        check(decide(good(build, items=items, lower_rungs=(rung,)), asked), "p95_ms") for items in (alone, slow)
    )
    assert (each.verdict, each.n, each.items) == ("pass", 360, None)
    assert (grouped.verdict, grouped.n, grouped.items) == ("undecided", 36, 360)
    assert grouped.high == pytest.approx(300)
    before = Protocol.of(asked, "generation").model_copy(update={"rules": 1})
    assert check(decide_under(before, good(build, items=slow, lower_rungs=(rung,))), "p95_ms").n == 360


def test_items_that_the_measure_says_nothing_of_are_counted(build: Any) -> None:
    """A user's measure may be silent where the answer is wrong; only from there on the others are all there is."""
    items = build.items(GOOD)
    silent = tuple(item.model_copy(update={"scores": {}}) if n < 7 else item for n, item in enumerate(items))
    for own, told in ((silent, f"; 7 of {len(items)} items have no score"), (items, "")):
        evidence = good(build, items=own)
        for asked in (settings(), settings(primary={"quality": {"margin": 0.02}})):
            detail = check(decide(evidence, asked), "primary").detail
            assert detail.endswith(told) and ("no score" in detail) is bool(told)
            on = f" on {len(items) - 7} of {len(items)} test items" if told else f" on {len(items)} test items"
            assert on in decide(evidence, asked).sentence
            before = Protocol.of(asked, "generation").model_copy(update={"rules": 5})
            assert "no score" not in check(decide_under(before, evidence), "primary").detail


PAIRS = tuple(f"pair_{n:02}" for n in range(60))


def opinions(*won: float, by: str = "ada") -> tuple[Opinion, ...]:
    return tuple(Opinion(pair, by, one) for pair, one in zip(PAIRS, won, strict=False))


def test_people_are_waited_for_and_may_say_no(build: Any) -> None:
    protocol = settings(people={"blind_pairs": 60, "approve": ["legal", "owner"]})

    def world(won: Sequence[float], *given: Approval) -> Decision:
        return decide(good(build, pairs=PAIRS, preferences=opinions(*won), approvals=given), protocol)

    waiting = world([1.0] * 10)
    assert broken(waiting) == {"blind_pairs": "undecided", "approvals": "undecided"}
    assert waiting.needed is not None and (waiting.needed.items, waiting.needed.slice) == (50, "blind pairs")
    assert check(waiting, "blind_pairs").detail == "10 of 60 blind pairs were judged"
    assert check(waiting, "approvals").detail == "2 of 2 missing: waits for legal, owner"
    yes = [Approval("legal", "auditor", True), Approval("bo", "owner", True)]
    liked = world([1.0, 1.0, 0.5] * 20, *yes)
    assert liked.verdict == "promote"
    assert check(liked, "blind_pairs").detail.startswith("share of blind pairs won: 40 won, 20 even, 0 lost (1 judge")
    assert broken(world([0.0, 0.0, 0.5] * 20, yes[0], Approval("cy", "owner", False))) == {
        "blind_pairs": "fail",
        "approvals": "fail",
    }
    assert broken(world([1.0] * 60, yes[0])) == {"approvals": "undecided"}


def test_two_opinions_of_a_pair_are_one_observation_and_those_of_other_pairs_are_none(build: Any) -> None:
    protocol = settings(people={"blind_pairs": 60})
    twice = (*opinions(*[1.0, 0.5] * 30), *opinions(*[1.0, 0.5] * 30, by="bo"))
    strangers = tuple(Opinion(f"pair_x{n}", "bo", 0.0) for n in range(200))
    decision = decide(good(build, pairs=PAIRS, preferences=(*twice, *strangers)), protocol)
    found = check(decision, "blind_pairs")
    once = check(decide(good(build, pairs=PAIRS, preferences=opinions(*[1.0, 0.5] * 30)), protocol), "blind_pairs")
    assert (found.value, found.low, found.n) == (once.value, once.low, 60)
    assert found.detail.endswith("α = 1.00 on 60 judged twice)")


def test_pairs_that_nobody_drew_are_missing_and_so_are_none_at_all(build: Any) -> None:
    protocol = settings(people={"blind_pairs": 60})
    assert broken(decide(good(build), protocol)) == {"blind_pairs": "missing"}
    assert broken(decide(good(build, pairs=()), protocol)) == {"blind_pairs": "missing"}
    before = Protocol.of(protocol, "generation").model_copy(update={"rules": 5})
    assert broken(decide_under(before, good(build, pairs=()))) == {}
    few = decide(good(build, pairs=PAIRS[:7], preferences=opinions(1.0, 1.0)), protocol)
    assert check(few, "blind_pairs").detail.startswith("2 of 7 blind pairs were judged (60 asked for, no more")


def test_abstaining_has_to_keep_its_promise(build: Any) -> None:
    gold = ["a", "b", "c"] * 40
    said = gold[:114] + ["c", "a", "b"] * 2
    protocol = settings(primary={"macro_f1": {"target": 0.8}}, abstain={"max_error": 0.02})
    unsure = tuple(
        item.model_copy(update={"probabilities": {item.label: 0.5 if item.label != item.gold else 0.99}})
        for item in build.labelled(gold, said)
    )
    evidence = {
        "spec": build.MACRO,
        "lower_rungs": (build.arm("p", build.labelled(gold, ["a"] * 120), spec=build.MACRO),),
    }
    kept = decide(build.evidence(unsure, abstain_below=0.9, **evidence), protocol)
    assert check(kept, "abstain").value == 0.0
    assert check(kept, "abstain").verdict == "undecided"  # 0 of 114 wrong still allows 3 %
    assert check(decide(build.evidence(unsure, abstain_below=0.4, **evidence), protocol), "abstain").value == 0.05
    assert broken(decide(build.evidence(unsure, **evidence), protocol))["abstain"] == "missing"
    pairs = tuple(item.model_copy(update={"cluster": f"g{n // 2}"}) for n, item in enumerate(unsure))
    rung = tuple(
        one.model_copy(update={"cluster": f"g{n // 2}"}) for n, one in enumerate(evidence["lower_rungs"][0].items)
    )
    grouped = build.evidence(
        pairs, abstain_below=0.9, spec=build.MACRO, lower_rungs=(build.arm("p", rung, spec=build.MACRO),)
    )
    found = check(decide(grouped, protocol), "abstain")
    assert words.behind(found) == "114 items in 57 groups" and found.high > 1.5 * check(kept, "abstain").high


def test_a_promise_that_was_kept_before_groups_counted_once_stands(build: Any) -> None:
    gold = ["a", "b", "c"] * 40
    items = tuple(one.model_copy(update={"cluster": f"g{n // 2}"}) for n, one in enumerate(build.labelled(gold, gold)))
    rung = tuple(one.model_copy(update={"label": "a", "answer": "a"}) for one in items)
    protocol = Protocol.of(
        settings(primary={"macro_f1": {"target": 0.8}}, abstain={"max_error": 0.05}), "classification"
    )
    found = build.evidence(
        items, abstain_below=0.5, spec=build.MACRO, lower_rungs=(build.arm("p", rung, spec=build.MACRO),)
    )
    before = protocol.model_copy(update={"grouped": False})
    old = decide_under(before, found)
    assert check(old, "abstain").n == 120 and check(decide_under(protocol, found), "abstain").n == 60
    assert verify(old, found) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"candidate": "another"}, "is about another"),
        ({"split": "validation"}, "not on the test set"),
        ({"n": 119}, "counts 119 items"),
        ({"signature": {"base": "base_b"}}, "judged on base_b"),
    ],
)
def test_a_report_that_is_not_what_it_claims_refuses(build: Any, change: dict[str, Any], told: str) -> None:
    report = build.report("cand_new", build.items(GOOD)).model_copy(update=change)
    decision = decide(good(build, report=report), settings())
    assert broken(decision) == {"reports": "fail"}
    assert told in check(decision, "reports").detail


def test_a_report_that_lost_its_hard_items_refuses(build: Any) -> None:
    evidence = good(build)
    kept = evidence.items[:100]
    decision = decide(
        good(build, dataset=evidence.dataset, items=kept, report=build.report("cand_new", kept)), settings()
    )
    assert "20 of 120 test items have no result" in check(decision, "reports").detail


def test_an_arm_judged_in_another_number_format_refuses(build: Any) -> None:
    def signed(dtype: str, base: str = "base_a") -> dict[str, Any]:
        return {"signature": {"base": base, "dtype": dtype, "template": "t"}}

    def verdict(rung: dict[str, Any]) -> dict[str, str]:
        arm = build.arm("the prompt", build.items(POOR))
        arm = type(arm)(name=arm.name, report=arm.report.model_copy(update=rung), items=arm.items)
        report = build.report("cand_new", build.items(GOOD)).model_copy(update=signed("bfloat16"))
        return broken(decide(good(build, report=report, lower_rungs=(arm,)), settings()))

    assert verdict(signed("bfloat16")) == {}
    assert verdict(signed("float32")) == {"reports": "fail"}
    assert verdict(signed("float32", base="base_b")) == {}  # another base may need another format


def test_an_arm_judged_otherwise_refuses(build: Any) -> None:
    arm = build.arm("the prompt", build.items(POOR))
    other = arm.report.model_copy(update={"suite": "suite_old"})
    decision = decide(good(build, lower_rungs=(type(arm)(name=arm.name, report=other, items=arm.items),)), settings())
    assert broken(decision) == {"reports": "fail"}


def echoing(build: Any, items: Any, share: float, **fields: Any) -> Any:
    """Items of which a share merely repeats its input, and an evidence or arm whose report measured that."""
    repeated = round(share * len(items))
    return tuple(
        item.model_copy(update={"scores": item.scores | {"own_words": 0.0 if n < repeated else 1.0}})
        for n, item in enumerate(items)
    )


def with_own_words(build: Any, report: Any, items: Any) -> Any:
    spec = MeasureSpec(name="own_words", how="mean")
    measured = {**report.measures, "own_words": estimate(spec, items)}
    return report.model_copy(update={"measures": measured, "specs": (*report.specs, spec)})


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "pass"), (0.02, "pass"), (0.1, "undecided"), (1.0, "fail")])
def test_a_model_that_repeats_its_input_is_refused(build: Any, share: float, verdict: str) -> None:
    items = echoing(build, build.items(GOOD), share)
    evidence = good(build, items=items, report=with_own_words(build, build.report("cand_new", items), items))
    decision = decide(evidence, settings())
    assert check(decision, "own_words").verdict == verdict
    assert (decision.verdict == "promote") == (verdict == "pass")
    assert check(decision, "own_words").n == len(GOOD)


def test_where_echoes_were_not_measured_nothing_is_asked(build: Any) -> None:
    assert "own_words" not in {found.name for found in decide(good(build), settings()).checks}


def test_a_cheaper_rung_that_repeats_its_input_is_no_rival(build: Any) -> None:
    perfect = echoing(build, build.items([1.0] * len(GOOD)), 1.0)
    echo = build.arm("the prompt", perfect)
    echo = replace(echo, report=with_own_words(build, echo.report, perfect))
    found = check(decide(good(build, lower_rungs=(echo,)), Settings()), "against_lower_rungs")
    assert found.verdict == "pass"
    assert "repeat its input" in found.detail
    assert check(decide(good(build, lower_rungs=(build.arm("x", perfect),)), Settings()), found.name).verdict == "fail"
    both = (echo, build.arm("the classical model", build.items(POOR)))
    assert "classical" in check(decide(good(build, lower_rungs=both), Settings()), found.name).detail


@pytest.mark.parametrize(
    ("today", "rule", "margin", "verdict"),
    [
        (GOOD, "not_worse", 0.1, "pass"),
        (GOOD, "better", 0.02, "undecided"),
        (GOOD, "better", 0.1, "fail"),
        (POOR, "better", 0.02, "pass"),
        (GOOD, "ignore", 0.1, None),
    ],
)
def test_what_runs_today_is_a_rival(
    build: Any, today: list[float], rule: str, margin: float, verdict: str | None
) -> None:
    arms = (build.arm("poor", build.items(POOR)), build.arm("gpt-x (runs today)", build.items(today)))
    primary = {"quality": {"target": 0.85, "margin": margin}}
    decision = decide(good(build, incumbents=arms), settings(against={"incumbent": rule}, primary=primary))
    if verdict is None:
        assert "against_incumbent" not in {check.name for check in decision.checks}
        return
    found = check(decision, "against_incumbent")
    assert found.verdict == verdict
    if today is not POOR:
        assert "gpt-x (runs today)" in found.detail, "the best of them is the rival"
    assert {"incumbent 1", "incumbent 2"} <= decision.reports.keys()


def test_an_incumbent_that_answered_other_items_is_no_comparison(build: Any) -> None:
    arm = build.arm("gpt-x (runs today)", build.items(GOOD[:60]))
    decision = decide(good(build, incumbents=(arm,)), settings())
    assert check(decision, "reports").verdict == "fail"


def test_an_adapter_made_elsewhere_has_to_keep_general_ability_too(build: Any) -> None:
    decision = decide(good(build, candidate=build.candidate("cand_new", "adapter"), general=None), settings())
    assert check(decision, "general_ability").verdict == "missing"
    assert "made elsewhere" in check(decision, "run_checks").detail


@pytest.mark.parametrize("method", ["answers", "adapter", "remote"])
def test_what_was_made_elsewhere_may_have_seen_the_test_items_and_the_verdict_says_so(build: Any, method: str) -> None:
    here = decide(good(build), settings())
    elsewhere = decide(good(build, candidate=build.candidate("cand_new", method)), settings())
    assert elsewhere.verdict == here.verdict == "promote"
    assert "whether it has seen the test items" in elsewhere.sentence
    assert "whether it has seen the test items" in check(elsewhere, "leakage").detail
    assert "seen" not in here.sentence + check(here, "leakage").detail


def test_a_sentence_names_a_few_open_checks_and_says_that_there_are_more() -> None:
    assert words.undecided(["p95_ms"]) == "undecided is the latency"
    two = ["against_release", "gain_over_release"]
    assert words.undecided(two) == ("undecided are the comparison with what serves now and a gain over what serves now")
    many = [f"slices.language={name}" for name in ("de", "en", "fr", "it")]
    assert words.undecided(many) == (
        "undecided are the slice language=de, the slice language=en, the slice language=fr and others"
    )
