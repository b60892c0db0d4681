"""How many rows may show a fault before it is how the data is: one in ten for what nobody wants to learn."""

from __future__ import annotations

from typing import Any

import pytest

from strop.curate.faults import USUAL
from strop.records import Said

THINGS = ["lamp", "stove", "tent", "mat", "bag", "pole", "boot", "sock"]
ENDINGS = ["at dawn", "by the lake", "in the rain", "on the ridge", "near the hut", "under the trees"]
IS = ["heavy", "light", "warm", "dry", "soft"]

FAULTY = {
    "garbage": "<div><p>&nbsp;{{{{ text }}}}</p></div> The {thing} of {n} grams is {how} {end}.",
    "no_answer": "As an AI language model I cannot see the {how} {thing} of {n} grams {end}.",
    "wrong_language": "Die {thing} ist mit {n} grams nicht zu {how} und auch für den Weg bei Nacht oder {end}.",
}


def rows(count: int, faulty: int, form: str) -> list[dict[str, str]]:
    found = []
    for n in range(count):
        words = {"thing": THINGS[n % 8], "end": ENDINGS[n % 6], "how": IS[n % 5], "n": n + 10}
        said = "You will like the {thing} of {n} grams when it is {how} {end}, and so will all the others with you."
        asked = "name: Thing {n}\ntype: {thing}\nweight: {n} grams\nis: {how}\nwhen: {end}"
        found.append({"prompt": asked.format(**words), "completion": (form if n < faulty else said).format(**words)})
    return found


def curated(bench: Any, fault: str, count: int, faulty: int, **data: Any) -> tuple[int, list[str]]:
    """How many rows leave for a fault of so many that show it, and the warnings."""
    said: list[Any] = []
    bench.write("a.jsonl", rows(count, faulty, FAULTY[fault]))
    data = {"near_duplicate": 1, "splits": {"validation": 0, "test": 0}, **data}
    result = bench.run(["a.jsonl"], task={"kind": "generation"}, data=data, on_event=said.append)
    assert set(result.reasons) <= {fault}
    warnings = [event.text for event in said if isinstance(event, Said) and event.warning]
    return result.reasons.get(fault, 0), warnings


@pytest.mark.parametrize("fault", FAULTY)
def test_one_row_in_ten_is_set_aside_and_one_more_is_not(fault: str, bench: Any) -> None:
    assert curated(bench, fault, 200, 20) == (20, [])
    left, warnings = curated(bench, fault, 200, 21)
    assert left == 0
    assert [f"21 of 200 rows show {fault}" in text for text in warnings] == [True]


@pytest.mark.parametrize("fault", FAULTY)
def test_the_settings_have_the_last_word(fault: str, bench: Any) -> None:
    left, warnings = curated(bench, fault, 200, 21, faults={fault: 0.2})
    assert (left, warnings) == (21, [])


def test_a_set_of_several_languages_has_no_wrong_one(bench: Any) -> None:
    left, warnings = curated(bench, "wrong_language", 200, 50)
    assert left == 0 and len(warnings) == 1
    assert curated(bench, "wrong_language", 200, 51) == (0, [])


def test_which_faults_one_row_in_ten_may_show() -> None:
    assert set(USUAL) == set(FAULTY)
