"""What the other rows say of a row: does its answer fit, and does it belong to the task at all?

Both are read off foretellings with each row left out: a fit of the answers on the directions in which the texts differ
(``measure.rows.directions``, ``measure.rows.left_out``) and, of labels, the n-grams that speak for them
(``measure.rows.naive_bayes``) and the labels of the rows most like it, weighed together (``measure.rows.mislabelled``).
Every row gets a score, so that thresholds can be moved afterwards.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from strop.curate.attributes import attributes
from strop.curate.drafts import Draft, names, numbers_of
from strop.curate.faults import DIGITS, Shown, Sign
from strop.curate.finding import foretold
from strop.curate.finding.foretold import DIRECTIONS, Foretold
from strop.curate.finding.strangers import nearness, stricter
from strop.curate.finding.support import unsupported
from strop.curate.kept import Lines
from strop.curate.work import Work
from strop.measure import points_of
from strop.measure.rows.neighbours import neighbours
from strop.records import Kind, Progress, Reason

_LEAST = 100
"""Rows from which something can be said."""
_OF_A_LABEL = 5
"""Rows that a label must have before it is said of one of them that it does not belong there."""
_NEAREST = 5
"""Questions most like a row's, by which it is told whether it belongs here."""
_MOST = 100_000
"""Rows up to which all are compared; with more, their points would not fit beside the rows."""
COSTLY: Final[Mapping[Kind, tuple[Reason, ...]]] = {
    "classification": ("label_suspect", "off_topic"),
    "generation": ("unsupported_answer",),
    **dict.fromkeys(("extraction", "summarisation", "chat"), ("off_topic",)),
}
"""What is scored here. It costs most of a curation, so where it fits a version's fault table is read instead."""
_TASK = "other rows"


def doubts(
    rows: Sequence[Draft],
    work: Work,
    beside: Sequence[Draft],
    voices: Sequence[Draft],
    contradicted: Sequence[Draft] = (),
) -> Shown:
    """Scores of every row by fault and row identity: of classification, doubtful labels and rows off the topic; of
    generation from attributes, answers that do not fit them; of other texts, questions off the topic. None where too
    few rows tell.

    Of what the work knows scores of already, nothing is computed.

    Args:
        rows: those that may be trained on.
        work: the run.
        beside: rows that are held out: their labels are doubted, too.
        voices: rows that speak for the labels of the others (see ``speaking``).
        contradicted: rows whose label another contradicts: labelled ones are looked at for being off the topic.
    """
    kind = work.settings.task.kind
    wanted = [fault for fault in COSTLY.get(kind, ()) if fault not in work.scores]
    if len(rows) < _LEAST or not wanted:
        return {}
    if len(rows) + len(beside) > _MOST:
        work.say(f"not looked for, in more than {_MOST:,} rows: {', '.join(wanted)}", warning=True)
        return {}
    work.on_event(Progress(task=_TASK, done=0, total=len(rows), unit="rows"))
    if kind == "classification":
        shown = _of_labels(rows, (beside, contradicted), wanted, voices, work)
    else:
        shown = _of_attributes(rows) if kind == "generation" else _of_questions(rows)
    work.on_event(Progress(task=_TASK, done=len(rows), total=len(rows), unit="rows"))
    return shown


