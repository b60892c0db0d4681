"""Matthews, calibration error, area under risk and coverage, BLEU: against libraries and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu
from sklearn import metrics

from strop.measure.answers.calibration import ece, risk_coverage
from strop.measure.answers.classification import matthews
from strop.measure.answers.overlap import bleu, bleu_counts
from strop.measure.items.gathered import LEVELS
from strop.measure.items.results import aggregate, estimate, paired
from strop.records import ItemResult, MeasureSpec

MATTHEWS = MeasureSpec(name="matthews", how="matthews")
ECE = MeasureSpec(name="ece", how="ece", higher_is_better=False)
AURC = MeasureSpec(name="aurc", how="aurc", higher_is_better=False)
BLEU = MeasureSpec(name="bleu", how="bleu")


def labelled(seed: int, n: int = 120, *, accuracy: float = 0.8, told: bool = True) -> list[ItemResult]:
    """Items of four labels; the wrong ones are less sure."""
    rng = np.random.default_rng(seed)
    items = []
    for k in range(n):
        gold = str(k % 4)
        label = gold if rng.random() < accuracy else str(rng.integers(0, 4))
        sure = float(rng.uniform(0.5 if label == gold else 0.3, 1))
        shares = {label: sure, "other": 1 - sure} if told else {}
        items.append(ItemResult(example=f"e{k}", answer=label, gold=gold, label=label, probabilities=shares))
    return items


def columns(items: list[ItemResult]) -> tuple[list[str], list[str], list[bool], list[float]]:
    gold, label = [i.gold or "" for i in items], [i.label or "" for i in items]
    sure = [max(i.probabilities.values(), default=0) for i in items]
    return gold, label, [g == p for g, p in zip(gold, label, strict=True)], sure


def worded(answers: list[str], references: list[list[str]]) -> list[ItemResult]:
    pairs = zip(answers, references, strict=True)
    return [
        ItemResult(example=f"e{k}", answer=a, scores={"bleu": bleu_counts(a, known)})
        for k, (a, known) in enumerate(pairs)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_matthews_equals_scikit_learn(seed: int) -> None:
    items = labelled(seed)
    gold, label, _, _ = columns(items)
    assert aggregate(MATTHEWS, items) == pytest.approx(metrics.matthews_corrcoef(gold, label))


def test_no_label_is_a_class_of_its_own_and_a_constant_side_says_nothing() -> None:
    items = labelled(0)
    silent = [i.model_copy(update={"label": None}) if k % 7 == 0 else i for k, i in enumerate(items)]
    assert aggregate(MATTHEWS, silent) == pytest.approx(matthews([i.gold for i in silent], [i.label for i in silent]))
    assert aggregate(MATTHEWS, [i.model_copy(update={"label": "0"}) for i in items]) == 0
    turned = [i.model_copy(update={"gold": g, "label": p}) for i, g, p in zip(items, "ab" * 60, "ba" * 60, strict=True)]
    assert estimate(MATTHEWS, turned).value == pytest.approx(-1)
    assert estimate(MATTHEWS, turned).low == -1


def test_calibration_error_equals_the_plain_function() -> None:
    items = labelled(1)
    _, _, right, sure = columns(items)
    assert aggregate(ECE, items) == pytest.approx(ece(right, sure))


def test_the_area_is_the_mean_risk_of_the_surest_answers() -> None:
    items = labelled(2)
    _, _, right, sure = columns(items)
    order = np.argsort(-np.array(sure))
    wrong = 1 - np.array(right, dtype=float)[order]
    by_hand = float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())
    assert aggregate(AURC, items) == pytest.approx(by_hand)
    curve = risk_coverage(right, sure)
    assert aggregate(AURC, items) == pytest.approx(float(np.diff(curve.coverage, prepend=0) @ curve.risk))
    several = labelled(2, n=4 * LEVELS)
    _, _, right, sure = columns(several)
    curve = risk_coverage(right, sure)
    assert aggregate(AURC, several) == pytest.approx(float(np.diff(curve.coverage, prepend=0) @ curve.risk), abs=2e-3)


def test_bleu_of_items_is_that_of_the_corpus() -> None:
    answers = ["the cat sat on the mat today", "a small dog", "it rains in the city now", ""]
    references = [["the cat sat on a mat today", "one cat sat"], ["a small dog barks"], ["it rains in town now"], ["x"]]
    theirs = sacrebleu.corpus_bleu(answers, [[r[0] for r in references], [r[-1] for r in references]], force=True)
    assert aggregate(BLEU, worded(answers, references)) == pytest.approx(theirs.score / 100)
    assert aggregate(BLEU, worded(answers, references)) == pytest.approx(bleu(answers, references))
    assert bleu([], []) == 0


@pytest.mark.parametrize("spec", [MATTHEWS, ECE, AURC], ids=lambda spec: spec.name)
def test_intervals_hold_their_value_and_narrow_with_items(spec: MeasureSpec) -> None:
    few, many = estimate(spec, labelled(3, n=60)), estimate(spec, labelled(3, n=960))
    for found in (few, many):
        assert found.low < found.value < found.high
        assert found.method == "influence"
    assert many.high - many.low < (few.high - few.low) / 2
    assert estimate(spec, labelled(3, n=60)) == few


@pytest.mark.parametrize("spec", [MATTHEWS, AURC], ids=lambda spec: spec.name)
def test_a_certain_difference_is_seen_and_positive_means_better(spec: MeasureSpec) -> None:
    good, bad = labelled(4, n=400, accuracy=0.95), labelled(4, n=400, accuracy=0.5)
    difference = paired(spec, good, bad)
    assert difference.low > 0
    assert paired(spec, bad, good).value == pytest.approx(-difference.value)
    same = paired(spec, good, good)
    assert same.low < 0 < same.high


def test_bleu_has_an_interval_and_a_difference() -> None:
    reference = "the tent has room for two people and weighs two kilograms"
    good = worded([reference] * 20 + ["a tent"] * 10, [[reference]] * 30)
    bad = worded(["a tent for two people and weighs"] * 30, [[reference]] * 30)
    found = estimate(BLEU, good)
    assert 0 < found.low < found.value < found.high <= 1
    assert paired(BLEU, good, bad).low > 0
    perfect = estimate(BLEU, worded([reference] * 30, [[reference]] * 30))
    assert (perfect.value, perfect.high) == (pytest.approx(1), pytest.approx(1))
    assert perfect.low < 0.97


def test_items_without_probabilities_have_no_calibration() -> None:
    with pytest.raises(ValueError, match="none of 120"):
        aggregate(ECE, labelled(5, told=False))
    with pytest.raises(ValueError, match="needs 10 number"):
        aggregate(BLEU, [ItemResult(example="e", answer="", scores={"bleu": 0.5})])
