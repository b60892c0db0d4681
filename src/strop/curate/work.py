"""What the steps of curation share: settings, how rows are compared, and the ledger as it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from strop.curate.alike.comparing import Comparison
from strop.curate.faults import Scores
from strop.curate.kept import Kept
from strop.curate.results import Book
from strop.measure.writing.style import StyleRule
from strop.privacy import NameModel
from strop.records import Example, Listener, Progress, Reason, Said, Split
from strop.settings import Settings

_SHARES = {
    "read": 8, "check": 2, "personal data": 30, "duplicates": 26, "faults": 18, "splits": 6, "leakage": 10
}  # fmt: skip
"""Of a hundred, what each step takes of a large set's time (docs/log.md): so the time left can be told."""
STEPS = tuple(_SHARES)


class Reviewed(NamedTuple):
    """What a person said of a row: the judgement's id, and the right answer (None where the row's own is right), or
    that the row does not belong here."""

    judgement: str
    answer: str | None
    leaves: bool = False


HELD_OUT: tuple[Split, ...] = ("test", "validation")


class Before(dict[str, Split]):
    """The last version: of each example id its split.

    Args:
        splits: by example id.
        read: the examples of some ids, those that are not known left out; asked for rows alone that are not there any
            more as they were.
    """

    def __init__(
        self, splits: Mapping[str, Split], read: Callable[[Sequence[str]], Iterable[Example]] = lambda _: ()
    ) -> None:
        super().__init__(splits)
        self.read = read

    @classmethod
    def of(cls, splits: Mapping[str, Split] | None) -> Before:
        """These splits, of rows that cannot be read where it is not said how."""
        return splits if isinstance(splits, Before) else cls(splits or {})


@dataclass(frozen=True)
class Work:
    """One run of curation.

    ``previous``: the last version's example ids and splits; ``kept``: what was found out before; ``similar``: pairs of
    rows (by number) that look alike and both stay, with their similarity; ``rules``: the house's style guide;
    ``name_model``: finds names for the masking of personal data;
    ``reviewed``: what people said of rows, by the identity that they were read with; ``confirmed``: identities that
    are beyond doubt; ``leaving``: identities of rows that a person wants out, with the judgement; ``moved``:
    thresholds that the rows themselves move; ``doubted``: identities of rows that wait for a person if they are to
    train on, with the reason; ``moments``: when rows were written, by number, where they are cut by time; ``leaked``:
    how many rows of each split left because a row that is held out already asks the same.
    """

    settings: Settings
    key: bytes
    previous: Before
    kept: Kept
    on_event: Listener
    rules: Sequence[StyleRule] = ()
    name_model: NameModel | None = None
    reviewed: Mapping[str, Reviewed] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    leaving: dict[str, str] = field(default_factory=dict)
    moved: dict[Reason, float] = field(default_factory=dict)
    doubted: dict[str, tuple[Reason, str]] = field(default_factory=dict)
    moments: dict[int, float] = field(default_factory=dict)
    leaked: Counter[Split] = field(default_factory=Counter)
    book: Book = field(default_factory=Book)
    similar: list[tuple[int, int, float]] = field(default_factory=list)

    @property
    def scores(self) -> Scores:
        """What is known of rows already."""
        return self.kept.scores

    @cached_property
    def compare(self) -> Comparison:
        """How rows of this task are compared."""
        return Comparison(self.settings.task.kind, self.settings.data.near_duplicate)

    @property
    def cut_at(self) -> Mapping[int, float] | None:
        """When rows were written, if they are cut by time."""
        return self.moments if "time" in self.settings.data.splits.by else None

    def step(self, name: str, share: float = 0.0) -> None:
        """Tell that a step begins, or that a share of it is done; the last one is done where ``share`` is 1."""
        before = sum(_SHARES[earlier] for earlier in STEPS[: STEPS.index(name)])
        done = round(before + share * _SHARES[name])
        self.on_event(Progress(task="curate", done=done, total=sum(_SHARES.values()), unit="%"))

    def say(self, text: str, *, warning: bool = False) -> None:
        """One sentence for people."""
        self.on_event(Said(text=text, warning=warning))