def _of_labels(
    rows: Sequence[Draft],
    pools: tuple[Sequence[Draft], Sequence[Draft]],
    wanted: Sequence[Reason],
    voices: Sequence[Draft],
    work: Work,
) -> Shown:
    """``pools``: further rows, of which only the label is doubted, and of which only the topic."""
    beside, contradicted = pools
    doubted = [*rows, *beside]
    every_row = [*doubted, *contradicted]
    labels = sorted({row.answer for row in voices})
    if len(voices) < _LEAST or len(labels) < 2:
        return {}
    place = {label: number for number, label in enumerate(labels)}
    identities = hashlib.sha256(b"".join(names(voices))).hexdigest()
    fit = work.kept.once(
        "labels", identities, lambda: foretold.fitted([r.asked for r in voices], [place[r.answer] for r in voices])
    )
    if not fit:
        return {}
    speaking, every = numbers_of(voices), numbers_of(every_row)
    order = np.minimum(np.searchsorted(speaking, every), len(speaking) - 1)
    silent = speaking[order] != every
    others = [every_row[number] for number in np.flatnonzero(silent).tolist()]

    def asked(new: Sequence[int]) -> Lines:
        part = [others[number] for number in new]
        return foretold.of_others(fit, [row.asked for row in part], [place.get(r.answer, -1) for r in part])._asdict()

    further = Foretold(**work.kept.of_rows("labels of others", identities, len(others), names(others), asked))
    order[silent] = len(voices) + np.arange(len(others))
    told = Foretold(*(np.concatenate(parts)[order] for parts in zip(foretold.of_speaking(fit), further, strict=True)))
    shown: Shown = {}
    if "label_suspect" in wanted:
        parts: Sequence[Any] = told
        of_doubted = Foretold(*(part[: len(doubted)] for part in parts))
        shown["label_suspect"] = _suspects(doubted, voices, labels, of_doubted)
    if "off_topic" in wanted and fit["usual"][0] > 0:
        power = stricter(fit["near"])
        shown["off_topic"] = _strangers(rows, told.near[: len(rows)], power=power)
        shown["off_topic"] |= _strangers(contradicted, told.near[len(doubted) :], power=power)
    return shown


def _of_attributes(rows: Sequence[Draft]) -> Shown:
    given = [attributes(row.input) for row in rows]
    chosen = [number for number, one in enumerate(given) if one and rows[number].answer]
    if len(chosen) < max(_LEAST, len(rows) / 2):
        return {}
    asking = [rows[number] for number in chosen]
    points = points_of([row.answer for row in asking], DIRECTIONS).points
    return {"unsupported_answer": unsupported(asking, [given[number] for number in chosen], points)}


def _of_questions(rows: Sequence[Draft]) -> Shown:
    """Free answers tell no topics, so a question is held against those most like it, and against all together:
    strangers from one other source are like each other, but not like the rest."""
    placed = points_of([row.asked for row in rows], DIRECTIONS)
    if not placed.points.shape[1]:
        return {}
    turned = placed.points / np.maximum(np.linalg.norm(placed.points, axis=1, keepdims=True), 1e-9)
    looks = (neighbours(placed.points, _NEAREST).cosines.mean(axis=1), turned @ turned.mean(axis=0))
    near = np.min([look / max(float(np.median(look)), 1e-9) for look in looks], axis=0)
    told = nearness(placed, near)
    return {"off_topic": _strangers(rows, told.scores, "other questions") if told.usual > 0 else {}}


def _suspects(rows: Sequence[Draft], voices: Sequence[Draft], labels: Sequence[str], told: Foretold) -> dict[str, Sign]:
    held = Counter(row.answer for row in voices)
    judged = {label for label, count in held.items() if count >= _OF_A_LABEL}
    found, said = {}, {}
    parts = (_as_read(told.right), told.likely, told.share, told.like)
    for row, right, most, share, like in zip(rows, *(part.tolist() for part in parts), strict=True):
        if (answer := row.answer) not in judged:
            continue
        if (likely := labels[most]) == answer:
            found[row.identity] = Sign(right, "")
            continue
        near = tuple([voices[one].place for one in like if one >= 0]) if like[0] >= 0 else ()
        if (pair := (answer, most)) not in said:
            said[pair] = f"labelled {answer!r}; rows like it are {likely!r}"
        found[row.identity] = Sign(right, f"{said[pair]} ({share:.0%})", near)
    return found


def _strangers(
    rows: Sequence[Draft], near: npt.NDArray[np.float64], what: str = "the rows of any label", *, power: float = 1.0
) -> dict[str, Sign]:
    found = {}
    for row, score, exact in zip(rows, _as_read(near**power).tolist(), near.tolist(), strict=True):
        told = f"hardly like {what}: {exact:.0%} of the usual nearness" if exact < 0.5 else ""
        found[row.identity] = Sign(score, told)
    return found


def _as_read(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """As they will be read when only a threshold moves: a row leaves or stays by the same number then."""
    return np.round(scores, DIGITS)
