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


def test_without_probabilities_nothing_is_drawn() -> None:
    assert selective.figure([item.model_copy(update={"probabilities": {}}) for item in items(50)], on="") is None
    assert selective.figure(items(10), on="") is None
