"""Taking a row out by subtraction equals counting without it; rows without a vote are spoken of and say nothing."""

import numpy as np
import pytest

from strop.measure import Ngrams, spoken_for

TEXTS = [
    "my card is blocked",
    "card blocked again",
    "refund is late",
    "the refund, late again",
    "my refund",
    "card late",
]
LABELS = [0, 0, 1, 1, 1, 0]


def counted(held: np.ndarray, labels: np.ndarray, row: int, among: list[int]) -> np.ndarray:
    """Log probability of a row's n-grams under each label, from the others among which it is looked for."""
    others = [other for other in among if other != row]
    said = []
    for label in range(2):
        counts = sum((held[other] for other in others if labels[other] == label), np.zeros(held.shape[1]))
        probability = (counts + 0.1) / (counts.sum() + 0.1 * held.shape[1])
        said.append(float(np.log(probability)[held[row] > 0].sum()))
    return np.array(said) / np.sqrt(max(1, held[row].sum()))


@pytest.mark.parametrize("voting", [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3]])
def test_equals_counting_without_each_row(voting: list[int]) -> None:
    texts, labels = Ngrams(TEXTS), np.array(LABELS)
    votes = np.isin(np.arange(len(TEXTS)), voting)
    found = spoken_for(texts, LABELS, votes)
    for view, said in zip(next(texts.chunks()), found, strict=True):
        held = (view.toarray() > 0).astype(float)
        for row in range(len(TEXTS)):
            assert said[row] == pytest.approx(counted(held, labels, row, voting))


def test_texts_beside_change_nothing_of_the_others() -> None:
    alone = Ngrams(TEXTS)
    both = Ngrams(TEXTS, ["card refund zebra zebra zebra", "zebra zebra"])
    assert len(both) == len(TEXTS) + 2
    for one, other in zip(next(alone.chunks()), next(both.chunks()), strict=True):
        assert one.toarray() == pytest.approx(other.toarray()[: len(TEXTS)])
    votes = np.arange(len(both)) < len(TEXTS)
    for one, other in zip(spoken_for(alone, LABELS), spoken_for(both, [*LABELS, 0, 1], votes), strict=True):
        assert one == pytest.approx(other[: len(TEXTS)])


def test_many_texts_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = spoken_for(Ngrams(TEXTS, TEXTS * 2), LABELS * 3)
    monkeypatch.setattr("strop.measure.ngrams._CHUNK", 5)
    in_parts = Ngrams(TEXTS, TEXTS * 2)
    for one, other in zip(whole, spoken_for(in_parts, LABELS * 3), strict=True):
        assert one == pytest.approx(other)
