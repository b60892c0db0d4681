"""Who sees whom on a GPU: the mask function against the dense mask, and the answers where a processor can tell."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from tests.engines.torch.packing.test_attention import sequences

from strop.engines.torch import machine
from strop.engines.torch.packing import flex
from strop.engines.torch.packing.attention import tree_attention
from strop.engines.torch.packing.layout import group
from strop.engines.torch.packing.tree import Tree, grow
from strop.engines.torch.packing.walk import walk

HERE = torch.device("cpu")
SIZES = [pytest.param(0, None, id="all"), pytest.param(0, 8, id="window"), pytest.param(20, None, id="beginning")]
SIZES += [pytest.param(20, 30, id="beginning, window")]


def trees() -> list[Tree]:
    """A family with several levels, sequences that share nothing, one token, and bushes."""
    rows = sequences()
    few = np.random.default_rng(1).integers(3, 6, (12, 5)).tolist()
    return [grow(each, range(len(each))) for each in (rows, [[1, 2, 3], [4, 5], [6]], [[7]], few)]


def dense(tree: Tree, before: int, window: int | None) -> torch.Tensor:
    """[T, before + T] from the sequences themselves: a token sees what stands before it in one of its sequences."""
    seen = torch.zeros(tree.size, before + tree.size, dtype=torch.bool)
    for places in tree.where.values():
        for depth, place in enumerate(places):
            whole = [*range(before), *(before + places[: depth + 1])]
            seen[place, whole if window is None else whole[-window:]] = True
    return seen


@pytest.mark.parametrize(("before", "window"), SIZES)
def test_the_mask_function_is_the_dense_mask(before: int, window: int | None) -> None:
    for tree in trees():
        mask, size = walk(tree, before, HERE, flex.BLOCK).seen(window), tree.size
        q, k = torch.arange(size)[:, None], torch.arange(before + size)[None]
        assert torch.equal(mask(q, q, q, k), dense(tree, before, window))


@pytest.mark.parametrize(("before", "window"), SIZES)
def test_blocks_left_out_hold_nothing(before: int, window: int | None) -> None:
    tree = trees()[0]
    mask = flex.block_mask(walk(tree, before, HERE, flex.BLOCK), window)
    seen, blocks = dense(tree, before, window), mask.to_dense()[0, 0].bool()
    for row, column in itertools.product(*map(range, blocks.shape)):
        part = seen[row * flex.BLOCK : (row + 1) * flex.BLOCK, column * flex.BLOCK : (column + 1) * flex.BLOCK]
        assert bool(blocks[row, column]) or not bool(part.any())
    assert not bool(blocks.all())


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")
@pytest.mark.parametrize(("before", "window"), SIZES)
def test_answers_are_those_of_the_batches(before: int, window: int | None) -> None:
    tree = trees()[0]
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(4, tree.size, 16, generator=generator)
    key, value = (torch.randn(2, before + tree.size, 16, generator=generator) for _ in range(2))
    found = flex.attention(query, key, value, 0.25, flex.block_mask(walk(tree, before, HERE, flex.BLOCK), window))
    wanted = tree_attention(query, key, value, 0.25, group(tree, torch.float32, before, window))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_a_processor_is_left_to_the_batches() -> None:
    assert not flex.works(HERE)


@pytest.mark.gpu
def test_a_gpu_computes_it_forward_and_back() -> None:
    assert flex.works(machine.device())
