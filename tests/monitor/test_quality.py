"""Audited answers, canary and guardrails: bounds that hold however often one looks, harm found, noise left alone."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from strop.monitor import Arm, age, audited_quality, canary, judged, opinions, waiting
from strop.records import Interaction, Judgement, Message, new_id

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def interaction(number: int, *, audit: bool = True, complete: bool = True) -> Interaction:
    return Interaction(
        id=f"int_{number:03}", release="rel_1", candidate="cand_a", arm="release", complete=complete, audit=audit,
        messages=(Message(role="user", content="x"),), created=(START + dt.timedelta(hours=number)).isoformat(),
    )  # fmt: skip


def review(subject: str, opinion: str, *, hour: int = 0, by: str = "anna") -> Judgement:
    return Judgement(
        id=new_id("jdg"), subject=subject, kind="review", value={"opinion": opinion}, by=by, trusted=True,
        created=(START + dt.timedelta(hours=hour)).isoformat(),
    )  # fmt: skip


def test_only_the_sample_counts_and_only_up_to_the_first_gap() -> None:
    """An expert who begins with the complaints must not make the model look worse than it is."""
    asked = [interaction(n, audit=n % 2 == 0) for n in range(12)]
    said = {one.id: one.id not in ("int_004",) for one in asked if one.id != "int_008"}
    assert judged(asked, said) == [True, True, False, True]


def test_cannot_judge_is_no_gap_and_no_opinion() -> None:
    asked = [interaction(n) for n in range(3)]
    assert judged(asked, opinions([review("int_000", "good"), review("int_001", "cannot_judge"),
                                   review("int_002", "fix")])) == [True, False]  # fmt: skip


def test_the_newest_opinion_counts_and_ratings_do_not() -> None:
    rating = Judgement(id="jdg_r", subject="int_002", kind="rating", value=-1, by="shop", created=START.isoformat())
    found = opinions([review("int_001", "fix", hour=2), review("int_001", "good", hour=1), rating])
    assert found == {"int_001": False}


def test_a_fall_is_found_and_a_steady_model_is_left_alone_however_often_one_looks() -> None:
    alarms = 0
    for seed in range(25):
        chance, good = random.Random(seed), list[bool]()
        for _ in range(150):
            good.append(chance.random() < 0.9)
            found = audited_quality(good, expected=0.9, margin=0.0)
            if found is not None and found.advice == "retrain":
                alarms += 1
                break
    assert alarms <= 4, "a level of 95 % errs on both sides in 5 % of all streams"
    chance = random.Random(0)
    fallen = audited_quality([chance.random() < 0.6 for _ in range(80)], expected=0.9, margin=0.02)
    assert fallen is not None and fallen.advice == "retrain" and "promised 90%" in fallen.sentence


def test_where_no_share_was_promised_a_turn_is_never_advised() -> None:
    """A text task's decision rests on, say, attributes included: 0.94 of them is not 94 % good texts."""
    some = audited_quality([n % 10 < 7 for n in range(200)], expected=None, margin=0.02)
    assert some is not None and some.advice == "healthy" and "promised no such share" in some.sentence
    assert (some.value, some.n) == (0.7, 200) and some.low is not None and 0.5 < some.low < 0.7
    few = audited_quality([n % 10 < 2 for n in range(200)], expected=None, margin=0.02)
    assert few is not None and few.advice == "look"
    promised = audited_quality([n % 10 < 7 for n in range(200)], expected=0.94, margin=0.02)
    assert promised is not None and promised.advice == "retrain" and "promised 94%" in promised.sentence


def test_too_few_say_nothing() -> None:
    assert audited_quality([False] * 9, expected=0.9, margin=0) is None
    arm = Arm([True] * 9, [True] * 49, [0.1] * 49)
    assert canary(arm, arm, margin=0.02, limit=None) == []


def arm(*, good: float = 0.9, came: float = 1.0, seconds: float = 0.1, n: int = 200) -> Arm:
    """An arm whose shares are exact."""
    judged_ = [k < good * n for k in range(n)]
    return Arm(judged_, [k < came * n for k in range(n)], [seconds * (1 + 0.5 * k / n) for k in range(n)])


@pytest.mark.parametrize(
    ("harmful", "name"),
    [
        (arm(good=0.5), "good answers"), (arm(came=0.8), "did not come"), (arm(seconds=0.5), "slow"),
    ],
)  # fmt: skip
def test_certain_harm_rolls_back(harmful: Arm, name: str) -> None:
    found = canary(harmful, arm(), margin=0.02, limit=None)
    assert [name in one.name for one in found if one.advice == "rollback"] == [True]


def test_an_equal_canary_stays() -> None:
    found = canary(arm(n=60), arm(n=500), margin=0.02, limit=None)
    assert len(found) == 3 and {one.advice for one in found} == {"healthy"}


def test_the_limit_of_the_settings_decides_what_is_slow() -> None:
    fast = arm(seconds=0.1)
    assert {one.advice for one in canary(fast, fast, margin=0, limit=0.05)} == {"healthy"}, "both are slow alike"
    found = canary(arm(seconds=0.2), arm(seconds=0.05), margin=0, limit=0.1)
    assert [one.name for one in found if one.advice == "rollback"] == ["canary: answers slower than 100 ms"]


def test_guardrails_leave_equal_arms_alone_however_often_one_looks() -> None:
    stopped = 0
    for seed in range(12):
        chance, own, other = random.Random(seed), list[bool](), list[bool]()
        for _ in range(12):
            own += [chance.random() < 0.97 for _ in range(25)]
            other += [chance.random() < 0.97 for _ in range(25)]
            found = canary(Arm([], own, []), Arm([], other, []), margin=0, limit=None)
            if any(one.advice == "rollback" for one in found):
                stopped += 1
                break
    assert stopped <= 1


def test_corrections_and_age() -> None:
    assert waiting(199, enough=200).advice == "healthy" and waiting(200, enough=200).advice == "retrain"
    assert age(29, every=30, corrections=5) is None
    due, nothing = age(30, every=30, corrections=5), age(30, every=30, corrections=0)
    assert due is not None and due.advice == "retrain"
    assert nothing is not None and nothing.advice == "look"
