"""The items that changed between two candidates, with the words that differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from strop.measure import item_score, stands_in
from strop.records import Example, ItemResult, MeasureSpec
from strop.web.context import as_it_is
from strop.web.words import number

SHOWN = 12
MOST_TOKENS = 1500
"""Word alignment grows with the square of the length; longer answers are compared at their ends only."""

_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Part:
    """A stretch of an answer; marked when the other answer does not have it."""

    text: str
    mark: Literal["", "gone", "new"] = ""


@dataclass(frozen=True)
class Side:
    """One candidate's answer to an item."""

    name: str
    parts: tuple[Part, ...]
    score: str
    stopped: bool


@dataclass(frozen=True)
class WeakItem:
    """An item that a candidate answered badly."""

    example: str
    asked: Example | None
    reference: str | None
    answer: str
    score: str
    stopped: bool


@dataclass(frozen=True)
class Change:
    """One item, answered twice."""

    example: str
    asked: Example | None
    reference: str | None
    before: Side
    after: Side
    difference: float


@dataclass(frozen=True)
class Changes:
    """How many items got better, worse or stayed, and the first of those that changed."""

    measure: str
    before: str
    after: str
    better: int
    worse: int
    same: int
    shown: tuple[Change, ...]

    @property
    def changed(self) -> int:
        """Items whose score differs."""
        return self.better + self.worse


def score_words(spec: MeasureSpec, item: ItemResult) -> str:
    """An item's score as people say it: right or wrong for a label, a number for the rest."""
    score = item_score(spec, item)
    if spec.how in ("macro_f1", "matthews") and score is not None:
        return "right" if score else "wrong"
    return number(score, spec.name)


def compare(
    spec: MeasureSpec,
    before: Sequence[ItemResult],
    after: Sequence[ItemResult],
    *,
    names: tuple[str, str],
    examples: Mapping[str, Example],
    show: int = SHOWN,
    hide: Callable[[str], str] = as_it_is,
) -> Changes:
    """Match two candidates' items and keep the ``show`` largest changes, at least half of them losses where there are.

    ``names`` are those of before and after; ``hide`` masks each text that is shown. Losses come first: they are what a
    reader must not miss.
    """
    scored: list[tuple[float, ItemResult, ItemResult]] = []
    earlier = {item.example: item for item in before}
    for item in after:
        other = earlier.get(item.example)
        if other is None:
            continue
        old, new = item_score(spec, other), item_score(spec, item)
        if old is not None and new is not None:
            scored.append(((new - old) * (1 if spec.higher_is_better else -1), other, item))
    worse = sorted((s for s in scored if s[0] < 0), key=lambda s: (s[0], s[2].example))
    better = sorted((s for s in scored if s[0] > 0), key=lambda s: (-s[0], s[2].example))
    losses = min(len(worse), max(show // 2, show - len(better)))
    chosen = worse[:losses] + better[: show - losses]
    return Changes(
        measure=stands_in(spec),
        before=names[0],
        after=names[1],
        better=len(better),
        worse=len(worse),
        same=len(scored) - len(better) - len(worse),
        shown=tuple(
            _change(
                spec, difference, (_shown(old, hide), _shown(new, hide)), names, hidden(examples.get(new.example), hide)
            )
            for difference, old, new in chosen
        ),
    )


def _shown(item: ItemResult, hide: Callable[[str], str]) -> ItemResult:
    """The result with its texts as they are shown."""
    return item.model_copy(update={"answer": hide(item.answer), "gold": None if item.gold is None else hide(item.gold)})


def hidden(row: Example | None, hide: Callable[[str], str]) -> Example | None:
    """A row with its turns and its answer as they are shown."""
    if row is None:
        return None
    turns = tuple(turn.model_copy(update={"content": hide(turn.content)}) for turn in row.messages)
    return row.model_copy(
        update={"messages": turns, "reference": None if row.reference is None else hide(row.reference)}
    )


def _change(
    spec: MeasureSpec,
    difference: float,
    items: tuple[ItemResult, ItemResult],
    names: tuple[str, str],
    asked: Example | None,
) -> Change:
    before, after = items
    gone, new = word_marks(before.answer, after.answer)
    return Change(
        example=after.example,
        asked=asked,
        reference=_reference(asked, after),
        before=Side(names[0], gone, score_words(spec, before), before.stopped),
        after=Side(names[1], new, score_words(spec, after), after.stopped),
        difference=difference,
    )


def word_marks(before: str, after: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both texts in parts; words that the other one lacks are marked ``gone`` (before) or ``new`` (after).

    The parts of each side joined are that side's text, byte for byte.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    gone: list[Part] = []
    come: list[Part] = []
    for same, old_from, old_to, new_from, new_to in _blocks(old, new):
        _append(gone, "".join(old[old_from:old_to]), "" if same else "gone")
        _append(come, "".join(new[new_from:new_to]), "" if same else "new")
    return tuple(gone), tuple(come)


def _append(parts: list[Part], text: str, mark: Literal["", "gone", "new"]) -> None:
    if text:
        parts.append(Part(text, mark))


def _blocks(old: list[str], new: list[str]) -> list[tuple[bool, int, int, int, int]]:
    if max(len(old), len(new)) <= MOST_TOKENS:
        matches = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        return _around([m for m in matches if "".join(old[m.a : m.a + m.size]).strip()], len(old), len(new))
    shortest = min(len(old), len(new))
    head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    tail = next((i for i in range(shortest - head) if old[-1 - i] != new[-1 - i]), shortest - head)
    ends = [difflib.Match(0, 0, head), difflib.Match(len(old) - tail, len(new) - tail, tail)]
    return _around(ends, len(old), len(new))


def _around(matches: Sequence[difflib.Match], old_end: int, new_end: int) -> list[tuple[bool, int, int, int, int]]:
    """The matches, and the unmatched stretches between them."""
    blocks: list[tuple[bool, int, int, int, int]] = []
    old_at = new_at = 0
    for match in [*matches, difflib.Match(old_end, new_end, 0)]:
        blocks.append((False, old_at, match.a, new_at, match.b))
        old_at, new_at = match.a + match.size, match.b + match.size
        blocks.append((True, match.a, old_at, match.b, new_at))
    return blocks


@dataclass(frozen=True)
class Weakest:
    """The items with the lowest scores, and how many were below the best."""

    measure: str
    below: int
    shown: tuple[WeakItem, ...]


def weakest(
    spec: MeasureSpec,
    items: Sequence[ItemResult],
    *,
    examples: Mapping[str, Example],
    show: int = SHOWN,
    hide: Callable[[str], str] = as_it_is,
) -> Weakest:
    """The items with the lowest scores, worst first; perfect ones never. ``hide`` masks each text that is shown."""
    sign = 1 if spec.higher_is_better else -1
    scored = [(sign * score, item) for item in items if (score := item_score(spec, item)) is not None]
    best = max((score for score, _ in scored), default=0.0) if sign < 0 else 1.0
    poor = sorted((pair for pair in scored if pair[0] < best), key=lambda pair: (pair[0], pair[1].example))
    shown = tuple(
        WeakItem(item.example, asked, _reference(asked, item), item.answer, score_words(spec, item), item.stopped)
        for item in (_shown(item, hide) for _, item in poor[:show])
        for asked in (hidden(examples.get(item.example), hide),)
    )
    return Weakest(spec.name, len(poor), shown)


def _reference(asked: Example | None, item: ItemResult) -> str | None:
    return asked.reference if asked and asked.reference is not None else item.gold
