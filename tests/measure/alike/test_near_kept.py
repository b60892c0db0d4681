"""Near duplicates of a collection that grows: as all of it compared at once, and no text's pairs hang on the others."""

from __future__ import annotations

import random

import numpy as np
import pytest

from strop.measure.alike.near import canonical_text, near_duplicates, signatures
from strop.measure.alike.near_kept import Collection, band_keys, collected, common_keys, part_of, signed_texts


def texts(count: int, seed: int = 0) -> list[str]:
    """Texts of one form, of which every fifth nearly repeats an earlier one."""
    rng = random.Random(seed)
    made: list[str] = []
    for number in range(count):
        if number % 5 == 4:
            made.append(f"hello, {rng.choice(made)} thanks")
        else:
            made.append(f"where is the {rng.randint(0, 10**9):x} that i ordered in {rng.randint(0, 10**9):x}?")
    return list(dict.fromkeys(canonical_text(text) for text in made))


def pairs_of(found: Collection | None) -> list[tuple[int, int, float]]:
    assert found is not None
    return sorted((i, j, s) for (i, j), s in zip(found.pairs.tolist(), found.similarity.tolist(), strict=True))


@pytest.mark.parametrize("threshold", [0.48, 0.8])
def test_what_is_added_is_found_as_if_all_had_come_at_once(threshold: float) -> None:
    every = texts(900)
    common = common_keys(signatures(every[:700], long=False), threshold)
    assert len(common) or threshold == 0.8  # else no band was made longer and the test shows nothing
    whole = collected(len(every), every.__getitem__, threshold, common, long=False, before=None)
    first = collected(700, every.__getitem__, threshold, common, long=False, before=None)
    assert first is not None
    seen: list[int] = []

    def text(number: int) -> str:
        seen.append(number)
        return every[number]

    then = collected(len(every), text, threshold, common, long=False, before=first)
    assert pairs_of(then) == pairs_of(whole)
    if threshold == 0.8:  # of the old ones only candidates are read
        assert len({number for number in seen if number < 700}) < 400
    assert [tuple(pair) for pair in near_duplicates(every, threshold=threshold)] == pairs_of(whole)


def test_of_no_texts_none_are_similar_and_the_first_ones_may_come_later() -> None:
    none = np.empty(0, dtype=np.uint64)
    empty = collected(0, [].__getitem__, 0.48, none, long=False, before=None)
    assert empty is not None and not len(empty.pairs)
    texts = ["one text that is there twice, but for a word", "one text that is there twice, but for words"]
    then = collected(2, texts.__getitem__, 0.48, none, long=False, before=empty)
    assert then is not None and then.pairs.tolist() == [[0, 1]]


def test_a_part_of_it_is_what_the_part_alone_gives() -> None:
    every = texts(600, seed=1)
    common = common_keys(signatures(every[:300], long=False), 0.48)
    whole = collected(len(every), every.__getitem__, 0.48, common, long=False, before=None)
    assert whole is not None
    chosen = np.array(random.Random(2).sample(range(len(every)), 400))
    part = [every[n] for n in chosen.tolist()]
    alone = collected(len(part), part.__getitem__, 0.48, common, long=False, before=None)
    assert pairs_of(part_of(whole, chosen)) == pairs_of(alone)


def test_a_band_that_many_share_is_made_longer_until_few_do() -> None:
    every = texts(900, seed=3)
    signed = signatures(every, long=False)
    common = common_keys(signed, 0.48)
    fullest = max(int(np.unique(keys, return_counts=True)[1].max()) for keys in band_keys(signed, 0.48, common))
    before = max(
        int(np.unique(keys, return_counts=True)[1].max())
        for keys in band_keys(signed, 0.48, np.empty(0, dtype=np.uint64))
    )
    assert fullest <= 64 < before


def test_where_too_many_share_all_nothing_is_said() -> None:
    every = [
        canonical_text(f"please send order {'a' * 150} {n:04d} to the office in the old town") for n in range(1200)
    ]
    none = np.empty(0, dtype=np.uint64)
    assert collected(len(every), every.__getitem__, 0.48, none, long=False, before=None) is None


def test_signatures_that_were_made_before_are_not_made_again() -> None:
    every = texts(300, seed=4)
    none = np.empty(0, dtype=np.uint64)
    seen: list[int] = []

    def text(number: int) -> str:
        seen.append(number)
        return every[number]

    first = signatures(every[:200], long=False)
    made = collected(len(every), text, 0.8, none, long=False, before=first)
    assert pairs_of(made) == pairs_of(collected(len(every), every.__getitem__, 0.8, none, long=False, before=None))
    assert seen[: len(every) - 200] == list(range(200, len(every)))


def test_of_texts_that_differ_in_their_digits_none_are_compared_where_that_is_asked() -> None:
    every = [canonical_text(f"order {n} of customer {n * 31 % 997} could not be delivered") for n in range(2_000)]
    every += [f"{text} today" for text in every[:50]]
    common = common_keys(signed_texts(every, long=False, by_figures=True), 0.5)
    found = collected(len(every), every.__getitem__, 0.5, common, long=False, before=None, by_figures=True)
    some = pairs_of(found)
    assert {(n, 2_000 + n) for n in range(50)} <= {pair[:2] for pair in some} and len(some) < 4_000
    assert (
        collected(len(every), every.__getitem__, 0.5, common, long=False, before=None) is None
    )  # too full to compare all
