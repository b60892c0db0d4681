"""What each further rung was held to cost and to gain before it was tried, as a table; and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from strop.decide.money import money
from strop.decide.words import first_upper, measured_difference
from strop.records import Measured, Weighed
from strop.web import words

HEAD = ("Rung", "To make", "To serve, a month", "Price", "Likely gain", "Its worth", "What came of it")


def rows(weighed: Sequence[Weighed]) -> list[tuple[str, ...]]:
    """One row a rung, under :data:`HEAD`; what is not known says so."""
    return [
        (
            first_upper(one.name),
            "not known" if one.making is None else f"{money(one.making)} ({one.hours:.2g} h of the machine)",
            "not known" if one.serving is None else _serving(one.serving),
            "not known" if one.price is None else f"{_signed(one.price)} in {words.plural(one.months, 'month')}",
            _gain(one),
            "not stated" if one.worth is None else f"{money(one.worth)} in {words.plural(one.months, 'month')}",
            _came(one),
        )
        for one in weighed
    ]


def _serving(more: Measured) -> str:
    spread = "timed once" if more.n == 1 else f"[{_signed(more.low)}, {_signed(more.high)}]"
    return f"{_signed(more.value)} {spread}" if more.value else "no more"


def _came(one: Weighed) -> str:
    if one.gained is None:
        return "no candidate" if one.outcome else "not tried"
    return words.typeset(measured_difference(one.gained))


def _signed(amount: float) -> str:
    if abs(amount) < 0.001:
        return "about 0"
    return f"{words.MINUS if amount < 0 else '+'}{money(abs(amount))}"


def _gain(one: Weighed) -> str:
    if one.gain is None or one.most is None:
        return "not known"
    return f"{100 * one.gain:.1f} points, {100 * one.most:.1f} at most"
