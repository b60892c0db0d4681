"""One criterion as a question with two lines: shown to be good enough, shown not to be, or still open."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import scipy

from strop.measure import by_one_model, items_needed, shares_needed
from strop.records import Check, CheckVerdict, ItemResult, Measured, Needed

POWER = 0.8
MOST_ITEMS = 1_000_000
"""A gap so small that more items than this are needed is not worth closing."""
_LARGEST = 30
"""Times the items that were seen: of more, the interval is no longer the question."""

At = Callable[[float], Measured]
"""A number with an interval whose bounds each err at most so often (one-sided)."""
Items = Sequence[ItemResult]


@dataclass(frozen=True)
class Asked:
    """Such a number, asked of items: the candidate's, and those of what it is compared with."""

    ask: Callable[[Sequence[Items], float], Measured]
    items: tuple[Items, ...]

    def __call__(self, alpha: float) -> Measured:
        """Of these items."""
        return self.ask(self.items, alpha)

    def of_more(self, times: int, alpha: float) -> Measured:
        """Of so many times the items, the further ones like these.

        Where several models answered, what they differ by is taken to shrink with the items: most of what is seen of it
        on few items is chance, which does.
        """
        more = self.ask([grown(by_one_model(items), times * len(items)) for items in self.items], alpha)
        if all(item.part is None for items in self.items for item in items):
            return more
        seen, alone = self(alpha), self.ask([by_one_model(items) for items in self.items], alpha)
        below = _wider(more.value - more.low, seen.value - seen.low, alone.value - alone.low)
        above = _wider(more.high - more.value, seen.high - seen.value, alone.high - alone.value)
        return more.model_copy(update={"low": more.value - below, "high": more.value + above})


def _wider(side: float, seen: float, alone: float) -> float:
    """A side of an interval, wider by as much as the one seen is than that of the items alone."""
    return side * seen / alone if math.isfinite(alone) and alone > 0 else side


