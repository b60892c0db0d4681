"""Do answers say what their attributes say? Read off the answers of the other rows; generation from attributes only.

For each attribute its value (or that it is not given) is foretold from the answer, with each row left out. A value that
stands in the answer word for word is supported. Found are values that the answer does not mention or contradicts, and
answers that mention what was not given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strop.curate.drafts import Draft
from strop.curate.faults import Sign
from strop.measure import LabelDoubt, label_doubt
from strop.measure.alike.near import canonical_text
from strop.measure.rows.directions import Floats

_OF_A_VALUE = 5
"""Rows that a value must have before it can be foretold."""


class _Doubt(NamedTuple):
    """The least supported attribute of a row so far."""

    share: float
    evidence: str


def unsupported(rows: Sequence[Draft], given: Sequence[Mapping[str, str]], points: Floats) -> dict[str, Sign]:
    """By identity how far all attributes of a row are supported by its answer: the product of their shares.

    Args:
        rows: rows of one task.
        given: the attributes of each.
        points: where each row's answer lies (rows × directions).
    """
    answers = [canonical_text(row.answer) for row in rows]
    together, worst = [1.0] * len(rows), [_Doubt(1.0, "")] * len(rows)
    for name in dict.fromkeys(name for one in given for name in one):
        values = [one.get(name, "") for one in given]
        counts = Counter(values)
        known = [n for n, value in enumerate(values) if counts[value] >= _OF_A_VALUE]
        order = sorted({values[n] for n in known})
        if len(order) < 2:
            continue
        places = {value: place for place, value in enumerate(order)}
        doubt = label_doubt(points[known], [places[values[n]] for n in known])
        for at, n in enumerate(known):
            if values[n] and canonical_text(values[n]) in answers[n]:
                continue
            share = float(doubt.own[at])
            together[n] *= share
            if share < min(0.5, worst[n].share):
                worst[n] = _Doubt(share, _told(name, values[n], order, doubt, at))
    return {row.identity: Sign(together[n], worst[n].evidence) for n, row in enumerate(rows)}


def _told(name: str, value: str, values: Sequence[str], doubt: LabelDoubt, at: int) -> str:
    likely = values[doubt.likely[at]]
    others = f"such answers have {likely!r}" if likely else "such answers have none"
    return f"{name}: {repr(value) if value else 'not given'}; {others} ({doubt.likely_share[at]:.0%})"
