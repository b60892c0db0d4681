"""Did curation help? Only where it beats all raw rows, and as many random and longest ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from strop.records import Example, ItemResult, MeasureSpec, Message, Origin
from strop.studies import curated_against_raw, drawn

QUALITY = MeasureSpec(name="quality", how="mean", primary=True)


def rows(good: int, bad: int, *, longest: str = "bad") -> tuple[list[Example], list[Example]]:
    """Good rows and bad ones; ``longest`` have the longer answers."""

    def made(count: int, what: str) -> list[Example]:
        return [
            Example(
                id=f"{what}{n}", messages=(Message(role="user", content=f"{what} {n}"),),
                origin=Origin(source="a", line=n), reference=what + " at length" * (what == longest),
            )
            for n in range(count)
        ]  # fmt: skip

    return made(good, "good"), made(bad, "bad")


def answer(part: Sequence[Example], seed: int) -> list[ItemResult]:
    """Judged by the share of good rows among those that were trained on; some items depend on it more than others."""
    share = sum(row.id.startswith("good") for row in part) / len(part)
    return [
        ItemResult(example=f"v{n}", answer="", scores={"quality": 0.1 + share * (0.5 + n / 100)}) for n in range(40)
    ]


def test_rows_that_are_better_than_raw_random_and_longest_ones_help() -> None:
    good, bad = rows(140, 60)
    study = curated_against_raw(answer, drawn(good, bad), QUALITY, seeds=range(3), others={"clean": lambda _: good})
    arms = {arm.name: arm for arm in study.arms}
    assert study.helped and study.items == 40
    assert study.sentence().startswith("Curation helped: +") and "over all raw rows" in study.sentence()
    assert arms["raw"].rows == 180 and 110 < arms["curated"].rows < 140
    assert arms["random, as many"].rows == arms["longest, as many"].rows == arms["curated"].rows
    gains = {name: arm.gain.value for name, arm in arms.items() if arm.gain is not None}
    assert gains["longest, as many"] > gains["raw"] > 0.15 and gains["random, as many"] > 0.1
    assert gains["clean"] == pytest.approx(0)
    assert len(arms["raw"].values) == 3
    own = arms["raw"].value
    assert own is not None and own.n == 40 and own.value == pytest.approx(sum(arms["raw"].values) / 3)
    assert own.low < own.value < own.high


def test_what_the_longest_rows_do_as_well_is_not_curations_gain() -> None:
    good, bad = rows(60, 140, longest="good")
    study = curated_against_raw(answer, drawn(good, bad), QUALITY, seeds=range(3))
    assert not study.helped
    assert study.sentence().startswith("That curation helped is not shown: against longest, as many +0.0 points")


def test_a_copy_that_was_set_aside_is_no_curated_row() -> None:
    good, _ = rows(10, 0)
    raw, curated = drawn(good, [row.model_copy() for row in good])(0)
    assert len(raw) == 18 and len(curated) == sum(any(row is one for one in good) for row in raw) < len(raw)
