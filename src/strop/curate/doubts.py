"""What the other rows say of a row: does its answer fit, and does it belong to the task at all?

Both are read off foretellings with each row left out: a fit of the answers on the directions in which the texts differ
(``measure.directions``, ``measure.left_out``) and, of labels, the n-grams that speak for them
(``measure.naive_bayes``) and the labels of the rows most like it, weighed together (``measure.mislabelled``). Every row
gets a score, so that thresholds can be moved afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strop.curate.attributes import attributes
from strop.curate.drafts import Draft
from strop.curate.faults import THRESHOLDS, Shown, Sign
from strop.curate.support import unsupported
from strop.curate.work import Work
from strop.measure import Mislabelled, Ngrams, Placed, left_out, mislabelled, points_of, spoken_for
from strop.measure.neighbours import neighbours, said_by_neighbours
from strop.records import Kind, Progress, Reason

_DIRECTIONS, _OF_LABELS = 300, 600
"""Directions in which texts are seen; labels are foretold in more (of many rows not: they would not fit)."""
_OF_NEIGHBOURS = 50
"""Directions in which rows are neighbours whose labels speak for each other's: in more, rows of one document are."""
_FEW_ROWS = 20_000
"""Rows up to which labels are foretold in more directions."""
_LEAST = 100
"""Rows from which something can be said."""
_OF_A_LABEL = 5
"""Rows that a label must have before it is said of one of them that it does not belong there."""
_NAMED, _MOST_NAMED = 3, 500
"""Rows like a doubtful one that are named, and doubtful rows, the worst first, of which they are."""
_NEAREST = 5
"""Questions most like a row's, by which it is told whether it belongs here."""
_LOOKS = 2
"""Looks at which rows resemble those that are far from any label."""
_MOST = 100_000
"""Rows up to which all are compared; with more, their points would not fit beside the rows."""
COSTLY: Final[Mapping[Kind, tuple[Reason, ...]]] = {
    "classification": ("label_suspect", "off_topic"),
    "generation": ("unsupported_answer",),
    **dict.fromkeys(("extraction", "summarisation", "chat"), ("off_topic",)),
}
"""What is scored here. It costs most of a curation, so where it fits a version's fault table is read instead."""
_TASK = "other rows"


def doubts(rows: Sequence[Draft], work: Work, beside: Sequence[Draft] = ()) -> Shown:
    """Scores of every row by fault and row identity: of classification, doubtful labels and rows off the topic; of
    generation from attributes, answers that do not fit them; of other texts, questions off the topic. None where too
    few rows tell.

    Of what the work knows scores of already, nothing is computed.

    Args:
        rows: those that may be trained on.
        work: the run.
        beside: rows that are held out: their labels are doubted, too, but say nothing of the others'.
    """
    kind = work.settings.task.kind
    wanted = [fault for fault in COSTLY.get(kind, ()) if fault not in work.scores]
    if len(rows) < _LEAST or not wanted:
        return {}
    if len(rows) + len(beside) > _MOST:
        work.say(f"{' and '.join(wanted)} was not looked for: more than {_MOST:,} rows.", warning=True)
        return {}
    work.on_event(Progress(task=_TASK, done=0, total=len(rows), unit="rows"))
    if kind == "classification":
        shown = _of_labels(rows, beside, wanted)
    else:
        shown = _of_attributes(rows) if kind == "generation" else _of_questions(rows)
    work.on_event(Progress(task=_TASK, done=len(rows), total=len(rows), unit="rows"))
    return shown


