"""What a decision's page says of those it compared: enough to argue with, from the page alone."""

from __future__ import annotations

import html

import pytest
import samples

from strop.records import Check, ItemResult
from strop.web import report, words
from strop.web.sections import asked
from strop.web.sections.compared import Compared, compared

CANDIDATES = {
    **samples.CANDIDATES,
    "cand_prompt4": samples.CANDIDATES["cand_prompt4"].model_copy(
        update={"shots": ("ex_000", "ex_gone"), "how": "median: the likeliest of 8 sets of examples"}
    ),
}
REPORTS = [samples.REPORTS[f"rep_{key}_test"] for key in ("lora", "prompt4")]
NAMES = {"cand_lora": "LoRA", "cand_prompt4": "Prompt, 4 examples"}


def answered(count: int, same: int) -> list[ItemResult]:
    """Answers of which the first so many are one."""
    return [ItemResult(example=f"ex_{i:03}", answer="[]" if i < same else f"[{i}]") for i in range(count)]


def told(**changes: object) -> Compared:
    found = compared(REPORTS, samples.context(candidates=CANDIDATES, **changes), NAMES)
    assert found is not None
    return found


def test_the_page_names_rows_base_licence_prompt_and_seed_of_those_compared() -> None:
    page = html.unescape(report.page(samples.decision(), samples.context(candidates=CANDIDATES)))
    for text in (
        "353 read: 240 train, 60 validation; 33 dropped, 20 quarantined; 11 pieces of personal data found in them",
        f"licence {samples.BASE.licence}", samples.BASE.revision, "240 training rows, with seed 0",
        "Describe the product.",
        'the likeliest of 8 sets of examples (the set "median")', "1 example in its prompt",
        samples.examples(1)["ex_000"].reference,
    ):  # fmt: skip
        assert text and text in page, text


def test_the_examples_of_a_prompt_are_masked_as_all_texts() -> None:
    shots = told(hide=lambda text: text.replace("moss", "M.")).sides[1].shots
    assert [(shot.asked[-9:], shot.answer[:10]) for shot in shots] == [("olour: M.", "A M.-green")]


def test_a_rival_that_says_one_thing_to_everything_is_called_that() -> None:
    """A gain over a prompt that names nothing on 98 of 100 items is no gain over prompting."""
    rival = told(items={"rep_lora_test": answered(100, 30), "rep_prompt4_test": answered(100, 98)})
    assert rival.hollow.startswith("Prompt, 4 examples says “[]” to 98 of 100 items.")
    assert dict(rival.sides[1].facts)["its answers"] == "3 different to 100 items; most often “[]” (98 times)"
    both = told(items={"rep_lora_test": answered(100, 97), "rep_prompt4_test": answered(100, 98)})
    few = told(items={"rep_lora_test": answered(10, 1), "rep_prompt4_test": answered(10, 10)})
    assert not both.hollow and not few.hollow and not told().hollow


def test_what_reads_no_prompt_hides_none_and_shows_none() -> None:
    spec = samples.PROMPT.model_copy(update={"method": "classical", "base": None, "shots": 0, "system": "Not read."})
    words_alone = CANDIDATES["cand_prompt4"].model_copy(update={"spec": spec, "shots": ()})
    found = compared(REPORTS, samples.context(candidates={**CANDIDATES, "cand_prompt4": words_alone}), NAMES)
    assert found is not None and found.system == "Describe the product."
    assert not any(side.system for side in found.sides)


def test_the_error_of_this_opening_is_told_beside_that_of_all() -> None:
    """The page had said "the error budget is 0.025" above "decision.alpha 0.05"."""
    said = asked.budget(samples.decision(alpha=0.025))
    assert "α = 0.05 over at most 5 openings" in said and "spends 0.025 of it" in said
    assert asked.budget(samples.decision(protocol={})) == "The error budget is α = 0.05."


def test_a_measure_that_the_protocol_left_open_is_named() -> None:
    """ "primary: not asked for" stood under a verdict on the primary measure."""
    rows = dict(asked.protocol(samples.decision(protocol={"primary": None, "target": None}), "entity_f1"))
    assert rows == {"primary": "not named: entity F1, by the kind of task", "target": "not asked for"}


@pytest.mark.parametrize("name", ["against_constant", "input_dependence"])
def test_a_check_is_called_the_same_wherever_the_page_names_it(name: str) -> None:
    check = Check(name="against_lower_rungs", verdict="pass", detail=f"{name} says what it has to beat")
    page = html.unescape(report.page(samples.decision(checks=(check,)), samples.context()))
    assert f"“{words.check(name)}” says what it has to beat" in page and f">{name} says" not in page
