import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.measure.alike import near
from strop.measure.alike.near import band_rows, is_in, near_duplicates, shingles

VOCABULARY = [f"{a}{b}{c}" for a in ("ba", "ke", "li", "mo") for b in ("run", "set", "tol", "wer") for c in "aeiou"]


def sentence(rng: np.random.Generator, words: int) -> str:
    return " ".join(rng.choice(VOCABULARY, size=words))


def changed(rng: np.random.Generator, text: str, words: int) -> str:
    parts = text.split()
    for place in rng.choice(len(parts), size=words, replace=False):
        parts[place] = str(rng.choice(VOCABULARY))
    return " ".join(parts)


def jaccard(a: str, b: str) -> float:
    x, y = shingles(a), shingles(b)
    return len(x & y) / len(x | y)


@pytest.mark.parametrize("words", [12, 260])
def test_finds_planted_pairs_and_nothing_else(words: int) -> None:
    rng = np.random.default_rng(words)
    texts = [sentence(rng, words) for _ in range(300)]
    texts += [changed(rng, text, max(1, words // 40)) for text in texts[:150]]
    found = {(p.i, p.j): p.similarity for p in near_duplicates(texts, threshold=0.7)}
    truth = {(i, j): s for i in range(450) for j in [i + 300] if j < 450 and (s := jaccard(texts[i], texts[j])) >= 0.7}
    assert len(truth) > 100
    assert len(set(truth) & set(found)) >= 0.99 * len(truth)
    for (i, j), similarity in found.items():
        assert similarity == pytest.approx(jaccard(texts[i], texts[j]))
        assert similarity >= 0.7


@settings(max_examples=40)
@given(st.lists(st.text(alphabet="ab ", max_size=14), max_size=8), st.sampled_from([0.5, 0.8, 1.0]))
def test_small_collections_equal_brute_force(texts: list[str], threshold: float) -> None:
    found = near_duplicates(texts, threshold=threshold)
    repeats = {
        j
        for j in range(len(texts))
        for i in range(j)
        if shingles(texts[i]) and shingles(texts[j]) and jaccard(texts[i], texts[j]) >= threshold
    }
    for pair in found:
        assert pair.i < pair.j
        assert pair.similarity == pytest.approx(jaccard(texts[pair.i], texts[pair.j]))
    assert {pair.j for pair in found} <= repeats
    assert len(repeats - {pair.j for pair in found}) <= (threshold < 1)


def test_case_and_space_do_not_count() -> None:
    assert near_duplicates(["Hello  World", "other", "hello world", "HELLO WORLD"], threshold=0.9) == [
        (0, 2, 1.0),
        (0, 3, 1.0),
    ]
    assert near_duplicates(["", " ", ""], threshold=0.5) == []
    assert near_duplicates([], threshold=0.5) == []
    assert near_duplicates(["ab", "ab", "abc"], threshold=0.5) == [(0, 1, 1.0)]


def test_against_lists_pairs_across_only() -> None:
    rng = np.random.default_rng(1)
    held = [sentence(rng, 15) for _ in range(50)]
    rows = [
        sentence(rng, 15),
        held[3],
        held[3].upper(),
        changed(rng, held[40], 1),
        rows_own := sentence(rng, 15),
        rows_own,
    ]
    pairs = near_duplicates(rows, threshold=0.7, against=held)
    assert [(p.i, p.j) for p in pairs] == [(1, 3), (2, 3), (3, 40)]
    assert pairs[2].similarity == pytest.approx(jaccard(rows[3], held[40]))
    assert near_duplicates(rows, threshold=0.7, against=[]) == []


def test_long_and_short_texts_meet_at_the_border() -> None:
    rng = np.random.default_rng(2)
    long = sentence(rng, near.LONG + 2)
    short = " ".join(long.split()[: near.LONG - 4])
    ((i, j, similarity),) = near_duplicates([short, sentence(rng, 400), long], threshold=0.8)
    assert (i, j) == (0, 2)
    assert similarity > 0.95


def test_a_pair_is_as_similar_in_any_company() -> None:
    rng = np.random.default_rng(3)
    a = sentence(rng, 30)
    b = changed(rng, a, 1)
    ((*_, alone),) = near_duplicates([a, b], threshold=0.6)
    many = near_duplicates([a, b, *(sentence(rng, 30) for _ in range(200))], threshold=0.6)
    assert many[0] == (0, 1, alone)


@pytest.mark.slow
def test_many_alike_stay_linear() -> None:
    rng = np.random.default_rng(4)
    head = sentence(rng, 40)
    texts = [head] * 600 + [f"{head} {k}" for k in range(600)]
    pairs = near_duplicates(texts, threshold=0.8)
    assert len(pairs) < 1200 * 130
    assert {pair.j for pair in pairs} == set(range(1, 1200))


@pytest.mark.slow
def test_among_ten_thousand_short_texts_the_pairs_are_found() -> None:
    rng = np.random.default_rng(5)
    texts = [sentence(rng, 12) for _ in range(9000)]
    texts += [changed(rng, text, 1) for text in texts[:1000]]
    pairs = near_duplicates(texts, threshold=0.7)
    truth = {(i, 9000 + i) for i in range(1000) if jaccard(texts[i], texts[9000 + i]) >= 0.7}
    assert len(truth & {(p.i, p.j) for p in pairs}) >= 0.99 * len(truth)


def test_bands_keep_their_promise() -> None:
    for threshold in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
        rows = band_rows(threshold)
        assert 1 - (1 - threshold**rows) ** (near.PERMUTATIONS // rows) >= near.RECALL


def test_hashes_among_others_are_told_as_numpy_tells_them() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2**64, (40, 60), dtype=np.uint64) >> np.uint64(3)
    among = np.concatenate([values[3, :20], rng.integers(0, 2**64, 500, dtype=np.uint64)])
    assert (is_in(values, among) == np.isin(values, among)).all() and is_in(values, among).sum() == 20
    assert not is_in(values, among[:0]).any() and not len(is_in(values[:0], among))


def test_thresholds_have_a_range() -> None:
    with pytest.raises(ValueError, match="threshold"):
        near_duplicates(["a"], threshold=0)


def test_texts_that_differ_in_their_digits_are_no_pairs_where_that_is_asked() -> None:
    texts = [f"Order {n * 7919 % 1000} of customer {n * 31 % 997} could not be delivered" for n in range(60)]
    texts += [f"{texts[5]} today", texts[6][:-1], "Order of customer could not be delivered", "no order at all"]
    digits = [sorted(filter(str.isdigit, text)) for text in texts]
    every = near_duplicates(texts, threshold=0.5)
    same = [pair for pair in every if digits[pair.i] == digits[pair.j]]
    assert len(every) > 1_000 and {(5, 60), (6, 61)} <= {pair[:2] for pair in same} and len(same) < 100
    assert near_duplicates(texts, threshold=0.5, by_figures=True) == same
    again = near_duplicates(texts[:3], threshold=0.5, against=texts[:3], by_figures=True)
    assert [tuple(pair) for pair in again] == [(n, n, 1.0) for n in range(3)]
