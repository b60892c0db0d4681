import numpy as np
import pytest
from sklearn import metrics

from strop.measure.items.results import aggregate, estimate, paired
from strop.measure.statistics.bounded import score_interval
from strop.measure.statistics.intervals import clopper_pearson, mean_interval
from strop.records import ItemResult, MeasureSpec

RIGHT = MeasureSpec(name="right", how="mean")
MACRO = MeasureSpec(name="macro_f1", how="macro_f1")
SPANS = MeasureSpec(name="entity_f1", how="micro_f1")


def scored(values, *, name: str = "right", clusters=None) -> list[ItemResult]:
    return [
        ItemResult(example=f"e{k}", answer="", scores={name: value}, cluster=clusters[k] if clusters else None)
        for k, value in enumerate(values)
    ]


def labelled(gold, said) -> list[ItemResult]:
    """Built without validation, which would take most of a simulation's time."""
    pairs = zip(gold, said, strict=True)
    return [
        ItemResult.model_construct(example=f"e{k}", gold=g, label=p, cluster=None) for k, (g, p) in enumerate(pairs)
    ]


def draw(rng: np.random.Generator, n: int, accuracy: float, labels: int = 15) -> tuple[list[str], list[str]]:
    gold = [f"l{k % labels}" for k in range(n)]
    other = [f"l{k}" for k in rng.integers(0, labels, n)]
    return gold, [g if hit else o for g, o, hit in zip(gold, other, rng.random(n) < accuracy, strict=True)]


def test_shares_get_the_exact_interval() -> None:
    for right in (70, 97, 100):
        result = estimate(RIGHT, scored([1.0] * right + [0.0] * (100 - right)))
        assert (result.low, result.high) == clopper_pearson(right, 100)
        assert (result.method, result.n) == ("clopper-pearson", 100)


def test_scores_within_bounds_get_the_score_interval_and_others_t() -> None:
    values = list(np.random.default_rng(0).random(30))
    result = estimate(RIGHT, scored(values), level=0.9)
    assert (result.low, result.high) == score_interval(values, level=0.9)
    assert (result.level, result.method) == (0.9, "score")
    seconds = [10 * value for value in values]
    slow = estimate(RIGHT, scored(seconds))
    assert (slow.low, slow.high) == mean_interval(seconds)
    assert slow.method == "t"


def test_what_never_varies_is_not_certain() -> None:
    everything = estimate(RIGHT, scored([1.0] * 12))
    assert everything.low < 0.8
    half = estimate(RIGHT, scored([0.5] * 12))
    assert half.low < 0.35 < 0.65 < half.high
    perfect = estimate(MACRO, labelled(["a", "b"] * 6, ["a", "b"] * 6))
    assert (perfect.value, perfect.high) == (1, 1)
    assert perfect.low < 0.8
    same = scored([0.5] * 12)
    assert paired(RIGHT, same, same).low < -0.2
    twins = labelled(["a", "b"] * 6, ["a", "a"] * 6)
    assert paired(MACRO, twins, twins).low < -0.2


def test_clusters_widen() -> None:
    rng = np.random.default_rng(1)
    documents = [f"d{k // 10}" for k in range(200)]
    right = [float(x) for x in np.repeat(rng.random(20) < 0.7, 10)]
    alone, together = estimate(RIGHT, scored(right)), estimate(RIGHT, scored(right, clusters=documents))
    assert together.n == 20
    assert together.method == "score, clustered"
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_f1s_equal_scikit_learn() -> None:
    gold, said = draw(np.random.default_rng(2), 300, 0.8)
    result = estimate(MACRO, labelled(gold, said))
    assert result.value == pytest.approx(metrics.f1_score(gold, said, average="macro"))
    assert result.low < result.value < result.high
    assert aggregate(MACRO, labelled(gold, said)) == result.value
    assert result.method == "influence"


