import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from strop.measure.statistics.significance import as_low_by_chance, benjamini_hochberg, holm, mcnemar_exact, sign_flip


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (3, 0), (10, 4), (200, 150)])
def test_mcnemar_equals_statsmodels(gained: int, lost: int) -> None:
    theirs = mcnemar([[5, gained], [lost, 5]], exact=True).pvalue
    assert mcnemar_exact(gained, lost) == pytest.approx(theirs)


def test_sign_flip_equals_scipy_where_exact() -> None:
    differences = np.random.default_rng(0).normal(0.4, 1, size=11)
    theirs = stats.permutation_test(
        (differences, np.zeros(11)),
        lambda a, b, axis: (a - b).sum(axis),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert sign_flip(list(differences)) == pytest.approx(theirs.pvalue)


def test_a_draw_as_low_by_chance_equals_fisher_and_scipys_permutations() -> None:
    right, chosen = [0.0] * 6 + [1.0] * 20, [True] * 4 + [False] * 2 + [True] + [False] * 19
    fisher = stats.fisher_exact([[1, 4], [19, 2]], alternative="less").pvalue
    assert as_low_by_chance(right, chosen) == pytest.approx(fisher, abs=0.002)
    scores = np.random.default_rng(2).normal(size=30)
    inside = np.arange(30) < 9
    theirs = stats.permutation_test(
        (scores[inside], scores[~inside]), lambda a, b, axis: a.sum(axis), alternative="less", n_resamples=9_999,
        vectorized=True, random_state=np.random.default_rng(3),
    )  # fmt: skip
    assert as_low_by_chance(list(scores), list(inside)) == pytest.approx(theirs.pvalue, abs=0.03)
    assert as_low_by_chance([0.0, 1.0], [True, True]) == as_low_by_chance([0.0, 1.0], [False, False]) == 1.0


def test_sign_flip_is_near_t_for_many_and_never_zero() -> None:
    differences = np.random.default_rng(1).normal(0.15, 1, size=200)
    assert sign_flip(list(differences)) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    assert sign_flip([1.0] * 100, resamples=999) == pytest.approx(1 / 1000)
    assert sign_flip([0.0] * 20) == 1


def test_clusters_flip_together() -> None:
    differences = [1.0] * 40
    assert sign_flip(differences, clusters=[k // 10 for k in range(40)]) == pytest.approx(2 / 2**4)


@pytest.mark.parametrize(("ours", "name"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_corrections_equal_statsmodels(ours, name: str) -> None:
    p = [*np.random.default_rng(2).random(15) ** 3, 0.0, 1.0, 0.2, 0.2]
    assert ours(p) == pytest.approx(list(multipletests(p, method=name)[1]))
    assert ours([]) == []


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="p value"):
        holm([1.5])
    with pytest.raises(ValueError, match="no differences"):
        sign_flip([])
    with pytest.raises(ValueError, match="not possible"):
        mcnemar_exact(-1, 2)


def test_what_is_no_number_is_refused_and_no_evidence() -> None:
    nan = float("nan")
    with pytest.raises(ValueError, match="difference 0 is no finite number"):
        sign_flip([nan, 1.0, 2.0])
    with pytest.raises(ValueError, match="score 1 is no finite number"):
        as_low_by_chance([1.0, nan, 0.0], [True, False, False])
    with pytest.raises(ValueError, match="not possible"):
        mcnemar_exact(nan, 3)
