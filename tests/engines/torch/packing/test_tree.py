"""The tree holds every sequence, and every token sees exactly what stands before it: checked against brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.engines.torch.packing.tree import CHAIN, Tree, grow, rows, shared

tokens = st.integers(0, 2)
tails = st.lists(tokens, min_size=1, max_size=30)
families = st.tuples(st.lists(tokens, max_size=300), st.lists(tails, min_size=1, max_size=10))


def visible(tree: Tree) -> np.ndarray:
    """[i, j]: row token i sees row token j."""
    seen = np.zeros((tree.size, tree.size), dtype=bool)
    for block in tree.blocks:
        here = np.arange(block.start, block.start + len(block.tokens))
        seen[np.ix_(here, here)] = block.ancestors()
        seen[np.ix_(here, block.path())] = True
    return seen


@settings(max_examples=300, deadline=None)
@given(families, st.sampled_from([10, 100, 10_000]))
def test_every_sequence_stands_in_its_row_and_sees_itself_only(
    family: tuple[list[int], list[list[int]]], budget: int
) -> None:
    beginning, ends = family
    sequences = [beginning + end for end in ends] + [ends[0], (beginning + ends[0])]
    split = rows(sequences, budget)
    assert sorted(i for row in split for i in row) == list(range(len(sequences)))
    for members in split:
        tree = grow(sequences, members)
        ids, positions, seen = tree.tokens(), tree.positions(), visible(tree)
        assert tree.size <= budget or len(members) == 1
        for i in members:
            where = tree.where[i]
            assert ids[where].tolist() == sequences[i]
            assert positions[where].tolist() == list(range(len(sequences[i])))
            for depth, place in enumerate(where):
                assert np.flatnonzero(seen[place]).tolist() == sorted(where[: depth + 1].tolist())


def test_a_long_shared_beginning_is_computed_once() -> None:
    beginning = list(range(600))
    sequences = [[*beginning, 1000 + i, *range(2000 + 40 * i, 2040 + 40 * i)] for i in range(16)]
    tree = grow(sequences, range(16))
    assert tree.size == 600 + 16 * 41
    assert max(len(block.tokens) for block in tree.blocks) <= CHAIN


def test_levels_one_document_several_questions() -> None:
    system, documents = list(range(100)), [list(range(1000 * d, 1000 * d + 200)) for d in (1, 2, 3)]
    sequences = [[*system, *document, *range(q, q + 70)] for document in documents for q in (5000, 6000, 7000)]
    assert grow(sequences, range(9)).size == 100 + 3 * 200 + 9 * 70


def test_identical_rows_cost_one() -> None:
    assert grow([[1, 2, 3] * 50] * 20, range(20)).size == 150


def test_shared_counts_the_common_beginning() -> None:
    assert [shared([1, 2, 3], x) for x in ([], [2], [1, 2], [1, 2, 3], [1, 2, 4, 3])] == [0, 0, 2, 3, 2]
