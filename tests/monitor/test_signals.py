"""What senders say is counted with its number and interval, for each arm; it is worth a look and never a turn."""

from __future__ import annotations

from typing import Any

import pytest

from strop.monitor import Heard, heard, signals
from strop.records import Finding, Judgement


def said(number: int, kind: str, value: Any, *, by: str = "shop", name: str = "", at: int = 0) -> Judgement:
    return Judgement(
        id=f"jdg_{kind}{number}{by}{at}", subject=f"int_{number}", kind=kind, value=value, by=by, name=name,  # type: ignore[arg-type]
        created=f"2026-01-01T00:00:{at:02}",
    )  # fmt: skip


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in found}


def arm(*, bad: float = 0.1, corrected: int = 3, sold: float = 0.5, n: int = 200) -> Heard:
    """An arm whose shares are exact."""
    rated = [k < bad * n for k in range(n)]
    return Heard(n, rated, corrected, {"sold": [float(k < sold * n) for k in range(n)]}, 2)


def test_an_answer_counts_once_by_its_newest_word() -> None:
    found = heard(
        [
            said(1, "rating", 1, at=2), said(1, "rating", -1, at=1), said(1, "rating", 0, by="bot", at=3),
            said(2, "rating", True, at=4), said(2, "correction", "A."), said(2, "correction", "B.", by="bot"),
            said(3, "outcome", False, name="sold", at=1), said(3, "outcome", 1, name="sold", at=2),
            said(4, "comment", "hm"), said(5, "rating", None),
        ],
        9,
    )  # fmt: skip
    assert found == Heard(9, [True, False], 1, {"sold": [1.0]}, 2)


def test_shares_come_with_their_number_and_interval() -> None:
    found = by_name(signals(arm(), promised=None))
    assert set(found) == {"bad ratings", "answers corrected", "outcome sold"}
    bad = found["bad ratings"]
    assert (bad.value, bad.n, bad.kind) == (0.1, 200, "signals") and bad.low is not None and bad.high is not None
    assert bad.low < 0.1 < bad.high < 0.25 and "10% of 200 rated answers, by 2 senders" in bad.sentence
    assert found["answers corrected"].value == 0.015 and found["outcome sold"].value == 0.5
    assert {one.advice for one in found.values()} == {"healthy"}


@pytest.mark.parametrize(
    ("own", "beside", "promised", "looked_at"),
    [
        (arm(bad=0.9), None, None, {"bad ratings"}), (arm(corrected=100), None, 0.9, {"answers corrected"}),
        (arm(corrected=100), None, 0.3, set()), (arm(corrected=190), None, None, {"answers corrected"}),
        (arm(bad=0.4), arm(), None, {"canary: bad ratings"}), (arm(bad=0.1), arm(bad=0.4), None, set()),
        (arm(corrected=60), arm(), None, {"canary: answers corrected"}),
        (arm(sold=0.1), arm(sold=0.6), None, {"canary: outcome sold"}), (arm(), arm(), None, set()),
    ],
)  # fmt: skip
def test_what_is_certainly_much_is_looked_at_and_nothing_more(
    own: Heard, beside: Heard | None, promised: float | None, looked_at: set[str]
) -> None:
    found = by_name(signals(own, promised=promised, beside=beside))
    assert {name for name, one in found.items() if one.advice == "look"} == looked_at
    assert {one.advice for one in found.values()} <= {"healthy", "look"}, "whatever they say, no turn and no rollback"


def test_few_words_say_nothing_and_any_number_is_an_outcome() -> None:
    assert signals(Heard(49, [True] * 9, 9, {"sold": [1.0] * 9}, 1), promised=0.9) == []
    (basket,) = signals(Heard(40, [], 0, {"basket": [20.0, 30.0] * 10}, 1), promised=None)
    assert basket.value == 25.0 and basket.low is not None and basket.high is not None
    assert 20 < basket.low < 25 < basket.high < 30 and basket.advice == "healthy"
