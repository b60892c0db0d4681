"""What the other rows say of a row: does its label fit, and does it belong to the task at all? Classification only.

Both are read off one fit of the labels on the directions in which the texts differ (``measure.directions``,
``measure.left_out``), with each row left out. Every row gets a score, so that thresholds can be moved afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strop.curate.drafts import Draft
from strop.curate.faults import Shown, Sign
from strop.curate.work import Work
from strop.measure import LabelDoubt, Placed, label_doubt, points_of
from strop.records import Progress, Reason

_DIRECTIONS = 300
_LEAST = 100
"""Rows from which something can be said."""
_OF_A_LABEL = 5
"""Rows that a label must have before it is said of one of them that it does not belong there."""
_NAMED, _MOST_NAMED = 3, 500
"""Rows like a doubtful one that are named, and doubtful rows, the worst first, of which they are."""
_MOST = 100_000
"""Rows up to which all are compared; with more, their points would not fit beside the rows."""
COSTLY: Final[tuple[Reason, ...]] = ("label_suspect", "off_topic")
"""What is scored here: it costs most of a curation, so a version's fault table is read again where it fits."""


def doubts(rows: Sequence[Draft], work: Work) -> Shown:
    """Scores of doubtful labels and of rows off the topic, by fault and row identity; none where too few rows tell.

    Of what the work knows scores of already, nothing is computed.
    """
    wanted = [fault for fault in COSTLY if fault not in work.scores]
    labels = sorted({row.answer for row in rows})
    if work.settings.task.kind != "classification" or len(rows) < _LEAST or len(labels) < 2 or not wanted:
        return {}
    if len(rows) > _MOST:
        work.say(f"Doubtful labels and rows off the topic were not looked for: more than {_MOST:,} rows.", warning=True)
        return {}
    place = {label: number for number, label in enumerate(labels)}
    work.on_event(Progress(task="labels", done=0, total=len(rows), unit="rows"))
    placed = points_of([row.asked for row in rows], _DIRECTIONS)
    if not placed.points.shape[1]:
        return {}
    doubt = label_doubt(placed.points, [place[row.answer] for row in rows])
    shown: Shown = {}
    if "label_suspect" in wanted:
        shown["label_suspect"] = _suspects(rows, labels, placed, doubt)
    if "off_topic" in wanted:
        shown["off_topic"] = _strangers(rows, placed, doubt)
    work.on_event(Progress(task="labels", done=len(rows), total=len(rows), unit="rows"))
    return shown


def _suspects(rows: Sequence[Draft], labels: Sequence[str], placed: Placed, doubt: LabelDoubt) -> dict[str, Sign]:
    held = Counter(row.answer for row in rows)
    doubtful = [n for n in np.argsort(doubt.own, kind="stable").tolist() if labels[doubt.likely[n]] != rows[n].answer]
    like = _like(doubtful[:_MOST_NAMED], rows, [labels[number] for number in doubt.likely], placed.points)
    found = {}
    for number, row in enumerate(rows):
        if held[row.answer] < _OF_A_LABEL:
            continue
        likely, evidence = labels[doubt.likely[number]], ""
        if likely != row.answer:
            evidence = f"labelled {row.answer!r}; rows like it are {likely!r} ({doubt.likely_share[number]:.0%})"
        found[row.identity] = Sign(float(doubt.own[number]), evidence, like.get(number, ()))
    return found


def _strangers(rows: Sequence[Draft], placed: Placed, doubt: LabelDoubt) -> dict[str, Sign]:
    near = np.maximum(doubt.nearness, 0) * placed.explained
    usual = float(np.median(near))
    if usual <= 0:
        return {}
    found = {}
    for row, ratio in zip(rows, (near / usual).tolist(), strict=True):
        told = f"as near to any label as {ratio:.0%} of what is usual" if ratio < 0.5 else ""
        found[row.identity] = Sign(min(1.0, ratio), told)
    return found


def _like(
    chosen: Sequence[int], rows: Sequence[Draft], likely: Sequence[str], points: npt.NDArray[np.float64]
) -> dict[int, tuple[str, ...]]:
    """For each chosen row the rows of the label it is likely to have that lie nearest."""
    by_label: dict[str, list[int]] = {}
    for number in chosen:
        by_label.setdefault(likely[number], []).append(number)
    found = {}
    for label, members in by_label.items():
        others = [number for number, row in enumerate(rows) if row.answer == label]
        order = np.argsort(-(points[members] @ points[others].T), axis=1, kind="stable")[:, :_NAMED]
        for member, nearest in zip(members, order.tolist(), strict=True):
            found[member] = tuple(rows[others[n]].place for n in nearest)
    return found
