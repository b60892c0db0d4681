"""What would settle an open check: as many items as the check itself, asked of so many, would need."""

from __future__ import annotations

import numpy as np
from tests.decide.conftest import QUALITY, items_of

from strop.decide.comparisons import gain_over
from strop.decide.trials import Trial, needed


def test_what_is_needed_is_told_by_the_interval_of_so_many_items() -> None:
    """The interval of the few at hand allows for losses that more items would rule out: it asked for more."""
    rng = np.random.default_rng(3)
    own, rival = (items_of(rng.binomial(5, share, 60) / 5) for share in (0.83, 0.8))
    at = gain_over(QUALITY, own, rival)
    trial = Trial(name="gain", at=at, passes=0.0, fails=0.02, strictly=True, detail="")
    found = at(0.025)
    assert not trial.passed(found) and not trial.failed(found) and found.value > 0
    before, after = (
        needed(trial, found, alpha=0.025, minutes_per_item=0.5, of_more=of_more) for of_more in (False, True)
    )
    assert before is not None and after is not None and after.minutes == after.items * 0.5
    assert 0.4 * before.items < after.items < 0.95 * before.items
    # so many items like these show it (the promise is 80 %, so not all of them are needed for that)
    times = -(-(60 + after.items) // 60)
    assert at.of_more(times, 0.025).low > 0  # type: ignore[attr-defined]
