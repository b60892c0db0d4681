"""What a rung left behind, and all that a decision rests on. Plain bundles of records: nothing here computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from strop.decide.pairs import Approval, Opinion
from strop.decide.protocol import OWN_SHARE
from strop.measure import by_one_model
from strop.records import Candidate, Dataset, ItemResult, Measured, MeasureSpec, Report, Run, Spec

CROSSED = "cross-fitted"
"""The role of reports on all rows in a decision."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A rung of the ladder that was tried, judged on the validation items."""

    spec: Spec
    candidate: Candidate
    report: Report
    items: tuple[ItemResult, ...]
    run: Run | None = None


@dataclass(frozen=True, kw_only=True)
class Arm:
    """Something the candidate is compared with: its report and the per-item results under it."""

    name: str
    report: Report
    items: tuple[ItemResult, ...]


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Items that are no longer in the test set, or not as earlier verdicts saw them, while others are.

    ``decision``: the earlier verdict that tells most; ``value`` and ``rest`` are its candidate's mean scores on these
    items and on the ``stayed`` ones, ``p`` the chance that as many items, drawn blindly, score as low.
    """

    items: int
    decision: str
    value: float
    rest: float
    stayed: int
    p: float


@dataclass(frozen=True, kw_only=True)
class Moved:
    """An earlier ``verdict`` on these items that was no yes, and the ``lines`` in its way that are easier since.

    ``same``: it was on this very candidate.
    """

    decision: str
    verdict: str
    same: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that a verdict rests on. ``None`` means that nobody looked, and a number that is missing refuses.

    Attributes:
        report, items: the candidate on the sealed test items.
        swapped_items: the same answers dealt to other items: each item judged with the answer that another got (of all
            rows, where they were cross-fitted).
        constant_items: the same items answered without a model: always the commonest label, or the input handed back;
            empty where there is no such answer.
        lower_rungs: every cheaper rung on the same test items.
        release: what serves now, on the same test items; None when nothing does.
        new: test items that came in after what serves was judged: the sealed share of corrections, mostly.
        incumbents: what strop.yaml says runs today, on the same test items.
        beside: a rung beside whose answers people see the candidate's where nothing else answers otherwise.
        crossed: the candidate on the training rows and the test items, each answered by a model that saw neither it nor
            its group: the training rows by models trained without them, the test items by the candidate itself.
        crossed_rungs: the cheaper rungs likewise.
        secrets: how likely the candidate finds the secrets that were planted among its training rows.
        again: the candidate on some of the test items once more, in another batch plan.
        general, general_base: the candidate and its untuned base on general ability.
        nothing_to_forget: the untuned base is at chance on every general task, so there is no ability to lose.
        leaks: test items that also stand, exactly or nearly, among the training rows.
        departed, altered: what left the test set after earlier looks, and what asks or answers otherwise since; None
            where nothing does.
        moved: lines that were moved after an earlier look at these items; None where none was.
        personal_data_left: pieces of personal data that are still in the rows, in any split and any part.
        pairs: ids of the blind pairs that people are asked to judge.
        preferences: what they said of them, one opinion of a pair and person.
        approvals: who approved or refused, one of each person.
        judgements: the records behind both.
        abstain_below: answers less likely than this go to a person; found on the validation items.
        test_uses: how often the test set was opened, this time included.
        spent_before: the α that earlier openings spent on these items.
    """

    candidate: Candidate
    dataset: Dataset
    report: Report
    items: tuple[ItemResult, ...]
    swapped_items: tuple[ItemResult, ...] | None = None
    constant_items: tuple[ItemResult, ...] | None = None
    run: Run | None = None
    lower_rungs: tuple[Arm, ...] = ()
    release: Arm | None = None
    new: frozenset[str] = frozenset()
    incumbents: tuple[Arm, ...] = ()
    beside: Arm | None = None
    secrets: Arm | None = None
    again: Arm | None = None
    crossed: Arm | None = None
    crossed_rungs: tuple[Arm, ...] = ()
    general: Arm | None = None
    general_base: Arm | None = None
    nothing_to_forget: bool = False
    leaks: int | None = None
    departed: Apart | None = None
    altered: Apart | None = None
    moved: Moved | None = None
    personal_data_left: int | None = None
    pairs: tuple[str, ...] | None = None
    preferences: tuple[Opinion, ...] = ()
    approvals: tuple[Approval, ...] = ()
    judgements: tuple[str, ...] = ()
    abstain_below: float | None = None
    test_uses: int = 1
    spent_before: float = 0.0
    by: str = "strop"

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Every report with its items, the candidate's own first."""
        own = Arm(name="the candidate", report=self.report, items=self.items)
        rest = [self.release, self.general, self.general_base, self.crossed, self.again, self.secrets, self.beside]
        given = (arm for arm in rest if arm is not None)
        return (own, *self.lower_rungs, *self.incumbents, *given, *self.crossed_rungs)

    @property
    def unit(self) -> str:
        """What the results in ``items`` are called: some of the items only, where all rows were cross-fitted."""
        return "item" if self.crossed is None or self.items is self.crossed.items else "sealed item"

    def across(self) -> Evidence:
        """The same with all rows in place of the test items, where they were cross-fitted; what serves is no part."""
        if self.crossed is None:
            return self
        own = self.crossed
        rungs = self.crossed_rungs
        return replace(self, report=own.report, items=own.items, lower_rungs=rungs, release=None, new=frozenset())

    def by_one_model(self) -> Evidence:
        """As earlier decisions took it: the items of a cross-fitting as if one model had answered them all."""

        def one(arm: Arm) -> Arm:
            return replace(arm, items=tuple(by_one_model(arm.items)))

        crossed = None if self.crossed is None else one(self.crossed)
        return replace(self, crossed=crossed, crossed_rungs=tuple(map(one, self.crossed_rungs)))

    def primary(self, name: str | None) -> MeasureSpec | None:
        """The primary measure of the test report: the one of that name, else the one that the suite marks."""
        return primary_of(self.report, name)


def primary_of(report: Report, name: str | None = None) -> MeasureSpec | None:
    """The primary measure of a report: the one of that name, else the one that its suite marks; None if absent."""
    for spec in report.specs:
        if (spec.name == name if name else spec.primary) and spec.name in report.measures:
            return spec
    return None


def echoes(measures: Mapping[str, Measured]) -> bool:
    """Whether so many answers merely repeat their input that what they include is no merit."""
    found = measures.get("own_words")
    return found is not None and found.value < OWN_SHARE
