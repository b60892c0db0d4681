"""Best-before dates: data change, so a verdict speaks for some time only, and is to be measured again after that."""

from __future__ import annotations

import datetime as dt

from strop.records import Decision


def past(decision: Decision) -> bool:
    """Whether today (UTC) is the decision's best-before date or later; never for one that has none."""
    return bool(decision.best_before) and dt.datetime.now(dt.UTC).date().isoformat() >= decision.best_before


def told(decision: Decision) -> str:
    """That it is past its date, in words."""
    return (
        f"{decision.id} is past its best-before date ({decision.best_before}): newer test items would tell if it holds"
    )
