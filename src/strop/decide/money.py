"""Money: what an answer costs to serve, the rungs in the order of it, and how amounts are written."""

from __future__ import annotations

from collections.abc import Sequence

from strop.decide.evidence import Tried
from strop.measure import mean_interval
from strop.records import INCUMBENT_METHODS, Measured
from strop.settings import Settings


def serving_price(rung: Tried, settings: Settings) -> Measured | None:
    """Money for one answer: what the server charged, else the machine's time. None where neither is known.

    Its interval is that of the mean charge, or of the latency. One of a single number (a charge, or the timing of all
    answers in one batch) has no width, and n is 1.
    """
    charged = [item.cost for item in rung.items if item.cost is not None]
    if rung.items and len(charged) == len(rung.items):
        value = sum(charged) / len(charged)
        if len(charged) == 1:
            return Measured(value=value, low=value, high=value, n=1, method="one charge")
        count, groups = len(charged), len({item.cluster or item.example for item in rung.items})
        if groups == 1:
            return Measured(value=value, low=value, high=value, n=1, items=count, method="one group")
        found = mean_interval(charged, clusters=[item.cluster for item in rung.items])
        items = count if groups < count else None
        return Measured(value=value, low=max(found.low, 0.0), high=found.high, n=groups, items=items, method="t")
    if rung.spec.method in ("remote", "answers") or rung.report.latency_ms is None:
        return None
    return scaled(rung.report.latency_ms, settings.costs.machine_hour / 3.6e6)


def serving_cost(rung: Tried, settings: Settings) -> float | None:
    """Money for one answer, see :func:`serving_price`."""
    price = serving_price(rung, settings)
    return None if price is None else price.value


def scaled(found: Measured, factor: float) -> Measured:
    """A number with its interval, in another unit."""
    return found.model_copy(update={key: factor * getattr(found, key) for key in ("value", "low", "high")})


def by_price(tried: Sequence[Tried], settings: Settings) -> list[Tried]:
    """The rungs from the cheapest up: an incumbent stands behind the last own rung that serves for less.

    An incumbent without a price stands first: it runs already, so whatever replaces it has to have a case.
    """
    placed = [rung for rung in tried if rung.spec.method not in INCUMBENT_METHODS]
    costs = [serving_cost(rung, settings) or 0.0 for rung in placed]
    incumbents = [rung for rung in tried if rung.spec.method in INCUMBENT_METHODS]
    for rung in sorted(incumbents, key=lambda rung: serving_cost(rung, settings) or 0.0, reverse=True):
        price = serving_cost(rung, settings)
        place = 0 if price is None else max((n for n, cost in enumerate(costs, 1) if cost < price), default=0)
        placed.insert(place, rung)
    return placed


def priced(found: Measured) -> str:
    """A price with its interval, unless both its ends read as it does; what stands on one number says so."""
    value, low, high = (money(amount) for amount in (found.value, found.low, found.high))
    if found.n == 1:
        return f"{value} by {found.method}"
    return value if value == high and low in (value, "0") else f"{value} [{low}, {high}]"


def money(amount: float) -> str:
    """Two digits that say something, or whole units; next to nothing as such."""
    if 0 < amount < 0.001:
        return "under 0.001"
    return f"{amount:,.0f}" if abs(amount) >= 99.5 else f"{amount:.2g}"  # which gives 1e+02 from there on
