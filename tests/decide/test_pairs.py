"""Blind pairs: nobody who judges can tell whose answer is whose, and whoever has the key always can."""

from __future__ import annotations

from scipy import stats

from strop.decide import draw, won
from strop.decide.pairs import Opinion
from strop.decide.people import tally
from strop.records import ItemResult

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
REPORTS = ("rep_own", "rep_other")


def answers(word: str, count: int = 400) -> list[ItemResult]:
    return [ItemResult(example=f"ex_{n}", answer=f"{word} {n}") for n in range(count)]


def test_an_item_that_both_answer_alike_is_no_pair() -> None:
    own, other = answers("own", 10), answers("other", 10)
    other[3] = other[3].model_copy(update={"answer": " own 3\n"})
    assert {pair.example for pair in draw(own, other, reports=REPORTS, key=KEY)} == {f"ex_{n}" for n in range(10)} - {
        "ex_3"
    }
    assert draw(own, other[:2], reports=REPORTS, key=KEY)[0].example in {"ex_0", "ex_1"}


def test_the_key_tells_whose_is_whose_and_nothing_else_does() -> None:
    pairs = draw(answers("own"), answers("other"), reports=REPORTS, key=KEY)
    left = [pair.left.startswith("own") for pair in pairs]
    for pair, own_is_left in zip(pairs, left, strict=True):
        assert won(pair.id, "left", key=KEY) == float(own_is_left)
        assert won(pair.id, "right", key=KEY) == float(not own_is_left)
        assert won(pair.id, "same", key=KEY) == 0.5
        assert won(pair.id, "cannot_judge", key=KEY) is None
    assert stats.binomtest(sum(left), len(left)).pvalue > 1e-3
    # Neither the place in the order nor any digit of the id gives the side away.
    halves = [[sum(left[:200]), 200 - sum(left[:200])], [sum(left[200:]), 200 - sum(left[200:])]]
    assert stats.fisher_exact(halves).pvalue > 1e-3
    for digit in range(5, 25):
        odd = [int(pair.id[digit], 16) % 2 == 1 for pair in pairs]
        table = [[sum(o == a and s == b for o, s in zip(odd, left, strict=True)) for a in (0, 1)] for b in (0, 1)]
        assert stats.fisher_exact(table).pvalue > 1e-4


def test_the_order_is_that_of_the_key_and_the_same_every_time() -> None:
    def order(key: bytes) -> list[str]:
        return [pair.example for pair in draw(answers("own"), answers("other"), reports=REPORTS, key=key)]

    assert order(KEY) == order(KEY) != order(OTHER_KEY)
    assert order(KEY) != sorted(order(KEY))


def test_a_pair_that_several_judged_counts_once_in_the_sign_test() -> None:
    once = [Opinion(f"pair_{n}", "ada", float(n < 5)) for n in range(6)]
    again = [Opinion(one.pair, by, one.won) for one in once for by in ("ben", "cy")]
    for opinions in (once, [*once, *again]):
        assert "won: 5 won, 0 even, 1 lost" in tally(opinions) and "sign test p = 0.22" in tally(opinions)
    assert "won: 5 won, 1 even, 0 lost" in tally([*once, Opinion("pair_5", "ben", 1.0)])
