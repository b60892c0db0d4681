"""The noise floor of a decision: what moves when the same model is asked the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.decide.conftest import GENERAL, evidence_of, items_of, report_of

from strop.decide import Arm, decide
from strop.settings import Settings


def again(found: Any, values: list[float], **changes: Any) -> Any:
    """The evidence with its first items asked again."""
    items = tuple(
        item.model_copy(update={"scores": {"quality": value}, **changes})
        for item, value in zip(found.items, values, strict=False)
    )
    return replace(found, again=Arm(name="again", report=report_of("cand_new", items), items=items))


def noise(found: Any) -> Any:
    settings = Settings.model_validate({"decision": {"primary": {"quality": {"margin": 0.02}}}})
    return next((one for one in decide(found, settings).checks if one.name == "noise_floor"), None)


def test_a_changed_answer_is_told_and_a_shift_of_all_fails() -> None:
    found = evidence_of(items_of([0.8, 1.0, 0.9, 0.7] * 20))
    assert noise(found) is None
    values = [float(item.scores["quality"]) for item in found.items[:16]]
    same = noise(again(found, values))
    assert (same.verdict, same.value, same.n) == ("pass", 0.0, 16)
    assert "16 of 16 answers the same" in same.detail
    other = noise(again(found, values, answer="another"))
    assert other.verdict == "pass" and "0 of 16 answers the same" in other.detail
    down = noise(again(found, [max(0.0, value - 0.6) for value in values]))
    assert down.verdict == "fail" and down.value < -0.3


def test_probabilities_tell_how_far_they_moved() -> None:
    found = evidence_of(items_of([0.8, 1.0, 0.9, 0.7] * 20))
    moved = tuple(item.model_copy(update={"probabilities": {"a": 0.7, "b": 0.3}}) for item in found.items)
    found = replace(found, items=moved)
    values = [float(item.scores["quality"]) for item in found.items[:16]]
    told = noise(again(found, values, probabilities={"a": 0.70002, "b": 0.29998}))
    assert "probabilities within 2.0e-05" in told.detail
    still = noise(again(found, values, probabilities={"a": 0.7, "b": 0.3}))
    assert "16 of 16 answers the same, their probabilities, too" in still.detail


def test_what_was_asked_again_has_to_be_this_candidate() -> None:
    found = evidence_of(items_of([0.8, 1.0, 0.9, 0.7] * 20))
    items = found.items[:4]
    strange = replace(found, again=Arm(name="again", report=report_of("somebody", items), items=items))
    check = next(one for one in decide(strange, Settings()).checks if one.name == "reports")
    assert check.verdict == "fail" and "on items asked again is about somebody" in check.detail


def test_forgetting_is_told_in_nats_and_bits_beside_the_margin() -> None:
    found = evidence_of(items_of([0.8, 1.0, 0.9, 0.7] * 20))
    bits = GENERAL.model_copy(update={"name": "general_bits_per_byte", "higher_is_better": False, "primary": False})

    def arm(chance: float, spent: float) -> Arm:
        items = tuple(
            item.model_copy(
                update={
                    "probabilities": {"right": chance, "wrong": 1 - chance},
                    "scores": {"margin": chance, "general_bits_per_byte": spent + n % 3 / 100},
                }
            )
            for n, item in enumerate(items_of([chance] * 40, measure="margin"))
        )
        report = report_of("cand_new", items, spec=GENERAL, split="general")
        told = report.measures | report_of("cand_new", items, spec=bits, split="general").measures
        return Arm(name="", report=report.model_copy(update={"specs": (GENERAL, bits), "measures": told}), items=items)

    found = replace(found, general=arm(0.8, 1.1), general_base=arm(0.9, 1.0))
    check = next(one for one in decide(found, Settings()).checks if one.name == "general_ability")
    # 0.9 ln(0.9 / 0.8) + 0.1 ln(0.1 / 0.2)
    assert "KL(base, tuned) over the choices 0.037 nats [0.037, 0.037]" in check.detail
    assert "bits per byte of right answers 1.010 → 1.110, +0.100 [0.100, 0.100]" in check.detail


def test_on_neutral_text_forgetting_is_told_by_passage() -> None:
    found = evidence_of(items_of([0.8, 1.0, 0.9, 0.7] * 20))
    bits, apart = (
        GENERAL.model_copy(update={"name": f"neutral_{name}", "higher_is_better": False, "primary": False})
        for name in ("bits_per_byte", "divergence")
    )

    def arm(spent: float, moved: float) -> Arm:
        asked = items_of([0.8] * 40, measure="margin")
        read = tuple(
            item.model_copy(
                update={
                    "example": f"passage {n}",
                    "scores": {"neutral_bits_per_byte": spent + n % 3 / 100, "neutral_divergence": moved},
                }
            )
            for n, item in enumerate(asked[:30])
        )
        told = report_of("cand_new", asked, spec=GENERAL, split="general").measures
        for spec in (bits, apart):
            told = told | report_of("cand_new", read, spec=spec, split="general").measures
        report = report_of("cand_new", (*asked, *read), spec=GENERAL, split="general")
        specs = (GENERAL, bits, apart)
        return Arm(name="", report=report.model_copy(update={"specs": specs, "measures": told}), items=(*asked, *read))

    found = replace(found, general=arm(1.1, 0.02), general_base=arm(1.0, 0.0))
    check = next(one for one in decide(found, Settings()).checks if one.name == "general_ability")
    assert check.n == 40, "passages are no items of general ability"
    assert "on 30 passages of neutral text 1.010 → 1.110 bits a byte, +0.100 [0.100, 0.100]" in check.detail
    assert "KL(base, tuned) 0.020 nats a token [0.020, 0.020]" in check.detail
