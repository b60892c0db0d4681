import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from strop.measure.statistics.agreement import cohen_kappa, gwet_ac1, krippendorff_alpha, krippendorff_interval

GAP = None
OBSERVERS = [  # Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example D
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]
UNITS = [list(unit) for unit in zip(*OBSERVERS, strict=True)]


@pytest.mark.parametrize(
    ("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_equals_the_published_example(scale, alpha: float) -> None:
    assert krippendorff_alpha(UNITS, scale=scale) == pytest.approx(alpha, abs=5e-4)


def test_alpha_has_an_interval() -> None:
    low, high = krippendorff_interval(UNITS * 5)
    assert low < krippendorff_alpha(UNITS * 5) < high < 1


def test_alpha_of_chance_and_of_perfect_agreement() -> None:
    rng = np.random.default_rng(0)
    assert krippendorff_alpha(rng.integers(0, 3, size=(4_000, 2)).tolist()) == pytest.approx(0, abs=0.03)
    assert krippendorff_alpha([["a", "a"], ["b", "b", None]]) == 1
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) == 1
    with pytest.raises(ValueError, match="no unit"):
        krippendorff_alpha([["a", None], ["b"]])


values = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@settings(max_examples=40)
@given(values)
def test_kappa_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    if len({*first, *second}) < 2:
        assert cohen_kappa(first, second) == 1
        return
    for weights in ("none", "linear", "quadratic"):
        theirs = cohen_kappa_score(first, second, weights=None if weights == "none" else weights)
        assert cohen_kappa(first, second, weights=weights) == pytest.approx(theirs)


def test_ac1_is_steady_where_a_value_is_rare() -> None:
    """Gwet (2002): 118 and 0 agreements, 5 and 2 disagreements."""
    first = ["+"] * 118 + ["+"] * 5 + ["-"] * 2
    second = ["+"] * 118 + ["-"] * 5 + ["+"] * 2
    assert cohen_kappa(first, second) == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(first, second) == pytest.approx(0.9408, abs=5e-5)
    assert gwet_ac1(["+"], ["+"]) == 1


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="1 values of the first"):
        cohen_kappa([1], [1, 2])


def test_no_number_is_no_value() -> None:
    nan = float("nan")
    assert krippendorff_alpha([[1.0, nan, 1.0], [2.0, 2.0], [1.0, 2.0], [nan, 1.0]], scale="interval") == (
        krippendorff_alpha([[1.0, 1.0], [2.0, 2.0], [1.0, 2.0]], scale="interval")
    )
