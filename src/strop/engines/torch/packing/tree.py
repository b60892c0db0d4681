"""The radix tree of a batch: what sequences have in common stands in it once.

    sequences          [s s s a b] [s s s a c d] [s s s e]
    blocks             s s s ─┬─ a ┬ b           a chain (every token after the one before it), or a small bush (a
                              │    └ c d         packed subtree whose tokens name their parents) that hangs from one
                              └─ e

A token sees the whole chain of blocks that its block hangs from, and its ancestors inside the block. Position = depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

CHAIN = 128
"""Longest block: a longer chain is cut, so that attention inside a block wastes at most half a square of this size."""
BUSH = 64
"""Largest subtree that is packed into one block."""
WORTH = 16
"""Fewest tokens that a branching must save to get a block of its own."""


@dataclass(eq=False)
class Block:
    """Consecutive tokens of a row. ``parents[i]``: index in the block of token i's parent, -1 for the block above."""

    start: int
    tokens: Ints
    parents: Ints
    depth: int
    above: Block | None

    @property
    def chain(self) -> bool:
        """Whether every token's parent is the token before it."""
        return bool((self.parents == np.arange(-1, len(self.tokens) - 1)).all())

    def ancestors(self) -> npt.NDArray[np.bool_]:
        """[i, j]: token i sees token j of its own block (itself among them)."""
        size = len(self.tokens)
        if self.chain:
            return np.tri(size, dtype=np.bool_)
        seen = np.zeros((size, size), dtype=np.bool_)
        for i, parent in enumerate(self.parents):
            if parent >= 0:
                seen[i] = seen[parent]
            seen[i, i] = True
        return seen

    def path(self) -> Ints:
        """Row positions of every token above this block, from the root down."""
        above, parts = self.above, list[Ints]()
        while above is not None:
            parts.append(np.arange(above.start, above.start + len(above.tokens)))
            above = above.above
        return np.concatenate(parts[::-1]) if parts else np.empty(0, dtype=np.int64)


@dataclass
class Tree:
    """The blocks of one row, parents first, and where each sequence's tokens stand in it."""

    blocks: list[Block] = field(default_factory=list)
    where: dict[int, Ints] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Tokens to compute."""
        return sum(len(block.tokens) for block in self.blocks)

    def tokens(self) -> Ints:
        """The row's token ids."""
        return np.concatenate([block.tokens for block in self.blocks])

    def positions(self) -> Ints:
        """The depth of every token."""
        depths = []
        for block in self.blocks:
            own = np.zeros(len(block.tokens), dtype=np.int64)
            for i, parent in enumerate(block.parents):
                own[i] = own[parent] + 1 if parent >= 0 else 0
            depths.append(own + block.depth)
        return np.concatenate(depths)


def shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the common beginning."""
    length = min(len(a), len(b))
    if a[:length] == b[:length]:
        return length
    low, high = 0, length  # a[:low] equal, a[:high] not
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


def rows(sequences: Sequence[Sequence[int]], budget: int) -> list[list[int]]:
    """Split sequences (by index) into rows of at most ``budget`` tokens to compute, neighbours in the tree together.

    A sequence longer than the budget gets a row of its own.
    """
    order = sorted(range(len(sequences)), key=lambda i: list(sequences[i]))
    split: list[list[int]] = []
    size = 0
    for previous, i in pairwise([None, *order]):
        assert i is not None
        own = len(sequences[i])
        extra = own - (shared(sequences[previous], sequences[i]) if previous is not None else 0)
        if not split or size + extra > budget:
            split.append([i])
            size = own
        else:
            split[-1].append(i)
            size += extra
    return split


def grow(sequences: Sequence[Sequence[int]], members: Sequence[int]) -> Tree:
    """The tree of the member sequences; none may be empty."""
    order = sorted(members, key=lambda i: list(sequences[i]))
    common = [0, *(shared(sequences[a], sequences[b]) for a, b in pairwise(order))]
    tree = Tree()
    # (first, last + 1 in order, depth already laid out, row positions above, block above)
    todo: list[tuple[int, int, int, Ints, Block | None]] = [(0, len(order), 0, np.empty(0, dtype=np.int64), None)]
    while todo:
        low, high, depth, above, block = todo.pop()
        lengths = [len(sequences[i]) for i in order[low:high]]
        if high - low > 1 and sum(lengths) - sum(common[low + 1 : high]) - depth <= BUSH:
            _bush(tree, sequences, order[low:high], depth, above, block)
            continue
        until = min(common[low + 1 : high], default=lengths[0])
        here, top, start = above, block, depth
        if high - low == 1 or (until - depth) * (high - low - 1) >= WORTH or until == max(lengths):
            here, top = _chain(tree, sequences[order[low]][depth:until], depth, above, block)
            start = until
        for i in order[low:high]:
            if len(sequences[i]) == start:
                tree.where[i] = here
        edges = [low, *(j for j in range(low + 1, high) if common[j] <= until), high]
        for first, last in reversed(list(pairwise(edges))):
            while first < last and len(sequences[order[first]]) == start:
                first += 1  # ends here, and sorts before those that go on
            if first < last:
                todo.append((first, last, start, here, top))
    return tree


def _chain(
    tree: Tree, tokens: Sequence[int], depth: int, above: Ints, block: Block | None
) -> tuple[Ints, Block | None]:
    """Lay out a chain in blocks of at most CHAIN tokens; the positions down to its end, and its last block."""
    for first in range(0, len(tokens), CHAIN):
        piece = np.asarray(tokens[first : first + CHAIN], dtype=np.int64)
        size = len(piece)
        block = Block(tree.size, piece, np.arange(-1, size - 1), depth + first, block)
        tree.blocks.append(block)
        above = np.concatenate([above, np.arange(block.start, block.start + size)])
    return above, block


def _bush(
    tree: Tree, sequences: Sequence[Sequence[int]], members: Sequence[int], depth: int, above: Ints, block: Block | None
) -> None:
    """Pack a small subtree into one block, every shared token once."""
    start = tree.size
    tokens, parents = list[int](), list[int]()
    previous: Sequence[int] = ()
    trail: list[int] = []
    for i in members:
        sequence = sequences[i]
        keep = min(shared(previous, sequence), len(trail) + depth) if trail else depth
        trail = trail[: keep - depth]
        for token in sequence[keep:]:
            parents.append(trail[-1] if trail else -1)
            trail.append(len(tokens))
            tokens.append(token)
        previous = sequence
        tree.where[i] = np.concatenate([above, np.asarray(trail, dtype=np.int64) + start])
    if tokens:
        tree.blocks.append(Block(start, np.asarray(tokens), np.asarray(parents), depth, block))
