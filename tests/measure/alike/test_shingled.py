"""Similarities of many pairs at once: as sets of shingles give them, whatever else is compared at the same time."""

from __future__ import annotations

import random
import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.measure.alike import shingled
from strop.measure.alike.shingled import CHARACTERS, WORDS, bits_set, similarities


def cut(text: str, *, long: bool) -> frozenset[object]:
    words = text.split()
    if long:
        return frozenset(tuple(words[n : n + WORDS]) for n in range(len(words) - WORDS + 1))
    padded = text.ljust(CHARACTERS, "\0")
    return frozenset(padded[n : n + CHARACTERS] for n in range(len(padded) - CHARACTERS + 1))


def as_sets(texts: list[str], pairs: list[tuple[int, int]], *, long: bool) -> list[float]:
    sets = [cut(text, long=long) for text in texts]
    return [len(sets[i] & sets[j]) / len(sets[i] | sets[j]) for i, j in pairs]


@pytest.mark.parametrize("long", [False, True])
@pytest.mark.parametrize("held", [1, 60, 4_000_000])
@pytest.mark.parametrize("cells", [3, 1 << 18])
def test_similarities_are_those_of_the_sets(long: bool, held: int, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shingled, "_HELD", held)
    monkeypatch.setattr(shingled, "_CELLS", cells)
    monkeypatch.setattr(shingled, "_WORDS_OF_BITS", 1)  # so that not all are among the usual ones
    word = st.sampled_from(["an", "order", "where", "of", "ü", "𝕏", "to"])

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.lists(word, min_size=WORDS, max_size=12).map(" ".join), min_size=2, max_size=9), st.randoms())
    def hold(texts: list[str], rng: random.Random) -> None:
        pairs = [*combinations(range(len(texts)), 2), (1, 0)]
        rng.shuffle(pairs)
        assert similarities(texts, np.array(pairs), long=long).tolist() == as_sets(texts, pairs, long=long)

    hold()


def test_texts_of_one_template_and_others_among_them() -> None:
    rng = np.random.default_rng(3)
    letters = np.array(list("abcdefghij "))
    texts = [f"where is the {a} for {b} that we ordered" for a in ("lamp", "chair", "sofa") for b in ("bonn", "kiel")]
    texts += ["".join(rng.choice(letters, 90)) for _ in range(60)]  # more shingles than are held as bits
    texts += [text[: 20 + n] + text[25 + n :] for n, text in enumerate(texts[-30:])] + ["a", "ab", "where"]
    assert len(set().union(*(cut(text, long=False) for text in texts))) > 64 * shingled._WORDS_OF_BITS
    pairs = list(combinations(range(len(texts)), 2))
    expected = as_sets(texts, pairs, long=False)
    assert similarities(texts, np.array(pairs), long=False).tolist() == expected
    assert sum(value > 0.5 for value in expected) > 30


def test_few_shingles_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    letters = np.array(list("abcdefg "))
    texts = ["".join(rng.choice(letters, 800)) for _ in range(300)]
    pairs = rng.integers(0, 300, (3_000, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]

    def peak() -> tuple[int, list[float]]:
        tracemalloc.start()
        found = similarities(texts, pairs, long=False).tolist()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most, found

    usual, found = peak()
    monkeypatch.setattr(shingled, "_HELD", 20 * 800)
    fewer_texts, again = peak()
    monkeypatch.setattr(shingled, "_HELD", 4_000_000)
    monkeypatch.setattr(shingled, "_CELLS", 1 << 40)
    all_pairs, third = peak()
    assert found == again == third
    assert fewer_texts < 0.5 * usual < 0.4 * all_pairs


def test_of_no_pairs_there_is_none_and_bits_are_counted() -> None:
    assert not len(similarities(["a text"], np.empty((0, 2), dtype=np.int64), long=False))
    bits = np.array([[0, 1, 2**64 - 1], [2**63, 0b1011, 0]], dtype=np.uint64)
    assert bits_set(bits).tolist() == [65, 4]
