"""Lines of different lengths, held against lists of lists."""

from __future__ import annotations

import random

import numpy as np

from strop.measure.alike.ragged import Ragged


def plain(lines: Ragged) -> list[list[int]]:
    return [lines.line(number).tolist() for number in range(len(lines))]


def test_lines_are_what_was_put_in_chosen_cut_and_joined_as_lists_are() -> None:
    rng = random.Random(4)
    lists = [[rng.randrange(99) for _ in range(rng.choice([0, 0, 1, 2, 7]))] for _ in range(40)]
    lines = Ragged.of(lists, np.uint32)
    assert plain(lines) == lists and lines.values.dtype == np.uint32
    chosen = rng.choices(range(40), k=60)
    assert plain(lines[np.array(chosen)]) == [lists[number] for number in chosen]
    assert plain(lines[5:9]) == lists[5:9] and plain(lines[:0]) == [] and plain(Ragged.of([], np.uint32)) == []
    sizes = np.array([rng.randrange(4) for _ in lists])
    assert plain(lines.beginnings(sizes)) == [line[:size] for line, size in zip(lists, sizes.tolist(), strict=True)]
    assert plain(Ragged.joined([lines, lines[1:3]])) == lists + lists[1:3]
    assert [[line, value] for line, value in zip(lines.owners().tolist(), lines.values.tolist(), strict=True)] == [
        [number, value] for number, line in enumerate(lists) for value in line
    ]