def _of_labels(rows: Sequence[Draft], beside: Sequence[Draft], wanted: Sequence[Reason]) -> Shown:
    every = [*rows, *beside]
    labels = sorted({row.answer for row in every})
    texts = Ngrams([row.asked for row in rows], [row.asked for row in beside])
    placed = points_of(texts, _OF_LABELS if len(every) <= _FEW_ROWS else _DIRECTIONS)
    if len({row.answer for row in rows}) < 2 or not placed.points.shape[1]:
        return {}
    place = {label: number for number, label in enumerate(labels)}
    own = [place[row.answer] for row in every]
    voting = np.arange(len(every)) < len(rows)
    given = np.eye(len(labels))[own]
    shown: Shown = {}
    if "label_suspect" in wanted:
        foretold = left_out(placed.points, given, voting=voting)
        views = [foretold, *spoken_for(texts, own, voting)]
        if len(every) <= _FEW_ROWS:
            views.append(said_by_neighbours(placed.along(_OF_NEIGHBOURS).points, own, voting))
        doubt = mislabelled(views, own, voting)
        shown["label_suspect"] = _suspects(every, len(rows), labels, placed.points, doubt)
    if "off_topic" in wanted:
        # What no label is near is seen in the main directions: with more of them every text is explained.
        among = Placed(placed.points[: len(rows)], placed.explained[: len(rows)]).along(_DIRECTIONS)
        near = left_out(among.points, given[: len(rows)]).max(axis=1)
        shown["off_topic"] = _strangers(rows, among, near)
    return shown


def _of_attributes(rows: Sequence[Draft]) -> Shown:
    given = [attributes(row.input) for row in rows]
    chosen = [number for number, one in enumerate(given) if one and rows[number].answer]
    if len(chosen) < max(_LEAST, len(rows) / 2):
        return {}
    asking = [rows[number] for number in chosen]
    points = points_of([row.answer for row in asking], _DIRECTIONS).points
    return {"unsupported_answer": unsupported(asking, [given[number] for number in chosen], points)}


def _of_questions(rows: Sequence[Draft]) -> Shown:
    """Free answers tell no topics, so a question is held against those most like it, and against all together:
    strangers from one other source are like each other, but not like the rest."""
    placed = points_of([row.asked for row in rows], _DIRECTIONS)
    if not placed.points.shape[1]:
        return {}
    turned = placed.points / np.maximum(np.linalg.norm(placed.points, axis=1, keepdims=True), 1e-9)
    looks = (neighbours(placed.points, _NEAREST).cosines.mean(axis=1), turned @ turned.mean(axis=0))
    near = np.min([look / max(float(np.median(look)), 1e-9) for look in looks], axis=0)
    return {"off_topic": _strangers(rows, placed, near, "as near to other questions")}


def _suspects(
    rows: Sequence[Draft], voting: int, labels: Sequence[str], points: npt.NDArray[np.float64], doubt: Mislabelled
) -> dict[str, Sign]:
    """Signs of all rows, of which the first ``voting`` are those that say something of the others."""
    held = Counter(row.answer for row in rows[:voting])
    likely = [labels[number] for number in doubt.likely]
    doubtful = [n for n in np.argsort(doubt.right, kind="stable").tolist() if likely[n] != rows[n].answer]
    like = _like(doubtful[:_MOST_NAMED], rows[:voting], likely, points)
    found = {}
    for number, row in enumerate(rows):
        if held[row.answer] < _OF_A_LABEL:
            continue
        evidence = ""
        if likely[number] != row.answer:
            share = f"{doubt.likely_share[number]:.0%}"
            evidence = f"labelled {row.answer!r}; rows like it are {likely[number]!r} ({share})"
        found[row.identity] = Sign(float(doubt.right[number]), evidence, like.get(number, ()))
    return found


def _strangers(
    rows: Sequence[Draft], placed: Placed, nearness: npt.NDArray[np.float64], what: str = "as near to any label"
) -> dict[str, Sign]:
    """How near each row is to any label, against what is usual; less near when it resembles those that are far.

    Strangers often come from one other source: so what is far after the first look is foretold from the points in turn.
    """
    near = np.maximum(nearness, 0) * placed.explained
    usual = float(np.median(near))
    if usual <= 0:
        return {}
    ratio = np.minimum(near / usual, 1)
    lengths = np.linalg.norm(placed.points, axis=1, keepdims=True)
    turned = placed.points / np.maximum(lengths, 1e-9)
    far = ratio
    for _ in range(_LOOKS):
        strange = (far < THRESHOLDS["off_topic"]).astype(np.float64)
        far = ratio * (1 - np.clip(left_out(turned, strange[:, None])[:, 0], 0, 1))
    found = {}
    for row, score in zip(rows, far.tolist(), strict=True):
        told = f"{what} as {score:.0%} of what is usual" if score < 0.5 else ""
        found[row.identity] = Sign(score, told)
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
