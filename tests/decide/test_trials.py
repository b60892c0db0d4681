"""What would settle an open check: as many items as the check itself, asked of so many, would need."""

from __future__ import annotations

import numpy as np
import pytest
from tests.decide.conftest import QUALITY, items_of

from strop.decide import words
from strop.decide.comparisons import gain_over, level_of
from strop.decide.protocol import alpha_ahead
from strop.decide.trials import Ahead, Asked, Trial, judge, needed
from strop.measure import by_one_model, shares_needed
from strop.records import Needed


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


def test_what_is_needed_allows_for_models_that_differ() -> None:
    """The wider interval asks for more items, in the share by which it is wider."""
    rng = np.random.default_rng(8)
    good = 0.8 + np.repeat([0.0, 0.02, -0.02, 0.0], 60)
    items = items_of((rng.binomial(20, good) / 20).tolist())
    items = [item.model_copy(update={"part": n // 60 or None}) for n, item in enumerate(items)]
    rival = items_of((rng.binomial(20, 0.79, 240) / 20).tolist())
    several, alone = (
        Trial(name="gain", at=gain_over(QUALITY, own, rival), passes=0.0, fails=0.02, strictly=True, detail="")
        for own in (items, by_one_model(items))
    )
    assert isinstance(several.at, Asked) and isinstance(alone.at, Asked)
    wider = (several.at(0.025).value - several.at(0.025).low) / (alone.at(0.025).value - alone.at(0.025).low)
    assert wider > 1.1
    for times in (1, 4, 20):
        wide, narrow = several.at.of_more(times, 0.025), alone.at.of_more(times, 0.025)
        assert wide.value - wide.low == pytest.approx(wider * (narrow.value - narrow.low))
    more, fewer = (
        judge([trial], alpha=0.025, minutes_per_item=0.0, ahead=Ahead(0.0125))[0].needed for trial in (several, alone)
    )
    assert more is not None and fewer is not None
    assert 240 + more.items == pytest.approx(wider**2 * (240 + fewer.items), rel=0.4)
    assert more.items > fewer.items


def test_what_is_needed_is_told_for_the_look_that_comes_next() -> None:
    """To pass at its share of the error; to fail, at that over the number of checks, as a failure has to survive."""

    def asked(right: int, ahead: Ahead | None, *, trials: int) -> int:
        items = items_of([1.0] * right + [0.0] * (100 - right))
        trial = Trial(name="0", at=level_of(QUALITY, items), passes=0.9, fails=0.9, detail="")
        others = [Trial(name=f"{n}", at=trial.at, passes=0.5, fails=0.5, detail="") for n in range(1, trials)]
        found = judge([trial, *others], alpha=0.025, minutes_per_item=0.5, ahead=ahead)[0]
        assert found.verdict == "undecided" and found.needed is not None
        return found.needed.items

    for right, above, alpha in ((93, True, 0.0125), (86, False, 0.0125 / 4)):
        for fresh in (False, True):
            exact = shares_needed(right, 100, 0.9, above=above, alpha=alpha, seen=0 if fresh else None)
            assert asked(right, Ahead(0.0125, fresh=fresh), trials=4) == exact
    assert asked(86, Ahead(0.0125), trials=1) < asked(86, Ahead(0.0125), trials=4)
    assert asked(86, None, trials=1) == asked(86, None, trials=4)  # as decisions from before promised


def test_between_two_lines_the_nearer_verdict_counts() -> None:
    """Above the one passes, below the other fails: what lies between may be settled either way."""
    items = items_of([1.0] * 56 + [0.0] * 44)
    trial = Trial(name="share", at=level_of(QUALITY, items), passes=0.5, fails=0.6, detail="")
    (found,) = judge([trial], alpha=0.025, minutes_per_item=0.5, ahead=Ahead(0.0125))
    ways = [shares_needed(56, 100, line, above=above, alpha=0.0125) for line, above in ((0.5, True), (0.6, False))]
    assert found.verdict == "undecided" and found.needed is not None
    assert ways[0] is not None and ways[1] is not None and found.needed.items == ways[0] < ways[1]


def test_where_no_look_is_left_fresh_items_are_opened_for_the_first_time() -> None:
    assert alpha_ahead(1, alpha=0.05, uses=5, spent=0.025) == (0.0125, False)
    assert alpha_ahead(4, alpha=0.05, uses=5, spent=0.046875) == (0.003125, False)
    assert alpha_ahead(5, alpha=0.05, uses=5, spent=0.05) == (0.025, True)
    assert alpha_ahead(1, alpha=0.05, uses=5, spent=0.05) == (0.025, True)


def test_items_that_come_in_groups_are_needed_in_groups() -> None:
    """It takes as many groups as it takes items that each stand alone, and all the items of those groups."""
    rng = np.random.default_rng(4)
    own, rival = rng.binomial(5, 0.83, 60) / 5, rng.binomial(5, 0.8, 60) / 5

    def asked(size: int, *, grouped: bool = True) -> Needed:
        arms = [
            [
                item.model_copy(update={"cluster": f"g{n // size}"})
                for n, item in enumerate(items_of(np.repeat(scores, size)))
            ]
            for scores in (own, rival)
        ]
        trial = Trial(name="gain", at=gain_over(QUALITY, *arms), passes=0.0, fails=0.02, strictly=True, detail="")
        ahead = Ahead(0.0125, grouped=grouped)
        found = judge([trial], alpha=0.025, minutes_per_item=0.5, ahead=ahead)[0].needed
        assert found is not None
        return found

    alone, eight = asked(1), asked(8)
    assert alone.groups is None and eight.groups == pytest.approx(alone.items, rel=0.1)
    assert eight.items == 8 * eight.groups and eight.minutes == eight.items * 0.5
    assert words.further(eight) == f"{eight.items:,} further test items in {eight.groups:,} groups"
    assert asked(8, grouped=False).items == eight.groups  # as earlier decisions told it


def test_what_is_needed_is_never_less_than_the_error_of_the_next_look_allows() -> None:
    """Differences that are all 0: half a bound at today's error, held against the next one's, asked for one more."""
    own, other = items_of([0.8] * 130), items_of([0.8] * 130)
    trial = Trial(name="0", at=gain_over(QUALITY, own, other), passes=0.0, fails=0.05, strictly=True, detail="")
    others = [Trial(name=f"{n}", at=trial.at, passes=-1.0, fails=-1.0, detail="") for n in range(1, 12)]

    def items(**ahead: bool) -> int:
        found = judge([trial, *others], alpha=0.025, minutes_per_item=0.5, ahead=Ahead(0.0125, **ahead))[0]
        assert found.verdict == "undecided" and found.needed is not None
        return found.needed.items

    more = items(at_its_error=True)
    assert items() < more and trial.at.of_more(1, 0.0125 / 12).high > 0.05  # type: ignore[attr-defined]
    ample = gain_over(QUALITY, items_of([0.8] * (130 + more)), items_of([0.8] * (130 + more)))
    assert ample(0.0125 / 12).high < 0.05


def test_an_interval_without_width_is_told() -> None:
    """Forty times -5 on a measure without limits says nothing of one more, which may be -900."""
    told = "the interval has no width"
    for scores, wanted in (([-5.0] * 40, True), ([-5.0] * 39 + [-4.0], False), ([1.0] * 40, False)):
        trial = Trial(name="level", at=level_of(QUALITY, items_of(scores)), passes=-6.0, fails=-6.0, detail="quality")
        assert (told in judge([trial], alpha=0.025, minutes_per_item=0.0)[0].detail) is wanted
    same = Trial(
        name="gain", at=gain_over(QUALITY, *[items_of([-5.0, -7.0] * 20)] * 2), passes=0.0, fails=0.0, detail=""
    )
    assert told not in judge([same], alpha=0.025, minutes_per_item=0.0)[0].detail
