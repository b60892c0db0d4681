"""Why a split that was asked for holds no row, and which setting would fill it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from strop.curate.drafts import Draft
from strop.curate.splits import placing, splitting
from strop.curate.work import HELD_OUT, Work
from strop.records import Split

_SHARES: Final = tuple(part / 20 for part in range(1, 10))
"""Shares that are tried; a split of half of the rows and more is no held-out one."""


class Unfilled(NamedTuple):
    """Why no row is held out, and what would hold some out; "" where nothing is known that would."""

    why: str
    fills: str = ""


def unfilled(staying: Sequence[tuple[Draft, Split]], work: Work) -> dict[Split, Unfilled]:
    """The splits that were asked for and hold no row.

    Tried is what the next version would do, which keeps the sealed rows of this one: larger shares, for validation
    beside the one that fills the test split; where no share fills a split, its groups are divided.

    Args:
        staying: the rows that stay, each with its split.
        work: the settings.
    """
    wanted, there = work.settings.data.splits, {split for _, split in staying}
    shares: dict[Split, float] = {"test": wanted.test, "validation": wanted.validation}
    shares = {split: share for split, share in shares.items() if share > 0 and split not in there}
    found: dict[Split, Unfilled] = {}
    if "test" in shares and "test" in work.previous.values():
        del shares["test"]
        why = "those of the last version are not among these rows, and sealed ones are not replaced by others"
        found["test"] = Unfilled(why)
    if not shares:
        return found
    by = wanted.by
    bench = _Bench(staying, work, by_group="group" in by)
    if bench.least == 1:
        return found | dict.fromkeys(shares, Unfilled("there are too few rows"))
    total, larger = len(staying), bench.larger(shares)
    divided = Counter[Split]()
    if len(larger) < len(shares) and "group" in by:
        divided = _Bench(staying, work, by_group=False).held(shares)
    for split, share in shares.items():
        why = (
            f"its share is {share * total:.0f} of {total} rows, and those that stay together are {bench.least} or more"
        )
        fills = larger.get(split, "")
        if divided[split]:
            left = ", ".join(name for name in by if name != "group")
            fills = f"data.splits.by: [{left}] divides groups and holds out {divided[split]}"
        found[split] = Unfilled(why, fills)
    return found


class _Bench:
    """The rows that the next version will divide, and what stays together among them (``least``: the smallest)."""

    def __init__(self, staying: Sequence[tuple[Draft, Split]], work: Work, *, by_group: bool) -> None:
        free = [(row, split) for row, split in staying if row.fixed is None and split != "test"]
        self._rows, self._before = [row for row, _ in free], [split for _, split in free]
        self._sealed = [row.answer for row, split in staying if split == "test"]
        self._work = work
        alike = placing.together(self._rows, work)
        self._units = splitting.units(self._rows, alike, key=work.key, by_group=by_group)
        self.least = min((len(unit.members) for unit in self._units), default=1)

    def held(self, shares: Mapping[Split, float]) -> Counter[Split]:
        """How many rows each split would hold."""
        return Counter(
            splitting.divide(
                self._rows,
                self._units,
                shares,
                by_label=self._work.settings.task.kind == "classification",
                moments=self._work.cut_at,
                before=self._before,
                sealed=self._sealed,
            )
        )

    def larger(self, shares: Mapping[Split, float]) -> dict[Split, str]:
        """Of each split that a larger share would fill, that share in words."""
        found: dict[Split, str] = {}
        tried = dict(shares)
        for split in (split for split in HELD_OUT if split in shares):
            for share in (share for share in _SHARES if share > shares[split]):
                if count := self.held({**tried, split: share})[split]:
                    tried[split] = share
                    found[split] = f"data.splits.{split}: {share:g} holds out {count}"
                    break
        return found
