"""Best-before dates: data change, so a verdict speaks for some time only, and is to be measured again after that."""

from __future__ import annotations

import datetime as dt

from strop.records import Decision


def past(decision: Decision) -> bool:
    """Whether today (UTC) is the decision's best-before date or later; never for one that has none.

    A clock that says a day before the decision was made cannot tell, so that the date may be past.
    """
    return bool(decision.best_before) and (_today() >= decision.best_before or _behind(decision))


def told(decision: Decision) -> str:
    """That it is past its date, or that the clock cannot tell, in words."""
    if _behind(decision):
        return (
            f"{decision.id} was made on {decision.created[:10]}, and this machine's clock says {_today()}: whether it "
            f"is past its best-before date ({decision.best_before}) cannot be told until the clock is set"
        )
    return (
        f"{decision.id} is past its best-before date ({decision.best_before}): newer test items would tell if it holds"
    )


def _behind(decision: Decision) -> bool:
    """Whether the clock says a day before the decision was made; by a day, for two machines may differ by hours."""
    made = dt.date.fromisoformat(decision.created[:10])
    return _today() < (made - dt.timedelta(days=1)).isoformat()


def _today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()
