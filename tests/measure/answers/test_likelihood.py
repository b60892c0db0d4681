import itertools

import numpy as np
import pytest
from scipy import stats

from strop.measure.answers.likelihood import bits_per_byte, divergence, pass_at_k


def test_bits_per_byte() -> None:
    assert bits_per_byte(8 * np.log(2) * 10, 10) == pytest.approx(8)
    with pytest.raises(ValueError, match="empty"):
        bits_per_byte(1.0, 0)


def test_divergence_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(20))
    assert divergence(np.log(p), np.log(q) + 3) == pytest.approx(stats.entropy(p, q))
    assert divergence(np.log(p), np.log(p)) == 0
    with pytest.raises(ValueError, match="options"):
        divergence([0.0], [0.0, 0.0])


def test_pass_at_k_counts_all_choices() -> None:
    outcomes = [True] * 3 + [False] * 4
    for k in (1, 2, 5, 7):
        choices = list(itertools.combinations(outcomes, k))
        assert pass_at_k(7, 3, k) == pytest.approx(sum(any(choice) for choice in choices) / len(choices))
    with pytest.raises(ValueError, match="pass@8"):
        pass_at_k(7, 3, 8)
