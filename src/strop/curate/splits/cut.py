"""What a division of the rows is not: a clean cut by time, or one that keeps groups together. It is said, not left to
be found out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from strop.curate.drafts import Draft
from strop.curate.work import Work
from strop.records import Split


def tell(staying: Sequence[tuple[Draft, Split]], work: Work) -> None:
    """Say where the cut by time lies and which rows lie on its wrong side, and how many groups are divided.

    Args:
        staying: the rows of the version, with their splits.
        work: the run.
    """
    free = [(row, split) for row, split in staying if row.fixed is None]
    if work.cut_at is not None and "test" not in work.previous.values():
        _tell_cut(free, work)
    if "group" not in work.settings.data.splits.by:
        _tell_groups(free, work)


def _tell_cut(free: Sequence[tuple[Draft, Split]], work: Work) -> None:
    """Between which days the rows of each split lie; rows that are later than a split that comes after theirs."""
    times: defaultdict[Split, list[float]] = defaultdict(list)
    for row, split in free:
        if (moment := work.moments.get(row.number)) is not None:
            times[split].append(moment)
    order: tuple[Split, ...] = ("train", "validation", "test")
    there = [split for split in order if times[split]]
    if len(there) < 2:
        return
    spans = (f"{split} {_day(min(times[split]))} to {_day(max(times[split]))}" for split in there)
    work.say(f"Cut by time: {', '.join(spans)}.")
    late = [
        f"{count} of {split} not before the first of {after}"
        for split, after in pairwise(there)
        if (count := sum(moment > min(times[after]) for moment in times[split]))
    ]
    if late:
        work.say(
            f"The cut by time is not clean: {'; '.join(late)}. Rows of one group, or that ask the same, stay on one "
            "side, by the latest of them.",
            warning=True,
        )


def _tell_groups(free: Sequence[tuple[Draft, Split]], work: Work) -> None:
    """How many groups stand in more than one split."""
    stands: defaultdict[str, set[Split]] = defaultdict(set)
    for row, split in free:
        if row.group is not None:
            stands[row.group].add(split)
    divided = sum(len(splits) > 1 for splits in stands.values())
    if divided:
        by = ", ".join(["group", *work.settings.data.splits.by])
        work.say(
            f"{divided:,} of {len(stands):,} groups stand in more than one split, so their test rows are not of "
            f"strangers: data.splits.by: [{by}] keeps groups together.",
            warning=True,
        )


def _day(moment: float) -> str:
    """The day of a moment; a count that is no date as a number."""
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment):%Y-%m-%d}"
    except OverflowError:
        return f"{moment:g}"
