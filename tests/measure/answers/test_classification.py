import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from strop.measure.answers.classification import accuracy, confusion, f1_by_label, macro_f1, matthews

labels = st.sampled_from(["a", "b", "c", "d"])
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=60)


@settings(max_examples=40)
@given(pairs)
def test_equal_to_scikit_learn(rows: list[tuple[str, str]]) -> None:
    gold, said = [g for g, _ in rows], [p for _, p in rows]
    names = sorted(set(gold))
    assert accuracy(gold, said) == pytest.approx(metrics.accuracy_score(gold, said))
    expected = metrics.f1_score(gold, said, labels=names, average="macro", zero_division=0)
    assert macro_f1(gold, said) == pytest.approx(expected)
    by_label = metrics.f1_score(gold, said, labels=["a", "b", "c", "d"], average=None, zero_division=0)
    assert list(f1_by_label(gold, said, ["a", "b", "c", "d"]).values()) == pytest.approx(list(by_label))
    if len({*gold, *said}) > 1:
        assert matthews(gold, said) == pytest.approx(metrics.matthews_corrcoef(gold, said))
    everything = confusion(gold, said, ["a", "b", "c", "d"])
    assert np.array_equal(everything[:, :4], metrics.confusion_matrix(gold, said, labels=["a", "b", "c", "d"]))
    assert everything[:, 4].sum() == 0


def test_no_valid_label_is_wrong_and_in_the_last_column() -> None:
    gold, said = ["a", "a", "b"], ["a", None, "z"]
    assert accuracy(gold, said) == pytest.approx(1 / 3)
    assert confusion(gold, said).tolist() == [[1, 0, 1], [0, 0, 1]]
    assert macro_f1(gold, said) == pytest.approx((2 / 3 + 0) / 2)
    assert matthews(gold, said) == pytest.approx(metrics.matthews_corrcoef(gold, ["a", "none", "z"]))


def test_the_common_class_alone_scores_low() -> None:
    gold = ["common"] * 90 + ["rare"] * 10
    assert accuracy(gold, ["common"] * 100) == 0.9
    assert macro_f1(gold, ["common"] * 100) < 0.48
    assert matthews(gold, ["common"] * 100) == 0


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="2 gold labels, 1 predictions"):
        accuracy(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="no labels"):
        macro_f1([], [])
    with pytest.raises(ValueError, match="outside"):
        confusion(["a", "q"], ["a", "a"], ["a"])