def test_micro_f1_sums_before_it_divides() -> None:
    items = scored([(2.0, 0.0, 1.0), (0.0, 3.0, 1.0), (0.0, 0.0, 0.0)], name="entity_f1")
    assert aggregate(SPANS, items) == pytest.approx(2 * 2 / (4 + 3 + 2))
    assert aggregate(SPANS, scored([(0.0, 0.0, 0.0)], name="entity_f1")) == 1


def test_paired_is_positive_when_the_first_is_better() -> None:
    good, bad = scored([1.0] * 8 + [0.0] * 2), scored([1.0] * 4 + [0.0] * 6)
    better = paired(RIGHT, good, bad)
    assert better.value == pytest.approx(0.4)
    assert (better.low, better.high) == score_interval([1] * 4 + [0] * 6, low=-1, high=1)
    assert paired(RIGHT, bad, good).value == pytest.approx(-0.4)
    errors = RIGHT.model_copy(update={"higher_is_better": False})
    flipped = paired(errors, good, bad)
    assert (flipped.value, flipped.low) == pytest.approx((-0.4, -better.high))


def test_paired_matches_by_example_in_any_order() -> None:
    values = [0.1, 0.9, 0.3, 0.7]
    a = scored(values)
    b = [item.model_copy(update={"scores": {"right": item.scores["right"] - 0.1}}) for item in reversed(a)]
    result = paired(RIGHT, a, [*b, ItemResult(example="other", answer="", scores={"right": 1.0})])
    assert (result.value, result.n) == (pytest.approx(0.1), 4)
    assert result.low < 0 < 0.1 < result.high


def test_paired_f1_sees_both_together() -> None:
    gold, said = draw(np.random.default_rng(3), 400, 0.8)
    worse = [p if k % 20 else "l0" for k, p in enumerate(said)]
    difference = paired(MACRO, labelled(gold, said), labelled(gold, worse))
    expected = metrics.f1_score(gold, said, average="macro") - metrics.f1_score(gold, worse, average="macro")
    assert difference.value == pytest.approx(expected)
    alone = estimate(MACRO, labelled(gold, said))
    assert difference.high - difference.low < 0.7 * (alone.high - alone.low)


def test_what_is_missing_is_an_error() -> None:
    items = scored([1.0])
    with pytest.raises(ValueError, match="none of 1 items"):
        estimate(SPANS, items)
    with pytest.raises(ValueError, match="in common"):
        paired(RIGHT, items, [ItemResult(example="x", answer="", scores={"right": 1.0})])
    with pytest.raises(ValueError, match="twice"):
        paired(RIGHT, items * 2, items)
    with pytest.raises(ValueError, match="e0 is not a finite"):
        aggregate(RIGHT, scored([float("nan")]))
    with pytest.raises(ValueError, match="needs 3 number"):
        aggregate(SPANS, scored([0.5], name="entity_f1"))
    with pytest.raises(ValueError, match="two different gold"):
        paired(MACRO, labelled(["a"], ["a"]), labelled(["b"], ["a"]))


def test_fourteen_hundred_items_of_fifteen_labels_give_the_same_twice() -> None:
    rng = np.random.default_rng(4)
    gold, said = draw(rng, 1400, 0.9)
    _, other = draw(rng, 1400, 0.85)
    result = paired(MACRO, labelled(gold, said), labelled(gold, other))
    assert result.low > 0
    assert paired(MACRO, labelled(gold, said), labelled(gold, other)) == result


SHARES = np.array([0.3, 0.2, 0.15, 0.1, 0.1, 0.07, 0.05, 0.03])


def _linked(rng: np.random.Generator, n: int, accuracies: tuple[float, float]) -> list[list[ItemResult]]:
    """Two candidates on the same 8 unevenly common labels, mostly right and wrong together."""
    gold, wrong = rng.choice(8, n, p=SHARES), rng.choice(8, n)
    first = rng.random(n)
    luck = (first, np.where(rng.random(n) < 0.8, first, rng.random(n)))
    names = gold.astype(str).tolist()
    return [
        labelled(names, np.where(u < accuracy, gold, wrong).astype(str).tolist())
        for accuracy, u in zip(accuracies, luck, strict=True)
    ]


