"""Taking a row out by subtraction equals counting without it; rows without a vote are spoken of and say nothing."""

import numpy as np
import pytest

from strop.measure import Ngrams, spoken_for
from strop.measure.rows.naive_bayes import spoken_for_and_by, spoken_of
from strop.measure.rows.ngrams import weighed

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
    monkeypatch.setattr("strop.measure.rows.ngrams._CHUNK", 5)
    in_parts = Ngrams(TEXTS, TEXTS * 2)
    for one, other in zip(whole, spoken_for(in_parts, LABELS * 3), strict=True):
        assert one == pytest.approx(other)


def test_a_further_row_is_told_of_alone_as_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = Ngrams(TEXTS)
    further = ["card refund again", "zebra", *TEXTS, "", "my card"]
    found, speakers = spoken_for_and_by(texts, LABELS)
    for place, told in enumerate(speakers):
        together = spoken_of(weighed(texts.vocabularies, further)[place], told)
        assert (together[[1, -2]] == 0).all()
        monkeypatch.setattr("strop.measure.rows.naive_bayes._AT_ONCE", 3)
        assert np.array_equal(spoken_of(weighed(texts.vocabularies, further)[place], told), together)
        for row, text in enumerate(further):
            alone = spoken_of(weighed(texts.vocabularies, [text])[place], told)
            assert np.array_equal(alone[0], together[row])
        # Of a label that is not a row's own, it says what the row says when it is one of those that speak.
        for row, label in enumerate(LABELS):
            assert together[2 + row][1 - label] == pytest.approx(found[place][row][1 - label])


def test_texts_that_share_nothing_say_nothing() -> None:
    texts = [chr(0x4E00 + 37 * number) * 2 for number in range(30)]
    said, speakers = spoken_for_and_by(Ngrams([*texts, "!?", "!!"]), [number % 2 for number in range(32)])
    assert all(np.isfinite(view).all() for view in said)
    assert all(np.isfinite(one.logs_of_all).all() for one in speakers)
    assert not any(view[:30].any() for view in said)