def grown(items: Items, count: int) -> list[ItemResult]:
    """So many items: these, and then others like them, in groups of their own."""
    return [
        item.model_copy(
            update={"example": f"{item.example} {turn}", "cluster": f"{item.cluster or item.example} {turn}"}
        )
        for turn, item in ((place // len(items), items[place % len(items)]) for place in range(count))
    ]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A number and the lines it has to clear.

    It passes when its lower bound reaches ``passes`` (lies above it, where ``strictly``), and fails when its upper
    bound lies below ``fails``; with ``less_is_better`` the other way round. Where ``fails`` is the harder line, what
    lies between them is too little to matter: above ``passes`` for certain is a pass, below ``fails`` a fail.
    """

    name: str
    at: At
    passes: float
    fails: float
    detail: str
    strictly: bool = False
    less_is_better: bool = False
    slice: str | None = None
    priced: bool = True
    unit: str = "item"
    """What its number counts."""

    def passed(self, measured: Measured) -> bool:
        """Is it shown to be good enough?"""
        room = self.passes - measured.high if self.less_is_better else measured.low - self.passes
        return room > 0 if self.strictly else room >= 0

    def failed(self, measured: Measured) -> bool:
        """Is it shown not to be?"""
        return measured.low > self.fails if self.less_is_better else measured.high < self.fails


@dataclass(frozen=True)
class Ahead:
    """The look at which further items would be judged: the error that it may spend.

    ``fresh``: none of today's items would count, for they may be looked at no more. ``grouped``: further items come in
    groups like today's, and it is the groups that count; earlier decisions told as many items as it takes groups.
    ``at_its_error``: today's interval, too, is taken at the error of that look; earlier decisions took it as it was,
    which promised too little where few further items are needed.
    """

    alpha: float
    fresh: bool = False
    grouped: bool = False
    at_its_error: bool = False


def judge(
    trials: Sequence[Trial], *, alpha: float, minutes_per_item: float, of_more: bool = True, ahead: Ahead | None = None
) -> list[Check]:
    """The verdict on each trial; ``of_more``: what is needed is told by the interval that so many items would have.

    ``ahead``: and at the look that comes next, whose bounds are wider, with the correction that a failure then has to
    survive. Decisions from before promised what this look would have shown, uncorrected.

    Promotion needs every trial to pass, so each is tested at the full ``alpha``, one-sided: a candidate that is bad in
    one respect is promoted only if that one test errs (intersection-union test, Berger 1982). Refusal needs one trial
    to fail, so the failing side is corrected for their number by Holm's step-down (Holm 1979), run on the intervals:
    all are first taken at ``alpha / m``; while some fail, the others are taken again at ``alpha / (m - failed)``. A
    number that cannot be had is "missing".
    """
    checks: dict[str, Check] = {}
    open_trials: list[tuple[Trial, Measured]] = []
    for trial in trials:
        try:
            measured = trial.at(alpha)
        except ValueError as error:
            checks[trial.name] = Check(name=trial.name, verdict="missing", margin=trial.passes, detail=str(error))
            continue
        if trial.passed(measured):
            checks[trial.name] = _check(trial, measured, "pass")
        else:
            open_trials.append((trial, measured))
    failed = certain_failures([trial for trial, _ in open_trials], count=len(trials), alpha=alpha)
    for trial, measured in open_trials:
        need = None
        if trial.name not in failed:
            if ahead is None:
                need = needed(trial, measured, alpha=alpha, minutes_per_item=minutes_per_item, of_more=of_more)
            else:
                need = _needed_ahead(trial, measured, ahead, count=len(trials), minutes_per_item=minutes_per_item)
        checks[trial.name] = _check(trial, measured, "fail" if trial.name in failed else "undecided", need)
    return [checks[trial.name] for trial in trials]


def certain_failures(trials: Sequence[Trial], *, count: int, alpha: float) -> set[str]:
    """The names of the trials that certainly fail, by Holm's step-down over ``count`` of them."""
    failed: set[str] = set()
    while True:
        level = alpha / max(count - len(failed), 1)
        new = {t.name for t in trials if t.name not in failed and t.failed(t.at(level))}
        if not new:
            return failed
        failed |= new


_ALL_EQUAL = "; all items have the same value: the interval has no width, and how far others may lie is not known"
"""Told of measures without limits: the intervals of those with limits allow for what was not seen. No difference
at all is another matter: what answers alike differs in nothing."""


def _check(trial: Trial, measured: Measured, verdict: CheckVerdict, need: Needed | None = None) -> Check:
    low, high = measured.low, measured.high
    return Check(
        name=trial.name,
        verdict=verdict,
        value=measured.value,
        low=measured.low,
        high=measured.high,
        margin=trial.passes,
        n=measured.n,
        items=measured.items,
        unit=trial.unit,
        detail=trial.detail + (_ALL_EQUAL if measured.method == "t" and low == high and measured.value else ""),
        needed=need,
    )


def needed(
    trial: Trial, measured: Measured, *, alpha: float, minutes_per_item: float, of_more: bool = True
) -> Needed | None:
    """How many further items would settle the trial with a chance of 80 %, if the number stays where it is.

    The spread of an item is read off the interval, so that one rule serves means, shares, F1s and clustered items; off
    the one that so many items like these would have, where it can be asked, since that of few items allows for what
    more of them would rule out. It may be settled either way: the line that lies further from the number is shown
    first. The side of the interval towards that line tells the spread where it is the shorter one: the other may be
    wide for another reason (allowing for a choice). None: no number of items would (a single item says nothing about
    the spread; a number that sits on its line stays there).
    """
    sign = -1.0 if trial.less_is_better else 1.0
    to_pass, to_fail = sign * (measured.value - trial.passes), sign * (trial.fails - measured.value)
    gap = max(to_pass, to_fail)
    below = (to_pass >= to_fail) is not trial.less_is_better
    asked = trial.at if of_more else None
    total = _asked_total(asked, measured, gap, below=below, alpha=alpha) if gap > 0 else None
    return None if total is None else _need(trial, max(total - measured.n, 1), minutes_per_item)


def _needed_ahead(
    trial: Trial, measured: Measured, ahead: Ahead, *, count: int, minutes_per_item: float
) -> Needed | None:
    """As :func:`needed`, by what the look that comes next may err: to pass, and, over ``count`` trials, to fail.

    A number may lie on the good side of one line and on the bad side of the other; then the fewer items count. For
    shares of right and wrong the chance is exact.
    """
    found = []
    for passing, alpha in ((True, ahead.alpha), (False, ahead.alpha / count)):
        line, above = trial.passes if passing else trial.fails, passing is not trial.less_is_better
        gap = measured.value - line if above else line - measured.value
        if gap <= 0:
            continue
        if measured.method == "clopper-pearson":
            right, seen = round(measured.value * measured.n), 0 if ahead.fresh else measured.n
            more = shares_needed(right, measured.n, line, above=above, alpha=alpha, power=POWER, seen=seen)
            found += [] if more is None else [more]
        elif (
            total := _asked_total(trial.at, measured, gap, below=above, alpha=alpha, anew=ahead.at_its_error)
        ) is not None:
            found.append(total if ahead.fresh else max(total - measured.n, 1))
    if not found:
        return None
    together = measured.items if ahead.grouped else None
    return _need(trial, min(found), minutes_per_item, a_group=(together or measured.n) / measured.n)


def _need(trial: Trial, more: int, minutes_per_item: float, *, a_group: float = 1.0) -> Needed:
    """``more``: further groups, each of so many items."""
    items, groups = math.ceil(more * a_group), more if a_group > 1 else None
    price = items * minutes_per_item if trial.priced else None
    return Needed(items=items, groups=groups, slice=trial.slice, minutes=price, chance=POWER)


def _asked_total(
    at: At | None, measured: Measured, gap: float, *, below: bool, alpha: float, anew: bool = False
) -> int | None:
    """Items that show a number so far from its line, by the interval that so many would have where it can be asked.

    ``anew``: that of today's items, too, is asked at ``alpha``.
    """
    total = _total(measured, gap, below=below, alpha=alpha)
    if isinstance(at, Asked):
        asked = [] if anew else [1]
        # Fewer items than the first guess have an interval that is a little wider again: until both agree.
        while total is not None and (times := max(round(total / measured.n), 1)) not in asked and times <= _LARGEST:
            asked.append(times)
            guess, total = total, _total(at.of_more(times, alpha), gap, below=below, alpha=alpha)
        if anew and total is not None and asked and asked[-1] != times <= _LARGEST:
            total = math.ceil(math.sqrt(total * guess))  # they do not come to agree: what lies between both
    return total


def _total(measured: Measured, gap: float, *, below: bool, alpha: float) -> int | None:
    """Items that show a number so far from its line, each with the spread that the interval tells."""
    side = measured.value - measured.low if below else measured.high - measured.value
    half = min((measured.high - measured.low) / 2, side)
    if not math.isfinite(half):
        return None
    spread = max(half / float(scipy.special.ndtri(1 - alpha)) * math.sqrt(measured.n), gap / 10)
    if (spread / gap) ** 2 > MOST_ITEMS:
        return None
    return items_needed(spread, effect=gap, margin=0.0, alpha=alpha, power=POWER)
