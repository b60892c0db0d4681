"""Lines of different lengths in one array: the words of many texts, one text after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class Ragged:
    """Many lines, each of its own length.

    Args:
        values: all lines, one after the other.
        sizes: how long each is.
    """

    def __init__(self, values: npt.NDArray[Any], sizes: npt.NDArray[Any]) -> None:
        self.values = values
        self.sizes: Numbers = np.asarray(sizes, dtype=np.int64)
        self.starts: Numbers = np.concatenate(([0], np.cumsum(self.sizes))).astype(np.int64)

    @classmethod
    def of(cls, lines: Sequence[Sequence[int]], dtype: npt.DTypeLike) -> Ragged:
        """Lines that are given one by one."""
        flat = [value for line in lines for value in line]
        return cls(np.array(flat, dtype=dtype), np.array([len(line) for line in lines], dtype=np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Ragged]) -> Ragged:
        """The lines of one after those of another."""
        return cls(np.concatenate([part.values for part in parts]), np.concatenate([part.sizes for part in parts]))

    def __len__(self) -> int:
        return len(self.sizes)

    def line(self, number: int) -> npt.NDArray[Any]:
        """One line."""
        return self.values[self.starts[number] : self.starts[number + 1]]

    def beginnings(self, sizes: Numbers) -> Ragged:
        """So many of the first values of each line."""
        inside = np.arange(len(self.values)) - np.repeat(self.starts[:-1], self.sizes)
        return Ragged(self.values[inside < np.repeat(sizes, self.sizes)], np.minimum(sizes, self.sizes))

    def owners(self) -> Numbers:
        """The number of the line that each value stands in."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def __getitem__(self, chosen: slice | Numbers | Sequence[int]) -> Ragged:
        """Those lines."""
        sizes, starts = self.sizes[chosen], self.starts[:-1][chosen]
        ends = np.cumsum(sizes)
        inside = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - sizes, sizes)
        return Ragged(self.values[np.repeat(starts, sizes) + inside], sizes)