def _true_macro_f1(accuracy: float) -> float:
    right, said = SHARES * (accuracy + (1 - accuracy) / 8), SHARES * accuracy + (1 - accuracy) / 8
    return float((2 * right / (SHARES + said)).mean())


@pytest.mark.slow
def test_at_the_margin_a_candidate_passes_at_most_alpha_of_the_time() -> None:
    """The macro F1 of the first lies exactly one margin below the second's."""
    rng = np.random.default_rng(6)
    margin = _true_macro_f1(0.9) - _true_macro_f1(0.85)
    passed = sum(paired(MACRO, *_linked(rng, 150, (0.85, 0.9)), level=0.9).low > -margin for _ in range(300))
    assert passed / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
def test_at_the_margin_entity_f1_passes_at_most_alpha() -> None:
    """Two extractors that differ on one document in five; the first is worse there by exactly the margin."""
    rng = np.random.default_rng(8)

    def documents(n: int) -> tuple[np.ndarray, np.ndarray]:
        there = rng.integers(0, 7, n)
        hits = rng.binomial(there, 0.85)
        second = np.column_stack([hits, rng.poisson(0.3, n), there - hits]).astype(float)
        first, other = second.copy(), rng.random(n) < 0.2
        hits = rng.binomial(there[other], 0.7)
        first[other] = np.column_stack([hits, rng.poisson(0.4, other.sum()), there[other] - hits])
        return first, second

    sums = [side.sum(axis=0) for side in documents(2_000_000)]
    scores = [2 * s[0] / (2 * s[0] + s[1] + s[2]) for s in sums]
    margin = scores[1] - scores[0]
    passed = 0
    for _ in range(300):
        pair = [scored([tuple(row) for row in side], name="entity_f1") for side in documents(100)]
        passed += paired(SPANS, *pair, level=0.9).low > -margin
    assert passed / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
def test_entity_f1_covers() -> None:
    """Micro F1 of documents with 0 to 5 entities each, some of which share their fate."""
    rng = np.random.default_rng(7)

    def documents(n: int) -> np.ndarray:
        there = rng.integers(0, 6, n)
        hits = rng.binomial(there, rng.beta(8, 2, n))
        return np.column_stack([hits, rng.poisson(0.4, n), there - hits]).astype(float)

    total = documents(1_000_000).sum(axis=0)
    truth = 2 * total[0] / (2 * total[0] + total[1] + total[2])
    missed = 0
    for _ in range(300):
        result = estimate(SPANS, scored([tuple(row) for row in documents(80)], name="entity_f1"))
        missed += not result.low <= truth <= result.high
    assert missed / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_a_brier_score_has_an_interval_within_its_range() -> None:
    """Its scores go up to 2. Student's t went below 0; where none exceeded 1, the upper end allowed for 1 only."""
    spec = MeasureSpec(name="brier", how="mean", higher_is_better=False)

    def items(scores: list[float]) -> list[ItemResult]:
        return [ItemResult(example=f"e{n}", answer="", scores={"brier": score}) for n, score in enumerate(scores)]

    worst_once = [0.0] * 29 + [1.9]
    assert mean_interval(worst_once).low < 0 < estimate(spec, items(worst_once)).low
    sure = estimate(spec, items([0.0] * 30))
    assert (sure.low, sure.high) == tuple(score_interval([0.0] * 30, high=2.0)) and sure.method == "score"
    gap = paired(spec, items(worst_once), items([0.5] * 30))
    assert gap.value == pytest.approx(0.5 - 1.9 / 30) and -2 <= gap.low < gap.value < gap.high <= 2
    assert tuple(score_interval([0.5] * 29 + [-1.4], low=-2.0, high=2.0)) == (gap.low, gap.high)
