"""What belongs together, directly or through others: pairs within what is linked need not be looked at any more."""

from __future__ import annotations


class Linked:
    """The numbers from 0 to ``count`` - 1 in disjoint sets (union-find: Tarjan 1975), at first each by itself."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def first(self, number: int) -> int:
        """The least number that is linked with this one."""
        above = self._above
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    def link(self, one: int, other: int) -> None:
        """Note that two belong together."""
        first, second = sorted((self.first(one), self.first(other)))
        self._above[second] = first
