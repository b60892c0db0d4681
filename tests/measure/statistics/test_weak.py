"""Groups that do worse are found, groups that do not are seldom named, and one finding is named once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from strop.measure import beside, weak_groups
from strop.records import How, ItemResult, MeasureSpec


def test_a_planted_weak_group_is_found_with_its_numbers() -> None:
    rng = np.random.default_rng(1)
    groups = {f"chance {k}": rng.random(400) < 0.2 for k in range(60)} | {"bad": rng.random(400) < 0.15}
    scores = (rng.random(400) < np.where(groups["bad"], 0.4, 0.9)).astype(float)
    first, *others = weak_groups(scores.tolist(), groups)
    assert (first.name, first.n) == ("bad", int(groups["bad"].sum()))
    assert first.value == pytest.approx(scores[groups["bad"]].mean())
    assert first.rest == pytest.approx(scores[~groups["bad"]].mean())
    low, high = stats.ttest_ind(scores[groups["bad"]], scores[~groups["bad"]], equal_var=False).confidence_interval()
    assert (first.low, first.high) == pytest.approx((low, high))
    assert len(others) <= 3


@pytest.mark.parametrize("binary", [True, False])
def test_where_nothing_is_weak_something_is_named_in_one_of_ten_looks_at_most(binary: bool) -> None:
    rng = np.random.default_rng(2)
    named = 0
    for _ in range(300):
        scores = (rng.random(150) < 0.8).astype(float) if binary else rng.beta(5, 2, 150)
        groups = {str(k): rng.random(150) < rng.uniform(0.1, 0.5) for k in range(25)}
        named += bool(weak_groups(scores.tolist(), groups))
    assert named <= stats.binom.ppf(0.999, 300, 0.1)


def test_the_adjustment_is_statsmodels_own() -> None:
    rng = np.random.default_rng(3)
    groups = {str(k): rng.random(200) < 0.3 for k in range(12)}
    scores = (rng.random(200) < np.where(groups["0"] | groups["1"], 0.5, 0.9)).astype(float)
    raw = [
        stats.fisher_exact(
            [[scores[g].sum(), (1 - scores[g]).sum()], [scores[~g].sum(), (1 - scores[~g]).sum()]], alternative="less"
        ).pvalue
        for g in groups.values()
    ]
    wanted = dict(zip(groups, multipletests(raw, method="fdr_bh")[1], strict=True))
    found = weak_groups(scores.tolist(), groups)
    assert {one.name for one in found} >= {"0", "1"}
    assert all(one.p == pytest.approx(wanted[one.name]) for one in found)


def test_copies_of_one_document_are_one_observation() -> None:
    """Groups of whole documents, eight items each with one fate: item by item, chance would be named in most looks."""
    rng, looks, named, naive = np.random.default_rng(4), 150, 0, 0
    for _ in range(looks):
        documents = np.repeat(np.arange(30), 8)
        scores = np.repeat((rng.random(30) < 0.7).astype(float), 8).tolist()
        groups = {str(k): np.repeat(rng.random(30) < 0.4, 8) for k in range(6)}
        named += bool(weak_groups(scores, groups, clusters=documents.tolist()))
        naive += bool(weak_groups(scores, groups))
    assert named <= 0.2 * looks
    assert naive >= 0.6 * looks


def test_clusters_of_one_item_each_change_nothing() -> None:
    rng = np.random.default_rng(5)
    groups = {str(k): rng.random(200) < 0.3 for k in range(4)}
    scores = (rng.random(200) < np.where(groups["0"], 0.4, 0.9)).astype(float).tolist()
    alone = weak_groups(scores, groups)
    assert alone and weak_groups(scores, groups, clusters=[f"user {n}" for n in range(200)]) == alone
    assert weak_groups(scores, groups, clusters=[None] * 200) == alone


def test_a_group_says_in_how_many_documents_its_items_are() -> None:
    inside = np.arange(200) < 40
    scores = np.where(inside, 0.0, 1.0).tolist()
    (found,) = weak_groups(scores, {"a": inside}, clusters=[f"document {n // 2}" for n in range(200)])
    assert (found.n, found.clusters) == (40, 20)
    (found,) = weak_groups(scores, {"a": inside})
    assert (found.n, found.clusters) == (40, 40)


def test_a_group_that_is_one_document_is_never_certain() -> None:
    inside = np.arange(200) < 40
    scores = np.where(inside, 0.0, 1.0).tolist()
    clusters = ["one" if n < 40 else f"other {n}" for n in range(200)]
    assert weak_groups(scores, {"a": inside}, clusters=clusters) == []


def test_groups_of_nearly_the_same_items_are_one_finding() -> None:
    inside = np.arange(200) < 40
    nearly = np.arange(200) < 41
    scores = np.where(inside, 0.0, 1.0).tolist()
    assert [one.name for one in weak_groups(scores, {"a": inside, "b": nearly, "few": np.arange(200) < 5})] == ["a"]


def test_a_group_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="one entry an item"):
        weak_groups([1.0, 0.0], {"a": np.array([True])})


@given(st.lists(st.floats(0, 1), min_size=20, max_size=60), st.integers(0, 2**32 - 1))
def test_whatever_comes_is_named_only_where_it_is_worse(scores: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = {str(k): rng.random(len(scores)) < 0.5 for k in range(4)} | {"all": np.ones(len(scores), dtype=bool)}
    for one in weak_groups(scores, groups, level=0.5):
        assert one.value < one.rest and one.name != "all"


def spec(how: How, name: str = "") -> MeasureSpec:
    return MeasureSpec(name=name or how, how=how, primary=True)


def labelled(pairs: str, start: int = 0) -> list[ItemResult]:
    """Items by gold and picked label: ``aa ab``."""
    return [
        ItemResult(example=f"ex_{start + n}", answer=said, gold=gold, label=said)
        for n, (gold, said) in enumerate(pairs.split())
    ]


def test_a_part_is_told_by_the_measure_itself_where_it_calls_the_part_worse() -> None:
    part, rest = labelled("aa ab ba bb"), labelled("aa aa bb bb", 4)
    assert beside(spec("macro_f1"), part, rest) == ("macro F1", pytest.approx(0.5), pytest.approx(1.0))


def test_what_stands_in_is_named_where_the_measure_says_otherwise_or_nothing() -> None:
    # More are right elsewhere, but macro F1 is lower there: of one label none is.
    part, rest = labelled("aa aa ab bb ba"), labelled("aa aa aa aa ba", 5)
    assert beside(spec("macro_f1"), part, rest) == ("accuracy", pytest.approx(0.6), pytest.approx(0.8))
    one_label = labelled("aa ab ab")
    assert beside(spec("macro_f1"), one_label, labelled("aa bb bb", 5)) == ("accuracy", pytest.approx(1 / 3), 1.0)


def test_counts_are_told_by_their_own_f1_and_a_mean_by_itself() -> None:
    def counted(*scores: tuple[float, float, float]) -> list[ItemResult]:
        return [ItemResult(example=f"ex_{n}", answer="", scores={"entity_f1": s}) for n, s in enumerate(scores)]

    part, rest = counted((1, 1, 1), (0, 2, 2)), counted((3, 0, 0), (4, 1, 1))
    assert beside(spec("micro_f1", "entity_f1"), part, rest) == ("entity F1", pytest.approx(0.25), pytest.approx(0.875))
    empty = counted((0, 0, 0), (0, 0, 0), (0, 1, 0))[:3]
    told = beside(spec("micro_f1", "entity_f1"), empty, rest)  # nothing is to be found: two were right to say nothing
    assert (told.name, told.value) == ("entity F1 of an item", pytest.approx(2 / 3))
