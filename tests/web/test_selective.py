"""Risk against coverage as a picture: the numbers are those of the curve, each with its interval."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from strop.records import ItemResult
from strop.web import selective


def items(count: int) -> list[ItemResult]:
    """The surer an answer, the likelier it is right."""
    rng = np.random.default_rng(2)
    made = []
    for n in range(count):
        sure = 0.5 + 0.5 * (n + 1) / (count + 1)
        label = "a" if rng.random() < sure else "b"
        made.append(ItemResult(example=f"ex_{n}", answer=label, gold="a", label=label, probabilities={label: sure}))
    return made


def test_each_row_counts_the_surest_answers() -> None:
    judged = items(200)
    found = selective.figure(judged, on="sealed test items")
    assert found is not None and len(found.rows) == 10
    surest = sorted(judged, key=lambda item: -max(item.probabilities.values()))
    for row, count in zip(found.rows, range(20, 201, 20), strict=True):
        wrong = sum(item.label != item.gold for item in surest[:count])
        low, high = binomtest(wrong, count).proportion_ci(0.95, "exact")
        assert row[2].startswith(f"{100 * wrong / count:.1f} [{100 * low:.1f}, {100 * high:.1f}]")
    assert "<svg" in found.svg and found.caption.startswith("On 200 sealed test items.")


def test_answers_of_one_group_err_together() -> None:
    """Each item four times over says no more than once: the bars stay as wide, and the picture says why."""
    once = items(60)
    copied = [
        item.model_copy(update={"example": f"{item.example}_{copy}", "cluster": item.example})
        for item in once
        for copy in range(4)
    ]
    alone, grouped = (selective.figure(some, on="sealed test items") for some in (once, copied))
    apart = selective.figure([item.model_copy(update={"cluster": None}) for item in copied], on="sealed test items")
    assert alone is not None and grouped is not None and apart is not None
    assert "(they are in 60 groups)" in grouped.caption and "groups" not in alone.caption
    widths = []
    for found in (alone, grouped, apart):
        low, high = (float(end) for end in found.rows[-1][2].partition("[")[2].partition("]")[0].split(","))
        widths.append(high - low)
    assert widths[1] > 0.9 * widths[0] and widths[2] < 0.6 * widths[0]


def test_without_probabilities_nothing_is_drawn() -> None:
    assert selective.figure([item.model_copy(update={"probabilities": {}}) for item in items(50)], on="") is None
    assert selective.figure(items(10), on="") is None
