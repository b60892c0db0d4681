"""The protocol: every number that a verdict depends on besides the evidence, fixed and hashed before the run."""

from __future__ import annotations

from typing import Literal

from strop.records import JSON, Kind, Record, content_id
from strop.settings import DecisionSettings, Primary, Settings

STOP_SHARE = 0.9
"""At least this share of answers has to end by itself (the never-silent contract, line 5)."""
FORMAT_SHARE = 0.9
"""At least this share of answers has to have the form that is asked for."""
OWN_SHARE = 0.9
"""At least this share of answers has to say more than the input said."""
INPUT_MARGIN = 0.05
"""A candidate that gains less than this from seeing its own input, for certain, does not read its input."""
WATCH_SLICES = 20
"""Slices of so many items or more are looked at, whether anybody declared them or not."""
RULES = 9
"""How evidence is read. Since 2, what is needed is told by the interval that so many items would have, answers of one
group count once for the latency, and without a cheaper rung nothing is asked under two names. Since 3, what is needed
is told by what the look that comes next may err. Since 4, items that left the test set after a look are asked about.
Since 5, what the models of a cross-fitting differ by is part of the intervals. Since 6, what is needed counts the items
of the groups that are needed, whoever gives the one answer that takes no model to each item is refused, and items that
the measure says nothing of are counted. Since 7, lines that were moved after a look are asked about, whoever gives
one text to each item is refused, what is needed is told by the error of the look that comes next throughout, and the
sentence counts the items that have a score. Since 8, groups of differing sizes tell less than their number
says. Since 9, a large one also pulls at the intervals of what is bounded (shares, F1s) by what it holds,
and answers of which some alone were timed have no latency."""
PREFERENCE_MARGIN = 0.1
"""How far below one half the share of blind pairs won may lie."""


_ADDED = frozenset({"cross_fit", "secrets"})
"""Keys of the block that protocols from before them do not have; None where they are not asked for."""
EXPOSED_BITS = 3.0
"""A planted secret that is among the likeliest eighth of its like is known by heart more than chance would have it."""


class Protocol(Record):
    """What `decide` asks for. Stored with the decision, so that it can be recomputed anywhere."""

    kind: Kind
    primary: str | None
    target: float | None
    margin: float
    decision: DecisionSettings
    minutes_per_item: float
    personal_data: Literal["mask", "refuse", "keep"]
    stop_share: float = STOP_SHARE
    own_share: float = OWN_SHARE
    input_margin: float = INPUT_MARGIN
    preference_margin: float = PREFERENCE_MARGIN
    # What decisions from before these were asked do not say; they stand as they are.
    watch_slices: int | None = None
    constant: bool = False
    format_share: float | None = None
    exact_shares: bool = False
    grouped: bool = False
    rules: int = 1

    def to_json(self) -> dict[str, JSON]:
        """As plain JSON. What was added since and is not asked for is left out: older protocols keep their hash."""
        body = super().to_json()
        asked = _without_added(body["decision"])
        return {**body, "decision": {**asked, "guard": _without_added(asked["guard"])}}

    @property
    def asks_people(self) -> bool:
        """Whether anything depends on what people say."""
        return bool(self.decision.people.blind_pairs or self.decision.people.approve)

    @staticmethod
    def of(settings: Settings, kind: Kind) -> Protocol:
        """The protocol that strop.yaml asks for."""
        name, primary = next(iter(settings.decision.primary.items()), (None, Primary()))
        return Protocol(
            kind=kind,
            primary=name,
            target=primary.target,
            margin=primary.margin,
            decision=settings.decision,
            minutes_per_item=settings.costs.minutes_per_item,
            personal_data=settings.data.personal_data,
            watch_slices=WATCH_SLICES,
            constant=True,
            format_share=FORMAT_SHARE,
            exact_shares=True,
            grouped=True,
            rules=RULES,
        )

    @staticmethod
    def hash_of(body: dict[str, JSON]) -> str:
        """The identity of a stored protocol."""
        return content_id("protocol", body)


def alpha_at(use: int, *, alpha: float, uses: int) -> float:
    """The error that may be spent on the ``use``-th opening of the test set.

    Each opening spends half of what is left, and the last one all of it: with ``uses`` = 5 the shares are 1/2, 1/4,
    1/8, 1/16, 1/16 of ``alpha``. They sum to ``alpha``, so however often a project looks, within its limit, the chance
    that any of the candidates it brought is promoted wrongly stays at most ``alpha`` (union bound; the spending idea is
    that of Lan and DeMets 1983). The first look keeps most of the power: at alpha = 0.05 its one-sided bounds are the
    ends of the usual two-sided 95 % interval. Looks beyond the limit spend nothing; they are refused.

    Raises:
        ValueError: when ``use`` is not a count from 1.
    """
    if use < 1:
        raise ValueError(f"the test set cannot have been opened {use} times")
    last = min(use, uses)
    halvings = last if last < uses else uses - 1
    return alpha * 0.5**halvings


def alpha_left(use: int, *, alpha: float, uses: int, spent: float) -> float:
    """As :func:`alpha_at`, and never more than what earlier openings left of ``alpha``; 0 where nothing is left.

    Under one protocol that is the same. A protocol that allows more openings, or less error, than the ones before it
    cannot have back what they ``spent``: raising ``uses`` after the last opening leaves nothing.
    """
    share, left = alpha_at(use, alpha=alpha, uses=uses), alpha - spent
    return share if left >= share * (1 - 1e-9) else left if left > alpha * 1e-9 else 0.0


def alpha_ahead(use: int, *, alpha: float, uses: int, spent: float) -> tuple[float, bool]:
    """What the opening after the ``use``-th may spend, and whether it has to be one of fresh items.

    ``spent``: by the openings up to this one. Where none is left, fresh items are opened for the first time.
    """
    share = alpha_left(use + 1, alpha=alpha, uses=uses, spent=spent) if use < uses else 0.0
    return (share, False) if share > 0 else (alpha_at(1, alpha=alpha, uses=uses), True)


def _without_added(block: dict[str, JSON]) -> dict[str, JSON]:
    return {key: value for key, value in block.items() if value is not None or key not in _ADDED}
